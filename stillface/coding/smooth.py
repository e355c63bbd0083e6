"""Smoothing and decisions in time, not in frames: frames of a variable-rate film differ in length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["hysteresis", "interpolate_gated", "run_bounds", "time_median"]

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def time_median(values: Float64, edges_ns: Int64, window_ns: int) -> Float64:
    """Give each frame the median over the frames whose middle lies within half a window of its own.

    Parameters
    ----------
    values : array of float64, shape (n,)
        NaN where nothing was measured; such frames stay NaN and count in no median.
    edges_ns : array of int64, shape (n + 1,)
        Frame borders.
    window_ns : int
        Full width of the window.
    """
    middles = _middles(edges_ns)
    low = np.searchsorted(middles, middles - window_ns // 2, side="left")
    high = np.searchsorted(middles, middles + window_ns // 2, side="right")
    reach = low[:, None] + np.arange(int((high - low).max()))
    inside = reach < high[:, None]
    window = np.where(inside, values[np.minimum(reach, values.size - 1)], np.nan)
    window.sort(axis=1)  # NaN goes last
    count = np.isfinite(window).sum(axis=1)
    row = np.arange(values.size)
    lower = window[row, np.maximum(count - 1, 0) // 2]
    upper = window[row, count // 2]
    return np.where(np.isfinite(values), (lower + upper) / 2, np.nan)


def hysteresis(score: Float64, enter: float, leave: float) -> Mask:
    """Give the runs of ``score >= leave`` that somewhere reach ``enter``.

    Both ends of a run are where the score crosses ``leave``, so that onsets are not late where
    offsets are early; a score that hovers round ``enter`` makes one run, not many.

    Parameters
    ----------
    score : array of float64, shape (n,)
        NaN breaks a run.
    enter, leave : float
        ``enter > leave``.

    Returns
    -------
    array of bool, shape (n,)
    """
    on = score >= leave
    starts, stops = run_bounds(on)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        on[start:stop] = score[start:stop].max() >= enter
    return np.asarray(on)


def run_bounds(mask: Mask) -> tuple[Int64, Int64]:
    """Give the first index of every run of true values and the index after its last."""
    step = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    return np.flatnonzero(step == 1), np.flatnonzero(step == -1)


def interpolate_gated(values: Float64, gated: Mask, edges_ns: Int64) -> Float64:
    """Replace values that a passing event spoils (a blink) by those before and after it.

    Parameters
    ----------
    values : array of float64, shape (n,)
        NaN where nothing was measured; that is never filled.
    gated : array of bool, shape (n,)
        Frames whose value is not to be believed.
    edges_ns : array of int64, shape (n + 1,)

    Returns
    -------
    array of float64, shape (n,)
        NaN in gated frames where there is nothing else to go by.
    """
    good = np.isfinite(values) & ~gated
    spoilt = np.isfinite(values) & gated
    out = values.copy()
    if not bool(good.any()):
        out[spoilt] = np.nan
        return out
    # From the film's start: nanoseconds of a far epoch would lose digits in double precision.
    at = (_middles(edges_ns) - edges_ns[0]).astype(np.float64)
    out[spoilt] = np.interp(at[spoilt], at[good], values[good])
    return out


def _middles(edges_ns: Int64) -> Int64:
    return np.asarray(edges_ns[:-1] + np.diff(edges_ns) // 2)
