"""Iris offsets in eye widths, face width, sharpness, and whether mesh and detector mean one face."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from stillface.domain.faces import N_LANDMARKS
from stillface.tracking.detect import Detection
from stillface.tracking.gaze import LEFT_EYE, RIGHT_EYE, iris_offset, iris_offset_of
from stillface.tracking.params import TrackingParams
from stillface.tracking.quality import agrees, face_width_px, sharpness

Float32 = npt.NDArray[np.float32]


def _eyes(right_iris: tuple[float, float], left_iris: tuple[float, float], roll_deg: float = 0.0) -> Float32:
    """Give a face whose eyes are 40 px wide, with the irises so many pixels from the middles."""
    landmarks = np.zeros((1, N_LANDMARKS, 3), dtype=np.float32)
    for eye, x, iris in ((RIGHT_EYE, 100.0, right_iris), (LEFT_EYE, 200.0, left_iris)):
        landmarks[0, eye[0], :2] = (x - 20, 50)
        landmarks[0, eye[1], :2] = (x + 20, 50)
        landmarks[0, eye[2], :2] = (x + iris[0], 50 + iris[1])
    turn = np.radians(roll_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    landmarks[0, :, :2] = landmarks[0, :, :2] @ rotation.T
    return landmarks


@pytest.mark.parametrize("roll_deg", [0.0, 25.0, -90.0])
def test_iris_offset_in_eye_widths_whatever_the_lean(roll_deg: float) -> None:
    face = _eyes((10, 4), (6, 2), roll_deg)
    assert iris_offset_of(face, RIGHT_EYE)[0] == pytest.approx([0.25, 0.1], abs=1e-5)
    assert iris_offset_of(face, LEFT_EYE)[0] == pytest.approx([0.15, 0.05], abs=1e-5)
    assert iris_offset(face)[0] == pytest.approx([0.2, 0.075], abs=1e-5)


def test_no_mesh_gives_zero_offset_and_width() -> None:
    nothing = np.zeros((2, N_LANDMARKS, 3), dtype=np.float32)
    assert not iris_offset(nothing).any()
    assert not face_width_px(nothing).any()


def test_face_width_keeps_through_a_turn() -> None:
    face = np.zeros((2, N_LANDMARKS, 3), dtype=np.float32)
    face[0, 234], face[0, 454] = (0, 0, 0), (100, 0, 0)
    face[1, 234], face[1, 454] = (0, 0, 0), (80, 0, 60)
    assert face_width_px(face).tolist() == pytest.approx([100, 100])


def test_sharpness_falls_with_blur_and_is_zero_outside_the_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    box = (20.0, 20.0, 180.0, 180.0)
    blurred = cv2.GaussianBlur(picture, (0, 0), 4)
    assert sharpness(picture, box) > 20 * sharpness(blurred, box)
    assert sharpness(picture, (300.0, 0.0, 400.0, 100.0)) == 0
    assert sharpness(picture, (-50.0, -50.0, 100.0, 100.0)) > 0


def test_mesh_and_detector_agree_only_on_one_face() -> None:
    params = TrackingParams()
    points = ((30.0, 40.0), (70.0, 40.0), (50.0, 60.0), (50.0, 80.0), (0.0, 50.0), (100.0, 50.0))
    seen = Detection((0.0, 0.0, 100.0, 100.0), 0.9, points)
    mesh = np.zeros((N_LANDMARKS, 3), dtype=np.float32)
    for (x, y), landmarks in zip(points, ((33, 133), (362, 263), (1,), (13, 14)), strict=False):
        mesh[list(landmarks), :2] = (x, y)
    box = (5.0, 5.0, 95.0, 95.0)
    assert agrees(mesh, box, seen, params)
    assert not agrees(mesh, (90.0, 0.0, 190.0, 100.0), seen, params), "another place"
    upside_down = mesh.copy()
    upside_down[:, 1] = 110 - upside_down[:, 1]
    assert not agrees(upside_down, box, seen, params), "same place, another shape: a ghost"
