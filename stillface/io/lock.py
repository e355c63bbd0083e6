"""A lock held in a file of its own, which nothing else ever opens.

On POSIX a process loses its locks on a file as soon as it closes *any* descriptor of that file.
A log that is locked and then read through a second descriptor is therefore silently unlocked.
That is why the lock lives in a separate file, and why this module alone opens that file.
"""

from __future__ import annotations

import errno
import getpass
import json
import os
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from stillface.errors import StorageError
from stillface.io.durable import storage_error

__all__ = ["FileLock", "LockRefusedError", "LockUnwritableError", "NoLocksError", "wait_for_lock"]

_HOLDER_BYTES = 4096
_LOOK_AGAIN_S = 0.02
# Windows hides locked bytes from readers; the holder's name lies before this one.
_LOCK_BYTE = 1 << 30
_HELD_ELSEWHERE = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK})


class LockRefusedError(StorageError):
    """The lock was not given; the message says who holds it or why there is none."""


class LockUnwritableError(LockRefusedError):
    """The lock file cannot be written: the disk or share takes nothing now, whoever asks."""


class NoLocksError(LockRefusedError):
    """A disk or share that gives no locks, whoever asks: nobody can be held off, and nobody need be there."""


class FileLock:
    """An exclusive lock, held until :meth:`release` or the end of the process.

    Parameters
    ----------
    path : Path
        The lock file; made when absent and left behind on release, since removing it would let
        two programs lock two different files of one name.
    who : str
        Name of the holder that others are told.

    Raises
    ------
    LockRefusedError
        When somebody else holds it, or when the folder or share gives no locks.
    """

    # A second lock in this process would open and close the file, and so drop the first.
    _held_here: ClassVar[dict[str, str]] = {}

    def __init__(self, path: Path, *, who: str) -> None:
        self._key = os.path.realpath(path)
        if self._key in self._held_here:
            raise LockRefusedError(f"being edited by {self._held_here[self._key]} in this same program")
        try:
            # Not 0600: the next to lock a shared study may be another user.
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            told = storage_error(error, path, "the lock file cannot be written")
            raise LockUnwritableError(told.what, where=told.where, fix=told.fix) from error
        try:
            _lock(self._descriptor)
        except OSError as error:
            reason = _refusal(self._descriptor, error)
            os.close(self._descriptor)
            refused = LockRefusedError if error.errno in _HELD_ELSEWHERE else NoLocksError
            raise refused(reason) from error
        self._held_here[self._key], self._released = who, False
        self._write_holder(who)

    def _write_holder(self, who: str) -> None:
        holder = {"who": who, "user": _user(), "host": platform.node(), "pid": os.getpid()}
        data = json.dumps(holder, sort_keys=True).encode()[:_HOLDER_BYTES]
        # The name is a courtesy to others: on a full disk the lock itself still holds.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, data)

    def release(self) -> None:
        """Let others have the lock; a second call does nothing."""
        if self._released:
            return
        self._released = True
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        with suppress(OSError):
            os.close(self._descriptor)
        # Last: another thread that took it before would lose it when this descriptor is closed.
        self._held_here.pop(self._key, None)


def wait_for_lock(path: Path, *, who: str, wait_s: float = 2.0) -> FileLock:
    """Give the lock, after waiting for a holder who needs it for a moment only; raises as FileLock."""
    until_s = time.monotonic() + wait_s
    while True:
        try:
            return FileLock(path, who=who)
        except LockRefusedError:
            if time.monotonic() >= until_s:
                raise
            time.sleep(_LOOK_AGAIN_S)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _refusal(descriptor: int, error: OSError) -> str:
    if error.errno not in _HELD_ELSEWHERE:
        return f"this disk or share gives no locks ({error.strerror})"
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        holder = json.loads(os.read(descriptor, _HOLDER_BYTES))
        return (
            f"being edited by {holder['who']} ({holder['user']} on {holder['host']}, process {holder['pid']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "being edited by another program that left no name"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container may have no entry for its user; Python before 3.13 raises KeyError then.
        return "unknown user"
