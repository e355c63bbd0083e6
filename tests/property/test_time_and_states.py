"""Time is exact, and how a stream is cut into bouts or where its clock starts changes nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.clock import ClockMap, FrameClock, SampleClock, ns_to_s, s_to_ns
from stillface.domain.intervals import Intervals
from stillface.domain.states import UNCODED, StateTrack, align
from stillface.measures.transitions import transition_counts
from stillface.testing.strategies import AFFECT, intervals, state_tracks

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60000, 1001)]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.2f}")
@given(frame=st.integers(0, 3599))
def test_frame_and_time_round_trip_at_constant_rates(rate: Fraction, frame: int) -> None:
    clock = FrameClock.constant(3600, rate)
    onset = clock.onset_ns(frame)
    assert clock.frame_at(onset) == frame
    assert clock.frame_at(onset - 1) == (frame - 1 if frame else None)
    assert onset == frame * rate.denominator * 10**9 // rate.numerator


@given(
    steps=st.lists(st.integers(1, 9000), min_size=2, max_size=200),
    start=st.integers(-90000, 90000),
    data=st.data(),
)
def test_frame_and_time_round_trip_on_variable_rate(
    steps: list[int], start: int, data: st.DataObject
) -> None:
    pts = np.cumsum([start, *steps])
    clock = FrameClock.from_pts(pts, Fraction(1, 90000))
    frame = data.draw(st.integers(0, clock.n_frames - 1))
    inside = data.draw(st.integers(clock.onset_ns(frame), int(clock.edges_ns[frame + 1]) - 1))
    assert clock.frame_at(inside) == frame
    assert clock.frames_at(clock.edges_ns[:-1]).tolist() == list(range(clock.n_frames))


def test_a_frame_ends_where_the_next_begins_over_two_hours() -> None:
    clock = FrameClock.constant(2 * 3600 * 30, Fraction(30000, 1001))
    assert int(np.diff(clock.edges_ns).min()) == 33_366_666
    assert int(np.diff(clock.edges_ns).max()) == 33_366_667


@given(
    rate=st.sampled_from(
        [Fraction(250), Fraction(1000), Fraction(1000, 3), Fraction(199), Fraction("198.95")]
    ),
    sample=st.integers(0, 10**7),
    start=st.integers(-(10**12), 10**12),
)
def test_sample_and_time_round_trip(rate: Fraction, sample: int, start: int) -> None:
    clock = SampleClock(start, rate, 10**7 + 1)
    time_ns = int(clock.time_ns(sample))
    assert time_ns == start + sample * rate.denominator * 10**9 // rate.numerator
    assert clock.sample_at(time_ns) == sample
    assert clock.sample_at(time_ns - 1) == (sample - 1 if sample else None)


@given(
    local=st.integers(-(10**13), 10**13),
    offset=st.integers(-(10**12), 10**12),
    drift=st.floats(-10_000, 10_000),
)
def test_clock_map_comes_back_within_a_nanosecond(local: int, offset: int, drift: float) -> None:
    clock_map = ClockMap(offset, drift, "marks", 3)
    there = clock_map.to_session(local)
    assert abs(int(clock_map.to_local(int(there))) - local) <= 1


@given(st.integers(-(10**15), 10**15))
def test_seconds_and_nanoseconds_round_trip(ns: int) -> None:
    assert s_to_ns(ns_to_s(ns)) == ns


@given(intervals(), st.integers(-(10**12), 10**12))
def test_shifting_intervals_changes_no_duration(spans: Intervals, by_ns: int) -> None:
    assert spans.shift(by_ns).durations_ns.tolist() == spans.durations_ns.tolist()


@given(intervals(), intervals())
def test_intersection_union_and_difference_add_up(a: Intervals, b: Intervals) -> None:
    both = a.intersect(b)
    assert a.union(b).total_ns == a.total_ns + b.total_ns - both.total_ns
    assert a.minus(b).total_ns == a.total_ns - both.total_ns
    assert both == b.intersect(a)


@given(state_tracks(AFFECT), st.integers(-(10**12), 10**12))
def test_shifting_a_track_changes_no_bout(track: StateTrack, by_ns: int) -> None:
    bouts, shifted = track.bouts(), track.shift(by_ns).bouts()
    assert shifted.durations_ns.tolist() == bouts.durations_ns.tolist()
    assert shifted.codes.tolist() == bouts.codes.tolist()


@given(state_tracks(AFFECT), st.data())
def test_splitting_a_bout_changes_no_bout_and_no_transition(track: StateTrack, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, track.codes.size - 1))
    low, high = int(track.edges_ns[k]), int(track.edges_ns[k + 1])
    if high - low < 2:
        return
    cut = data.draw(st.integers(low + 1, high - 1))
    split = replace(
        track, edges_ns=np.insert(track.edges_ns, k + 1, cut), codes=np.insert(track.codes, k, track.codes[k])
    )
    assert split.bouts().onsets_ns.tolist() == track.bouts().onsets_ns.tolist()
    assert split.merged().edges_ns.tolist() == track.merged().edges_ns.tolist()
    assert transition_counts(split).tolist() == transition_counts(track).tolist()


@given(state_tracks(AFFECT), st.data())
def test_a_gap_never_makes_a_transition(track: StateTrack, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, track.codes.size - 1))
    codes = track.codes.copy()
    codes[k] = data.draw(st.sampled_from([UNCODED, AFFECT.index("usc")]))
    with_gap = replace(track, codes=codes)
    assert bool(np.all(transition_counts(with_gap) <= transition_counts(track)))


@given(state_tracks(AFFECT), state_tracks(AFFECT, "caregiver"))
def test_align_loses_no_time_and_no_code(a: StateTrack, b: StateTrack) -> None:
    both = align(a, b)
    for row, track in enumerate((a, b)):
        for code in range(UNCODED + 1, len(AFFECT.codes)):
            expected = int(track.durations_ns[track.codes == code].sum())
            assert int(both.durations_ns[both.codes[row] == code].sum()) == expected


@given(state_tracks(AFFECT), st.integers(0, 10**12), st.integers(1, 10**12))
def test_clip_covers_exactly_what_was_asked(track: StateTrack, onset: int, length: int) -> None:
    cut = track.clip(onset, onset + length)
    assert (cut.onset_ns, cut.offset_ns) == (onset, onset + length)
    inside = Intervals.from_mask(track.edges_ns, track.scorable).intersect(
        Intervals(np.array([onset]), np.array([onset + length]))
    )
    assert cut.scorable_ns == inside.total_ns


def test_short_bouts_merge_into_the_one_before() -> None:
    track = StateTrack.from_bouts(
        AFFECT,
        "infant",
        "human:AB",
        [0, 2_000_000_000, 2_400_000_000],
        [2_000_000_000, 2_400_000_000, 5_000_000_000],
        ["neu", "pos", "neu"],
    )
    merged = track.absorb_short(1_000_000_000)
    assert merged.edges_ns.tolist() == [0, 5_000_000_000]
    assert [AFFECT.code_ids[code] for code in merged.codes] == ["neu"]


def test_a_short_first_bout_merges_into_the_following_and_never_into_a_gap() -> None:
    s = 1_000_000_000
    track = StateTrack.from_bouts(
        AFFECT, "infant", "human:AB", [0, s // 2, 4 * s], [s // 2, 3 * s, 4 * s + 1], ["pos", "neu", "neg"]
    )
    merged = track.absorb_short(s)
    assert merged.edges_ns.tolist() == [0, 3 * s, 4 * s, 4 * s + 1]
    assert [int(code) for code in merged.codes] == [AFFECT.index("neu"), UNCODED, AFFECT.index("neg")]
