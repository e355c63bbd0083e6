"""Statistics under the measures against plain formulas written out here, and at the edges of their rules."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.errors import FieldError, MissingExtraError
from stillface.measures.contrasts import paired_contrast
from stillface.measures.correlation import effective_n, null_r, relative_phase, windowed_cross_correlation
from stillface.measures.mixed import mixed_model
from stillface.measures.pooling import pool_tables, pooled_permutation_p
from stillface.measures.pseudo_dyads import pseudo_test
from stillface.measures.series import autoregressive_residuals, code_scores, step_series
from stillface.measures.state_space import dispersion
from stillface.measures.structural_zeros import quasi_independence
from stillface.measures.survival import kaplan_meier
from stillface.measures.two_by_two import TwoByTwo

S = we.S


def bartlett(a: np.ndarray, b: np.ndarray) -> float:
    """Walk over the lags as the formula is printed."""
    pairs = [k for k in range(a.size) if np.isfinite(a[k]) and np.isfinite(b[k])]
    n = len(pairs)

    def rho(series: np.ndarray, lag: int) -> float:
        mean = sum(series[k] for k in pairs) / n
        power = sum((series[k] - mean) ** 2 for k in pairs) / n
        both = [k for k in pairs if k + lag in pairs]
        return sum((series[k] - mean) * (series[k + lag] - mean) for k in both) / len(both) / power

    total = 1 + sum(2 * (1 - k / n) * rho(a, k) * rho(b, k) for k in range(1, n // 4 + 1))
    return min(max(n / max(total, 1.0), 2.0), float(n))


@pytest.mark.parametrize("missing", [(), (3, 17, 18)])
def test_effective_n_is_bartletts(missing: tuple[int, ...]) -> None:
    rng = np.random.default_rng(2)
    a, b = np.cumsum(rng.normal(size=(2, 41)), axis=1)
    a[list(missing)] = np.nan
    assert 2 < bartlett(a, b) < 35
    assert effective_n(a, b) == pytest.approx(bartlett(a, b))


def test_a_constant_series_has_no_memory() -> None:
    assert effective_n(np.ones(20), np.cumsum(np.random.default_rng(0).normal(size=20))) == 20.0


def test_a_test_against_strangers_tells_how_it_was_made() -> None:
    found = pseudo_test(
        [3.0, np.nan, 5.0], np.array([[1.0, 1.0], [9.0, 9.0], [np.nan, 2.0]]), draws=40, seed=6
    )
    assert (found.observed, found.expected, found.low, found.high) == (4.0, 1.5, 1.5, 1.5)
    assert (found.n, found.draws, found.seed) == (2, 40, 6)
    assert found.p == pytest.approx(1 / 41)


def test_the_null_band_is_fishers() -> None:
    # tanh(1.959964 / 5) and tanh(1.644854 / 5), 28 pairs.
    assert null_r(28) == pytest.approx(0.373, abs=5e-4)
    assert null_r(28, 0.9) == pytest.approx(0.31755, abs=5e-5)
    assert null_r(3.5) == pytest.approx(np.tanh(1.959964 / 0.5**0.5))


def test_each_window_is_pearsons_r_of_its_own_stretch() -> None:
    rng = np.random.default_rng(4)
    a, b = 50 + rng.normal(size=(2, 40))
    starts, r = windowed_cross_correlation(a, b, window=8, step=3, max_lag=2)
    assert starts.tolist() == list(range(2, 31, 3))
    for row, start in enumerate(starts.tolist()):
        for column, lag in enumerate(range(-2, 3)):
            expected = np.corrcoef(a[start : start + 8], b[start + lag : start + lag + 8])[0, 1]
            assert r[row, column] == pytest.approx(expected)


def test_the_shortest_window_is_of_three_steps() -> None:
    a = np.array([1.0, 2.0, 4.0, 3.0])
    assert windowed_cross_correlation(a, 2 * a, window=3, step=1, max_lag=0)[1].ravel() == pytest.approx(1.0)
    for window, step in ((2, 1), (3, 0)):
        with pytest.raises(FieldError, match="not a window"):
            windowed_cross_correlation(a, a, window=window, step=step, max_lag=0)


def prewhitened(series: np.ndarray) -> np.ndarray:
    """Fit each order by normal equations on the points from the sixth on; the smallest BIC wins."""
    x = series - series.mean()
    n = x.size - 5
    best: tuple[float, np.ndarray] | None = None
    for order in range(6):
        past = np.array([[x[t - k] for k in range(1, order + 1)] for t in range(5, x.size)]).reshape(n, order)
        weights = np.linalg.pinv(past) @ x[5:] if order else np.zeros(0)
        residuals = np.full(x.size, np.nan)
        for t in range(order, x.size):
            residuals[t] = x[t] - sum(w * x[t - k - 1] for k, w in enumerate(weights))
        bic = n * np.log(np.mean(residuals[5:] ** 2)) + order * np.log(n)
        if best is None or bic < best[0]:
            best = bic, residuals
    assert best is not None
    return best[1]


@pytest.mark.parametrize(("size", "seed"), [(18, 0), (60, 1), (60, 2), (200, 3)])
def test_prewhitening_takes_the_order_of_the_smallest_bic(size: int, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=size)
    series = noise.copy()
    for t in range(2, size):
        series[t] += 1.2 * series[t - 1] - 0.6 * series[t - 2]
    assert autoregressive_residuals(series) == pytest.approx(prewhitened(series), nan_ok=True)


def test_too_short_a_series_is_only_centred() -> None:
    """Thirteen points beyond the longest past are asked for: 17 steps leave twelve."""
    series = np.cumsum(np.random.default_rng(5).normal(size=17))
    assert autoregressive_residuals(series) == pytest.approx(series - series.mean())


def test_only_whole_steps_are_given() -> None:
    track = we.track(we.INFANT, "infant", [("N", 0, 2), ("P", 2, 4.6)])
    scores = code_scores(we.INFANT)
    assert scores is not None
    assert step_series(track, scores, S).tolist() == [-1.0, -1.0, 1.0, 1.0]


# R 4, package survival: survfit(Surv(d, e) ~ 1, cluster = f, conf.type = "log-log").
CLUSTERED_SE = [0.0894427191, 0.1264911064, 0.1949358869, 0.2243509156, 0.1400176356, 0.1226423755]
CLUSTERED_LOW = [0.5121, 0.4087, 0.1925, 0.0725, 0.0833, 0.0140]
CLUSTERED_HIGH = [0.984, 0.946, 0.926, 0.801, 0.578, 0.444]


def test_clustered_survival_is_that_of_r() -> None:
    waits, seen = [3, 5, 5, 8, 8, 8, 9, 12, 12, 4], [1, 1, 0, 1, 1, 0, 1, 0, 1, 1]
    curve = kaplan_meier(waits, seen, [1, 1, 2, 2, 3, 4, 4, 4, 5, 6])
    assert curve.se.tolist() == pytest.approx(CLUSTERED_SE, abs=1e-9)
    low, high = curve.confidence_interval()
    assert low.tolist() == pytest.approx(CLUSTERED_LOW, abs=6e-5)
    assert high.tolist() == pytest.approx(CLUSTERED_HIGH, abs=6e-4)
    alone, plain = kaplan_meier(waits, seen, range(10)), kaplan_meier(waits, seen)
    assert alone.se.tolist() == pytest.approx(plain.se.tolist())
    assert curve.survival.tolist() == plain.survival.tolist()
    # Ids are names: how they sort is nothing.
    named = kaplan_meier(waits, seen, ["z", "z", "b", "b", "y", "a", "a", "a", "x", "c"])
    assert named.se.tolist() == pytest.approx(curve.se.tolist())
    with pytest.raises(FieldError, match="cluster"):
        kaplan_meier(waits, seen, [1, 2])


def test_survival_that_ends_at_nought_has_an_interval_without_width_there() -> None:
    curve = kaplan_meier([1.0, 2.0, 3.0], [True, True, True])
    low, high = curve.confidence_interval()
    assert (low[-1], high[-1], curve.se[-1]) == (0.0, 0.0, 0.0)
    assert low[0] < curve.survival[0] < high[0]
    assert (curve.n, curve.at_risk.tolist(), curve.n_events.tolist()) == (3, [3, 2, 1], [1, 1, 1])


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e3])
def test_effect_sizes_do_not_depend_on_the_unit(unit: float) -> None:
    found = paired_contrast(np.array([30, 25, 40, 25]) * unit, np.array([10, 5, 0, 5]) * unit)
    assert (found.mean, found.sd) == pytest.approx((25 * unit, 10 * unit))
    assert (found.t, found.d_z) == pytest.approx((5.0, 2.5))
    assert (found.d_av, found.df, found.n) == (pytest.approx(4.483, abs=5e-4), 3, 4)


def test_equal_differences_have_no_t() -> None:
    found = paired_contrast([3.0, 5.0, 9.0], [1.0, 3.0, 7.0])
    assert (found.mean, found.sd, found.t, found.d_z) == (2.0, 0.0, None, None)
    assert found.d_av is not None
    assert paired_contrast([3.0, 3.0], [1.0, 1.0]).d_av is None


def test_fitted_transitions_keep_every_row_and_column_total() -> None:
    """Totals of 1 and of 0 as well: nothing is fitted where nothing was counted."""
    forth = np.array([[0, 1, 0, 0], [2, 0, 7, 0], [5, 4, 0, 0], [0, 0, 1, 0]])
    for counts in (forth, forth.T):
        fit = quasi_independence(counts)
        for axis in (0, 1):
            assert fit.expected.sum(axis=axis) == pytest.approx(counts.sum(axis=axis))
        assert (np.diag(fit.expected) == 0).all()
    assert (fit.expected[3] == 0).all()


def test_where_every_cell_can_occur_the_margins_are_independent() -> None:
    counts = np.array([[6.0, 2, 4], [1, 5, 3], [3, 3, 9]])
    fit = quasi_independence(counts, np.ones((3, 3), dtype=np.bool_))
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    assert fit.expected == pytest.approx(expected)
    assert fit.df == 4
    assert fit.x2 == pytest.approx(((counts - expected) ** 2 / expected).sum())
    assert fit.g2 == pytest.approx(2 * (counts * np.log(counts / expected)).sum())


def test_dispersion_of_the_smallest_grid() -> None:
    assert (dispersion([1.0, 1.0]), dispersion([2.0, 0.0]), dispersion([2.0])) == (1.0, 0.0, None)
    # Shares .75 and .25: 1 - (2 * .625 - 1).
    assert dispersion([3.0, 1.0]) == pytest.approx(0.75)


def test_one_stranger_each_is_enough_and_none_is_not() -> None:
    tables = [TwoByTwo(20, 10, 10, 20)] * 4
    cells = np.array([table.cells for table in tables])
    assert pooled_permutation_p(tables, cells[:, None], draws=50) == 1.0
    for pseudo in (cells[:, None][:, :0], cells[:3, None]):
        with pytest.raises(FieldError, match="nothing to compare"):
            pooled_permutation_p(tables, pseudo)


def test_a_pooled_table_tells_how_it_was_made() -> None:
    found = pool_tables([TwoByTwo(4, 2, 1, 5), TwoByTwo(1, 1, 2, 0)], ["x", "y"], draws=50, seed=9)
    assert found.table == TwoByTwo(5, 3, 3, 5)
    assert (found.n_sessions, found.n_clusters, found.draws, found.seed) == (2, 2, 50, 9)
    # Only x and x, x and y, y and y can be drawn: the summed odds ratios, a half more where a cell is 0.
    sums = [np.log(4 * 5 / 2), np.log(5 * 5 / 9), np.log(2.5 * 0.5 / (2.5 * 4.5))]
    assert (found.low, found.high) == pytest.approx((min(sums), max(sums)))


def test_two_episodes_and_five_dyads_can_be_modelled() -> None:
    rng = np.random.default_rng(6)
    dyads = [f"d{k}" for k in range(5) for _ in "ab"]
    base = np.repeat(rng.normal(0, 5, 5), 2)
    values = base + np.tile([0.0, 10.0], 5) + rng.normal(size=10)
    found = mixed_model(values, ["PL", "SF"] * 5, dyads, dyads)
    assert [term.name for term in found.terms] == ["intercept", "episode[SF]"]
    assert (found.n, found.n_dyads, found.n_families, found.remark) == (10, 5, 5, "")
    effect = found.terms[1]
    # A balanced design: the estimate and its error are those of the paired differences.
    difference = values[1::2] - values[::2]
    assert effect.estimate == pytest.approx(difference.mean())
    assert effect.se == pytest.approx(difference.std(ddof=1) / 5**0.5, rel=1e-3)
    assert effect.z == pytest.approx(effect.estimate / effect.se)
    assert (effect.low, effect.high) == pytest.approx(
        (effect.estimate - 1.959964 * effect.se, effect.estimate + 1.959964 * effect.se)
    )


@pytest.mark.parametrize("episodes", [["PL", "SF"], ["PL", "PL"]])
def test_four_dyads_or_one_episode_are_not_modelled(episodes: list[str]) -> None:
    n = 4 if len(set(episodes)) == 2 else 5
    dyads = [f"d{k}" for k in range(n) for _ in "ab"]
    with pytest.raises(FieldError, match="too few to model"):
        mixed_model(np.arange(2.0 * n), episodes * n, dyads, dyads)


@pytest.mark.parametrize(
    ("degrees", "in_phase", "anti_phase"), [(40, 1, 0), (50, 0, 0), (-40, 1, 0), (130, 0, 0), (140, 0, 1)]
)
def test_in_phase_is_within_an_eighth_of_a_turn(degrees: float, in_phase: int, anti_phase: int) -> None:
    turn = 2 * np.pi * np.arange(2000) / 20
    found = relative_phase(np.sin(turn), np.sin(turn + np.deg2rad(degrees)))
    assert found is not None
    assert (found.in_phase, found.anti_phase) == pytest.approx((in_phase, anti_phase), abs=0.02)
    assert found.n == 2000


def test_the_shortest_run_that_has_a_phase() -> None:
    wave = np.sin(2 * np.pi * np.arange(41) / 10)
    wave[20] = np.nan
    both = relative_phase(wave, wave, min_n=20)
    assert both is not None
    assert (both.in_phase, both.n) == (1.0, 40)
    assert relative_phase(wave, wave, min_n=21) is None


def test_without_statsmodels_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "statsmodels"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    dyads = [f"d{k}" for k in range(5) for _ in "ab"]
    with pytest.raises(MissingExtraError, match=r"stillface\[stats\]") as caught:
        mixed_model(np.arange(10.0), ["PL", "SF"] * 5, dyads, dyads)
    assert "a mixed model" in str(caught.value)
