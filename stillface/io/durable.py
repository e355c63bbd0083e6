"""Writing files so that a crash, a full disk or a pulled cable leaves the old file or the new one.

Every call that can fail goes through :class:`FileSystem`, so that the tests can make the Nth call
fail and look at what is left.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stillface.errors import StorageError

__all__ = [
    "LOW_SPACE_BYTES",
    "OS_FS",
    "FileSystem",
    "free_space_warning",
    "read_bytes",
    "require_free_space",
    "storage_error",
    "sweep_temps",
    "temp_beside",
    "write_all",
    "write_atomic",
]

LOW_SPACE_BYTES = 1_000_000_000
SPACE_MARGIN = 1.2
ORPHAN_AGE_S = 3600.0
_BINARY = getattr(os, "O_BINARY", 0)
_READ_BLOCK = 1 << 20
_TEMP_NAME = re.compile(r"\..+\.stillface-[0-9a-f]{12}\.tmp\Z")
# A folder cannot be synced on some shares; the file's own fsync is then all there is to have.
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES})
_IN_WORDS = {
    errno.ENOSPC: ("the disk is full", "free some space, then save again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then save again"),
    errno.EFBIG: ("the file may not grow any further", "raise the file size limit, then save again"),
    errno.EIO: ("the disk or share reported an error", "check the disk or connection, then save again"),
    errno.EROFS: ("the disk is read-only", "save to a folder that can be written"),
    errno.EACCES: ("no permission to write here", "ask for write permission or use another folder"),
    errno.EPERM: ("no permission to write here", "ask for write permission or use another folder"),
    errno.ENOENT: ("the file or folder is not there", "check that the disk or share is connected"),
}


class FileSystem:
    """The calls through which stillface changes files; tests replace single ones by faults."""

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        """Open ``path`` and give a descriptor (binary on every system)."""
        return os.open(path, flags | _BINARY, mode)

    def read(self, descriptor: int, size: int) -> bytes:
        """Read up to ``size`` bytes."""
        return os.read(descriptor, size)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write, perhaps only a part; give the number of bytes written."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """Have the system bring the file to the disk."""
        if sys.platform == "darwin":
            import fcntl

            # On macOS fsync only reaches the drive's own cache.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file to ``size`` bytes."""
        os.ftruncate(descriptor, size)

    def close(self, descriptor: int) -> None:
        """Give the descriptor back."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Put ``source`` in the place of ``target`` in one step."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove one file."""
        path.unlink()

    def fsync_folder(self, folder: Path) -> None:
        """Have the folder's own list of names brought to the disk."""
        if sys.platform == "win32":
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(descriptor)

    def free_bytes(self, folder: Path) -> int:
        """Give the bytes that may still be written in ``folder``."""
        return shutil.disk_usage(folder).free


OS_FS = FileSystem()


def storage_error(error: OSError, path: Path, doing: str) -> StorageError:
    """Turn an error of the operating system into one line for a person.

    Parameters
    ----------
    error : OSError
    path : Path
        File that was meant; only its name is shown, since a full path may name a person.
    doing : str
        What was tried, for example ``"could not save"``.
    """
    plain = (error.strerror or str(error), None)
    cause, fix = _IN_WORDS.get(error.errno or 0, plain)
    return StorageError(f"{doing}: {cause}", where=path.name, fix=fix)


def write_all(fs: FileSystem, descriptor: int, data: bytes) -> None:
    """Write every byte of ``data``; a write that takes nothing counts as a full disk."""
    rest = memoryview(data)
    while rest:
        written = fs.write(descriptor, rest)
        if written <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def read_bytes(path: Path, *, fs: FileSystem = OS_FS) -> bytes:
    """Read a whole file through ``fs``; raises OSError."""
    descriptor = fs.open(path, os.O_RDONLY)
    try:
        blocks = []
        while block := fs.read(descriptor, _READ_BLOCK):
            blocks.append(block)
    finally:
        fs.close(descriptor)
    return b"".join(blocks)


