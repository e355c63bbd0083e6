"""Time-window sequential analysis: against a walk over units, both directions, gaps, chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from scipy.stats.contingency import odds_ratio

from fixtures import worked_examples as we
from stillface.domain.results import Status
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import UNCODED, StateTrack
from stillface.errors import FieldError
from stillface.measures.contingency import Contingency, window_tables
from stillface.measures.pooling import pool_tables, pooled_permutation_p
from stillface.measures.slices import pair_slices
from stillface.measures.structural_zeros import quasi_independence
from stillface.measures.two_by_two import TwoByTwo

PLAIN = CodingScheme("plain", (Code("x"), Code("y"), Code("usc", gap=True)))
S = we.S


def pair_of(infant: list[int], caregiver: list[int]):  # type: ignore[no-untyped-def]
    edges = np.arange(len(infant) + 1, dtype=np.int64) * S
    tracks = tuple(
        StateTrack(PLAIN, role, "human:AB", edges, np.array(codes, np.int16))
        for role, codes in (("infant", infant), ("caregiver", caregiver))
    )
    session = we.session(Episode("RE", 0, len(infant) * S))
    (pair,) = (p for p in pair_slices(session, tracks) if p.first.episode is not None)
    return session, tracks, pair


def walk(given: list[int], target: list[int], g: int, h: int, window: int) -> tuple[int, ...]:
    """Count units one by one: inside a window or not, with a target onset or not."""
    n = len(given)
    ok = [given[t] in (0, 1) and target[t] in (0, 1) for t in range(n)]

    def onset(codes: list[int], code: int, t: int) -> bool:
        return t > 0 and ok[t] and ok[t - 1] and codes[t] == code and codes[t - 1] != code

    inside = [False] * n
    for t in range(n):
        if onset(given, g, t):
            for u in range(t, min(t + window, n)):
                if not ok[u]:
                    break
                inside[u] = True
    cells = [0, 0, 0, 0]
    for t in range(n):
        if ok[t]:
            cells[(0 if inside[t] else 2) + (0 if onset(target, h, t) else 1)] += 1
    return tuple(cells)


codes = st.lists(st.integers(UNCODED, 2), min_size=3, max_size=40)


@settings(max_examples=300, deadline=None)
@given(infant=codes, caregiver=codes, window=st.integers(1, 5))
def test_tables_equal_a_walk_over_units(infant: list[int], caregiver: list[int], window: int) -> None:
    size = min(len(infant), len(caregiver))
    infant, caregiver = infant[:size], caregiver[:size]
    _, _, pair = pair_of(infant, caregiver)
    if pair.problem is not None:
        return
    for directed in window_tables(pair, window, 1.0):
        first = directed.given_role == "infant"
        streams = (infant, caregiver) if first else (caregiver, infant)
        expected = walk(*streams, "xy".index(directed.given), "xy".index(directed.target), window)
        assert directed.table is not None
        assert directed.table.cells.ravel().tolist() == list(expected)


def test_an_answer_is_seen_in_its_own_direction_only() -> None:
    rng = np.random.default_rng(4)
    infant = np.repeat(rng.integers(0, 2, 60), 10).tolist()
    # The caregiver does what the infant did 2 s before.
    caregiver = [1 - infant[0]] * 2 + infant[:-2]
    session, tracks, _ = pair_of(infant, caregiver)
    rows = {r.code: r for r in Contingency()(session, tracks) if r.measure == "contingency_yule_q"}
    rows = {code: row for code, row in rows.items() if row.episode_id == "RE"}
    assert rows["infant:x>caregiver:x"].value == 1.0
    assert rows["infant:x>caregiver:x"].flags == ("haldane",)
    assert rows["caregiver:x>infant:x"].value < 0


def test_status_of_thin_missing_and_imposed_episodes() -> None:
    session, tracks, _ = pair_of([0, 1, 0, 1], [0, 1, 0, 1])
    rows = list(Contingency()(session, tracks))
    assert {r.status for r in rows if r.episode_id == "RE"} == {Status.MISS_LOWN}
    assert {r.status for r in rows if r.episode_id == "PL"} == {Status.MISS_EPISODE}
    still = we.session(Episode("SF", 0, 4 * S))
    statuses = {r.status for r in Contingency()(still, tracks) if r.episode_id == "SF"}
    assert statuses == {Status.NA_STRUCT}


def test_a_unit_longer_than_the_bouts_is_refused_by_name() -> None:
    session, tracks, _ = pair_of([0, 1] * 30, [0, 1] * 30)
    rows = [r for r in Contingency(unit_s=5.0)(session, tracks) if r.episode_id == "RE"]
    assert {r.status for r in rows} == {Status.MISS_LOWN}
    assert {r.flags for r in rows} == {("unit_too_coarse",)}


def test_moving_in_time_changes_nothing() -> None:
    session, tracks, _ = pair_of([0, 1, 1, 0] * 20, [0, 0, 1, 1] * 20)
    moved = we.session(Episode("RE", 7 * S, 87 * S))
    later = tuple(track.shift(7 * S) for track in tracks)
    values = [
        [(r.code, r.value, r.status) for r in Contingency()(s, t) if r.episode_id == "RE"]
        for s, t in ((session, tracks), (moved, later))
    ]
    assert values[0] == values[1]


cell = st.integers(1, 500)


@settings(deadline=None)
@given(a=cell, b=cell, c=cell, d=cell)
def test_two_by_two_agrees_with_scipy(a: int, b: int, c: int, d: int) -> None:
    table = TwoByTwo(a, b, c, d)
    peer = odds_ratio([[a, b], [c, d]], kind="sample")
    assert table.odds_ratio == pytest.approx(peer.statistic)
    assert np.exp(table.ln_odds_ratio_ci()) == pytest.approx(tuple(peer.confidence_interval(0.95)))
    chi2 = chi2_contingency([[a, b], [c, d]], correction=False).statistic
    assert table.adjusted_residual**2 == pytest.approx(chi2, abs=1e-9)
    assert table.yule_q == pytest.approx(-TwoByTwo(b, a, d, c).yule_q)


@pytest.mark.parametrize("cells", [(-1, 1, 1, 1), (0, 0, 0, 0), (float("nan"), 1, 1, 1)])
def test_what_is_no_table_is_refused(cells: tuple[float, ...]) -> None:
    with pytest.raises(FieldError, match="not a table of counts"):
        TwoByTwo(*cells)


@pytest.mark.filterwarnings("ignore:Perfect separation")
@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=12, max_size=12).map(lambda cells: np.array(cells, float)))
def test_structural_zeros_equal_a_poisson_model(cells: np.ndarray) -> None:
    import statsmodels.api as sm

    counts = np.zeros((4, 4))
    counts[~np.eye(4, dtype=bool)] = cells
    fit = quasi_independence(counts)
    row, column = np.nonzero(~np.eye(4, dtype=bool))
    design = np.column_stack([*(row == k for k in range(4)), *(column == k for k in range(1, 4))])
    peer = sm.GLM(cells, design.astype(float), family=sm.families.Poisson()).fit()
    assert fit.expected[row, column] == pytest.approx(peer.fittedvalues, rel=1e-6)
    assert fit.g2 == pytest.approx(peer.deviance, abs=1e-6)
    assert (fit.x2, fit.df) == (pytest.approx(peer.pearson_chi2, abs=1e-6), peer.df_resid)
    leverage = peer.get_influence().hat_matrix_diag
    adjusted = peer.resid_pearson / np.sqrt(1 - leverage)
    assert fit.adjusted_residuals[row, column] == pytest.approx(adjusted, rel=1e-5, abs=1e-6)


def test_codes_never_met_do_not_disturb_the_others() -> None:
    counts = np.zeros((5, 5))
    counts[:3, :3] = [[0, 8, 2], [3, 0, 7], [6, 4, 0]]
    fit = quasi_independence(counts)
    assert (round(fit.g2, 4), fit.df) == (5.0978, 1)
    assert round(fit.adjusted_residuals[0, 1], 4) == 2.2211
    with pytest.raises(FieldError, match="none can be"):
        quasi_independence(np.eye(3))


def test_pooled_interval_resamples_families_not_sessions() -> None:
    rng = np.random.default_rng(0)
    tables = [TwoByTwo(*rng.integers(5, 40, 4)) for _ in range(24)]
    alone = pool_tables(tables, [str(k) for k in range(24)], seed=3)
    doubled = pool_tables(
        [t for t in tables for _ in "ab"], [str(k) for k in range(24) for _ in "ab"], seed=3
    )
    assert alone.table.n == sum(t.n for t in tables)
    assert (doubled.n_sessions, doubled.n_clusters) == (48, 24)
    assert (doubled.low, doubled.high) == pytest.approx((alone.low, alone.high))
    as_if_alone = pool_tables([t for t in tables for _ in "ab"], [str(k) for k in range(48)], seed=3)
    assert as_if_alone.high - as_if_alone.low < 0.85 * (doubled.high - doubled.low)


def test_pooled_permutation_is_two_sided_and_never_zero() -> None:
    rng = np.random.default_rng(1)
    strangers = rng.integers(8, 13, (20, 15, 2, 2)).astype(float)
    for cells in ((40, 10, 10, 40), (10, 40, 40, 10)):
        assert pooled_permutation_p([TwoByTwo(*cells)] * 20, strangers) == pytest.approx(1 / 1001)
    # Strangers whose own odds ratio is far from 1: extreme means far from them, on either side.
    shifted = strangers.copy()
    shifted[:, :, 0, 0] *= 4
    typical = [TwoByTwo(*shifted[k, 0].ravel()) for k in range(20)]
    assert pooled_permutation_p(typical, shifted) > 0.05
    assert pooled_permutation_p([TwoByTwo(10, 10, 10, 10)] * 20, shifted) == pytest.approx(1 / 1001)
    own = [TwoByTwo(*strangers[k, 0].ravel()) for k in range(20)]
    assert pooled_permutation_p(own, strangers) > 0.05


def test_sleep_is_a_gap_between_two_people() -> None:
    scheme = replace(PLAIN, codes=(*PLAIN.codes, Code("slp", dyad_gap=True)))
    edges = np.arange(5, dtype=np.int64) * S
    tracks = (
        StateTrack(scheme, "infant", "human:AB", edges, np.array([0, 3, 0, 1], np.int16)),
        StateTrack(PLAIN, "caregiver", "human:AB", edges, np.array([0, 0, 1, 1], np.int16)),
    )
    (pair,) = (p for p in pair_slices(we.session(Episode("RE", 0, 4 * S)), tracks) if p.problem is None)
    assert pair.scorable_ns == 3 * S
    tables = {d.code: d for d in window_tables(pair)}
    assert tables["infant:x>caregiver:y"].n_given == 0
    assert tables["infant:y>caregiver:y"].n_given == 1
