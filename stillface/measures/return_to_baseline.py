"""When negative affect is back at the level it had before the still face (SPEC 3.4)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S, ns_to_s, s_to_ns
from stillface.domain.measure_params import ReturnToBaselineParams
from stillface.domain.protocol import Recovery
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.latency import observed_until
from stillface.measures.slices import StreamSlice, stream_slices

__all__ = ["ReturnToBaseline"]

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_MIN_SEEN = 0.5


@dataclass(frozen=True)
class ReturnToBaseline(ReturnToBaselineParams):
    """First time in the reunion at which rolling negative affect is back at the reference's level and stays.

    The share of negative time in the ``window_s`` that end at t is followed exactly, to the nanosecond, from
    the moment the window lies inside the reunion, so the smallest value is ``window_s``. Back means at most
    the reference episode's share of negative time plus one standard deviation of its own rolling share,
    for the protocol's ``sustain_s``. That deviation is over time, the square root of the mean squared
    distance of the rolling share from its mean, integrated exactly: nothing is sampled. A window seen for
    less than half is in neither and breaks the run. NA_NOTATRISK where the first window is back already.
    Flags print the window, the limit in per cent and the sustained time.
    """

    name = "return_to_baseline"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure the focal role (every role where none is focal) in each reunion; ``rules`` are not used."""
        digest = params_hash(asdict(self))
        streams = stream_slices(session, tracks)
        focal = session.protocol.focal_role
        for recovery in session.protocol.recovery:
            for stream in streams:
                if stream.spec.id != recovery.episode or focal not in (None, stream.track.role):
                    continue
                if stream.track.scheme.has_valence:
                    yield self._row(recovery, stream, _reference(recovery, stream, streams), digest)

    def _row(
        self, recovery: Recovery, stream: StreamSlice, reference: StreamSlice | None, digest: str
    ) -> Measurement:
        name, stamp = "return_to_baseline_s", stream.stamp(digest)
        lack = Status.MISS_EPISODE if reference is None else reference.problem
        if stream.episode is None or stream.problem is not None or reference is None or lack is not None:
            status = stream.problem or lack or Status.MISS_EPISODE
            return stamp.row(name, None, "s", status=status)
        before = _Rolling.over(reference.track, s_to_ns(self.window_s))
        deviation = None if before is None else before.deviation_pct()
        rolling = _Rolling.over(stream.track, s_to_ns(self.window_s))
        if deviation is None or rolling is None:
            return stamp.row(name, None, "s", status=Status.MISS_LOWN)
        limit = _pct_negative(reference) + deviation
        flags: tuple[str, ...] = (
            f"window_s={self.window_s!r}",
            f"limit_pct={float(limit)!r}",
            f"sustain_s={recovery.sustain_s!r}",
        )
        runs = list(rolling.runs_below(limit))
        if runs and runs[0][0] == rolling.times_ns[0]:
            return stamp.row(name, None, "s", status=Status.NA_NOTATRISK, flags=flags)
        sustain_ns = s_to_ns(recovery.sustain_s)
        found = next((onset for onset, end in runs if end - onset >= sustain_ns), None)
        if found is None:
            end_ns, status = observed_until(stream.episode, stream.track)
            value = ns_to_s(end_ns - stream.episode.onset_ns)
            return stamp.row(name, value, "s", n=0, status=status, flags=flags)
        value = ns_to_s(found - stream.episode.onset_ns)
        flags = (*flags, f"confirmed_s={value + recovery.sustain_s!r}")
        return stamp.row(name, value, "s", n=1, flags=flags)


