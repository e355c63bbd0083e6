"""A file system that fails at the Nth call, once or for ever."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from stillface.io.durable import FileSystem


class FaultyFileSystem(FileSystem):
    """Counts the calls that change or read files; from ``fail_at`` on they raise ``code``.

    A failing write takes half of the bytes first, as a disk does that fills up.
    """

    def __init__(
        self, fail_at: int | None = None, code: int = errno.ENOSPC, *, for_ever: bool = False
    ) -> None:
        self.calls = 0
        self.fail_at = fail_at
        self.code = code
        self.for_ever = for_ever

    def _due(self) -> bool:
        self.calls += 1
        if self.fail_at is None:
            return False
        return self.calls >= self.fail_at if self.for_ever else self.calls == self.fail_at

    def _step(self) -> None:
        if self._due():
            raise OSError(self.code, os.strerror(self.code))

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        self._step()
        return super().open(path, flags, mode)

    def read(self, descriptor: int, size: int) -> bytes:
        self._step()
        return super().read(descriptor, size)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self._due():
            super().write(descriptor, bytes(data)[: len(data) // 2])
            raise OSError(self.code, os.strerror(self.code))
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._step()
        super().fsync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        self._step()
        super().truncate(descriptor, size)

    def replace(self, source: Path, target: Path) -> None:
        self._step()
        super().replace(source, target)

    def unlink(self, path: Path) -> None:
        self._step()
        super().unlink(path)

    def fsync_folder(self, folder: Path) -> None:
        self._step()
        super().fsync_folder(folder)
