"""What surrounds comparing two coders in the window: the panel, its keys, its lines in the menu."""

from __future__ import annotations

from stillface.gui.compare_panel import ComparePanel
from stillface.gui.my_keys import offer_keys
from stillface.gui.window import CodingWindow

__all__ = ["add_compare"]


def add_compare(window: CodingWindow, panel: ComparePanel) -> None:
    """Put the panel into a window, with its keys and its lines in the menu."""
    window.compare = panel
    window.docks.add_right(panel, "Compare")
    window.more_keys.update({line.key: (line.label, line.act) for line in panel.lines if line.key})
    # A comparison has no tour; what can be done here is on the sheet of keys.
    window.more_keys["F1"] = ("These keys", window.show_keys)
    for line in panel.lines:
        window.menu.offer(line.label, "", line.act, key=line.key, first=True)
    offer_keys(window)
