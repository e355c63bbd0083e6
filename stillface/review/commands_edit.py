"""Commands that mend what is coded: edges, cuts, labels, whole stretches, remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stillface.errors import UsageError
from stillface.review.cameras import FrameGrid
from stillface.review.commands import ANY_KIND, POINTS, LaneCommand, stretch_of
from stillface.review.draft import Draft
from stillface.review.lanes import COMMENT, RUNNING, Lane

__all__ = [
    "CommentOn",
    "Delete",
    "Erase",
    "ExtendTo",
    "Merge",
    "MoveEdge",
    "MovePoint",
    "Paint",
    "Relabel",
    "Split",
    "edge_limits_ns",
]

Side = Literal["onset", "offset"]


@dataclass(frozen=True)
class MovePoint(LaneCommand):
    """It happened at another moment."""

    bout_id: str
    time_ns: int

    kinds = POINTS

    def change(self, draft: Draft) -> None:
        """Move the point."""
        draft.change(draft.lane.bout(self.bout_id), onset_ns=draft.grid.snap(self.time_ns))


def edge_limits_ns(lane: Lane, bout_id: str, side: Side, grid: FrameGrid) -> tuple[int, int]:
    """Give how far an edge can go: one frame of each bout it belongs to always stays.

    A touching neighbour shares the edge and moves with it; one that does not touch is never overrun.
    """
    bout = lane.bout(bout_id)
    if side == "onset":
        other = lane.before(bout_id)
        low = grid.span_ns[0]
        if other is not None:
            low = grid.after(other.onset_ns) if other.end_ns == bout.onset_ns else other.end_ns
        return low, grid.before(bout.end_ns)
    other = lane.after(bout_id)
    high = grid.span_ns[1]
    if other is not None:
        high = grid.before(other.end_ns) if other.onset_ns == bout.end_ns else other.onset_ns
    return grid.after(bout.onset_ns), high


@dataclass(frozen=True)
class MoveEdge(LaneCommand):
    """A bout begins or ends elsewhere; what touches it there follows."""

    bout_id: str
    side: Side
    time_ns: int

    def change(self, draft: Draft) -> None:
        """Move the edge; refused beyond :func:`edge_limits_ns`."""
        bout = draft.lane.bout(self.bout_id)
        low, high = edge_limits_ns(draft.lane, self.bout_id, self.side, draft.grid)
        if not low <= self.time_ns <= high:
            raise UsageError("the edge cannot go there", got=self.time_ns, expected=f"{low} to {high} ns")
        time_ns = min(max(draft.grid.snap(self.time_ns), low), high)
        if self.side == "onset":
            other = draft.lane.before(bout.id)
            if other is not None and other.end_ns == bout.onset_ns:
                draft.change(other, offset_ns=time_ns)
            draft.change(bout, onset_ns=time_ns)
        else:
            other = draft.lane.after(bout.id)
            if other is not None and other.onset_ns == bout.end_ns:
                draft.change(other, onset_ns=time_ns)
            draft.close(bout, time_ns)


@dataclass(frozen=True)
class Split(LaneCommand):
    """Cut a bout in two at this moment."""

    bout_id: str
    time_ns: int

    def change(self, draft: Draft) -> None:
        """Cut the bout; the moment must lie inside it."""
        bout, time_ns = draft.lane.bout(self.bout_id), draft.grid.snap(self.time_ns)
        if not bout.onset_ns < time_ns < bout.end_ns:
            raise UsageError(
                "not inside the bout", got=time_ns, expected=f"{bout.onset_ns} to {bout.end_ns} ns"
            )
        draft.add(time_ns, bout.offset_ns, bout.code, bout.attributes)
        draft.close(bout, time_ns)


@dataclass(frozen=True)
class Merge(LaneCommand):
    """Join a bout with the one after it, the time between them included; the first one's code stays."""

    bout_id: str

    def change(self, draft: Draft) -> None:
        """Join the two."""
        first, second = draft.lane.bout(self.bout_id), draft.lane.after(self.bout_id)
        if second is None:
            raise UsageError("no bout follows to be joined", got=self.bout_id)
        attributes = {**second.attributes, **first.attributes}
        remarks = [bout.comment for bout in (first, second) if bout.comment]
        if remarks:
            attributes[COMMENT] = "; ".join(dict.fromkeys(remarks))
        if not second.running:
            attributes.pop(RUNNING, None)
        draft.remove(second)
        draft.change(first, offset_ns=second.offset_ns, attributes=attributes)


