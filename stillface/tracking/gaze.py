"""Where the irises are in the eyes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LEFT_EYE", "RIGHT_EYE", "iris_offset", "iris_offset_of"]

Float32 = npt.NDArray[np.float32]

# (corner at the picture's left, at its right, iris) of an upright face; right and left are the subject's.
RIGHT_EYE = (33, 133, 468)
LEFT_EYE = (362, 263, 473)


def iris_offset_of(landmarks_px: Float32, eye: tuple[int, int, int]) -> Float32:
    """Give one iris's offset from the middle between the eye's corners, in eye widths.

    The axes are the eye's own: a leaning head changes nothing. Closed eyes give a number too, and
    it means nothing: ask the eye's aperture.

    Parameters
    ----------
    landmarks_px : array of float32, shape (n, 478, 3)
    eye : (int, int, int)
        ``RIGHT_EYE`` or ``LEFT_EYE``.

    Returns
    -------
    array of float32, shape (n, 2)
        x > 0 to the picture's right, y > 0 down, as pixels count; 0 where the eye has no width.
    """
    left, right, iris = (landmarks_px[:, k, :2].astype(np.float64) for k in eye)
    axis = right - left
    squared = (axis**2).sum(axis=1)
    from_middle = iris - (left + right) / 2
    along = (from_middle * axis).sum(axis=1)
    # The picture's y counts downwards; axis turned by a quarter points to the chin.
    down = from_middle[:, 1] * axis[:, 0] - from_middle[:, 0] * axis[:, 1]
    offset = np.stack([along, down], axis=1)
    offset /= np.where(squared > 0, squared, np.inf)[:, None]
    return np.asarray(offset, dtype=np.float32)


def iris_offset(landmarks_px: Float32) -> Float32:
    """Give the mean offset of both irises; shape (n, 2)."""
    both = (iris_offset_of(landmarks_px, RIGHT_EYE) + iris_offset_of(landmarks_px, LEFT_EYE)) / 2
    return np.asarray(both, dtype=np.float32)
