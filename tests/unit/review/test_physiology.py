"""Signals as a screen shows them: every extreme is kept, nothing is drawn where nothing was recorded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap, SampleClock
from stillface.domain.recording import Signal
from stillface.review.physiology import drawn, usual_range
from stillface.review.timeline import View

MAP = ClockMap(2 * S, 100.0, "marks", 2, 0.1)


def signal(values: np.ndarray, valid: np.ndarray | None = None, rate_hz: int = 500) -> Signal:
    held = np.ones(values.size, np.bool_) if valid is None else valid
    return Signal("ecg", "infant", "mV", values, held, SampleClock(S, Fraction(rate_hz), values.size), MAP)


@pytest.mark.parametrize("width_px", [50, 400, 1000])
def test_one_sample_is_never_lost(width_px: int) -> None:
    values = np.zeros(100_000)
    values[[7, 4321, 77_777]] = (3.0, -2.0, 5.0)
    source = signal(values)
    out = drawn(source, View.whole((0, 300 * S), width_px))
    assert out.highs.max() == 5.0
    assert out.lows.min() == -2.0
    x = out.xs[np.argmax(out.highs)]
    peak_ns = int(source.times_ns[77_777])
    assert abs(x - View.whole((0, 300 * S), width_px).x_of(peak_ns)) <= 1


def test_close_up_the_samples_themselves_lie_at_their_times() -> None:
    values = np.sin(np.arange(5_000) / 20)
    source = signal(values)
    view = View((0, 20 * S), 1000, 5.0 * S, 200_000.0)
    out = drawn(source, view)
    assert np.array_equal(out.lows, out.highs)
    inside = (source.times_ns >= view.onset_ns) & (source.times_ns < view.offset_ns)
    assert out.xs.size == pytest.approx(inside.sum(), abs=3)
    first = int(np.flatnonzero(inside)[0])
    assert np.abs(out.xs - view.x_of(int(source.times_ns[first]))).min() < 1e-6


@pytest.mark.parametrize("ns_per_px", [100_000.0, 20_000_000.0])
def test_a_hole_is_not_bridged(ns_per_px: float) -> None:
    valid = np.ones(10_000, np.bool_)
    valid[4_000:6_000] = False
    values = np.where(valid, 1.0, 99.0)
    source = signal(values, valid)
    middle = float(source.times_ns[5_000])
    view = View((0, 30 * S), 1000, middle - 500 * ns_per_px, ns_per_px)
    out = drawn(source, view)
    assert not (out.highs > 1).any()
    if ns_per_px > 1e6:
        gap = np.flatnonzero(np.diff(out.xs) > 10)
        assert gap.size == 1
        assert not out.joined[gap[0] + 1]
        assert out.joined[1 : gap[0]].all()


def test_outside_the_recording_nothing_is_drawn() -> None:
    source = signal(np.ones(1000))
    for ns_per_px in (100_000.0, 50_000_000.0):
        assert drawn(source, View((0, 900 * S), 300, 600.0 * S, ns_per_px)).xs.size == 0


def test_the_scale_is_not_set_by_movement() -> None:
    values = np.sin(np.arange(50_000) / 50)
    values[100:110] = 500
    span = usual_range(signal(values))
    assert span is not None
    assert span[1] < 2
    assert usual_range(signal(np.ones(10), np.zeros(10, np.bool_))) is None
    flat = usual_range(signal(np.ones(10)))
    assert flat == (0.0, 2.0)
