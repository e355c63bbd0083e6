"""W4a and W4b of the specification, to the printed digits."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.domain.results import Status
from stillface.measures.structural_zeros import quasi_independence
from stillface.measures.transitions import weighted_row_entropy_bit
from stillface.measures.two_by_two import TwoByTwo

COUNTS = np.array([[0, 8, 2], [3, 0, 7], [6, 4, 0]])


def test_w4a() -> None:
    table = TwoByTwo(20, 30, 40, 210)
    assert table.odds_ratio == pytest.approx(3.5, abs=1e-12)
    assert np.exp(table.ln_odds_ratio_ci()).round(3).tolist() == [1.811, 6.766]
    assert (round(table.ln_odds_ratio, 4), round(table.ln_odds_ratio_se, 4)) == (1.2528, 0.3363)
    assert (round(table.yule_q, 4), round(table.phi, 4), table.expected) == (0.5556, 0.2236, 10.0)
    assert round(table.adjusted_residual, 3) == 3.873
    assert table.adjusted_residual**2 == pytest.approx(15.0, abs=1e-9)
    assert (table.p_target_given, table.p_target) == (0.40, 0.20)
    assert (table.haldane, table.status) == (False, Status.OK)


def test_w4a_with_a_zero_cell() -> None:
    table = TwoByTwo(0, 10, 20, 70)
    assert table.haldane
    assert (table.yule_q, round(table.ln_odds_ratio, 4)) == (-1.0, -1.8093)
    assert (table.odds_ratio, TwoByTwo(10, 0, 20, 70).odds_ratio) == (0.0, None)


@pytest.mark.parametrize("cells", [(2, 2, 40, 40), (40, 40, 2, 2), (2, 40, 2, 40), (40, 2, 40, 2)])
def test_a_total_below_five_is_too_few(cells: tuple[int, int, int, int]) -> None:
    assert TwoByTwo(*cells).status is Status.MISS_LOWN
    assert TwoByTwo(*(c + 1 if c == 2 else c for c in cells)).status is Status.OK


def test_w4b_structural_zeros() -> None:
    fit = quasi_independence(COUNTS)
    assert fit.expected.round(9).tolist() == [[0, 6, 4], [5, 0, 5], [4, 6, 0]]
    assert (round(fit.g2, 4), round(fit.x2, 4), fit.df) == (5.0978, 4.9333, 1)
    z = fit.adjusted_residuals
    assert np.isnan(np.diag(z)).all()
    assert [round(z[a, b], 4) for a, b in ((0, 1), (1, 2), (2, 0))] == [2.2211] * 3
    assert [round(z[a, b], 4) for a, b in ((0, 2), (1, 0), (2, 1))] == [-2.2211] * 3


def test_w4b_the_naive_residual_is_another_number() -> None:
    naive = TwoByTwo(8, 2, 4, 16)
    assert round(naive.adjusted_residual, 3) == 3.162
    assert round(quasi_independence(COUNTS).adjusted_residuals[0, 1], 3) != 3.162


def test_w4b_entropies() -> None:
    rows = [weighted_row_entropy_bit(COUNTS[k : k + 1]) for k in range(3)]
    assert [round(value, 4) for value in rows] == [0.7219, 0.8813, 0.9710]
    assert round(weighted_row_entropy_bit(COUNTS), 4) == 0.8581
