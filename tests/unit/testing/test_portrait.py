"""The drawn stand-ins: MediaPipe tracks them, and each scripted state shows in its landmarks."""

from functools import cache

import numpy as np
import pytest

from stillface.errors import FieldError
from stillface.testing import script
from stillface.testing.demo import LOOKS, DemoDyad
from stillface.testing.heads import EXPRESSIONS, N_FACE, build_head
from stillface.testing.portrait import Portrait, Pose

STEP = 12  # every 12th frame: 300 a film


@cache
def tracked(role: str) -> tuple[np.ndarray, np.ndarray]:
    """Give found landmarks (300, 478, 3; NaN where no face) and drawn ones, of every 12th frame."""
    from mediapipe.python.solutions.face_mesh import FaceMesh

    portrait = Portrait(LOOKS[role])
    found, drawn = [], []
    with FaceMesh(static_image_mode=False, refine_landmarks=True, max_num_faces=1) as mesh:
        for frame in range(0, 3600, STEP):
            pose = script.pose_at(role, frame)
            faces = mesh.process(portrait.draw(pose)).multi_face_landmarks
            points = [(p.x, p.y, p.z) for p in faces[0].landmark] if faces else np.full((478, 3), np.nan)
            found.append(np.array(points) * (640, 480, 640))
            drawn.append(portrait.landmarks(pose))
    return np.array(found), np.array(drawn)


@cache
def codes(role: str, scheme: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the code of every 12th frame and whether it is 0.2 s or more away from a border."""
    times = (np.arange(0, 3600, STEP) + 0.5) / 30
    bouts = script.bouts(role, scheme)
    onsets = np.array([b.onset_ns for b in bouts]) / 1e9
    code = np.array([b.code for b in bouts])[np.searchsorted(onsets, times, side="right") - 1]
    return code, np.abs(times[:, None] - onsets[1:]).min(1) > 0.2


def separation(values: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """Give d': the difference of the means in units of the pooled standard deviation."""
    a, b = values[one], values[other]
    return float((a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2))


def features(p: np.ndarray) -> dict[str, np.ndarray]:
    eyes = np.linalg.norm(p[:, 33, :2] - p[:, 263, :2], axis=1)
    lids = [(159, 145, 33, 133), (386, 374, 263, 362)]
    aperture = [
        np.linalg.norm(p[:, u, :2] - p[:, d, :2], axis=1) / np.linalg.norm(p[:, o, :2] - p[:, i, :2], axis=1)
        for u, d, o, i in lids
    ]
    side = p[:, 454] - p[:, 234]
    return {
        "lift": (p[:, 2, 1] - p[:, [61, 291], 1].mean(1)) / eyes,
        "open": (p[:, 14, 1] - p[:, 13, 1]) / eyes,
        "aperture": np.mean(aperture, axis=0),
        "turn": np.abs(np.degrees(np.arctan2(side[:, 2], side[:, 0]))),
    }


@pytest.mark.parametrize("role", script.ROLES)
def test_the_mesh_is_found_in_every_frame_and_lies_on_the_drawn_face(role: str) -> None:
    found, drawn = tracked(role)
    assert np.isfinite(found).all()
    off = np.linalg.norm((found - drawn)[:, :N_FACE, :2], axis=-1)
    assert np.median(off, axis=1).max() < 6.0


@pytest.mark.parametrize("role", script.ROLES)
def test_scripted_states_separate_in_the_found_landmarks(role: str) -> None:
    got = features(tracked(role)[0])
    affect, clear_a = codes(role, "affect3")
    gaze, clear_g = codes(role, "gaze")
    look = clear_a & clear_g & (gaze == "partner")
    assert separation(got["lift"], look & (affect == "pos"), look & (affect == "neu")) > 5
    calm = clear_a & clear_g & (affect != "neg")
    assert separation(got["turn"], calm & (gaze == "away"), calm & (gaze == "partner")) > 5
    if role == "infant":
        assert separation(got["open"], look & (affect == "neg"), look & (affect == "neu")) > 5
        assert separation(got["lift"], look & (affect == "pos"), look & (affect == "neg")) > 5
        # Blinks are in the comparison too: they lower the separation, as in life.
        assert separation(got["aperture"], calm & (gaze == "partner"), calm & (gaze == "closed")) > 3


@pytest.mark.parametrize("role", script.ROLES)
def test_irises_are_found_where_they_are_drawn(role: str) -> None:
    found, drawn = tracked(role)
    expressions = [script.pose_at(role, frame).expression for frame in range(0, 3600, STEP)]
    # In distress and in a blink the eyes are nearly shut and there is no iris to find.
    seen = np.array([e["distress"] + e["eyes_closed"] < 0.1 for e in expressions])
    offsets = []
    for p in (found[seen], drawn[seen]):
        eyes = [
            (p[:, iris, 0] - p[:, [a, b], 0].mean(1)) / np.abs(p[:, a, 0] - p[:, b, 0])
            for iris, a, b in ((468, 33, 133), (473, 362, 263))
        ]
        offsets.append(np.mean(eyes, axis=0))
    assert np.corrcoef(offsets)[0, 1] > 0.8
    gaze, clear = (values[seen] for values in codes(role, "gaze"))
    away, partner = clear & (gaze == "away"), clear & (gaze == "partner")
    assert separation(np.abs(offsets[0]), away, partner) > 2.5


def test_the_same_pose_gives_the_same_picture_in_any_order() -> None:
    poses = [script.pose_at("infant", frame) for frame in (0, 700, 1700)]
    forward = [Portrait(LOOKS["infant"]).draw(pose) for pose in poses]
    portrait = Portrait(LOOKS["infant"])
    backward = [portrait.draw(pose) for pose in reversed(poses)][::-1]
    for one, other in zip(forward, backward, strict=True):
        assert one.shape == (480, 640, 3)
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)


