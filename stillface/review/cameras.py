"""Cameras on the session clock: which frame is on screen when, and where edges may lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.clock import ClockMap, FrameClock
from stillface.errors import FieldError

__all__ = ["Camera", "FrameGrid"]

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Camera:
    """One film on the session clock.

    Parameters
    ----------
    id : str
        The recording's id.
    clock : FrameClock
        Frame borders in the film's own time.
    clock_map : ClockMap
        Own time to session time: offset and drift.
    """

    id: str
    clock: FrameClock
    clock_map: ClockMap = field(default_factory=ClockMap)

    @cached_property
    def edges_ns(self) -> Int64:
        """Frame borders on the session clock; shape (n_frames + 1,)."""
        return refuse.frozen(np.asarray(self.clock_map.to_session(self.clock.edges_ns)))

    @property
    def span_ns(self) -> tuple[int, int]:
        """Session time of the first frame's onset and of the last one's end."""
        return int(self.edges_ns[0]), int(self.edges_ns[-1])

    def frame_at(self, time_ns: int) -> int | None:
        """Give the frame on screen at a session time, or None where this camera did not run."""
        frame = int(np.searchsorted(self.edges_ns, time_ns, side="right")) - 1
        return frame if 0 <= frame < self.clock.n_frames else None


@dataclass(frozen=True, eq=False)
class FrameGrid:
    """The moments at which edges may lie: frame borders of the camera that is coded from.

    Parameters
    ----------
    edges_ns : array of int64, shape (n + 1,)
        Strictly increasing, on the session clock.
    is_film : bool
        Whether the borders are real frames, whose numbers are worth keeping in the log.
    """

    edges_ns: Int64
    is_film: bool = True

    def __post_init__(self) -> None:
        edges = refuse.ns_array("FrameGrid", "edges_ns", self.edges_ns, increasing=True, at_least=2)
        object.__setattr__(self, "edges_ns", edges)

    @classmethod
    def of_camera(cls, camera: Camera) -> FrameGrid:
        """Give the borders of a camera's frames."""
        return cls(camera.edges_ns)

    @classmethod
    def even(cls, span_ns: tuple[int, int], step_ns: int) -> FrameGrid:
        """Give evenly spaced borders for a session without film; the last step may be shorter."""
        if step_ns <= 0 or span_ns[1] <= span_ns[0]:
            raise FieldError(
                "nothing to divide", where="FrameGrid.even", got=(span_ns, step_ns), expected="a stretch"
            )
        inner = np.arange(span_ns[0], span_ns[1], step_ns, dtype=np.int64)
        return cls(np.append(inner, span_ns[1]), is_film=False)

    @property
    def span_ns(self) -> tuple[int, int]:
        """First and last border."""
        return int(self.edges_ns[0]), int(self.edges_ns[-1])

    def snap(self, time_ns: int) -> int:
        """Give the nearest border; half-way goes to the earlier one."""
        right = int(np.clip(np.searchsorted(self.edges_ns, time_ns), 1, self.edges_ns.size - 1))
        before, after = int(self.edges_ns[right - 1]), int(self.edges_ns[right])
        return before if time_ns - before <= after - time_ns else after

    def floor(self, time_ns: int) -> int:
        """Give the border at or before a time: the onset of the frame that is on screen."""
        index = int(np.searchsorted(self.edges_ns, time_ns, side="right")) - 1
        return int(self.edges_ns[max(index, 0)])

    def after(self, time_ns: int) -> int:
        """Give the next border after a time, or the last border."""
        index = int(np.searchsorted(self.edges_ns, time_ns, side="right"))
        return int(self.edges_ns[min(index, self.edges_ns.size - 1)])

    def before(self, time_ns: int) -> int:
        """Give the last border before a time, or the first border."""
        index = int(np.searchsorted(self.edges_ns, time_ns, side="left")) - 1
        return int(self.edges_ns[max(index, 0)])

    def frame_number(self, time_ns: int) -> int | None:
        """Give the number of the frame that begins exactly here, or None."""
        if not self.is_film:
            return None
        index = int(np.searchsorted(self.edges_ns, time_ns))
        return index if index < self.edges_ns.size and int(self.edges_ns[index]) == time_ns else None
