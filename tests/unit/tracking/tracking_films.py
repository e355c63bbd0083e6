"""A film for the tracking tests: frames from a list of pictures or through OpenCV, in order."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import FrameClock
from stillface.errors import InputError

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


class _DyingFilm(PictureFilm):
    """Kills the process that decodes a frame: once where there is a flag file to set, else always."""

    def __init__(self, frames: Rgb, at_frame: int, flag: Path | None) -> None:
        super().__init__(frames)
        self._at_frame = at_frame
        self._flag = flag

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        for k, rgb in super().frames(start, stop):
            if k == self._at_frame and not (self._flag and self._flag.exists()):
                if self._flag:
                    self._flag.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield k, rgb


@dataclass(frozen=True)
class DyingOpener:
    """Opens a film whose decoder is killed at a frame."""

    path: Path
    at_frame: int
    flag: Path | None

    def __call__(self) -> PictureFilm:
        return _DyingFilm(np.load(self.path, mmap_mode="r"), self.at_frame, self.flag)


class _TornFilm(PictureFilm):
    def __init__(self, frames: Rgb, at_frame: int) -> None:
        super().__init__(frames)
        self._at_frame = at_frame

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        for k, rgb in super().frames(start, stop):
            if k == self._at_frame:
                raise InputError("torn", where=f"dyad.npy:{k}", got="half a frame", expected="a frame")
            yield k, rgb


@dataclass(frozen=True)
class TornOpener:
    """Opens a film that cannot be decoded from a frame on."""

    path: Path
    at_frame: int

    def __call__(self) -> PictureFilm:
        return _TornFilm(np.load(self.path, mmap_mode="r"), self.at_frame)


@dataclass(frozen=True)
class LongOpener:
    """Opens a film four times as long, so that there is time to interrupt it."""

    path: Path

    def __call__(self) -> PictureFilm:
        return PictureFilm(np.concatenate([np.load(self.path)] * 4))


def main() -> None:
    """Track a long film with two workers and print the progress, for the tests that interrupt it."""
    from stillface.domain.clock import ClockMap
    from stillface.domain.recording import Region
    from stillface.tracking.mediapipe_mesh import MediapipeMesh
    from stillface.tracking.params import TrackingParams

    MediapipeMesh(TrackingParams(chunk_frames=20)).track(
        LongOpener(Path(sys.argv[1])),
        {"infant": Region(0.0, 0.0, 0.5, 1.0), "caregiver": Region(0.5, 0.0, 0.5, 1.0)},
        recording_id="film",
        clock_map=ClockMap(),
        workers=2,
        scratch=Path(sys.argv[2]),
        progress=lambda done, total: print(done, total, flush=True),
    )


if __name__ == "__main__":
    main()
