"""The file under a code log: only ever longer, and exactly as this program left it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from stillface.errors import StorageError
from stillface.io.durable import FileSystem, storage_error, write_all, write_atomic

__all__ = ["LogFile", "set_aside"]


class LogFile:
    """Appends to one file; opened, and created when absent, at the first append.

    Parameters
    ----------
    path : Path
    size_bytes : int
        Length of the file's verified content.
    fs : FileSystem
    """

    def __init__(self, path: Path, size_bytes: int, *, fs: FileSystem) -> None:
        self.path = path
        self.size_bytes = size_bytes
        self.foreign = False
        self._fs = fs
        self._descriptor: int | None = None
        self._dirty_tail = False

    def append(self, data: bytes) -> None:
        """Bring ``data`` to the disk, whole, or leave the file as it was.

        Raises
        ------
        StorageError
            When the disk refused, or another program changed the file (then ``foreign`` is set).
        """
        try:
            descriptor = self._ready()
            self._dirty_tail = True
            write_all(self._fs, descriptor, data)
            self._fs.fsync(descriptor)
        except OSError as error:
            # After a failed fsync the system may call the pages clean: cut them, so that the next
            # try writes them anew and syncs what it wrote.
            with suppress(OSError):
                self._cut_tail()
            raise storage_error(error, self.path, "NOT SAVED (kept in memory)") from error
        self._dirty_tail = False
        self.size_bytes += len(data)

    def _ready(self) -> int:
        if self._descriptor is None:
            descriptor = self._fs.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                self._fs.fsync_folder(self.path.parent)
            except OSError:
                self._fs.close(descriptor)
                raise
            self._descriptor = descriptor
        self._cut_tail()
        here = os.fstat(self._descriptor)
        if here.st_size != self.size_bytes or not os.path.samestat(self.path.stat(), here):
            self.foreign = True
            raise StorageError(
                "NOT SAVED: the file was changed by another program",
                where=self.path.name,
                fix="save a copy, then open the log again",
            )
        return self._descriptor

    def _cut_tail(self) -> None:
        if self._dirty_tail and self._descriptor is not None:
            self._fs.truncate(self._descriptor, self.size_bytes)
            self._dirty_tail = False

    def close(self) -> None:
        """Give the descriptor back; everything appended is on the disk already."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._fs.close(self._descriptor)
            self._descriptor = None


def set_aside(path: Path, tail: bytes, offset: int, *, fs: FileSystem) -> str:
    """Keep the torn end of a log in a file ``<name>.torn-<offset>``, then cut it from the log.

    Returns
    -------
    str
        Name of the file that holds the end.

    Raises
    ------
    OSError, StorageError
        When either step failed; the end is then still in the log.
    """
    aside = _unused(path.with_name(f"{path.name}.torn-{offset}"))
    write_atomic(aside, tail, mode=0o600, fs=fs)
    descriptor = fs.open(path, os.O_RDWR)
    try:
        fs.truncate(descriptor, offset)
        fs.fsync(descriptor)
    finally:
        fs.close(descriptor)
    return aside.name


def _unused(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        candidate, number = path.with_name(f"{path.name}-{number}"), number + 1
    return candidate
