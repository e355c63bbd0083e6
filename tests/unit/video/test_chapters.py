"""Files that a camera split are one film; where they join is measured and told."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fixtures.videos import read_number, write_clip, write_turned, x264
from stillface.errors import InputError
from stillface.video import open_video

FRAME_NS = 40_000_000


def chapter(path: Path, first: int, n_frames: int, **more: object) -> Path:
    options = more.pop("options", x264())
    return write_clip(path, n_frames, first=first, options=options, **more)  # type: ignore[arg-type]


def read_all(files: list[Path]) -> tuple[list[int], list[int]]:
    with open_video(files, None) as film:
        n_frames = film.clock.n_frames
        in_order = [read_number(picture) for _, picture in film.frames(0, n_frames)]
        order = np.random.default_rng(1).permutation(n_frames).tolist()
        jumped = dict.fromkeys(range(n_frames), -1)
        for k in order:
            jumped[k] = read_number(film.frame(k))
        return in_order, list(jumped.values())


def test_two_chapters_are_one_film(tmp_path: Path) -> None:
    files = [chapter(tmp_path / "1.mp4", 0, 30), chapter(tmp_path / "2.mp4", 30, 25)]
    assert read_all(files) == (list(range(55)), list(range(55)))
    with open_video(files, None) as film:
        (join,) = film.joins
        assert (join.before, join.after, join.frame, join.gap_ns) == ("1.mp4", "2.mp4", 30, 0)
        assert join.method == "assumed"
        assert np.diff(film.clock.edges_ns).tolist() == [FRAME_NS] * 55
        assert [read_number(p) for _, p in film.frames(28, 33)] == [28, 29, 30, 31, 32]
        assert film.chunk_starts(1) == (0, 12, 24, 30, 42, 54)


def test_three_chapters_join_in_order(tmp_path: Path) -> None:
    files = [chapter(tmp_path / f"{k}.mkv", 10 * k, 10) for k in range(3)]
    assert read_all(files)[0] == list(range(30))


@pytest.mark.parametrize(
    ("next_timecode", "gap_frames"), [("10:00:01:05", 0), ("10:00:01:06", 1), ("10:00:11:05", 250)]
)
def test_a_time_code_measures_the_gap_to_the_frame(
    next_timecode: str, gap_frames: int, tmp_path: Path
) -> None:
    files = [
        chapter(tmp_path / "1.mov", 0, 30, tags={"timecode": "10:00:00:00"}),
        chapter(tmp_path / "2.mov", 30, 10, tags={"timecode": next_timecode}),
    ]
    with open_video(files, None) as film:
        (join,) = film.joins
        assert (join.gap_ns, join.method) == (gap_frames * FRAME_NS, "timecode")
        assert film.clock.onset_ns(30) == (30 + gap_frames) * FRAME_NS
        assert read_number(film.frame(30)) == 30


def test_frames_that_both_chapters_hold_are_shown_once(tmp_path: Path) -> None:
    files = [
        chapter(tmp_path / "1.mov", 0, 30, tags={"timecode": "23:59:59:00"}),
        chapter(tmp_path / "2.mov", 25, 20, tags={"timecode": "00:00:00:00"}),
    ]
    assert read_all(files) == (list(range(45)), list(range(45)))
    with open_video(files, None) as film:
        (join,) = film.joins
        assert (join.gap_ns, join.n_repeated, join.frame) == (-5 * FRAME_NS, 5, 30)
        assert np.diff(film.clock.edges_ns).tolist() == [FRAME_NS] * 45
        assert film.chunk_starts(1) == (0, 12, 24, 37)


def test_drop_frame_time_code_counts_real_frames(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    # 00:00:59;29 is followed by 00:01:00;02: two numbers are left out, no picture.
    files = [
        chapter(tmp_path / "1.mov", 0, 30, rate=rate, tags={"timecode": "00:00:59;00"}),
        chapter(tmp_path / "2.mov", 30, 5, rate=rate, tags={"timecode": "00:01:00;02"}),
    ]
    with open_video(files, None) as film:
        assert film.joins[0].gap_ns == 0
        assert film.joins[0].method == "timecode"


@pytest.mark.parametrize(
    ("created", "gap_s", "method"),
    [
        ("2024-05-01T10:00:02Z", 0, "creation_time"),
        ("2024-05-01T10:00:12Z", 10, "creation_time"),
        ("2024-05-01T10:00:00Z", 0, "assumed"),
    ],
)
def test_creation_times_measure_whole_seconds(created: str, gap_s: int, method: str, tmp_path: Path) -> None:
    files = [
        chapter(tmp_path / "1.mp4", 0, 50, tags={"creation_time": "2024-05-01T10:00:00Z"}),
        chapter(tmp_path / "2.mp4", 50, 10, tags={"creation_time": created}),
    ]
    with open_video(files, None) as film:
        (join,) = film.joins
        assert (join.gap_ns, join.method) == (gap_s * 1_000_000_000, method)
        assert film.clock.onset_ns(50) == 2_000_000_000 + join.gap_ns


def test_times_that_a_converter_wrote_tell_nothing(tmp_path: Path) -> None:
    files = [
        chapter(tmp_path / "1.mp4", 0, 200, tags={"creation_time": "2024-05-01T10:00:00Z"}),
        chapter(tmp_path / "2.mp4", 200, 10, tags={"creation_time": "2024-05-01T10:00:01Z"}),
    ]
    with open_video(files, None) as film:
        assert (film.joins[0].gap_ns, film.joins[0].method) == (0, "assumed")


@pytest.mark.parametrize("created", ["2024-05-01T09:59:00Z", "2024-05-01T12:00:00Z"])
def test_files_in_the_wrong_order_or_of_another_visit_are_refused(created: str, tmp_path: Path) -> None:
    files = [
        chapter(tmp_path / "1.mp4", 0, 50, tags={"creation_time": "2024-05-01T10:00:00Z"}),
        chapter(tmp_path / "2.mp4", 50, 10, tags={"creation_time": created}),
    ]
    with pytest.raises(InputError, match=r"2\.mp4: not the chapter that follows 1\.mp4") as caught:
        open_video(files, None)
    assert "order of recording" in str(caught.value)


def test_chapters_must_agree_in_size_and_orientation(tmp_path: Path) -> None:
    whole = chapter(tmp_path / "1.mp4", 0, 10)
    small = chapter(tmp_path / "2.mp4", 0, 10, picture=lambda k: np.zeros((32, 48, 3), np.uint8))
    turned = write_turned(tmp_path / "3.mp4", "upside_down")
    with pytest.raises(InputError, match=r"2\.mp4: .*size_px differs: got \(48, 32\), expected \(96, 64\)"):
        open_video([whole, small], None)
    with pytest.raises(InputError, match=r"3\.mp4: .*orientation differs"):
        open_video([whole, turned], None)
