"""Series and correlations: known lags, missing steps, phases, what chance gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate
from scipy.stats import pearsonr

from fixtures import worked_examples as we
from stillface.domain.results import Status
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack
from stillface.errors import FieldError
from stillface.measures.correlation import (
    cross_correlation,
    effective_n,
    null_r,
    phase_randomised,
    relative_phase,
    windowed_cross_correlation,
)
from stillface.measures.series import autoregressive_residuals, code_scores, detrended, step_series
from stillface.measures.synchrony import Synchrony

S = we.S


def noise(seed: int, n: int = 400, memory: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    series = rng.normal(size=n)
    for k in range(1, n):
        series[k] += memory * series[k - 1]
    return series


@pytest.mark.parametrize("lag", [-4, -1, 0, 3])
def test_the_lag_that_was_put_in_is_found(lag: int) -> None:
    a = noise(1)
    b = np.roll(a, lag) + 0.5 * noise(2)
    found = cross_correlation(a, b, 6)
    assert found.peak[0] == lag
    assert found.peak[1] > 0.8
    swapped = cross_correlation(b, a, 6)
    assert swapped.r == pytest.approx(found.r[::-1])


def test_each_lag_equals_scipy_on_its_own_pairs() -> None:
    a, b = noise(3, 80), noise(4, 80)
    a[[5, 40]], b[[6, 70]] = np.nan, np.nan
    found = cross_correlation(a, b, 7)
    for lag in range(-7, 8):
        pairs = [(a[t], b[t + lag]) for t in range(80) if 0 <= t + lag < 80]
        pairs = [p for p in pairs if np.isfinite(p).all()]
        assert found.at(lag) == (pytest.approx(pearsonr(*zip(*pairs, strict=True))[0]), len(pairs))


def test_too_few_or_constant_pairs_give_no_r() -> None:
    a = noise(5, 20)
    assert cross_correlation(a, a, 1).at(1) == (None, 19)
    assert cross_correlation(a, a, 1).at(0)[0] == pytest.approx(1)
    assert cross_correlation(a, np.full(20, 0.1), 1).peak is None
    with pytest.raises(FieldError, match="lengths differ"):
        cross_correlation(a, a[:-1], 1)


def test_windows_follow_a_leader_that_changes() -> None:
    a = noise(6, 300)
    b = np.concatenate((np.roll(a, 2)[:150], np.roll(a, -2)[150:]))
    starts, r = windowed_cross_correlation(a, b, window=30, step=10, max_lag=4)
    lags = np.arange(-4, 5)[np.nanargmax(np.abs(r), axis=1)]
    assert set(lags[starts < 110].tolist()) == {2}
    assert set(lags[starts > 160].tolist()) == {-2}


def test_a_window_equals_the_whole_of_it_and_gaps_are_left_out() -> None:
    a, b = noise(7, 60), noise(8, 60)
    a[3] = np.nan
    _, r = windowed_cross_correlation(a, b, window=60, step=1, max_lag=0)
    keep = np.isfinite(a)
    assert r[0, 0] == pytest.approx(np.corrcoef(a[keep], b[keep])[0, 1])
    a[:20] = np.nan
    assert np.isnan(windowed_cross_correlation(a, b, window=60, step=1, max_lag=0)[1]).all()


def test_effective_n_shrinks_with_memory_and_holds_the_error_rate() -> None:
    assert effective_n(noise(9), noise(10)) > 300
    assert effective_n(noise(9, memory=0.9), noise(10, memory=0.9)) < 120
    beyond = 0
    for k in range(200):
        a, b = noise(100 + k, 300, 0.6), noise(5000 + k, 300, 0.6)
        beyond += abs(cross_correlation(a, b, 0).at(0)[0]) > null_r(effective_n(a, b))
    # 5 % of 200 is 10; 99.9 % of binomial draws lie within 1 to 21.
    assert 1 <= beyond <= 21
    assert null_r(3.0) is None
    # Never fewer than two pairs' worth, however smooth: a straight line and itself.
    assert effective_n(np.arange(9.0), np.arange(9.0)) >= 2.0
    slow = np.sin(np.arange(400) / 80)
    assert 2.0 <= effective_n(slow, slow) < 8
    assert effective_n(np.arange(3.0), np.arange(3.0)) == 3.0


def test_phase_of_waves() -> None:
    t = np.arange(200) / 20
    wave = np.sin(2 * np.pi * t)
    assert relative_phase(wave, wave).in_phase == 1.0
    assert relative_phase(wave, -wave).anti_phase == 1.0
    quarter = relative_phase(wave, np.cos(2 * np.pi * t))
    assert max(quarter.in_phase, quarter.anti_phase) < 0.15
    assert relative_phase(wave, np.zeros(200)) is None
    broken = wave.copy()
    broken[100] = np.nan
    assert relative_phase(broken, wave).n == 199


def test_prewhitening_takes_the_memory_out_and_keeps_the_tie() -> None:
    a = noise(11, 2000, 0.8)
    residuals = autoregressive_residuals(a)
    seen = residuals[np.isfinite(residuals)]
    assert abs(np.corrcoef(seen[1:], seen[:-1])[0, 1]) < 0.05
    assert np.corrcoef(a[1:], a[:-1])[0, 1] > 0.7
    lag = cross_correlation(residuals, autoregressive_residuals(np.roll(a, 3)), 6).peak[0]
    assert lag == 3


def test_phase_randomising_keeps_the_spectrum_and_breaks_the_tie() -> None:
    a = noise(12, 256, 0.5)
    surrogate = phase_randomised(a, np.random.default_rng(0))
    assert np.abs(np.fft.rfft(surrogate)) == pytest.approx(np.abs(np.fft.rfft(a)))
    assert abs(np.corrcoef(a, surrogate)[0, 1]) < 0.4
    a[0] = np.nan
    with pytest.raises(FieldError, match="gaps"):
        phase_randomised(a, np.random.default_rng(0))


def test_steps_hold_the_time_weighted_mean() -> None:
    scheme = CodingScheme(
        "three", (Code("n", valence=-1), Code("z", valence=0), Code("p", valence=1), Code("u", gap=True))
    )
    edges = np.array([0, 500, 1250, 1400, 2600, 4000], np.int64) * (S // 1000)
    track = StateTrack(scheme, "infant", "human:AB", edges, np.array([0, 2, 3, 1, 2], np.int16))
    series = step_series(track, code_scores(scheme), S)
    assert series == pytest.approx([0.0, 0.25 / 0.85, 0.4, 1.0])
    uncoded = track.clip(0, 6 * S)
    assert np.isnan(step_series(uncoded, code_scores(scheme), S)[4:]).all()
    less_than_half = StateTrack(
        scheme, "infant", "human:AB", np.array([0, 49, 100]) * (S // 100), np.array([2, 3])
    )
    assert np.isnan(step_series(less_than_half, code_scores(scheme), S)).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([250, 500, 1000, 2000]))
def test_steps_of_any_length_keep_the_integral(seed: int, step_ms: int) -> None:
    rng = np.random.default_rng(seed)
    scheme = CodingScheme("three", (Code("n", valence=-1), Code("z", valence=0), Code("p", valence=1)))
    inner = np.unique(rng.integers(1, 7999, 12))
    edges = np.concatenate(([0], inner, [8000])).astype(np.int64) * 1_000_000
    codes = rng.integers(0, 3, edges.size - 1).astype(np.int16)
    track = StateTrack(scheme, "infant", "human:AB", edges, codes)
    series = step_series(track, code_scores(scheme), step_ms * 1_000_000)
    assert series.sum() * step_ms == pytest.approx(float(((codes - 1.0) * np.diff(edges) / 1e6).sum()))


def test_which_schemes_order_their_codes() -> None:
    gaze = CodingScheme("gaze", (Code("partner"), Code("away"), Code("usc", gap=True)))
    assert code_scores(gaze).tolist()[:2] == [1.0, 0.0]
    ranks = CodingScheme("r", (Code("a", value=1), Code("b", value=5, valence=1)), type="ordinal")
    assert code_scores(ranks).tolist() == [1.0, 5.0]
    assert code_scores(CodingScheme("none", (Code("a"), Code("b")))) is None


def test_a_line_is_taken_out_and_missing_steps_stay_missing() -> None:
    series = 3.0 + 0.5 * np.arange(30)
    series[4] = np.nan
    flat = detrended(series)
    assert np.isnan(flat[4])
    assert np.nanmax(np.abs(flat)) < 1e-9
    wave = noise(13, 64)
    assert correlate(detrended(wave), np.arange(64) - 31.5, "valid") == pytest.approx(0, abs=1e-6)


def test_rows_say_why_there_is_no_number() -> None:
    session, tracks = we.w2()
    rows = {r.measure: r for r in Synchrony()(session, tracks) if r.episode_id == "RE"}
    assert rows["synchrony_r0"].status is Status.MISS_LOWN
    assert {r.status for r in rows.values()} == {Status.MISS_LOWN}
    assert set(rows) == {r.measure for r in Synchrony()(session, tracks) if r.episode_id == "PL"}
    still = we.session(Episode("SF", 0, 20 * S))
    assert {r.status for r in Synchrony()(still, tracks) if r.episode_id == "SF"} == {Status.NA_STRUCT}
    flat = tuple(we.seconds_track(t.scheme, t.role, "S" * 40) for t in tracks)
    rows = {
        r.measure: r for r in Synchrony()(we.session(Episode("RE", 0, 40 * S)), flat) if r.episode_id == "RE"
    }
    assert rows["synchrony_r0"].status is Status.NA_CONST
    assert rows["in_phase_share"].status is Status.NA_CONST


def test_rows_of_a_caregiver_who_follows() -> None:
    rng = np.random.default_rng(5)
    letters = [str(rng.choice(list("NSP"))) for _ in range(40) for _ in range(3)]
    infant = "".join(letters)
    caregiver = "SS" + infant[:-2]
    tracks = (
        we.seconds_track(we.INFANT, "infant", infant),
        we.seconds_track(we.CAREGIVER, "caregiver", caregiver),
    )
    session = we.session(Episode("RE", 0, 120 * S))
    rows = {r.measure: r for r in Synchrony()(session, tracks) if r.episode_id == "RE"}
    assert (rows["synchrony_peak_lag_s"].value, rows["synchrony_peak_lag_s"].flags) == (
        2.0,
        ("leads=infant",),
    )
    assert rows["wcc_lead_share_infant"].value > 0.9
    assert rows["wcc_lead_share_caregiver"].value == 0.0
    assert rows["synchrony_n_effective"].value <= 120
    assert 0 < rows["synchrony_r0_null"].value < 1
    pre = {
        r.measure: r for r in Synchrony(prewhiten=True, detrend=True)(session, tracks) if r.episode_id == "RE"
    }
    assert pre["synchrony_peak_lag_s"].value == 2.0
    assert pre["synchrony_r0"].params_hash != rows["synchrony_r0"].params_hash
