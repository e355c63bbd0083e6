"""Windows and episodes: which intervals belong, what is dropped, and why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.events import BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.results import Status
from stillface.domain.session import Episode
from stillface.physio.artefacts import ibi_series
from stillface.physio.epochs import heart_epochs, heart_summaries, whole_windows
from stillface.physio.params import HeartParams
from stillface.physio.rsa import rsa_series

S = 1_000_000_000
PARAMS = HeartParams.for_role("infant")
NOTHING = Intervals.empty()


def record(duration_s: float = 200, start_s: float = 0, amplitude_ms: float = 15) -> BeatSeries:
    now, times = start_s, []
    while now < start_s + duration_s:
        times.append(now)
        now += (420 + amplitude_ms * np.sin(2 * np.pi * 0.6 * now)) / 1000
    return series(np.rint(np.array(times) * S).astype(np.int64))


def series(times_ns, flags=None) -> BeatSeries:
    codes = np.zeros(times_ns.size, np.uint8) if flags is None else flags
    return BeatSeries("infant", times_ns, codes, (0, 200 * S), "auto:ecg_vote@1")


def values(beats, episode, missing=NOTHING):
    summaries, epochs = heart_summaries(beats, [episode], missing, PARAMS)
    return {value.measure: value for value in summaries[0].values}, epochs


def test_windows_are_whole_and_stay_inside():
    assert whole_windows(5 * S, 100 * S, 30) == ((5 * S, 35 * S), (35 * S, 65 * S), (65 * S, 95 * S))
    assert whole_windows(0, 29 * S, 30) == ()


def test_an_interval_belongs_where_it_lies_wholly_inside():
    beats = series(np.array([0, 400, 820, 1260, 1660]) * 1_000_000)
    found, _ = values(beats, Episode("PL", 100_000_000, 1_300_000_000))
    assert (found["ibi_ms"].n, found["ibi_ms"].value) == (2, 430)
    assert found["hr_bpm"].value == pytest.approx(60_000 / 430)
    # Cut at the borders, 1.2 s of the episode lie under clean intervals.
    assert found["hr_bpm"].coverage == pytest.approx(1.0)


def test_an_episode_is_the_mean_of_its_valid_windows():
    found, epochs = values(record(), Episode("SF", 20 * S, 140 * S))
    rsa = found["rsa_ln_ms2"]
    assert (rsa.n, len(epochs), rsa.status) == (4, 4, Status.OK)
    assert rsa.value == pytest.approx(np.mean([epoch.rsa_ln_ms2 for epoch in epochs]))
    assert "epochs=4/4" in rsa.flags
    assert all(epoch.offset_ns <= 140 * S and epoch.onset_ns >= 20 * S for epoch in epochs)


def test_a_window_with_too_much_edited_is_dropped_and_the_episode_goes_on():
    beats = record()
    flags = np.zeros(beats.times_ns.size, np.uint8)
    flags[(beats.times_ns > 25 * S) & (beats.times_ns < 29 * S)] = 1
    found, epochs = values(series(beats.times_ns, flags), Episode("SF", 20 * S, 140 * S))
    assert [epoch.status for epoch in epochs] == [Status.MISS_LOWCOV, Status.OK, Status.OK, Status.OK]
    assert epochs[0].edited_share == pytest.approx(4 / 30, abs=0.03)
    assert epochs[0].hr_bpm is None
    assert (found["rsa_ln_ms2"].n, found["rsa_ln_ms2"].status) == (3, Status.OK)
    assert found["hr_bpm"].coverage == pytest.approx(1 - 4 / 120, abs=0.01)


def test_a_little_editing_barely_moves_rsa():
    beats = record()
    flags = np.zeros(beats.times_ns.size, np.uint8)
    flags[[100, 101, 130, 160]] = [1, 1, 3, 2]
    clean, _ = values(beats, Episode("SF", 20 * S, 140 * S))
    edited, _ = values(series(beats.times_ns, flags), Episode("SF", 20 * S, 140 * S))
    assert edited["rsa_ln_ms2"].n == 4
    assert edited["rsa_ln_ms2"].value == pytest.approx(clean["rsa_ln_ms2"].value, abs=0.15)


@pytest.mark.parametrize(
    ("episode", "status"),
    [
        (Episode("SF", 100 * S, 125 * S), Status.MISS_LOWN),
        (Episode("SF", 300 * S, 420 * S), Status.MISS_TECH),
        (Episode("SF", 150 * S, 270 * S), Status.MISS_LOWN),
    ],
)
def test_an_episode_without_enough_windows_has_no_rsa(episode, status):
    found, _ = values(record(), episode)
    assert (found["rsa_ln_ms2"].value, found["rsa_ln_ms2"].status) == (None, status)


def test_a_recording_of_one_window_loses_the_filters_edges_only():
    beats = record(duration_s=30.3)
    epoch = heart_epochs(beats, [(0, 30 * S)], NOTHING, PARAMS)[0]
    whole = heart_epochs(record(), [(0, 30 * S)], NOTHING, PARAMS)[0]
    assert epoch.status is Status.OK
    assert epoch.rsa_ln_ms2 == pytest.approx(whole.rsa_ln_ms2, abs=0.1)
    short = heart_epochs(record(duration_s=25), [(0, 25 * S)], NOTHING, PARAMS)[0]
    assert (short.status, short.rsa_ln_ms2) == (Status.MISS_LOWN, None)
    assert short.hr_bpm == pytest.approx(143, abs=1)


def test_the_filter_sees_no_border_of_an_episode():
    inside = heart_epochs(record(), [(60 * S, 90 * S)], NOTHING, PARAMS)[0]
    series_ = rsa_series(ibi_series(record(), NOTHING, PARAMS), PARAMS)
    assert inside.rsa_ln_ms2 == pytest.approx(2 * np.log(series_.spread(60 * S, 90 * S)[0]))
    assert series_.times_ns[0] == pytest.approx((0.42 + PARAMS.rsa.half_width_s) * S, abs=0.02 * S)


def test_missing_signal_is_no_rhythm():
    missing = Intervals(np.array([60 * S]), np.array([100 * S]))
    beats = record()
    kept = beats.times_ns[~missing.contains(beats.times_ns)]
    _, epochs = values(series(kept), Episode("SF", 0, 180 * S), missing)
    assert [str(epoch.status) for epoch in epochs] == [
        "OK", "OK", "MISS_TECH", "MISS_LOWCOV", "OK", "OK",
    ]  # fmt: skip
    assert epochs[2].edited_share == 1


@given(st.integers(-(10**15), 10**15))
def test_a_shift_of_all_times_changes_nothing(shift_ns):
    beats = record(duration_s=70)
    moved = series(beats.times_ns + shift_ns)
    here = heart_epochs(beats, [(0, 30 * S), (30 * S, 60 * S)], NOTHING, PARAMS)
    windows = [(shift_ns, 30 * S + shift_ns), (30 * S + shift_ns, 60 * S + shift_ns)]
    there = heart_epochs(moved, windows, NOTHING, PARAMS)
    assert [e.rsa_ln_ms2 for e in there] == [e.rsa_ln_ms2 for e in here]
    assert [e.rmssd_ms for e in there] == [e.rmssd_ms for e in here]


@given(st.lists(st.integers(0, 3), min_size=3, max_size=60), st.integers(0, 2**32 - 1))
def test_no_flags_and_no_gaps_break_it(flag_list, seed):
    rng = np.random.default_rng(seed)
    ibi = rng.choice([60.0, 250, 400, 430, 800, 2500, 9000], len(flag_list) - 1)
    times = np.rint(np.concatenate(([0], np.cumsum(ibi))) * 1e6).astype(np.int64)
    beats = series(times, np.array(flag_list, np.uint8))
    end = int(times[-1]) + 1
    summaries, epochs = heart_summaries(beats, [Episode("PL", 0, end)], NOTHING, PARAMS)
    for value in summaries[0].values:
        assert 0 <= value.coverage <= 1 + 1e-12
    assert all(0 <= epoch.edited_share <= 1 for epoch in epochs)
