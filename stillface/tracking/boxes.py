"""Boxes ``(left, top, right, bottom)`` in pixels, and the square cut around a face."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Box", "Crop", "center", "overlap", "width"]

Box = tuple[float, float, float, float]
Rgb = npt.NDArray[np.uint8]

# The mesh was measured on cuts of 384 px (notes); larger faces keep their own pixels up to twice that.
_MIN_OUT_PX = 384
_MAX_OUT_PX = 768


def width(box: Box) -> float:
    """Give the width in pixels."""
    return box[2] - box[0]


def center(box: Box) -> tuple[float, float]:
    """Give the middle ``(x, y)`` in pixels."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def overlap(a: Box, b: Box) -> float:
    """Give intersection over union, in [0, 1]."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (areas - shared)


@dataclass(frozen=True)
class Crop:
    """A square cut out of the picture, turned so that the eyes lie level.

    Parameters
    ----------
    center_px : (float, float)
        Its middle in the picture, x and y.
    side_px : float
        Length of its side in picture pixels.
    angle_deg : float
        How far the face leans clockwise; the cut is turned with it.
    """

    center_px: tuple[float, float]
    side_px: float
    angle_deg: float

    @property
    def out_px(self) -> int:
        """Side of the cut picture in its own pixels."""
        return round(min(max(self.side_px, _MIN_OUT_PX), _MAX_OUT_PX))

    def take(self, rgb: Rgb) -> Rgb:
        """Cut; shape (out_px, out_px, 3), black where the picture ends."""
        import cv2

        out = self.out_px
        scale = out / self.side_px
        turn = self._turn() * scale
        # Coordinates count from a pixel's corner, cv2 counts from its middle.
        shift = out / 2 - 0.5 - turn @ (np.array(self.center_px) - 0.5)
        matrix = np.column_stack([turn, shift])
        cut: Rgb = cv2.warpAffine(rgb, matrix, (out, out), flags=cv2.INTER_LINEAR)
        return cut

    def to_picture(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Carry mesh points, as shares of the cut, to picture pixels; shape (n, 3) kept."""
        placed = np.empty(points.shape, dtype=np.float32)
        offsets = (points[:, :2].astype(np.float64) - 0.5) * self.side_px
        placed[:, :2] = offsets @ self._turn() + np.array(self.center_px)
        placed[:, 2] = points[:, 2] * self.side_px
        return placed

    def holds(self, box: Box) -> bool:
        """Tell whether a face is still well inside and of a fitting size."""
        ratio = self.side_px / max(width(box), 1.0)
        if not 1.5 <= ratio <= 4.0:
            return False
        half = 0.42 * self.side_px
        corners = np.array([(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])])
        placed = (corners - np.array(self.center_px)) @ self._turn().T
        return bool(np.all(np.abs(placed) <= half))

    def _turn(self) -> npt.NDArray[np.float64]:
        """Give the rotation from the picture into the cut; shape (2, 2)."""
        radians = math.radians(self.angle_deg)
        cos, sin = math.cos(radians), math.sin(radians)
        return np.array([[cos, sin], [-sin, cos]])
