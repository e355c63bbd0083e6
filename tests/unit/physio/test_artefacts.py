"""Flags of beats: what is caught, and what must not be."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.intervals import Intervals
from stillface.physio.artefacts import classify, ibi_series
from stillface.physio.epochs import rmssd_ms
from stillface.physio.params import HeartParams

PARAMS = HeartParams.for_role("infant")
RNG = np.random.default_rng(5)
CALM = 420 + 12 * np.sin(2 * np.pi * 0.6 * 0.42 * np.arange(120)) + RNG.normal(0, 2, 120)


def times(ibi_ms) -> np.ndarray:
    return np.rint(np.concatenate(([0], np.cumsum(ibi_ms))) * 1e6).astype(np.int64)


def flags(times_ns, doubtful=None, missing=None) -> list[str]:
    odd = np.zeros(times_ns.size, bool) if doubtful is None else doubtful
    found = classify(times_ns, odd, missing or Intervals.empty(), PARAMS)
    return [BEAT_FLAGS[k] for k in found]


def series(times_ns, flag_names=None) -> BeatSeries:
    codes = np.array([BEAT_FLAGS.index(name) for name in flag_names or flags(times_ns)], np.uint8)
    return BeatSeries("infant", times_ns, codes, (0, int(times_ns[-1])), "auto:x")


def test_a_calm_record_has_no_flag():
    assert set(flags(times(CALM))) == {"ok"}


def test_a_metronome_has_no_flag():
    assert set(flags(times(np.full(50, 430.0)))) == {"ok"}


def test_an_extra_beat_is_named_and_no_other():
    beats = times(CALM)
    extra = beats[60] + 170_000_000
    found = flags(np.sort(np.append(beats, extra)))
    assert [k for k, name in enumerate(found) if name != "ok"] == [61]
    assert found[61] == "extra"


def test_a_premature_beat_with_its_pause_is_ectopic():
    beats = times(CALM).copy()
    beats[60] -= 120_000_000
    found = flags(beats)
    assert [(k, name) for k, name in enumerate(found) if name != "ok"] == [(60, "ectopic")]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_missed_beats_flag_nobody_but_leave_a_hole(lost):
    beats = np.delete(times(CALM), slice(60, 60 + lost))
    assert set(flags(beats)) == {"ok"}
    ibi = ibi_series(series(beats), Intervals.empty(), PARAMS)
    assert np.flatnonzero(~ibi.clean).tolist() == [59]


def test_an_orienting_deceleration_is_not_an_artefact():
    slowing = CALM.copy()
    slowing[60:70] += 120 * np.sin(np.pi * np.arange(10) / 9)
    assert set(flags(times(slowing))) == {"ok"}


def test_an_implausible_interval_makes_its_beat_doubtful():
    fast = np.full(60, 240.0)
    assert set(flags(times(fast))[1:]) == {"doubtful"}


def test_doubtful_shapes_stay_doubtful():
    beats = times(CALM)
    odd = np.zeros(beats.size, bool)
    odd[30] = True
    assert flags(beats, odd)[30] == "doubtful"


def test_no_interval_crosses_missing_samples():
    beats = times(CALM)
    hole = Intervals(beats[60:61] + 100_000_000, beats[60:61] + 110_000_000)
    assert set(flags(beats, missing=hole)) == {"ok"}
    ibi = ibi_series(series(beats), hole, PARAMS)
    assert np.flatnonzero(~ibi.clean).tolist() == [60]


def test_rmssd_never_crosses_an_edited_beat():
    beats = times([400, 420, 440, 400, 380])
    names = ["ok", "ok", "ok", "ectopic", "ok", "ok"]
    ibi = ibi_series(series(beats, names), Intervals.empty(), PARAMS)
    # Left: 400, 420 before and 380 after; only 400 -> 420 is a pair.
    assert rmssd_ms(ibi, 0, 10**10) == (20.0, 1)


def test_a_persons_flags_rule():
    beats = times(CALM)
    names = ["ok"] * beats.size
    names[10] = "extra"
    ibi = ibi_series(series(beats, names), Intervals.empty(), PARAMS)
    assert np.flatnonzero(~ibi.clean).tolist() == [9, 10]


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_beats_are_no_trouble(n):
    beats = times(np.full(5, 420.0))[:n]
    assert flags(beats) == ["ok"] * n