@dataclass(frozen=True, eq=False)
class _Rolling:
    """Negative and scorable time in the window that ends at each time; between two times both are linear."""

    times_ns: Int64
    negative_ns: Float
    spare_ns: Float
    seen_ns: Float

    @classmethod
    def over(cls, track: StateTrack, window_ns: int) -> _Rolling | None:
        """Give the windows inside a track at each border's coming and going; None where none is seen."""
        first, last = track.onset_ns + window_ns, track.offset_ns
        if first > last:
            return None
        borders = np.concatenate((track.edges_ns, track.edges_ns + window_ns, [first, last]))
        times = np.unique(borders[(borders >= first) & (borders <= last)])
        negative, seen = _in_window(track, times, window_ns)
        spare = seen - _MIN_SEEN * window_ns
        return cls(times, negative, spare, seen) if bool((spare >= 0).any()) else None

    def deviation_pct(self) -> float | None:
        """Give the standard deviation over time of the share, where enough is seen; None over no time."""
        pieces = self._seen_enough()
        durations = pieces.durations_s
        total = float(durations.sum())
        if not total:
            return None
        mean = float(pieces.integrals(1).sum()) / total
        around = replace(pieces, above=pieces.above - mean * pieces.below)
        return 100 * math.sqrt(float(around.integrals(2).sum()) / total)

    def _seen_enough(self) -> _Pieces:
        """Cut the stretches where just enough is seen, and keep those with enough."""
        place = np.arange(self.times_ns.size, dtype=np.float64)
        spare = self.spare_ns
        k = np.flatnonzero((spare[:-1] < 0) != (spare[1:] < 0))
        cuts = np.sort(np.concatenate((place, k + spare[k] / (spare[k] - spare[k + 1]))))
        kept = np.interp((cuts[:-1] + cuts[1:]) / 2, place, spare) >= 0
        since_s = (self.times_ns - self.times_ns[0]) / NS_PER_S
        columns = (since_s, self.negative_ns / NS_PER_S, self.seen_ns / NS_PER_S)
        times, above, below = (np.interp(cuts, place, column) for column in columns)
        ends = np.stack((np.arange(cuts.size - 1), np.arange(1, cuts.size)))[:, kept]
        return _Pieces(np.diff(times)[kept], above[ends], below[ends])

    def runs_below(self, limit_pct: float) -> Iterator[tuple[int, int]]:
        """Give the stretches in which enough is seen and at most the limit is negative."""
        # A share that equals the limit may come out a rounding above it.
        over = self.negative_ns - (limit_pct + 1e-9) / 100 * self.seen_ns
        times = self.times_ns.tolist()
        run: tuple[int, int] | None = None
        for k in range(max(len(times) - 1, 1)):
            after = min(k + 1, len(times) - 1)
            low, high = _below(over[k], over[after], 0.0, 1.0)
            low, high = _below(-self.spare_ns[k], -self.spare_ns[after], low, high)
            if low > high:
                continue
            length = times[after] - times[k]
            onset, end = times[k] + math.ceil(low * length), times[k] + math.floor(high * length)
            if run is not None and run[1] == onset:
                run = run[0], end
            else:
                if run is not None:
                    yield run
                run = onset, end
        if run is not None:
            yield run


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Stretches of time in which a share is one line over another.

    Parameters
    ----------
    durations_s : array, shape (n,)
    above, below : array, shape (2, n)
        The two lines at the beginning and the end of each stretch; ``below`` is above zero.
    """

    durations_s: Float
    above: Float
    below: Float

    def integrals(self, power: int) -> Float:
        """Give the integral over time of the share, or of its square, for each stretch."""
        first, last = self.above / self.below
        level = (first + last) / 2 if power == 1 else (first**2 + first * last + last**2) / 3
        found = self.durations_s * level
        # Where the lower line is no constant the share is no line: with u for it, share = slope + rest / u.
        start, end = self.below
        turning = np.flatnonzero(np.abs(end - start) > 1e-9 * start)
        start, end = start[turning], end[turning]
        slope = (self.above[1] - self.above[0])[turning] / (end - start)
        rest = self.above[0][turning] - slope * start
        log = np.log(end / start)
        if power == 1:
            over_u = slope * (end - start) + rest * log
        else:
            over_u = slope**2 * (end - start) + 2 * slope * rest * log + rest**2 * (1 / start - 1 / end)
        found[turning] = self.durations_s[turning] * over_u / (end - start)
        return np.asarray(found)


def _below(start: float, end: float, low: float, high: float) -> tuple[float, float]:
    """Narrow the part (0 to 1) of a stretch in which a line from ``start`` to ``end`` is at most 0."""
    if start > 0 and end > 0:
        return 1.0, 0.0
    if start > 0:
        return max(low, start / (start - end)), high
    if end > 0:
        return low, min(high, start / (start - end))
    return low, high


def _in_window(track: StateTrack, times: Int64, window_ns: int) -> tuple[Float, Float]:
    """Give the negative and the scorable nanoseconds in the window that ends at each time."""
    edges = track.edges_ns - track.onset_ns
    found = []
    for mask in (np.isin(track.codes, _negative(track)), track.scorable):
        total = np.concatenate(([0.0], np.cumsum(mask * track.durations_ns)))
        ends = np.interp(times - track.onset_ns, edges, total)
        found.append(ends - np.interp(times - window_ns - track.onset_ns, edges, total))
    return found[0], found[1]


def _negative(track: StateTrack) -> list[int]:
    return [k for k, code in enumerate(track.scheme.codes) if code.valence == -1 and not code.gap]


def _pct_negative(stream: StreamSlice) -> float:
    track = stream.track
    time_s = float(track.durations_ns[np.isin(track.codes, _negative(track))].sum()) / NS_PER_S
    return 100 * time_s / stream.scorable_s


def _reference(
    recovery: Recovery, stream: StreamSlice, streams: tuple[StreamSlice, ...]
) -> StreamSlice | None:
    for other in streams:
        same = other.track.role == stream.track.role and other.track.scheme.id == stream.track.scheme.id
        if other.spec.id == recovery.reference and same and other.episode is not None:
            return other
    return None
