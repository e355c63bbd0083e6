"""Boxes overlap as areas say; what is found in a cut lands where it was in the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.tracking.boxes import Crop, overlap


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert overlap((0, 0, 10, 10), (20, 20, 30, 30)) == 0


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, -75.0])
@pytest.mark.parametrize("side_px", [150.0, 420.0, 1000.0])
def test_a_spot_found_in_the_cut_is_mapped_back_to_where_it_is(angle_deg: float, side_px: float) -> None:
    picture = np.zeros((900, 1100, 3), dtype=np.uint8)
    spot = (520.0, 400.0)
    picture[395:405, 515:525] = 255
    crop = Crop.around((500 - side_px / 2, 420 - 9.0, 500 + side_px / 2, 420 + 9.0), 1.0, angle_deg)

    cut = crop.take(picture)

    rows, columns = np.nonzero(cut[:, :, 0] > 127)
    spot_px = np.array([[columns.mean() + 0.5, rows.mean() + 0.5, 0.0]])
    share = spot_px / crop.out_px
    assert crop.to_picture(share.astype(np.float32))[0, :2] == pytest.approx(
        spot, abs=1.5 * side_px / crop.out_px
    )


def test_a_level_cut_of_its_own_size_is_the_picture_itself() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (500, 600, 3), dtype=np.uint8)
    crop = Crop(100, 50, 400)
    assert np.array_equal(crop.take(picture), picture[50:450, 100:500])


def test_the_cut_turns_a_leaning_face_level() -> None:
    """Two spots on a line that leans 30 degrees clockwise lie level in the cut."""
    picture = np.zeros((400, 400, 3), dtype=np.uint8)
    turn = np.radians(30.0)
    for sign, channel in ((-1, 0), (1, 1)):
        x, y = 200 + sign * 60 * np.cos(turn), 200 + sign * 60 * np.sin(turn)
        picture[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5, channel] = 255
    cut = Crop(50, 50, 300, 30.0).take(picture)
    left, right = (np.argwhere(cut[:, :, channel] > 127).mean(axis=0) for channel in (0, 1))
    assert left[0] == pytest.approx(right[0], abs=1.5)
    assert left[1] < right[1]


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(-180.0, 180.0), st.integers(50, 900))
def test_depth_is_in_the_scale_of_the_picture(x: float, y: float, angle_deg: float, side_px: int) -> None:
    crop = Crop(300, 200, side_px, angle_deg)
    points = np.array([[x, y, 0.1], [x, y, -0.2]], dtype=np.float32)
    placed = crop.to_picture(points)
    assert placed[:, 2] == pytest.approx(points[:, 2] * side_px, rel=1e-5)
    assert np.hypot(*(placed[0, :2] - [300 + side_px / 2, 200 + side_px / 2])) == pytest.approx(
        side_px * np.hypot(x - 0.5, y - 0.5), abs=1e-2
    )


def test_a_cut_holds_faces_well_inside_and_of_fitting_size() -> None:
    crop = Crop(375, 375, 250)
    assert crop.holds((450, 450, 550, 550))
    assert not crop.holds((550, 450, 650, 550)), "reaches the border"
    assert not crop.holds((400, 400, 600, 600)), "too large"
    assert not crop.holds((480, 480, 520, 520)), "too small"


@pytest.mark.parametrize("angle_deg", [0.0, 40.0])
@pytest.mark.parametrize("corner", [(-80, -90), (580, 470), (900, 900)])
def test_outside_the_picture_a_cut_is_black(angle_deg: float, corner: tuple[int, int]) -> None:
    picture = np.full((480, 640, 3), 255, dtype=np.uint8)
    cut = Crop(*corner, 200, angle_deg).take(picture)
    assert cut.shape == (200, 200, 3)
    share = (cut > 127).mean()
    assert share < 0.5
    assert (share == 0) == (corner == (900, 900))
