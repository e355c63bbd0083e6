"""A share that does not answer, for as long as a test wants, and then answers in one of several ways."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from fixtures.share_log import Share

__all__ = ["LIMIT_S", "At", "HangingShare", "Late", "until"]

At = Literal["open", "write", "fsync", "truncate"]
Late = Literal["does it", "did it", "refuses", "did it and refuses"]

LIMIT_S = 60.0


def until(true: Callable[[], object]) -> None:
    """Wait for something that comes about in another thread; fails after a limit that no machine needs."""
    end_s = time.monotonic() + LIMIT_S
    while not true():
        if time.monotonic() > end_s:
            raise AssertionError("it did not come about")
        time.sleep(0.005)


class HangingShare(Share):
    """One folder in which one kind of call hangs while ``answers`` is not set; all else goes on.

    ``late`` says what a call that hung does when the share answers: its work, nothing (it was done before
    the share fell silent), or an error, with its work undone or done.
    """

    def __init__(self, folder: Path, at: At = "write", late: Late = "does it") -> None:
        super().__init__(folder)
        self.at, self.late = at, late
        self.answers = threading.Event()
        self.answers.set()
        self.n_hanging = 0

    def _call(self, name: At, inside: bool, work: Callable[[], int | None]) -> int | None:
        if not inside or name != self.at or self.answers.is_set():
            return work()
        done = work() if self.late.startswith("did it") else None
        self.n_hanging += 1
        self.answers.wait()
        if self.late.endswith("refuses"):
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return done if self.late == "did it" else work()

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        inside = self.folder in Path(path).parents
        descriptor = self._call("open", inside, lambda: super(HangingShare, self).open(path, flags, mode))
        assert descriptor is not None
        return self._opened(path, descriptor)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        inside, work = descriptor in self._inside, super().write
        n_bytes = self._call("write", inside, lambda: work(descriptor, data))
        assert n_bytes is not None
        return n_bytes

    def fsync(self, descriptor: int) -> None:
        work = super().fsync
        self._call("fsync", descriptor in self._inside, lambda: work(descriptor))

    def truncate(self, descriptor: int, size: int) -> None:
        work = super().truncate
        self._call("truncate", descriptor in self._inside, lambda: work(descriptor, size))
