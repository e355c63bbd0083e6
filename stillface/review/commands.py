"""What a coder can do to a lane: each command says which edits of the log it comes to.

A command is plain data and changes nothing by itself: :meth:`stillface.review.document.Document.do` plans it
on the lane as it stands and logs all its edits as one. Taking it back is the log's own undo, so the inverse
of a command is never computed twice.

Times are snapped to the frame borders of the camera that is coded from.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from stillface.errors import UsageError
from stillface.io.code_log_record import Edit
from stillface.review.cameras import FrameGrid
from stillface.review.lanes import Lane, LaneKey

__all__ = ["Command", "gap_code", "points_only", "states_only", "stretch_of"]


@runtime_checkable
class Command(Protocol):
    """One undoable gesture on one lane."""

    @property
    def lane(self) -> LaneKey:
        """The lane it changes."""
        ...

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits; empty where nothing would change. Raises UsageError where it cannot be done."""
        ...


def gap_code(lane: Lane) -> str:
    """Give the scheme's code for "cannot be seen or decided"; refuse where it declares none."""
    code = next((code.id for code in lane.scheme.codes if code.gap), None)
    if code is None:
        raise UsageError("the scheme has no code for uncodable time", got=lane.scheme.id)
    return code


def stretch_of(grid: FrameGrid, onset_ns: int, offset_ns: int) -> tuple[int, int]:
    """Give a stretch in whole frames, in either order of its ends."""
    low, high = sorted((onset_ns, offset_ns))
    low, high = grid.snap(low), grid.snap(high)
    if low == high:
        raise UsageError(
            "a stretch of no frame", got=f"{onset_ns} to {offset_ns} ns", expected="a frame or more"
        )
    return low, high


def states_only(lane: Lane) -> None:
    """Refuse a lane of points or ratings."""
    if lane.scheme.type not in ("state", "ordinal"):
        raise UsageError("not for this kind of scheme", got=lane.scheme.type, expected="state or ordinal")


def points_only(lane: Lane) -> None:
    """Refuse a lane of states."""
    if not lane.is_point:
        raise UsageError("not for this kind of scheme", got=lane.scheme.type, expected="point")
