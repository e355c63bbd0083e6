"""Agreement on events without duration: by hand, and against trying every alignment."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.agreement.align_events import EventRule
from stillface.agreement.points import point_kappa, positive_agreement
from stillface.domain.events import PointEvents
from stillface.domain.intervals import Intervals
from stillface.domain.scheme import Code, CodingScheme
from stillface.errors import FieldError

S = 10**9
SCHEME = CodingScheme("events", (Code("bid"), Code("accepted"), Code("refused")), type="point")
RULE = EventRule(onset_ns=2 * S)
Events = list[tuple[int, int]]


def coded(events: Events, coder: str = "A", unwatched: Intervals | None = None) -> PointEvents:
    times, codes = (np.array([row[k] for row in events], dtype=np.int64) for k in (0, 1))
    watched = PointEvents.watched_except(unwatched or Intervals.empty())
    return PointEvents(SCHEME, "infant", f"human:{coder}", times * S, codes.astype(np.int16), watched)


def test_by_hand() -> None:
    """Four agreed, one confused, one of the first alone, none of the second."""
    a = coded([(1, 0), (5, 1), (10, 0), (20, 2), (30, 1), (40, 0)])
    b = coded([(2, 0), (5, 1), (11, 0), (21, 1), (32, 1)], "B")
    found = point_kappa(a, b, RULE)
    assert (found.n_agreed, found.n_confused, found.n_only_first, found.n_only_second) == (4, 1, 1, 0)
    assert found.pairs.tolist() == [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]
    # Rows bid 3, accepted 2, refused 1, nil 0; columns 2, 3, 0, nil 1; e_ij = r_i c_j 5 / (6 x 5).
    expected = (3 * 2 + 2 * 3 + 1 * 0) * 5 / (6 * 5) / 6
    assert found.expected == pytest.approx(expected)
    assert found.kappa == pytest.approx((4 / 6 - expected) / (1 - expected))
    assert positive_agreement(found.table, 0) == pytest.approx(2 * 2 / (3 + 2))
    assert positive_agreement(found.table, 2) == 0
    assert positive_agreement(np.zeros((4, 4), np.int64), 1) is None


def test_the_tolerance_is_a_limit_on_both_sides() -> None:
    for moved, n_agreed in ((2, 1), (3, 0)):
        for first, second in (((10, 0), (10 + moved, 0)), ((10, 0), (10 - moved, 0))):
            assert point_kappa(coded([first]), coded([second], "B"), RULE).n_agreed == n_agreed


def test_what_the_other_did_not_watch_is_no_omission() -> None:
    gap = Intervals(np.array([15 * S]), np.array([45 * S]))
    a = coded([(1, 0), (20, 1), (30, 2), (50, 1)])
    b = coded([(1, 0), (50, 1)], "B", gap)
    found = point_kappa(a, b, RULE)
    assert (found.n_agreed, found.n_only_first, found.kappa) == (2, 0, 1)


def test_one_code_has_no_kappa_but_agreement_on_presence() -> None:
    found = point_kappa(coded([(1, 0), (10, 0), (20, 0)]), coded([(1, 0), (11, 0), (40, 0)], "B"), RULE)
    assert found.kappa is None
    assert found.reason == "one code only: chance says nothing, read agreement on presence"
    assert positive_agreement(found.table, 0) == pytest.approx(2 * 2 / 6)
    nothing = point_kappa(coded([]), coded([], "B"), RULE)
    assert (nothing.kappa, nothing.agreement) == (None, None)
    assert nothing.reason


def test_two_schemes_are_refused() -> None:
    other = CodingScheme("other", (Code("x"),), type="point")
    strange = PointEvents(other, "infant", "human:B", np.array([S]), np.array([0], np.int16))
    with pytest.raises(FieldError, match="two schemes"):
        point_kappa(coded([(1, 0)]), strange)


def cost_of_best(a: Events, b: Events) -> float:
    """Try every alignment in order."""
    best = float("inf")
    for n in range(min(len(a), len(b)) + 1):
        for one in combinations(range(len(a)), n):
            for other in combinations(range(len(b)), n):
                pairs = [(a[i], b[j]) for i, j in zip(one, other, strict=True)]
                if all(abs(x[0] - y[0]) <= 2 for x, y in pairs):
                    cost = sum(0.0 if x[1] == y[1] else 1.0 for x, y in pairs)
                    best = min(best, cost + 1.2 * (len(a) + len(b) - 2 * n))
    return best


few = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=5, unique_by=lambda e: e[0]).map(
    sorted
)


@settings(deadline=None, max_examples=150)
@given(a=few, b=few)
def test_no_alignment_costs_less(a: Events, b: Events) -> None:
    found = point_kappa(coded(a), coded(b, "B"), RULE)
    alone = found.n_only_first + found.n_only_second
    assert found.n_confused + 1.2 * alone == pytest.approx(cost_of_best(a, b))
    turned = point_kappa(coded(b), coded(a, "B"), RULE)
    assert (turned.n_agreed, turned.n_confused) == (found.n_agreed, found.n_confused)
    assert found.kappa is None or found.kappa <= 1 + 1e-12
