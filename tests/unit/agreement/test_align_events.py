"""Event alignment against plain dynamic programming over the whole matrix, and its rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.agreement.align_events import (
    EventRule,
    align_bouts,
    event_kappa,
    nil_kappa,
    overlapping,
    scored_by_both,
)
from stillface.domain.clock import NS_PER_S
from stillface.domain.states import Bouts, StateTrack
from stillface.errors import FieldError
from stillface.testing.strategies import AFFECT, state_tracks

S = NS_PER_S


def track(*bouts: tuple[float, float, str], coder: str = "A") -> StateTrack:
    onsets, offsets, codes = zip(*bouts, strict=True)
    ns = [np.rint(np.array(times) * S).astype(np.int64) for times in (onsets, offsets)]
    return StateTrack.from_bouts(AFFECT, "infant", f"human:{coder}", *ns, codes)


def may_pair(a: Bouts, i: int, b: Bouts, j: int, rule: EventRule) -> bool:
    if abs(int(a.onsets_ns[i]) - int(b.onsets_ns[j])) <= rule.onset_ns:
        return True
    shared = min(a.offsets_ns[i], b.offsets_ns[j]) - max(a.onsets_ns[i], b.onsets_ns[j])
    return bool(shared >= rule.overlap * max(a.durations_ns[i], b.durations_ns[j]))


def cheapest(a: Bouts, b: Bouts, rule: EventRule) -> float:
    """Cost by the textbook matrix."""
    n, m = a.codes.size, b.codes.size
    cost = np.zeros((n + 1, m + 1))
    cost[:, 0], cost[0] = np.arange(n + 1) * rule.gap, np.arange(m + 1) * rule.gap
    for i in range(n):
        for j in range(m):
            cost[i + 1, j + 1] = min(cost[i, j + 1], cost[i + 1, j]) + rule.gap
            if may_pair(a, i, b, j, rule):
                pair = 0 if a.codes[i] == b.codes[j] else rule.substitution
                cost[i + 1, j + 1] = min(cost[i + 1, j + 1], cost[i, j] + pair)
    return float(cost[n, m])


def cost_of(a: Bouts, b: Bouts, pairs: np.ndarray, rule: EventRule) -> float:
    wrong = int((a.codes[pairs[:, 0]] != b.codes[pairs[:, 1]]).sum())
    return wrong * rule.substitution + (a.codes.size + b.codes.size - 2 * len(pairs)) * rule.gap


COSTS = st.sampled_from([(1.0, 1.2), (3.5, 2.0), (0.0, 0.5), (0.1, 4.0)])


@settings(deadline=None)
@given(state_tracks(AFFECT), state_tracks(AFFECT), st.sampled_from([0, 2 * S, 60 * S, 500 * S]), COSTS)
def test_cost_is_that_of_the_full_matrix(
    one: StateTrack, other: StateTrack, onset_ns: int, costs: tuple[float, float]
) -> None:
    rule = EventRule(onset_ns=onset_ns, substitution=costs[0], gap=costs[1])
    a, b = one.bouts(), other.bouts()
    pairs = align_bouts(a, b, rule)
    assert (np.diff(pairs, axis=0) > 0).all()
    assert all(may_pair(a, i, b, j, rule) for i, j in pairs.tolist())
    assert cost_of(a, b, pairs, rule) == pytest.approx(cheapest(a, b, rule))


@settings(deadline=None)
@given(state_tracks(AFFECT), state_tracks(AFFECT))
def test_kappa_is_symmetric(one: StateTrack, other: StateTrack) -> None:
    there, back = event_kappa(one, other), event_kappa(other, one)
    assert there.kappa == (pytest.approx(back.kappa) if back.kappa is not None else None)


@settings(deadline=None)
@given(state_tracks(AFFECT), st.integers(-(10**12), 10**12))
def test_a_track_agrees_with_itself_whenever_it_was(one: StateTrack, by_ns: int) -> None:
    found = event_kappa(one.shift(by_ns), one.shift(by_ns))
    assert found.kappa in (None, 1.0)
    assert found.n_agreed == one.bouts().codes.size


def test_a_bout_the_other_could_not_see_is_no_omission() -> None:
    a = track((0, 5, "neu"), (5, 7, "pos"), (7, 12, "neu"))
    b = track((0, 5, "neu"), (5, 7, "usc"), (7, 12, "neu"), coder="B")
    found = event_kappa(a, b)
    assert (found.n_agreed, found.n_only_first, found.n_only_second) == (2, 0, 0)
    one, other = scored_by_both(a, b)
    assert one.scorable_ns == other.scorable_ns == 10 * S


def test_different_codes_far_apart_are_two_bouts_and_not_one_confusion() -> None:
    a, b = track((0, 2, "neg"), (30, 32, "neu")), track((0, 2, "neg"), (20, 22, "pos"), coder="B")
    whole = [track(*(t for t in rows), coder=c) for rows, c in (
        ([(0, 2, "neg"), (2, 30, "neu"), (30, 40, "neg")], "A"),
        ([(0, 2, "neg"), (2, 20, "neu"), (20, 40, "pos")], "B"),
    )]  # fmt: skip
    found = event_kappa(*whole)
    assert (found.n_agreed, found.n_confused, found.n_only_first, found.n_only_second) == (2, 0, 1, 1)
    assert event_kappa(a, b).n_confused == 0


def test_overlap_pairs_bouts_whose_onsets_are_far_apart() -> None:
    a, b = track((0, 100, "neu"), (100, 101, "pos")), track((15, 100, "neu"), (100, 101, "pos"), coder="B")
    assert len(align_bouts(a.bouts(), b.bouts(), EventRule())) == 2
    assert len(align_bouts(a.bouts(), b.bouts(), EventRule(overlap=0.9))) == 1


@pytest.mark.parametrize(("onsets", "partner"), [((9, 11.5), 0), ((8.5, 11), 1)])
def test_of_two_equally_cheap_partners_the_nearer_onset_wins(
    onsets: tuple[float, float], partner: int
) -> None:
    lonely = track((10, 10.4, "neu")).bouts()
    two = track(*((t, t + 0.4, "neu") for t in onsets), coder="B").bouts()
    assert align_bouts(lonely, two, EventRule()).tolist() == [[0, partner]]
    assert align_bouts(two, lonely, EventRule()).tolist() == [[partner, 0]]


@pytest.mark.parametrize(("onset", "offset"), [(3.5, 10), (0, 6.5), (-3.5, 10), (0, 13.5)])
def test_bouts_that_share_two_thirds_overlap_wherever_the_rest_lies(onset: float, offset: float) -> None:
    one, other = track((20, 30, "neu")).bouts(), track((20 + onset, 20 + offset, "neu")).bouts()
    assert overlapping(one, other, 0.64).tolist() == [[0, 0]]
    assert overlapping(other, one, 0.64).tolist() == [[0, 0]]
    assert overlapping(one, other, 0.8).tolist() == []


def test_a_substitution_is_favoured_over_two_gaps() -> None:
    found = event_kappa(track((0, 4, "neu"), (4, 8, "pos")), track((0, 4, "neu"), (4, 8, "neg"), coder="B"))
    assert (found.n_agreed, found.n_confused, found.n_only_first) == (1, 1, 0)
    assert (found.table.dtype, found.pairs.tolist()) == (np.int64, [[0, 0], [1, 1]])


def proportional_fitting(table: np.ndarray) -> np.ndarray:
    fitted = np.ones_like(table)
    fitted[-1, -1] = 0
    for _ in range(20_000):
        for axis in (1, 0):
            sums = fitted.sum(axis=axis, keepdims=True)
            wanted = table.sum(axis=axis, keepdims=True)
            fitted *= np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
    return fitted


@given(st.lists(st.lists(st.integers(1, 20), min_size=4, max_size=4), min_size=4, max_size=4))
@settings(deadline=None, max_examples=15)
def test_expected_is_what_proportional_fitting_converges_to(cells: list[list[int]]) -> None:
    table = np.array(cells, dtype=float)
    table[-1, -1] = 0
    fitted = proportional_fitting(table)
    assert nil_kappa(table)[2] == pytest.approx(np.trace(fitted) / table.sum(), rel=1e-6)


def test_undefined_says_why() -> None:
    neutral = track((0, 5, "neu"))
    assert event_kappa(neutral, neutral).reason == "both used one and the same code throughout"
    apart = event_kappa(neutral, track((9, 12, "neu"), coder="B"))
    assert (apart.kappa, apart.reason) == (None, "no bout that both could have scored")
    assert nil_kappa([[0, 3], [2, 0]])[:3] == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("rule", [{"overlap": 0.5}, {"onset_ns": -1}, {"substitution": 2.4}])
def test_rules_without_sense_are_refused(rule: dict[str, float]) -> None:
    with pytest.raises(FieldError):
        EventRule(**rule)  # type: ignore[arg-type]


def test_five_thousand_bouts_each_are_aligned() -> None:
    rng = np.random.default_rng(1)

    def long_track(edges_ms: np.ndarray) -> StateTrack:
        codes = np.cumsum(rng.integers(1, 3, edges_ms.size - 1)) % 3
        return StateTrack(AFFECT, "infant", "human:A", edges_ms * 10**6, codes.astype(np.int16))

    edges = np.cumsum(rng.integers(100, 1300, 5001))
    a, b = long_track(edges), long_track(np.unique(edges + rng.integers(-400, 400, edges.size)))
    found = event_kappa(a, b)
    assert found.table.sum() > 4000
