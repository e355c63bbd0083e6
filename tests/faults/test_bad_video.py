"""Bad films cost one clear line, before anything is allocated, and touch nothing."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fixtures.videos import cut, moov_first, painted, patched, read_number, write_clip, write_sound_only, x264
from stillface.errors import InputError, StillfaceError, StorageError
from stillface.video import open_video

CANARY = "CANARY-4711"


def mp4(folder: Path, n_frames: int = 60) -> Path:
    return write_clip(folder / "good.mp4", n_frames, options=x264())


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def playlist(folder: Path) -> Path:
    mp4(folder)
    (folder / "secret.txt").write_text(CANARY)
    lines = (
        "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2.4,\ngood.mp4\n#EXTINF:2,\nsecret.txt\n#EXT-X-ENDLIST\n"
    )
    return written(folder / "bad.mp4", lines.encode())


def ffconcat(folder: Path) -> Path:
    mp4(folder)
    return written(folder / "bad.mp4", b"ffconcat version 1.0\nfile good.mp4\nfile good.mp4\n")


def boxed(folder: Path, name: bytes, at: int, layout: str, value: int) -> Path:
    """Change one number in a box of an mp4."""
    good = mp4(folder)
    place = good.read_bytes().index(name) + at
    return patched(good, folder / "bad.mp4", [(place, struct.pack(layout, value))])


def all_at_once(folder: Path) -> Path:
    """Give every frame the same time: the duration of each is 0."""
    good = write_clip(folder / "good.mp4", options=x264(bf="0"))
    data = good.read_bytes()
    return patched(good, folder / "bad.mp4", [(data.index(b"stts") + 16, bytes(4))])


def huge_picture(folder: Path, side_px: int) -> Path:
    good = write_clip(folder / "good.avi", codec="rawvideo")
    place = good.read_bytes().index(b"strf") + 12
    return patched(good, folder / "bad.avi", [(place, struct.pack("<ii", side_px, side_px))])


def ten_years(folder: Path) -> Path:
    return write_clip(
        folder / "bad.mkv",
        2,
        stamps=[0, 10 * 366 * 86_400_000],
        time_base=Fraction(1, 1000),
        codec="mjpeg",
        pixels="yuvj420p",
    )


def twice_the_same_hour(folder: Path) -> Path:
    part = write_clip(folder / "good.ts", options=x264()).read_bytes()
    return written(folder / "bad.ts", part + part)


def unknown_codec(folder: Path) -> Path:
    good = mp4(folder)
    place = good.read_bytes().index(b"avc1", good.read_bytes().index(b"stsd"))
    return patched(good, folder / "bad.mp4", [(place, b"zzzz")])


def cut_in_the_middle(folder: Path) -> Path:
    return cut(moov_first(mp4(folder), folder / "first.mp4"), folder / "bad.mp4", 0.7)


def cut_between_two_frames(folder: Path) -> Path:
    whole = moov_first(mp4(folder), folder / "first.mp4")
    with av.open(str(whole)) as film:
        last = film.streams.video[0].index_entries[-1].pos
    return written(folder / "bad.mp4", whole.read_bytes()[:last])


def changing_size(folder: Path) -> Path:
    """Let the picture of a film grow after thirty frames, as a badly joined film does."""
    small = write_clip(
        folder / "small.mkv", 30, codec="mjpeg", pixels="yuvj420p", picture=lambda k: painted(k, (64, 48))
    )
    large = write_clip(folder / "large.mkv", 30, first=30, codec="mjpeg", pixels="yuvj420p")
    with (
        av.open(str(folder / "bad.mkv"), "w") as out,
        av.open(str(small)) as first,
        av.open(str(large)) as second,
    ):
        stream = out.add_stream_from_template(first.streams.video[0])
        for film, shift_ms in ((first, 0), (second, 1200)):
            for packet in film.demux(film.streams.video[0]):
                if packet.dts is not None:
                    packet.pts, packet.dts = packet.pts + shift_ms, packet.dts + shift_ms
                    packet.stream = stream
                    out.mux(packet)
    return folder / "bad.mkv"


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda d: d / "bad.mp4", r"no such video file"),
    "folder": (lambda d: d, r"a folder, not a video file"),
    "empty": (lambda d: written(d / "bad.mp4", b""), r"the video is empty: got 0 bytes"),
    "zeros": (lambda d: written(d / "bad.mp4", bytes(5000)), r"not a video: got bytes 00 00"),
    "text": (lambda d: written(d / "bad.mp4", b"not a film at all\n" * 90), r"not a video: got a text file"),
    "markup": (lambda d: written(d / "bad.mp4", b"<html>no</html>"), r"got a text file with markup"),
    "zip": (lambda d: written(d / "bad.mp4", b"PK\x03\x04" + bytes(600)), r"not a video: got a zip archive"),
    "playlist": (playlist, r"not a video: got a playlist"),
    "ffconcat": (ffconcat, r"not a video: got an ffconcat list"),
    "no_moov": (lambda d: cut(mp4(d), d / "bad.mp4", 0.6), r"lacks its table of frames \(moov\)"),
    "only_the_head": (lambda d: cut(mp4(d), d / "bad.mp4", 0.005), r"lacks its table of frames \(moov\)"),
    "cut": (cut_in_the_middle, r"cut short: got \d+ stored frames, expected 60 as its table says"),
    "cut_cleanly": (cut_between_two_frames, r"cut short: got 59 stored frames, expected 60"),
    "cut_mkv": (
        lambda d: cut(write_clip(d / "good.mkv", options=x264()), d / "bad.mkv", 0.6),
        r"cut short: got \d+ stored frames, expected 2\.40 s as its header says",
    ),
    "cut_avi": (
        lambda d: cut(write_clip(d / "good.avi", codec="mpeg4"), d / "bad.avi", 0.6),
        r"cut short: got \d+ stored frames, expected 60 as its header says",
    ),
    "huge": (
        lambda d: huge_picture(d, 16_000),
        r"absurd picture size in the header: got 16000 x 16000, expected .*67 million in all",
    ),
    # Beyond what the library can count it gives no size at all.
    "huger": (lambda d: huge_picture(d, 100_000), r"absurd picture size in the header: got 0 x 0"),
    "a_million_a_second": (
        lambda d: boxed(d, b"mdhd", 16, ">I", 512 * 1_000_000),
        r"absurd frame rate in the header: got 1e\+06 frames/s",
    ),
    "no_rate": (all_at_once, r"the time stamp of frame 1 is not later than that of frame 0: got 0 after 0"),
    "ten_years": (ten_years, r"absurd duration in the header: got 87840 h, expected up to 48 h"),
    "sound_only": (lambda d: write_sound_only(d / "bad.mp4"), r"no picture in the file: got audio"),
    "unknown_codec": (unknown_codec, r"no decoder for this video"),
    "stamps_go_back": (twice_the_same_hour, r"time stamps go back at stored frame 61"),
    "stamps_out_of_order": (
        lambda d: write_clip(d / "bad.avi", options=x264("b-adapt=0", bf="2")),
        r"the time stamp of frame \d+ is not later than that of frame \d+",
    ),
}


def states(folder: Path) -> dict[str, str]:
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir()) if p.is_file()
    }


@pytest.mark.parametrize("case", BAD)
def test_one_line_says_what_is_wrong_and_nothing_is_written(
    case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    build, message = BAD[case]
    path = build(tmp_path)
    before = states(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        open_video([path], tmp_path / "cache")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(path.name)
    assert CANARY not in line
    assert caught.value.fix
    assert caught.value.exit_code == 3
    assert states(tmp_path) == before
    assert not (tmp_path / "cache").exists()
    # The decoding library does not chatter past us.
    assert capfd.readouterr().err == ""


def test_no_other_file_is_opened_for_a_playlist(tmp_path: Path) -> None:
    path = playlist(tmp_path)
    opened: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(str(tmp_path)):
            opened.append(Path(str(arguments[0])).name)

    sys.addaudithook(watch)
    with pytest.raises(InputError):
        open_video([path], None)
    assert set(opened) == {"bad.mp4"}


def test_a_film_that_cannot_be_read_is_a_matter_of_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mp4(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StorageError, match=r"good\.mp4: cannot read the video: Permission denied"):
        open_video([path], None)


def noisy(number: int) -> np.ndarray:
    """Paint a number with grain, so that a frame is many bytes long."""
    grain = np.random.default_rng(number).integers(-18, 18, (64, 96, 3))
    return np.clip(painted(number) + grain, 0, 255).astype(np.uint8)


def noisy_film(folder: Path) -> tuple[Path, list[tuple[int, int]]]:
    """Write a film; tell where each stored frame begins and how many bytes it has."""
    good = write_clip(folder / "good.mp4", 120, picture=noisy, options=x264())
    with av.open(str(good)) as film:
        # An entry lives as long as the film is open.
        return good, [(entry.pos, entry.size) for entry in film.streams.video[0].index_entries]


def holed(folder: Path, filling: bytes, skip: float) -> Path:
    """Destroy what follows the first part of a frame two thirds through the film."""
    good, stored = noisy_film(folder)
    at, size = stored[80]
    kept = max(5, int(size * skip))
    return patched(good, folder / "holed.mp4", [(at + kept, filling * (size - kept))])


@pytest.mark.parametrize(("filling", "skip"), [(b"\xff", 0.0), (b"\0", 0.5)])
def test_damage_in_the_middle_is_an_error_there_and_nowhere_else(
    filling: bytes, skip: float, tmp_path: Path
) -> None:
    with open_video([holed(tmp_path, filling, skip)], None) as film:
        assert film.clock.n_frames == 120
        read = []

        def read_on() -> None:
            for number, picture in film.frames(0, 120):
                assert read_number(picture) == number
                read.append(number)

        with pytest.raises(InputError, match=r"holed\.mp4: .*(damage|decoded|missing)"):
            read_on()
        assert 60 <= len(read) < 84
        with pytest.raises(InputError):
            film.frame(83)
        # Other groups of pictures are whole, and the decoder has recovered.
        assert read_number(film.frame(110)) == 110
        assert read_number(film.frame(20)) == 20


@pytest.mark.parametrize("skip", [0.0, 0.2, 0.9])
def test_no_reading_shows_a_frame_that_leans_on_a_broken_one(skip: float, tmp_path: Path) -> None:
    """Where a disk's lost block reads as zeros, the frames given are whole, and always the same."""
    good, stored = noisy_film(tmp_path)
    with open_video([good], None) as film:
        whole = dict(film.frames(0, 120))
    # One group of pictures: frames that others lean on, and frames shown before those.
    for order in range(72, 84):
        at, size = stored[order]
        kept = max(5, int(size * skip))
        path = patched(good, tmp_path / "bad.mp4", [(at + kept, bytes(size - kept))])
        first, second = frames_until_error(path), frames_until_error(path)
        assert 60 <= len(first) == len(second) <= order
        for number, picture in first.items():
            np.testing.assert_array_equal(picture, whole[number])


