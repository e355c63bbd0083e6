"""Interval scoring: play a bin, stop, one key, the next bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillface.domain.clock import NS_PER_S
from stillface.errors import UsageError
from stillface.review.cameras import FrameGrid
from stillface.review.commands_edit import Paint
from stillface.review.lanes import Lane, LaneKey

__all__ = ["Bins"]

_SHORTEST_NS = NS_PER_S // 4
_LONGEST_NS = 15 * NS_PER_S


@dataclass(frozen=True)
class Bins:
    """The bins of one stretch, usually an episode, and the one that is scored now.

    Parameters
    ----------
    edges_ns : tuple of int
        Borders of the bins, on frame borders.
    place : int
        Number of the present bin, from 0.
    """

    edges_ns: tuple[int, ...]
    place: int = 0

    @classmethod
    def over(cls, onset_ns: int, offset_ns: int, bin_ns: int, grid: FrameGrid) -> Bins:
        """Divide a stretch; the last bin may be shorter.

        Borders go to the nearest frame, each from the stretch's onset, so that they do not drift.

        Raises
        ------
        UsageError
            Bins outside 0.25 to 15 s, or shorter than a frame.
        """
        if not _SHORTEST_NS <= bin_ns <= _LONGEST_NS:
            raise UsageError("no such bin", got=f"{bin_ns / NS_PER_S} s", expected="0.25 to 15 s")
        borders = [grid.snap(time) for time in range(onset_ns, offset_ns, bin_ns)] + [grid.snap(offset_ns)]
        edges = tuple(int(edge) for edge in np.unique(np.array(borders, dtype=np.int64)))
        if len(edges) < 2:
            raise UsageError("nothing to score", got=f"{onset_ns} to {offset_ns} ns")
        return cls(edges)

    def __len__(self) -> int:
        return len(self.edges_ns) - 1

    @property
    def current_ns(self) -> tuple[int, int]:
        """The present bin."""
        return self.edges_ns[self.place], self.edges_ns[self.place + 1]

    def at(self, place: int) -> Bins:
        """Go to a bin by its number; beyond the ends stays at the ends."""
        return Bins(self.edges_ns, min(max(place, 0), len(self) - 1))

    def next(self) -> Bins:
        """Go on by one."""
        return self.at(self.place + 1)

    def previous(self) -> Bins:
        """Go back by one."""
        return self.at(self.place - 1)

    def first_empty(self, lane: Lane) -> Bins | None:
        """Go to the first bin that is not coded throughout, or give None."""
        for place in range(len(self)):
            onset, offset = self.edges_ns[place], self.edges_ns[place + 1]
            covered = sum(
                min(bout.end_ns, offset) - max(bout.onset_ns, onset) for bout in lane.within(onset, offset)
            )
            if covered < offset - onset:
                return self.at(place)
        return None

    def score(self, lane: LaneKey, code: str) -> Paint:
        """Give the command that codes the present bin."""
        onset, offset = self.current_ns
        return Paint(lane, onset, offset, code)
