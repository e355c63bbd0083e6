"""Known turns of a head are read back, with the signs that FaceTrack promises."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.faces import N_LANDMARKS
from stillface.tracking.head_pose import head_pose
from stillface.tracking.rigid_head import MIDDLE, PAIRS, RIGID, RIGID_POINTS

Float32 = npt.NDArray[np.float32]


def _turned(yaw_deg: float, pitch_deg: float, roll_deg: float, scale: float = 150.0) -> Float32:
    """Give landmarks of the rigid head, turned; x right, y down, z away from the camera."""
    y, p, r = np.radians([yaw_deg, pitch_deg, roll_deg])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    landmarks = np.zeros((1, N_LANDMARKS, 3), dtype=np.float32)
    landmarks[0, RIGID] = scale * RIGID_POINTS @ (about_y @ about_x @ about_z).T + [320, 240, 0]
    return landmarks


@given(st.floats(-80, 80), st.floats(-60, 60), st.floats(-170, 170), st.floats(20, 900))
def test_any_turn_is_read_back(yaw: float, pitch: float, roll: float, scale: float) -> None:
    pose = head_pose(_turned(yaw, pitch, roll, scale))
    assert [pose.yaw_deg[0], pose.pitch_deg[0], pose.roll_deg[0]] == pytest.approx(
        [yaw, pitch, roll], abs=0.05
    )
    assert pose.misfit[0] < 1e-4


def test_signs_seen_on_the_nose_and_the_eyes() -> None:
    """Nose to the picture's right: yaw > 0; nose up: pitch > 0; the right-hand eye lower: roll > 0."""
    nose, between, left_eye, right_eye = 1, 168, 33, 263
    turned = _turned(20, 0, 0)[0]
    assert turned[nose, 0] > turned[between, 0]
    raised, level = _turned(0, 20, 0)[0], _turned(0, 0, 0)[0]
    assert raised[nose, 1] - raised[between, 1] < level[nose, 1] - level[between, 1]
    leaning = _turned(0, 0, 20)[0]
    assert leaning[right_eye, 1] > leaning[left_eye, 1]
    assert leaning[right_eye, 0] > leaning[left_eye, 0]


def test_no_mesh_gives_zeros_and_no_warning() -> None:
    landmarks = np.concatenate([np.zeros((1, N_LANDMARKS, 3), np.float32), _turned(10, 0, 0)])
    pose = head_pose(landmarks)
    assert pose.yaw_deg.tolist() == pytest.approx([0, 10], abs=0.05)
    assert pose.misfit[0] == 0
    assert head_pose(landmarks[:0]).yaw_deg.shape == (0,)


def test_a_shape_that_is_no_head_has_a_large_misfit() -> None:
    landmarks = _turned(0, 0, 0)
    landmarks += np.random.default_rng(1).normal(0, 30, landmarks.shape).astype(np.float32)
    assert head_pose(landmarks).misfit[0] > 0.1


def test_the_rigid_head_is_symmetric_one_face_wide_and_uses_every_landmark_once() -> None:
    n = len(PAIRS)
    assert np.array_equal(RIGID_POINTS[:n] * [-1, 1, 1], RIGID_POINTS[n : 2 * n])
    assert np.all(RIGID_POINTS[2 * n :, 0] == 0)
    assert len(set(RIGID.tolist())) == len(RIGID) == 2 * n + len(MIDDLE) >= 60
    ears = [RIGID.tolist().index(point) for point in (234, 454)]
    assert np.linalg.norm(np.diff(RIGID_POINTS[ears], axis=0)) == pytest.approx(1, abs=1e-3)
