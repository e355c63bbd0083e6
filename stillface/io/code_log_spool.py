"""Where the lines of a code log wait on this computer while the study's disk or share takes none.

The lines continue the log's own chain of hashes, so that they can be put behind it byte for byte as soon as
it can be written again, in this sitting or at the start of a later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from stillface.errors import FieldError
from stillface.io.code_log_file import LogFile
from stillface.io.code_log_record import Record, decode_line, encode_line
from stillface.io.durable import FileSystem, read_bytes, storage_error, write_atomic

__all__ = ["Spool", "not_yet_in"]

_PRIVATE = 0o700


class Spool:
    """One log's waiting lines.

    Parameters
    ----------
    path : Path
        On a disk of this computer; its folder is made when it is needed, for this user only.
    fs : FileSystem
    """

    def __init__(self, path: Path, *, fs: FileSystem) -> None:
        self.path = path
        self._fs = fs
        self._file: LogFile | None = None

    def waiting(self) -> bytes:
        """Give what waits; empty where nothing does. Raises StorageError where it cannot be read."""
        try:
            return read_bytes(self.path, fs=self._fs)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise storage_error(error, self.path, "could not read what waits on this computer") from error

    def keep(self, lines: bytes) -> None:
        """Bring lines to this computer's disk, behind those of this sitting; raises StorageError.

        The first call replaces what was there.
        """
        if self._file is not None:
            self._file.append(lines)
            return
        try:
            self.path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            self.path.parent.chmod(_PRIVATE)
        except OSError as error:
            raise storage_error(error, self.path, "could not keep it on this computer") from error
        write_atomic(self.path, lines, mode=0o600, fs=self._fs)
        self._file = LogFile(self.path, lines, fs=self._fs)

    def clear(self) -> None:
        """Forget lines that are in the log now; what cannot be removed is found there at the next opening."""
        if self._file is not None:
            self._file.close()
            self._file = None
        with suppress(OSError):
            self._fs.unlink(self.path)

    def close(self) -> None:
        """Give the file back; what waits in it stays."""
        if self._file is not None:
            self._file.close()

    def set_aside(self) -> str:
        """Keep lines that do not continue the log under another name, and give it; raises StorageError."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.aside-{number}")).exists():
            number += 1
        try:
            self._fs.replace(self.path, aside)
        except OSError as error:
            raise storage_error(error, self.path, "could not keep it aside") from error
        return aside.name


def not_yet_in(log: Sequence[Record], waiting: bytes) -> bytes | None:
    """Give the waiting lines that a log does not have yet; None where they tell another story.

    A program may have died after the log took some of them and before they were forgotten here.
    """
    lines = waiting.splitlines(keepends=True)
    if not lines:
        return b""
    try:
        first = decode_line(lines[0]).seq
    except (FieldError, ValueError):
        return None
    known = [encode_line(record) for record in log[first : first + len(lines)]]
    if first > len(log) or known != lines[: len(known)]:
        return None
    return b"".join(lines[len(known) :])
