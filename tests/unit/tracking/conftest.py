"""Films that the tracking tests share; their module must be found by worker processes too."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from skimage.data import astronaut

# Worker processes inherit sys.path, not pytest's way of importing tests.
sys.path.insert(0, str(Path(__file__).parent))

Rgb = npt.NDArray[np.uint8]


@pytest.fixture(scope="session")
def portrait() -> Rgb:
    """Give the public-domain portrait that ships with scikit-image; one frontal face, 640x480."""
    face = astronaut()[14:206, 98:354]
    return np.asarray(cv2.resize(face, (640, 480), interpolation=cv2.INTER_CUBIC))


@pytest.fixture(scope="session")
def dyad_frames(portrait: Rgb) -> Rgb:
    """Give 80 frames of 640x320: two faces that sway, the right one gone from frame 40 to 49."""
    left = cv2.resize(portrait, (320, 240), interpolation=cv2.INTER_AREA)
    right = np.ascontiguousarray(left[:, ::-1])
    frames = np.full((80, 320, 640, 3), 128, dtype=np.uint8)
    for k, frame in enumerate(frames):
        x, y = round(8 * np.sin(k / 6)), round(6 * np.cos(k / 5))
        for picture, at in ((left, 0), (right, 320)):
            moved = cv2.warpAffine(picture, np.array([[1.0, 0, x], [0, 1.0, y]]), (320, 240))
            frame[40:280, at : at + 320] = moved
        if 40 <= k < 50:
            frame[:, 320:] = 128
    return frames
