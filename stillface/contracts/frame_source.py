"""FrameSource: a film as exact frames, whatever decodes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import FrameClock

__all__ = ["FrameSource", "OpenSource"]

Rgb = npt.NDArray[np.uint8]


@runtime_checkable
class FrameSource(Protocol):
    """Frames by their number in display order; a context manager that closes the file."""

    @property
    def clock(self) -> FrameClock:
        """When each frame begins and ends, in the film's own time."""
        ...

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as shown (after rotation)."""
        ...

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        """Decode ``start`` to ``stop`` in order; each ``(frame, rgb)`` with rgb (height, width, 3).

        A frame's pixels must not depend on where decoding began.
        """
        ...

    def frame(self, index: int) -> Rgb:
        """Decode one frame exactly; shape (height, width, 3)."""
        ...

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        """Give frames, 0 first, where decoding can begin cheaply, at least ``min_frames`` apart."""
        ...

    def __enter__(self) -> FrameSource: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


OpenSource = Callable[[], FrameSource]
"""Opens the film anew; can be pickled, so that each worker process opens its own."""
