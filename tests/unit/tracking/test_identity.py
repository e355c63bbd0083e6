"""Who is who: nobody gets another person's face, and a passer-by gets nobody's name."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.domain.recording import Region
from stillface.errors import FieldError
from stillface.tracking.detect import Detection
from stillface.tracking.identity import (
    affinity,
    assign,
    cluster_faces,
    faces_inside,
    inside,
    refuse_shared_regions,
)


def _face(x: float, y: float = 100.0, width: float = 80.0, score: float = 0.9) -> Detection:
    return Detection((x, y, x + width, y + width), score, ())


def test_one_face_between_two_people_goes_to_the_one_it_continues() -> None:
    face = _face(300)
    given = assign(
        {"infant": [face], "caregiver": [face]},
        {"infant": (100, 100, 180, 180), "caregiver": (310, 100, 390, 180)},
    )
    assert given == {"infant": None, "caregiver": face}


def test_of_two_faces_in_a_region_the_usual_one_is_taken_not_the_surer_one() -> None:
    visitor, usual = _face(400, score=0.99), _face(110, score=0.7)
    assert assign({"infant": [visitor, usual]}, {"infant": (100, 100, 180, 180)}) == {"infant": usual}


def test_with_nothing_expected_the_surer_face_is_taken() -> None:
    sure, unsure = _face(400, score=0.95), _face(100, score=0.6)
    assert assign({"infant": [sure, unsure]}, {"infant": None}) == {"infant": sure}


def test_a_face_that_is_followed_already_is_not_given_away() -> None:
    face = _face(300)
    assert assign({"infant": [face]}, {"infant": None}, taken=[(305, 105, 380, 180)]) == {"infant": None}


def test_two_people_two_faces_are_not_swapped_by_score() -> None:
    left, right = _face(100, score=0.6), _face(300, score=0.99)
    expected = {"infant": (100.0, 100.0, 180.0, 180.0), "caregiver": (300.0, 100.0, 380.0, 180.0)}
    given = assign({"infant": [right, left], "caregiver": [right, left]}, expected)
    assert given == {"infant": left, "caregiver": right}


def test_affinity_falls_with_distance_and_with_size() -> None:
    here = (100.0, 100.0, 180.0, 180.0)
    assert affinity(here, here) == 1
    assert affinity((110, 100, 190, 180), here) > affinity((160, 100, 240, 180), here)
    assert affinity((100, 100, 260, 260), here) < 0.6
    assert affinity((900, 100, 980, 180), here) == 0
    assert affinity(here, None) == 0


def test_a_face_counts_as_inside_with_a_third_of_its_width_to_spare() -> None:
    area = (0, 0, 320, 480)
    assert inside((260, 100, 340, 180), area)
    assert inside((300, 100, 380, 180), area)
    assert not inside((320, 100, 400, 180), area)


def test_a_face_on_the_border_of_a_region_is_seen_whole() -> None:
    """The detector gets the region and a margin, within the picture; the middle decides whose it is."""
    asked = []

    class Detector:
        def detect(self, rgb: object, area_px: tuple[int, int, int, int]) -> list[Detection]:
            asked.append(area_px)
            return [_face(290), _face(400)]

    picture = np.zeros((480, 640, 3), dtype=np.uint8)
    found = faces_inside(Detector(), picture, (0, 0, 320, 480))
    assert asked == [(0, 0, 368, 480)]
    assert found == [_face(290)]


def test_faces_of_several_frames_become_people() -> None:
    frames = [[_face(100 + k), _face(300 - k)] for k in range(10)] + [[_face(600)]] + [[]]
    people = cluster_faces(frames)
    assert [person.frames for person in people] == [10, 10, 1]
    assert people[0].spread_px == (100, 100, 189, 180)


def test_two_people_in_one_and_the_same_region_are_refused() -> None:
    region = Region(0.0, 0.0, 0.5, 1.0)
    refuse_shared_regions({"infant": region, "caregiver": Region(0.4, 0.0, 0.6, 1.0)})
    with pytest.raises(FieldError, match="infant and caregiver have the same region"):
        refuse_shared_regions({"infant": region, "caregiver": Region(0.0, 0.0, 0.5, 1.0)})
