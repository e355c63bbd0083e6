"""A film for the tracking tests: frames from a list of pictures or through OpenCV, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import FrameClock

Rgb = npt.NDArray[np.uint8]


class PictureFilm:
    """A FrameSource over an array (n, height, width, 3) on disk; chunks may start every ten frames."""

    def __init__(self, frames: Rgb) -> None:
        self._frames = frames
        self.clock = FrameClock.constant(len(frames), Fraction(30))
        self.size_px = (frames.shape[2], frames.shape[1])

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        for k in range(start, stop):
            yield k, np.array(self._frames[k])

    def frame(self, index: int) -> Rgb:
        return np.array(self._frames[index])

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        step = -(-min_frames // 10) * 10
        return (0, *range(step, max(len(self._frames) - min_frames + 1, 1), step))

    def __enter__(self) -> PictureFilm:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


@dataclass(frozen=True)
class NpyOpener:
    """Opens a saved array anew in every process."""

    path: Path

    def __call__(self) -> PictureFilm:
        return PictureFilm(np.load(self.path, mmap_mode="r"))
