"""A statistic that is refused says where it was asked for and what it was given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stillface.agreement.align_events import EventRule
from stillface.agreement.alpha import krippendorff_alpha
from stillface.agreement.bootstrap import bootstrap
from stillface.agreement.coefficients import coefficients, weighted_kappa
from stillface.agreement.icc import icc
from stillface.agreement.kappa import confusion_ns
from stillface.agreement.plan import draw
from stillface.agreement.tolerance import in_units, tolerant_confusion
from stillface.agreement.validity import validity
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import FieldError
from stillface.measures.contrasts import paired_contrast
from stillface.measures.correlation import cross_correlation, phase_randomised, windowed_cross_correlation
from stillface.measures.mixed import mixed_model
from stillface.measures.pooling import pool_tables, pooled_permutation_p
from stillface.measures.pseudo_dyads import pseudo_partners, pseudo_test
from stillface.measures.series import step_series
from stillface.measures.structural_zeros import quasi_independence
from stillface.measures.survival import kaplan_meier
from stillface.measures.two_by_two import TwoByTwo


def track(name: str) -> StateTrack:
    scheme = CodingScheme(name, (Code(f"{name}_a"), Code(f"{name}_b")))
    return StateTrack(scheme, "infant", "human:AB", np.array([0, 10]), np.array([0], np.int16))


ONE, OTHER = track("one"), track("other")
LINE = np.arange(9.0)
GAP = np.array([1.0, np.nan])

REFUSED: list[tuple[Callable[[], object], str, object]] = [
    (lambda: kaplan_meier([], []), "kaplan_meier", "(0,) durations, (0,) marks"),
    (lambda: kaplan_meier([1.0], [True, False]), "kaplan_meier", "(1,) durations, (2,) marks"),
    (lambda: kaplan_meier([-1.0], [True]), "kaplan_meier.durations_s", None),
    (lambda: kaplan_meier([np.inf], [True]), "kaplan_meier.durations_s", None),
    (lambda: quasi_independence([[1, 2]]), "quasi_independence.counts", (1, 2)),
    (lambda: quasi_independence([[0, -1], [1, 0]]), "quasi_independence.counts", (2, 2)),
    (lambda: quasi_independence([[3, 1], [1, 0]]), "quasi_independence.counts", 5.0),
    (lambda: quasi_independence([[0, 0], [0, 0]]), "quasi_independence.counts", 0.0),
    (lambda: step_series(ONE, LINE, 0), "step_series.step_ns", 0),
    (lambda: pool_tables([], []), "pool_tables", "0 tables, 0 families"),
    (lambda: pool_tables([TwoByTwo(1, 1, 1, 1)], ["a", "b"]), "pool_tables", "1 tables, 2 families"),
    (lambda: pooled_permutation_p([], np.zeros((1, 1, 2, 2))), "pooled_permutation_p", (1, 1, 2, 2)),
    (lambda: paired_contrast([1.0], [2.0]), "paired_contrast", "(1,) and (1,)"),
    (lambda: paired_contrast([1.0, 2.0], [2.0]), "paired_contrast", "(2,) and (1,)"),
    (lambda: mixed_model([1.0], ["a"], ["d", "e"], ["f"]), "mixed_model", [1, 2]),
    (lambda: mixed_model([1.0, 2.0], ["a", "b"], ["d"] * 2, ["f"] * 2), "mixed_model", "1 dyads, 2 episodes"),
    (lambda: TwoByTwo(0, 0, 0, 0), "TwoByTwo", (0.0, 0.0, 0.0, 0.0)),
    (lambda: pseudo_partners(["f", "f"], 1, np.random.default_rng(0)), "pseudo_partners",
     "2 sessions of one family"),
    (lambda: pseudo_test([np.nan], np.ones((1, 2))), "pseudo_test", "1 dyads without a value"),
    (lambda: windowed_cross_correlation(LINE, LINE, window=2, step=1, max_lag=0),
     "windowed_cross_correlation", "window 2, step 1"),
    (lambda: phase_randomised(GAP, np.random.default_rng(0)), "phase_randomised", "1 of 2 values missing"),
    (lambda: cross_correlation(LINE, GAP, 1), "two series", "(9,), (2,)"),
    (lambda: bootstrap(3, lambda drawn: 1.0, level=2.0), "bootstrap", (2.0, 2000)),
    (lambda: weighted_kappa([[4, 1], [1, 4]], "linear", [1.0]), "weighted_kappa.values", (1,)),
    (lambda: coefficients([[1, 2]]), "table", "shape (1, 2)"),
    (lambda: coefficients([[1, -2], [0, 1]]), "table", "shape (2, 2)"),
    (lambda: icc([1.0, 2.0]), "icc.ratings", "shape (2,)"),
    (lambda: krippendorff_alpha([[0, -2]], "nominal"), "krippendorff_alpha.codes", "int64 (1, 2)"),
    (lambda: confusion_ns(ONE, OTHER), "confusion_ns", "other"),
    (lambda: tolerant_confusion(ONE, OTHER, 1), "tolerant_confusion", "other, 1 ns"),
    (lambda: tolerant_confusion(ONE, ONE, -1), "tolerant_confusion", "one, -1 ns"),
    (lambda: in_units(ONE, 11, (0, 10)), "in_units", "11 ns in (0, 10)"),
    (lambda: in_units(ONE, 0, (0, 10)), "in_units", "0 ns in (0, 10)"),
    (lambda: validity([]), "validity", 0),
    (lambda: draw({"s": ("x",)}, 1.5, 0), "draw.share", 1.5),
    (lambda: draw({"s": ("x",)}, 0.5, 0, ("b", "a")), "draw.already", "a, b"),
    (lambda: EventRule(overlap=0.5), "EventRule", "onset_ns 2000000000, overlap 0.5"),
    (lambda: EventRule(substitution=3.0), "EventRule.substitution", 3.0),
]  # fmt: skip

# Where what is wrong does not say by itself what would have been accepted.
EXPECTED_TOLD = {
    "EventRule", "EventRule.substitution", "TwoByTwo", "bootstrap", "confusion_ns", "draw.share",
    "icc.ratings", "in_units", "kaplan_meier", "kaplan_meier.durations_s", "krippendorff_alpha.codes",
    "paired_contrast", "step_series.step_ns", "table", "tolerant_confusion", "two series", "validity",
    "weighted_kappa.values",
}  # fmt: skip


@pytest.mark.parametrize(("ask", "where", "got"), REFUSED)
def test_a_refusal_names_the_place_and_what_it_got(
    ask: Callable[[], object], where: str, got: object
) -> None:
    with pytest.raises(FieldError) as caught:
        ask()
    assert (caught.value.where, caught.value.got) == (where, got)
    assert caught.value.what
    assert caught.value.expected is not None or where not in EXPECTED_TOLD
    assert str(caught.value).startswith(f"{where}: {caught.value.what}")


@pytest.mark.parametrize(("size", "unit_ns"), [(1, 10), (2, 5)])
def test_the_smallest_that_is_not_refused(size: int, unit_ns: int) -> None:
    assert in_units(ONE, unit_ns, (0, 10)).durations_ns.sum() == 10
    assert kaplan_meier([0.0] * size, [True] * size).n == size
    assert step_series(ONE, np.array([1.0, 2.0]), 1).size == 10
