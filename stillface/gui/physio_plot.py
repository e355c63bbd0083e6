"""Signals under the timeline, on its axis: beats are chosen, moved, added and judged by mouse and key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import (
    QColor,
    QFocusEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from stillface.audio.waveform import Waveform
from stillface.domain.clock import NS_PER_S, ClockMap
from stillface.domain.events import BEAT_FLAGS
from stillface.errors import StillfaceError
from stillface.gui.palette import HEART, Theme
from stillface.gui.physio_paint import Kind, PhysioPainter, PlotRow, least_height_px, stack_rows
from stillface.gui.physio_tip import interval_tip, loudness_tip, rsa_tip
from stillface.gui.timeline_paint import GUTTER_PX
from stillface.gui.timeline_widget import TimelineWidget
from stillface.review.beats import BeatDesk
from stillface.review.desk import Desk, clock_text
from stillface.review.physiology import Physiology
from stillface.review.signals import Signal
from stillface.review.timeline import View

__all__ = ["PhysioPlot"]

_REACH_PX = 7.0
_DRAG_FROM_PX = 3.0
_ZOOM = 1.25
# Seen from further away, a step to a beat first comes close enough to judge it.
_CLOSE_NS = 6 * NS_PER_S


class PhysioPlot(QWidget):
    """Signals, beats, intervals, RSA and sound.

    Click chooses a beat or seeks, a double click adds a beat, dragging a beat moves it (onto the R-peak
    nearby; with Alt exactly), dragging with Shift selects a stretch, the wheel zooms.

    Parameters
    ----------
    desk : Desk
    timeline : TimelineWidget
        Whose stretch is shown.
    physiology : Physiology
    theme : Theme
    cameras : tuple of str
        Those whose sound is shown.
    """

    def __init__(
        self,
        desk: Desk,
        timeline: TimelineWidget,
        physiology: Physiology,
        theme: Theme,
        cameras: tuple[str, ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.desk, self.timeline, self.theme = desk, timeline, theme
        self.beats: BeatDesk | None = physiology.desk
        self.selection_ns: tuple[int, int] | None = None
        self._traces = {trace.recording.id: trace for trace in physiology.traces}
        self._cameras = cameras
        self._waveforms: dict[str, tuple[Waveform, ClockMap]] = {}
        self._drag: tuple[Literal["seek", "beat", "select"], float, int] | None = None
        self._drag_ns: int | None = None
        self._cache: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Signals, heart beats, intervals and RSA")
        self.took_keys: Signal[[str]] = Signal()
        self._leave = [
            desk.playhead.moved.connect(lambda _time: self.update()),
            timeline.viewed.connect(self.redraw),
        ]
        if self.beats is not None:
            self._leave += [
                self.beats.changed.connect(self.redraw),
                self.beats.changed.connect(self.tell_keys),
            ]

    @property
    def view(self) -> View:
        """The timeline's stretch at its scale, as wide as this plot."""
        return replace(self.timeline.view, width_px=max(self.width() - GUTTER_PX, 10))

    def close_signals(self) -> None:
        """Listen and tell no longer."""
        self.took_keys = Signal()
        for leave in self._leave:
            leave()

    def set_waveform(self, camera: str, waveform: Waveform, clock_map: ClockMap) -> None:
        """Show a camera's sound."""
        self._waveforms[camera] = (waveform, clock_map)
        self.redraw()

    def wanted(self) -> list[tuple[Kind, str]]:
        """Give the rows from top to bottom: the heart that keys go to first, then the other signals."""
        rows: list[tuple[Kind, str]] = [("sound", camera) for camera in self._cameras]
        hearts = list(self.beats.channels) if self.beats is not None else []
        if self.beats is not None:
            active = self.beats.active.id
            rows += [("beats", active), ("ibi", active), ("rsa", active)]
            rows += [(kind, id_) for id_ in hearts if id_ != active for kind in ("ibi", "rsa")]
        rows += [("trace", id_) for id_ in self._traces if id_ not in hearts]
        return rows

    def rows(self) -> tuple[PlotRow, ...]:
        """Give where the rows lie."""
        return stack_rows(self.wanted(), 3, self.height() - 6)

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Give room to see single beats."""
        return QSize(900, 30 + round(1.6 * least_height_px(self.wanted())))

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Give the least height at which rows can be read."""
        return QSize(500, round(least_height_px(self.wanted())) + 6)

    @property
    def has_keys(self) -> bool:
        """Whether keys go here while the window is in front."""
        window = self.window()
        return window is not None and window.focusWidget() is self

    def tell_keys(self) -> None:
        """Tell whose beats keys go to now; a window that is not in front gets no event of focus."""
        mine = self.beats is not None and self.has_keys
        self.took_keys.emit(self.beats.active.signal.role if mine and self.beats is not None else "")

    def redraw(self) -> None:
        """Paint everything anew."""
        self._cache = None
        self.update()

    def key(self, key: str) -> bool:
        """Do what a key means for beats; tell whether it means anything here."""
        if self.beats is None:
            return False
        action = self.desk.keymap.action(key, "beats")
        handler = None if action is None else self._actions(self.beats).get(action.id)
        if handler is None:
            return False
        self._try(handler)
        return True

    def knows(self, key: str) -> bool:
        """Tell whether a key means something for beats."""
        action = self.desk.keymap.action(key, "beats") if self.beats is not None else None
        return action is not None and self.beats is not None and action.id in self._actions(self.beats)

    def _actions(self, beats: BeatDesk) -> dict[str, Callable[[], object]]:
        here = self.desk.playhead.time_ns
        sample_ns = round(NS_PER_S / float(beats.active.signal.clock.rate_hz))
        return {
            "beat_next": lambda: self._go(1, doubtful=True),
            "beat_previous": lambda: self._go(-1, doubtful=True),
            "beat_on": lambda: self._go(1),
            "beat_back": lambda: self._go(-1),
            "beat_add": lambda: beats.add(self._add_at(beats, here)),
            "beat_remove": beats.remove,
            "beat_confirm": beats.confirm,
            "beat_earlier": lambda: self._nudge(beats, -sample_ns),
            "beat_later": lambda: self._nudge(beats, sample_ns),
            "beat_bad": lambda: self._mark(beats),
            "beat_good": lambda: beats.unmark_bad(beats.chosen_ns or here),
            "lane_up": lambda: self._change(beats, -1),
            "lane_down": lambda: self._change(beats, 1),
            "undo": beats.undo,
            "redo": beats.redo,
            "cancel": self._cancel,
        }

    def _go(self, direction: Literal[-1, 1], *, doubtful: bool = False) -> None:
        if self.beats is None:
            return
        at_ns = self.beats.step(direction, self.desk.playhead.time_ns, doubtful=doubtful)
        if at_ns is None:
            return
        self.desk.playhead.pause()
        view = self.timeline.view
        if view.offset_ns - view.onset_ns > _CLOSE_NS:
            self.timeline.show_view(view.fitted(at_ns - _CLOSE_NS // 2, at_ns + _CLOSE_NS // 2, 0))
        elif not view.onset_ns < at_ns < view.offset_ns:
            half = (view.offset_ns - view.onset_ns) / 2
            self.timeline.show_view(view.fitted(round(at_ns - half), round(at_ns + half), 0))
        self.desk.playhead.seek(at_ns)
        self._say_chosen()

    def _add_at(self, beats: BeatDesk, here_ns: int) -> int:
        """Give where a beat is added: where the missed one would be while the playhead waits there."""
        missed = beats.missed
        return here_ns if missed is None or self.desk.grid.floor(missed.at_ns) != here_ns else missed.at_ns

    def _say_chosen(self) -> None:
        if self.beats is None:
            return
        if self.beats.missed is not None:
            add = next(iter(self.desk.keymap.keys("beat_add")), "")
            at = clock_text(self.beats.missed.onset_ns)
            self.desk.said.emit(f"{at}: {self.beats.missed.text} {add} adds one here")
        if self.beats.chosen_ns is None:
            return
        beats, at_ns = self.beats.beats, self.beats.chosen_ns
        k = int(np.searchsorted(beats.times_ns, at_ns))
        before = f"{(at_ns - int(beats.times_ns[k - 1])) / 1e6:.0f} ms after the one before" if k else "first"
        entry = self.beats.now(self.beats.active.id).corrected.entries[k]
        judged = "judged by you" if entry is not None else BEAT_FLAGS[int(beats.flags[k])]
        self.desk.said.emit(f"beat at {clock_text(at_ns)}, {judged}, {before}")

    def _nudge(self, beats: BeatDesk, by_ns: int) -> None:
        if beats.chosen_ns is not None:
            beats.move_to(beats.chosen_ns + by_ns)
            self._say_chosen()

    def _mark(self, beats: BeatDesk) -> None:
        if self.selection_ns is None:
            self.desk.said.emit("select a stretch first: drag with Shift")
            return
        beats.mark_bad(*self.selection_ns)
        self.selection_ns = None
        self.redraw()

    def _change(self, beats: BeatDesk, step: int) -> None:
        ids = list(beats.channels)
        beats.activate(ids[(ids.index(beats.active.id) + step) % len(ids)])

    def _cancel(self) -> None:
        """End selection and choice and give the keys back to where they were, as the button for it says."""
        self.selection_ns = None
        if self.beats is not None:
            self.beats.choose(0, -1)
        self.timeline.setFocus(Qt.FocusReason.OtherFocusReason)
        self.tell_keys()
        self.redraw()

    def _try(self, action: Callable[[], object]) -> None:
        """Do something; what cannot be done is said, never raised."""
        try:
            action()
        except StillfaceError as error:
            self.desk.said.emit(error.what + (f"; {error.fix}" if error.fix else ""))

    def paintEvent(self, event: QPaintEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Paint signals from a picture that is kept, and what moves on top of it."""
        artist = PhysioPainter(self.theme, self.view, self.rows(), self._traces, self.beats, self._waveforms)
        if self._cache is None:
            ratio = self.devicePixelRatioF()
            self._cache = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._cache.setDevicePixelRatio(ratio)
            self._cache.fill(QColor(self.theme.background))
            below = QPainter(self._cache)
            artist.below(below)
            below.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._cache)
        artist.above(painter, self.desk.playhead.time_ns, self.selection_ns, self._drag_ns)
        if self.has_keys:
            painter.setPen(QPen(QColor(self.theme.accent if self.beats is None else HEART), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Paint anew."""
        self.redraw()

    def focusInEvent(self, event: QFocusEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Tell where keys go now."""
        super().focusInEvent(event)
        self.tell_keys()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Take the frame away."""
        super().focusOutEvent(event)
        self.tell_keys()
        self.update()

    def _time(self, event: QMouseEvent) -> int:
        return self.view.ns_at(event.position().x() - GUTTER_PX)

    def _row(self, event: QMouseEvent) -> PlotRow | None:
        y = event.position().y()
        return next((row for row in self.rows() if row.top_px <= y < row.bottom_px), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Choose a beat, begin to drag one, to select or to seek."""
        self.setFocus()
        if event.button() != Qt.MouseButton.LeftButton:
            return
        row, time_ns, x = self._row(event), self._time(event), event.position().x()
        beats = self.beats
        heart = row is not None and beats is not None and row.id in beats.channels
        if heart and row is not None and beats is not None:
            beats.activate(row.id)
        if x < GUTTER_PX:
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._drag = ("select", x, time_ns)
        elif heart and beats is not None and beats.choose(time_ns, _REACH_PX * self.view.ns_per_px):
            self._drag = ("beat", x, time_ns)
            self._say_chosen()
        else:
            self._drag = ("seek", x, time_ns)
            self.desk.playhead.seek(time_ns)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Go on with what the press began, or tell what lies under the pointer."""
        time_ns = self._time(event)
        if self._drag is None:
            self._hover(event, time_ns)
            return
        what, begun_x, begun_ns = self._drag
        if what == "seek":
            self.desk.playhead.seek(time_ns)
        elif what == "select":
            self.selection_ns = (min(begun_ns, time_ns), max(begun_ns, time_ns))
        elif abs(event.position().x() - begun_x) >= _DRAG_FROM_PX:
            self._drag_ns = time_ns
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Move the beat to where it was dragged."""
        drag, at_ns = self._drag, self._drag_ns
        self._drag, self._drag_ns = None, None
        exactly = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if drag is not None and drag[0] == "beat" and at_ns is not None and self.beats is not None:
            beats = self.beats
            self._try(lambda: beats.move_to(at_ns, to_peak=not exactly))
        if self.selection_ns is not None and self.selection_ns[0] == self.selection_ns[1]:
            self.selection_ns = None
        self.redraw()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Add a beat on the R-peak under the pointer."""
        row, beats, time_ns = self._row(event), self.beats, self._time(event)
        if (
            row is not None
            and row.kind == "beats"
            and beats is not None
            and event.position().x() >= GUTTER_PX
        ):
            exactly = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._try(lambda: beats.add(time_ns, to_peak=not exactly))

    def wheelEvent(self, event: QWheelEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Zoom around the pointer; with Shift, or sideways, move along; over the names scroll the rows."""
        delta = event.angleDelta()
        sideways = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if event.position().x() < GUTTER_PX and not sideways:
            event.ignore()
            return
        if sideways:
            self.timeline.show_view(self.timeline.view.panned(-sideways))
        elif delta.y():
            around = self.view.ns_at(event.position().x() - GUTTER_PX)
            self.timeline.show_view(self.timeline.view.zoomed(_ZOOM ** (delta.y() / 120), around))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Take the tip away."""
        QToolTip.hideText()

    def _hover(self, event: QMouseEvent, time_ns: int) -> None:
        row = self._row(event)
        lines = [] if row is None or event.position().x() < GUTTER_PX else self._tip(row, time_ns)
        if lines:
            QToolTip.showText(event.globalPosition().toPoint(), "<br>".join(lines), self)
        else:
            QToolTip.hideText()

    def _tip(self, row: PlotRow, time_ns: int) -> list[str]:
        if row.kind == "sound" and row.id in self._waveforms:
            return loudness_tip(*self._waveforms[row.id], time_ns)
        if self.beats is None or row.kind not in ("rsa", "ibi"):
            return []
        return (rsa_tip if row.kind == "rsa" else interval_tip)(self.beats.now(row.id), time_ns)
