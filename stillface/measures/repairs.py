"""Who changed what at each change of the dyad's state, and the story of every mismatch bout (SPEC 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ns_to_s
from stillface.domain.scheme import MATCH, MISMATCH, UNDEFINED
from stillface.measures.slices import DyadSlice

__all__ = ["Changes", "MismatchBout", "mismatch_bouts", "state_changes"]

JOINT = 2


@dataclass(frozen=True, eq=False)
class Changes:
    """Every observed change of the dyad's state, none across a gap; n is their number.

    Parameters
    ----------
    dyad : DyadSlice
    segments : array of int64, shape (n,)
        First segment of the new state in the dyad's common refinement.
    before, after : array of int16, shape (n,)
        Dyad states.
    by : array of int64, shape (n,)
        0 or 1: the role whose code changed here; JOINT: both changed at this very edge.
    """

    dyad: DyadSlice
    segments: npt.NDArray[np.int64]
    before: npt.NDArray[np.int16]
    after: npt.NDArray[np.int16]
    by: npt.NDArray[np.int64]

    @property
    def times_ns(self) -> npt.NDArray[np.int64]:
        """When; shape (n,)."""
        return np.asarray(self.dyad.edges_ns[self.segments])

    def are(self, before: int, after: int) -> npt.NDArray[np.bool_]:
        """Which changes lead from one state to the other; shape (n,)."""
        return np.asarray((self.before == before) & (self.after == after))

    @property
    def repairs(self) -> npt.NDArray[np.bool_]:
        """Which are mismatch to match; shape (n,)."""
        return self.are(MISMATCH, MATCH)

    @property
    def mismatch_onsets(self) -> npt.NDArray[np.bool_]:
        """Which are match to mismatch; shape (n,)."""
        return self.are(MATCH, MISMATCH)

    def direction(self, index: int) -> str:
        """Tell whether the summed valence went up, down or stayed; empty where a code has none."""
        segment = int(self.segments[index])
        total = 0
        for stream, codes in zip((self.dyad.first, self.dyad.second), self.dyad.codes, strict=True):
            scheme = stream.track.scheme
            before, now = scheme.codes[codes[segment - 1]].valence, scheme.codes[codes[segment]].valence
            if before is None or now is None:
                return ""
            total += now - before
        return "up" if total > 0 else "down" if total < 0 else "flat"

    def role(self, index: int) -> str:
        """Name who changed: a role or ``joint``."""
        return (*self.dyad.roles, "joint")[self.by[index]]


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


def state_changes(dyad: DyadSlice) -> Changes:
    """Give every change between two defined states, in time order."""
    states = dyad.states
    changed = (states[1:] != states[:-1]) & (states[1:] != UNDEFINED) & (states[:-1] != UNDEFINED)
    segments = np.flatnonzero(changed) + 1
    return Changes(dyad, segments, states[segments - 1], states[segments], _changed_by(dyad, segments))


def mismatch_bouts(changes: Changes) -> tuple[MismatchBout, ...]:
    """Give every mismatch bout with how it began, who moved and how it ended."""
    dyad = changes.dyad
    mismatch = np.concatenate(([False], dyad.states == MISMATCH, [False]))
    step = np.diff(mismatch.astype(np.int8))
    first, after = np.flatnonzero(step == 1), np.flatnonzero(step == -1)
    index_at = {segment: k for k, segment in enumerate(changes.segments.tolist())}
    # Every border inside a mismatch bout is somebody's change; the first one is the first mover's.
    movers = _changed_by(dyad, np.minimum(first + 1, dyad.states.size - 1), backward=False)
    names = (*dyad.roles, "joint")
    return tuple(
        _bout(changes, index_at, run, names[mover])
        for run, mover in zip(zip(first.tolist(), after.tolist(), strict=True), movers.tolist(), strict=True)
    )


def _bout(changes: Changes, index_at: dict[int, int], run: tuple[int, int], mover: str) -> MismatchBout:
    first, after = run
    dyad = changes.dyad
    began, ended = index_at.get(first), index_at.get(after)
    observed = began is not None and changes.before[began] == MATCH
    repaired = ended is not None and changes.after[ended] == MATCH
    # Nobody was seen to move where the bout's very first border leads into a gap or is the episode's end.
    unseen = after == first + 1 and ended is None
    return MismatchBout(
        int(dyad.edges_ns[first]),
        int(dyad.edges_ns[after]),
        "repair" if repaired else "shared_negative" if ended is not None else _cut_by(dyad, after),
        left_truncated=not observed,
        onset_by=changes.role(began) if began is not None and observed else "",
        completer=changes.role(ended) if ended is not None and repaired else "",
        first_mover=mover if observed and not unseen else "",
        direction=changes.direction(ended) if ended is not None and repaired else "",
    )


def _cut_by(dyad: DyadSlice, after: int) -> str:
    if after < dyad.states.size:
        return "gap"
    episode = dyad.first.episode
    return "episode_end" if episode is None or episode.ended_by == "time" else "stop"


def _changed_by(
    dyad: DyadSlice, segments: npt.NDArray[np.int64], *, backward: bool = True
) -> npt.NDArray[np.int64]:
    """Give 0, 1 or JOINT for the border before each segment; shape of ``segments``.

    With a joint window, the other role's change at most so far after the border (and before it, where
    ``backward``) makes the change joint.
    """
    first, second = dyad.codes[:, segments] != dyad.codes[:, segments - 1]
    window_ns = dyad.rule.joint_window_ms * 1_000_000
    if window_ns:
        times = dyad.edges_ns[segments]
        since = times - window_ns if backward else times
        near = [_any_between(_change_times(dyad, side), since, times + window_ns) for side in (0, 1)]
        first, second = first | near[0], second | near[1]
    return np.where(first & second, JOINT, np.where(first, 0, 1))


def _change_times(dyad: DyadSlice, side: int) -> npt.NDArray[np.int64]:
    """When one role was seen to change its code: never at a gap of the dyad."""
    seen = dyad.defined[1:] & dyad.defined[:-1]
    return np.asarray(dyad.edges_ns[1:-1][seen & (dyad.codes[side, 1:] != dyad.codes[side, :-1])])


def _any_between(
    times: npt.NDArray[np.int64], low: npt.NDArray[np.int64], high: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether any time lies within each ``[low, high]``."""
    return np.asarray(np.searchsorted(times, high, side="right") > np.searchsorted(times, low, side="left"))
