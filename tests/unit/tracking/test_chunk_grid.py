"""Chunks part the film without gap or overlap, and none grows with the film."""

from __future__ import annotations

import numpy as np
import pytest
from tracking_films import PictureFilm

from stillface.tracking.jobs import chunk_grid


class _OneKeyFrame(PictureFilm):
    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        return (0,)


@pytest.mark.parametrize("film", [PictureFilm, _OneKeyFrame])
@pytest.mark.parametrize("n_frames", [1, 19, 20, 200, 201, 1999])
def test_chunks_cover_every_frame_once(film: type[PictureFilm], n_frames: int) -> None:
    grid = chunk_grid(film(np.zeros((n_frames, 2, 2, 3), dtype=np.uint8)), 20)
    assert [k for start, stop in grid for k in range(start, stop)] == list(range(n_frames))
    assert max(stop - start for start, stop in grid) <= 200


def test_chunks_begin_at_cheap_places_where_there_are_any() -> None:
    assert chunk_grid(PictureFilm(np.zeros((80, 2, 2, 3), dtype=np.uint8)), 20) == [
        (0, 20),
        (20, 40),
        (40, 60),
        (60, 80),
    ]
