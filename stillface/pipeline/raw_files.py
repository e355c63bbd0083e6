"""Raw files: found where a person says they are, copied into the study with proof, and remembered by hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stillface.domain.recording import VideoRecording
from stillface.domain.session import Session
from stillface.errors import FieldError, InputError, StorageError
from stillface.io.bundle import StudyFolder
from stillface.io.durable import OS_FS, FileSystem, storage_error, temp_beside, write_all, write_atomic
from stillface.io.safe_paths import check_relative, resolve_inside

__all__ = [
    "RAW_RECORD",
    "Placed",
    "copy_in",
    "hash_of",
    "place",
    "raw_names",
    "record_raw",
    "recorded_raw",
]

_BLOCK = 1 << 20
RAW_RECORD = "raw.json"
"""In a session's folder: the hash of each raw file when it was added."""


@dataclass(frozen=True)
class Placed:
    """Where a raw file is, and what a session will call it.

    Parameters
    ----------
    source : Path
        The file as it is now.
    relative : str
        Its path inside the study.
    to_copy : bool
        It lies outside and is to be copied to ``relative``.
    """

    source: Path
    relative: str
    to_copy: bool


def raw_names(session: Session) -> tuple[str, ...]:
    """Give the files that a session's recordings name, each once."""
    names = [
        name
        for recording in session.recordings
        for name in (recording.files if isinstance(recording, VideoRecording) else (recording.file,))
    ]
    return tuple(dict.fromkeys(names))


def place(folder: StudyFolder, typed: str, base: Path, into: str, *, copy: bool) -> Placed:
    """Find a file that a person named.

    Parameters
    ----------
    folder : StudyFolder
    typed : str
        Relative to the study or to ``base``, or absolute.
    base : Path
        The current folder, or the folder of the table that names the file.
    into : str
        Folder of the study for a copy: ``media/S01``.
    copy : bool
        Whether a file outside may be copied into the study.

    Raises
    ------
    InputError
        No such file, or it lies outside and may not be copied.
    FieldError
        A name that cannot exist on every system.
    """
    source = _found(folder.root, typed, base)
    if source is None:
        raise InputError("no such file", where=typed, fix="give a path inside the study, or from here")
    if source.resolve().is_relative_to(folder.root.resolve()):
        return Placed(source, folder.relative(source), False)
    if not copy:
        raise InputError(
            "the file lies outside the study",
            where=typed,
            fix=f"put it into the study's folder {into.partition('/')[0]}, or let it be copied: --copy",
        )
    return Placed(source, str(check_relative(f"{into}/{source.name}")), True)


def _found(root: Path, typed: str, base: Path) -> Path | None:
    candidates = [Path(root, typed), Path(base, typed)]
    # A refused name is still looked for: "no such file" would send a person looking for a typing error.
    with suppress(FieldError):
        candidates.insert(0, resolve_inside(root, typed))
    try:
        return next((path for path in candidates if path.is_file()), None)
    except OSError as error:
        raise storage_error(error, Path(typed), "could not look for it") from error


def hash_of(path: Path) -> str:
    """Give the SHA-256 of a file as it is on the disk now; raises StorageError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise storage_error(error, path, "could not read") from error


def copy_in(source: Path, target: Path, *, fs: FileSystem = OS_FS) -> None:
    """Copy a raw file into the study and prove that the copy is the same; the original is only read.

    The very same file under that name is left as it is.

    Raises
    ------
    InputError
        Another file has that name.
    StorageError
        The disk refused, or the copy reads back differently; nothing is left of it then.
    """
    if target.exists():
        if hash_of(target) == hash_of(source):
            return
        raise InputError(
            "another file of that name is in the study", where=target.name, fix="rename the new one"
        )
    temp = temp_beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = _copied(source, temp, fs)
        if hash_of(temp) != digest:
            raise StorageError("the copy reads back differently", where=target.name, fix="check the disk")
        fs.replace(temp, target)
        fs.fsync_folder(target.parent)
    except OSError as error:
        raise storage_error(error, target, "could not copy it into the study") from error
    finally:
        with suppress(OSError):
            fs.unlink(temp)


def _copied(source: Path, temp: Path, fs: FileSystem) -> str:
    digest = hashlib.sha256()
    descriptor = fs.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with source.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                write_all(fs, descriptor, block)
        fs.fsync(descriptor)
    finally:
        fs.close(descriptor)
    return digest.hexdigest()


def record_raw(
    folder: StudyFolder, session_id: str, digests: Mapping[str, str], *, fs: FileSystem = OS_FS
) -> None:
    """Remember the hashes of a session's raw files, so that a later change is seen; raises StorageError."""
    path = folder.session_dir(session_id) / RAW_RECORD
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, path, "could not make the session") from error
    write_atomic(
        path, json.dumps(dict(digests), indent=1, sort_keys=True, ensure_ascii=False).encode(), fs=fs
    )


def recorded_raw(folder: StudyFolder, session_id: str) -> dict[str, str]:
    """Give the remembered hashes by path, empty for a session that was made without them.

    Raises
    ------
    InputError
        The record is damaged.
    """
    path = folder.session_dir(session_id) / RAW_RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in content.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise storage_error(error, path, "could not read") from error
    except (ValueError, AttributeError) as error:
        raise InputError(
            "the record of raw files is damaged",
            where=f"{session_id}/{RAW_RECORD}",
            fix="restore it from a backup",
        ) from error