def frames_until_error(path: Path) -> dict[int, np.ndarray]:
    """Give the frames that a reading in order shows before it ends with an error."""
    shown = {}

    def read_on() -> None:
        shown.update(film.frames(0, 120))

    with open_video([path], None) as film, pytest.raises(InputError):
        read_on()
    return shown


def test_a_picture_that_changes_size_is_refused_where_it_does(tmp_path: Path) -> None:
    with open_video([changing_size(tmp_path)], None) as film, pytest.raises(InputError) as caught:
        list(film.frames(0, film.clock.n_frames))
    assert "changes size at frame 30: got 96 x 64, expected 64 x 48" in str(caught.value)


def test_a_film_that_shrinks_while_it_is_open_is_an_error_not_a_crash(tmp_path: Path) -> None:
    path = moov_first(mp4(tmp_path, 120), tmp_path / "first.mp4")
    with open_video([path], None) as film:
        assert read_number(film.frame(5)) == 5
        film.close()
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(StillfaceError):
            list(film.frames(0, 120))


def test_random_bytes_after_a_good_beginning_never_crash(tmp_path: Path) -> None:
    good = moov_first(mp4(tmp_path), tmp_path / "first.mp4").read_bytes()
    rng = np.random.default_rng(11)
    outcomes = set()
    for trial in range(60):
        data = bytearray(good)
        for place in rng.integers(0, len(data), size=3).tolist():
            data[place] = int(rng.integers(0, 256))
        path = written(tmp_path / f"{trial}.mp4", bytes(data))
        try:
            with open_video([path], None) as film:
                n_frames = len(list(film.frames(0, film.clock.n_frames)))
                assert n_frames == film.clock.n_frames
            outcomes.add("read")
        except StillfaceError as error:
            assert str(error).startswith(path.name)  # noqa: PT017
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_an_absurd_header_costs_no_memory(tmp_path: Path) -> None:
    path = huge_picture(tmp_path, 16_000)
    script = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from stillface.errors import InputError
        from stillface.video import open_video
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            open_video([Path(sys.argv[1])], None)
        except InputError:
            print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, env=child_env()
    )
    assert int(run.stdout) < 50


def child_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes there")
def test_a_full_disk_leaves_no_half_film(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import resource, signal, sys
        from fractions import Fraction
        from pathlib import Path
        import numpy as np
        from stillface.errors import StorageError
        from stillface.video import write_video
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        noise = np.random.default_rng(0)
        frames = (noise.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(60))
        try:
            write_video(Path(sys.argv[1]) / "film.mp4", frames, Fraction(30))
        except StorageError as error:
            print(error)
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env=child_env(),
    )
    assert run.stdout.startswith("film.mp4: could not save the film: File too large")
    assert list(tmp_path.iterdir()) == []
