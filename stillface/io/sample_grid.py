"""From a column of time stamps to an exact sample clock: gaps counted, jitter measured."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S, SampleClock
from stillface.errors import InputError

__all__ = ["grid_from_times"]

Int64 = npt.NDArray[np.int64]

_GAP_PERIODS = 1.5
_NEAR = 20
_MAX_GAP_S = 3600.0
# Converters keep their own beat; a stamp further off than this was not taken with the sample.
_MAX_JITTER_S = 0.020
# The worst device seen keeps within half a per cent of its nominal rate (notes/physiology 2.11).
_MAX_RATE_ERROR = 0.02
_RATE_BUDGET = 9 * NS_PER_S


def grid_from_times(
    times_s: npt.NDArray[np.float64], declared: Fraction | None, file: str, first_line: int
) -> tuple[SampleClock, Int64, list[str]]:
    """Lay time stamps on the regular grid they come from.

    Parameters
    ----------
    times_s : array of float64, shape (n,)
        Device time of each row, strictly increasing.
    declared : Fraction, optional
        Rate in Hz that was declared; the stamps rule, and must agree within 2 %.
    file, first_line : str, int
        For messages: the row ``k`` stands in line ``first_line + k``.

    Returns
    -------
    clock : SampleClock
        At the rate the stamps really show; gaps are inside its ``n_samples``.
    index : array of int64, shape (n,)
        Sample address of each row.
    notes : list of str
        Gaps, jitter, a rate unlike the declared one.

    Raises
    ------
    InputError
        Too few rows, times that do not increase, a gap over an hour, stamps on no regular grid,
        a rate that contradicts the declared one.
    """
    if times_s.size < 2:
        raise InputError("too few samples", where=file, got=times_s.size, expected="at least 2")
    steps = np.diff(times_s)
    _refuse_order(times_s, steps, file, first_line)
    whole = ~_gaps(times_s, steps)
    rate = _rate(int(whole.sum()), float(steps[whole].sum()), declared, file)
    index, jitter_s = _addresses(times_s, whole, float(rate), file, first_line)
    start_ns = int(np.rint(times_s[0] * NS_PER_S))
    clock = SampleClock(start_ns, rate, int(index[-1]) + 1)
    return clock, index, _notes(index, jitter_s, rate, declared, file)


def _refuse_order(
    times_s: npt.NDArray[np.float64], steps: npt.NDArray[np.float64], file: str, first_line: int
) -> None:
    wrong = np.flatnonzero(steps <= 0)
    if wrong.size:
        k = int(wrong[0])
        raise InputError(
            "times do not increase",
            where=f"{file}:{first_line + k + 1}",
            got=f"{times_s[k + 1]:.12g} s after {times_s[k]:.12g} s",
            expected="each time later than the one before",
            fix="split the file where its clock was reset, or declare rate_hz instead of a time column",
        )
    long = np.flatnonzero(steps > _MAX_GAP_S)
    if long.size:
        k = int(long[0])
        raise InputError(
            "a gap of more than an hour",
            where=f"{file}:{first_line + k + 1}",
            got=f"{times_s[k]:.12g} s to {times_s[k + 1]:.12g} s",
            expected="seconds of one recording",
            fix="split the file there",
        )


def _gaps(times_s: npt.NDArray[np.float64], steps: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which steps skip samples; a late stamp that the next ones make good is jitter. Shape (n - 1,)."""
    apart = min(_NEAR, times_s.size - 1)
    period = float(np.median(times_s[apart:] - times_s[:-apart])) / apart
    gaps = np.zeros(steps.size, np.bool_)
    for k in np.flatnonzero(steps > _GAP_PERIODS * period).tolist():
        own = np.arange(max(0, k + 1 - _NEAR), min(times_s.size, k + 1 + _NEAR))
        phase = times_s[own] / period - own
        gaps[k] = np.median(phase[own > k]) - np.median(phase[own <= k]) > 0.5
    return gaps


def _rate(n_steps: int, span_s: float, declared: Fraction | None, file: str) -> Fraction:
    measured = n_steps / span_s
    if declared is not None and abs(measured / float(declared) - 1) > _MAX_RATE_ERROR:
        raise InputError(
            "the time column contradicts the declared rate",
            where=file,
            got=f"{measured:.6g} Hz",
            expected=f"{float(declared):g} Hz within {_MAX_RATE_ERROR:.0%}",
            fix="time must be in seconds; correct rate_hz or leave it out",
        )
    for simple in (declared, Fraction(round(measured)) if measured >= 1 else None):
        # Less than half a sample apart over the whole recording: the stamps cannot tell them apart.
        if simple is not None and abs(measured - float(simple)) * span_s < 0.5:
            return simple
    # SampleClock counts whole nanoseconds exactly only for a fraction of limited size.
    largest = max(1, isqrt(int(_RATE_BUDGET / (measured + 1))))
    rate = Fraction(measured).limit_denominator(largest)
    if rate <= 0:
        raise InputError(
            "not a sampling rate", where=file, got=f"{measured:.6g} Hz", expected="time in seconds"
        )
    return rate


def _addresses(
    times_s: npt.NDArray[np.float64], whole: npt.NDArray[np.bool_], rate: float, file: str, first_line: int
) -> tuple[Int64, float]:
    """Give each row's address, and the largest distance of a stamp from its run's grid."""
    starts = np.concatenate(([0], np.flatnonzero(~whole) + 1, [times_s.size]))
    index = np.empty(times_s.size, np.int64)
    jitter_s, after = 0.0, 0
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        own = np.arange(stop - start)
        phase = (times_s[start:stop] - times_s[0]) * rate - own
        first = max(round(float(np.median(phase))), after)
        index[start:stop] = first + own
        off_s = np.abs(phase - np.median(phase)) / rate
        # A run squeezed behind the one before it is jitter too, of at least that much.
        squeezed_s = (first - float(np.median(phase))) / rate
        worst = max(float(off_s.max()), squeezed_s - 0.5 / rate)
        if worst > _MAX_JITTER_S:
            raise InputError(
                "time stamps are on no regular grid",
                where=f"{file}:{first_line + start + int(np.argmax(off_s))}",
                got=f"{worst * 1e3:.1f} ms beside the grid of {rate:.6g} Hz",
                expected=f"within {_MAX_JITTER_S * 1e3:g} ms",
                fix="resample the signal on a regular clock first",
            )
        jitter_s = max(jitter_s, worst)
        after = first + stop - start
    return index, jitter_s


def _notes(index: Int64, jitter_s: float, rate: Fraction, declared: Fraction | None, file: str) -> list[str]:
    notes = []
    lost = np.diff(index) - 1
    n_lost = int(lost.sum())
    if n_lost:
        notes.append(
            f"{file}: {int((lost > 0).sum())} gap(s) in the time column, {n_lost} samples "
            f"({n_lost / float(rate):.3f} s) lost, the longest {int(lost.max()) / float(rate):.3f} s"
        )
    # Stamps printed with few digits wander by their own rounding: that is no jitter to speak of.
    if jitter_s > 0.5 / float(rate):
        notes.append(f"{file}: time stamps jitter by up to {jitter_s * 1e3:.2f} ms")
    if declared is not None and rate != declared:
        notes.append(
            f"{file}: declared {float(declared):g} Hz, the time column shows {float(rate):.6g} Hz; it rules"
        )
    return notes
