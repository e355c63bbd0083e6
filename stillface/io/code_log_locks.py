"""The right to write one code log: its lock in the study, and one on this computer for what waits here."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from stillface.io.lock import FileLock, LockRefusedError, LockUnwritableError

__all__ = ["LogLocks"]

_PRIVATE = 0o700


class LogLocks:
    """Locks of one log.

    Nothing is written to a log without its own lock. Where the study cannot be written at all, that lock
    cannot be had either; edits may wait on this computer then, because the log of one coder *on one computer*
    is written by no other, and the second lock keeps a second window of this computer away.

    Parameters
    ----------
    path : Path
        The log.
    spool : Path, optional
        Where its lines may wait on this computer.
    who : str

    Attributes
    ----------
    refused : str or None
        Why the log may not be edited.
    away : str or None
        Why the study cannot be written, although the log may be edited.
    """

    def __init__(self, path: Path, spool: Path | None, who: str) -> None:
        self._path, self._who = path, who
        self._study: FileLock | None = None
        self._here: FileLock | None = None
        self.refused: str | None = None
        self.away: str | None = None
        try:
            self.take()
        except LockUnwritableError as error:
            self.away = error.what.partition(": ")[2] or error.what
            if spool is None:
                self.refused = error.what
        except LockRefusedError as error:
            self.refused = error.what
        # Where nothing waits, and nothing has to, no trace is left on this computer.
        if spool is not None and self.refused is None and (self.away or spool.parent.is_dir()):
            self._take_here(spool)

    def _take_here(self, spool: Path) -> None:
        with suppress(OSError):
            # What cannot be made is refused as a lock that cannot be written.
            spool.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        try:
            self._here = FileLock(spool.with_name(spool.name + ".lock"), who=self._who)
        except LockUnwritableError as error:
            self.refused = self.away or error.what
        except LockRefusedError as error:
            self.refused = error.what

    def take(self) -> None:
        """Take the study's lock, unless it is held; raises LockRefusedError."""
        if self._study is not None:
            return
        # Not the folders above: a share that is away must not be built up anew at its place.
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
        self._study = FileLock(self._path.with_name(self._path.name + ".lock"), who=self._who)
        self.away = None

    def release(self) -> None:
        """Let others have the log; a second call does nothing."""
        for lock in (self._study, self._here):
            if lock is not None:
                lock.release()
        self._study = self._here = None
