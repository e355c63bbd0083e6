"""What a coder can do to a lane: each command says which edits of the log it comes to.

A command is plain data and changes nothing by itself: :meth:`stillface.review.document.Document.do` plans it
on the lane as it stands and logs all its edits as one. Taking it back is the log's own undo, so the inverse
of a command is never computed twice.

Times are snapped to the frame borders of the camera that is coded from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol, get_args, runtime_checkable

from stillface.domain.scheme import SchemeType
from stillface.errors import UsageError
from stillface.io.code_log_record import Edit
from stillface.review.cameras import FrameGrid
from stillface.review.draft import Draft
from stillface.review.lanes import Lane, LaneKey

__all__ = [
    "ANY_KIND",
    "POINTS",
    "RATINGS",
    "STATES",
    "Command",
    "LaneCommand",
    "gap_code",
    "stretch_of",
]

STATES, POINTS, RATINGS = ("state", "ordinal"), ("point",), ("rating", "ordinal")
ANY_KIND: tuple[str, ...] = get_args(SchemeType)


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
        raise UsageError("the scheme has no code for unscorable time", got=lane.scheme.id)
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


@dataclass(frozen=True)
class LaneCommand(ABC):
    """A command that changes a draft of its lane; the log gets an edit for each bout that differs then.

    Parameters
    ----------
    lane : LaneKey

    Attributes
    ----------
    kinds : tuple of str
        Types of schemes it is for.
    """

    lane: LaneKey
    kinds: ClassVar[tuple[str, ...]] = STATES

    def plan(self, lane: Lane, grid: FrameGrid) -> tuple[Edit, ...]:
        """Give the edits; empty where nothing would change. Raises UsageError where it cannot be done."""
        if lane.scheme.type not in self.kinds:
            raise UsageError(
                "not for this kind of scheme", got=lane.scheme.type, expected=" or ".join(self.kinds)
            )
        draft = Draft(lane, grid)
        self.change(draft)
        return draft.edits()

    @abstractmethod
    def change(self, draft: Draft) -> None:
        """Move bouts about in the draft."""
