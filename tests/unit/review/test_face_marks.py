"""Marks of a face: where the tracker says, in the picture's pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import FrameClock
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.review.face_marks import gaze_known, marks_of
from stillface.tracking.head_pose import angles_deg

EYES = {33: (20, 30), 133: (30, 30), 362: (50, 30), 263: (60, 30)}


def track(**parts: Any) -> FaceTrack:
    held = FaceTrack.blank(1)
    held["box_px"][0] = (10, 20, 70, 90)
    held["score"][0] = 0.876
    for point, place in EYES.items():
        held["landmarks_px"][0, point, :2] = place
    held["landmarks_px"][0, 1, :2] = (40, 50)
    for name, value in parts.items():
        held[name][0] = value
    return FaceTrack("infant", "front", FrameClock(np.array([0, S // 25])), source="t@1", **held)


def test_the_box_is_closed_and_the_text_says_how_sure_the_detector_was() -> None:
    marks = marks_of(track(), 0)
    assert marks is not None
    corners = [(10, 20), (70, 20), (70, 90), (10, 90)]
    assert [tuple(line[0]) for line in marks.segments_px["box"]] == corners
    assert [tuple(line[1]) for line in marks.segments_px["box"]] == [*corners[1:], corners[0]]
    assert (marks.text, marks.text_px) == ("infant 0.88", (10.0, 20.0))


def test_a_frame_that_cannot_be_coded_says_why() -> None:
    marks = marks_of(track(status=FaceStatus.TURNED_AWAY), 0)
    assert marks is not None
    assert marks.text == "infant 0.88  turned away"


def test_without_a_face_there_are_no_marks() -> None:
    assert marks_of(track(status=FaceStatus.NO_FACE), 0) is None
    assert marks_of(track(), 1) is None
    assert marks_of(track(), -1) is None


def test_without_a_mesh_there_is_only_the_box() -> None:
    marks = marks_of(track(landmarks_px=0), 0)
    assert marks is not None
    assert set(marks.segments_px) == {"box"}


def test_shut_eyes_have_no_gaze() -> None:
    marks = marks_of(track(), 0, with_gaze=False)
    assert marks is not None
    assert set(marks.segments_px) == {"box", "mesh", "axes"}


def test_irises_of_a_blink_mean_nothing() -> None:
    n = 100
    held = FaceTrack.blank(n)
    points = np.random.default_rng(1).uniform(0, 100, (478, 3)).astype(np.float32)
    points[:, 2] = 0
    for lids in ((159, 145), (158, 153), (160, 144), (386, 374), (385, 380), (387, 373)):
        for lid, side in zip(lids, (-4, 4), strict=True):
            points[lid, :2] = (50 if lids[0] < 200 else 100, 30 + side)
    for corner, x in ((33, 40), (133, 60), (362, 90), (263, 110)):
        points[corner, :2] = (x, 30)
    shut = points.copy()
    for lid in (159, 145, 158, 153, 160, 144, 386, 374, 385, 380, 387, 373):
        shut[lid, 1] = 30
    held["landmarks_px"][:] = points
    held["landmarks_px"][50:54] = shut
    held["box_px"][:] = (0, 0, 100, 100)
    held["status"][90:] = FaceStatus.TURNED_AWAY
    face = FaceTrack("infant", "f", FrameClock(np.arange(n + 1) * (S // 25)), source="t@1", **held)
    known = gaze_known(face)
    assert known[:48].all()
    assert not known[50:54].any()
    assert known[57:90].all()
    assert not known[90:].any()


@pytest.mark.parametrize(("iris", "shift"), [((0.1, 0), (10, 0)), ((0, -0.2), (0, -20)), ((0, 0), (0, 0))])
def test_the_gaze_arrow_goes_where_the_irises_stand(
    iris: tuple[float, float], shift: tuple[float, float]
) -> None:
    marks = marks_of(track(iris_x=iris[0], iris_y=iris[1]), 0)
    assert marks is not None
    start, end = marks.segments_px["gaze"][0]
    assert tuple(start) == (40, 30)
    assert end - start == pytest.approx(np.array(shift), abs=1e-4)


def test_a_head_that_turns_right_points_right() -> None:
    marks = marks_of(track(yaw_deg=90), 0)
    assert marks is not None
    start, end = marks.segments_px["axes"][2]
    assert tuple(start) == (40, 50)
    assert end - start == pytest.approx((27, 0), abs=1e-4)
    marks = marks_of(track(pitch_deg=30), 0)
    assert marks is not None
    assert (marks.segments_px["axes"][2][1] - start)[1] == pytest.approx(-13.5, abs=1e-4)


@given(st.floats(-80, 80), st.floats(-60, 60), st.floats(-80, 80))
def test_the_axes_are_those_of_the_tracker(yaw: float, pitch: float, roll: float) -> None:
    """The drawn axes, made whole by their depth, give the tracker's angles back."""
    marks = marks_of(track(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll), 0)
    assert marks is not None
    lines = marks.segments_px["axes"]
    flat = ((lines[:, 1] - lines[:, 0]) / (0.45 * 60)).astype(np.float64)
    right, down, forward = flat
    # The first two rows of the rotation are what is seen; the third is their cross product.
    rows = np.stack([[right[0], down[0], -forward[0]], [right[1], down[1], -forward[1]]])
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    assert angles_deg(rotation[None])[0] == pytest.approx((yaw, pitch, roll), abs=0.02)
