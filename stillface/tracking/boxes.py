"""Boxes ``(left, top, right, bottom)`` in pixels, and the square cut around a face."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Box", "Crop", "center", "overlap", "width"]

Box = tuple[float, float, float, float]
Rgb = npt.NDArray[np.uint8]

# Turning costs by the pixel, and 384 are more than the mesh itself looks at.
_MAX_TURNED_PX = 384


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
    """A square cut out of the picture, turned where the face leans.

    Parameters
    ----------
    left_px, top_px : int
        Its corner in the picture before it is turned about its middle; may lie outside.
    side_px : int
        Length of its side in picture pixels.
    angle_deg : float
        How far the face leans clockwise; the cut is turned with it.
    """

    left_px: int
    top_px: int
    side_px: int
    angle_deg: float = 0.0

    @classmethod
    def around(cls, box: Box, faces: float, angle_deg: float = 0.0) -> Crop:
        """Give the cut whose middle is the box's and whose side is so many times its width."""
        x, y = center(box)
        side = max(round(faces * width(box)), 2)
        return cls(round(x - side / 2), round(y - side / 2), side, angle_deg)

    @property
    def out_px(self) -> int:
        """Side of the cut picture in its own pixels."""
        return min(self.side_px, _MAX_TURNED_PX) if self.angle_deg else self.side_px

    def take(self, rgb: Rgb) -> Rgb:
        """Cut; shape (out_px, out_px, 3), black where the picture ends.

        A level cut keeps the picture's own pixels: the mesh resamples for itself, and doing it twice
        costs time and gains nothing (measured from 43 to 576 px, docs/explanation/tracking.md).
        """
        return self._turned(rgb) if self.angle_deg else self._level(rgb)

    def _level(self, rgb: Rgb) -> Rgb:
        height, across = rgb.shape[:2]
        side, left, top = self.side_px, self.left_px, self.top_px
        right, bottom = min(left + side, across), min(top + side, height)
        inner = rgb[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        if inner.shape[:2] == (side, side):
            return np.ascontiguousarray(inner)
        cut = np.zeros((side, side, 3), dtype=np.uint8)
        if inner.size:
            cut[max(-top, 0) : bottom - top, max(-left, 0) : right - left] = inner
        return cut

    def _turned(self, rgb: Rgb) -> Rgb:
        import cv2

        out = self.out_px
        turn = self._turn() * (out / self.side_px)
        # Coordinates count from a pixel's corner, cv2 counts from its middle.
        shift = out / 2 - 0.5 - turn @ (self._middle() - 0.5)
        matrix = np.column_stack([turn, shift])
        cut: Rgb = cv2.warpAffine(rgb, matrix, (out, out), flags=cv2.INTER_LINEAR)
        return cut

    def to_picture(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Carry mesh points, as shares of the cut, to picture pixels; shape (n, 3) kept."""
        placed = np.empty(points.shape, dtype=np.float32)
        offsets = (points[:, :2].astype(np.float64) - 0.5) * self.side_px
        placed[:, :2] = offsets @ self._turn() + self._middle()
        placed[:, 2] = points[:, 2] * self.side_px
        return placed

    def holds(self, box: Box) -> bool:
        """Tell whether a face is still well inside and of a fitting size."""
        ratio = self.side_px / max(width(box), 1.0)
        if not 1.5 <= ratio <= 4.0:
            return False
        half = 0.42 * self.side_px
        corners = np.array([(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])])
        placed = (corners - self._middle()) @ self._turn().T
        return bool(np.all(np.abs(placed) <= half))

    def _middle(self) -> npt.NDArray[np.float64]:
        return np.array([self.left_px, self.top_px]) + self.side_px / 2

    def _turn(self) -> npt.NDArray[np.float64]:
        """Give the rotation from the picture into the cut; shape (2, 2)."""
        radians = math.radians(self.angle_deg)
        cos, sin = math.cos(radians), math.sin(radians)
        return np.array([[cos, sin], [-sin, cos]])
