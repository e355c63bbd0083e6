"""Signals, beats, intervals and RSA, painted on the timeline's own axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from qtpy.QtCore import QLineF, QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QPainter, QPen, QPolygonF

from stillface.audio.waveform import Waveform
from stillface.domain.autonomic import HeartEpoch
from stillface.domain.clock import ClockMap
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.results import Status
from stillface.gui.palette import Theme
from stillface.gui.timeline_paint import GUTTER_PX
from stillface.gui.waveform import draw_envelope, draw_lines, paint_waveform
from stillface.review.beats import BeatDesk, HeartNow
from stillface.review.missed_beats import MissedBeats
from stillface.review.physiology import Trace, drawn
from stillface.review.timeline import View

__all__ = ["PhysioPainter", "PlotRow", "least_height_px", "stack_rows"]

Kind = Literal["sound", "beats", "ibi", "rsa", "trace"]

# Shape and letter beside the colour (Okabe and Ito): never colour alone.
_FLAGS = {"doubtful": ("?", "#E69F00"), "ectopic": ("E", "#CC79A7"), "extra": ("X", "#D55E00")}
_WEIGHTS: dict[Kind, float] = {"sound": 1.4, "beats": 3.0, "ibi": 2.0, "rsa": 0.9, "trace": 1.6}
_LEAST_PX: dict[Kind, float] = {"sound": 14, "beats": 30, "ibi": 22, "rsa": 15, "trace": 16}
# What shows no more for being higher leaves room to what does.
_MOST_PX: dict[Kind, float] = {"sound": 60, "beats": 400, "ibi": 160, "rsa": 22, "trace": 120}
_GAP_PX = 3
_MARK_PX = 9.0
_MARKS_FROM_PX = 5.0
_TEXT_FROM_PX = 30.0


@dataclass(frozen=True)
class PlotRow:
    """One strip of the plot: what it shows, of which camera or channel, and where."""

    kind: Kind
    id: str
    top_px: float
    height_px: float

    @property
    def bottom_px(self) -> float:
        """Lower border."""
        return self.top_px + self.height_px


def stack_rows(wanted: Sequence[tuple[Kind, str]], top_px: float, room_px: float) -> tuple[PlotRow, ...]:
    """Share the height out; where it does not suffice every row keeps what can just be read."""
    spare = room_px - _GAP_PX * len(wanted)
    unit = spare / max(sum(_WEIGHTS[kind] for kind, _ in wanted), 1e-9)
    rows = []
    for kind, id_ in wanted:
        height = min(max(unit * _WEIGHTS[kind], _LEAST_PX[kind]), _MOST_PX[kind])
        rows.append(PlotRow(kind, id_, top_px, height))
        top_px += height + _GAP_PX
    return tuple(rows)


def least_height_px(wanted: Sequence[tuple[Kind, str]]) -> float:
    """Give the height that all rows need."""
    return sum(_LEAST_PX[kind] + _GAP_PX for kind, _ in wanted)


class PhysioPainter:
    """Paints one state of the plot.

    Parameters
    ----------
    theme : Theme
    view : View
        As wide as the plot without its gutter.
    rows : sequence of PlotRow
    traces : mapping of str to Trace
    desk : BeatDesk or None
    waveforms : mapping of str to (Waveform, ClockMap)
        By camera.
    """

    def __init__(
        self,
        theme: Theme,
        view: View,
        rows: Sequence[PlotRow],
        traces: Mapping[str, Trace],
        desk: BeatDesk | None,
        waveforms: Mapping[str, tuple[Waveform, ClockMap]],
    ) -> None:
        self.theme, self.view, self.rows = theme, view, tuple(rows)
        self._traces, self._desk, self._waveforms = traces, desk, waveforms

    def _x(self, time_ns: float) -> float:
        return GUTTER_PX + self.view.x_of(time_ns)

    def below(self, painter: QPainter) -> None:
        """Paint what stays while time runs."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in self.rows:
            area = QRectF(GUTTER_PX, row.top_px, self.view.width_px, row.height_px)
            painter.fillRect(area, QColor(self.theme.lane))
            painter.save()
            painter.setClipRect(area)
            if row.kind == "sound":
                waveform = self._waveforms.get(row.id)
                if waveform is None:
                    self._note(painter, area, "reading the sound ...")
                else:
                    paint_waveform(painter, area, *waveform, self.view, self.theme)
            elif row.kind in ("beats", "trace"):
                self._signal(painter, area, self._traces[row.id])
            if self._desk is not None and row.kind in ("beats", "ibi", "rsa"):
                now = self._desk.now(row.id)
                self._bad(painter, area, now)
                if row.kind == "beats":
                    self._beats(painter, area, now)
                elif row.kind == "ibi":
                    self._intervals(painter, area, row.id, now)
                else:
                    self._epochs(painter, area, now.epochs)
            painter.restore()
            self._label(painter, row)

    def above(
        self, painter: QPainter, playhead_ns: int, selection_ns: tuple[int, int] | None, drag_ns: int | None
    ) -> None:
        """Paint what moves: chosen beat, dragged beat, selection, playhead."""
        if not self.rows:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top, bottom = self.rows[0].top_px, self.rows[-1].bottom_px
        painter.save()
        painter.setClipRect(QRectF(GUTTER_PX, 0, self.view.width_px, bottom + 2))
        if selection_ns is not None:
            tint = QColor(self.theme.selection)
            tint.setAlpha(70)
            left, right = (self._x(t) for t in selection_ns)
            painter.fillRect(QRectF(left, top, right - left, bottom - top), tint)
        if self._desk is not None:
            mine = [row for row in self.rows if row.id == self._desk.active.id and row.kind != "rsa"]
            for row in mine:
                if self._desk.missed is not None:
                    self._gap(painter, row, self._desk.missed)
                if self._desk.chosen_ns is not None:
                    self._upright(painter, row, self._desk.chosen_ns, Qt.PenStyle.SolidLine)
                    self._letter_above(painter, row, self._desk)
                if drag_ns is not None:
                    self._upright(painter, row, drag_ns, Qt.PenStyle.DashLine)
        x = self._x(playhead_ns)
        painter.setPen(QPen(QColor(self.theme.playhead), 1.5))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        painter.restore()

    def _upright(self, painter: QPainter, row: PlotRow, time_ns: int, style: Qt.PenStyle) -> None:
        x = self._x(time_ns)
        painter.setPen(QPen(QColor(self.theme.accent), 2, style))
        painter.drawLine(QPointF(x, row.top_px), QPointF(x, row.bottom_px))
        if row.kind == "beats":
            painter.setBrush(QColor(self.theme.accent))
            painter.drawPolygon(_triangle(x, row.top_px, 7))

    def _letter_above(self, painter: QPainter, row: PlotRow, desk: BeatDesk) -> None:
        """Paint the sign of the chosen beat once more, in front of the mark of the choice."""
        place = int(np.searchsorted(desk.beats.times_ns, desk.chosen_ns or 0))
        if row.kind != "beats" or place >= desk.beats.times_ns.size:
            return
        name = BEAT_FLAGS[int(desk.beats.flags[place])]
        if name == "ok":
            return
        letter, colour = _FLAGS[name]
        box = QRectF(self._x(desk.chosen_ns or 0) - 6, row.top_px, 12, _MARK_PX + 4)
        painter.setPen(QPen(QColor(self.theme.accent), 2))
        painter.setBrush(QColor(self.theme.background))
        painter.drawRect(box)
        painter.setPen(QColor(colour))
        painter.setFont(_font(painter, 8, bold=True))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)

    def _gap(self, painter: QPainter, row: PlotRow, missed: MissedBeats) -> None:
        """Mark the stretch in which beats were probably missed, and where the first would be."""
        left, right = self._x(missed.onset_ns), self._x(missed.offset_ns)
        tint = QColor(_FLAGS["doubtful"][1])
        tint.setAlpha(50)
        painter.fillRect(QRectF(left, row.top_px, right - left, row.height_px), tint)
        painter.setPen(QPen(QColor(_FLAGS["doubtful"][1]), 2, Qt.PenStyle.DashLine))
        x = self._x(missed.at_ns)
        painter.drawLine(QPointF(x, row.top_px), QPointF(x, row.bottom_px))

    def _signal(self, painter: QPainter, area: QRectF, trace: Trace) -> None:
        span = trace.range
        if span is None:
            self._note(painter, area, "no sample is valid")
            return
        found = drawn(trace.signal, self.view)
        room = area.adjusted(0, _MARK_PX + 3 if trace.signal.kind == "ecg" else 2, 0, -2)
        scale = room.height() / (span[1] - span[0])
        ups = np.clip(room.bottom() - (found.highs - span[0]) * scale, area.top(), area.bottom())
        downs = np.clip(room.bottom() - (found.lows - span[0]) * scale, area.top(), area.bottom())
        painter.setPen(QPen(QColor(self.theme.text), 1))
        # Thousands of smoothed lines would cost more than all the rest.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        draw_envelope(painter, area.left() + found.xs, ups, downs, found.joined)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _bad(self, painter: QPainter, area: QRectF, now: HeartNow) -> None:
        for onset_ns, offset_ns in now.corrected.bad:
            left, right = self._x(onset_ns), self._x(offset_ns)
            box = QRectF(left, area.top(), right - left, area.height())
            painter.fillRect(box, QBrush(QColor("#D55E00"), Qt.BrushStyle.BDiagPattern))
            if right - left > _TEXT_FROM_PX:
                self._note(painter, box.intersected(area), "bad")

    def _beats(self, painter: QPainter, area: QRectF, now: HeartNow) -> None:
        beats = now.corrected.beats
        low, high = _seen(beats, self.view)
        crowded = (high - low) * _MARKS_FROM_PX > self.view.width_px
        painter.setFont(_font(painter, 8, bold=True))
        for k in range(low, high):
            name, x = BEAT_FLAGS[int(beats.flags[k])], self._x(int(beats.times_ns[k]))
            by_hand = now.corrected.entries[k] is not None
            if name == "ok" and (not crowded or by_hand):
                painter.setPen(QPen(QColor(self.theme.accent), 1.4))
                painter.setBrush(QColor(self.theme.accent) if by_hand else Qt.BrushStyle.NoBrush)
                painter.drawPolygon(_triangle(x, area.top() + 1, _MARK_PX - 2))
            elif name != "ok":
                letter, colour = _FLAGS[name]
                painter.setPen(QPen(QColor(colour), 1.4))
                painter.drawLine(QPointF(x, area.top() + _MARK_PX), QPointF(x, area.bottom()))
                painter.setPen(QColor(colour))
                painter.drawText(QPointF(x - 3, area.top() + _MARK_PX), letter)

    def _intervals(self, painter: QPainter, area: QRectF, channel_id: str, now: HeartNow) -> None:
        span = self.ibi_range_ms(channel_id)
        if span is None:
            self._note(painter, area, "no interval")
            return
        ibi = now.ibi
        low = int(np.searchsorted(ibi.offsets_ns, self.view.onset_ns))
        high = int(np.searchsorted(ibi.onsets_ns, self.view.offset_ns))
        scale = (area.height() - 6) / (span[1] - span[0])
        heights = area.bottom() - 3 - (ibi.ibi_ms[low:high] - span[0]) * scale
        heights = np.clip(heights, area.top() + 2, area.bottom() - 2)
        good: list[QLineF] = []
        odd: list[QLineF] = []
        for k, y in enumerate(heights.tolist(), start=low):
            left, right = self._x(int(ibi.onsets_ns[k])), self._x(int(ibi.offsets_ns[k]))
            line = QLineF(left, y, max(right, left + 1), y)
            (good if ibi.clean[k] else odd).append(line)
            if k > low and ibi.clean[k] and ibi.clean[k - 1]:
                good.append(QLineF(left, float(heights[k - low - 1]), left, y))
        painter.setPen(QPen(QColor(self.theme.text), 1.3))
        draw_lines(painter, good)
        painter.setPen(QPen(QColor("#D55E00"), 2.2, Qt.PenStyle.DotLine))
        draw_lines(painter, odd)

    def ibi_range_ms(self, channel_id: str) -> tuple[float, float] | None:
        """Give the scale of a channel's intervals: the clean ones with some room."""
        if self._desk is None:
            return None
        ibi = self._desk.now(channel_id).ibi
        lengths = ibi.ibi_ms[ibi.clean]
        if not lengths.size:
            return None
        low, high = float(lengths.min()), float(lengths.max())
        room = max((high - low) * 0.15, 10)
        return low - room, high + room

    def _epochs(self, painter: QPainter, area: QRectF, epochs: Sequence[HeartEpoch]) -> None:
        painter.setFont(_font(painter, 8))
        for epoch in epochs:
            left, right = self._x(epoch.onset_ns), self._x(epoch.offset_ns)
            box = QRectF(left + 1, area.top() + 1, right - left - 2, area.height() - 2)
            if not box.intersects(area):
                continue
            painter.setPen(QPen(QColor(self.theme.faint), 1))
            ok = epoch.status is Status.OK
            painter.setBrush(
                Qt.BrushStyle.NoBrush if ok else QBrush(QColor(self.theme.faint), Qt.BrushStyle.BDiagPattern)
            )
            painter.drawRect(box)
            if box.width() >= _TEXT_FROM_PX:
                text = "none" if epoch.rsa_ln_ms2 is None else f"{epoch.rsa_ln_ms2:.2f}"
                if epoch.hr_bpm is not None and box.width() >= 3 * _TEXT_FROM_PX:
                    text += f"   {epoch.hr_bpm:.0f} bpm"
                self._note(painter, box.intersected(area), text)

    def _note(self, painter: QPainter, box: QRectF, text: str) -> None:
        painter.setFont(_font(painter, 8, bold=True))
        painter.setPen(QColor(self.theme.text))
        painter.drawText(box.adjusted(3, 0, -2, 0), Qt.AlignmentFlag.AlignCenter, text)

    def _label(self, painter: QPainter, row: PlotRow) -> None:
        box = QRectF(0, row.top_px, GUTTER_PX - 4, row.height_px)
        active = self._desk is not None and row.kind == "beats" and row.id == self._desk.active.id
        if active:
            painter.fillRect(box, QColor(self.theme.accent))
        name, unit = self._names(row)
        painter.setPen(QColor(self.theme.background if active else self.theme.text))
        painter.setFont(_font(painter, 9, bold=active))
        inner = box.adjusted(8, 0, -6, 0)
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, name)
        if not active:
            painter.setPen(QColor(self.theme.faint))
        painter.setFont(_font(painter, 8))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, unit)

    def _names(self, row: PlotRow) -> tuple[str, str]:
        if row.kind == "sound":
            return "sound", row.id
        trace = self._traces[row.id]
        if row.kind == "ibi":
            span = self.ibi_range_ms(row.id)
            return f"{trace.signal.role}  IBI", "" if span is None else f"{span[0]:.0f} to {span[1]:.0f} ms"
        if row.kind == "rsa":
            return f"{trace.signal.role}  RSA", "ln ms²"
        return trace.label, trace.signal.unit


def _seen(beats: BeatSeries, view: View) -> tuple[int, int]:
    room = 10 * view.ns_per_px
    low, high = np.searchsorted(beats.times_ns, (view.onset_ns - room, view.offset_ns + room))
    return int(low), int(high)


def _triangle(x: float, top: float, size: float) -> QPolygonF:
    return QPolygonF([QPointF(x - size / 2, top), QPointF(x + size / 2, top), QPointF(x, top + size)])


def _font(painter: QPainter, points: int, *, bold: bool = False) -> QFont:
    font = painter.font()
    font.setPointSize(points)
    font.setBold(bold)
    return font