@dataclass(frozen=True)
class Relabel(LaneCommand):
    """It was another code."""

    bout_id: str
    code: str

    kinds = ANY_KIND

    def change(self, draft: Draft) -> None:
        """Give the bout the code."""
        draft.change(draft.lane.bout(self.bout_id), code=self.code)


@dataclass(frozen=True)
class Delete(LaneCommand):
    """Take a bout or a point away; its time is uncoded again."""

    bout_id: str

    kinds = ANY_KIND

    def change(self, draft: Draft) -> None:
        """Take the bout out."""
        draft.remove(draft.lane.bout(self.bout_id))


@dataclass(frozen=True)
class ExtendTo(LaneCommand):
    """Let a bout reach until a moment outside it, over whatever lies between."""

    bout_id: str
    time_ns: int

    def change(self, draft: Draft) -> None:
        """Let the bout reach there."""
        bout, time_ns = draft.lane.bout(self.bout_id), draft.grid.snap(self.time_ns)
        if time_ns > bout.end_ns:
            draft.clear(bout.end_ns, time_ns, keep=bout.id)
            draft.change(bout, offset_ns=time_ns)
        elif time_ns < bout.onset_ns:
            draft.clear(time_ns, bout.onset_ns, keep=bout.id)
            draft.change(bout, onset_ns=time_ns)
        else:
            raise UsageError("the moment lies inside the bout", fix="drag the edge to shorten it")


@dataclass(frozen=True)
class Paint(LaneCommand):
    """A stretch is one code, whatever was there: neighbours give way.

    Parameters
    ----------
    lane : LaneKey
    onset_ns, offset_ns : int
    code : str
    attributes : mapping of str to str
    joins : bool
        Whether it becomes one bout with neighbours of the same code and attributes; off where each stretch
        is a judgement of its own, as bins and differences are.
    """

    onset_ns: int
    offset_ns: int
    code: str
    attributes: dict[str, str] = field(default_factory=dict)
    joins: bool = False

    def change(self, draft: Draft) -> None:
        """Make room for the stretch and put it in."""
        onset_ns, offset_ns = stretch_of(draft.grid, self.onset_ns, self.offset_ns)
        same = draft.lane.at(onset_ns)
        if same is not None and (same.onset_ns, same.end_ns) == (onset_ns, offset_ns) and not same.running:
            attributes = {**same.attributes, **self.attributes}
            painted = draft.change(same, code=self.code, attributes=attributes)
        else:
            draft.clear(onset_ns, offset_ns)
            painted = draft.add(onset_ns, offset_ns, self.code, self.attributes)
        if self.joins:
            draft.join(painted)


@dataclass(frozen=True)
class Erase(LaneCommand):
    """Nobody has coded this stretch: bouts are trimmed or go."""

    onset_ns: int
    offset_ns: int

    def change(self, draft: Draft) -> None:
        """Clear the stretch."""
        draft.clear(*stretch_of(draft.grid, self.onset_ns, self.offset_ns))


@dataclass(frozen=True)
class CommentOn(LaneCommand):
    """Remark on a bout; an empty text takes the remark away."""

    bout_id: str
    text: str

    kinds = ANY_KIND

    def change(self, draft: Draft) -> None:
        """Put the remark on the bout, or take it off."""
        bout = draft.lane.bout(self.bout_id)
        attributes = {key: value for key, value in bout.attributes.items() if key != COMMENT}
        if self.text.strip():
            attributes[COMMENT] = self.text.strip()
        draft.change(bout, attributes=attributes)
