"""Which tables and pages were made from what: they carry no key themselves, so a ledger does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from stillface.io.durable import write_atomic

__all__ = ["INCOMPLETE", "Ledger"]

INCOMPLETE = ""
"""Key of outputs that rest on something unfinished: never current, and yet known to be ours."""


class Ledger:
    """Keys and hashes of written text files, by path relative to the study.

    Parameters
    ----------
    root : Path
        The study.
    path : Path
        The ledger's own JSON file; a damaged one makes its outputs count as not made.
    """

    def __init__(self, root: Path, path: Path) -> None:
        self._root = root
        self._path = path
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self._entries = {str(name): (str(key), str(digest)) for name, (key, digest) in content.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            self._entries = {}

    def is_current(self, files: Iterable[Path], key: str) -> bool:
        """Tell whether every file is there, unchanged, and was made under this key."""
        return all(self._matches(path, key) for path in files)

    def enter(self, files: Iterable[Path], key: str) -> None:
        """Record files that were just written."""
        for path in files:
            self._entries[self._name(path)] = (key, _digest(path))
        write_atomic(self._path, json.dumps(self._entries, sort_keys=True, indent=1).encode())

    def _matches(self, path: Path, key: str) -> bool:
        entry = self._entries.get(self._name(path))
        return entry is not None and entry[0] == key and path.is_file() and _digest(path) == entry[1]

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