def test_rendering_begins_anywhere() -> None:
    dyad = DemoDyad()
    from_start = list(dyad.render("caregiver", 100, 103))
    np.testing.assert_array_equal(from_start[2], next(dyad.render("caregiver", 102)))


def test_the_two_stand_ins_look_different() -> None:
    frames = [Portrait(LOOKS[role]).draw(Pose({})).astype(float) for role in script.ROLES]
    assert np.abs(frames[0] - frames[1]).mean() > 15


@pytest.mark.parametrize("role", script.ROLES)
def test_expressions_move_what_they_name(role: str) -> None:
    head = build_head(LOOKS[role].proportions)
    assert set(head.shapes) == set(EXPRESSIONS)
    smile, distress, shut = (head.shapes[k] for k in ("smile", "distress", "eyes_closed"))
    assert smile[61, 1] < -8 < 4 < distress[61, 1]
    assert distress[14, 1] - distress[13, 1] > 20
    lids = head.vertices + shut
    np.testing.assert_allclose(lids[159], lids[145], atol=1e-9)


def test_an_unknown_expression_is_refused() -> None:
    with pytest.raises(FieldError, match="smirk"):
        Portrait(LOOKS["infant"]).landmarks(Pose({"smirk": 1.0}))


def test_a_turn_moves_the_nose_as_the_signs_say() -> None:
    portrait = Portrait(LOOKS["infant"])
    rest, right, up, clockwise = (
        portrait.landmarks(pose)
        for pose in (Pose({}), Pose({}, yaw_deg=10), Pose({}, pitch_deg=10), Pose({}, roll_deg=10))
    )
    assert right[1, 0] > rest[1, 0] + 10
    assert up[1, 1] < rest[1, 1] - 10
    assert clockwise[10, 0] > rest[10, 0] + 10


def test_the_stored_mesh_is_what_its_builder_makes() -> None:
    from fixtures.face_mesh import measure
    from stillface.testing.heads import _common_mesh

    vertices, triangles = measure()
    stored_vertices, stored_triangles = _common_mesh()
    np.testing.assert_array_equal(triangles, stored_triangles)
    # Other processors round the network's arithmetic differently.
    np.testing.assert_allclose(vertices, stored_vertices, atol=0.5)
    mirrored = stored_vertices * (-1, 1, 1)
    nearest = np.linalg.norm(stored_vertices[:, None] - mirrored, axis=-1).min(1)
    assert nearest.max() < 0.02
