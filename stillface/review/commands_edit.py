"""Commands that mend what is coded: edges, cuts, labels, whole stretches, remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stillface.errors import UsageError
from stillface.io.code_log_record import Edit
from stillface.review.cameras import FrameGrid
from stillface.review.commands import points_only, states_only, stretch_of
from stillface.review.draft import Draft
from stillface.review.lanes import COMMENT, RUNNING, Lane, LaneKey

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
class MovePoint:
    """It happened at another moment."""

    lane: LaneKey
    bout_id: str
    time_ns: int

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        points_only(lane)
        draft = Draft(lane, grid)
        draft.change(lane.bout(self.bout_id), onset_ns=grid.snap(self.time_ns))
        return draft.edits()


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
class MoveEdge:
    """A bout begins or ends elsewhere; what touches it there follows."""

    lane: LaneKey
    bout_id: str
    side: Side
    time_ns: int

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits; refuses to go beyond :func:`edge_limits_ns`."""
        states_only(lane)
        bout = lane.bout(self.bout_id)
        low, high = edge_limits_ns(lane, self.bout_id, self.side, grid)
        if not low <= self.time_ns <= high:
            raise UsageError("the edge cannot go there", got=self.time_ns, expected=f"{low} to {high} ns")
        time_ns = min(max(grid.snap(self.time_ns), low), high)
        draft = Draft(lane, grid)
        if self.side == "onset":
            other = lane.before(bout.id)
            if other is not None and other.end_ns == bout.onset_ns:
                draft.change(other, offset_ns=time_ns)
            draft.change(bout, onset_ns=time_ns)
        else:
            other = lane.after(bout.id)
            if other is not None and other.onset_ns == bout.end_ns:
                draft.change(other, onset_ns=time_ns)
            draft.close(bout, time_ns)
        return draft.edits()


@dataclass(frozen=True)
class Split:
    """Cut a bout in two at this moment."""

    lane: LaneKey
    bout_id: str
    time_ns: int

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits; the moment must lie inside the bout."""
        states_only(lane)
        bout, time_ns = lane.bout(self.bout_id), grid.snap(self.time_ns)
        if not bout.onset_ns < time_ns < bout.end_ns:
            raise UsageError(
                "not inside the bout", got=time_ns, expected=f"{bout.onset_ns} to {bout.end_ns} ns"
            )
        draft = Draft(lane, grid)
        draft.add(time_ns, bout.offset_ns, bout.code, bout.attributes)
        draft.close(bout, time_ns)
        return draft.edits()


@dataclass(frozen=True)
class Merge:
    """Join a bout with the one after it, the time between them included; the first one's code stays."""

    lane: LaneKey
    bout_id: str

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        states_only(lane)
        first, second = lane.bout(self.bout_id), lane.after(self.bout_id)
        if second is None:
            raise UsageError("no bout follows to be joined", got=self.bout_id)
        attributes = {**second.attributes, **first.attributes}
        remarks = [bout.comment for bout in (first, second) if bout.comment]
        if remarks:
            attributes[COMMENT] = "; ".join(dict.fromkeys(remarks))
        if not second.running:
            attributes.pop(RUNNING, None)
        draft = Draft(lane, grid)
        draft.remove(second)
        draft.change(first, offset_ns=second.offset_ns, attributes=attributes)
        return draft.edits()


@dataclass(frozen=True)
class Relabel:
    """It was another code."""

    lane: LaneKey
    bout_id: str
    code: str

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        draft = Draft(lane, grid)
        draft.change(lane.bout(self.bout_id), code=self.code)
        return draft.edits()


@dataclass(frozen=True)
class Delete:
    """Take a bout or a point away; its time is uncoded again."""

    lane: LaneKey
    bout_id: str

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        draft = Draft(lane, grid)
        draft.remove(lane.bout(self.bout_id))
        return draft.edits()


@dataclass(frozen=True)
class ExtendTo:
    """Let a bout reach until a moment outside it, over whatever lies between."""

    lane: LaneKey
    bout_id: str
    time_ns: int

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        states_only(lane)
        bout, time_ns = lane.bout(self.bout_id), grid.snap(self.time_ns)
        draft = Draft(lane, grid)
        if time_ns > bout.end_ns:
            draft.clear(bout.end_ns, time_ns, keep=bout.id)
            draft.change(bout, offset_ns=time_ns)
        elif time_ns < bout.onset_ns:
            draft.clear(time_ns, bout.onset_ns, keep=bout.id)
            draft.change(bout, onset_ns=time_ns)
        else:
            raise UsageError("the moment lies inside the bout", fix="drag the edge to shorten it")
        return draft.edits()


@dataclass(frozen=True)
class Paint:
    """A stretch is one code, whatever was there: neighbours give way."""

    lane: LaneKey
    onset_ns: int
    offset_ns: int
    code: str
    attributes: dict[str, str] = field(default_factory=dict)

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        states_only(lane)
        onset_ns, offset_ns = stretch_of(grid, self.onset_ns, self.offset_ns)
        same = lane.at(onset_ns)
        draft = Draft(lane, grid)
        if same is not None and (same.onset_ns, same.end_ns) == (onset_ns, offset_ns) and not same.running:
            draft.change(same, code=self.code, attributes={**same.attributes, **self.attributes})
        else:
            draft.clear(onset_ns, offset_ns)
            draft.add(onset_ns, offset_ns, self.code, self.attributes)
        return draft.edits()


@dataclass(frozen=True)
class Erase:
    """Nobody has coded this stretch: bouts are trimmed or go."""

    lane: LaneKey
    onset_ns: int
    offset_ns: int

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        states_only(lane)
        draft = Draft(lane, grid)
        draft.clear(*stretch_of(grid, self.onset_ns, self.offset_ns))
        return draft.edits()


@dataclass(frozen=True)
class CommentOn:
    """Remark on a bout; an empty text takes the remark away."""

    lane: LaneKey
    bout_id: str
    text: str

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits."""
        bout = lane.bout(self.bout_id)
        attributes = {key: value for key, value in bout.attributes.items() if key != COMMENT}
        if self.text.strip():
            attributes[COMMENT] = self.text.strip()
        draft = Draft(lane, grid)
        draft.change(bout, attributes=attributes)
        return draft.edits()
