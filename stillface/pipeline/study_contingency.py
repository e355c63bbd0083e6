"""Sequential contingency of a study: tables pooled over sessions, held against strangers (SPEC 3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import s_to_ns
from stillface.domain.measure_params import USUAL, ContingencyParams, MeasureParams
from stillface.domain.results import Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.contingency import window_tables
from stillface.measures.pooling import pool_tables, pooled_permutation_p
from stillface.measures.pseudo_dyads import MIN_DYADS, pseudo_partners, rejoined, shuffled_segments
from stillface.measures.slices import PairSlice
from stillface.measures.two_by_two import TwoByTwo
from stillface.pipeline.study_chance import SEGMENT_S, SURROGATES
from stillface.pipeline.study_pairs import pairs_of_schemes

__all__ = ["ContingencyRow", "contingency_rows"]

Tables = dict[str, TwoByTwo]


@dataclass(frozen=True)
class ContingencyRow:
    """One given and target of one pair of schemes, pooled over sessions.

    Parameters
    ----------
    code : str
        ``infant:pos>caregiver:pos``: given, then target.
    in_window, window_only, target_only, neither : float
        The cells of the table, time in units.
    ln_or_low, ln_or_high : float, optional
        95 % bootstrap interval over families; None with fewer than two.
    p : float, optional
        Two-sided, from tables of the same given and target between strangers, or between each dyad and its
        own second track shuffled; never 0.
    """

    episode_id: str
    scheme_id: str
    code: str
    in_window: float
    window_only: float
    target_only: float
    neither: float
    ln_or: float | None
    ln_or_low: float | None
    ln_or_high: float | None
    yule_q: float | None
    phi: float | None
    adjusted_residual: float | None
    p: float | None
    status: str
    n_sessions: int
    n_families: int
    surrogate: str
    draws: int
    seed: int


def contingency_rows(
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]],
    rules: tuple[MatchRule, ...],
    families: Mapping[str, str],
    params: MeasureParams = USUAL,
    *,
    seed: int = 0,
) -> Iterator[ContingencyRow]:
    """Pool the tables of every given and target, both directions, for the pairs of schemes of the rules.

    Parameters
    ----------
    sessions : sequence of (Session, analysed tracks)
    families : mapping of session_id to str
        Bootstrap draws families; strangers are of another one.
    params : MeasureParams
        Window and unit are those of the sessions' rows.
    """
    measure = params.contingency
    for (episode_id, scheme_id), pairs in sorted(pairs_of_schemes(sessions, rules).items()):
        clusters = [families[pair.first.session.session_id] for pair in pairs]
        real = [_tables(pair, measure) for pair in pairs]
        surrogate, null = _surrogates(pairs, clusters, measure, np.random.default_rng(seed))
        for code in sorted({code for tables in real for code in tables}):
            inside = [k for k, tables in enumerate(real) if code in tables]
            yield _row(
                (episode_id, scheme_id, code),
                [real[k][code] for k in inside],
                [clusters[k] for k in inside],
                [[tables[code].cells for tables in null[k] if code in tables] for k in inside],
                surrogate,
                seed,
            )


def _tables(pair: PairSlice, measure: ContingencyParams) -> Tables:
    tables = window_tables(pair, measure.window_s, measure.unit_s)
    return {directed.code: directed.table for directed in tables if directed.table is not None}


def _surrogates(
    pairs: Sequence[PairSlice],
    clusters: Sequence[str],
    measure: ContingencyParams,
    rng: np.random.Generator,
) -> tuple[str, list[list[Tables]]]:
    """Give the tables of each session's surrogates, and what they are."""
    if len(set(clusters)) >= MIN_DYADS:
        name, partners = "pseudo_dyads", pseudo_partners(clusters, SURROGATES, rng).tolist()
        made = [
            [rejoined(pair.first, pairs[k].second, pair) for k in row]
            for pair, row in zip(pairs, partners, strict=True)
        ]
    else:
        name, segment_ns = "shuffled_segments", s_to_ns(SEGMENT_S)
        made = [
            [replace(pair, second=shuffled_segments(pair.second, segment_ns, rng)) for _ in range(SURROGATES)]
            for pair in pairs
        ]
    return name, [[_tables(one, measure) for one in row if one.problem is None] for row in made]


def _row(
    names: tuple[str, str, str],
    tables: list[TwoByTwo],
    clusters: list[str],
    null: list[list[npt.NDArray[np.float64]]],
    surrogate: str,
    seed: int,
) -> ContingencyRow:
    pooled = pool_tables(tables, clusters, seed=seed)
    table, status = pooled.table, pooled.table.status
    ok = status is Status.OK
    several = ok and pooled.n_clusters > 1
    p = None
    if ok and all(null):
        # Sessions may lack a surrogate or two: each row is filled by going round again.
        drawn = np.array([[row[k % len(row)] for k in range(SURROGATES)] for row in null])
        p = pooled_permutation_p(tables, drawn, seed=seed)
    return ContingencyRow(
        *names, table.a, table.b, table.c, table.d,
        table.ln_odds_ratio if ok else None,
        pooled.low if several else None,
        pooled.high if several else None,
        table.yule_q if ok else None,
        table.phi if ok else None,
        table.adjusted_residual if ok else None,
        p, status.value, pooled.n_sessions, pooled.n_clusters, surrogate, pooled.draws, seed,
    )  # fmt: skip
