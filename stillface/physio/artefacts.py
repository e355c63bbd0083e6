"""Which beats can be trusted, and which intervals between them.

Intervals are judged by the beat-difference criterion of Berntson et al. 1990 within a moving
window, together with how abruptly they change: a fast artefact is caught, a real deceleration
that builds up over some beats is not. Nothing is moved, inserted or removed here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.intervals import Intervals
from stillface.physio.params import HeartParams

__all__ = ["IbiSeries", "classify", "ibi_series"]

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

OK, DOUBTFUL, ECTOPIC, EXTRA = (BEAT_FLAGS.index(name) for name in ("ok", "doubtful", "ectopic", "extra"))

_NEAR_BEATS = 11
_SPREAD_BEATS = 91
_NS_PER_MS = 1e6


@dataclass(frozen=True, eq=False)
class IbiSeries:
    """Intervals between successive detected beats; only the clean ones enter any result.

    Parameters
    ----------
    onsets_ns, offsets_ns : array of int64, shape (n,)
        The two beats of each interval.
    clean : array of bool, shape (n,)
        Both beats are ok, no sample between them is missing, no beat was missed.
    """

    onsets_ns: Int64
    offsets_ns: Int64
    clean: Mask

    @property
    def ibi_ms(self) -> Floats:
        """Length of each interval; shape (n,)."""
        return (self.offsets_ns - self.onsets_ns) / _NS_PER_MS

    def inside(self, onset_ns: int, offset_ns: int) -> Mask:
        """Tell which clean intervals lie wholly inside a window; shape (n,)."""
        return np.asarray(self.clean & (self.onsets_ns >= onset_ns) & (self.offsets_ns <= offset_ns))

    def clean_ns(self, onset_ns: int, offset_ns: int) -> int:
        """Give how much of a window lies under clean intervals, cut at its borders."""
        begins = np.maximum(self.onsets_ns[self.clean], onset_ns)
        ends = np.minimum(self.offsets_ns[self.clean], offset_ns)
        return int(np.maximum(ends - begins, 0).sum())


def classify(
    times_ns: Int64, doubtful: Mask, missing: Intervals, params: HeartParams
) -> npt.NDArray[np.uint8]:
    """Flag each detected beat.

    Parameters
    ----------
    times_ns : array of int64, shape (n,)
        Strictly increasing.
    doubtful : array of bool, shape (n,)
        Beats on whose shape the detectors disagree.
    missing : Intervals
        Time without samples; intervals across it are not judged.
    params : HeartParams

    Returns
    -------
    array of uint8, shape (n,)
        Index into ``BEAT_FLAGS``: ``extra`` where leaving the beat out gives one normal interval;
        ``ectopic`` where a short and a long interval compensate each other; ``doubtful`` for any
        other abrupt change, an interval outside the plausible range, or an odd shape.
    """
    flags = np.where(doubtful, DOUBTFUL, OK).astype(np.uint8)
    joined = _joined(times_ns, missing)
    for start, stop in _stretches(joined):
        beats = slice(start, stop + 1)
        flags[beats] = _stretch_flags(np.diff(times_ns[beats]) / _NS_PER_MS, flags[beats], params)
    return flags


def ibi_series(beats: BeatSeries, missing: Intervals, params: HeartParams) -> IbiSeries:
    """Give the intervals of a beat series and say which are clean.

    Parameters
    ----------
    beats : BeatSeries
        Its flags rule, whoever set them.
    missing : Intervals
        Session time without samples: no interval across it is clean.
    params : HeartParams
    """
    times = beats.times_ns
    clean = _joined(times, missing)
    for start, stop in _stretches(clean):
        ibi_ms = np.diff(times[start : stop + 1]) / _NS_PER_MS
        _, long = _abnormal(ibi_ms)
        clean[start:stop] &= ~long & (ibi_ms <= params.plausible_ibi_ms[1])
    trusted = beats.flags == OK
    return IbiSeries(times[:-1], times[1:], clean & trusted[:-1] & trusted[1:])


def _joined(times_ns: Int64, missing: Intervals) -> Mask:
    """Tell which intervals cross no missing sample; shape (n - 1,)."""
    if times_ns.size < 2:
        return np.empty(0, np.bool_)
    before = np.searchsorted(missing.onsets_ns, times_ns, side="left")
    return np.asarray(before[1:] == before[:-1])


def _stretches(joined: Mask) -> list[tuple[int, int]]:
    """Give ``(first beat, last beat)`` of each run of joined intervals."""
    return list(Intervals.from_mask(np.arange(joined.size + 1), joined))


def _abnormal(ibi_ms: Floats) -> tuple[Mask, Mask]:
    """Tell which intervals of one stretch are abruptly short, and which abruptly long."""
    usual, limit = _usual(ibi_ms)
    jump = np.abs(np.diff(ibi_ms)) > np.minimum(limit[1:], limit[:-1])
    abrupt = np.concatenate((jump, [False])) | np.concatenate(([False], jump))
    return abrupt & (ibi_ms < usual - limit), abrupt & (ibi_ms > usual + limit)


def _usual(ibi_ms: Floats) -> tuple[Floats, Floats]:
    """Give the local median interval and Berntson's criterion around each; both shape (n,), ms."""
    from scipy.ndimage import median_filter, percentile_filter

    usual = median_filter(ibi_ms, _NEAR_BEATS, mode="nearest")
    if ibi_ms.size < 2:
        return usual, usual / 6
    steps = np.diff(ibi_ms, prepend=ibi_ms[0])
    spread = (
        percentile_filter(steps, 75, _SPREAD_BEATS, mode="nearest")
        - percentile_filter(steps, 25, _SPREAD_BEATS, mode="nearest")
    ) / 2
    centre = median_filter(ibi_ms, _SPREAD_BEATS, mode="nearest")
    largest_expected = 3.32 * spread
    least_artefact = (centre - 2.9 * spread) / 3
    return usual, np.asarray((largest_expected + least_artefact) / 2)


