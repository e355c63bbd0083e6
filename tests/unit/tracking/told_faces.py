"""Films and models without pictures: each test says what detector and mesh see, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import FrameClock
from stillface.domain.faces import N_LANDMARKS
from stillface.domain.recording import WHOLE
from stillface.tracking.boxes import Crop
from stillface.tracking.chunk_track import Arrays, ChunkTracker
from stillface.tracking.detect import Detection
from stillface.tracking.params import TrackingParams
from stillface.tracking.rigid_head import RIGID, RIGID_POINTS

Rgb = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


class BlankFilm:
    """Frames of noise, whose first pixel tells the frame's number."""

    def __init__(self, n: int) -> None:
        self.clock = FrameClock.constant(n, Fraction(30))
        self.size_px = (640, 480)
        self._rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        for k in range(start, stop):
            yield k, self.frame(k)

    def frame(self, index: int) -> Rgb:
        rgb = self._rgb.copy()
        rgb[0, 0] = index
        return rgb

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        return (0,)

    def __enter__(self) -> BlankFilm:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


class FrontalMesh:
    """A mesh that finds a frontal face in the middle of any cut, as on hands and backs of heads."""

    def __init__(self) -> None:
        self.points = np.full((N_LANDMARKS, 3), 0.5, dtype=np.float32)
        self.points[RIGID] = RIGID_POINTS / 2.5 + [0.5, 0.45, 0.0]
        self.points[13:15, :2] = (0.5, 0.64)

    def find(self, cut: Rgb) -> npt.NDArray[np.float32] | None:
        return self.points.copy()

    def find_afresh(self, cut: Rgb, times: int) -> npt.NDArray[np.float32] | None:
        return self.find(cut)

    def close(self) -> None:
        return None


class ToldDetector:
    """Sees one face in the frames it is told of.

    Parameters
    ----------
    frames : set of int
    turn : float
        What its first look says of the head.
    close : tuple of float, optional
        What the narrow and the wide cut say; ``turn`` without it.
    score : float
        In these cuts.
    """

    def __init__(
        self,
        frames: set[int],
        turn: float = 0.0,
        close: tuple[float, float] | None = None,
        score: float = 0.8,
    ) -> None:
        self.frames = frames
        self.asked: list[int] = []
        self.asked_close = 0
        self._turn = turn
        self._close = (turn, turn) if close is None else close
        self._score = score

    def detect(self, rgb: Rgb, area_px: tuple[int, int, int, int]) -> list[Detection]:
        frame = int(rgb[0, 0, 0])
        self.asked.append(frame)
        return [frontal(self._turn)] if frame in self.frames else []

    def look_close(self, rgb: Rgb, crop: Crop) -> list[Detection]:
        self.asked_close += 1
        wide = crop.side_px > 3 * 100
        return [replace(frontal(self._close[wide]), score=self._score)]

    def close(self) -> None:
        return None


def frontal(turn: float) -> Detection:
    """Give what a detector would say of the frontal face that the mesh finds."""
    nose = (320 + 0.0, 220.0)
    ear = nose[0] - turn * 100
    points = ((295.0, 190.0), (345.0, 190.0), nose, (320.0, 237.0), (ear, 200.0), (ear, 200.0))
    return Detection((270.0, 155.0, 370.0, 255.0), 0.8, points)


def follow(frames: int, detector: ToldDetector, mesh: FrontalMesh | None = None, **params: float) -> Arrays:
    tracker = ChunkTracker({"infant": WHOLE}, TrackingParams(**params))
    tracker.detector = detector
    tracker._meshers = {"infant": mesh or FrontalMesh()}
    return tracker.track(BlankFilm(frames), 0, frames, {"infant": None})["infant"]


def count_status(arrays: Arrays, status: int) -> int:
    return int((arrays["status"] == status).sum())
