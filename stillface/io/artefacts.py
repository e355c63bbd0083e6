"""Face tracks, state tracks, signals and beats in HDF5 files, each with the key of what made it.

Every file is one artefact. Arrays come back bit for bit; clocks come back exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ClockMap, FrameClock, SampleClock
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.provenance import Provenance
from stillface.domain.recording import Signal
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import FieldError, InputError
from stillface.io.durable import OS_FS, FileSystem
from stillface.io.h5_seal import read_seal
from stillface.io.hdf5 import open_checked, write_once

if TYPE_CHECKING:
    import h5py

__all__ = [
    "load_beats",
    "load_codable",
    "load_face_track",
    "load_signal",
    "load_state_track",
    "save_beats",
    "save_face_track",
    "save_signal",
    "save_state_track",
    "stored_key",
]

_CHUNK_BYTES = 1 << 20
Fill = Callable[["h5py.File"], None]


def stored_key(path: Path) -> str | None:
    """Give the content key of an artefact's file, or None when there is no file.

    Reads the seal alone, so that a cache of hundreds of files answers at once; loading checks the rest.
    """
    return read_seal(path).key if path.exists() else None


def save_face_track(
    path: Path, track: FaceTrack, provenance: Provenance, *, overwrite: bool = False, fs: FileSystem = OS_FS
) -> None:
    """Store a face track; raises StorageError.

    Rows of frames without a face are all zeros and are left out, so that an empty film does not look
    like a file that unpacks without end.
    """

    def fill(file: h5py.File) -> None:
        _put_text(file, role=track.role, recording_id=track.recording_id, source=track.source)
        file.attrs["statuses"] = list(FaceStatus.NAMES)
        _put(file, "edges_ns", track.clock.edges_ns)
        for name in FaceTrack.array_names():
            array = getattr(track, name)
            if array.ndim > 1:
                held = np.any(array, axis=tuple(range(1, array.ndim)))
                _put(file, f"{name}_rows", np.flatnonzero(held).astype(np.int64))
                array = array[held]
            _put(file, name, array)

    _write(path, fill, "face_track", provenance, overwrite, fs)


def load_face_track(path: Path) -> FaceTrack:
    """Read what :func:`save_face_track` stored; raises InputError."""
    with open_checked(path, kind="face_track") as file, _Reading(path):
        _same_names(path, "statuses", file.attrs["statuses"], FaceStatus.NAMES)
        if "turn" not in file:
            raise InputError(
                "a face track of an earlier version, without head turn",
                where=path.name,
                expected=", ".join(FaceTrack.array_names()),
                fix="run the tracking step again",
            )
        clock = FrameClock(file["edges_ns"][()])
        parts: dict[str, Any] = {name: str(file.attrs[name]) for name in ("role", "recording_id", "source")}
        for name in FaceTrack.array_names():
            array = file[name][()]
            if f"{name}_rows" in file:
                whole = np.zeros((clock.n_frames, *array.shape[1:]), array.dtype)
                whole[file[f"{name}_rows"][()]] = array
                array = whole
            parts[name] = array
        return FaceTrack(clock=clock, **parts)


def load_codable(path: Path) -> tuple[FrameClock, npt.NDArray[np.bool_]]:
    """Read of a face track only when its frames are and which are codable, shape (n,); raises InputError."""
    with open_checked(path, kind="face_track") as file, _Reading(path):
        _same_names(path, "statuses", file.attrs["statuses"], FaceStatus.NAMES)
        return FrameClock(file["edges_ns"][()]), np.asarray(file["status"][()] == FaceStatus.CODABLE)


def save_state_track(
    path: Path, track: StateTrack, provenance: Provenance, *, overwrite: bool = False, fs: FileSystem = OS_FS
) -> None:
    """Store a machine's proposal with its confidence; raises StorageError."""

    def fill(file: h5py.File) -> None:
        _put_text(file, role=track.role, source=track.source)
        _put_text(file, scheme_id=track.scheme.id, scheme_version=track.scheme.version)
        file.attrs["code_ids"] = list(track.scheme.code_ids)
        _put(file, "edges_ns", track.edges_ns)
        _put(file, "codes", track.codes)
        if track.confidence is not None:
            _put(file, "confidence", track.confidence)

    _write(path, fill, "state_track", provenance, overwrite, fs)


def load_state_track(path: Path, scheme_of: Callable[[str], CodingScheme]) -> StateTrack:
    """Read what :func:`save_state_track` stored.

    Parameters
    ----------
    path : Path
    scheme_of : callable
        Gives the coding scheme of an id.

    Raises
    ------
    InputError
        The file is unfit, or the scheme has other codes now than when the track was made.
    """
    with open_checked(path, kind="state_track") as file, _Reading(path):
        scheme = scheme_of(str(file.attrs["scheme_id"]))
        _same_names(path, f"codes of {scheme.id}", file.attrs["code_ids"], scheme.code_ids)
        confidence = file["confidence"][()] if "confidence" in file else None
        return StateTrack(
            scheme,
            str(file.attrs["role"]),
            str(file.attrs["source"]),
            file["edges_ns"][()],
            file["codes"][()],
            confidence,
        )


