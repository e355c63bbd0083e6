"""A mesh always finds something; only what a detector confirms is a face."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from stillface.domain.clock import FrameClock
from stillface.domain.faces import N_LANDMARKS, FaceStatus
from stillface.domain.recording import WHOLE
from stillface.tracking.chunk_track import Arrays, ChunkTracker, Stopped
from stillface.tracking.detect import Detection
from stillface.tracking.params import TrackingParams
from stillface.tracking.rigid_head import RIGID, RIGID_POINTS

Rgb = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


class _Film:
    """Frames of noise, whose first pixel tells the frame's number."""

    def __init__(self, n: int) -> None:
        self.clock = FrameClock.constant(n, Fraction(30))
        self.size_px = (640, 480)
        self._rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        for k in range(start, stop):
            yield k, self.frame(k)

    def frame(self, index: int) -> Rgb:
        rgb = self._rgb.copy()
        rgb[0, 0] = index
        return rgb

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        return (0,)

    def __enter__(self) -> _Film:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


class _Mesh:
    """A mesh that finds a frontal face in the middle of any cut, as on hands and backs of heads."""

    def __init__(self) -> None:
        self.points = np.full((N_LANDMARKS, 3), 0.5, dtype=np.float32)
        self.points[RIGID] = RIGID_POINTS / 2.5 + [0.5, 0.45, 0.0]
        self.points[13:15, :2] = (0.5, 0.64)

    def find(self, cut: Rgb) -> npt.NDArray[np.float32] | None:
        return self.points.copy()

    def find_afresh(self, cut: Rgb, times: int) -> npt.NDArray[np.float32] | None:
        return self.find(cut)

    def close(self) -> None:
        return None


class _Detector:
    """Sees one face in the frames it is told of."""

    def __init__(self, frames: set[int], turn: float = 0.0) -> None:
        self.frames = frames
        self.asked: list[int] = []
        self._turn = turn

    def detect(self, rgb: Rgb, area_px: tuple[int, int, int, int]) -> list[Detection]:
        frame = int(rgb[0, 0, 0])
        self.asked.append(frame)
        return [_seen(self._turn)] if frame in self.frames else []

    def close(self) -> None:
        return None


def _seen(turn: float) -> Detection:
    """Give what a detector would say of the frontal face that the mesh finds."""
    nose = (320 + 0.0, 220.0)
    ear = nose[0] - turn * 100
    points = ((295.0, 190.0), (345.0, 190.0), nose, (320.0, 237.0), (ear, 200.0), (ear, 200.0))
    return Detection((270.0, 155.0, 370.0, 255.0), 0.8, points)


def _track(frames: int, detector: _Detector, mesh: _Mesh | None = None, **params: float) -> Arrays:
    tracker = ChunkTracker({"infant": WHOLE}, TrackingParams(**params))
    tracker.detector = detector
    tracker._meshers = {"infant": mesh or _Mesh()}
    return tracker.track(_Film(frames), 0, frames, {"infant": None})["infant"]


def _count(arrays: Arrays, status: int) -> int:
    return int((arrays["status"] == status).sum())


def test_a_face_confirmed_all_along_is_codable_from_its_first_frame_to_its_last() -> None:
    detector = _Detector(set(range(40)))
    arrays = _track(40, detector)
    assert _count(arrays, FaceStatus.CODABLE) == 40
    assert detector.asked == [0, 3, 15, 30, 39], "new: soon again; then now and then; the last frame closes"
    assert arrays["score"].tolist() == pytest.approx([0.8] * 40)


def test_what_was_seen_once_only_is_a_ghost_and_leaves_no_numbers() -> None:
    arrays = _track(40, _Detector({0}))
    assert _count(arrays, FaceStatus.CODABLE) == 0
    assert arrays["status"][:4].tolist() == [FaceStatus.GHOST] * 4
    for name, array in arrays.items():
        if name != "status":
            assert not array.any(), name


def test_when_the_detector_stops_agreeing_nothing_since_its_last_yes_counts() -> None:
    arrays = _track(60, _Detector(set(range(20))))
    assert arrays["status"][:16].tolist() == [FaceStatus.CODABLE] * 16, "confirmed in frame 15"
    assert arrays["status"][16:31].tolist() == [FaceStatus.GHOST] * 15, "denied in frame 30"
    assert arrays["status"][31:].tolist() == [FaceStatus.NO_FACE] * 29


def test_no_detection_no_face() -> None:
    detector = _Detector(set())
    arrays = _track(10, detector)
    assert _count(arrays, FaceStatus.NO_FACE) == 10
    assert detector.asked == [0, 3, 6, 9]


def test_profile_by_the_detector_is_turned_away_whatever_the_mesh_says() -> None:
    arrays = _track(20, _Detector(set(range(20)), turn=0.8))
    assert _count(arrays, FaceStatus.TURNED_AWAY) == 20
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
    assert _count(_track(8, _Detector(set(range(8))), **params), status) == 8


def test_a_mesh_turned_too_far_is_turned_away_and_one_that_no_head_has_is_a_ghost() -> None:
    turned, odd = _Mesh(), _Mesh()
    turn = np.radians(58.0)
    matrix = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    turned.points[RIGID] = (RIGID_POINTS @ matrix.T / 2.5 + [0.5, 0.45, 0.0]).astype(np.float32)
    odd.points[RIGID, 2] += np.random.default_rng(0).normal(0, 0.1, len(RIGID)).astype(np.float32)
    away = _track(8, _Detector(set(range(8))), turned, max_keypoint_gap=0.5)
    ghost = _track(8, _Detector(set(range(8))), odd)
    assert _count(away, FaceStatus.TURNED_AWAY) == 8
    assert _count(ghost, FaceStatus.GHOST) == 8


def test_a_sudden_change_of_size_is_a_ghost_not_a_face_that_grew() -> None:
    class Growing(_Mesh):
        calls = 0

        def find(self, cut: Rgb) -> npt.NDArray[np.float32] | None:
            self.calls += 1
            if self.calls < 5:
                return self.points.copy()
            return ((self.points - [0.5, 0.45, 0.0]) * 1.9 + [0.5, 0.45, 0.0]).astype(np.float32)

    arrays = _track(6, _Detector({0, 3}), Growing())
    assert arrays["status"].tolist()[:4] == [FaceStatus.CODABLE] * 4
    assert arrays["status"].tolist()[4] == FaceStatus.GHOST


def test_two_people_are_never_given_one_face() -> None:
    from stillface.domain.recording import Region

    tracker = ChunkTracker(
        {"infant": Region(0.0, 0.0, 0.7, 1.0), "caregiver": Region(0.3, 0.0, 0.7, 1.0)}, TrackingParams()
    )
    tracker.detector = _Detector(set(range(20)))
    tracker._meshers = {"infant": _Mesh(), "caregiver": _Mesh()}
    tracks = tracker.track(
        _Film(20), 0, 20, {"infant": (270.0, 155.0, 370.0, 255.0), "caregiver": (520.0, 155.0, 620.0, 255.0)}
    )
    assert _count(tracks["infant"], FaceStatus.CODABLE) == 20
    assert _count(tracks["caregiver"], FaceStatus.CODABLE) == 0


def test_a_run_that_is_asked_to_stop_stops_within_a_frame() -> None:
    tracker = ChunkTracker({"infant": WHOLE}, TrackingParams())
    tracker.detector = _Detector(set())
    asked = []

    def stopping() -> bool:
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(Stopped):
        tracker.track(_Film(50), 0, 50, {"infant": None}, stopping)
    assert len(asked) == 4
