"""Opening a film file safely: known containers only, one file only, a sane header only.

The first bytes choose the demuxer, so that a playlist, an ffconcat script or an archive with a
film's name is refused before any library looks at it, and nothing but the file itself is opened.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from stillface.errors import InputError, StillfaceError, StorageError

__all__ = [
    "MAX_DURATION_S",
    "MAX_RATE_HZ",
    "damaged",
    "open_container",
    "read_head",
    "sample_aspect",
    "video_stream",
]

MAX_DURATION_S = 48 * 3600
MAX_RATE_HZ = 1000
MAX_SIDE_PX = 16_384
MAX_AREA_PX = 8192 * 8192
_HEAD_BYTES = 1024
_KNOWN = "an mp4, mov, mkv, webm, avi, mts, mpg, wmv, dv, mxf, flv or gif film"

# Offset, first bytes, demuxer.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (4, b"free", "mov"),
    (4, b"skip", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"\x1f\x07\x00", "dv"),
    (0, b"\x06\x0e\x2b\x34", "mxf"),
    (0, b"FLV\x01", "flv"),
)
_DISGUISES: tuple[tuple[bytes, str], ...] = (
    (b"#EXTM3U", "a playlist (#EXTM3U)"),
    (b"ffconcat", "an ffconcat list"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"<", "a text file with markup"),
)


def read_head(path: Path) -> bytes:
    """Read the first bytes of a film.

    Raises
    ------
    InputError
        No such file, not a file, or empty.
    StorageError
        The disk or share does not let us read it.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            "no such video file", where=path.name, fix="check the path in session.yaml and the disk or share"
        ) from error
    except IsADirectoryError as error:
        raise InputError("a folder, not a video file", where=path.name, fix="name the file in it") from error
    except OSError as error:
        raise StorageError(f"cannot read the video: {error.strerror or error}", where=path.name) from error
    if not head:
        raise InputError(
            "the video is empty",
            where=path.name,
            got="0 bytes",
            expected=_KNOWN,
            fix="copy it again from the camera",
        )
    return head


def _demuxer(path: Path, head: bytes) -> str:
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    # MPEG-TS packets of 188 bytes, or of 192 with a leading time code (AVCHD).
    if head[0:1] == b"\x47" == head[188:189] or head[4:5] == b"\x47" == head[196:197]:
        return "mpegts"
    raise InputError(
        "not a video", where=path.name, got=_looks_like(head), expected=_KNOWN, fix="name the film itself"
    )


def _looks_like(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for start, name in _DISGUISES:
        if text.startswith(start):
            return name
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return "a text file"
    return "bytes " + head[:8].hex(" ")


def open_container(path: Path) -> InputContainer:
    """Open a film for reading; the caller closes it.

    Parameters
    ----------
    path : Path
        A film; its first bytes must be those of a known container, whatever its name.

    Raises
    ------
    InputError
        Not a film, cut short, or unreadable.
    StorageError
        The disk or share does not let us read it.
    """
    head = read_head(path)
    demuxer = _demuxer(path, head)
    try:
        return av.open(
            str(path.resolve()),
            format=demuxer,
            # A container may name other files or addresses: none of them is opened.
            options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise _cannot_open(path, demuxer, error) from error


def _cannot_open(path: Path, demuxer: str, error: av.FFmpegError) -> StillfaceError:
    if isinstance(error, av.error.InvalidDataError | av.error.EOFError):
        size = path.stat().st_size
        if demuxer == "mov":
            return InputError(
                "the video lacks its table of frames (moov): recording unfinished or copy cut short",
                where=path.name,
                got=f"{size} bytes",
                fix="copy it again from the camera, or have the camera repair it",
            )
        return InputError(
            "the video is cut short or damaged",
            where=path.name,
            got=f"{size} bytes that do not make a {demuxer} film",
            fix="copy it again from the camera",
        )
    return StorageError(f"cannot read the video: {error.strerror}", where=path.name)


def damaged(path: Path, what: str, *, got: object = None, expected: object = None) -> InputError:
    """Build the error for a film whose frames cannot all be had."""
    return InputError(
        what,
        where=path.name,
        got=got,
        expected=expected,
        fix="copy it again from the camera, or convert it to a new file and look at the place",
    )


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Give the film's picture stream after checking what its header claims.

    Raises
    ------
    InputError
        No picture, no decoder, or a size, rate or duration that no camera makes.
    """
    streams = [s for s in container.streams.video if not int(s.disposition) & int(_COVER)]
    if not streams:
        raise InputError(
            "no picture in the file",
            where=path.name,
            got=", ".join(sorted({s.type for s in container.streams})) or "no stream",
            expected="a video stream",
            fix="name the film, not its sound track",
        )
    best = container.streams.best("video")
    stream = best if isinstance(best, VideoStream) and best in streams else streams[0]
    if stream.codec_context is None:
        raise InputError(
            "no decoder for this video",
            where=path.name,
            got="an unknown codec",
            expected="h264, h265, mpeg or another common codec",
            fix="convert it, for example: ffmpeg -i FILE -c:v libx264 -crf 16 COPY.mp4",
        )
    _check_header(container, stream, path)
    return stream


_COVER = av.stream.Disposition.attached_pic


def _check_header(container: InputContainer, stream: VideoStream, path: Path) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX and width * height <= MAX_AREA_PX):
        raise damaged(
            path,
            "absurd picture size in the header",
            got=f"{width} x {height}",
            expected=f"up to {MAX_SIDE_PX} pixels a side, {MAX_AREA_PX // 10**6} million in all",
        )
    rate = stream.average_rate
    if rate is not None and not 0 <= rate <= MAX_RATE_HZ:
        raise damaged(
            path,
            "absurd frame rate in the header",
            got=f"{float(rate):g} frames/s",
            expected=f"up to {MAX_RATE_HZ}",
        )
    if stream.time_base is None or stream.time_base <= 0:
        raise damaged(path, "no unit of time in the header", got=str(stream.time_base), expected="> 0 s")
    claimed = [Fraction(container.duration or 0, av.time_base), (stream.duration or 0) * stream.time_base]
    longest_s = max(abs(seconds) for seconds in claimed)
    if longest_s > MAX_DURATION_S:
        raise damaged(
            path,
            "absurd duration in the header",
            got=f"{float(longest_s) / 3600:.0f} h",
            expected=f"up to {MAX_DURATION_S // 3600} h",
        )
    sample_aspect(stream, path)


def sample_aspect(stream: VideoStream, path: Path) -> Fraction:
    """Give a pixel's width over its height; 1 where the file does not say."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    if not aspect:
        return Fraction(1)
    if not Fraction(1, 4) <= aspect <= 4:
        raise damaged(path, "absurd pixel shape in the header", got=str(aspect), expected="1:4 to 4:1")
    return Fraction(aspect)
