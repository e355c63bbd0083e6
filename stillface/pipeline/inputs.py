"""Content hashes of raw files, remembered so that a plan over hundreds of films is quick."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from stillface.errors import StorageError
from stillface.io.durable import write_atomic

__all__ = ["FileHashes"]

_BLOCK = 1 << 20


class FileHashes:
    """SHA-256 of files; a file is read again only when its size, time or inode changed.

    Parameters
    ----------
    root : Path
        The study; files are remembered by their place in it, so that a moved study is not read anew.
    memory : Path
        JSON file that keeps what was computed; a damaged one is forgotten, not trusted.
    """

    def __init__(self, root: Path, memory: Path) -> None:
        self._root = root
        self._memory = memory
        self._known = _remembered(memory)
        self._changed = False

    def of(self, path: Path) -> str:
        """Give the hash of a file's content.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        name = path.relative_to(self._root).as_posix()
        try:
            stat = path.stat()
            stamp = f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"
            known = self._known.get(name)
            if known is not None and known[0] == stamp:
                return known[1]
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise StorageError(f"could not read it ({error.strerror})", where=path.name) from error
        self._known[name] = (stamp, digest.hexdigest())
        self._changed = True
        return digest.hexdigest()

    def save(self) -> None:
        """Keep what was computed, where it can be kept; else the next who asks reads the files again.

        A study that cannot be written can still be planned and measured.
        """
        if self._changed:
            with suppress(StorageError):
                write_atomic(self._memory, json.dumps(self._known, sort_keys=True).encode())
                self._changed = False


def _remembered(memory: Path) -> dict[str, tuple[str, str]]:
    try:
        content = json.loads(memory.read_text(encoding="utf-8"))
        return {str(path): (str(stamp), str(digest)) for path, (stamp, digest) in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
