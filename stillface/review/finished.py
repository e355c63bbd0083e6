"""Am I finished? What a coder should look at before saying so, each finding one jump away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillface.domain.clock import NS_PER_S
from stillface.domain.session import Episode, Session
from stillface.domain.states import UNCODED, StateTrack
from stillface.review.breaches import episodes_of_lane
from stillface.review.lanes import Lane, LaneKey

__all__ = ["Finding", "findings", "open_time_ns"]

Kind = Literal["missing_episode", "hole", "sliver", "uncodable", "running", "overlap"]


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    Parameters
    ----------
    kind : {'missing_episode', 'hole', 'sliver', 'uncodable', 'running', 'overlap'}
        ``uncodable`` is only to be looked at: a coder may well mean it.
    text : str
        For the coder, without a path.
    onset_ns, offset_ns : int
        Where to jump; both 0 for an episode that is not there.
    lane : LaneKey, optional
    """

    kind: Kind
    text: str
    onset_ns: int
    offset_ns: int
    lane: LaneKey | None = None


def findings(
    session: Session, lanes: Iterable[Lane], *, sliver_ms: int = 200, uncodable_s: float = 2.0
) -> tuple[Finding, ...]:
    """List what is open or odd, in time order.

    Parameters
    ----------
    session : Session
    lanes : iterable of Lane
        What this coder has to code.
    sliver_ms : int
        Bouts and holes shorter than this are slivers; a scheme's own minimum counts where it is longer.
    uncodable_s : float
        Uncodable stretches from this length on are listed.
    """
    found = [
        Finding("missing_episode", f"episode {spec.id} was not set", 0, 0)
        for spec in session.protocol.episodes
        if spec.analyse and not spec.optional and session.episode(spec.id) is None
    ]
    for lane in lanes:
        if lane.running is not None:
            bout = lane.running
            text = f"{lane.label(bout.code)} is still running; say where it ends"
            found.append(Finding("running", text, bout.onset_ns, bout.end_ns, lane.key))
        if lane.is_point:
            continue
        crossing = np.flatnonzero(lane.onsets_ns[1:] < lane.ends_ns[:-1])
        if crossing.size:
            for k in crossing.tolist():
                later = lane.bouts[k + 1]
                text = "two codes at once; two computers disagree here"
                found.append(Finding("overlap", text, later.onset_ns, lane.bouts[k].end_ns, lane.key))
            continue
        for episode in episodes_of_lane(session, lane.key):
            found += _in_episode(lane, episode, sliver_ms, uncodable_s)
    return tuple(sorted(found, key=lambda finding: (finding.onset_ns, finding.kind, finding.text)))


def open_time_ns(session: Session, lane: Lane) -> int:
    """Give the uncoded time of a lane inside the episodes that are analysed."""
    tracks = (_clipped(lane, episode) for episode in episodes_of_lane(session, lane.key))
    return sum(int(t.durations_ns[t.codes == UNCODED].sum()) for t in tracks)


def _clipped(lane: Lane, episode: Episode) -> StateTrack:
    span_ns = (episode.onset_ns, episode.offset_ns)
    return lane.track(span_ns).clip(*span_ns).merged()


def _in_episode(lane: Lane, episode: Episode, sliver_ms: int, uncodable_s: float) -> Iterator[Finding]:
    track = _clipped(lane, episode)
    shortest_ns = max(sliver_ms, lane.scheme.min_dur_ms) * 1_000_000
    where = f"in {episode.id}"
    for k, code in enumerate(track.codes.tolist()):
        onset, offset = int(track.edges_ns[k]), int(track.edges_ns[k + 1])
        long_s = (offset - onset) / NS_PER_S
        # A bout cut by the episode's border may go on outside it.
        at_border = onset == episode.onset_ns or offset == episode.offset_ns
        if code == UNCODED and lane.scheme.type == "rating":
            # Units begin and end on frames, episodes need not.
            if offset - onset >= shortest_ns:
                yield Finding("hole", f"{where}: {long_s:.2f} s not rated", onset, offset, lane.key)
        elif code == UNCODED and lane.scheme.exhaustive:
            yield Finding("hole", f"{where}: {long_s:.2f} s not coded", onset, offset, lane.key)
        elif code == UNCODED:
            continue
        elif bool(lane.scheme.gap_mask[code]) and long_s >= uncodable_s:
            yield Finding("uncodable", f"{where}: {long_s:.1f} s unscorable", onset, offset, lane.key)
        elif offset - onset < shortest_ns and not at_border:
            name = lane.label(lane.scheme.code_ids[code])
            yield Finding("sliver", f"{where}: {name} lasts only {long_s:.3f} s", onset, offset, lane.key)
