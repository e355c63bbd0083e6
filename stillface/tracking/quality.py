"""What makes a frame codable: size, turn, sharpness, and no ghost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillface.tracking.boxes import Box, overlap, width
from stillface.tracking.detect import Detection
from stillface.tracking.params import TrackingParams

__all__ = ["agrees", "face_width_px", "sharpness"]

Rgb = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

# Right eye, left eye, nose, mouth: the detector's first four keypoints on the mesh.
_KEYPOINTS = ((33, 133), (362, 263), (1, 1), (13, 14))
_STANDARD_PX = 96
# Where the cheeks meet the ears.
_RIGHT_SIDE, _LEFT_SIDE = 234, 454


def agrees(landmarks_px: Float32, box_px: Box, seen: Detection, params: TrackingParams) -> bool:
    """Tell whether mesh and detector mean the same face: overlapping boxes, eyes, nose and mouth near.

    Parameters
    ----------
    landmarks_px : array of float32, shape (478, 3)
    box_px : Box
        The mesh's.
    seen : Detection
    params : TrackingParams
    """
    if overlap(box_px, seen.box_px) < params.min_overlap:
        return False
    on_mesh = np.array([landmarks_px[list(pair), :2].mean(axis=0) for pair in _KEYPOINTS])
    by_detector = np.array(seen.keypoints_px[: len(_KEYPOINTS)])
    gap = np.linalg.norm(on_mesh - by_detector, axis=1).mean() / max(width(seen.box_px), 1.0)
    return bool(gap <= params.max_keypoint_gap)


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
    grey = cv2.cvtColor(rgb[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    face = cv2.resize(grey, (_STANDARD_PX, _STANDARD_PX), interpolation=cv2.INTER_AREA)
    _, spread = cv2.meanStdDev(cv2.Laplacian(face, cv2.CV_32F))
    return float(spread[0, 0]) ** 2


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
