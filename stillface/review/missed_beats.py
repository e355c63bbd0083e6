"""Where a beat was probably missed: intervals that are left out because they are long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.intervals import Intervals
from stillface.physio.artefacts import IbiSeries

__all__ = ["MissedBeats", "missed_beats"]

_OK = BEAT_FLAGS.index("ok")
_NEIGHBOURS = 8
# A third off a whole number of beats may be a pause as well.
_OFF_WHOLE = 0.34
# The pause after an ectopic beat is long as well, but hardly as long as two intervals.
_BESIDE_ODD_BEAT = 1.75
_WORDS = {2: "twice", 3: "three times"}


@dataclass(frozen=True)
class MissedBeats:
    """Long intervals one after the other.

    Parameters
    ----------
    onset_ns, offset_ns : int
        The beats at their ends.
    n : int
        Intervals.
    times : int
        How many usual intervals the first one is long; 0 where it is no whole number of them.
    at_ns : int
        Where the first beat would be.
    """

    onset_ns: int
    offset_ns: int
    n: int
    times: int
    at_ns: int

    @property
    def text(self) -> str:
        """Give it in words."""
        if self.times == 0:
            what = "an interval that is left out: much longer than those around it"
            return what if self.n == 1 else f"{self.n} intervals that are left out: much longer than usual"
        long = _WORDS.get(self.times, f"{self.times} times")
        if self.n == 1:
            return f"an interval {long} as long: {'a missed beat' if self.times == 2 else 'missed beats'}?"
        return f"{self.n} intervals, the first {long} as long: missed beats?"


def missed_beats(beats: BeatSeries, ibi: IbiSeries, missing: Intervals) -> tuple[MissedBeats, ...]:
    """List the stretches in which beats were probably missed, in time order.

    Parameters
    ----------
    beats : BeatSeries
    ibi : IbiSeries
        Of these beats.
    missing : Intervals
        Time without samples, or ruled out by a person: no beat is missed there.
    """
    good = beats.flags == _OK
    before = np.searchsorted(missing.onsets_ns, beats.times_ns, side="left")
    clean = np.flatnonzero(ibi.clean)
    if not clean.size:
        return ()
    odd = np.flatnonzero(~ibi.clean & (before[1:] == before[:-1]))
    ratios = {int(k): float(ibi.ibi_ms[k]) / _usual_ms(ibi, clean, int(k)) for k in odd}
    open_ = np.zeros(ibi.clean.size, np.bool_)
    for k, ratio in ratios.items():
        open_[k] = ratio >= _BESIDE_ODD_BEAT or bool(good[k] and good[k + 1])
    found = []
    for first, stop in Intervals.from_mask(np.arange(open_.size + 1), open_):
        ratio, onset_ns, length_ms = ratios[first], int(ibi.onsets_ns[first]), float(ibi.ibi_ms[first])
        whole = round(ratio)
        times = whole if whole >= 2 and abs(ratio - whole) <= _OFF_WHOLE else 0
        at_ns = onset_ns + round(1e6 * length_ms / max(whole, 2))
        found.append(MissedBeats(onset_ns, int(ibi.offsets_ns[stop - 1]), int(stop - first), times, at_ns))
    return tuple(found)


def _usual_ms(ibi: IbiSeries, clean: npt.NDArray[np.intp], k: int) -> float:
    """Give the median of the clean intervals around one."""
    place = int(np.searchsorted(clean, k))
    near = clean[max(place - _NEIGHBOURS, 0) : place + _NEIGHBOURS]
    return float(np.median(ibi.ibi_ms[near]))
