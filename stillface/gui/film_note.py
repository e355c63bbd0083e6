"""What is wrong with the films, written over where their pictures would be."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from stillface.gui.palette import Theme

__all__ = ["FilmNote"]

_PLACE_PX = 12


class FilmNote(QLabel):
    """Lines that stay: a coder has to know all the time that a picture is missing, or is another one.

    Parameters
    ----------
    lines : sequence of str
        Nothing is shown where there are none.
    theme : Theme
    canvas : QWidget
        What it lies on.
    """

    def __init__(self, lines: Sequence[str], theme: Theme, canvas: QWidget) -> None:
        super().__init__("\n".join(lines), canvas)
        self.setObjectName("film troubles")
        self.setAccessibleName("What is wrong with the films")
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setStyleSheet(
            f"background: {theme.background}; color: {theme.text}; font-weight: bold; padding: 8px;"
            "border-left: 5px solid #D55E00;"
        )
        self.adjustSize()
        self.move(_PLACE_PX, _PLACE_PX)
        self.setVisible(bool(lines))
        self.raise_()
