"""Alpha, ICC and the bootstrap: known relations, missing codes, undefined cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.agreement.alpha import krippendorff_alpha, time_alpha
from stillface.agreement.bootstrap import bootstrap, kappa_interval
from stillface.agreement.icc import icc
from stillface.agreement.kappa import kappa_from_confusion
from stillface.domain.clock import NS_PER_S
from stillface.domain.states import StateTrack
from stillface.errors import FieldError
from stillface.testing.strategies import AFFECT

CODES = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=25)


@settings(deadline=None)
@given(CODES)
def test_counts_stand_for_repeated_units(units: list[tuple[int, int]]) -> None:
    codes = np.array(units).T
    counts = np.arange(codes.shape[1]) % 3 + 1
    repeated = np.repeat(codes, counts, axis=1)
    for level in ("nominal", "ordinal", "interval"):
        weighted = krippendorff_alpha(codes, level, counts=counts)  # type: ignore[arg-type]
        plain = krippendorff_alpha(repeated, level)  # type: ignore[arg-type]
        assert weighted.n_pairable == pytest.approx(plain.n_pairable)
        if plain.alpha is None:
            assert weighted.alpha is None
            assert weighted.reason == plain.reason
        else:
            assert weighted.alpha == pytest.approx(plain.alpha)


def test_alpha_of_time_is_that_of_its_units() -> None:
    def coded(codes: list[int], coder: str) -> StateTrack:
        edges = np.arange(len(codes) + 1) * NS_PER_S
        return StateTrack(AFFECT, "infant", f"human:{coder}", edges, np.array(codes, np.int16))

    usc = AFFECT.index("usc")
    rows = [[0, 0, 1, 2, 2, usc, 1], [0, 1, 1, 2, 2, 2, -1], [0, 0, 1, usc, 2, 2, 1]]
    tracks = [coded(row, name) for row, name in zip(rows, "ABC", strict=True)]
    missing = np.where(np.array(rows) == usc, -1, rows)
    for level in ("nominal", "ordinal", "interval"):
        expected = krippendorff_alpha(missing, level).alpha  # type: ignore[arg-type]
        assert time_alpha([tracks], level, NS_PER_S).alpha == pytest.approx(expected)  # type: ignore[arg-type]
    moved = [track.shift(100 * NS_PER_S) for track in tracks]
    cut = [
        [track.clip(0, 3 * NS_PER_S) for track in tracks],
        [track.clip(103 * NS_PER_S, 107 * NS_PER_S) for track in moved],
    ]
    assert time_alpha(cut, "nominal", NS_PER_S) == time_alpha([tracks], "nominal", NS_PER_S)
    halves = time_alpha([tracks], "nominal", NS_PER_S // 100)
    assert halves.alpha == pytest.approx(time_alpha([tracks], "nominal", NS_PER_S).alpha, abs=0.05)


def test_alpha_undefined_says_why() -> None:
    assert krippendorff_alpha([[0, -1], [-1, 1]], "nominal").reason == "no unit that two coders coded"
    same = krippendorff_alpha([[1, 1], [1, 1]], "nominal")
    assert (same.alpha, same.reason) == (None, "all pairable codes are one and the same")
    with pytest.raises(FieldError, match="not a table of codes"):
        krippendorff_alpha([[0.5, 1.0]], "nominal")


def test_icc_of_identical_coders_is_one_and_a_constant_shift_only_hurts_agreement() -> None:
    same = icc([[1, 1], [4, 4], [9, 9]])
    assert (same.icc_1_1, same.icc_2_1, same.icc_3_1, same.icc_2_k) == pytest.approx((1, 1, 1, 1))
    shifted = icc([[1, 3], [4, 6], [9, 11]])
    assert shifted.icc_3_1 == pytest.approx(1)
    assert shifted.icc_2_1 is not None
    assert shifted.icc_2_1 < 1


def test_icc_undefined_says_why() -> None:
    assert icc([[1, 2]]).reason == "fewer than two sessions"
    assert icc([[1], [2]]).reason == "fewer than two coders"
    constant = icc([[0.1 + 0.2, 0.3], [0.3, 0.3]])
    assert (constant.icc_2_1, constant.reason) == (None, "all figures are one and the same")
    with pytest.raises(FieldError, match="complete"):
        icc([[1, np.nan], [2, 3]])


def test_bootstrap_is_seeded_and_holds_the_estimate() -> None:
    rng = np.random.default_rng(5)
    tables = [np.diag(rng.integers(20, 60, 3)) + rng.integers(0, 8, (3, 3)) for _ in range(30)]
    one, again = (kappa_interval(tables, seed=7, n_resamples=500) for _ in range(2))
    assert one == again
    kappa = kappa_from_confusion(np.sum(tables, axis=0)).kappa
    assert one.low is not None
    assert one.high is not None
    assert kappa is not None
    assert one.low < kappa < one.high
    assert (one.seed, one.n_sessions, one.reason) == (7, 30, None)
    assert kappa_interval(tables, seed=8, n_resamples=500) != one


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(200):
        sample = rng.normal(0.0, 1.0, 40)
        found = bootstrap(40, lambda drawn, x=sample: float(x[drawn].mean()), seed=1, n_resamples=300)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_bootstrap_undefined_or_rough_says_so() -> None:
    assert bootstrap(2, lambda drawn: 1.0).reason == "fewer than three sessions"
    never = bootstrap(5, lambda drawn: None, n_resamples=10)
    assert (never.low, never.n_undefined, never.reason) == (None, 10, "undefined in most resamples")
    rough = bootstrap(3, lambda drawn: float(drawn.mean()), n_resamples=50)
    assert rough.reason == "only 3 sessions: the interval is rough"
