"""A table written row by row and put in place whole or not at all, however long it is."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from stillface.io.durable import OS_FS, FileSystem, storage_error, temp_beside, write_all
from stillface.io.tables import safe_text

__all__ = ["TableWriter"]

_BLOCK = 1 << 16


class TableWriter:
    """Writes a comma-separated table into a temporary file and puts it in place at the end.

    Use it in a ``with`` statement: when the block is left by an exception, ``path`` stays as it was.

    Parameters
    ----------
    path : Path
    header : sequence of str
    fs : FileSystem

    Raises
    ------
    StorageError
        A step failed; ``path`` is then as it was.
    """

    def __init__(self, path: Path, header: Sequence[str], *, fs: FileSystem = OS_FS) -> None:
        self._path = path
        self._header = header
        self._fs = fs
        self._temp = temp_beside(path)
        self._descriptor = -1
        self._hash = hashlib.sha256()
        self._text = io.StringIO()
        self._csv = csv.writer(self._text, lineterminator="\n")

    def __enter__(self) -> TableWriter:
        try:
            self._descriptor = self._fs.open(self._temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except OSError as error:
            raise storage_error(error, self._path, "could not save") from error
        self._csv.writerow(self._header)
        return self

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Add rows; cells as in `stillface.io.tables.table_bytes`."""
        self._csv.writerows(
            [safe_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
        )
        if self._text.tell() >= _BLOCK:
            self._flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._flush()
                self._put_in_place()
        finally:
            self._close()
            # Gone after the replace; if it cannot be removed now, the sweep takes it later.
            with suppress(OSError):
                self._fs.unlink(self._temp)

    def _flush(self) -> None:
        data = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        self._hash.update(data)
        try:
            write_all(self._fs, self._descriptor, data)
        except OSError as error:
            raise storage_error(error, self._path, "could not save") from error

    def _put_in_place(self) -> None:
        try:
            self._fs.fsync(self._descriptor)
            self._close()
            if self._read_back() != self._hash.digest():
                raise OSError(errno.EIO, "what was written reads back differently")
            self._fs.replace(self._temp, self._path)
            self._fs.fsync_folder(self._path.parent)
        except OSError as error:
            raise storage_error(error, self._path, "could not save") from error

    def _read_back(self) -> bytes:
        found = hashlib.sha256()
        descriptor = self._fs.open(self._temp, os.O_RDONLY)
        try:
            while block := self._fs.read(descriptor, _BLOCK):
                found.update(block)
        finally:
            self._fs.close(descriptor)
        return found.digest()

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            self._fs.close(descriptor)
