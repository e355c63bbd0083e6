"""Time-weighted kappa against scikit-learn, and its undefined cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from stillface.agreement.kappa import confusion_ns, kappa_from_confusion, kappa_per_code, pooled, time_kappa
from stillface.domain.states import StateTrack
from stillface.testing.strategies import AFFECT, track_pairs


@settings(deadline=None)
@given(track_pairs())
def test_kappa_equals_scikit_learn_weighted_by_time(pair: tuple[StateTrack, StateTrack]) -> None:
    from sklearn.metrics import cohen_kappa_score

    table = confusion_ns(*pair)
    result = time_kappa(*pair)
    cells = [(a, b, table[a, b]) for a, b in np.argwhere(table > 0).tolist()]
    assert result.compared_s == pytest.approx(table.sum() / 1e9)
    if result.kappa is None:
        assert result.reason
        return
    a, b, weight = zip(*cells, strict=True)
    assert result.kappa == pytest.approx(cohen_kappa_score(a, b, sample_weight=weight), abs=1e-9)


@given(track_pairs())
def test_kappa_is_symmetric(pair: tuple[StateTrack, StateTrack]) -> None:
    one, other = time_kappa(*pair), time_kappa(*reversed(pair))
    assert (one.kappa is None) == (other.kappa is None)
    assert one.kappa == pytest.approx(other.kappa) if one.kappa is not None else one.reason == other.reason


def test_w6_table() -> None:
    table = np.array([[10, 2, 0], [3, 20, 4], [0, 3, 18]])
    result = kappa_from_confusion(table)
    assert (round(result.agreement, 4), round(result.kappa, 4)) == (0.8, 0.6879)
    per_code = kappa_per_code(table, "NOP")
    assert [round(per_code[code].kappa, 4) for code in "NOP"] == [0.7475, 0.5932, 0.7464]


def test_prevalence_paradox() -> None:
    assert round(kappa_from_confusion(np.array([[1, 3], [2, 54]])).kappa, 4) == 0.2424


def test_gap_time_is_not_compared() -> None:
    s = 1_000_000_000
    a = StateTrack.from_bouts(AFFECT, "infant", "human:A", [0, 5 * s], [5 * s, 10 * s], ["pos", "usc"])
    b = StateTrack.from_bouts(AFFECT, "infant", "human:B", [0, 8 * s], [8 * s, 10 * s], ["pos", "neg"])
    result = time_kappa(a, b)
    assert (result.kappa, result.agreement, result.compared_s) == (None, 1.0, 5.0)
    assert result.reason == "both used one and the same code throughout"


def test_nothing_in_common_is_undefined() -> None:
    s = 1_000_000_000
    a = StateTrack.from_bouts(AFFECT, "infant", "human:A", [0], [s], ["pos"])
    b = StateTrack.from_bouts(AFFECT, "infant", "human:B", [2 * s], [3 * s], ["pos"])
    result = time_kappa(a, b)
    assert (result.kappa, result.agreement, result.compared_s) == (None, None, 0.0)


def test_pooling_one_scheme_is_the_kappa_of_the_sum() -> None:
    tables = [np.array([[5, 1], [2, 9]]), np.array([[1, 0], [3, 4]])]
    summed = kappa_from_confusion(sum(tables))
    stratified = pooled(tables)
    assert stratified.agreement == pytest.approx(summed.agreement)
    assert stratified.kappa != pytest.approx(summed.kappa)
