"""Codes as a series of numbers at even steps, for methods that need one (SPEC 3.6).

Everything else in this package is computed on the exact borders; a correlation at a lag needs samples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import FieldError

__all__ = ["autoregressive_residuals", "code_scores", "detrended", "step_series"]

Float = npt.NDArray[np.float64]

_MIN_SEEN = 0.5
_ROUNDING = 1e-9
_MAX_ORDER = 5


def code_scores(scheme: CodingScheme) -> Float | None:
    """Give the number each code stands for, NaN for gaps; None where the scheme orders nothing.

    An ordinal scheme gives its ranks, one with valences its valences, one with a code ``partner`` 1 for
    gaze at the partner and 0 for elsewhere.
    """
    if scheme.type in ("ordinal", "rating") and all(c.value is not None for c in scheme.codes if not c.gap):
        values = [code.value for code in scheme.codes]
    elif scheme.has_valence:
        values = [None if code.valence is None else float(code.valence) for code in scheme.codes]
    elif "partner" in scheme.code_ids:
        values = [float(code.id == "partner") for code in scheme.codes]
    else:
        return None
    scores = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    scores[scheme.dyad_gap_mask] = np.nan
    return scores


def step_series(track: StateTrack, scores: Float, step_ns: int) -> Float:
    """Give the time-weighted mean score in each step from the track's onset.

    Parameters
    ----------
    track : StateTrack
        Cut to the episode.
    scores : array of float64, shape (n_codes,)
        From `code_scores`.
    step_ns : int

    Returns
    -------
    array of float64, shape (n_steps,)
        Whole steps only; NaN where less than half of a step has a score.
    """
    if step_ns <= 0:
        raise FieldError("not a step", where="step_series.step_ns", got=step_ns, expected="> 0")
    n_steps = (track.offset_ns - track.onset_ns) // step_ns
    borders = track.onset_ns + step_ns * np.arange(n_steps + 1, dtype=np.int64)
    score = np.append(scores, np.nan)[track.codes]
    seen = np.isfinite(score)
    edges = track.edges_ns
    durations = np.diff(edges).astype(np.float64)
    # Integrals from the onset to each edge, read off at the borders: exact, whatever falls into a step.
    total = np.concatenate(([0.0], np.cumsum(np.where(seen, score, 0.0) * durations)))
    time = np.concatenate(([0.0], np.cumsum(seen * durations)))
    score_in = np.diff(np.interp(borders - edges[0], edges - edges[0], total))
    time_in = np.diff(np.interp(borders - edges[0], edges - edges[0], time))
    enough = time_in >= _MIN_SEEN * step_ns
    return np.asarray(np.divide(score_in, time_in, out=np.full(int(n_steps), np.nan), where=enough))


def detrended(series: Float) -> Float:
    """Take out the straight line fitted to what is there; NaN stay NaN, and a line leaves exactly nothing."""
    there = np.isfinite(series)
    if int(there.sum()) < 3:
        return series
    t = np.arange(series.size, dtype=np.float64)
    slope, level = np.polyfit(t[there], series[there], 1)
    left = series - (level + slope * t)
    # What rounding leaves of a line has a phase and a correlation of its own, and means nothing.
    if np.abs(left[there]).max() <= _ROUNDING * np.abs(series[there]).max():
        return np.where(there, 0.0, np.nan)
    return np.asarray(left)


def autoregressive_residuals(series: Float) -> Float:
    """Prewhiten: what a series' own past does not foretell, order 0 to 5 by BIC.

    Returns
    -------
    array of float64, shape of ``series``
        NaN where the past is not complete.
    """
    centred = series - np.nanmean(series) if np.isfinite(series).any() else series
    best, best_bic = centred, np.inf
    for order in range(_MAX_ORDER + 1):
        past = np.column_stack([_lagged(centred, k) for k in range(order + 1)])
        # All orders are compared on the points that the longest past leaves.
        longest = np.column_stack([_lagged(centred, k) for k in range(_MAX_ORDER + 1)])
        usable = np.isfinite(longest).all(axis=1)
        n = int(usable.sum())
        if n <= 2 * (_MAX_ORDER + 1):
            return np.asarray(centred)
        weights = np.linalg.lstsq(past[usable, 1:], past[usable, 0], rcond=None)[0]
        residuals = past[:, 0] - past[:, 1:] @ weights
        variance = float((residuals[usable] ** 2).mean())
        bic = n * np.log(max(variance, 1e-300)) + order * np.log(n)
        if bic < best_bic - 1e-9:
            best, best_bic = residuals, bic
    return np.asarray(best)


def _lagged(series: Float, k: int) -> Float:
    return np.concatenate((np.full(k, np.nan), series[: series.size - k]))
