"""What is wrong with the films, in a bar under their pictures."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget

from stillface.gui.dress import dress
from stillface.gui.palette import Theme

__all__ = ["FilmNote"]


class FilmNote(QLabel):
    """Lines that stay: a coder has to know all the time that a picture is missing, or is another one.

    Parameters
    ----------
    lines : sequence of str
        Nothing is shown where there are none.
    theme : Theme
    canvas : QWidget
        The splitter that holds the pictures; it lays this out below them.
    """

    def __init__(self, lines: Sequence[str], theme: Theme, canvas: QWidget) -> None:
        super().__init__("\n".join(lines), canvas)
        self.setObjectName("film troubles")
        self.setAccessibleName("What is wrong with the films")
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        dress(
            self,
            theme,
            "background: $background; color: $text; font-weight: bold; padding: 6px 12px;"
            "border-left: 5px solid #D55E00;",
        )
        self.setVisible(bool(lines))
