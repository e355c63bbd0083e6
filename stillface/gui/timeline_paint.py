"""How the timeline looks: ruler, episodes, lanes one of which is plainly active, playhead and outlines."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from stillface.gui.lane_paint import LanePictures, Stretch, font_of
from stillface.gui.palette import Theme, code_colour
from stillface.review.breaches import episodes_of_lane, is_breach_lane
from stillface.review.desk import Desk
from stillface.review.lanes import Lane, LaneKey
from stillface.review.timeline import Row, View, ticks

__all__ = ["EPISODES_PX", "GUTTER_PX", "MAP_PX", "RULER_PX", "TimelinePainter"]

GUTTER_PX = 210
RULER_PX = 18
EPISODES_PX = 20
MAP_PX = 14
_MARK_PX = 6
_OPEN_MARK = "#D55E00"
_KINDS = {"human": "you", "auto": "machine", "auto_reviewed": "reviewed", "consensus": "agreed"}


class TimelinePainter:
    """Paints one view of the lanes.

    Parameters
    ----------
    desk : Desk
    theme : Theme
    view : View
    rows : sequence of Row
    width_px, height_px : int
        Of the widget.
    """

    def __init__(
        self, desk: Desk, theme: Theme, view: View, rows: Sequence[Row], width_px: int, height_px: int
    ) -> None:
        self.desk, self.theme, self.view, self.rows = desk, theme, view, rows
        self.width_px, self.height_px = width_px, height_px

    def _x(self, time_ns: float) -> float:
        return GUTTER_PX + self.view.x_of(time_ns)

    def lanes(self, painter: QPainter, pictures: LanePictures) -> None:
        """Paint what changes only with an edit or another view; lanes come from their pictures."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(0, 0, self.width_px, self.height_px, QColor(self.theme.background))
        painter.save()
        painter.setClipRect(GUTTER_PX, 0, self.width_px - GUTTER_PX, self.height_px)
        self._ruler(painter)
        self._episodes(painter)
        self._marks(painter)
        ratio = painter.device().devicePixelRatioF()
        for row in self.rows:
            lane = self.desk.document.lane(row.key)
            picture = pictures.picture(
                lane, self.view, row.height_px, ratio, self.theme, self._only_ns(row.key)
            )
            painter.drawPixmap(QPointF(GUTTER_PX, row.top_px), picture)
        painter.restore()
        for row in self.rows:
            self._label(painter, row)
        self._map(painter)

    def _ruler(self, painter: QPainter) -> None:
        painter.setFont(font_of(painter, 8))
        for time_ns, label in ticks(self.view):
            x = round(self._x(time_ns))
            painter.setPen(QColor(self.theme.faint))
            painter.drawLine(x, RULER_PX - 5, x, RULER_PX)
            painter.drawText(x + 3, RULER_PX - 5, label)

    def _episodes(self, painter: QPainter) -> None:
        painter.setFont(font_of(painter, 9, bold=True))
        bottom = self.rows[-1].bottom_px if self.rows else RULER_PX + EPISODES_PX
        for k, episode in enumerate(self.desk.document.session.episodes):
            left, right = self._x(episode.onset_ns), self._x(episode.offset_ns)
            band = QRectF(left, RULER_PX, right - left, EPISODES_PX - 2)
            painter.fillRect(band, QColor(self.theme.episode[k % 2]))
            painter.setPen(QColor(self.theme.text))
            shown = band.intersected(QRectF(GUTTER_PX, 0, self.width_px, self.height_px)).adjusted(
                6, 0, -4, 0
            )
            painter.drawText(shown, Qt.AlignmentFlag.AlignVCenter, episode.id)
            painter.setPen(QPen(QColor(self.theme.faint), 1, Qt.PenStyle.DotLine))
            for x in (left, right):
                painter.drawLine(round(x), RULER_PX + EPISODES_PX, round(x), round(bottom))

    def _marks(self, painter: QPainter) -> None:
        """Mark stretches that want a look: open ones filled, settled ones as a thin line."""
        bottom = RULER_PX + EPISODES_PX - 2
        for onset_ns, offset_ns, is_open in self.desk.marked_ns:
            left, height = self._x(onset_ns), _MARK_PX if is_open else 1
            width = max(self._x(offset_ns) - left, 2)
            colour = QColor(_OPEN_MARK if is_open else self.theme.text)
            painter.fillRect(QRectF(left, bottom - height, width, height), colour)

    def _only_ns(self, key: LaneKey) -> tuple[Stretch, ...] | None:
        """Give the stretches in which a lane of breaches is coded; None for a lane of all the session."""
        session = self.desk.document.session
        if not is_breach_lane(session.protocol, key):
            return None
        return tuple((e.onset_ns, e.offset_ns) for e in episodes_of_lane(session, key))

    def _label(self, painter: QPainter, row: Row) -> None:
        lane = self.desk.document.lane(row.key)
        active = row.key == self.desk.document.active
        box = QRectF(0, row.top_px, GUTTER_PX - 4, row.height_px)
        if active:
            painter.fillRect(box, QColor(self.theme.accent))
        painter.setPen(QColor(self.theme.background if active else self.theme.text))
        who = _KINDS.get(row.key.kind, row.key.kind)
        if row.key.kind == "human" and not row.key.source.endswith(f":{self.desk.document.coder}"):
            who = row.key.source.partition(":")[2]
        inner = box.adjusted(8, 0, -6, 0)
        source = who if lane.editable or row.key.kind == "auto" else f"{who} (locked)"
        source_font = font_of(painter, 8)
        room = inner.width() - QFontMetricsF(source_font).horizontalAdvance(source) - 8
        text, name_font = f"{row.key.role}  {row.key.scheme_id}", font_of(painter, 9, bold=active)
        for smaller in (font_of(painter, 8, bold=active), font_of(painter, 8)):
            if QFontMetricsF(name_font).horizontalAdvance(text) > room:
                name_font = smaller
        name = QFontMetricsF(name_font).elidedText(text, Qt.TextElideMode.ElideMiddle, room)
        painter.setFont(name_font)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, name)
        if not active:
            painter.setPen(QColor(self.theme.faint))
        painter.setFont(source_font)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, source)

    def _map(self, painter: QPainter) -> None:
        """Paint the whole session small, with the stretch that is shown."""
        low, high = self.view.span_ns
        scale = (self.width_px - GUTTER_PX) / (high - low)
        top = self.height_px - MAP_PX
        painter.fillRect(
            QRectF(GUTTER_PX, top, self.width_px - GUTTER_PX, MAP_PX - 3), QColor(self.theme.lane)
        )
        for k, episode in enumerate(self.desk.document.session.episodes):
            left, width = (episode.onset_ns - low) * scale, (episode.offset_ns - episode.onset_ns) * scale
            painter.fillRect(
                QRectF(GUTTER_PX + left, top, width, MAP_PX - 3), QColor(self.theme.episode[k % 2])
            )
        left = GUTTER_PX + (self.view.onset_ns - low) * scale
        width = (self.view.offset_ns - self.view.onset_ns) * scale
        painter.setPen(QPen(QColor(self.theme.accent), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left, top, max(width - 1, 3), MAP_PX - 4))

    def above(self, painter: QPainter) -> None:
        """Paint what moves: running bout, selection, loop, proposal, chosen bout, playhead."""
        painter.save()
        painter.setClipRect(GUTTER_PX, 0, self.width_px - GUTTER_PX, self.height_px - MAP_PX)
        top, bottom = RULER_PX, self.rows[-1].bottom_px if self.rows else self.height_px
        for row in self.rows:
            self._running(painter, row, self.desk.document.lane(row.key))
        if self.desk.selection_ns is not None:
            tint = QColor(self.theme.selection)
            tint.setAlpha(70)
            left, right = (self._x(t) for t in self.desk.selection_ns)
            painter.fillRect(QRectF(left, top, right - left, bottom - top), tint)
        loop = self.desk.playhead.loop_ns
        if loop is not None:
            left, right = (self._x(t) for t in loop)
            painter.fillRect(QRectF(left, top - 3, right - left, 3), QColor(self.theme.accent))
        self._outlines(painter)
        x = self._x(self.desk.playhead.time_ns)
        painter.setPen(QPen(QColor(self.theme.playhead), 1.5))
        painter.drawLine(QPointF(x, 4), QPointF(x, bottom))
        painter.setBrush(QColor(self.theme.playhead))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 7)]))
        painter.restore()

    def _running(self, painter: QPainter, row: Row, lane: Lane) -> None:
        running, until_ns = lane.running, self.desk.running.reach_ns(lane)
        if running is None or until_ns is None or self.desk.mode != "coding":
            return
        following = lane.next_onset_ns(running.onset_ns)
        end_ns = until_ns if following is None else min(until_ns, following)
        if end_ns <= running.end_ns:
            return
        colour = QColor(code_colour(lane.scheme, running.code))
        colour.setAlpha(150)
        left, right = self._x(running.end_ns), self._x(end_ns)
        painter.fillRect(QRectF(left, row.top_px, right - left, row.height_px), colour)

    def _outlines(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        by_key = {row.key: row for row in self.rows}
        key, id_ = self.desk.chosen or (None, "")
        if key in by_key and id_ in self.desk.document.lane(key):
            bout = self.desk.document.lane(key).bout(id_)
            self._outline(painter, by_key[key], bout.onset_ns, bout.end_ns)
        queue = self.desk.queue
        if self.desk.mode == "review" and queue is not None and queue.current is not None:
            lanes = (queue.current.lane, queue.current.reviewed_by(self.desk.document.coder))
            # The machine's lane, or where that is scrolled away the one that the decision goes to.
            row = next((by_key[lane] for lane in lanes if lane in by_key), None)
            if row is not None:
                self._outline(painter, row, *queue.edges_ns)

    def _outline(self, painter: QPainter, row: Row, onset_ns: int, offset_ns: int) -> None:
        left, right = self._x(onset_ns), self._x(offset_ns)
        box = QRectF(left, row.top_px, max(right - left, 3), row.height_px)
        for colour, width in ((self.theme.background, 4.0), (self.theme.accent, 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawRect(box.adjusted(-1, -1, 1, 1))

    def dragged_edge(self, painter: QPainter, time_ns: int) -> None:
        """Paint where the edge would lie."""
        painter.setPen(QPen(QColor(self.theme.accent), 2))
        x = self._x(time_ns)
        painter.drawLine(QPointF(x, RULER_PX), QPointF(x, self.height_px - MAP_PX))
