"""What stands in the films' place where there is none: time, episode, and what every lane says now."""

from __future__ import annotations

from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QSplitter, QWidget

from stillface.gui.palette import Theme, code_colour, code_letter, text_on
from stillface.review.clock_text import clock_text
from stillface.review.desk import Desk

__all__ = ["FilmStandIn"]

_MARGIN_PX, _ROW_PX, _MOST_ROW_PX, _HEAD_PX, _NAME_SHARE = 16, 18, 44, 56, 0.4
_WHOSE = {"auto": "machine", "auto_reviewed": "reviewed", "consensus": "agreed"}


class FilmStandIn(QWidget):
    """Takes the place of the canvas where a session has no film to show.

    Parameters
    ----------
    desk : Desk
    theme : Theme
    films : QWidget
        A splitter; its first part is where films are.
    """

    def __init__(self, desk: Desk, theme: Theme, films: QWidget) -> None:
        super().__init__()
        self.desk, self.theme = desk, theme
        self.setAccessibleName("No film: what the lanes say now")
        if isinstance(films, QSplitter):
            canvas = films.widget(0)
            films.insertWidget(0, self)
            if canvas is not None:
                canvas.hide()
        desk.playhead.moved.connect(lambda _time: self.update())
        desk.document.lanes_changed.connect(lambda _keys: self.update())
        desk.changed.connect(self.update)

    def lines(self) -> tuple[tuple[str, str, QColor], ...]:
        """Give for every lane its name, what it says now (empty for nothing), and in which colour."""
        time_ns, told = self.desk.playhead.time_ns, []
        for key in self.desk.shown_lanes():
            lane = self.desk.document.lane(key)
            name = f"{key.role}: {lane.scheme.title or key.scheme_id} ({_WHOSE.get(key.kind, 'you')})"
            bout = lane.at(time_ns)
            if bout is None and lane.running is not None and lane.running.end_ns == time_ns:
                # What runs reaches up to the playhead, and is what a coder is saying.
                bout = lane.running
            if bout is None:
                told.append((name, "", QColor(self.theme.lane)))
            else:
                text = f"{code_letter(lane.scheme, bout.code)}   {lane.label(bout.code)}"
                told.append((name, text, code_colour(lane.scheme, bout.code)))
        return tuple(told)

    def head(self) -> str:
        """Give the time and the episode."""
        time_ns = self.desk.playhead.time_ns
        here = [e.id for e in self.desk.document.session.episodes if e.onset_ns <= time_ns < e.offset_ns]
        return "   ".join(("No film", *here, clock_text(time_ns)))

    def paintEvent(self, event: QPaintEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Write the time, and below it a line for each lane."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.background))
        painter.setPen(QColor(self.theme.text))
        font = painter.font()
        font.setPointSize(16)
        painter.setFont(font)
        width, lines = self.width() - 2 * _MARGIN_PX, self.lines()
        painter.drawText(QRectF(_MARGIN_PX, 0, width, _HEAD_PX), Qt.AlignmentFlag.AlignVCenter, self.head())
        font.setPointSize(10)
        painter.setFont(font)
        room = (self.height() - _HEAD_PX - _MARGIN_PX) / max(len(lines), 1)
        height = min(max(room, _ROW_PX), _MOST_ROW_PX)
        for row, (name, text, colour) in enumerate(lines):
            line = QRectF(_MARGIN_PX, _HEAD_PX + row * height, width, height - 3)
            code = line.adjusted(width * _NAME_SHARE, 0, 0, 0)
            painter.fillRect(code, colour)
            painter.setPen(QColor(self.theme.text))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(text_on(colour))
            painter.drawText(code.adjusted(10, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
