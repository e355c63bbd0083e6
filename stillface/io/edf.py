"""EDF, EDF+ and BDF files: one channel, with exact rate, physical unit and declared interruptions.

Read here rather than through a library because the libraries refuse interrupted recordings
(EDF+D) and give rates as floats. Format: Kemp & Olivan 2003, and BioSemi's 24-bit variant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import SampleClock, s_to_ns
from stillface.domain.recording import Signal, SignalRecording
from stillface.errors import InputError, StorageError

__all__ = ["EdfReader", "read_edf_signal"]

_FIXED = 256
_PER_CHANNEL = 256
_ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
_MAX_CHANNELS = 4096
_RECORD_S = (1e-4, 1e5)
_MAX_RATE_HZ = 100_000
_MAX_ONSET_S = 366 * 86_400
# Eight characters hold an exponent that would take memory without end; two digits are enough.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?\Z", re.ASCII)
_MICRO = str.maketrans({"µ": "u", "μ": "u"})


@dataclass(frozen=True)
class _Channel:
    label: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[int, int]
    n_samples: int
    """Per data record."""
    offset: int
    """Bytes from the data record's beginning."""


@dataclass(frozen=True)
class _Header:
    n_bytes: int
    sample_bytes: int
    interrupted: bool
    record_s: Fraction
    n_records: int
    record_bytes: int
    channels: tuple[_Channel, ...]


class EdfReader:
    """The reader ``edf``: see :func:`read_edf_signal`."""

    suffixes: tuple[str, ...] = (".edf", ".bdf")

    def read(self, path: Path, recording: SignalRecording) -> Signal:
        """Read the declared channel; see :func:`read_edf_signal`."""
        return read_edf_signal(path, recording)


def read_edf_signal(path: Path, recording: SignalRecording) -> Signal:
    """Read one channel in its physical unit.

    Parameters
    ----------
    path : Path
        EDF, EDF+C, EDF+D, BDF or BDF+.
    recording : SignalRecording
        ``column`` is the channel's label, or its number from 1; ``rate_hz`` and ``unit``, where
        declared, must agree with the file.

    Returns
    -------
    Signal
        Device time counts from the file's start; what lies between interrupted records is invalid.

    Raises
    ------
    InputError
        Not such a file, truncated, no such channel, a rate or unit that contradicts the declared.
    StorageError
        The file cannot be opened.
    """
    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r")
    except ValueError as error:
        raise InputError("empty file", where=path.name, expected="EDF or BDF") from error
    except OSError as error:
        raise StorageError("cannot be read", where=path.name, got=error.strerror) from error
    header = _header(raw, path)
    channel = _find(header, recording.column, path)
    rate = Fraction(channel.n_samples) / header.record_s
    if rate > _MAX_RATE_HZ:
        raise InputError(
            "header: sampling rate",
            where=f"{path.name}: channel {channel.label!r}",
            got=f"{float(rate):g} Hz",
            expected=f"up to {_MAX_RATE_HZ} Hz",
        )
    _refuse_contradiction(channel, rate, recording, path)
    records = raw[header.n_bytes :][: header.n_records * header.record_bytes].reshape(
        header.n_records, header.record_bytes
    )
    physical = _physical(records, channel, header.sample_bytes)
    starts = _record_starts(records, header, rate, path)
    n_samples = int(starts[-1]) + channel.n_samples
    values, valid = np.zeros(n_samples), np.zeros(n_samples, dtype=np.bool_)
    address = (starts[:, None] + np.arange(channel.n_samples)).ravel()
    values[address], valid[address] = physical.ravel(), True
    clock = SampleClock(_first_onset_ns(records, header, path), rate, n_samples)
    unit = recording.unit or channel.unit
    return Signal(recording.signal, recording.role, unit, values, valid, clock, recording.clock_map)


