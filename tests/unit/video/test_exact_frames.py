"""Every frame is the one asked for, at the time the file gives it, in every kind of file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fixtures.videos import (
    RATES,
    TURNS,
    hide_start,
    painted,
    read_number,
    vfr_stamps,
    woven,
    write_clip,
    write_turned,
    write_with_sound,
    x264,
)
from stillface.contracts.frame_source import FrameSource
from stillface.domain.clock import FrameClock
from stillface.errors import FieldError
from stillface.video import open_video
from stillface.video.source import VideoSource

KINDS: dict[str, Callable[[Path], Path]] = {
    "mp4": lambda d: write_clip(d / "a.mp4", options=x264()),
    "mp4_no_b_frames": lambda d: write_clip(d / "a.mp4", options=x264(bf="0")),
    "mp4_b_pyramid": lambda d: write_clip(d / "a.mp4", options=x264("b-pyramid=normal:b-adapt=0", bf="5")),
    "mp4_open_gop": lambda d: write_clip(d / "a.mp4", options=x264("open-gop=1:b-adapt=0", bf="3")),
    "mp4_long_gop": lambda d: write_clip(d / "a.mp4", 300, gop=250, options=x264()),
    "mp4_h265": lambda d: write_clip(
        d / "a.mp4", codec="libx265", options={"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
    ),
    "mkv": lambda d: write_clip(d / "a.mkv", options=x264()),
    "mkv_vp8": lambda d: write_clip(
        d / "a.mkv", codec="libvpx", options={"lag-in-frames": "8", "auto-alt-ref": "1"}
    ),
    "mts": lambda d: write_clip(d / "a.ts", options=x264()),
    "mts_intra_refresh": lambda d: write_clip(d / "a.ts", options=x264("intra-refresh=1", bf="0")),
    "mpg_mpeg2": lambda d: write_clip(d / "a.mpg", codec="mpeg2video", options={"bf": "2", "b": "2M"}),
    "avi_mpeg4": lambda d: write_clip(d / "a.avi", codec="mpeg4", options={"b": "2M"}),
    "avi_mpeg4_b_frames": lambda d: write_clip(d / "a.avi", codec="mpeg4", options={"bf": "2", "b": "2M"}),
    "avi_mjpeg": lambda d: write_clip(d / "a.avi", codec="mjpeg", pixels="yuvj420p"),
    "wmv": lambda d: write_clip(d / "a.wmv", codec="wmv2", options={"b": "2M"}),
    "gif": lambda d: write_clip(d / "a.gif", codec="gif", pixels="rgb8"),
}


def numbers(film: VideoSource, start: int, stop: int) -> list[int]:
    read = []
    for number, picture in film.frames(start, stop):
        assert read_number(picture) == number
        read.append(number)
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_each_frame_is_the_one_asked_for_wherever_decoding_begins(kind: str, tmp_path: Path) -> None:
    film_path = KINDS[kind](tmp_path)
    with open_video([film_path], tmp_path / "cache") as film:
        n_frames = film.clock.n_frames
        in_order = [picture for _, picture in film.frames(0, n_frames)]
        assert [read_number(picture) for picture in in_order] == list(range(n_frames))
        assert n_frames == (300 if kind == "mp4_long_gop" else 60)
        order = np.random.default_rng(3).permutation(n_frames)[:60].tolist()
        for k in order:
            np.testing.assert_array_equal(film.frame(k), in_order[k])
        for k in order[:12]:
            film.close()
            np.testing.assert_array_equal(film.frame(k), in_order[k])
        for start in order[:6]:
            (number, picture), *_ = film.frames(start, n_frames)
            assert number == start
            np.testing.assert_array_equal(picture, in_order[start])


@pytest.mark.parametrize("rate", RATES)
def test_frames_begin_when_the_rate_says_exactly(rate: str, tmp_path: Path) -> None:
    film_path = write_clip(tmp_path / "a.mp4", 90, rate=RATES[rate], options=x264())
    with open_video([film_path], None) as film:
        expected = FrameClock.constant(90, RATES[rate])
        np.testing.assert_array_equal(film.clock.edges_ns, expected.edges_ns)
        for frame in (0, 1, 44, 89):
            assert film.clock.frame_at(film.clock.onset_ns(frame)) == frame


def test_a_variable_rate_is_taken_from_the_stamps_not_from_a_mean(tmp_path: Path) -> None:
    stamps = vfr_stamps(80)
    film_path = write_clip(
        tmp_path / "a.mp4", 80, stamps=stamps, time_base=Fraction(1, 1000), options=x264("b-adapt=0", bf="2")
    )
    with open_video([film_path], None) as film:
        assert film.clock.edges_ns[:-1].tolist() == [stamp * 1_000_000 for stamp in stamps]
        assert numbers(film, 0, 80) == list(range(80))
        for time_ms in (0, 400, stamps[50], stamps[50] - 1, stamps[-1]):
            shown = film.clock.frame_at(time_ms * 1_000_000)
            assert shown == np.searchsorted(stamps, time_ms, side="right") - 1
            assert read_number(film.frame(shown)) == shown


@pytest.mark.parametrize("n_hidden", [1, 5, 12, 17])
def test_frames_that_an_edit_list_hides_are_not_counted(n_hidden: int, tmp_path: Path) -> None:
    film_path = hide_start(write_clip(tmp_path / "a.mp4", options=x264()), n_hidden)
    with open_video([film_path], None) as film:
        assert film.clock.n_frames == 60 - n_hidden
        assert film.clock.onset_ns(0) == 0
        read = [read_number(picture) for _, picture in film.frames(0, film.clock.n_frames)]
        assert read == list(range(n_hidden, 60))
        for k in (film.clock.n_frames - 1, 0, 20, 1):
            assert read_number(film.frame(k)) == k + n_hidden


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_or_mirrored_film_is_shown_upright(turn: str, tmp_path: Path) -> None:
    with open_video([write_turned(tmp_path / "a.mp4", turn)], tmp_path) as film:
        assert film.size_px == (96, 64)
        assert numbers(film, 0, 30) == list(range(30))
        assert film.frame(7).shape == (64, 96, 3)
        assert film.frame(7).flags.c_contiguous


@pytest.mark.parametrize(("aspect", "width"), [(Fraction(16, 11), 140), (Fraction(2, 3), 64)])
def test_pixels_that_are_not_square_are_made_square(aspect: Fraction, width: int, tmp_path: Path) -> None:
    film_path = write_clip(tmp_path / "a.mp4", 10, options=x264(), aspect=aspect)
    with open_video([film_path], None) as film:
        assert film.size_px == (width, 64)
        assert film.frame(3).shape == (64, width, 3)
        assert numbers(film, 0, 10) == list(range(10))


def test_of_an_interlaced_film_one_field_is_shown_and_it_is_said(tmp_path: Path) -> None:
    film_path = write_clip(
        tmp_path / "a.mp4", 40, picture=woven, options=x264("tff=1", flags="+ilme+ildct", crf="4")
    )
    with open_video([film_path], None) as film:
        assert film.interlaced
        in_order = dict(film.frames(0, 40))
        assert [read_number(in_order[k]) for k in range(40)] == list(range(40))
        # No comb: every square of the lower field is the opposite, its lines must not show.
        assert np.abs(in_order[9].astype(int) - painted(9)).mean() < 12
        for k in (39, 3, 20):
            np.testing.assert_array_equal(film.frame(k), in_order[k])


def test_a_progressive_film_is_not_called_interlaced(tmp_path: Path) -> None:
    with open_video([write_clip(tmp_path / "a.mp4", 5, options=x264())], None) as film:
        assert not film.interlaced


def test_a_picture_that_begins_after_the_sound_keeps_its_distance(tmp_path: Path) -> None:
    with open_video([write_with_sound(tmp_path / "a.mkv", 200)], None) as film:
        assert film.clock.onset_ns(0) == 200_000_000
        assert numbers(film, 0, 20) == list(range(20))


@pytest.mark.parametrize(
    ("codec", "options"), [("libx264", x264(bf="0", crf="1")), ("mpeg2video", {"b": "8M"})]
)
def test_a_stream_that_begins_between_key_frames_starts_at_its_first_whole_picture(
    codec: str, options: dict[str, str], tmp_path: Path
) -> None:
    whole = write_clip(tmp_path / "a.ts", 100, gop=25, codec=codec, options=options)
    data = whole.read_bytes()
    with av.open(str(whole)) as film:
        sixth = list(film.demux(video=0))[5].pos
    # The tables that name the streams come first; then the first five pictures are lost.
    late = tmp_path / "late.ts"
    late.write_bytes(data[: 3 * 188] + data[sixth:])
    with open_video([late], None) as film:
        assert film.clock.onset_ns(0) == 0
        assert film.indexes[0].n_hidden > 0
        n_frames = film.clock.n_frames
        read = [read_number(picture) for _, picture in film.frames(0, n_frames)]
        assert read == list(range(25, 100))
        assert read_number(film.frame(30)) == 55


def test_chunks_begin_at_key_frames_and_are_long_enough(tmp_path: Path) -> None:
    film_path = write_clip(tmp_path / "a.mp4", 100, gop=10, options=x264())
    with open_video([film_path], None) as film:
        assert film.chunk_starts(1) == tuple(range(0, 100, 10))
        assert film.chunk_starts(25) == (0, 30, 60, 90)
        assert film.chunk_starts(1000) == (0,)
        with pytest.raises(FieldError, match="got 0"):
            film.chunk_starts(0)


def test_frames_outside_the_film_are_refused(tmp_path: Path) -> None:
    with open_video([write_clip(tmp_path / "a.mp4", 10, options=x264())], None) as film:
        with pytest.raises(FieldError, match="got 10, expected 0 to 9"):
            film.frame(10)
        with pytest.raises(FieldError, match="no such frame"):
            film.frame(-1)
        for start, stop in ((-1, 3), (4, 3), (0, 11)):
            with pytest.raises(FieldError, match="no such frames"):
                film.frames(start, stop)
        assert list(film.frames(4, 4)) == []


def test_stepping_back_decodes_nothing_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film_path = write_clip(tmp_path / "a.mp4", 120, gop=120, options=x264())
    with open_video([film_path], None) as film:
        assert read_number(film.frame(100)) == 100
        monkeypatch.setattr("stillface.video.decode.Decoder.run", None)
        assert [read_number(film.frame(k)) for k in range(99, 60, -1)] == list(range(99, 60, -1))
        assert read_number(film.frame(101)) == 101


def test_memory_for_kept_frames_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame_bytes = 96 * 64 * 3 // 2
    monkeypatch.setattr("stillface.video.source._KEPT_BYTES", 10 * frame_bytes)
    film_path = write_clip(tmp_path / "a.mp4", 60, gop=60, options=x264())
    with open_video([film_path], None) as film:
        film.frame(50)
        assert 1 <= len(film._kept._frames) <= 10
        assert read_number(film.frame(10)) == 10


def test_it_is_a_frame_source(tmp_path: Path) -> None:
    with open_video([write_clip(tmp_path / "a.mp4", 5, options=x264())], None) as film:
        assert isinstance(film, FrameSource)
