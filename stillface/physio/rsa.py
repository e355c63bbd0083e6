"""Respiratory sinus arrhythmia by moving polynomial and band-pass (Porges-Bohrer), in our own code.

Intervals by cubic spline to an even grid, minus a moving cubic polynomial, band-pass, variance
per window, natural logarithm (ms squared). The gain of the whole chain is part of every result,
because the moving polynomial ripples and the spline loses fast rhythms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.physio.artefacts import IbiSeries
from stillface.physio.params import HeartParams, RsaPreset

__all__ = ["RsaSeries", "filter_gain", "rsa_series"]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RsaSeries:
    """The in-band part of the intervals, where no filter edge reaches.

    Parameters
    ----------
    times_ns : array of int64, shape (n,)
        Session time of each grid point.
    values_ms : array of float64, shape (n,)
    """

    times_ns: Int64
    values_ms: Floats

    def spread(self, onset_ns: int, offset_ns: int) -> tuple[float, int]:
        """Give the standard deviation (ms) inside a window, and the number of grid points there."""
        a, b = np.searchsorted(self.times_ns, (onset_ns, offset_ns))
        return (float(self.values_ms[a:b].std()), int(b - a)) if b > a else (0.0, 0)


def filter_gain(preset: RsaPreset, frequencies_hz: npt.ArrayLike, mean_ibi_ms: float | None = None) -> Floats:
    """Give the amplitude gain of the whole filter.

    Parameters
    ----------
    preset : RsaPreset
    frequencies_hz : array-like of float, shape (n,)
    mean_ibi_ms : float, optional
        With it, the loss of the cubic spline between beats that far apart is included.

    Returns
    -------
    array of float64, shape (n,)
        A rhythm of amplitude ``A`` ms gives ``ln(A**2 / 2) + 2 ln(gain)``.
    """
    from scipy.signal import freqz

    frequencies = np.atleast_1d(np.asarray(frequencies_hz, dtype=np.float64))
    _, detrend = freqz(_detrend_kernel(preset), worN=frequencies, fs=preset.rate_hz)
    _, band = freqz(_band_kernel(preset), worN=frequencies, fs=preset.rate_hz)
    gain = np.abs(detrend) * np.abs(band)
    if mean_ibi_ms is not None:
        cycle = frequencies * mean_ibi_ms / 1000
        # Frequency response of the cardinal cubic spline (Unser 1999).
        gain = gain * np.sinc(cycle) ** 4 * 3 / (2 + np.cos(2 * np.pi * cycle))
    return np.asarray(gain)


def rsa_series(ibi: IbiSeries, params: HeartParams) -> RsaSeries:
    """Filter a whole recording, so that windows inside it have no edges of their own.

    Parameters
    ----------
    ibi : IbiSeries
    params : HeartParams
        A hole in the clean intervals longer than ``max_bridge_s`` ends one stretch; shorter ones
        are spanned by a straight line and count as edited.

    Returns
    -------
    RsaSeries
        Without the half width of the filter at the ends of each stretch.
    """
    ends, lengths = ibi.offsets_ns[ibi.clean], ibi.ibi_ms[ibi.clean]
    holes = np.flatnonzero(np.diff(ends) - lengths[1:] * 1e6 > params.max_bridge_s * NS_PER_S) + 1
    parts = [
        _filtered(end, length, params.rsa)
        for end, length in zip(np.split(ends, holes), np.split(lengths, holes), strict=True)
    ]
    return RsaSeries(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))


def _filtered(ends_ns: Int64, ibi_ms: Floats, preset: RsaPreset) -> tuple[Int64, Floats]:
    from scipy.interpolate import CubicSpline
    from scipy.signal import fftconvolve

    nothing = np.empty(0, np.int64), np.empty(0)
    if ends_ns.size < 4:
        return nothing
    level = float(ibi_ms.mean())
    seconds, lengths = _bridged((ends_ns - ends_ns[0]) / NS_PER_S, ibi_ms)
    grid_s = np.arange(int(seconds[-1] * preset.rate_hz) + 1) / preset.rate_hz
    kernel = np.convolve(_detrend_kernel(preset), _band_kernel(preset))
    if grid_s.size < kernel.size:
        return nothing
    # Both kernels are symmetric: keeping only full overlaps shifts nothing and has no edges.
    even = CubicSpline(seconds, lengths - level)(grid_s)
    values = fftconvolve(even, kernel, mode="valid")
    half = kernel.size // 2
    times = ends_ns[0] + np.rint(grid_s[half : half + values.size] * NS_PER_S).astype(np.int64)
    return times, np.asarray(values)


def _bridged(seconds: Floats, ibi_ms: Floats) -> tuple[Floats, Floats]:
    """Give the spline's knots, with straight lines across holes: a free spline would overshoot there."""
    beats_apart = np.maximum(np.rint(np.diff(seconds) * 1000 / ibi_ms[1:]).astype(np.int64), 1)
    knots = np.interp(
        np.concatenate(([0.0], np.cumsum(np.repeat(1 / beats_apart, beats_apart)))),
        np.arange(seconds.size),
        seconds,
    )
    return knots, np.interp(knots, seconds, ibi_ms)


def _detrend_kernel(preset: RsaPreset) -> Floats:
    """Give one minus the moving cubic polynomial; shape (mpf_points,)."""
    from scipy.signal import savgol_coeffs

    kernel = -np.asarray(savgol_coeffs(preset.mpf_points, 3))
    kernel[preset.mpf_points // 2] += 1
    return kernel


def _band_kernel(preset: RsaPreset) -> Floats:
    from scipy.signal import firwin

    return np.asarray(firwin(preset.taps, preset.band_hz, fs=preset.rate_hz, pass_zero=False))
