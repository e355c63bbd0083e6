"""What napari's own menus offer of stillface; each command opens what ``stillface-gui`` opens."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from stillface.errors import StillfaceError
from stillface.gui.launch import parse
from stillface.gui.sitting import Sitting, begin
from stillface.gui.trouble import catch_surprises, show_trouble
from stillface.testing.demo import DemoDyad

__all__ = ["StartPanel", "built_in_dyad", "start"]


def start() -> Sitting | None:
    """Ask for a study, a coder and a session, and open the window on it; None where that was cancelled."""
    catch_surprises(everything=False)
    try:
        return begin(parse(()))
    except StillfaceError as error:
        show_trouble(error, "opening a study in napari")
        return None


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