def save_signal(
    path: Path, signal: Signal, provenance: Provenance, *, overwrite: bool = False, fs: FileSystem = OS_FS
) -> None:
    """Store a sampled signal with its clocks; raises StorageError."""

    def fill(file: h5py.File) -> None:
        _put_text(file, role=signal.role, kind_of_signal=signal.kind, unit=signal.unit)
        _put_text(file, rate_hz=str(signal.clock.rate_hz))
        file.attrs["start_ns"] = np.int64(signal.clock.start_ns)
        _put_clock_map(file, signal.clock_map)
        _put(file, "values", signal.values)
        _put(file, "valid", signal.valid.astype(np.uint8))

    _write(path, fill, "signal", provenance, overwrite, fs)


def load_signal(path: Path) -> Signal:
    """Read what :func:`save_signal` stored; raises InputError."""
    with open_checked(path, kind="signal") as file, _Reading(path):
        values = file["values"][()]
        clock = SampleClock(int(file.attrs["start_ns"]), Fraction(file.attrs["rate_hz"]), values.size)
        return Signal(
            str(file.attrs["kind_of_signal"]),
            str(file.attrs["role"]),
            str(file.attrs["unit"]),
            values,
            file["valid"][()].astype(np.bool_),
            clock,
            _take_clock_map(file),
        )


def save_beats(
    path: Path, beats: BeatSeries, provenance: Provenance, *, overwrite: bool = False, fs: FileSystem = OS_FS
) -> None:
    """Store detected heart beats; raises StorageError."""

    def fill(file: h5py.File) -> None:
        _put_text(file, role=beats.role, source=beats.source)
        file.attrs["flag_names"] = list(BEAT_FLAGS)
        file.attrs["observed_ns"] = np.array(beats.observed_ns, dtype=np.int64)
        _put(file, "times_ns", beats.times_ns)
        _put(file, "flags", beats.flags)

    _write(path, fill, "beats", provenance, overwrite, fs)


def load_beats(path: Path) -> BeatSeries:
    """Read what :func:`save_beats` stored; raises InputError."""
    with open_checked(path, kind="beats") as file, _Reading(path):
        _same_names(path, "beat flags", file.attrs["flag_names"], BEAT_FLAGS)
        first, last = (int(ns) for ns in file.attrs["observed_ns"])
        return BeatSeries(
            str(file.attrs["role"]),
            file["times_ns"][()],
            file["flags"][()],
            (first, last),
            str(file.attrs["source"]),
        )


class _Reading:
    """Says which file it was whose parts are missing or refused by the domain."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError):
            raise InputError("a part is missing", where=self._path.name, got=str(error)) from error
        if isinstance(error, FieldError):
            raise InputError(f"unfit content: {error}", where=self._path.name) from error
        if isinstance(error, (ValueError, TypeError, IndexError)) and not isinstance(error, InputError):
            raise InputError("unfit content", where=self._path.name, got=str(error)) from error


def _write(
    path: Path, fill: Fill, kind: str, provenance: Provenance, overwrite: bool, fs: FileSystem
) -> None:
    write_once(
        path,
        fill,
        kind=kind,
        key=provenance.key,
        provenance=provenance.to_json(),
        made_by=provenance.software_version,
        overwrite=overwrite,
        fs=fs,
    )


def _put(file: h5py.File, name: str, array: npt.NDArray[Any]) -> None:
    """Store one array packed, with a checksum for each block."""
    if not array.size:
        file.create_dataset(name, data=array)
        return
    row_bytes = max(1, array.nbytes // array.shape[0])
    rows = min(array.shape[0], max(1, _CHUNK_BYTES // row_bytes))
    file.create_dataset(
        name,
        data=array,
        chunks=(rows, *array.shape[1:]),
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        fletcher32=True,
    )


def _put_text(file: h5py.File, **texts: str) -> None:
    for name, text in texts.items():
        file.attrs[name] = text


def _put_clock_map(file: h5py.File, clock_map: ClockMap) -> None:
    file.attrs["offset_ns"] = np.int64(clock_map.offset_ns)
    file.attrs["drift_ppm"] = clock_map.drift_ppm
    file.attrs["method"] = clock_map.method
    file.attrs["n_marks"] = clock_map.n_marks
    if clock_map.residual_ms is not None:
        file.attrs["residual_ms"] = clock_map.residual_ms


def _take_clock_map(file: h5py.File) -> ClockMap:
    residual = file.attrs.get("residual_ms")
    return ClockMap(
        int(file.attrs["offset_ns"]),
        float(file.attrs["drift_ppm"]),
        str(file.attrs["method"]),
        int(file.attrs["n_marks"]),
        None if residual is None else float(residual),
    )


def _same_names(path: Path, what: str, stored: Any, now: tuple[str, ...]) -> None:
    """Refuse indices whose meaning has changed since they were stored."""
    names = tuple(str(name) for name in stored)
    if names != now:
        raise InputError(
            f"the {what} have changed since this file was made",
            where=path.name,
            got=", ".join(names),
            expected=", ".join(now),
            fix="run the step again",
        )
