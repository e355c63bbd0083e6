"""Coefficients of a table: against scikit-learn, invariant where they must be, undefined with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.agreement.coefficients import coefficients, kappa_se, per_code, weighted_kappa
from stillface.errors import FieldError

TABLES = st.integers(2, 5).flatmap(
    lambda q: st.lists(st.lists(st.integers(0, 30), min_size=q, max_size=q), min_size=q, max_size=q)
)


@settings(deadline=None)
@given(TABLES)
def test_weighted_kappa_equals_scikit_learn(table: list[list[int]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    for weights in ("linear", "quadratic"):
        found = weighted_kappa(table, weights)  # type: ignore[arg-type]
        if found.kappa is None:
            assert found.reason
            continue
        a, b = np.indices(np.shape(table)).reshape(2, -1)
        oracle = cohen_kappa_score(
            a, b, sample_weight=np.ravel(table), weights=weights, labels=list(range(len(table)))
        )
        assert found.kappa == pytest.approx(oracle, abs=1e-9)


@settings(deadline=None)
@given(TABLES)
def test_swapping_the_coders_changes_nothing(table: list[list[int]]) -> None:
    one, other = coefficients(table), coefficients(np.transpose(table))
    for name in ("kappa", "agreement", "expected", "kappa_max", "pabak", "ac1"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine == pytest.approx(theirs) if mine is not None else theirs is None


@settings(deadline=None)
@given(TABLES)
def test_kappa_never_exceeds_what_the_marginals_allow(table: list[list[int]]) -> None:
    found = coefficients(table)
    if found.kappa is not None and found.kappa_max is not None:
        assert found.kappa <= found.kappa_max + 1e-12


def test_a_code_that_nobody_used_changes_nothing() -> None:
    table = np.array([[8, 1], [2, 9]])
    wider = np.zeros((3, 3))
    wider[np.ix_([0, 2], [0, 2])] = table
    assert coefficients(wider) == coefficients(table)
    assert set(per_code(wider, ("a", "unused", "b"))) == {"a", "b"}


def test_undefined_says_why() -> None:
    constant = coefficients([[7, 0], [0, 0]])
    assert (constant.kappa, constant.pabak, constant.ac1, constant.agreement) == (None, None, None, 1.0)
    assert constant.reason == "both used one and the same code throughout"
    assert coefficients([[0, 0], [0, 0]]).reason == "no time that both coded"
    assert kappa_se([[7, 0], [0, 0]]) is None
    same_value = weighted_kappa([[3, 1], [1, 3]], "linear", values=(2, 2))
    assert (same_value.kappa, same_value.reason) == (None, "all codes in use have one value on the scale")


def test_one_constant_coder_gives_kappa_zero() -> None:
    assert coefficients([[5, 0], [3, 0]]).kappa == 0


def test_prevalence_and_bias_of_a_code() -> None:
    found = per_code([[1, 3], [2, 54]], "ab")["a"]
    assert (found.prevalence_index, found.bias_index) == pytest.approx((53 / 60, 1 / 60))
    assert (found.share_first, found.share_second) == pytest.approx((4 / 60, 3 / 60))
    assert found.negative == pytest.approx(108 / 113)


@pytest.mark.parametrize("table", [[[1, 2]], [[1, -1], [0, 1]], [1, 2]])
def test_what_is_no_table_is_refused(table: object) -> None:
    with pytest.raises(FieldError, match="not a table of agreement"):
        coefficients(table)  # type: ignore[arg-type]


def test_weights_take_the_scales_own_values() -> None:
    table = [[10, 2, 0], [3, 20, 4], [0, 3, 18]]
    assert weighted_kappa(table, "linear", (0, 10, 20)).kappa == pytest.approx(
        weighted_kappa(table, "linear").kappa
    )
    assert weighted_kappa(table, "linear", (0, 1, 9)).kappa != pytest.approx(
        weighted_kappa(table, "linear").kappa
    )
    with pytest.raises(FieldError, match="not a value for every code"):
        weighted_kappa(table, "linear", (0, 1))
