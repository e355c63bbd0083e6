"""One clock map per device from declared marks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.clock import ClockMap
from stillface.domain.recording import SignalRecording, SyncMark
from stillface.errors import InputError
from stillface.physio.sync import fit_clock_map

S = 1_000_000_000


def recording(pairs, declared=None) -> SignalRecording:
    marks = tuple(SyncMark(device, session) for device, session in pairs)
    return SignalRecording(
        "ecg_i", "a.csv", "ecg", "infant", sync_marks=marks, clock_map=declared or ClockMap()
    )


@given(
    st.integers(-(10**13), 10**13),
    st.floats(-5000, 5000),
    st.lists(st.integers(0, 3600 * 4), min_size=2, max_size=8, unique=True),
)
def test_a_known_clock_is_found_again(offset_ns, drift_ppm, at_s):
    truth = ClockMap(offset_ns, drift_ppm)
    device = np.array(at_s, np.int64) * S
    fit = fit_clock_map(recording(zip(device.tolist(), truth.to_session(device).tolist(), strict=True)))
    assert fit.clock_map.n_marks == len(at_s)
    assert np.abs(fit.clock_map.to_session(device) - truth.to_session(device)).max() <= 1000
    assert abs(fit.clock_map.drift_ppm - drift_ppm) < 0.01


def test_a_wrong_mark_moves_nothing_and_is_named():
    pairs = [(k * 60 * S, k * 60 * S + 3 * S) for k in range(6)]
    pairs[2] = (pairs[2][0], pairs[2][1] + S)
    fit = fit_clock_map(recording(pairs))
    assert abs(fit.clock_map.offset_ns - 3 * S) < 1_000_000
    assert abs(fit.clock_map.drift_ppm) < 5
    assert fit.clock_map.residual_ms == pytest.approx(1000, abs=1)
    assert len(fit.notes) == 1
    assert "sync_marks[2]: the mark at 124.000 s lies +1000.0 ms" in fit.notes[0]


def test_marks_read_to_the_millisecond_are_not_outlying():
    truth = ClockMap(-6 * S, 80.0)
    device = np.array([7, 45, 90, 120]) * S
    pairs = [
        (int(round(d, -6)), int(s))
        for d, s in zip(device + 400_000, truth.to_session(device + 400_000), strict=True)
    ]
    fit = fit_clock_map(recording(pairs))
    assert fit.notes == ()
    assert fit.clock_map.residual_ms < 1


def test_one_mark_gives_an_offset_and_says_so():
    fit = fit_clock_map(recording([(10 * S, 12 * S)], ClockMap(0, 100.0)))
    assert (fit.clock_map.n_marks, fit.clock_map.residual_ms) == (1, None)
    assert fit.clock_map.drift_ppm == 100.0
    assert int(fit.clock_map.to_session(10 * S)) == 12 * S
    assert "drift not measured" in fit.notes[0]


def test_two_marks_measure_no_error():
    fit = fit_clock_map(recording([(0, 5 * S), (100 * S, 105 * S + 20_000_000)]))
    assert fit.clock_map.residual_ms is None
    assert fit.clock_map.drift_ppm == pytest.approx(200)
    assert "two marks only" in fit.notes[0]


def test_without_marks_the_declared_map_stands():
    declared = ClockMap(7, 3.0, "manual")
    assert fit_clock_map(recording([], declared)).clock_map is declared


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(5 * S, 0), (5 * S, S)], "two marks at one device time"),
        ([(0, 0), (10 * S, 20 * S)], "do not fit one clock"),
        ([(0, 10 * S), (10 * S, 0)], "do not fit one clock"),
    ],
)
def test_marks_that_fit_no_clock_are_refused(pairs, words):
    with pytest.raises(InputError, match=words):
        fit_clock_map(recording(pairs))
