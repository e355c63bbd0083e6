"""A film is written whole or not at all, the same bytes each time, and says nothing about its maker."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fixtures.videos import RATES, painted, read_number
from stillface.domain.clock import FrameClock
from stillface.errors import FieldError, StillfaceError, StorageError, UsageError
from stillface.video import open_video, write_video


@pytest.mark.parametrize("rate", RATES)
def test_what_was_written_is_read_back(rate: str, tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    assert write_video(target, (painted(k) for k in range(70)), RATES[rate], gop=20) == 70
    with open_video([target], None) as film:
        np.testing.assert_array_equal(film.clock.edges_ns, FrameClock.constant(70, RATES[rate]).edges_ns)
        assert [read_number(p) for _, p in film.frames(0, 70)] == list(range(70))
        assert film.chunk_starts(1)[:2] == (0, 20)
        assert np.abs(film.frame(11).astype(int) - painted(11)).mean() < 4


def test_the_same_pictures_give_the_same_bytes_without_a_signature(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, (painted(k) for k in range(40)), Fraction(30))
    data = (tmp_path / "a.mp4").read_bytes()
    assert data == (tmp_path / "b.mp4").read_bytes()
    for trace in (b"x264", b"Lavf", b"Lavc", b"FFMP"):
        assert trace not in data


def failing(n_good: int) -> Iterator[np.ndarray]:
    for k in range(n_good):
        yield painted(k)
    raise RuntimeError("the renderer died")


def test_a_failure_leaves_the_old_film_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_bytes(b"the old film")
    with pytest.raises(RuntimeError, match="renderer"):
        write_video(target, failing(20), Fraction(30))
    assert target.read_bytes() == b"the old film"
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize(
    ("pictures", "kind", "message"),
    [
        ([], UsageError, "needs a frame"),
        ([np.zeros((63, 96, 3), np.uint8)], FieldError, "both even"),
        ([np.zeros((64, 96), np.uint8)], FieldError, "not a picture"),
        ([np.zeros((64, 96, 3), np.float32)], FieldError, "unlike"),
        ([painted(0), np.zeros((32, 96, 3), np.uint8)], FieldError, r"frames\[1\]"),
    ],
)
def test_pictures_that_make_no_film_are_refused(
    pictures: list[np.ndarray], kind: type[StillfaceError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        write_video(tmp_path / "film.mp4", pictures, Fraction(30))
    assert list(tmp_path.iterdir()) == []


def test_a_rate_of_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match="rate 0"):
        write_video(tmp_path / "film.mp4", [painted(0)], Fraction(0))


def test_a_folder_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"film\.mp4: could not save the film"):
        write_video(tmp_path / "nowhere" / "film.mp4", [painted(0)], Fraction(30))
