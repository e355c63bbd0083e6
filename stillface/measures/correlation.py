"""Correlation of two series at lags, in windows, and their relative phase (SPEC 3.6).

Sign of a lag: ``r(L) = corr(A[t], B[t + L])``. With L above 0 the first (focal) role leads: what it does
now, the other does L steps later. Leading in time is not causing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError

__all__ = [
    "CrossCorrelation",
    "PhaseShares",
    "cross_correlation",
    "effective_n",
    "null_r",
    "phase_randomised",
    "relative_phase",
    "windowed_cross_correlation",
]

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CrossCorrelation:
    """Correlation at each lag.

    Parameters
    ----------
    lags : array of int64, shape (2 * max_lag + 1,)
        In steps; above 0 the first series leads.
    r : array of float64, shape of ``lags``
        NaN where fewer than ``min_n`` pairs are left or one side is constant.
    n : array of int64, shape of ``lags``
        Pairs behind each.
    """

    lags: Int64
    r: Float
    n: Int64

    def at(self, lag: int) -> tuple[float | None, int]:
        """Give r (None where undefined) and n at a lag."""
        k = int(np.flatnonzero(self.lags == lag)[0])
        value = float(self.r[k])
        return (value if np.isfinite(value) else None), int(self.n[k])

    @property
    def peak(self) -> tuple[int, float] | None:
        """Lag and r of the largest absolute r; of equal ones the lag nearest to 0, then the earlier."""
        known = np.flatnonzero(np.isfinite(self.r))
        if not known.size:
            return None
        size = np.abs(self.r[known])
        best = known[size >= size.max() - 1e-12]
        k = int(best[np.argmin(np.abs(self.lags[best]))])
        return int(self.lags[k]), float(self.r[k])


def cross_correlation(first: Float, second: Float, max_lag: int, *, min_n: int = 20) -> CrossCorrelation:
    """Correlate at lags from ``-max_lag`` to ``max_lag``, leaving out pairs with a missing side.

    Each r uses the means and variances of its own pairs.

    Parameters
    ----------
    first, second : array of float64, shape (n_steps,)
        NaN is missing.
    max_lag : int
        In steps.
    min_n : int
        Fewer pairs give no r.
    """
    _same_length(first, second)
    lags = np.arange(-max_lag, max_lag + 1, dtype=np.int64)
    r, n = np.full(lags.size, np.nan), np.zeros(lags.size, dtype=np.int64)
    size = first.size
    for k, lag in enumerate(lags.tolist()):
        # A lag beyond a short series leaves no pairs; a negative end would count from the back instead.
        a = first[max(0, -lag) : max(0, size - max(0, lag))]
        b = second[max(0, lag) : max(0, size - max(0, -lag))]
        both = np.isfinite(a) & np.isfinite(b)
        n[k] = int(both.sum())
        if n[k] >= max(min_n, 2):
            r[k] = _pearson(a[both], b[both])
    return CrossCorrelation(lags, r, n)


def windowed_cross_correlation(
    first: Float, second: Float, *, window: int, step: int, max_lag: int, min_share: float = 0.8
) -> tuple[Int64, Float]:
    """Correlate within moving windows.

    Parameters
    ----------
    window, step, max_lag : int
        In steps of the series.
    min_share : float
        Share of a window's pairs that must be there.

    Returns
    -------
    starts : array of int64, shape (n_windows,)
    r : array of float64, shape (n_windows, 2 * max_lag + 1)
        Sign of lags as in `cross_correlation`; the window stays on the first series, the second's moves.
    """
    _same_length(first, second)
    if window < 3 or step < 1:
        raise FieldError(
            "not a window",
            where="windowed_cross_correlation",
            got=f"window {window}, step {step}",
            expected="a window of at least 3 and a step of at least 1",
        )
    starts = np.arange(max_lag, first.size - window - max_lag + 1, step, dtype=np.int64)
    r = np.full((starts.size, 2 * max_lag + 1), np.nan)
    if not starts.size:
        return starts, r
    of_first, of_second = (np.lib.stride_tricks.sliding_window_view(s, window) for s in (first, second))
    for column, lag in enumerate(range(-max_lag, max_lag + 1)):
        r[:, column] = _row_pearson(of_first[starts], of_second[starts + lag], max(3.0, min_share * window))
    return starts, r


def effective_n(first: Float, second: Float) -> float:
    """Give how many independent pairs two autocorrelated series are worth at lag 0.

    Bartlett: ``n / sum over k of rho_a(k) rho_b(k)``, lags weighted by ``1 - k / n`` and cut at a quarter of
    the length, never above n and never below 2.
    """
    _same_length(first, second)
    both = np.isfinite(first) & np.isfinite(second)
    n = int(both.sum())
    if n < 4:
        return float(n)
    a, b = (np.where(both, s - s[both].mean(), np.nan) for s in (first, second))
    total = 1.0
    for k in range(1, n // 4 + 1):
        total += 2 * (1 - k / n) * _autocorrelation(a, k) * _autocorrelation(b, k)
    return float(np.clip(n / max(total, 1.0), 2.0, n))


def null_r(n_effective: float, level: float = 0.95) -> float | None:
    """Give the absolute r that independent series stay below with this probability (Fisher z)."""
    from scipy.stats import norm

    if n_effective <= 3:
        return None
    return float(np.tanh(norm.ppf(0.5 + level / 2) / np.sqrt(n_effective - 3)))


@dataclass(frozen=True)
class PhaseShares:
    """Shares of time in which the phases agree or oppose.

    Parameters
    ----------
    in_phase, anti_phase : float
        Relative phase within 45 degrees of 0, of 180; 0 to 1.
    n : int
        Steps behind them.
    """

    in_phase: float
    anti_phase: float
    n: int


def relative_phase(first: Float, second: Float, *, min_n: int = 20) -> PhaseShares | None:
    """Compare the phases of the analytic signals of two series, each detrended.

    The analytic signal needs unbroken data: runs without a missing step that are at least ``min_n`` long
    are used, each by itself. None where there is no such run or one series is constant in all of them.
    """
    from scipy.signal import detrend, hilbert

    _same_length(first, second)
    both = np.isfinite(first) & np.isfinite(second)
    step = np.diff(np.concatenate(([False], both, [False])).astype(np.int8))
    agree, oppose, n = 0, 0, 0
    for onset, offset in zip(
        np.flatnonzero(step == 1).tolist(), np.flatnonzero(step == -1).tolist(), strict=True
    ):
        a, b = first[onset:offset], second[onset:offset]
        if a.size < min_n or np.ptp(a) == 0 or np.ptp(b) == 0:
            continue
        phase = np.angle(hilbert(detrend(a)) * np.conj(hilbert(detrend(b))))
        agree += int((np.abs(phase) <= np.pi / 4).sum())
        oppose += int((np.abs(phase) >= 3 * np.pi / 4).sum())
        n += a.size
    return PhaseShares(agree / n, oppose / n, n) if n else None


def phase_randomised(series: Float, rng: np.random.Generator) -> Float:
    """Give a surrogate with the same spectrum and random phases; a series with gaps is refused.

    Raises
    ------
    FieldError
        A missing value: the spectrum of what was not seen is unknown.
    """
    if not bool(np.isfinite(series).all()):
        raise FieldError(
            "a series with gaps",
            where="phase_randomised",
            got=f"{int((~np.isfinite(series)).sum())} of {series.size} values missing",
            expected="a value at every step",
            fix="use pseudo-dyads",
        )
    spectrum = np.fft.rfft(series)
    turned = np.exp(2j * np.pi * rng.random(spectrum.size))
    turned[0] = 1.0
    if series.size % 2 == 0:
        turned[-1] = 1.0
    return np.asarray(np.fft.irfft(spectrum * turned, n=series.size))


def _autocorrelation(centred: Float, k: int) -> float:
    a, b = centred[:-k], centred[k:]
    both = np.isfinite(a) & np.isfinite(b)
    power = float(np.nanmean(centred**2))
    return float((a[both] * b[both]).mean() / power) if both.any() and power > 0 else 0.0


def _pearson(a: Float, b: Float) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    # Rounding leaves a tiny spread in a constant series: relative to its size it is none.
    return float(np.clip(a @ b / scale, -1, 1)) if scale > 1e-12 else float("nan")


def _row_pearson(a: Float, b: Float, min_n: float) -> Float:
    """Pearson r of each row over the columns where both are there; NaN below ``min_n`` of them."""
    both = np.isfinite(a) & np.isfinite(b)
    n = both.sum(axis=1, keepdims=True)
    enough = n[:, 0] >= min_n
    a, b = (np.where(both, side, 0.0) for side in (a, b))
    count = np.maximum(n, 1)
    a, b = (np.where(both, s - s.sum(axis=1, keepdims=True) / count, 0.0) for s in (a, b))
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    usable = enough & (scale > 1e-12)
    r = np.divide((a * b).sum(axis=1), scale, out=np.full(len(a), np.nan), where=usable)
    return np.asarray(np.clip(r, -1, 1))


def _same_length(first: Float, second: Float) -> None:
    if first.shape != second.shape or first.ndim != 1:
        raise FieldError(
            "lengths differ", where="two series", got=f"{first.shape}, {second.shape}", expected="one length"
        )
