"""The waveform under the timeline."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QLineF, QPointF, QRectF
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from stillface.audio.waveform import Waveform
from stillface.domain.clock import ClockMap
from stillface.gui.palette import Theme
from stillface.review.timeline import View

__all__ = ["draw_envelope", "draw_lines", "paint_waveform"]

Floats = npt.NDArray[np.float64]

# Speech is far below full scale: a root makes it visible beside a shout.
_ROOT = 0.5


def paint_waveform(
    painter: QPainter, area: QRectF, waveform: Waveform, clock_map: ClockMap, view: View, theme: Theme
) -> None:
    """Paint extremes faintly and the effective value above them; nothing where the film has no sound.

    Parameters
    ----------
    painter : QPainter
    area : QRectF
        As wide as the view.
    waveform : Waveform
    clock_map : ClockMap
        From the film's own time to the session's.
    view : View
    theme : Theme
    """
    edges_ns = view.onset_ns + np.arange(view.width_px + 1) * view.ns_per_px
    columns = waveform.columns(clock_map.to_local(np.rint(edges_ns).astype(np.int64)))
    middle, half = area.center().y(), area.height() / 2 - 1
    shown = np.flatnonzero(columns.heard)
    xs = area.left() + shown + 0.5
    for colour, highs, lows in (
        (theme.faint, columns.highs, -columns.lows),
        (theme.accent, columns.effective, columns.effective),
    ):
        ups = middle - half * np.clip(highs[shown], 0, 1) ** _ROOT
        downs = middle + half * np.clip(lows[shown], 0, 1) ** _ROOT
        painter.setPen(QPen(QColor(colour), 1))
        draw_envelope(painter, xs, ups, downs, np.diff(shown, prepend=-2) == 1)


def draw_lines(painter: QPainter, lines: Iterable[QLineF]) -> None:
    """Paint lines one by one: the bindings of Qt do not agree on how to hand over many."""
    for line in lines:
        painter.drawLine(line)


def draw_envelope(
    painter: QPainter, xs: Floats, ups: Floats, downs: Floats, joined: npt.NDArray[np.bool_]
) -> None:
    """Paint the stretch between two curves as one line to and fro.

    Parameters
    ----------
    painter : QPainter
    xs, ups, downs : array of float64, shape (n,)
        In pixels.
    joined : array of bool, shape (n,)
        Whether the line goes on from the place before.
    """
    for places in np.split(np.arange(xs.size), np.flatnonzero(~joined)):
        points = []
        for x, up, down in zip(
            xs[places].tolist(), ups[places].tolist(), downs[places].tolist(), strict=True
        ):
            points.append(QPointF(x, up))
            if down != up:
                points.append(QPointF(x, down))
        if len(points) == 1:
            painter.drawPoint(points[0])
        elif points:
            painter.drawPolyline(QPolygonF(points))
