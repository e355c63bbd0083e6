"""Machine against person: against scikit-learn, by stretches, and what was not proposed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.agreement.validity import validity
from stillface.domain.clock import NS_PER_S
from stillface.domain.intervals import Intervals
from stillface.domain.states import StateTrack
from stillface.errors import FieldError
from stillface.testing.strategies import AFFECT

SECOND = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 20))


def pair(seconds: list[tuple[int, int, int]]) -> tuple[StateTrack, StateTrack]:
    edges = np.arange(len(seconds) + 1) * NS_PER_S
    human, auto, sure = (np.array(column) for column in zip(*seconds, strict=True))
    return (
        StateTrack(AFFECT, "infant", "human:AB", edges, human.astype(np.int16)),
        StateTrack(
            AFFECT, "infant", "auto:x@1", edges, auto.astype(np.int16), (sure / 20).astype(np.float32)
        ),
    )


@settings(deadline=None)
@given(st.lists(SECOND, min_size=1, max_size=60))
def test_figures_equal_scikit_learn(seconds: list[tuple[int, int, int]]) -> None:
    from sklearn.metrics import precision_score, recall_score, roc_auc_score

    human, auto, sure = (np.array(column) for column in zip(*seconds, strict=True))
    found = validity([pair(seconds)])
    for k, code in enumerate(AFFECT.code_ids):
        mine, theirs = human == k, auto == k
        if not mine.any() and not theirs.any():
            assert code not in found.codes
            continue
        figures = found.codes[code]
        if theirs.any():
            assert figures.precision == pytest.approx(precision_score(mine, theirs))
        else:
            assert figures.precision is None
        if mine.any():
            assert figures.recall == pytest.approx(recall_score(mine, theirs))
        if mine.any() and not mine.all():
            score = np.where(theirs, sure, -sure)
            assert figures.auc == pytest.approx(roc_auc_score(mine, score))
        else:
            assert figures.auc is None


def test_calibration_by_hand() -> None:
    found = validity([pair([(0, 0, 18), (0, 1, 18), (1, 1, 18), (1, 1, 18), (2, 0, 6), (2, 2, 6)])])
    low, high = found.calibration
    assert (low.low, low.mean_confidence, low.right, low.seconds) == pytest.approx((0.3, 0.3, 0.5, 2))
    assert (high.low, high.mean_confidence, high.right, high.seconds) == pytest.approx((0.9, 0.9, 0.75, 4))
    assert found.calibration_error == pytest.approx((0.2 * 2 + 0.15 * 4) / 6)


def test_time_without_proposal_is_told_and_not_counted() -> None:
    human, auto = pair([(0, 0, 10), (1, 1, 10), (2, 3, 0), (2, 3, 0)])
    found = validity([(human, auto)])
    assert (found.human_s, found.unproposed) == (4, 0.5)
    assert found.agreement.agreement == 1
    assert "pos" in {code.id for code in AFFECT.codes}
    assert "pos" not in found.codes


def test_within_an_episode_counts_that_episode_only() -> None:
    whole = pair([(0, 0, 10), (1, 0, 10), (1, 1, 10), (2, 2, 10)])
    inside = Intervals(np.array([2 * NS_PER_S]), np.array([4 * NS_PER_S]))
    found = validity([whole], [inside])
    assert (found.human_s, found.agreement.agreement) == (2, 1)
    nothing = validity([whole], [Intervals(np.array([90 * NS_PER_S]), np.array([91 * NS_PER_S]))])
    assert (nothing.human_s, nothing.unproposed, nothing.agreement.kappa) == (0, None, None)
    assert nothing.calibration_error is None


def test_pooling_is_the_sum_of_sessions() -> None:
    one, two = pair([(0, 0, 10), (1, 0, 12)]), pair([(1, 1, 4), (2, 2, 19), (0, 2, 1)])
    pooled = validity([one, two])
    assert np.array_equal(pooled.table, validity([one]).table + validity([two]).table)
    assert pooled.human_s == 5


def test_without_confidence_there_is_neither_auc_nor_calibration() -> None:
    human, auto = pair([(0, 0, 10), (1, 1, 10)])
    bare = StateTrack(auto.scheme, auto.role, auto.source, auto.edges_ns, auto.codes)
    found = validity([(human, bare)])
    assert (found.calibration, found.calibration_error, found.codes["neg"].auc) == ((), None, None)


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(FieldError, match="nothing to compare"):
        validity([])
