"""Statistics under the measures against plain formulas written out here, and at the edges of their rules."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.protocol import Recovery
from stillface.domain.results import Status
from stillface.domain.scheme import MATCH, Code, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.errors import FieldError, MissingExtraError
from stillface.measures.contrasts import paired_contrast
from stillface.measures.correlation import effective_n, null_r, windowed_cross_correlation
from stillface.measures.matching import Matching
from stillface.measures.mixed import mixed_model
from stillface.measures.pooling import pool_tables, pooled_permutation_p
from stillface.measures.recovery import RecoveryLatency
from stillface.measures.repairs import mismatch_bouts, state_changes
from stillface.measures.return_to_baseline import ReturnToBaseline, rolling_pct_negative
from stillface.measures.scores import Scores
from stillface.measures.series import autoregressive_residuals, code_scores, step_series
from stillface.measures.slices import dyad_slices, pair_slices
from stillface.measures.state_space import StateSpace
from stillface.measures.structural_zeros import quasi_independence
from stillface.measures.survival import kaplan_meier
from stillface.measures.turns import silences
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
    counts = np.array([[0, 1, 0, 0], [2, 0, 7, 0], [5, 4, 0, 0], [0, 0, 1, 0]])
    fit = quasi_independence(counts)
    for axis in (0, 1):
        assert fit.expected.sum(axis=axis) == pytest.approx(counts.sum(axis=axis))
    assert (np.diag(fit.expected) == 0).all()
    assert (fit.expected[:, 3] == 0).all()


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
    assert (found.n, found.n_dyads, found.n_families) == (10, 5, 5)
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


def test_ratings_are_weighted_by_their_time() -> None:
    scheme = CodingScheme("r", (Code("low", value=1.0), Code("high", value=3.0)), type="rating")
    track = we.track(scheme, "infant", [("low", 0, 10), ("high", 10, 40)])
    rows = {
        r.measure: r for r in Scores()(we.session(Episode("RE", 0, 40 * S)), (track,)) if r.value is not None
    }
    mean, sd = rows["score_mean"], rows["score_sd"]
    assert (mean.value, mean.unit, mean.n) == (2.5, "score", 2)
    assert (sd.value, sd.unit, sd.n) == (pytest.approx((0.25 * 1.5**2 + 0.75 * 0.5**2) ** 0.5), "score", 2)


def test_a_grid_of_one_cell_has_no_dispersion() -> None:
    one = CodingScheme("one", (Code("x"), Code("usc", gap=True)))
    tracks = tuple(we.track(one, role, [("x", 0, 9)]) for role in ("infant", "caregiver"))
    session = we.session(Episode("RE", 0, 9 * S))
    rows = {r.measure: r for r in StateSpace()(session, tracks) if r.episode_id == "RE"}
    spread = rows["grid_dispersion"]
    assert (spread.value, spread.status, spread.n) == (None, Status.NA_CONST, 1)
    assert (rows["grid_visits"].value, rows["visit_entropy_nat"].value) == (1.0, 0.0)


def test_a_still_face_that_was_not_run_tells_nothing_about_who_was_upset() -> None:
    protocol = replace(we.PROTOCOL, recovery=(Recovery("RE", "PL", at_risk="neg_at_end_before"),))
    session = Session("s", "d", protocol, (Episode("PL", 0, 60 * S), Episode("RE", 60 * S, 120 * S)))
    track = we.track(we.INFANT, "infant", [("S", 0, 60), ("N", 60, 80), ("S", 80, 120)])
    rows = list(RecoveryLatency()(session, (track,), ()))
    assert {(row.episode_id, row.status, row.value) for row in rows} == {("RE", Status.MISS_EPISODE, None)}


def w2_dyad(rule: MatchRule):  # type: ignore[no-untyped-def]
    session, tracks = we.w2()
    fitting = replace(rule, schemes=((we.INFANT.id, we.CAREGIVER.id),))
    return next(d for d in dyad_slices(session, tracks, (fitting,)) if d.first.spec.id == "RE")


def test_the_stories_of_w2_name_who_did_what() -> None:
    """positive_only: mismatch 0-5, 7-13 and, cut by the end, 18-20."""
    first, second, last = mismatch_bouts(state_changes(w2_dyad(we.POSITIVE_ONLY)))
    assert (first.onset_by, first.completer, first.first_mover, first.direction) == ("", "joint", "", "up")
    assert (second.onset_by, second.completer) == ("caregiver", "caregiver")
    assert (second.first_mover, second.direction, second.duration_s) == ("infant", "up", 6.0)
    assert (last.onset_by, last.completer, last.first_mover, last.direction) == (
        "infant",
        "",
        "caregiver",
        "",
    )
    assert (last.ended_by, last.censored, last.left_truncated) == ("episode_end", True, False)


def test_short_states_go_to_the_state_before_and_the_first_to_the_next() -> None:
    """Match for a second, mismatch 1-11, match 11-12.5, mismatch to 20: with 2 s the matches vanish."""
    infant = [("P", 0, 1), ("N", 1, 11), ("P", 11, 12.5), ("N", 12.5, 20)]
    caregiver = [("P", 0, 20)]
    tracks = (we.track(we.INFANT, "infant", infant), we.track(we.CAREGIVER, "caregiver", caregiver))
    session = we.session(Episode("RE", 0, 20 * S))
    for shortest_ms, match_s, repairs in (
        (0, 2.5, 1.0),
        (1000, 2.5, 1.0),
        (1200, 1.5, 1.0),
        (1501, 0.0, 0.0),
    ):
        rule = replace(we.VALENCE3, min_match_ms=shortest_ms)
        rows = {
            r.measure: r for r in Matching()(session, tracks, (rule,)) if r.episode_id == "RE" and not r.code
        }
        assert rows["pct_match"].value == pytest.approx(5 * match_s), shortest_ms
        assert rows["n_repair"].value == repairs, shortest_ms


def test_a_short_state_before_a_gap_goes_to_its_only_neighbour() -> None:
    caregiver = we.track(we.CAREGIVER, "caregiver", [("P", 0, 20)])
    session = we.session(Episode("RE", 0, 20 * S))
    rule = replace(we.VALENCE3, min_match_ms=2000)
    for infant, match_s in (
        # Match for a second, then mismatch, then nobody saw: the second becomes mismatch.
        ([("P", 0, 1), ("N", 1, 6), ("U", 6, 20)], 0.0),
        # Alone between the onset and a gap, or between two gaps, there is no neighbour to go to.
        ([("P", 0, 1), ("U", 1, 10), ("N", 10, 15)], 1.0),
        ([("N", 0, 4), ("U", 4, 10), ("P", 10, 11), ("U", 11, 20)], 1.0),
        # After a gap it is the first of its stretch.
        ([("N", 0, 4), ("U", 4, 10), ("P", 10, 11), ("N", 11, 20)], 0.0),
    ):
        tracks = (we.track(we.INFANT, "infant", infant), caregiver)
        dyad = next(d for d in dyad_slices(session, tracks, (rule,)) if d.first.spec.id == "RE")
        assert dyad.duration_of(MATCH) == match_s, infant


def test_a_silence_with_both_on_one_side_is_nobodys() -> None:
    scheme = CodingScheme("voices", (Code("voc"), Code("silent")))

    def found(infant: str, caregiver: str) -> list[tuple[int, int, float]]:
        tracks = tuple(
            we.track(scheme, role, [({"v": "voc", "-": "silent"}[c], t, t + 1) for t, c in enumerate(text)])
            for role, text in (("infant", infant), ("caregiver", caregiver))
        )
        session = we.session(Episode("RE", 0, len(infant) * S))
        pair = next(p for p in pair_slices(session, tracks) if p.first.spec.id == "RE")
        return [(s.before, s.after, s.duration_s) for s in silences(pair)]

    assert found("-v--v-", "------") == [(0, 0, 2.0)]
    assert found("-v----", "----v-") == [(0, 1, 2.0)]
    assert found("-v--v-", "-v----") == []
    assert found("-v--v-", "----v-") == []


def test_a_window_longer_than_an_episode_gives_no_way_back() -> None:
    track = we.track(we.INFANT, "infant", [("S", 0, 60), ("N", 60, 140), ("S", 140, 180)])
    for play_s, reunion_s in ((60.0, 9.9), (10.05, 60.0)):
        episodes = (Episode("PL", 0, round(play_s * S)), Episode("RE", 120 * S, round((120 + reunion_s) * S)))
        (row,) = ReturnToBaseline()(Session("s", "d", we.PROTOCOL, episodes), (track,))
        assert (row.value, row.unit, row.status, row.n, row.flags) == (None, "s", Status.MISS_LOWN, None, ())


def test_a_window_seen_for_less_than_half_has_no_share() -> None:
    track = we.track(we.INFANT, "infant", [("N", 0, 10), ("U", 10, 20), ("S", 20, 30)])
    times, pct = rolling_pct_negative(track, 10 * S, 2 * S)
    assert (times // S).tolist() == [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]
    expected = [100.0, 100.0, 100.0, *[np.nan] * 5, 0.0, 0.0, 0.0]
    assert pct == pytest.approx(expected, nan_ok=True)


def test_a_dyad_that_never_parted_has_no_latency_to_report() -> None:
    tracks = (
        we.seconds_track(we.INFANT, "infant", "P" * 9),
        we.seconds_track(we.CAREGIVER, "caregiver", "P" * 9),
    )
    session = we.session(Episode("RE", 0, 9 * S))
    rows = {r.measure: r for r in Matching()(session, tracks, (we.VALENCE3,)) if r.episode_id == "RE"}
    for name, unit in (
        ("mismatch_bout_mean_s", "s"),
        ("repair_latency_anchored_s", "s"),
        ("repair_latency_km_median_s", "s"),
        ("prop_repaired", "share"),
    ):
        row = rows[name]
        assert (row.value, row.unit, row.n, row.status, row.flags) == (None, unit, 0, Status.NA_NOBOUT, ())


def test_without_statsmodels_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "statsmodels"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    dyads = [f"d{k}" for k in range(5) for _ in "ab"]
    with pytest.raises(MissingExtraError, match=r"stillface\[stats\]") as caught:
        mixed_model(np.arange(10.0), ["PL", "SF"] * 5, dyads, dyads)
    assert "a mixed model" in str(caught.value)
