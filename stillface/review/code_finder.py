"""Finding a code, or words of a remark, in the lane that is coded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from stillface.errors import UsageError
from stillface.review.clock_text import clock_text
from stillface.review.lanes import Lane, LaneBout

if TYPE_CHECKING:
    from stillface.review.desk import Desk

__all__ = ["CodeFinder"]


class CodeFinder:
    """Goes from one bout that has a code to the next.

    Parameters
    ----------
    desk : Desk

    Attributes
    ----------
    wanted : str
        What was looked for last; empty before.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.wanted = ""

    @property
    def lane(self) -> Lane:
        """The lane that is searched: of the bout that was clicked, else the one that is coded."""
        chosen = self._desk.chosen
        return self._desk.active_lane if chosen is None else self._desk.document.lane(chosen[0])

    def find(self, wanted: str) -> None:
        """Go to the next bout with this code (id, label or key), or these words in label or remark."""
        self.wanted = wanted.strip()
        self.go(1)

    def go(self, direction: Literal[-1, 1]) -> None:
        """Go to the next bout found, or the one before; behind the last comes the first.

        Raises
        ------
        UsageError
            Nothing was looked for yet, or the lane has no such bout.
        """
        if not self.wanted:
            raise UsageError("nothing was looked for yet", fix="say what to find first")
        lane, head = self.lane, self._desk.playhead
        found = self._found(lane)
        if not found:
            raise UsageError(
                f"no {self.wanted} in {lane.key.role} {lane.key.scheme_id}", fix="click another lane"
            )
        frames = np.array([head.grid.floor(bout.onset_ns) for bout in found])
        here_ns = head.grid.floor(head.time_ns)
        side: Literal["left", "right"] = "right" if direction > 0 else "left"
        place = (int(np.searchsorted(frames, here_ns, side=side)) + min(direction, 0)) % len(found)
        bout = found[place]
        self._desk.choose(lane.key, bout.id)
        head.pause()
        head.seek(bout.onset_ns)
        told = f"{lane.label(bout.code)} {clock_text(bout.onset_ns)} to {clock_text(bout.end_ns)}"
        self._desk.said.emit(f"{place + 1} of {len(found)}: {told} {bout.comment}".rstrip())

    def _found(self, lane: Lane) -> list[LaneBout]:
        words = self.wanted.casefold()
        exact = {
            code.id
            for code in lane.scheme.codes
            if words in (name.casefold() for name in (code.id, code.label, code.key or ""))
        }
        if exact:
            return [bout for bout in lane.bouts if bout.code in exact]
        return [b for b in lane.bouts if words in f"{lane.label(b.code)}\n{b.comment}".casefold()]
