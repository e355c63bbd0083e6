"""The wheel's own models on the public-domain portrait."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from stillface.domain.faces import N_LANDMARKS
from stillface.tracking.boxes import Crop, center, overlap, width
from stillface.tracking.detect import FaceDetector
from stillface.tracking.gaze import iris_offset
from stillface.tracking.head_pose import head_pose
from stillface.tracking.mesh import FaceMesher

Rgb = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    made = FaceDetector(0.5)
    yield made
    made.close()


@pytest.fixture(scope="module")
def mesher() -> Iterator[FaceMesher]:
    made = FaceMesher()
    yield made
    made.close()


def test_the_face_is_found_where_it_is(detector: FaceDetector, portrait: Rgb) -> None:
    (face,) = detector.detect(portrait, (0, 0, 640, 480))
    assert overlap(face.box_px, (180, 120, 460, 405)) > 0.8
    assert face.score > 0.7
    assert abs(face.turn) < 0.2
    assert abs(face.roll_deg) < 8


def test_only_the_area_is_searched(detector: FaceDetector, portrait: Rgb) -> None:
    two = np.concatenate([portrait, portrait], axis=1)
    (right,) = detector.detect(two, (640, 0, 1280, 480))
    assert 640 + 180 < center(right.box_px)[0] < 640 + 460


def test_a_face_of_fifty_pixels_is_found(detector: FaceDetector, portrait: Rgb) -> None:
    picture = np.full((480, 640, 3), 110, dtype=np.uint8)
    small = cv2.resize(portrait, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    picture[200 : 200 + small.shape[0], 300 : 300 + small.shape[1]] = small
    (face,) = detector.detect(picture, (0, 0, 640, 480))
    assert 40 < width(face.box_px) < 60


def test_nothing_is_found_in_plain_colour_or_stripes(detector: FaceDetector) -> None:
    stripes = np.zeros((480, 640, 3), dtype=np.uint8)
    stripes[:, ::7] = 200
    assert detector.detect(stripes, (0, 0, 640, 480)) == []
    assert detector.detect(np.full((480, 640, 3), 90, dtype=np.uint8), (0, 0, 640, 480)) == []


@pytest.mark.parametrize("roll_deg", [0.0, 30.0, -30.0])
def test_mesh_lands_on_the_leaning_face(
    detector: FaceDetector, mesher: FaceMesher, portrait: Rgb, roll_deg: float
) -> None:
    turn = cv2.getRotationMatrix2D((320, 240), -roll_deg, 1.0)
    (level,) = detector.detect(portrait, (0, 0, 640, 480))
    leaning = cv2.warpAffine(portrait, turn, (640, 480))
    crop = Crop.around(level.box_px, 2.5, roll_deg)

    points = mesher.find_afresh(crop.take(leaning), 3)

    assert points is not None
    assert points.shape == (N_LANDMARKS, 3)
    placed = crop.to_picture(points)
    eyes = np.array([(*level.keypoints_px[0], 1.0), (*level.keypoints_px[1], 1.0)]) @ turn.T
    found = np.stack([placed[[33, 133], :2].mean(axis=0), placed[[362, 263], :2].mean(axis=0)])
    assert np.linalg.norm(found - eyes, axis=1).max() < 12
    pose = head_pose(placed[None])
    assert pose.roll_deg[0] == pytest.approx(roll_deg, abs=4)
    assert abs(pose.yaw_deg[0]) < 12
    assert abs(iris_offset(placed[None])[0, 0]) < 0.15


def test_same_pictures_same_numbers(mesher: FaceMesher, detector: FaceDetector, portrait: Rgb) -> None:
    """After forgetting, nothing of earlier pictures is left: bit for bit the same."""
    (face,) = detector.detect(portrait, (0, 0, 640, 480))
    cut = Crop.around(face.box_px, 2.5).take(portrait)
    first = mesher.find_afresh(cut, 3)
    mesher.find(np.ascontiguousarray(cut[:, ::-1]))
    assert first is not None
    assert np.array_equal(first, mesher.find_afresh(cut, 3))


def test_no_face_no_mesh(mesher: FaceMesher) -> None:
    assert mesher.find_afresh(np.zeros((384, 384, 3), dtype=np.uint8), 3) is None
