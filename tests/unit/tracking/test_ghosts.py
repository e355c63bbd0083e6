"""A mesh always finds something; only what a detector confirms is a face."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from told_faces import BlankFilm, FrontalMesh, Rgb, ToldDetector, count_status, follow

from stillface.domain.faces import FaceStatus
from stillface.domain.recording import WHOLE
from stillface.tracking.chunk_track import ChunkTracker, Stopped
from stillface.tracking.params import TrackingParams
from stillface.tracking.rigid_head import RIGID, RIGID_POINTS


def test_a_face_confirmed_all_along_is_codable_from_its_first_frame_to_its_last() -> None:
    detector = ToldDetector(set(range(40)))
    arrays = follow(40, detector)
    assert count_status(arrays, FaceStatus.CODABLE) == 40
    assert detector.asked == [0, 3, 15, 30, 39], "new: soon again; then now and then; the last frame closes"
    assert arrays["score"].tolist() == pytest.approx([0.8] * 40)


def test_what_was_seen_once_only_is_a_ghost_and_leaves_no_numbers() -> None:
    arrays = follow(40, ToldDetector({0}))
    assert count_status(arrays, FaceStatus.CODABLE) == 0
    assert arrays["status"][:4].tolist() == [FaceStatus.GHOST] * 4
    for name, array in arrays.items():
        if name != "status":
            assert not array.any(), name


def test_when_the_detector_stops_agreeing_nothing_since_its_last_yes_counts() -> None:
    arrays = follow(60, ToldDetector(set(range(20))))
    assert arrays["status"][:16].tolist() == [FaceStatus.CODABLE] * 16, "confirmed in frame 15"
    assert arrays["status"][16:31].tolist() == [FaceStatus.GHOST] * 15, "denied in frame 30"
    assert arrays["status"][31:].tolist() == [FaceStatus.NO_FACE] * 29


def test_no_detection_no_face() -> None:
    detector = ToldDetector(set())
    arrays = follow(10, detector)
    assert count_status(arrays, FaceStatus.NO_FACE) == 10
    assert detector.asked == [0, 3, 6, 9]


def test_profile_by_the_detector_is_turned_away_whatever_the_mesh_says() -> None:
    arrays = follow(20, ToldDetector(set(range(20)), turn=0.8))
    assert count_status(arrays, FaceStatus.TURNED_AWAY) == 20
    assert arrays["landmarks_px"].any(), "it is a face, with a mesh: only not codable"


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"min_face_px": 400.0}, FaceStatus.TOO_SMALL),
        ({"min_sharpness": 1e9}, FaceStatus.BLURRED),
        ({"min_sharpness": 1e9, "min_face_px": 400.0}, FaceStatus.TOO_SMALL),
    ],
)
def test_reasons_and_their_order(params: dict[str, float], status: int) -> None:
    assert count_status(follow(8, ToldDetector(set(range(8))), **params), status) == 8


def test_a_mesh_turned_too_far_is_turned_away_and_one_that_no_head_has_is_a_ghost() -> None:
    turned, odd = FrontalMesh(), FrontalMesh()
    turn = np.radians(58.0)
    matrix = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    turned.points[RIGID] = (RIGID_POINTS @ matrix.T / 2.5 + [0.5, 0.45, 0.0]).astype(np.float32)
    odd.points[RIGID, 2] += np.random.default_rng(0).normal(0, 0.1, len(RIGID)).astype(np.float32)
    away = follow(8, ToldDetector(set(range(8))), turned, max_keypoint_gap=0.5)
    ghost = follow(8, ToldDetector(set(range(8))), odd)
    assert count_status(away, FaceStatus.TURNED_AWAY) == 8
    assert count_status(ghost, FaceStatus.GHOST) == 8


def test_a_sudden_change_of_size_is_a_ghost_not_a_face_that_grew() -> None:
    class Growing(FrontalMesh):
        calls = 0

        def find(self, cut: Rgb) -> npt.NDArray[np.float32] | None:
            self.calls += 1
            if self.calls < 5:
                return self.points.copy()
            return ((self.points - [0.5, 0.45, 0.0]) * 1.9 + [0.5, 0.45, 0.0]).astype(np.float32)

    arrays = follow(6, ToldDetector({0, 3}), Growing())
    assert arrays["status"].tolist()[:4] == [FaceStatus.CODABLE] * 4
    assert arrays["status"].tolist()[4] == FaceStatus.GHOST


def test_two_people_are_never_given_one_face() -> None:
    from stillface.domain.recording import Region

    tracker = ChunkTracker(
        {"infant": Region(0.0, 0.0, 0.7, 1.0), "caregiver": Region(0.3, 0.0, 0.7, 1.0)}, TrackingParams()
    )
    tracker.detector = ToldDetector(set(range(20)))
    tracker._meshers = {"infant": FrontalMesh(), "caregiver": FrontalMesh()}
    tracks = tracker.track(
        BlankFilm(20),
        0,
        20,
        {"infant": (270.0, 155.0, 370.0, 255.0), "caregiver": (520.0, 155.0, 620.0, 255.0)},
    )
    assert count_status(tracks["infant"], FaceStatus.CODABLE) == 20
    assert count_status(tracks["caregiver"], FaceStatus.CODABLE) == 0


def test_a_run_that_is_asked_to_stop_stops_within_a_frame() -> None:
    tracker = ChunkTracker({"infant": WHOLE}, TrackingParams())
    tracker.detector = ToldDetector(set())
    asked = []

    def stopping() -> bool:
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(Stopped):
        tracker.track(BlankFilm(50), 0, 50, {"infant": None}, stopping)
    assert len(asked) == 4
