"""Head turn of faces in profile, by the detector alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from told_faces import FrontalMesh, Rgb, ToldDetector, follow

from stillface.domain.faces import FaceStatus

ALL = set(range(40))


class NoMesh(FrontalMesh):
    """A mesh that cannot be laid on the face, as in profile."""

    def find(self, cut: Rgb) -> npt.NDArray[np.float32] | None:
        return None


@pytest.mark.parametrize("turn", [-0.6, 0.6])
def test_a_profile_is_read_in_every_frame_without_a_mesh(turn: float) -> None:
    detector = ToldDetector(ALL, turn)
    arrays = follow(40, detector, NoMesh())
    assert (arrays["status"] == FaceStatus.TURNED_AWAY).all()
    assert arrays["turn_known"].all()
    assert arrays["turn"].tolist() == pytest.approx([turn] * 40)
    assert arrays["score"].all(), "the face is held between two looks that confirm each other"
    assert arrays["box_px"].any(axis=1).all()
    assert len(detector.asked) == 40 // 3 + 1


def test_the_full_range_model_s_nearly_frontal_reading_of_a_profile_is_not_taken() -> None:
    arrays = follow(40, ToldDetector(ALL, -0.25, (-0.6, -0.64)), NoMesh())
    assert arrays["turn"].tolist() == pytest.approx([-0.62] * 40)


@pytest.mark.parametrize(
    "detector",
    [
        ToldDetector(ALL, -0.4, (0.0, -0.5)),
        ToldDetector(ALL, -0.4, (-0.4, -0.4), score=0.55),
        ToldDetector({9}, 0.6),
        ToldDetector({3, 9, 15, 33}, 0.6),
    ],
    ids=["hands before the face", "a poor score", "seen once", "never seen twice running"],
)
def test_what_is_not_confirmed_is_not_known(detector: ToldDetector) -> None:
    arrays = follow(40, detector, NoMesh())
    assert not arrays["turn_known"].any()
    assert not arrays["turn"].any()


def test_a_turn_ends_where_the_face_is_no_longer_seen() -> None:
    arrays = follow(40, ToldDetector(set(range(6, 20)), 0.6), NoMesh())
    assert np.flatnonzero(arrays["turn_known"]).tolist() == list(range(6, 19)), "looks in 6, 9, ... 18"


def test_a_face_that_jumps_to_another_place_is_not_the_same_face() -> None:
    class Jumping(ToldDetector):
        def detect(self, rgb: Rgb, area_px: tuple[int, int, int, int]):  # type: ignore[no-untyped-def]
            frame = int(rgb[0, 0, 0])
            self.shift = 200.0 * (frame // 3 % 2)
            return [self.moved(face) for face in super().detect(rgb, area_px)]

        def look_close(self, rgb: Rgb, crop):  # type: ignore[no-untyped-def]
            return [self.moved(face) for face in super().look_close(rgb, crop)]

        def moved(self, face):  # type: ignore[no-untyped-def]
            left, top, right, bottom = face.box_px
            return type(face)(
                (left + self.shift, top, right + self.shift, bottom), face.score, face.keypoints_px
            )

    assert not follow(40, Jumping(ALL, 0.6), NoMesh(), detect_every=40)["turn_known"][:39].any()


def test_between_two_looks_the_turn_goes_from_one_reading_to_the_other() -> None:
    class Turning(ToldDetector):
        def look_close(self, rgb: Rgb, crop):  # type: ignore[no-untyped-def]
            self._close = (0.01 * int(rgb[0, 0, 0]),) * 2
            return super().look_close(rgb, crop)

    arrays = follow(40, Turning(ALL, 0.3), NoMesh())
    assert arrays["turn"].tolist() == pytest.approx((0.01 * np.arange(40)).tolist(), abs=1e-6)


def test_a_frontal_face_costs_no_further_look() -> None:
    detector = ToldDetector(ALL, 0.1)
    arrays = follow(40, detector)
    assert detector.asked_close == 0
    assert len(detector.asked) == 5
    assert arrays["turn_known"].all()
    assert arrays["turn"].tolist() == pytest.approx([0.1] * 40)


def test_a_head_about_to_leave_the_mesh_is_looked_at_often() -> None:
    detector = ToldDetector(ALL, 0.5)
    follow(40, detector)
    assert np.diff(detector.asked).max() == 3


def test_a_ghost_has_no_turn() -> None:
    arrays = follow(40, ToldDetector({0}))
    assert arrays["status"][:4].tolist() == [FaceStatus.GHOST] * 4
    assert not arrays["turn_known"].any()
