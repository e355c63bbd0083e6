"""When negative affect is back at the level it had before the still face (SPEC 3.4)."""

from __future__ import annotations

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

    The share of negative time in the ``window_s`` that end at t is looked at every ``step_s`` from the moment
    the window lies inside the reunion, so the smallest value is ``window_s``. Back means at most the
    reference episode's share of negative time plus one standard deviation of its own rolling values, for the
    protocol's ``sustain_s``. A window seen for less than half breaks the run. NA_NOTATRISK where the first
    window is back already. Flags print the window, the limit in per cent and the sustained time.

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
        times, values = rolling_pct_negative(stream.track, s_to_ns(self.window_s), s_to_ns(self.step_s))
        if seen.size < 2 or not np.isfinite(values).any():
            return stamp.row(name, None, "s", status=Status.MISS_LOWN)
        limit = _pct_negative(reference) + float(seen.std(ddof=1))
        flags: tuple[str, ...] = (
            f"window_s={self.window_s!r}",
            f"limit_pct={float(limit)!r}",
            f"sustain_s={recovery.sustain_s!r}",
        )
        back = np.isfinite(values) & (np.nan_to_num(values, nan=np.inf) <= limit + 1e-9)
        if back[0]:
            return stamp.row(name, None, "s", status=Status.NA_NOTATRISK, flags=flags)
        found = _first_run(times, back, s_to_ns(recovery.sustain_s))
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
    negative = np.isin(track.codes, _negative(track))
    shares = []
    for mask in (negative, track.scorable):
        total = np.concatenate(([0.0], np.cumsum(mask * track.durations_ns)))
        edges = track.edges_ns - track.onset_ns
        ends = np.interp(times - track.onset_ns, edges, total)
        shares.append(ends - np.interp(times - window_ns - track.onset_ns, edges, total))
    enough = shares[1] >= _MIN_SEEN * window_ns
    pct = np.divide(100 * shares[0], shares[1], out=np.full(times.size, np.nan), where=enough)
    return times, np.asarray(pct)


def _negative(track: StateTrack) -> list[int]:
    return [k for k, code in enumerate(track.scheme.codes) if code.valence == -1 and not code.gap]


def _pct_negative(stream: StreamSlice) -> float:
    track = stream.track
    time_s = float(track.durations_ns[np.isin(track.codes, _negative(track))].sum()) / NS_PER_S
    return 100 * time_s / stream.scorable_s


def _first_run(times: Int64, back: npt.NDArray[np.bool_], sustain_ns: int) -> int | None:
    step = np.diff(np.concatenate(([False], back, [False])).astype(np.int8))
    onsets, last = times[np.flatnonzero(step == 1)], times[np.flatnonzero(step == -1) - 1]
    found = np.flatnonzero(last - onsets >= sustain_ns)
    return int(onsets[found[0]]) if found.size else None


def _reference(
    recovery: Recovery, stream: StreamSlice, streams: tuple[StreamSlice, ...]
) -> StreamSlice | None:
    for other in streams:
        same = other.track.role == stream.track.role and other.track.scheme.id == stream.track.scheme.id
        if other.spec.id == recovery.reference and same and other.episode is not None:
            return other
    return None
