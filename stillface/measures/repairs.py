"""Who changed what at each change of the dyad's state, and the story of every mismatch bout (SPEC 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillface.domain.clock import ns_to_s
from stillface.domain.scheme import MATCH, MISMATCH, SHARED_NEGATIVE, UNDEFINED
from stillface.measures.slices import DyadSlice

__all__ = ["Edge", "MismatchBout", "mismatch_bouts", "state_changes"]

EdgeKind = Literal["repair", "mismatch_onset", "shared_negative_to_match", "other"]

_KINDS: dict[tuple[int, int], EdgeKind] = {
    (MISMATCH, MATCH): "repair",
    (MATCH, MISMATCH): "mismatch_onset",
    (SHARED_NEGATIVE, MATCH): "shared_negative_to_match",
}


@dataclass(frozen=True)
class Edge:
    """One observed change of the dyad's state.

    Parameters
    ----------
    segment : int
        The first segment of the new state in the dyad's common refinement.
    time_ns : int
    kind : str
        ``repair``, ``mismatch_onset``, ``shared_negative_to_match`` or ``other``.
    by : str
        The role whose code changed here, or ``joint`` where both changed at this very edge.
    direction : {'up', 'flat', 'down', ''}
        Sign of the change of summed valence; empty where a code has none.
    """

    segment: int
    time_ns: int
    kind: EdgeKind
    by: str
    direction: str


@dataclass(frozen=True)
class MismatchBout:
    """One maximal run of mismatch.

    Parameters
    ----------
    ended_by : {'repair', 'gap', 'episode_end', 'stop', 'shared_negative'}
    left_truncated : bool
        Its onset was not an observed match-to-mismatch change.
    onset_by, completer, first_mover : str
        Role or ``joint``; empty where not observed. The first mover is who changed first after the onset.
    direction : str
        Of the repair.
    """

    onset_ns: int
    offset_ns: int
    ended_by: str
    left_truncated: bool
    onset_by: str = ""
    completer: str = ""
    first_mover: str = ""
    direction: str = ""

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return ns_to_s(self.offset_ns - self.onset_ns)

    @property
    def censored(self) -> bool:
        """Whether its repair was not seen."""
        return self.ended_by != "repair"


def state_changes(dyad: DyadSlice) -> tuple[Edge, ...]:
    """Give every change between two defined states, in time order; none across a gap."""
    states = dyad.states
    changed = (states[1:] != states[:-1]) & (states[1:] != UNDEFINED) & (states[:-1] != UNDEFINED)
    return tuple(_edge(dyad, int(k) + 1) for k in np.flatnonzero(changed))


def mismatch_bouts(dyad: DyadSlice) -> tuple[MismatchBout, ...]:
    """Give every mismatch bout with how it began, who moved and how it ended."""
    edges = {edge.segment: edge for edge in state_changes(dyad)}
    mismatch = np.concatenate(([False], dyad.states == MISMATCH, [False]))
    step = np.diff(mismatch.astype(np.int8))
    runs = zip(np.flatnonzero(step == 1).tolist(), np.flatnonzero(step == -1).tolist(), strict=True)
    return tuple(_bout(dyad, edges, first, after) for first, after in runs)


def _bout(dyad: DyadSlice, edges: dict[int, Edge], first: int, after: int) -> MismatchBout:
    began, ended = edges.get(first), edges.get(after)
    observed = began is not None and began.kind == "mismatch_onset"
    times = dyad.edges_ns
    repaired = ended is not None and ended.kind == "repair"
    return MismatchBout(
        int(times[first]),
        int(times[after]),
        _ended_by(dyad, after, ended),
        left_truncated=not observed,
        onset_by=began.by if began is not None and observed else "",
        completer=ended.by if ended is not None and repaired else "",
        first_mover=_first_mover(dyad, first, after) if observed else "",
        direction=ended.direction if ended is not None and repaired else "",
    )


def _ended_by(dyad: DyadSlice, after: int, ended: Edge | None) -> str:
    if ended is not None:
        return "repair" if ended.kind == "repair" else "shared_negative"
    if after < dyad.states.size:
        return "gap"
    episode = dyad.first.episode
    return "episode_end" if episode is None or episode.ended_by == "time" else "stop"


def _edge(dyad: DyadSlice, segment: int) -> Edge:
    before, now = int(dyad.states[segment - 1]), int(dyad.states[segment])
    return Edge(
        segment,
        int(dyad.edges_ns[segment]),
        _KINDS.get((before, now), "other"),
        _changed_by(dyad, segment),
        _direction(dyad, segment),
    )


def _changed_by(dyad: DyadSlice, segment: int) -> str:
    changed = dyad.codes[:, segment] != dyad.codes[:, segment - 1]
    if changed.all():
        return "joint"
    return dyad.roles[int(np.argmax(changed))]


def _first_mover(dyad: DyadSlice, first: int, after: int) -> str:
    """Name who first changed after the onset: every inner segment border is somebody's change."""
    border = first + 1
    gap_follows = border == after and (after >= dyad.states.size or dyad.states[after] == UNDEFINED)
    return "" if gap_follows else _changed_by(dyad, border)


def _direction(dyad: DyadSlice, segment: int) -> str:
    total = 0
    for stream, codes in zip((dyad.first, dyad.second), dyad.codes, strict=True):
        scheme = stream.track.scheme
        before, now = scheme.codes[codes[segment - 1]].valence, scheme.codes[codes[segment]].valence
        if before is None or now is None:
            return ""
        total += now - before
    return "up" if total > 0 else "down" if total < 0 else "flat"
