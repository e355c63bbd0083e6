"""What napari's own menus offer of stillface; each command opens what ``stillface-gui`` opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from stillface.errors import StillfaceError
from stillface.gui.launch import choose_and_open
from stillface.testing.demo import DemoDyad

if TYPE_CHECKING:
    from stillface.gui.window import CodingWindow

__all__ = ["StartPanel", "built_in_dyad", "start"]

_OPEN: list[CodingWindow] = []


def start() -> CodingWindow | None:
    """Ask for a study, a coder and a session, and open the window on it; None where that was cancelled."""
    try:
        window = choose_and_open()
    except StillfaceError as error:
        QMessageBox.critical(None, "stillface", error.what + (f"; {error.fix}" if error.fix else ""))
        return None
    if window is not None:
        # Nobody else holds the window: without a reference its timers and filters would be collected.
        _OPEN[:] = [other for other in _OPEN if not other.closed]
        _OPEN.append(window)
    return window


class StartPanel(QWidget):
    """One button in a dock of napari."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        told = QLabel("Code and review still-face sessions. A session opens in a window of its own.")
        told.setWordWrap(True)
        self.button = QPushButton("Open a study…")
        self.button.clicked.connect(start)
        column.addWidget(told)
        column.addWidget(self.button)
        column.addStretch(1)


def built_in_dyad() -> list[tuple[Any, ...]]:
    """Give the first frame of each of the two animated stand-ins as image layers; shapes (480, 640, 3)."""
    dyad = DemoDyad()
    return [
        (next(dyad.render(role, 0, 1)), {"name": f"{role} (animated stand-in)", "rgb": True}, "image")
        for role in dyad.roles
    ]
