"""Whether a study's match, repair and correlation are more than strangers would show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S, s_to_ns
from stillface.domain.measure_params import USUAL, MeasureParams
from stillface.domain.scheme import MATCH, MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.correlation import cross_correlation, phase_randomised
from stillface.measures.pseudo_dyads import (
    MIN_DYADS,
    pseudo_partners,
    pseudo_test,
    pseudo_values,
    shuffled_segments,
)
from stillface.measures.repairs import state_changes
from stillface.measures.slices import DyadSlice, PairSlice, dyad_slices, pair_slices
from stillface.measures.synchrony import Synchrony

__all__ = ["SEGMENT_S", "SURROGATES", "ChanceRow", "chance_rows", "longest_whole", "r0_and_peak"]

SEGMENT_S = 10.0
SURROGATES = 20
"""Surrogates of each dyad; means over dyads are drawn from them."""

Float = npt.NDArray[np.float64]
Statistic = Callable[[PairSlice], float | None]


@dataclass(frozen=True)
class ChanceRow:
    """A mean over dyads beside its null.

    Parameters
    ----------
    surrogate : {'pseudo_dyads', 'shuffled_segments', 'phase'}
        Strangers of the same episode where there are at least 20 families, else each dyad's own second
        track with its stretches of about 10 s in random order. Correlations are also held against the
        second series with its phases drawn at random, which keeps its spectrum. That takes a series without
        a gap: of each dyad its longest such stretch, of at least 20 steps.
    """

    episode_id: str
    scheme_id: str
    measure: str
    match_rule: str
    observed: float
    expected: float
    null_low: float
    null_high: float
    p: float
    n_dyads: int
    surrogate: str
    draws: int
    seed: int


def chance_rows(
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]],
    rules: tuple[MatchRule, ...],
    families: Mapping[str, str],
    params: MeasureParams = USUAL,
    *,
    seed: int = 0,
) -> Iterator[ChanceRow]:
    """Test match, repair rate and correlation at lag 0 (and its largest absolute value over lags).

    Parameters
    ----------
    sessions : sequence of (Session, analysed tracks)
        Their tracks are held in memory together.
    families : mapping of session_id to str
    params : MeasureParams
        Correlations are those of the sessions' rows.
    seed : int
        Of all random draws; stored with each row.
    """
    synchrony = Synchrony(**asdict(params.synchrony))
    for (episode_id, scheme_id, rule), pairs in sorted(_pairs(sessions, rules).items()):
        clusters = [families[pair.first.session.session_id] for pair in pairs]
        questions: dict[str, Statistic] = (
            {"pct_match": _pct_match, "repair_rate_per_min": _repair_rate}
            if rule
            else {
                "synchrony_r0": lambda pair: synchrony.correlation(pair).at(0)[0],
                "synchrony_peak_r": lambda pair: _size_of_peak(synchrony, pair),
            }
        )
        for measure, statistic in questions.items():
            row = _row(pairs, clusters, statistic, (episode_id, scheme_id, measure, rule), seed)
            if row is not None:
                yield row
        if not rule:
            yield from _phase_rows(pairs, synchrony, (episode_id, scheme_id), seed)


def _pairs(
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]], rules: tuple[MatchRule, ...]
) -> dict[tuple[str, str, str], list[PairSlice]]:
    """Give what can be measured of all sessions by episode, schemes and rule; no rule is ``""``."""
    found: dict[tuple[str, str, str], list[PairSlice]] = {}
    for session, tracks in sessions:
        for pair in (*pair_slices(session, tracks), *dyad_slices(session, tracks, rules)):
            if pair.problem is None:
                stamp = pair.stamp("")
                found.setdefault((stamp.episode_id, stamp.scheme_id, stamp.match_rule), []).append(pair)
    return found


def _row(
    pairs: list[PairSlice],
    clusters: list[str],
    statistic: Statistic,
    names: tuple[str, str, str, str],
    seed: int,
) -> ChanceRow | None:
    observed = np.array([_number(statistic(pair)) for pair in pairs])
    if not np.isfinite(observed).any():
        return None
    rng = np.random.default_rng(seed)
    strangers = len(set(clusters)) >= MIN_DYADS
    if strangers:
        null = pseudo_values(pairs, statistic, pseudo_partners(clusters, SURROGATES, rng))
    else:
        null = np.array(
            [[_number(statistic(_shuffled(pair, rng))) for _ in range(SURROGATES)] for pair in pairs]
        )
    if not (np.isfinite(observed) & np.isfinite(null).any(axis=1)).any():
        return None
    test = pseudo_test(observed, null, seed=seed)
    return ChanceRow(
        *names, test.observed, test.expected, test.low, test.high, test.p, test.n,
        "pseudo_dyads" if strangers else "shuffled_segments", test.draws, seed,
    )  # fmt: skip


def _phase_rows(
    pairs: list[PairSlice], synchrony: Synchrony, names: tuple[str, str], seed: int
) -> Iterator[ChanceRow]:
    """Hold the correlations against series of the same spectrum that know nothing of each other."""
    found = (longest_whole(*synchrony.series(pair)) for pair in pairs)
    whole = [series for series in found if series[0].size >= synchrony.min_n]
    rng = np.random.default_rng(seed)
    real = np.array([r0_and_peak(synchrony, *series) for series in whole]).reshape(-1, 2)
    null = np.array(
        [
            [r0_and_peak(synchrony, first, phase_randomised(second, rng)) for _ in range(SURROGATES)]
            for first, second in whole
        ]
    ).reshape(-1, SURROGATES, 2)
    for column, measure in enumerate(("synchrony_r0", "synchrony_peak_r")):
        usable = np.isfinite(real[:, column]) & np.isfinite(null[:, :, column]).any(axis=1)
        if usable.any():
            test = pseudo_test(real[:, column], null[:, :, column], seed=seed)
            yield ChanceRow(
                *names, measure, "", test.observed, test.expected, test.low, test.high, test.p, test.n,
                "phase", test.draws, seed,
            )  # fmt: skip


def longest_whole(first: Float, second: Float) -> tuple[Float, Float]:
    """Give the longest stretch in which both series are there; the first of equals."""
    there = np.concatenate(([False], np.isfinite(first) & np.isfinite(second), [False]))
    step = np.diff(there.astype(np.int8))
    begins, ends = np.flatnonzero(step == 1), np.flatnonzero(step == -1)
    if not begins.size:
        return first[:0], second[:0]
    longest = int((ends - begins).argmax())
    part = slice(int(begins[longest]), int(ends[longest]))
    return first[part], second[part]


def r0_and_peak(synchrony: Synchrony, first: Float, second: Float) -> tuple[float, float]:
    """Give r at lag 0 and the largest absolute r over lags; NaN where undefined."""
    max_lag = round(synchrony.max_lag_s / synchrony.step_s)
    found = cross_correlation(first, second, max_lag, min_n=synchrony.min_n)
    return _number(found.at(0)[0]), _number(None if found.peak is None else abs(found.peak[1]))


def _shuffled(pair: PairSlice, rng: np.random.Generator) -> PairSlice:
    return replace(pair, second=shuffled_segments(pair.second, s_to_ns(SEGMENT_S), rng))


def _pct_match(pair: PairSlice) -> float | None:
    if not isinstance(pair, DyadSlice) or not pair.scorable_ns:
        return None
    return 100 * pair.duration_of(MATCH) / (pair.scorable_ns / NS_PER_S)


def _repair_rate(pair: PairSlice) -> float | None:
    if not isinstance(pair, DyadSlice) or not pair.scorable_ns:
        return None
    return 60 * float(state_changes(pair).repairs.sum()) / (pair.scorable_ns / NS_PER_S)


def _size_of_peak(synchrony: Synchrony, pair: PairSlice) -> float | None:
    peak = synchrony.correlation(pair).peak
    return None if peak is None else abs(peak[1])


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
