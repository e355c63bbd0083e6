"""The last message beside the clock: as much of it as there is room for, and all of it as a tip."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QTextLayout, QTextOption
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget

__all__ = ["SaidLine"]

# As many as the row of badge and clock is high.
_LINES = 2


class SaidLine(QLabel):
    """Takes the width there is, breaks into two lines, and ends in "…" where that is too little."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def tell(self, text: str) -> None:
        """Show a message; an empty one takes the last away."""
        self.setText(text)
        self.setToolTip(text)

    def lines(self) -> tuple[str, ...]:
        """Give what is on screen, line by line."""
        text, width = self.text().replace("\n", " "), self.contentsRect().width()
        layout = QTextLayout(text, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WordWrap)
        layout.setTextOption(option)
        layout.beginLayout()
        begins: list[int] = []
        while len(begins) < _LINES and (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            begins.append(line.textStart())
        layout.endLayout()
        ends = [*begins[1:], len(text)]
        return tuple(self._elided(text[a:b].strip(), width) for a, b in zip(begins, ends, strict=True))

    def _elided(self, text: str, width_px: int) -> str:
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width_px)

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Be as high as two lines, whatever is said: the row must not jump."""
        return QSize(0, _LINES * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Force no width on the window."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Paint the lines, in the middle of the row's height."""
        painter, shown = QPainter(self), self.lines()
        metrics, room = self.fontMetrics(), self.contentsRect()
        top = room.top() + (room.height() - len(shown) * metrics.lineSpacing()) / 2
        painter.setPen(self.palette().color(self.foregroundRole()))
        for k, line in enumerate(shown):
            painter.drawText(QPointF(room.left(), top + k * metrics.lineSpacing() + metrics.ascent()), line)
        painter.end()
