"""Where beats were probably missed: found where beats were taken out, and nowhere else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import SampleClock
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.recording import Signal
from stillface.physio.artefacts import ibi_series
from stillface.physio.beats import find_beats, missing_intervals
from stillface.physio.params import HeartParams
from stillface.review.missed_beats import MissedBeats, missed_beats

NOWHERE = Intervals(np.empty(0, np.int64), np.empty(0, np.int64))


def series(times_ns: np.ndarray, odd: dict[int, str] | None = None) -> BeatSeries:
    flags = np.zeros(times_ns.size, np.uint8)
    for place, name in (odd or {}).items():
        flags[place] = BEAT_FLAGS.index(name)
    return BeatSeries("infant", times_ns, flags, (0, int(times_ns[-1]) + 1), "auto:ecg_vote@1")


def found(beats: BeatSeries, missing: Intervals = NOWHERE) -> tuple[MissedBeats, ...]:
    return missed_beats(beats, ibi_series(beats, missing, HeartParams.for_role("infant")), missing)


@pytest.fixture
def true_ns() -> np.ndarray:
    """Give 200 beats about 430 ms apart that breathe, with a slow deceleration."""
    k = np.arange(200)
    ibi_ms = 430 + 15 * np.sin(k / 3) + np.where((k > 100) & (k < 130), 4.0 * np.abs(k - 100), 0)
    return np.rint(np.cumsum(ibi_ms) * 1e6).astype(np.int64)


def test_a_heart_without_a_missed_beat_gives_no_stop(true_ns: np.ndarray) -> None:
    assert found(series(true_ns)) == ()
    assert found(series(true_ns[:1])) == ()


def test_one_two_and_several_missed_beats_are_told_apart(true_ns: np.ndarray) -> None:
    left = np.delete(true_ns, [20, 50, 51, 70, 72, 74])
    one, two, row = found(series(left))
    assert one.text == "an interval twice as long: a missed beat?"
    assert abs(one.at_ns - int(true_ns[20])) < 40_000_000
    assert two.text == "an interval three times as long: missed beats?"
    assert abs(two.at_ns - int(true_ns[50])) < 60_000_000
    assert row.text == "3 intervals, the first twice as long: missed beats?"
    assert (row.onset_ns, row.offset_ns) == (int(true_ns[69]), int(true_ns[75]))


def test_no_beat_is_missed_where_nothing_was_recorded_or_the_stretch_is_ruled_out(
    true_ns: np.ndarray,
) -> None:
    left = np.delete(true_ns, 20)
    hole = Intervals(true_ns[20:21] - 50_000_000, true_ns[20:21] + 50_000_000)
    assert len(found(series(left))) == 1
    assert found(series(left), hole) == ()


def test_the_pause_after_an_ectopic_beat_is_none_but_a_double_one_is(true_ns: np.ndarray) -> None:
    early = true_ns.copy()
    early[40] -= 150_000_000
    assert found(series(early, {40: "ectopic"})) == ()
    assert len(found(series(np.delete(true_ns, 41), {40: "doubtful"}))) == 1


@pytest.mark.real
def test_on_a_real_infant_it_stops_where_beats_were_taken_out_and_nowhere_else(shared_data: Path) -> None:
    values = np.loadtxt(shared_data / "physio" / "infant1_segment0_ecg.txt")
    clock = SampleClock(0, Fraction(250), values.size)
    signal = Signal("ecg", "infant", "mV", values, np.ones(values.size, np.bool_), clock)
    beats = find_beats(signal, HeartParams.for_role("infant"))
    assert found(beats, missing_intervals(signal)) == ()
    taken = np.arange(25, beats.times_ns.size - 20, 40)
    gaps = found(series(np.delete(beats.times_ns, taken)), missing_intervals(signal))
    assert len(gaps) == taken.size
    for gap, time_ns in zip(gaps, beats.times_ns[taken].tolist(), strict=True):
        assert gap.onset_ns < time_ns < gap.offset_ns
        assert gap.times == 2
        assert abs(gap.at_ns - time_ns) < 0.04 * S
