"""An index is kept, trusted only while the file is the same, and never in the way."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fixtures.videos import vfr_stamps, write_clip, write_turned, x264
from stillface.errors import FieldError
from stillface.video import index_cache, load_index
from stillface.video.index import VideoIndex


@pytest.fixture
def film_path(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "Jane Doe 2024.mp4", 40, options=x264())


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count how often a film is really read."""
    seen: list[str] = []
    real = index_cache.scan

    def counted(path: Path) -> VideoIndex:
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(index_cache, "scan", counted)
    return seen


def same(a: VideoIndex, b: VideoIndex) -> bool:
    plain = ("time_base", "last_duration", "origin_s", "stored_size_px", "sample_aspect", "orientation")
    tags = ("interlaced", "codec", "container", "creation_time", "timecode", "n_hidden")
    return (
        np.array_equal(a.pts, b.pts)
        and np.array_equal(a.key_frames, b.key_frames)
        and all(getattr(a, name) == getattr(b, name) for name in plain + tags)
    )


def test_the_second_time_the_film_is_not_read(film_path: Path, scans: list[str], tmp_path: Path) -> None:
    first = load_index(film_path, tmp_path / "cache")
    second = load_index(film_path, tmp_path / "cache")
    assert scans == [film_path.name]
    assert same(first, second)
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".frames"]


def test_every_fact_survives_the_cache(tmp_path: Path) -> None:
    films = [
        write_turned(tmp_path / "turned.mp4", "clockwise"),
        write_clip(
            tmp_path / "tags.mov",
            30,
            options=x264(),
            tags={"timecode": "10:00:00:00", "creation_time": "2024-01-01T10:00:00Z"},
        ),
        write_clip(tmp_path / "vfr.mkv", 30, stamps=vfr_stamps(30), options=x264()),
    ]
    for film in films:
        assert same(load_index(film, tmp_path / "cache"), load_index(film, tmp_path / "cache"))


def test_the_cache_names_nobody(film_path: Path, tmp_path: Path) -> None:
    load_index(film_path, tmp_path / "cache")
    for file in (tmp_path / "cache").iterdir():
        assert "Jane" not in file.name
        assert b"Jane" not in file.read_bytes()


def test_another_film_under_the_same_name_is_read_anew(
    film_path: Path, scans: list[str], tmp_path: Path
) -> None:
    load_index(film_path, tmp_path / "cache")
    write_clip(film_path, 30, options=x264())
    assert load_index(film_path, tmp_path / "cache").n_frames == 30
    assert len(scans) == 2


def test_a_change_of_time_or_place_alone_is_enough(film_path: Path, scans: list[str], tmp_path: Path) -> None:
    load_index(film_path, tmp_path / "cache")
    os.utime(film_path, ns=(1, 1))
    load_index(film_path, tmp_path / "cache")
    copy = tmp_path / "copy.mp4"
    shutil.copy2(film_path, copy)
    load_index(copy, tmp_path / "cache")
    assert len(scans) == 3


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_torn_cache_file_is_built_anew(
    share: float, film_path: Path, scans: list[str], tmp_path: Path
) -> None:
    good = load_index(film_path, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    assert same(load_index(film_path, tmp_path / "cache"), good)
    assert len(scans) == 2


def test_bits_flipped_in_the_cache_never_change_the_index(film_path: Path, tmp_path: Path) -> None:
    good = load_index(film_path, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    data = file.read_bytes()
    for place in range(0, len(data), 37):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        assert same(load_index(film_path, tmp_path / "cache"), good)


def test_without_room_for_a_cache_the_film_still_opens(film_path: Path, tmp_path: Path) -> None:
    (tmp_path / "in_the_way").write_text("a file, not a folder")
    assert load_index(film_path, tmp_path / "in_the_way" / "cache").n_frames == 40
    assert load_index(film_path, None).n_frames == 40


def test_an_index_that_cannot_be_right_is_refused() -> None:
    good = {
        "pts": np.arange(5),
        "time_base": Fraction(1, 25),
        "last_duration": 1,
        "origin_s": Fraction(0),
        "key_frames": np.array([0, 3]),
        "stored_size_px": (96, 64),
    }
    assert VideoIndex(**good).n_frames == 5
    for name, value in {
        "pts": np.array([0, 2, 2, 3, 4]),
        "time_base": Fraction(0),
        "key_frames": np.array([1, 3]),
        "stored_size_px": (96, 0),
        "orientation": "movie=/etc/passwd",
    }.items():
        with pytest.raises(FieldError, match=f"VideoIndex.{name}"):
            VideoIndex(**{**good, name: value})
