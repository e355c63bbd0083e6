"""Events without duration: how many, how often, how soon (SPEC 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillface.domain.clock import ns_to_s
from stillface.domain.events import PointEvents
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import Code, CodingScheme, MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.latency import gap_flag, observed_until
from stillface.measures.slices import Stamp, StreamSlice, stream_slices

__all__ = ["Points", "watch_track"]

_UNITS = {"frequency": "events", "rate_per_min": "1/min", "latency_s": "s"}


@dataclass(frozen=True)
class Points:
    """Frequency, rate and latency of each code of every point scheme, in every analysed episode.

    ``frequency`` counts the events in ``[onset, offset)`` of the episode, ``rate_per_min`` = 60 * frequency /
    time watched, ``latency_s`` is the first event minus the episode's onset, censored as that of states is
    where none was seen. Time watched is the whole episode unless the coding says when nobody could watch;
    a code that never occurs has frequency 0. Where a session holds no coding of a scheme that others have,
    nobody is known to have looked: MISS_NOTCODED, not 0.
    """

    name = "points"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure the events of ``session.points``; ``tracks`` and ``rules`` are not used."""
        if not session.points:
            return
        digest = params_hash({})
        events_of = {(events.role, events.scheme.id): events for events in session.points}
        watches = tuple(watch_track(events, session) for events in session.points)
        for watch in stream_slices(session, watches):
            events = events_of[watch.track.role, watch.track.scheme.id]
            stamp = watch.stamp(digest)
            for index, code in enumerate(events.scheme.codes):
                if not code.gap:
                    yield from _rows(watch, stamp, events, index)


def watch_track(events: PointEvents, session: Session) -> StateTrack:
    """Give the time in which somebody looked for these events as a track; all else is uncoded."""
    span = (session.episodes[0].onset_ns, session.episodes[-1].offset_ns) if session.episodes else (0, 1)
    inside = np.clip((events.watched.onsets_ns, events.watched.offsets_ns), *span)
    onsets, offsets = inside[:, inside[1] > inside[0]]
    scheme = CodingScheme(events.scheme.id, (Code("watched"),), version=events.scheme.version)
    return StateTrack.from_bouts(
        scheme, events.role, events.source, onsets, offsets, np.zeros(onsets.size, np.int16), span
    )


def _rows(watch: StreamSlice, stamp: Stamp, events: PointEvents, index: int) -> Iterator[Measurement]:
    code, episode = events.scheme.code_ids[index], watch.episode
    if watch.problem is not None or episode is None:
        for measure, unit in _UNITS.items():
            yield stamp.row(measure, None, unit, code=code, status=watch.problem or Status.MISS_EPISODE)
        return
    mine = events.times_ns[events.codes == index]
    mine = mine[(mine >= episode.onset_ns) & (mine < episode.offset_ns)]
    n = int(mine.size)
    yield stamp.row("frequency", float(n), _UNITS["frequency"], code=code, n=n)
    yield stamp.row("rate_per_min", 60 * n / watch.scorable_s, _UNITS["rate_per_min"], code=code, n=n)
    if n:
        end_ns, status = int(mine[0]), Status.OK
    else:
        end_ns, status = observed_until(episode, watch.track)
    flags = ("at_onset",) if n and end_ns == episode.onset_ns else gap_flag(watch.track, end_ns)
    latency_s = ns_to_s(end_ns - episode.onset_ns)
    yield stamp.row(
        "latency_s", latency_s, _UNITS["latency_s"], code=code, n=min(n, 1), status=status, flags=flags
    )