def temp_beside(path: Path) -> Path:
    """Give a new temporary name in the folder of ``path``, so that a replace stays on one disk."""
    # Cut the visible part: the temporary name must fit where the final one fits.
    return path.with_name(f".{path.name[:80]}.stillface-{uuid.uuid4().hex[:12]}.tmp")


def write_atomic(
    path: Path,
    data: bytes,
    *,
    mode: int = 0o666,
    verify: Callable[[Path], None] | None = None,
    fs: FileSystem = OS_FS,
) -> None:
    """Write ``data`` so that ``path`` holds the old content or the new, never a part.

    The bytes go to a temporary file in the same folder, which is synced, read back and compared,
    and then put in place; at last the folder is synced.

    Parameters
    ----------
    path : Path
    data : bytes
    mode : int
        Permissions of a new file, before the umask.
    verify : callable, optional
        Called with the temporary file before it is put in place; raises when it is unfit.
    fs : FileSystem

    Raises
    ------
    StorageError
        When any step failed; ``path`` is then as it was, unless only the last sync failed.
    """
    temp = temp_beside(path)
    try:
        _write_synced(temp, data, mode, fs)
        if read_bytes(temp, fs=fs) != data:
            raise OSError(errno.EIO, "what was written reads back differently")
        if verify is not None:
            verify(temp)
        fs.replace(temp, path)
        fs.fsync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path, "could not save") from error
    finally:
        # Gone after the replace; if it cannot be removed now, the sweep takes it later.
        with suppress(OSError):
            fs.unlink(temp)


def _write_synced(path: Path, data: bytes, mode: int, fs: FileSystem) -> None:
    descriptor = fs.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        write_all(fs, descriptor, data)
        fs.fsync(descriptor)
    finally:
        fs.close(descriptor)


def require_free_space(folder: Path, need_bytes: int, *, fs: FileSystem = OS_FS) -> None:
    """Refuse to begin when ``folder`` has not ``need_bytes`` and a fifth more.

    Raises
    ------
    StorageError
        Naming the free and the needed megabytes.
    """
    try:
        free = fs.free_bytes(folder)
    except OSError as error:
        raise storage_error(error, folder, "could not look at the free space") from error
    need = int(need_bytes * SPACE_MARGIN)
    if free < need:
        raise StorageError(
            "not enough free space",
            where=folder.name,
            got=_megabytes(free),
            expected=f"at least {_megabytes(need)}",
            fix="free some space or choose another disk",
        )


def free_space_warning(folder: Path, *, fs: FileSystem = OS_FS) -> str | None:
    """Give a warning for a person when the disk is nearly full, else None."""
    try:
        free = fs.free_bytes(folder)
    except OSError:
        # Some shares do not tell; a write that fails will.
        return None
    if free >= LOW_SPACE_BYTES:
        return None
    return f"only {_megabytes(free)} free on this disk: save and make room soon"


def sweep_temps(
    folder: Path,
    *,
    older_than_s: float = ORPHAN_AGE_S,
    now: Callable[[], float] = time.time,
    fs: FileSystem = OS_FS,
) -> tuple[str, ...]:
    """Remove temporary files that a killed writer left below ``folder``.

    Only names that :func:`temp_beside` makes are touched, and only those older than
    ``older_than_s`` seconds, since a younger one may belong to a writer at work.

    Returns
    -------
    tuple of str
        Names removed, relative to ``folder``.
    """
    removed = []
    for place, _folders, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if not _TEMP_NAME.fullmatch(name) or path.is_symlink():
                continue
            # Another program may sweep at the same moment.
            with suppress(FileNotFoundError, PermissionError):
                if now() - path.stat().st_mtime > older_than_s:
                    fs.unlink(path)
                    removed.append(path.relative_to(folder).as_posix())
    return tuple(sorted(removed))


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
