"""The scripted film as a frame source: for trackers under test, without a file or a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from stillface.domain.clock import FrameClock
from stillface.errors import UsageError
from stillface.testing import script
from stillface.testing.demo import LOOKS, DemoDyad
from stillface.testing.portrait import SIZE_PX, Portrait

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["OpenScriptedFilm", "ScriptedFilm"]


class ScriptedFilm:
    """A stretch of the film of one stand-in, drawn when asked for; a `FrameSource`.

    Parameters
    ----------
    role : {'infant', 'caregiver'}
    first, n_frames : int
        Frame of the script that is frame 0 here, and how many there are.
    """

    def __init__(self, role: str, first: int, n_frames: int) -> None:
        longest = DemoDyad().n_frames - first
        if first < 0 or not 0 < n_frames <= longest:
            raise UsageError(
                "no such stretch of the script", got=f"{n_frames} from {first}", expected=f"1 to {longest}"
            )
        self._role, self._first, self._n = role, first, n_frames
        self._portrait = Portrait(LOOKS[role])

    @cached_property
    def clock(self) -> FrameClock:
        """When each frame begins and ends, the first at 0."""
        return FrameClock.constant(self._n, script.RATE_HZ)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        return SIZE_PX

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Draw ``start`` to ``stop`` in order; each ``(frame, rgb)`` with rgb (480, 640, 3)."""
        for index in range(start, stop):
            yield index, self.frame(index)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Draw one frame; shape (480, 640, 3)."""
        if not 0 <= index < self._n:
            raise UsageError("no such frame", got=index, expected=f"0 to {self._n - 1}")
        return self._portrait.draw(script.pose_at(self._role, self._first + index))

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        """Give every ``min_frames``-th frame: drawing can begin anywhere."""
        return tuple(range(0, self._n, max(1, min_frames)))

    def __enter__(self) -> ScriptedFilm:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class OpenScriptedFilm:
    """Opens the film anew in any process."""

    role: str
    first: int
    n_frames: int

    def __call__(self) -> ScriptedFilm:
        """Open it."""
        return ScriptedFilm(self.role, self.first, self.n_frames)
