"""Every field of a result on small examples worked by hand, and what a change of unit must not change."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.agreement.alpha import Alpha, krippendorff_alpha
from stillface.agreement.bootstrap import BootstrapInterval, bootstrap
from stillface.agreement.coefficients import coefficients
from stillface.agreement.icc import Icc, icc
from stillface.agreement.plan import draw, drift, label
from stillface.agreement.side_by_side import side_by_side
from stillface.domain.clock import NS_PER_S
from stillface.domain.states import StateTrack
from stillface.errors import FieldError
from stillface.testing.strategies import AFFECT

# A table in which everybody swapped: no variance between targets, more error than chance.
SWAPPED = [[1.0, 2.0], [2.0, 1.0]]


def coded(*bouts: tuple[float, float, str], coder: str = "A") -> StateTrack:
    onsets, offsets, codes = zip(*bouts, strict=True)
    times = [np.rint(np.array(values) * NS_PER_S).astype(np.int64) for values in (onsets, offsets)]
    return StateTrack.from_bouts(AFFECT, "infant", f"human:{coder}", *times, codes)


def test_alpha_tells_its_level_and_how_many_codes_could_be_paired() -> None:
    assert krippendorff_alpha([[0, 1], [0, 1]], "nominal") == Alpha(1.0, "nominal", 4.0)
    same = krippendorff_alpha([[1, 1, -1], [1, 1, 0]], "ordinal")
    assert same == Alpha(None, "ordinal", 4.0, "all pairable codes are one and the same")
    apart = krippendorff_alpha([[0, -1], [-1, 1]], "interval")
    assert apart == Alpha(None, "interval", 0.0, "no unit that two coders coded")


def test_alpha_of_a_single_pairable_code_is_undefined() -> None:
    """Half a unit that two coded: one code in all, and no other to compare it with."""
    alone = krippendorff_alpha([[0], [1]], "nominal", counts=[0.5])
    assert alone == Alpha(None, "nominal", 1.0, "no more than one pairable code: nothing to compare it with")
    assert krippendorff_alpha([[0, 0], [1, 0]], "nominal", counts=[0.5, 0.25]).alpha is not None


def test_icc_of_swapped_figures_by_hand() -> None:
    """Rows and columns all mean 1.5; MSE = 4 * 0.25 / 1, MSW = 4 * 0.25 / 2."""
    found = icc(SWAPPED)
    assert (found.icc_1_1, found.icc_2_1, found.icc_3_1) == (-1.0, None, -1.0)
    assert (found.icc_1_k, found.icc_2_k, found.icc_3_k) == (None, None, None)
    assert (found.ms_targets, found.ms_coders, found.ms_error, found.ms_within) == (0.0, 0.0, 1.0, 0.5)
    assert (found.n_targets, found.n_coders, found.reason) == (
        2,
        2,
        "the sessions do not differ in their mean",
    )


def test_icc_does_not_depend_on_the_unit_of_the_figures() -> None:
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    names = ("icc_1_1", "icc_2_1", "icc_3_1", "icc_1_k", "icc_2_k", "icc_3_k")
    whole, small = icc(ratings), icc(ratings / 100)
    assert (whole.n_targets, whole.n_coders, whole.reason) == (6, 4, None)
    assert [getattr(small, name) for name in names] == pytest.approx([getattr(whole, name) for name in names])


def test_icc_that_is_undefined_keeps_its_numbers() -> None:
    assert icc([[1.0, 2.0]]) == Icc(*(None,) * 10, 1, 2, "fewer than two sessions")
    assert icc([[1.0], [2.0], [3.0]]) == Icc(*(None,) * 10, 3, 1, "fewer than two coders")
    assert icc([[2.0, 2.0, 2.0]] * 4) == Icc(*(None,) * 10, 4, 3, "all figures are one and the same")


def test_bootstrap_tells_all_it_was_given() -> None:
    alone = bootstrap(1, lambda drawn: 1.0, seed=4, level=0.9)
    assert alone == BootstrapInterval(None, None, 0.9, 1, 0, 0, 4, "fewer than three sessions")
    never = bootstrap(5, lambda drawn: None, seed=4, n_resamples=10, level=0.8)
    assert never == BootstrapInterval(None, None, 0.8, 5, 10, 10, 4, "undefined in most resamples")
    once = bootstrap(3, lambda drawn: 3.0, seed=4, n_resamples=1)
    assert once == BootstrapInterval(3.0, 3.0, 0.95, 3, 1, 0, 4, "only 3 sessions: the interval is rough")


def test_bootstrap_interval_is_the_percentiles_of_the_level() -> None:
    drawn_means: list[float] = []

    def mean(drawn: np.ndarray) -> float:
        drawn_means.append(float(drawn.mean()))
        return drawn_means[-1]

    found = bootstrap(40, mean, n_resamples=400, level=0.8)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn_means, (0.1, 0.9))))
    assert (found.n_resamples, found.n_undefined) == (400, 0)


@pytest.mark.parametrize(("level", "n"), [(0.0, 10), (1.0, 10), (0.95, 0)])
def test_bootstrap_refuses_what_is_no_level_or_number(level: float, n: int) -> None:
    with pytest.raises(FieldError):
        bootstrap(5, lambda drawn: 1.0, level=level, n_resamples=n)


def test_half_undefined_resamples_still_give_an_interval() -> None:
    turn = iter(range(10))
    found = bootstrap(20, lambda drawn: None if next(turn) % 2 else 1.0, n_resamples=10)
    assert (found.low, found.n_undefined) == (1.0, 5)


def test_coefficients_tell_how_many_codes_were_used() -> None:
    assert coefficients([[10, 2, 0, 0], [3, 20, 0, 4], [0, 0, 0, 0], [0, 3, 0, 18]]).n_codes == 3
    one = coefficients([[5, 0], [0, 0]])
    assert (one.n_codes, one.agreement, one.expected) == (1, 1.0, 1.0)
    assert (one.kappa, one.kappa_max, one.pabak, one.ac1) == (None, None, None, None)
    assert one.reason
    none = coefficients([[0, 0], [0, 0]])
    assert (none.n_codes, none.agreement, none.reason is None) == (0, None, False)


def test_ac1_of_three_codes_by_hand() -> None:
    """W6: mean shares 12.5, 26 and 21.5 of 60; chance is half of the sum of p (1 - p)."""
    shares = np.array([12.5, 26, 21.5]) / 60
    chance = float((shares * (1 - shares)).sum()) / 2
    found = coefficients([[10, 2, 0], [3, 20, 4], [0, 3, 18]])
    assert found.ac1 == pytest.approx((0.8 - chance) / (1 - chance))
    assert found.ac1 == pytest.approx(0.7058, abs=5e-5)


def test_large_figures_that_differ_by_rounding_alone_are_constant() -> None:
    constant = icc([[1e6 * (0.1 + 0.2), 3e5], [3e5, 3e5]])
    assert (constant.icc_3_1, constant.reason) == (None, "all figures are one and the same")
    assert icc([[3e5, 3e5], [3e5 + 1, 3e5 + 1]]).icc_3_1 == pytest.approx(1.0)


def strata(**sizes: int) -> dict[str, tuple[str, ...]]:
    return {f"{name}{k}": (name,) for name, size in sizes.items() for k in range(size)}


def test_what_is_left_goes_to_the_largest_remainders() -> None:
    """A quarter of 4, 5 and 7 is 1, 1.25 and 1.75: the fourth session comes from the seven."""
    drawn = draw(strata(a=4, b=5, z=7), 0.25, seed=1)
    assert [sum(name[0] == letter for name in drawn) for letter in "abz"] == [1, 1, 2]


def test_chance_breaks_ties_between_strata() -> None:
    taken = [sum(name[0] == "a" for name in draw(strata(a=3, b=3), 0.5, seed)) for seed in range(40)]
    assert set(taken) == {1, 2}


def test_a_stored_seed_gives_its_draw_in_every_version() -> None:
    """A plan stores its seed: another order of chance would draw others for the same study."""
    sites = {f"{group}-{site}-{k}": (group, site) for group in "pt" for site in "ns" for k in range(3)}
    assert [draw(sites, 0.5, seed) for seed in (20, 21)] == [
        ("p-n-0", "p-s-0", "t-n-0", "t-n-1", "t-s-1", "t-s-2"),
        ("p-n-0", "p-s-0", "p-s-1", "t-n-0", "t-s-1", "t-s-2"),
    ]


def test_below_the_lowest_threshold_whatever_its_name() -> None:
    labels = {"almost perfect": 0.8, "substantial": 0.6}
    assert [label(kappa, labels) for kappa in (0.59, 0.6, 0.8)] == [
        "below substantial", "substantial", "almost perfect",
    ]  # fmt: skip


def test_drift_tells_kappa_of_the_month_and_of_the_months_before() -> None:
    perfect, half = [[5, 0], [0, 5]], [[4, 1], [1, 4]]
    first, second = drift({"2024-02": [half], "2024-01": [perfect, perfect]}, drop=0.2)
    assert (first.month, first.kappa, first.earlier, first.drifted, first.n_sessions) == (
        "2024-01", 1.0, None, False, 2,
    )  # fmt: skip
    assert (second.kappa, second.earlier, second.drifted, second.n_sessions) == (
        pytest.approx(0.6), 1.0, True, 1,
    )  # fmt: skip


def test_a_drop_of_exactly_the_limit_is_no_drift() -> None:
    perfect, half = [[5, 0], [0, 5]], [[25, 25], [25, 25]]
    assert [month.drifted for month in drift({"1": [perfect], "2": [half]}, drop=1.0)] == [False, False]


def test_time_that_a_coder_could_not_score_is_time_without_a_code_for_boris() -> None:
    """Neutral, nothing, positive: both agree on all three stretches, whether one wrote the gap or not."""
    written = coded((0, 5, "neu"), (5, 10, "usc"), (10, 15, "pos"))
    silent = coded((0, 5, "neu"), (10, 15, "pos"), coder="B")
    rows = {row.method: row for row in side_by_side(written, silent)}
    assert rows["unweighted kappa (plugin)"].kappa == 1.0


def test_the_unit_and_tolerance_that_were_counted_are_named() -> None:
    a, b = coded((0, 5, "neu"), (5, 9, "pos")), coded((0, 4, "neu"), (4, 9, "pos"), coder="B")
    methods = {row.method for row in side_by_side(a, b, unit_ns=NS_PER_S // 2, tolerance_ns=3 * NS_PER_S)}
    assert {
        "Cohen's kappa, time unit 0.5 s",
        "time-unit kappa, unit 0.5 s",
        "time-unit kappa, tolerance 3 s, mean of both ways",
        "event-alignment kappa, onsets within 3 s",
    } <= methods


def test_annotations_that_nobody_can_link_are_told() -> None:
    apart = side_by_side(
        coded((0, 5, "neu"), (5, 9, "pos")), coded((20, 25, "neu"), (25, 29, "pos"), coder="B")
    )
    elan = {row.method: row for row in apart if row.program == "ELAN"}
    alone = elan["the same, unlinked left out"]
    assert (alone.kappa, alone.reason) == (None, "no two annotations are linked")