def _stretch_flags(
    ibi_ms: Floats, flags: npt.NDArray[np.uint8], params: HeartParams
) -> npt.NDArray[np.uint8]:
    out = flags.copy()
    usual, limit = _usual(ibi_ms)
    short, long = _abnormal(ibi_ms)
    for j in np.flatnonzero(short).tolist():
        beat, flag = _short_beat(j, ibi_ms, usual, limit, long)
        out[beat] = max(out[beat], flag)
    lone = long & ~np.roll(short, 1) & ~np.roll(short, -1) & ~_missed(ibi_ms, usual, limit)
    low, high = params.plausible_ibi_ms
    implausible = (ibi_ms < low) | ((ibi_ms > high) & ~_missed(ibi_ms, usual, limit))
    named = (out == EXTRA) | (out == ECTOPIC)
    unexplained = ~named[:-1] & ~named[1:]
    at = np.flatnonzero((lone | implausible) & unexplained) + 1
    out[at] = np.maximum(out[at], DOUBTFUL)
    return out


def _short_beat(j: int, ibi_ms: Floats, usual: Floats, limit: Floats, long: Mask) -> tuple[int, int]:
    """Give the beat that makes interval ``j`` short, and its flag."""
    last = ibi_ms.size - 1
    # Leaving out the beat at either end joins two intervals into one: is that one normal?
    joins = [
        (abs(ibi_ms[j] + ibi_ms[other] - usual[j]), beat)
        for other, beat in ((j + 1, j + 1), (j - 1, j))
        if 0 <= other <= last
    ]
    off, beat = min(joins, default=(np.inf, j + 1))
    if off <= limit[j]:
        return beat, EXTRA
    if j < last and long[j + 1]:
        return j + 1, ECTOPIC
    if j > 0 and long[j - 1]:
        return j, ECTOPIC
    return j + 1, DOUBTFUL


def _missed(ibi_ms: Floats, usual: Floats, limit: Floats) -> Mask:
    """Tell which intervals are two or more usual ones long: beats were missed, none is wrong."""
    times = np.rint(ibi_ms / usual)
    return np.asarray((times >= 2) & (np.abs(ibi_ms - times * usual) <= times * limit))
