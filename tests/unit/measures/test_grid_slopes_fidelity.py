"""State-space grids, slopes within an episode, breaches of the still face."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import worked_examples as we
from stillface.domain.protocol import EpisodeSpec, Protocol, Role
from stillface.domain.results import Status
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.measures.fidelity import Fidelity
from stillface.measures.slices import pair_slices
from stillface.measures.slopes import Slopes, slope_pct_per_min
from stillface.measures.state_space import Grid, StateSpace, dispersion, entropy_nat, grid_of

S = we.S
PLAIN = CodingScheme("plain", (Code("x"), Code("y"), Code("usc", gap=True)))


def plain(role: str, text: str) -> StateTrack:
    names = {"x": "x", "y": "y", "u": "usc"}
    return we.track(PLAIN, role, [(names[c], t, t + 1) for t, c in enumerate(text)])


def grid(infant: str, caregiver: str) -> Grid:
    session = we.session(Episode("RE", 0, len(infant) * S))
    tracks = (plain("infant", infant), plain("caregiver", caregiver))
    return grid_of(next(p for p in pair_slices(session, tracks) if p.first.spec.id == "RE"))


def test_dispersion_runs_from_one_cell_to_all() -> None:
    assert dispersion([5.0, 0, 0, 0]) == 0.0
    assert dispersion([1.0, 1, 1, 1]) == 1.0
    assert dispersion([3.0]) is None
    assert dispersion([0.0, 0.0]) is None
    assert entropy_nat([2.0, 2.0, 0.0]) == pytest.approx(np.log(2))


def test_a_region_is_left_only_when_all_its_cells_are() -> None:
    found = grid("xyxxyyx", "xxxyyyx")
    region = np.array([[True, False], [True, False]])
    # In at 0 to 3 (moving within), away 3 to 6, back at 6.
    assert found.return_times_s(region) == (3.0,)
    assert found.return_times_s(~region) == ()


def test_a_gap_inside_a_stay_makes_the_return_unknown() -> None:
    both = np.array([[True, False], [False, False]])
    assert grid("xxuxx", "xxxxx").return_times_s(both) == (None,)
    assert grid("xyuyxyx", "xxxxxxx").return_times_s(both) == (None, 1.0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xyu"), st.sampled_from("xyu")), min_size=2, max_size=30))
def test_a_grid_equals_a_walk(seconds: list[tuple[str, str]]) -> None:
    infant, caregiver = ("".join(side) for side in zip(*seconds, strict=True))
    joint = [None if "u" in pair else pair for pair in seconds]
    if not any(joint):
        return
    found = grid(infant, caregiver)
    assert found.durations_s.sum() == sum(cell is not None for cell in joint)
    starts = [k for k, cell in enumerate(joint) if cell and (k == 0 or joint[k - 1] != cell)]
    assert int(found.visits.sum()) == len(starts)
    moves = sum(a is not None and b is not None and a != b for a, b in itertools.pairwise(joint))
    assert found.n_transitions == moves
    for row, a in enumerate("xy"):
        for column, b in enumerate("xy"):
            assert found.durations_s[row, column] == joint.count((a, b))


def test_grid_rows_where_nothing_can_be_measured() -> None:
    tracks = (plain("infant", "xuxu"), plain("caregiver", "uxux"))
    rows = list(StateSpace()(we.session(Episode("RE", 0, 4 * S)), tracks))
    assert {r.status for r in rows if r.episode_id == "RE"} == {Status.MISS_UNSCORABLE}
    still = list(StateSpace()(we.session(Episode("SF", 0, 4 * S)), tracks))
    assert {r.status for r in still if r.episode_id == "SF"} == {Status.NA_STRUCT}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("xyu"), min_size=3, max_size=20))
def test_slope_equals_least_squares_on_a_fine_grid(letters: list[str]) -> None:
    text = "".join(letters)
    if text.count("u") == len(text):
        return
    track = plain("infant", text).merged()
    found = slope_pct_per_min(track, track.codes == 0)
    t = (np.arange(len(text) * 400) + 0.5) / 400
    on = np.repeat([c == "x" for c in text], 400).astype(float)
    seen = np.repeat([c != "u" for c in text], 400)
    expected = np.polyfit(t[seen] / 60, 100 * on[seen], 1)[0]
    assert found == pytest.approx(expected, rel=1e-3, abs=0.05)


def test_slope_rows() -> None:
    session = we.session(Episode("RE", 10 * S, 70 * S))
    track = we.track(PLAIN, "infant", [("x", 10, 40), ("y", 40, 70)])
    rows = {r.code: r for r in Slopes()(session, (track,)) if r.episode_id == "RE"}
    # Half of a minute each: the line falls by 150 points a minute.
    assert rows["x"].value == pytest.approx(-150.0)
    assert rows["y"].value == pytest.approx(150.0)
    assert rows["x"].unit == "%/min"


def test_a_constant_has_no_slope_at_all() -> None:
    """Not a billionth of one: on throughout, in thirds of a second, in a gap's neighbourhood, or never."""
    session = we.session(Episode("RE", 0, 19 * S))
    track = we.track(PLAIN, "infant", [("x", 0, 1 / 3), ("x", 1 / 3, 7.1), ("usc", 7.1, 9), ("x", 9, 19)])
    rows = {r.code: r for r in Slopes()(session, (track,)) if r.episode_id == "RE"}
    assert (rows["x"].value, rows["y"].value) == (0.0, 0.0)


BREACH = CodingScheme(
    "sf_breach", (Code("none"), Code("smile"), Code("speak"), Code("usc", gap=True)), default_code="none"
)
STILL = Protocol(
    "still",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (
        EpisodeSpec("PL", "interaction"),
        EpisodeSpec("SF", "perturbation", dyadic=False, fidelity_scheme="sf_breach"),
    ),
)


def breaches(bouts: list[tuple[str, float, float]]) -> dict[str, object]:
    session = Session("s", "d", STILL, (Episode("PL", 0, 10 * S), Episode("SF", 10 * S, 50 * S)))
    track = we.track(BREACH, "caregiver", bouts)
    rows = list(Fidelity()(session, (track,)))
    assert {row.episode_id for row in rows} == {"SF"}
    return {row.measure: row for row in rows}


def test_breaches_are_counted_and_flagged() -> None:
    rows = breaches(
        [
            ("none", 0, 20),
            ("smile", 20, 22),
            ("speak", 22, 23),
            ("none", 23, 30),
            ("usc", 30, 40),
            ("smile", 40, 43),
            ("none", 43, 50),
        ]
    )
    assert rows["breach_pct"].value == pytest.approx(20.0)
    assert rows["breach_pct"].scorable_s == 30.0
    assert (rows["n_breach"].value, rows["n_breach"].flags) == (2.0, ("breached", "low_coverage"))
    assert {(row.n, row.flags) for row in rows.values()} == {(2, ("breached", "low_coverage"))}


def test_a_still_face_that_was_still() -> None:
    rows = breaches([("smile", 0, 10), ("none", 10, 50)])
    assert (rows["breach_pct"].value, rows["n_breach"].value, rows["n_breach"].flags) == (0.0, 0.0, ())


def test_no_word_about_a_still_face_nobody_coded() -> None:
    rows = breaches([("smile", 0, 10)])
    assert {row.status for row in rows.values()} == {Status.MISS_NOTCODED}
