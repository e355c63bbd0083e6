"""Writing films: h264, the same bytes every time, nothing in them about who made them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stillface.errors import FieldError, StorageError, UsageError

__all__ = ["write_video"]

Rgb = npt.NDArray[np.uint8]

# x264 decides differently with another number of threads: a fixed one gives the same film anywhere.
_THREADS = 2
_SEI = 6


def write_video(
    path: Path,
    frames: Iterable[Rgb],
    rate: Fraction,
    *,
    gop: int = 30,
    crf: int = 18,
    preset: str = "veryfast",
) -> int:
    """Write frames as an mp4 film with h264 pictures at a constant rate.

    The film is written to a temporary file in the same folder and put in place when it is whole.
    It holds no date, no name of a program and no other metadata.

    Parameters
    ----------
    path : Path
        Replaced if it exists.
    frames : iterable of array of uint8, shape (height, width, 3)
        rgb pictures, all of one even size.
    rate : Fraction
        Frames per second, exact.
    gop : int
        Largest distance of key frames: small makes random access fast, large makes small files.
    crf : int
        x264's quality, 0 (lossless) to 51.
    preset : str
        x264's trade of time for size.

    Returns
    -------
    int
        Number of frames written.

    Raises
    ------
    FieldError
        A rate, distance or picture that cannot be written.
    UsageError
        No frame was given.
    StorageError
        The disk or share does not let us write.
    """
    if rate <= 0 or gop < 1 or not 0 <= crf <= 51:
        raise FieldError(
            "not a film",
            where="write_video",
            got=f"rate {rate}, gop {gop}, crf {crf}",
            expected="rate > 0, gop >= 1, crf 0 to 51",
        )
    try:
        return _write_beside(path, frames, Fraction(rate), gop, crf, preset)
    except OSError as error:
        raise StorageError(
            f"could not save the film: {error.strerror or error}",
            where=path.name,
            fix="check the folder, the disk and its free space",
        ) from error


def _write_beside(path: Path, frames: Iterable[Rgb], rate: Fraction, gop: int, crf: int, preset: str) -> int:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".film-", suffix=".tmp")
    os.close(descriptor)
    temp = Path(name)
    try:
        options = {
            "x264-params": f"threads={_THREADS}:lookahead-threads=1",
            "crf": str(crf),
            "preset": preset,
        }
        n_frames = _encode(temp, frames, rate, gop, options)
        with temp.open("rb+") as file:
            os.fsync(file.fileno())
        temp.replace(path)
    finally:
        temp.unlink(missing_ok=True)
    return n_frames


def _encode(temp: Path, frames: Iterable[Rgb], rate: Fraction, gop: int, options: dict[str, str]) -> int:
    n_frames = 0
    with av.open(str(temp), "w", format="mp4", container_options={"fflags": "+bitexact"}) as out:
        writer: _Writer | None = None
        for frame in _checked(frames):
            if writer is None:
                writer = _Writer(out, frame.shape[1], frame.shape[0], rate, gop, options)
            writer.write(frame, n_frames)
            n_frames += 1
        if writer is None:
            raise UsageError("a film needs a frame", where="write_video", got=0, expected="at least one")
        writer.finish()
    return n_frames


def _checked(frames: Iterable[Rgb]) -> Iterator[Rgb]:
    shape: tuple[int, ...] | None = None
    for number, frame in enumerate(frames):
        if shape is None:
            shape = frame.shape
            if len(shape) != 3 or shape[2] != 3 or shape[0] % 2 or shape[1] % 2 or 0 in shape:
                raise FieldError(
                    "not a picture",
                    where="write_video.frames[0]",
                    got=shape,
                    expected="(height, width, 3), both even",
                )
        if frame.shape != shape or frame.dtype != np.uint8:
            raise FieldError(
                "unlike the first picture",
                where=f"write_video.frames[{number}]",
                got=f"{frame.shape} {frame.dtype}",
                expected=f"{shape} uint8",
            )
        yield frame


class _Writer:
    """An h264 stream in an open container, without the encoder's note about itself."""

    def __init__(
        self, out: OutputContainer, width: int, height: int, rate: Fraction, gop: int, options: dict[str, str]
    ) -> None:
        self._out = out
        stream = out.add_stream("libx264", rate=rate, options=options)
        if not isinstance(stream, VideoStream):
            raise UsageError("not a picture encoder", got="libx264")
        self._stream = stream
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.time_base = 1 / rate
        self._strip = BitStreamFilterContext(f"filter_units=remove_types={_SEI}", stream)
        self._time_base = 1 / rate

    def write(self, rgb: Rgb, number: int) -> None:
        """Encode one picture."""
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        frame.pts, frame.time_base = number, self._time_base
        self._mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._mux(self._stream.encode(None))
        self._mux([None])

    def _mux(self, packets: Iterable[Packet[VideoStream] | None]) -> None:
        for packet in packets:
            for stripped in self._strip.filter(packet):
                self._out.mux(stripped)
