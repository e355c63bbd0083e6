"""The draw is random, spread, seeded and stays; labels and drift."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.agreement.plan import draw, drift, label
from stillface.errors import FieldError

STRATA = {
    f"s{k:03d}": ("preterm" if k % 3 == 0 else "term", "north" if k % 2 else "south") for k in range(60)
}


def test_every_stratum_gives_its_share() -> None:
    drawn = draw(STRATA, 0.2, seed=1)
    assert len(drawn) == 12
    assert Counter(STRATA[name] for name in drawn) == {
        ("preterm", "north"): 2, ("preterm", "south"): 2, ("term", "north"): 4, ("term", "south"): 4,
    }  # fmt: skip


@given(
    st.dictionaries(st.text("abc", min_size=1), st.tuples(st.sampled_from("xyz")), min_size=1, max_size=30),
    st.floats(0, 1),
    st.integers(0, 5),
)
def test_number_and_spread(strata: dict[str, tuple[str, ...]], share: float, seed: int) -> None:
    drawn = draw(strata, share, seed)
    assert len(drawn) == pytest.approx(share * len(strata), abs=1)
    assert len(drawn) >= share * len(strata) - 1e-6
    sizes, taken = Counter(strata.values()), Counter(strata[name] for name in drawn)
    assert all(abs(taken[stratum] - share * sizes[stratum]) <= 1 for stratum in sizes)
    assert draw(dict(reversed(strata.items())), share, seed) == drawn


def test_chance_decides_and_the_seed_repeats_it() -> None:
    picks = Counter(name for seed in range(300) for name in draw(STRATA, 0.2, seed))
    assert set(picks) == set(STRATA)
    assert max(picks.values()) < 3 * min(picks.values())
    assert draw(STRATA, 0.2, 7) == draw(STRATA, 0.2, 7)


def test_what_was_drawn_stays_when_the_study_grows() -> None:
    first = draw(dict(list(STRATA.items())[:20]), 0.2, seed=3)
    later = draw(STRATA, 0.2, seed=3, already=first)
    assert set(first) <= set(later)
    assert len(later) == 12
    with pytest.raises(FieldError, match="not there"):
        draw(STRATA, 0.2, 3, already=("gone",))
    with pytest.raises(FieldError, match="not a share"):
        draw(STRATA, 1.2, 3)


@pytest.mark.parametrize(
    ("kappa", "word"),
    [(0.59, "below acceptable"), (0.6, "acceptable"), (0.7, "good"), (1.0, "good"), (None, "")],
)
def test_labels(kappa: float | None, word: str) -> None:
    assert label(kappa, {"acceptable": 0.6, "good": 0.7}) == word
    assert label(0.9, {}) == ""


def test_drift_is_told_from_the_months_before() -> None:
    good, bad = np.array([[50, 2], [3, 45]]), np.array([[40, 12], [14, 34]])
    months = {"2024-03": [bad], "2024-01": [good, good], "2024-02": [good], "2024-04": [good]}
    found = drift(months, drop=0.1)
    assert [month.month for month in found] == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert [month.drifted for month in found] == [False, False, True, False]
    assert (found[0].earlier, found[0].n_sessions) == (None, 2)
    assert found[3].earlier == pytest.approx(found[2].earlier)  # the drifted month is no standard
    assert not any(month.drifted for month in drift(months, drop=0.6))
