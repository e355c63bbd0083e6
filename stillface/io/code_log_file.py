"""The file under a code log: only ever longer, and exactly as this program left it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from stillface.errors import StorageError
from stillface.io.durable import FileSystem, read_bytes, storage_error, write_all, write_atomic

__all__ = ["LogFile", "set_aside"]


class LogFile:
    """Appends to one file; opened, and created when absent, at the first append.

    Parameters
    ----------
    path : Path
    content : bytes
        The file's verified content.
    fs : FileSystem
    """

    def __init__(self, path: Path, content: bytes, *, fs: FileSystem) -> None:
        self.path = path
        self.foreign = False
        self._fs = fs
        self._size_bytes = len(content)
        self._hash = hashlib.sha256(content)
        self._descriptor: int | None = None
        self._tried = b""

    def append(self, data: bytes) -> None:
        """Bring ``data`` to the disk, whole, or leave the file as it was.

        Raises
        ------
        StorageError
            When the disk refused, or another program changed the file (then ``foreign`` is set).
        """
        try:
            descriptor = self._ready()
            self._tried = data
            write_all(self._fs, descriptor, data)
            self._fs.fsync(descriptor)
        except OSError as error:
            # After a failed fsync the system may call the pages clean: cut them, so that the next
            # try writes them anew and syncs what it wrote.
            with suppress(OSError):
                self._cut_tail()
            # A share that was away and came back takes nothing through the old descriptor.
            self.close()
            raise storage_error(error, self.path, "NOT SAVED (kept in memory)") from error
        self._tried = b""
        self._size_bytes += len(data)
        self._hash.update(data)

    def _ready(self) -> int:
        if self._descriptor is None:
            self._descriptor = self._opened()
        self._cut_tail()
        here = os.fstat(self._descriptor)
        if here.st_size != self._size_bytes or not os.path.samestat(self.path.stat(), here):
            raise self._changed()
        return self._descriptor

    def _opened(self) -> int:
        # A log that was there and is gone must not begin anew: its share is away.
        create = 0 if self._size_bytes else os.O_CREAT
        descriptor = self._fs.open(self.path, os.O_RDWR | create | os.O_APPEND)
        try:
            self._fs.fsync_folder(self.path.parent)
            now = read_bytes(self.path, fs=self._fs)
        except OSError:
            self._fs.close(descriptor)
            raise
        # What lies beyond may only be what this program could not write to its end.
        mine = self._tried.startswith(now[self._size_bytes :])
        if hashlib.sha256(now[: self._size_bytes]).digest() != self._hash.digest() or not mine:
            self._fs.close(descriptor)
            raise self._changed()
        return descriptor

    def _changed(self) -> StorageError:
        self.foreign = True
        return StorageError(
            "NOT SAVED: the file was changed by another program",
            where=self.path.name,
            fix="save a copy, then open the log again",
        )

    def _cut_tail(self) -> None:
        if self._tried and self._descriptor is not None:
            self._fs.truncate(self._descriptor, self._size_bytes)
            self._tried = b""

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
