"""Validity and event rules where stretches differ in length, confidence is full, or a rule is at its edge."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.agreement.align_events import EventRule
from stillface.agreement.tolerance import tolerant_kappa
from stillface.agreement.validity import CalibrationBin, CodeValidity, validity
from stillface.domain.clock import NS_PER_S
from stillface.domain.intervals import Intervals
from stillface.domain.states import StateTrack
from stillface.errors import FieldError
from stillface.testing.strategies import AFFECT

NEG, NEU, POS = 0, 1, 2


def pair(*stretches: tuple[float, int, int, float]) -> tuple[StateTrack, StateTrack]:
    """Build a person's and a machine's track from ``(seconds, person, machine, confidence)``."""
    lengths, human, auto, sure = zip(*stretches, strict=True)
    edges = np.rint(np.concatenate(([0.0], np.cumsum(lengths))) * NS_PER_S).astype(np.int64)
    return (
        StateTrack(AFFECT, "infant", "human:AB", edges, np.array(human, np.int16)),
        StateTrack(AFFECT, "infant", "auto:x@1", edges, np.array(auto, np.int16), np.array(sure, np.float32)),
    )


def test_confidence_is_weighted_by_time() -> None:
    """3 s at .75 right and 1 s at .7 wrong; 4 s at full confidence, which belongs to the last bin."""
    found = validity([pair((3, NEG, NEG, 0.75), (1, NEG, NEU, 0.7), (4, NEU, NEU, 1.0))])
    low, high = found.calibration
    assert low == CalibrationBin(0.7, 0.8, pytest.approx((3 * 0.75 + 0.7) / 4), 0.75, 4.0)
    assert high == CalibrationBin(0.9, 1.0, pytest.approx(1.0), 1.0, 4.0)
    assert found.calibration_error == pytest.approx(abs((2.25 + 0.7) / 4 - 0.75) * 4 / 8)


def test_figures_of_a_code_are_shares_of_time() -> None:
    found = validity([pair((3, NEG, NEG, 0.75), (1, NEG, NEU, 0.7), (4, NEU, NEU, 1.0), (2, POS, NEG, 0.6))])
    assert found.codes["neg"] == CodeValidity(
        pytest.approx(3 / 5), pytest.approx(3 / 4), pytest.approx(found.codes["neg"].auc), 4.0, 5.0
    )
    # Negative: 3 s at .75 and 1 s at -.7 against 2 s at .6 and 4 s at -1: all but 1 s x 2 s are in order.
    assert found.codes["neg"].auc == pytest.approx((3 * 6 + 1 * 4) / (4 * 6))
    assert (found.codes["pos"].precision, found.codes["pos"].recall) == (None, 0.0)
    assert (found.codes["pos"].human_s, found.codes["pos"].auto_s) == (2.0, 0.0)
    assert found.table[NEG].tolist()[:3] == [3 * NS_PER_S, NS_PER_S, 0]
    assert (found.human_s, found.unproposed) == (10.0, 0.0)


def test_one_session_without_confidence_leaves_all_without() -> None:
    with_it, (human, auto) = pair((2, NEG, NEG, 0.9)), pair((2, NEU, NEU, 0.9))
    bare = StateTrack(auto.scheme, auto.role, auto.source, auto.edges_ns, auto.codes)
    found = validity([with_it, (human, bare)])
    assert (found.calibration, found.calibration_error) == ((), None)
    assert found.human_s == 4.0


def test_a_set_of_stretches_for_each_pair() -> None:
    whole = pair((5, NEG, NEG, 0.9), (5, NEU, NEG, 0.9))
    part = Intervals(np.array([1, 4]) * NS_PER_S, np.array([2, 7]) * NS_PER_S)
    found = validity([whole, whole], [part, part])
    # 1 s and 1 s of agreement and 2 s of error in each of two sessions.
    assert (found.human_s, found.agreement.agreement) == (8.0, 0.5)
    with pytest.raises(FieldError):
        validity([whole, whole], [part])


@pytest.mark.parametrize(
    "rule",
    [{"onset_ns": 0}, {"overlap": 1.0}, {"overlap": 0.51}, {"substitution": 0.0}, {"substitution": 2.39}],
)
def test_rules_at_their_edge_are_taken(rule: dict[str, float]) -> None:
    assert EventRule(**rule) != EventRule()  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", [{"overlap": 1.01}, {"substitution": -0.1}, {"gap": 0.5}])
def test_rules_beyond_it_are_refused(rule: dict[str, float]) -> None:
    with pytest.raises(FieldError):
        EventRule(**rule)


def test_a_tolerant_kappa_tells_its_tolerance_and_both_ways() -> None:
    one, other = pair((2, NEG, NEG, 1.0), (1, NEU, NEG, 1.0), (2, POS, POS, 1.0))
    found = tolerant_kappa(one, other, NS_PER_S)
    assert found.tolerance_ns == NS_PER_S
    assert found.first_as_reference.compared_s == 5.0
    # The neutral second has no neutral near it in the other: it stays an error. The other's third second of
    # negative has one within a second: nothing is left to forgive.
    assert (found.first_as_reference.agreement, found.second_as_reference.agreement) == (0.8, 1.0)
    assert found.mean_kappa is not None
    assert found.mean_kappa == pytest.approx((found.first_as_reference.kappa + 1.0) / 2)  # type: ignore[operator]
