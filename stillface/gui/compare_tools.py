"""What surrounds comparing two coders in the window: the panel, its keys, its lines in the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillface.gui.compare_panel import ComparePanel

if TYPE_CHECKING:
    from stillface.gui.window import CodingWindow

__all__ = ["CompareTools"]


class CompareTools:
    """Adds the panel to a window.

    Parameters
    ----------
    window : CodingWindow
    panel : ComparePanel

    Attributes
    ----------
    panel : ComparePanel
    """

    def __init__(self, window: CodingWindow, panel: ComparePanel) -> None:
        self.panel = panel
        window.docks.add_right(panel, "Compare")
        window.more_keys.update({line.key: (line.label, line.act) for line in panel.lines if line.key})
        # A comparison has no tour; what can be done here is on the sheet of keys.
        window.more_keys["F1"] = ("These keys", window.show_keys)
        for line in panel.lines:
            window.menu.offer(line.label, "", line.act, key=line.key, first=True)
