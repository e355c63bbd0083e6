"""Random tracks are what their own record says; strategies reach the cases they promise."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import UNCODED, StateTrack
from stillface.errors import FieldError
from stillface.testing.dyads import code_rows, episode_rows, random_episodes, random_track
from stillface.testing.strategies import AFFECT, episodes, intervals, schemes, state_tracks, track_pairs


def transitions_of(track: StateTrack) -> dict[tuple[str, str], int]:
    """Count, bout by bout and by hand, which code followed which without gap."""
    counted: dict[tuple[str, str], int] = {}
    before = None
    for code in track.merged().codes.tolist():
        name = None if code == UNCODED or track.scheme.codes[code].gap else track.scheme.code_ids[code]
        if before is not None and name is not None:
            counted[before, name] = counted.get((before, name), 0) + 1
        before = name
    return counted


@given(seed=st.integers(0, 10**6), gap_share=st.sampled_from([0.0, 0.2, 0.6]))
@settings(max_examples=40, deadline=None)
def test_a_random_track_has_the_transitions_and_times_on_record(seed: int, gap_share: float) -> None:
    drawn = random_track(AFFECT, "infant", np.random.default_rng(seed), gap_share=gap_share, mean_bout_s=2.0)
    assert transitions_of(drawn.track) == drawn.transitions
    for code, time_ns in drawn.time_ns.items():
        held = drawn.track.codes == AFFECT.index(code)
        assert drawn.track.durations_ns[held].sum() == time_ns
    assert (drawn.track.onset_ns, drawn.track.offset_ns) == (0, 120 * NS_PER_S)
    if gap_share == 0:
        assert drawn.track.scorable_ns == 120 * NS_PER_S


def test_the_seed_decides_everything() -> None:
    tracks = [random_track(AFFECT, "infant", np.random.default_rng(seed)).track for seed in (1, 1, 2)]
    np.testing.assert_array_equal(tracks[0].edges_ns, tracks[1].edges_ns)
    np.testing.assert_array_equal(tracks[0].codes, tracks[1].codes)
    assert not np.array_equal(tracks[0].edges_ns, tracks[2].edges_ns)


def test_a_scheme_without_two_codes_to_change_between_is_refused() -> None:
    lone = CodingScheme("lone", (Code("a"), Code("usc", gap=True)))
    with pytest.raises(FieldError, match="lone"):
        random_track(lone, "infant", np.random.default_rng(0))
    with pytest.raises(FieldError, match="empty stretch"):
        random_track(AFFECT, "infant", np.random.default_rng(0), offset_ns=0)


def test_rows_give_the_track_back() -> None:
    track = random_track(AFFECT, "infant", np.random.default_rng(3)).track
    rows = list(code_rows(track, dyad_id="D1", session_id="S1"))
    again = StateTrack.from_bouts(
        AFFECT,
        "infant",
        track.source,
        [round(float(str(row["onset_s"])) * NS_PER_S) for row in rows],
        [round(float(str(row["offset_s"])) * NS_PER_S) for row in rows],
        [str(row["code"]) for row in rows],
        span_ns=(track.onset_ns, track.offset_ns),
    ).merged()
    np.testing.assert_array_equal(again.edges_ns, track.merged().edges_ns)
    np.testing.assert_array_equal(again.codes, track.merged().codes)


def test_random_episodes_are_in_order_and_near_their_nominal_length() -> None:
    drawn = random_episodes(np.random.default_rng(5), nominal_s=40.0)
    assert [e.id for e in drawn] == ["PL", "SF", "RE"]
    for episode in drawn:
        assert 36e9 <= episode.duration_ns <= 44e9
    assert all(a.offset_ns <= b.onset_ns for a, b in pairwise(drawn))
    rows = list(episode_rows(drawn, session_id="S1"))
    assert [r["onset_s"] for r in rows] == [e.onset_ns / NS_PER_S for e in drawn]


@given(track_pairs(), intervals(), episodes())
@settings(max_examples=30, deadline=None)
def test_strategies_draw_valid_objects_of_the_promised_roles(pair, spans, drawn) -> None:
    assert [t.role for t in pair] == ["infant", "caregiver"]
    assert spans.total_ns >= 0
    assert [e.id for e in drawn] == ["PL", "SF", "RE"]


@pytest.mark.parametrize(
    ("strategy", "case"),
    [
        (state_tracks(AFFECT), lambda t: UNCODED in t.codes),
        (state_tracks(AFFECT), lambda t: bool(np.any(t.codes[1:] == t.codes[:-1]))),
        (state_tracks(AFFECT), lambda t: AFFECT.index("usc") in t.codes),
        (intervals(), lambda i: len(i) == 0),
        (intervals(), lambda i: bool(np.any(i.onsets_ns[1:] == i.offsets_ns[:-1]))),
        (episodes(), lambda e: e[0].offset_ns == e[1].onset_ns),
        (episodes(), lambda e: e[0].offset_ns < e[1].onset_ns),
        (schemes(), lambda s: bool(s.gap_mask.any())),
    ],
    ids=[
        "uncoded",
        "repeated code",
        "gap code",
        "no interval",
        "touching",
        "no break",
        "break",
        "gap scheme",
    ],
)
def test_strategies_reach_the_awkward_cases(strategy, case) -> None:
    quick = settings(phases=[Phase.generate], max_examples=2000, database=None)
    assert case(find(strategy, case, settings=quick))
