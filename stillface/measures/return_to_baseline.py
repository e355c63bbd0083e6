"""When negative affect is back at the level it had before the still face (SPEC 3.4)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S, ns_to_s, s_to_ns
from stillface.domain.protocol import Recovery
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.latency import observed_until
from stillface.measures.slices import StreamSlice, stream_slices

__all__ = ["ReturnToBaseline", "rolling_pct_negative"]

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_MIN_SEEN = 0.5


@dataclass(frozen=True)
class ReturnToBaseline:
    """First time in the reunion at which rolling negative affect is back at the reference's level and stays.

    The share of negative time in the ``window_s`` that end at t is followed exactly, to the nanosecond, from
    the moment the window lies inside the reunion, so the smallest value is ``window_s``. Back means at most
    the reference episode's share of negative time plus one standard deviation of its own rolling values
    (taken every ``step_s``), for the protocol's ``sustain_s``. A window seen for less than half breaks
    the run. NA_NOTATRISK where the first window is back already. Flags print the window, the limit in per
    cent and the sustained time.

    Parameters
    ----------
    window_s, step_s : float
    """

    window_s: float = 10.0
    step_s: float = 0.1

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
        _, before = rolling_pct_negative(reference.track, s_to_ns(self.window_s), s_to_ns(self.step_s))
        seen = before[np.isfinite(before)]
        rolling = _Rolling.over(stream.track, s_to_ns(self.window_s))
        if seen.size < 2 or rolling is None:
            return stamp.row(name, None, "s", status=Status.MISS_LOWN)
        limit = _pct_negative(reference) + float(seen.std(ddof=1))
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


def rolling_pct_negative(track: StateTrack, window_ns: int, step_ns: int) -> tuple[Int64, Float]:
    """Give the share of negative time in windows that lie wholly inside a track.

    Parameters
    ----------
    track : StateTrack
        Cut to the episode; its scheme has valences.
    window_ns, step_ns : int

    Returns
    -------
    times_ns : array of int64, shape (n,)
        End of each window.
    pct : array of float64, shape (n,)
        Exact share of the window's scorable time; NaN where less than half of it is scorable.
    """
    times = np.arange(track.onset_ns + window_ns, track.offset_ns + 1, step_ns, dtype=np.int64)
    negative, seen = _in_window(track, times, window_ns)
    enough = seen >= _MIN_SEEN * window_ns
    pct = np.divide(100 * negative, seen, out=np.full(times.size, np.nan), where=enough)
    return times, np.asarray(pct)


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
