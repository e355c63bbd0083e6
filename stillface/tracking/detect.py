"""Faces in a picture, by the two BlazeFace models that ship in MediaPipe's wheel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.tracking.boxes import Box, Crop, width
from stillface.tracking.native import quiet_start

__all__ = ["Detection", "FaceDetector"]

Rgb = npt.NDArray[np.uint8]
_SHORT_RANGE, _FULL_RANGE = 0, 1
# Keypoints of BlazeFace; right and left are the subject's.
_RIGHT_EYE, _LEFT_EYE, _NOSE, _MOUTH, _RIGHT_EAR, _LEFT_EAR = range(6)


@dataclass(frozen=True)
class Detection:
    """One face that a detector saw.

    Parameters
    ----------
    box_px : Box
        Left, top, right, bottom in the whole picture.
    score : float
        In [0, 1].
    keypoints_px : tuple of (float, float)
        Right eye, left eye, nose, mouth, right ear, left ear of the subject; x and y.
    """

    box_px: Box
    score: float
    keypoints_px: tuple[tuple[float, float], ...]

    @property
    def roll_deg(self) -> float:
        """How far the line through the eyes leans clockwise."""
        right, left = self.keypoints_px[_RIGHT_EYE], self.keypoints_px[_LEFT_EYE]
        return math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))

    @property
    def turn(self) -> float:
        """Nose against the middle of the ears in box widths: 0 frontal, beyond about .35 profile."""
        ears = (self.keypoints_px[_RIGHT_EAR][0] + self.keypoints_px[_LEFT_EAR][0]) / 2
        return (self.keypoints_px[_NOSE][0] - ears) / max(width(self.box_px), 1.0)


class FaceDetector:
    """The full-range model first, for it sees small faces; the short-range one where it sees none.

    Parameters
    ----------
    min_score : float
        Hits below are dropped.
    """

    def __init__(self, min_score: float) -> None:
        self._min_score = min_score
        self._models: dict[int, Any] = {}

    def detect(self, rgb: Rgb, area_px: tuple[int, int, int, int]) -> list[Detection]:
        """Find the faces inside an area of the picture, best score first.

        Parameters
        ----------
        rgb : array of uint8, shape (height, width, 3)
        area_px : (int, int, int, int)
            Left, top, right, bottom; right and bottom exclusive.
        """
        left, top, right, bottom = area_px
        cut = np.ascontiguousarray(rgb[top:bottom, left:right])
        found = self._run(_FULL_RANGE, cut) or self._run(_SHORT_RANGE, cut)
        placed = [_placed(hit, cut.shape[1], cut.shape[0], left, top) for hit in found]
        return sorted(placed, key=lambda face: (-face.score, face.box_px))

    def look_close(self, rgb: Rgb, crop: Crop) -> list[Detection]:
        """Find the faces in a level cut by the short-range model alone, best score first.

        Parameters
        ----------
        rgb : array of uint8, shape (height, width, 3)
        crop : Crop
            Not turned.
        """
        side, left, top = crop.side_px, crop.left_px, crop.top_px
        placed = [_placed(hit, side, side, left, top) for hit in self._run(_SHORT_RANGE, crop.take(rgb))]
        return sorted(placed, key=lambda face: (-face.score, face.box_px))

    def close(self) -> None:
        """Close the graphs."""
        for model in self._models.values():
            model.close()
        self._models.clear()

    def _run(self, which: int, cut: Rgb) -> list[Any]:
        if which in self._models:
            return list(self._models[which].process(cut).detections or ())
        from mediapipe.python.solutions.face_detection import FaceDetection

        with quiet_start():
            self._models[which] = FaceDetection(self._min_score, model_selection=which)
            return list(self._models[which].process(cut).detections or ())


def _placed(hit: Any, width_px: int, height_px: int, left: int, top: int) -> Detection:
    place = hit.location_data.relative_bounding_box
    x, y = left + place.xmin * width_px, top + place.ymin * height_px
    points = tuple(
        (left + point.x * width_px, top + point.y * height_px)
        for point in hit.location_data.relative_keypoints
    )
    box = (x, y, x + place.width * width_px, y + place.height * height_px)
    return Detection(box, float(hit.score[0]), points)
