"""The tracker on the real recordings: faces found where people are, and no ghost coded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import ClockMap
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.recording import WHOLE, Region
from stillface.tracking.boxes import overlap
from stillface.tracking.detect import FaceDetector
from stillface.tracking.mediapipe_mesh import MediapipeMesh
from stillface.tracking.params import TrackingParams
from stillface.tracking.survey import suggest_regions
from stillface.video.source import VideoOpener

pytestmark = pytest.mark.real

LEFT, RIGHT = Region(0.0, 0.0, 0.5, 1.0), Region(0.5, 0.0, 0.5, 1.0)
# Right eye, left eye, nose, mouth: the detector's keypoints on the mesh.
KEYPOINTS = ((33, 133), (362, 263), (1,), (13, 14))


def _track(
    film: Path,
    regions: dict[str, Region],
    scratch: Path,
    workers: int = 2,
    params: TrackingParams | None = None,
) -> dict[str, FaceTrack]:
    return MediapipeMesh(params).track(
        VideoOpener((film,)),
        regions,
        recording_id="film",
        clock_map=ClockMap(),
        workers=workers,
        scratch=scratch,
    )


def _gaps(film: Path, track: FaceTrack, area: Region, every: int) -> list[float]:
    """Give, in face widths, how far mesh and detector are apart in codable frames; unseen counts as 1."""
    detector = FaceDetector(0.3)
    gaps = []
    with VideoOpener((film,))() as source:
        for frame, rgb in source.frames(0, track.clock.n_frames):
            if not track.codable[frame] or frame % every:
                continue
            box = tuple(track.box_px[frame].tolist())
            seen = [
                f for f in detector.detect(rgb, area.pixels(*source.size_px)) if overlap(f.box_px, box) > 0.3
            ]
            if not seen:
                gaps.append(1.0)
                continue
            mesh = track.landmarks_px[frame, :, :2]
            points = np.array([mesh[list(k)].mean(axis=0) for k in KEYPOINTS])
            apart = np.linalg.norm(points - np.array(seen[0].keypoints_px[:4]), axis=1).mean()
            gaps.append(float(apart / (seen[0].box_px[2] - seen[0].box_px[0])))
    detector.close()
    return gaps


@pytest.mark.parametrize(("film", "least"), [("single_face.mp4", 1.0), ("WolfgangLanger_Pexels.mp4", 0.98)])
def test_one_adult_facing_the_camera_is_covered(
    shared_data: Path, tmp_path: Path, film: str, least: float
) -> None:
    track = _track(shared_data / "video" / film, {"caregiver": WHOLE}, tmp_path)["caregiver"]
    assert track.coverage >= least
    assert np.abs(track.yaw_deg).max() < 35
    gaps = _gaps(shared_data / "video" / film, track, WHOLE, 10)
    assert max(gaps) < 0.1


def test_nobody_in_the_film_nothing_codable(shared_data: Path, tmp_path: Path) -> None:
    film = shared_data / "video" / "no_face.mp4"
    track = _track(film, {"infant": WHOLE}, tmp_path)["infant"]
    assert not track.codable.any()
    assert not track.landmarks_px.any()
    with VideoOpener((film,))() as source:
        assert suggest_regions(source) == []


def test_father_and_daughter_are_kept_apart(shared_data: Path, tmp_path: Path) -> None:
    film = shared_data / "video" / "father_daughter.mp4"
    tracks = _track(film, {"infant": LEFT, "caregiver": RIGHT}, tmp_path)
    infant, caregiver = tracks["infant"], tracks["caregiver"]
    assert infant.coverage > 0.95
    assert caregiver.coverage > 0.6, "he turns to his daughter: profile is not codable"
    both = infant.codable & caregiver.codable
    assert np.all(infant.box_px[both, 2] < caregiver.box_px[both, 2] - 50)
    assert np.median(caregiver.yaw_deg[both]) < np.median(infant.yaw_deg[both]) < 0, (
        "he is turned further left"
    )
    for role, region in (("infant", LEFT), ("caregiver", RIGHT)):
        assert np.quantile(_gaps(film, tracks[role], region, 5), 0.95) < 0.16, role


def test_two_people_side_by_side_are_proposed_and_tracked(shared_data: Path, tmp_path: Path) -> None:
    film = shared_data / "video" / "intel_two_people.gif"
    with VideoOpener((film,))() as source:
        left, right = suggest_regions(source)
    assert left.region.x == 0
    assert left.region.width == right.region.x
    assert min(left.frames_seen, right.frames_seen) >= 20
    tracks = _track(film, {"infant": left.region, "caregiver": right.region}, tmp_path)
    assert tracks["infant"].coverage > 0.95
    assert tracks["caregiver"].coverage > 0.95


@pytest.mark.parametrize(
    ("film", "border", "least"),
    [
        ("babyjokes_2UWdXP.joke1.rep2.take1.Peekaboo_h265.mp4", 0.5, (0.0, 0.05)),
        ("babyjokes_2UWdXP.joke4.rep1.take1.TearingPaper_h265.mp4", 0.65, (0.08, 0.0)),
        ("babyjokes_6c6MZQ.joke2.rep1.take1.NomNomNom_h265.mp4", 0.5, (0.1, 0.05)),
    ],
)
def test_profile_faces_are_said_to_be_turned_away_and_no_ghost_is_coded(
    shared_data: Path, tmp_path: Path, film: str, border: float, least: tuple[float, float]
) -> None:
    """Parent and infant face each other before one side camera: low coverage is the honest answer."""
    path = shared_data / "video" / film
    left, right = Region(0.0, 0.0, border, 1.0), Region(border, 0.0, 1 - border, 1.0)
    tracks = _track(path, {"left": left, "right": right}, tmp_path)
    assert (tracks["left"].status == FaceStatus.TURNED_AWAY).mean() > 0.3
    for (role, track), floor, region in zip(tracks.items(), least, (left, right), strict=True):
        assert floor <= track.coverage < 0.6, role
        gaps = _gaps(path, track, region, 1)
        assert sum(gap > 0.2 for gap in gaps) <= 0.01 * track.clock.n_frames, role
        assert np.abs(track.yaw_deg[track.codable]).max(initial=0) <= 50


@pytest.mark.parametrize(
    "name", ["WolfgangLanger_Pexels.mp4", "babyjokes_6c6MZQ.joke2.rep1.take1.NomNomNom_h265.mp4"]
)
def test_a_real_film_gives_the_same_for_one_and_two_workers(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    film, params = shared_data / "video" / name, TrackingParams(chunk_frames=20)
    one = _track(film, {"caregiver": LEFT}, tmp_path / "one", 1, params)["caregiver"]
    two = _track(film, {"caregiver": LEFT}, tmp_path / "two", 2, params)["caregiver"]
    assert len(list((tmp_path / "one").iterdir())) > 1, "several chunks"
    for name in FaceTrack.array_names():
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
