"""Known turns and glances of the animated stand-ins are read back: plumbing, not accuracy on people."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from stillface.testing.demo import LOOKS
from stillface.testing.portrait import Portrait, Pose
from stillface.tracking.boxes import Crop
from stillface.tracking.detect import FaceDetector
from stillface.tracking.gaze import iris_offset
from stillface.tracking.head_pose import head_pose
from stillface.tracking.mesh import FaceMesher


@cache
def _tools(role: str) -> tuple[Portrait, FaceDetector, FaceMesher]:
    return Portrait(LOOKS[role]), FaceDetector(0.5), FaceMesher()


def _mesh(role: str, **pose: float) -> npt.NDArray[np.float32]:
    portrait, detector, mesher = _tools(role)
    rgb = portrait.draw(Pose(expression={}, **pose))
    face = detector.detect(rgb, (0, 0, rgb.shape[1], rgb.shape[0]))[0]
    crop = Crop.around(face.box_px, 2.5)
    points = mesher.find_afresh(crop.take(rgb), 3)
    assert points is not None
    return crop.to_picture(points)[None]


@pytest.mark.parametrize("role", sorted(LOOKS))
@pytest.mark.parametrize(
    ("axis", "turn_deg"),
    [("yaw", -20), ("yaw", 20), ("pitch", -12), ("pitch", 12), ("roll", -18), ("roll", 18)],
)
def test_a_known_turn_is_read_within_five_degrees(role: str, axis: str, turn_deg: float) -> None:
    pose = head_pose(_mesh(role, **{f"{axis}_deg": float(turn_deg)}))
    assert float(getattr(pose, f"{axis}_deg")[0]) == pytest.approx(turn_deg, abs=5)
    assert pose.misfit[0] < 0.05


@pytest.mark.parametrize("role", sorted(LOOKS))
def test_eyes_that_move_right_in_the_picture_give_a_larger_iris_x(role: str) -> None:
    left, middle, right = (iris_offset(_mesh(role, gaze_x=x))[0, 0] for x in (-0.8, 0.0, 0.8))
    assert left < middle - 0.03
    assert right > middle + 0.03
