"""The timeline: lanes, episodes, ruler and playhead painted from ``review.timeline``'s geometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from qtpy.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from stillface.errors import StillfaceError
from stillface.gui.lane_paint import LanePictures
from stillface.gui.lane_rows import LaneRows
from stillface.gui.palette import Theme
from stillface.gui.timeline_paint import EPISODES_PX, GUTTER_PX, MAP_PX, RULER_PX, TimelinePainter
from stillface.review.breaches import BREACH_CAVEAT, episodes_of_lane, is_breach_lane
from stillface.review.commands_edit import MoveEdge, MovePoint, edge_limits_ns
from stillface.review.desk import Desk, clock_text
from stillface.review.episodes import EpisodeEditor
from stillface.review.lanes import LaneKey
from stillface.review.signals import Signal
from stillface.review.timeline import Hit, Row, View, hit, snap_ns

__all__ = ["TimelineWidget"]

EpisodeEdge = tuple[str, Literal["onset", "offset"], int]

_SNAP_PX = 6.0
_ZOOM = 1.25
_HEADER_PX = RULER_PX + EPISODES_PX


class TimelineWidget(QWidget):
    """Shows the document's lanes and sends mouse gestures to the desk.

    Click seeks and chooses, dragging an edge moves it, dragging with Shift selects, the wheel zooms around
    the pointer (with Shift it moves along), a double click shows and loops over the bout.

    Parameters
    ----------
    desk : Desk
    theme : Theme

    Attributes
    ----------
    viewed : Signal
        Called without arguments when another stretch is shown.
    pictures : LanePictures
        Of the lanes, kept between edits.
    """

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk, self.theme = desk, theme
        self.view = View.whole(desk.grid.span_ns, 800)
        self.viewed: Signal[[]] = Signal()
        self.episodes: EpisodeEditor | None = None
        self._drag: tuple[Literal["seek", "edge", "select", "map", "episode"], Hit | None, int] | None = None
        self._episode_edge: EpisodeEdge | None = None
        self._drag_ns = 0
        # Dragging shows the picture at the edge, so where the playhead stood before is what attracts it.
        self._playhead_ns = 0
        self._back_to: tuple[float, float] | None = None
        self.pictures = LanePictures()
        self._cache: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Timeline of coded lanes")
        desk.document.lanes_changed.connect(lambda _keys: self.redraw())
        self._lane_rows = LaneRows(desk, theme, self)
        self._lane_rows.bar.valueChanged.connect(self.redraw)
        desk.document.active_changed.connect(self._lane_changed)
        desk.changed.connect(self._lanes_or_look)
        desk.playhead.moved.connect(lambda _time: self._follow())
        desk.playhead.played.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Give room for every lane."""
        rows = self._lane_rows.stacked()
        return QSize(900, int(rows[-1].bottom_px if rows else _HEADER_PX) + MAP_PX + 10)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Give the least height at which lanes can be read."""
        return QSize(500, 150)

    def rows(self) -> tuple[Row, ...]:
        """Give where the lanes lie that there is room for; the others are scrolled to."""
        return self._lane_rows.seen()

    def _lanes_or_look(self) -> None:
        if self.desk.shown_lanes() != self._lane_rows.keys:
            self._lane_rows.show_active()
        self.redraw()

    def _lane_changed(self) -> None:
        self._lane_rows.show_active()
        self.redraw()

    def redraw(self) -> None:
        """Paint the lanes anew."""
        self._cache = None
        self.update()

    def show_view(self, view: View) -> None:
        """Show another stretch."""
        self._back_to = None
        if view != self.view:
            self.view = view
            self.redraw()
            self.viewed.emit()

    def zoom(self, factor: float) -> None:
        """Zoom around the playhead."""
        self.show_view(self.view.zoomed(factor, self.desk.playhead.time_ns))

    def zoom_all(self) -> None:
        """Show the whole session."""
        self.show_view(View.whole(self.desk.grid.span_ns, self.view.width_px))

    def _follow(self) -> None:
        if self._drag is None:
            self.show_view(self.view.following(self.desk.playhead.time_ns))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Keep scale and place."""
        self.view = self.view.resized(max(self.width() - GUTTER_PX, 10))
        self._go_back()
        self._lane_changed()
        self.viewed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Paint lanes from a picture that is kept, and what moves on top of it."""
        rows = self.rows()
        artist = TimelinePainter(self.desk, self.theme, self.view, rows, self.width(), self.height())
        if self._cache is None:
            ratio = self.devicePixelRatioF()
            self._cache = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._cache.setDevicePixelRatio(ratio)
            below = QPainter(self._cache)
            artist.lanes(below, self.pictures)
            below.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._cache)
        artist.above(painter)
        if self._drag is not None and self._drag[0] in ("edge", "episode"):
            artist.dragged_edge(painter, self._drag_ns)
        painter.end()

    def _x(self, event: QMouseEvent) -> float:
        return event.position().x() - GUTTER_PX

    def _hit(self, point: QPointF) -> Hit | None:
        lanes = dict(self.desk.document.lanes)
        return hit(self.rows(), lanes, self.view, point.x() - GUTTER_PX, point.y())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Begin to seek, drag an edge or select."""
        self.setFocus()
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point, time_ns = event.position(), self.view.ns_at(self._x(event))
        if point.y() > self.height() - MAP_PX:
            self._drag = ("map", None, 0)
            self._seek_map(point.x())
            return
        self._episode_edge = self._episode_at(point)
        if self._episode_edge is not None:
            self._drag, self._drag_ns = ("episode", None, time_ns), time_ns
            self._playhead_ns = self.desk.playhead.time_ns
            return
        found = self._hit(point)
        if point.x() < GUTTER_PX:
            if found is not None:
                self._try(lambda: self.desk.document.activate(found.key))
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            # What is painted is the lane that was dragged over; of a machine's lane only the time is taken.
            if found is not None and self._editable(found):
                self._try(lambda: self.desk.document.activate(found.key))
            self._drag, self._drag_ns = ("select", found, time_ns), time_ns
            return
        if found is not None and found.part in ("onset", "offset") and self._editable(found):
            self._drag, self._drag_ns = ("edge", found, time_ns), self._edge_ns(found)
            self._playhead_ns = self.desk.playhead.time_ns
            self._try(lambda: self.desk.choose(found.key, found.bout_id))
            return
        if found is not None:
            self._try(lambda: self.desk.choose(found.key, found.bout_id))
        self._drag = ("seek", found, time_ns)
        self._seek(time_ns)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Go on with what the press began, or show what lies under the pointer."""
        time_ns = self.view.ns_at(self._x(event))
        if self._drag is None:
            self._hover(event)
            return
        what, found, begun_ns = self._drag
        if what == "seek":
            self._seek(time_ns)
        elif what == "map":
            self._seek_map(event.position().x())
        elif what == "select":
            low, high = sorted((begun_ns, time_ns))
            self.desk.select((self.desk.grid.floor(low), self.desk.grid.after(high)))
        elif found is not None or what == "episode":
            self._drag_ns = self._snapped_episode(time_ns) if found is None else self._snapped(found, time_ns)
            # The picture follows the edge: where it will lie is what the coder has to see.
            self._seek(self._drag_ns)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Move the edge to where it was dragged."""
        drag, self._drag = self._drag, None
        if drag is not None and drag[0] == "edge" and drag[1] is not None and drag[1].bout_id is not None:
            found, bout_id = drag[1], drag[1].bout_id
            if self.desk.document.lane(found.key).is_point:
                self._try(lambda: self.desk.do(MovePoint(found.key, bout_id, self._drag_ns)))
            elif self._drag_ns != self._edge_ns(found):
                side: Literal["onset", "offset"] = "onset" if found.part == "onset" else "offset"
                self._try(lambda: self.desk.do(MoveEdge(found.key, bout_id, side, self._drag_ns)))
        if drag is not None and drag[0] == "episode":
            self._move_episode()
        self.redraw()

    def _episode_at(self, point: QPointF) -> EpisodeEdge | None:
        """Give the edge of an episode under the pointer; where two touch, the later one's onset."""
        if self.episodes is None or point.x() < GUTTER_PX or not RULER_PX <= point.y() < _HEADER_PX:
            return None
        edges: list[EpisodeEdge] = []
        for episode in self.episodes.episodes:
            edges += [(episode.id, "onset", episode.onset_ns), (episode.id, "offset", episode.offset_ns)]
        near = [(abs(GUTTER_PX + self.view.x_of(edge[2]) - point.x()), -k) for k, edge in enumerate(edges)]
        distance, place = min(near, default=(_SNAP_PX, 0))
        return edges[-place] if distance < _SNAP_PX else None

    def _snapped_episode(self, time_ns: int) -> int:
        if self.episodes is None or self._episode_edge is None:
            return time_ns
        id_, side, _ = self._episode_edge
        low, high = self.episodes.edge_limits_ns(id_, side)
        near = np.array([self._playhead_ns], dtype=np.int64)
        time_ns = snap_ns(time_ns, near, _SNAP_PX * self.view.ns_per_px)
        return min(max(self.desk.grid.snap(time_ns), low), high)

    def _move_episode(self) -> None:
        if self.episodes is None or self._episode_edge is None:
            return
        editor, (id_, side, was_ns), time_ns = self.episodes, self._episode_edge, self._drag_ns
        # A click that did not move is no wish to move an edge by a pixel.
        if abs(time_ns - was_ns) > self.view.ns_per_px:
            self._try(lambda: editor.move_edge(id_, side, time_ns))

    def return_to(self, onset_ns: float, ns_per_px: float) -> None:
        """Show again what was shown in an earlier sitting, and the playhead in it however wide one is now."""
        self._back_to = (onset_ns, ns_per_px)
        self._go_back()
        self.redraw()
        self.viewed.emit()

    def _go_back(self) -> None:
        # The window is laid out step by step as it opens: the place counts until something else is shown.
        if self._back_to is not None:
            self.view = self.view.placed(*self._back_to).following(self.desk.playhead.time_ns)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Show a bout with a little room and loop over it."""
        found = self._hit(event.position())
        if found is not None and found.bout_id is not None:
            bout = self.desk.document.lane(found.key).bout(found.bout_id)
            self._try(lambda: self.desk.choose(found.key, found.bout_id))
            if bout.offset_ns is not None:
                self.desk.playhead.loop_over(bout.onset_ns, bout.offset_ns)
                self.show_view(self.view.fitted(bout.onset_ns, bout.offset_ns, 0.5))

    def wheelEvent(self, event: QWheelEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Zoom around the pointer; with Shift, or sideways, move along; over the labels scroll the lanes."""
        delta = event.angleDelta()
        sideways = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if event.position().x() < GUTTER_PX and not sideways:
            QCoreApplication.sendEvent(self._lane_rows.bar, event)
        elif sideways:
            self.show_view(self.view.panned(-sideways))
        elif delta.y():
            around = self.view.ns_at(event.position().x() - GUTTER_PX)
            self.show_view(self.view.zoomed(_ZOOM ** (delta.y() / 120), around))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Take the pointer's shape back."""
        self.unsetCursor()

    def _hover(self, event: QMouseEvent) -> None:
        found = self._hit(event.position())
        at_edge = found is not None and found.part in ("onset", "offset") and self._editable(found)
        at_edge = at_edge or self._episode_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.SizeHorCursor if at_edge else Qt.CursorShape.ArrowCursor)
        if found is not None and event.position().x() < GUTTER_PX:
            QToolTip.showText(event.globalPosition().toPoint(), self.lane_tip(found.key), self)
            return
        if found is None or found.bout_id is None:
            QToolTip.hideText()
            return
        lane = self.desk.document.lane(found.key)
        bout = lane.bout(found.bout_id)
        held = lane.scheme.codes[lane.scheme.index(bout.code)]
        lines = [
            f"<b>{held.label or held.id}</b>",
            f"{clock_text(bout.onset_ns)} to {clock_text(bout.end_ns)}",
        ]
        if bout.confidence is not None:
            lines.append(f"machine's confidence {bout.confidence:.2f}")
        if bout.running:
            lines.append("still running")
        lines += [bout.comment] if bout.comment else []
        QToolTip.showText(event.globalPosition().toPoint(), "<br>".join(lines), self)

    def lane_tip(self, key: LaneKey) -> str:
        """Say what a lane is: scheme, whose, and for breaches what they are used for."""
        document = self.desk.document
        lines = [f"<b>{key.role}: {document.lane(key).scheme.title or key.scheme_id}</b>"]
        if is_breach_lane(document.session.protocol, key):
            names = ", ".join(e.id for e in episodes_of_lane(document.session, key)) or "no episode yet"
            keys = " or ".join(self.desk.keymap.keys("breaches"))
            lines += [f"Coded in {names}; {keys} goes there and back.", BREACH_CAVEAT]
        return "<br>".join(lines)

    def _editable(self, found: Hit) -> bool:
        return self.desk.document.lane(found.key).editable

    def _edge_ns(self, found: Hit) -> int:
        bout = self.desk.document.lane(found.key).bout(found.bout_id or "")
        return bout.onset_ns if found.part == "onset" else bout.end_ns

    def _snapped(self, found: Hit, time_ns: int) -> int:
        """Give where a dragged edge would lie: other lanes' edges and the playhead attract it."""
        document = self.desk.document
        lane = document.lane(found.key)
        others = [other.edges_ns for key, other in document.lanes.items() if key != found.key]
        near = np.unique(
            np.concatenate([*others, np.array([self._playhead_ns], dtype=np.int64)]).astype(np.int64)
        )
        time_ns = document.grid.snap(snap_ns(time_ns, near, _SNAP_PX * self.view.ns_per_px))
        if lane.is_point:
            return time_ns
        side: Literal["onset", "offset"] = "onset" if found.part == "onset" else "offset"
        low, high = edge_limits_ns(lane, found.bout_id or "", side, document.grid)
        return min(max(time_ns, low), high)

    def _seek(self, time_ns: int) -> None:
        self.desk.playhead.pause()
        self.desk.playhead.seek(time_ns)

    def _seek_map(self, x: float) -> None:
        low, high = self.desk.grid.span_ns
        share = min(max((x - GUTTER_PX) / max(self.width() - GUTTER_PX, 1), 0), 1)
        time_ns = low + round(share * (high - low))
        self._seek(time_ns)
        middle = self.view.width_px / 2
        self.show_view(self.view.panned(self.view.x_of(time_ns) - middle))

    def _try(self, gesture: Callable[[], object]) -> None:
        try:
            gesture()
        except StillfaceError as error:
            self.desk.said.emit(error.what)

    def row_rect(self, key: LaneKey) -> QRectF:
        """Give where a lane is drawn, in widget pixels."""
        row = next(row for row in self.rows() if row.key == key)
        return QRectF(GUTTER_PX, row.top_px, self.width() - GUTTER_PX, row.height_px)
