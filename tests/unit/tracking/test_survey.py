"""The first look at a film: proposed regions, the usual face, and a digest of what is in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from tracking_films import PictureFilm

from stillface.domain.recording import WHOLE, Region
from stillface.tracking.detect import FaceDetector
from stillface.tracking.survey import sample_frames, suggest_regions, survey

Rgb = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    made = FaceDetector(0.5)
    yield made
    made.close()


def test_two_people_get_a_half_each_from_left_to_right(dyad_frames: Rgb) -> None:
    left, right = suggest_regions(PictureFilm(dyad_frames))
    assert left.region.x == 0
    assert left.region.width == pytest.approx(0.5, abs=0.06)
    assert right.region.x == left.region.width
    assert right.region.x + right.region.width == pytest.approx(1)
    assert (left.frames_seen, left.frames_sampled) == (24, 24)
    assert 18 <= right.frames_seen <= 22, "away for an eighth of the film"
    assert left.confidence > right.confidence > 0.4


def test_one_above_the_other_is_parted_across(dyad_frames: Rgb) -> None:
    stacked = np.concatenate([dyad_frames[:30, :, :320], dyad_frames[:30, :, 320:]], axis=1)
    upper, lower = sorted(
        (guess.region for guess in suggest_regions(PictureFilm(stacked))), key=lambda r: r.y
    )
    assert (upper.y, upper.width, lower.width) == (0, 1, 1)
    assert lower.y == upper.height == pytest.approx(0.5, abs=0.06)


def test_one_person_gets_the_whole_picture_and_nobody_nothing(dyad_frames: Rgb) -> None:
    (one,) = suggest_regions(PictureFilm(dyad_frames[:20, :, :320]))
    assert one.region == WHOLE
    assert suggest_regions(PictureFilm(np.full((5, 320, 320, 3), 90, dtype=np.uint8))) == []


def test_survey_finds_each_persons_usual_face(dyad_frames: Rgb, detector: FaceDetector) -> None:
    regions = {
        "infant": Region(0, 0, 0.5, 1),
        "caregiver": Region(0.5, 0, 0.5, 1),
        "nobody": Region(0, 0, 0.1, 0.1),
    }
    seen = survey(PictureFilm(dyad_frames), regions, detector)
    infant, caregiver = seen.usual_px["infant"], seen.usual_px["caregiver"]
    assert infant is not None
    assert caregiver is not None
    assert infant[2] < 320 < caregiver[0]
    assert seen.usual_px["nobody"] is None


def test_the_digest_tells_films_apart_and_knows_one_again(dyad_frames: Rgb, detector: FaceDetector) -> None:
    regions = {"infant": Region(0, 0, 0.5, 1)}
    first = survey(PictureFilm(dyad_frames), regions, detector).digest
    assert survey(PictureFilm(dyad_frames), regions, detector).digest == first
    assert survey(PictureFilm(dyad_frames[::-1]), regions, detector).digest != first


def test_samples_are_spread_evenly_and_take_cheap_frames_where_near() -> None:
    film = PictureFilm(np.zeros((480, 2, 2, 3), dtype=np.uint8))
    frames = sample_frames(film)
    assert len(frames) == 24
    assert all(frame % 10 == 0 for frame in frames)
    assert max(np.diff(frames)) <= 30
    assert sample_frames(PictureFilm(np.zeros((1, 2, 2, 3), dtype=np.uint8))) == [0]
