"""How long until a code first appears (SPEC 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillface.domain.clock import ns_to_s
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import UNCODED, StateTrack
from stillface.measures.slices import Stamp, StreamSlice, stream_slices

__all__ = ["Latency", "gap_flag", "observed_until"]


@dataclass(frozen=True)
class Latency:
    """Latency to the first bout of each code, from the episode's onset, in elapsed time.

    Already on at the onset: 0 with flag ``at_onset``. Never seen: the episode's duration, censored
    (CENS_EP_END, or CENS_STOP where the episode was ended early). Where nothing at all is coded from some
    moment to the episode's end, observation ends there: the time until then, CENS_GAP, for nobody looked
    afterwards. ``gap_before_s=x`` tells how much of the latency could not be seen.
    """

    name = "latency"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every track in every analysed episode; ``rules`` are not used."""
        digest = params_hash({})
        for stream in stream_slices(session, tracks):
            stamp = stream.stamp(digest)
            for index, code in stream.codes:
                yield _latency(stream, stamp, index, code)


def _latency(stream: StreamSlice, stamp: Stamp, index: int, code: str) -> Measurement:
    if stream.problem is not None or stream.episode is None:
        status = stream.problem or Status.MISS_EPISODE
        return stamp.row("latency_s", None, "s", code=code, status=status)
    track, start_ns = stream.track, stream.episode.onset_ns
    found = np.flatnonzero(track.codes == index)
    if not found.size:
        end_ns, status = observed_until(stream.episode, track)
        gap = gap_flag(track, end_ns)
        value = ns_to_s(end_ns - start_ns)
        return stamp.row("latency_s", value, "s", code=code, n=0, status=status, flags=gap)
    onset_ns = int(track.edges_ns[found[0]])
    flags = ("at_onset",) if onset_ns == start_ns else gap_flag(track, onset_ns)
    return stamp.row("latency_s", ns_to_s(onset_ns - start_ns), "s", code=code, n=1, flags=flags)


def observed_until(episode: Episode, track: StateTrack) -> tuple[int, Status]:
    """Give the end of observation and why it ended.

    Where the coder stopped before the episode did, nothing after that is called absent (CENS_GAP); an
    episode that was ended early censors informatively (CENS_STOP, SPEC R1.3).
    """
    coded = np.flatnonzero(track.codes != UNCODED)
    end_ns = int(track.edges_ns[coded[-1] + 1])
    if end_ns < episode.offset_ns:
        return end_ns, Status.CENS_GAP
    return episode.offset_ns, Status.CENS_EP_END if episode.ended_by == "time" else Status.CENS_STOP


def gap_flag(track: StateTrack, until_ns: int) -> tuple[str, ...]:
    """Tell how much of the time until then could not be seen; nothing where all could."""
    before = ~track.scorable & (track.edges_ns[:-1] < until_ns)
    gap_ns = int(track.durations_ns[before].sum())
    return (f"gap_before_s={ns_to_s(gap_ns)!r}",) if gap_ns else ()
