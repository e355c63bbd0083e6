"""Decoding the sound of a film, placed by its own time stamps.

Sample ``n`` of the sound lies at ``n / rate_hz`` seconds of the film's own time, whatever the file's rate,
its chapters, holes in it or a late beginning: so sound and picture stay together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from stillface.domain.clock import NS_PER_S
from stillface.errors import FieldError, InputError, StorageError

__all__ = ["Sound", "SoundFile", "find_sound"]

Floats = npt.NDArray[np.float32]

# Stamps of compressed sound are rounded to a block of about 20 ms; further off is a real hole.
_HOLE_S = 0.03
# A decoder needs some blocks before what it gives is right.
_RUN_UP_S = 0.25


@dataclass(frozen=True)
class SoundFile:
    """One file of a film.

    Parameters
    ----------
    path : Path
    demuxer : str
        How libavformat names the container: the picture's reader found it out from the first bytes.
    origin_s : Fraction
        Container time that is time 0 of this file's pictures.
    begin_ns : int
        The film's time at which that lies; other than 0 for later chapters.
    from_ns, until_ns : int
        Stretch of the film's time that is taken from this file.
    """

    path: Path
    demuxer: str
    origin_s: Fraction
    begin_ns: int = 0
    from_ns: int = 0
    until_ns: int = 2**62


def find_sound(files: Sequence[SoundFile], rate_hz: int = 48_000) -> Sound | None:
    """Give the sound of a film, or None where it has none.

    Parameters
    ----------
    files : sequence of SoundFile
        One, or the chapters in order.
    rate_hz : int
        Samples per second of what is decoded.

    Raises
    ------
    InputError
        A file cannot be read.
    StorageError
        The disk or share does not let us read it.
    """
    for file in files:
        with _open(file) as container:
            if not container.streams.audio:
                return None
    return Sound(tuple(files), rate_hz)


class Sound:
    """The sound of a film, one channel at a fixed rate; may be used from several threads at once.

    Parameters
    ----------
    files : tuple of SoundFile
    rate_hz : int

    Attributes
    ----------
    n_damaged : int
        Packets that could not be decoded so far: their time has no sound.
    """

    def __init__(self, files: tuple[SoundFile, ...], rate_hz: int) -> None:
        if not 1000 <= rate_hz <= 192_000:
            raise FieldError(
                "not a rate of sound", where="Sound.rate_hz", got=rate_hz, expected="1000 to 192000"
            )
        self.files, self.rate_hz = files, rate_hz
        self.n_damaged = 0

    def blocks(self, begin_ns: int = 0, end_ns: int | None = None) -> Iterator[tuple[int, Floats]]:
        """Decode a stretch of the film's time.

        Yields
        ------
        int, array of float32, shape (n,)
            Address of the first sample, and samples within -1 to 1. Addresses only grow; where some are
            left out the file has no sound.

        Raises
        ------
        InputError
            A file cannot be read.
        """
        last = 2**62 if end_ns is None else self._address(end_ns)
        done = self._address(begin_ns)
        for file in self.files:
            stop = min(last, self._address(file.until_ns))
            done = max(done, self._address(file.from_ns))
            for first, values in self._decode(file, done):
                if first >= stop:
                    break
                cut = values[max(done - first, 0) : stop - first]
                if cut.size:
                    yield max(first, done), cut
                    done = max(first, done) + cut.size

    def _address(self, time_ns: int) -> int:
        return time_ns * self.rate_hz // NS_PER_S

    def _decode(self, file: SoundFile, start: int) -> Iterator[tuple[int, Floats]]:
        """Decode one file from a little before a sample on."""
        with _open(file) as container:
            stream = container.streams.audio[0]
            wanted_s = Fraction(start, self.rate_hz) - Fraction(file.begin_ns, NS_PER_S) + file.origin_s
            _seek(container, stream, wanted_s - Fraction(_RUN_UP_S))
            lane = _Lane(self.rate_hz)
            for frame in self._frames(container, stream):
                if frame.pts is None or frame.time_base is None:
                    continue
                at_s = frame.pts * frame.time_base - file.origin_s + Fraction(file.begin_ns, NS_PER_S)
                yield from lane.put(frame, round(at_s * self.rate_hz))
            yield from lane.rest()

    def _frames(self, container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        try:
            for packet in container.demux(stream):
                try:
                    yield from packet.decode()
                except av.error.InvalidDataError:
                    self.n_damaged += 1
        except av.FFmpegError:
            # Pictures before this place are good, and so is the sound.
            self.n_damaged += 1


class _Lane:
    """Resampling of consecutive blocks; a hole in the stamps begins anew at its right place."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler: AudioResampler | None = None
        self._layout = ("", 0)
        self._next = 0
        self._expected = Fraction(0)

    def put(self, frame: AudioFrame, address: int) -> Iterator[tuple[int, Floats]]:
        """Take a block that begins at a sample address."""
        layout = (frame.layout.name, frame.sample_rate)
        hole = abs(address - self._expected) > _HOLE_S * self._rate_hz
        if self._resampler is None or hole or layout != self._layout:
            yield from self.rest()
            self._resampler = AudioResampler(format="fltp", layout=frame.layout, rate=self._rate_hz)
            self._layout, self._next, self._expected = layout, address, Fraction(address)
        self._expected += Fraction(frame.samples * self._rate_hz, frame.sample_rate)
        # The resampler would take a rounded stamp for a hole of its own.
        frame.pts = None
        yield from self._given(self._resampler.resample(frame))

    def rest(self) -> Iterator[tuple[int, Floats]]:
        """Give what the resampler still holds."""
        if self._resampler is not None:
            yield from self._given(self._resampler.resample(None))
            self._resampler = None

    def _given(self, frames: Sequence[AudioFrame]) -> Iterator[tuple[int, Floats]]:
        for frame in frames:
            # The mean of the channels: a mix by power would leave the range.
            values = np.asarray(frame.to_ndarray().mean(axis=0), dtype=np.float32)
            yield self._next, values
            self._next += values.size


def _open(file: SoundFile) -> InputContainer:
    try:
        return av.open(
            str(file.path.resolve()),
            format=file.demuxer.partition(",")[0],
            options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except av.error.InvalidDataError as error:
        raise InputError(
            "the film's sound cannot be read", where=file.path.name, fix="copy it again from the camera"
        ) from error
    except (av.FFmpegError, OSError) as error:
        raise StorageError(f"cannot read the film: {error.strerror}", where=file.path.name) from error


def _seek(container: InputContainer, stream: AudioStream, seconds: Fraction) -> None:
    """Go to a container time, or stay at the beginning where that cannot be done."""
    if seconds <= 0 or stream.time_base is None:
        return
    try:
        container.seek(int(seconds / stream.time_base), stream=stream, backward=True)
    except av.FFmpegError:
        container.seek(0, backward=True)
