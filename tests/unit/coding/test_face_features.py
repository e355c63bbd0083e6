"""Each feature moves with its cause and with nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.coding.features import FaceFeatures, face_features
from stillface.domain.faces import FaceStatus

from .conftest import MakeFace


def change(make_face: MakeFace, expression: str) -> dict[str, float]:
    """Give by how much each feature changes at full strength of one expression."""
    posed = make_face(2, expressions={expression: np.array([0.0, 1.0])}, noise_px=0)
    features = face_features(posed)
    return {name: float(np.diff(getattr(features, name))[0]) for name in FaceFeatures.names()}


def test_a_smile_lifts_and_widens(make_face: MakeFace) -> None:
    moved = change(make_face, "smile")
    assert moved["lift"] > 0.05
    assert moved["mouth_width"] > 0.05
    assert abs(moved["brow_height"]) < 0.005
    assert abs(moved["brow_gap"]) < 0.005


def test_distress_opens_the_mouth_and_lowers_corners_lids_and_brows(make_face: MakeFace) -> None:
    moved = change(make_face, "distress")
    assert moved["lift"] < -0.03
    assert moved["mouth_open"] > 0.1
    assert moved["eye_aperture"] < -0.1
    assert moved["brow_gap"] < -0.02
    assert moved["brow_height"] < -0.02


@pytest.mark.parametrize(
    ("expression", "moves"),
    [("eyes_closed", {"eye_aperture"}), ("brow_raise", {"brow_height"}), ("mouth_open", {"mouth_open"})],
)
def test_one_movement_moves_one_feature(make_face: MakeFace, expression: str, moves: set[str]) -> None:
    moved = change(make_face, expression)
    assert {name for name, by in moved.items() if abs(by) > 0.03} == moves


@settings(max_examples=30, deadline=None)
@given(
    yaw=st.floats(-45, 45),
    pitch=st.floats(-30, 30),
    roll=st.floats(-60, 60),
    size=st.floats(0.2, 3),
    x=st.floats(-500, 2000),
)
def test_neither_pose_nor_size_nor_place_moves_a_feature(
    make_face: MakeFace, yaw: float, pitch: float, roll: float, size: float, x: float
) -> None:
    plain = face_features(make_face(1, noise_px=0))
    posed = face_features(
        make_face(1, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll, size=size, at_px=(x, 100.0), noise_px=0)
    )
    for name in FaceFeatures.names():
        assert getattr(posed, name)[0] == pytest.approx(getattr(plain, name)[0], abs=2e-4)


def test_what_is_not_codable_has_no_features(make_face: MakeFace) -> None:
    status = np.array([FaceStatus.CODABLE, FaceStatus.NO_FACE, FaceStatus.GHOST])
    features = face_features(make_face(3, status=status))
    for name in FaceFeatures.names():
        assert np.isfinite(getattr(features, name)).tolist() == [True, False, False]


def test_a_mesh_without_size_counts_as_not_seen(make_face: MakeFace) -> None:
    features = face_features(make_face(2, size=0.0, noise_px=0))
    assert not np.isfinite(features.lift).any()
