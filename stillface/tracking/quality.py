"""What makes a frame codable: size, turn, sharpness, and no ghost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillface.tracking.boxes import Box

__all__ = ["face_width_px", "sharpness"]

Rgb = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

_STANDARD_PX = 96
# Where the cheeks meet the ears.
_RIGHT_SIDE, _LEFT_SIDE = 234, 454


def sharpness(rgb: Rgb, box_px: Box) -> float:
    """Give the variance of the Laplacian over the face at a width of 96 px; 0 outside the picture.

    Parameters
    ----------
    rgb : array of uint8, shape (height, width, 3)
    box_px : Box
        The face.
    """
    import cv2

    height, across = rgb.shape[:2]
    left, top = max(0, round(box_px[0])), max(0, round(box_px[1]))
    right, bottom = min(across, round(box_px[2])), min(height, round(box_px[3]))
    if right - left < 2 or bottom - top < 2:
        return 0.0
    face = cv2.resize(rgb[top:bottom, left:right], (_STANDARD_PX, _STANDARD_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def face_width_px(landmarks_px: Float32) -> Float32:
    """Give the distance between the sides of the face, depth included, so that turning keeps it.

    Parameters
    ----------
    landmarks_px : array of float32, shape (n, 478, 3)

    Returns
    -------
    array of float32, shape (n,)
    """
    across = landmarks_px[:, _LEFT_SIDE] - landmarks_px[:, _RIGHT_SIDE]
    return np.asarray(np.linalg.norm(across, axis=1), dtype=np.float32)