def _header(raw: npt.NDArray[np.uint8], path: Path) -> _Header:
    fixed = raw[:_FIXED].tobytes()
    bdf = fixed[:8] == b"\xffBIOSEMI"
    if len(fixed) < _FIXED or not (bdf or fixed[:8] == b"0       "):
        raise InputError(
            "not an EDF or BDF file", where=path.name, got=repr(fixed[:8]), expected="its signature"
        )
    n_channels = _whole(fixed[252:256], "number of channels", path)
    if not 1 <= n_channels <= _MAX_CHANNELS:
        raise InputError("header: number of channels", where=path.name, got=n_channels, expected="1 to 4096")
    n_bytes = _FIXED + n_channels * _PER_CHANNEL
    if raw.size < n_bytes:
        raise InputError(
            "truncated in the header", where=path.name, got=f"{raw.size} bytes", expected=n_bytes
        )
    record_s = _decimal(fixed[244:252], "duration of a data record", path)
    if not _RECORD_S[0] <= record_s <= _RECORD_S[1]:
        raise InputError(
            "header: duration of a data record",
            where=path.name,
            got=_text(fixed[244:252]),
            expected=f"{_RECORD_S[0]:g} to {_RECORD_S[1]:g} s",
        )
    sample_bytes = 3 if bdf else 2
    channels = _channels(raw[_FIXED:n_bytes].tobytes(), n_channels, sample_bytes, path)
    record_bytes = sum(channel.n_samples for channel in channels) * sample_bytes
    n_records = _n_records(fixed[236:244], (raw.size - n_bytes) // record_bytes, path)
    interrupted = fixed[192:197] in (b"EDF+D", b"BDF+D")
    return _Header(n_bytes, sample_bytes, interrupted, record_s, n_records, record_bytes, channels)


def _n_records(field: bytes, held: int, path: Path) -> int:
    """Give the number of data records, which the file holds whole."""
    n_records = _whole(field, "number of data records", path)
    if n_records == -1:  # the recorder never closed the file; the format then lets its size decide
        n_records = held
    if n_records < 1 or held < n_records:
        raise InputError(
            "truncated",
            where=path.name,
            got=f"{held} whole data records",
            expected=f"{n_records}, at least 1",
        )
    return n_records


def _channels(block: bytes, n: int, sample_bytes: int, path: Path) -> tuple[_Channel, ...]:
    def field(start: int, width: int, k: int) -> bytes:
        return block[start * n + k * width : start * n + (k + 1) * width]

    channels = []
    offset = 0
    for k in range(n):
        label = _text(field(0, 16, k))
        n_samples = _whole(field(216, 8, k), f"samples per record of {label!r}", path)
        if n_samples < 1:
            raise InputError(f"header: samples per record of {label!r}", where=path.name, got=n_samples)
        physical = [float(_decimal(field(at, 8, k), f"range of {label!r}", path)) for at in (104, 112)]
        digital = [_whole(field(at, 8, k), f"digital range of {label!r}", path) for at in (120, 128)]
        channels.append(
            _Channel(
                label,
                _text(field(96, 8, k)),
                (physical[0], physical[1]),
                (digital[0], digital[1]),
                n_samples,
                offset,
            )
        )
        offset += n_samples * sample_bytes
    return tuple(channels)


def _find(header: _Header, wanted: str, path: Path) -> _Channel:
    signals = [channel for channel in header.channels if channel.label not in _ANNOTATIONS]
    named = [channel for channel in signals if channel.label == wanted]
    if len(named) > 1:
        raise InputError(
            "two channels of that label", where=path.name, got=wanted, fix="give its number from 1"
        )
    if not named and wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(signals):
        named = [signals[int(wanted) - 1]]
    if not named:
        known = ", ".join(channel.label for channel in signals) or "none"
        raise InputError("no such channel", where=path.name, got=wanted, expected=f"one of: {known}")
    channel = named[0]
    if channel.digital[0] == channel.digital[1] or channel.physical[0] == channel.physical[1]:
        raise InputError(
            "no range",
            where=f"{path.name}: channel {channel.label!r}",
            got=f"physical {channel.physical}, digital {channel.digital}",
            expected="two different limits",
        )
    return channel


def _refuse_contradiction(channel: _Channel, rate: Fraction, recording: SignalRecording, path: Path) -> None:
    where = f"{path.name}: channel {channel.label!r}"
    declared = recording.rate_hz
    if declared is not None and abs(declared / rate - 1) > Fraction(1, 1000):
        raise InputError(
            "the file contradicts the declared rate",
            where=where,
            got=f"{float(rate):g} Hz",
            expected=f"{float(declared):g} Hz",
            fix="correct rate_hz or leave it out: the file carries its own",
        )
    if recording.unit and recording.unit.translate(_MICRO) != channel.unit.translate(_MICRO):
        raise InputError(
            "the file contradicts the declared unit",
            where=where,
            got=channel.unit,
            expected=recording.unit,
            fix="correct unit or leave it out: the file carries its own",
        )


def _physical(
    records: npt.NDArray[np.uint8], channel: _Channel, sample_bytes: int
) -> npt.NDArray[np.float64]:
    """Give physical values; shape (records, samples per record)."""
    part = records[:, channel.offset : channel.offset + channel.n_samples * sample_bytes]
    if sample_bytes == 2:
        digital = np.ascontiguousarray(part).view("<i2").astype(np.float64)
    else:
        # Three bytes become the upper three of four, so that the sign comes along.
        wide = np.zeros((part.shape[0], channel.n_samples, 4), np.uint8)
        wide[:, :, 1:] = part.reshape(part.shape[0], channel.n_samples, 3)
        digital = (wide.reshape(part.shape[0], -1).view("<i4") >> 8).astype(np.float64)
    (low, high), (d_low, d_high) = channel.physical, channel.digital
    return np.asarray((digital - d_low) * ((high - low) / (d_high - d_low)) + low)


def _onset(record: npt.NDArray[np.uint8], header: _Header, number: int, path: Path) -> Fraction:
    """Give the time-keeping stamp of one data record in seconds from the file's start."""
    keeper = next((c for c in header.channels if c.label in _ANNOTATIONS), None)
    where = f"{path.name}: data record {number + 1}"
    if keeper is None:
        raise InputError("interrupted, but without time stamps", where=where, expected="EDF Annotations")
    text = record[keeper.offset : keeper.offset + keeper.n_samples * header.sample_bytes].tobytes()
    stamp, mark, _ = text.partition(b"\x14")
    seconds = _text(stamp)
    if not mark or not _NUMBER.match(seconds) or abs(Fraction(seconds)) > _MAX_ONSET_S:
        raise InputError("no time stamp", where=where, got=repr(stamp[:20]), expected="+seconds")
    return Fraction(seconds)


def _first_onset_ns(records: npt.NDArray[np.uint8], header: _Header, path: Path) -> int:
    if not any(channel.label in _ANNOTATIONS for channel in header.channels):
        return 0
    return s_to_ns(_onset(records[0], header, 0, path))


def _record_starts(
    records: npt.NDArray[np.uint8], header: _Header, rate: Fraction, path: Path
) -> npt.NDArray[np.int64]:
    """Give the sample address at which each data record begins; shape (records,)."""
    per_record = int(rate * header.record_s)
    if not header.interrupted:
        return np.arange(header.n_records, dtype=np.int64) * per_record
    onsets = [_onset(record, header, k, path) for k, record in enumerate(records)]
    starts = np.array([round((onset - onsets[0]) * rate) for onset in onsets], dtype=np.int64)
    back = np.flatnonzero(np.diff(starts) < per_record)
    if back.size:
        k = int(back[0]) + 1
        raise InputError(
            "data records overlap in time",
            where=f"{path.name}: data record {k + 1}",
            got=f"begins at {float(onsets[k]):g} s",
            expected=f"at or after {float(onsets[k - 1] + header.record_s):g} s",
        )
    if int(starts[-1]) > 100 * records.shape[0] * per_record + 3600 * rate:
        raise InputError(
            "an interruption too long for one recording",
            where=path.name,
            got=f"{float(onsets[-1] - onsets[0]):g} s between first and last record",
        )
    return starts


def _text(data: bytes) -> str:
    return data.decode("latin-1").strip()


def _whole(data: bytes, what: str, path: Path) -> int:
    try:
        return int(_text(data))
    except ValueError as error:
        raise InputError(f"header: {what}", where=path.name, got=_text(data), expected="a number") from error


def _decimal(data: bytes, what: str, path: Path) -> Fraction:
    text = _text(data)
    if not _NUMBER.match(text):
        raise InputError(f"header: {what}", where=path.name, got=text, expected="a number")
    return Fraction(text)
