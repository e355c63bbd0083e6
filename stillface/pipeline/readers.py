"""Which reader opens which file."""

from __future__ import annotations

from pathlib import Path

from stillface.contracts.reader import Reader
from stillface.contracts.registry import READERS
from stillface.errors import InputError

__all__ = ["reader_for"]


def reader_for(path: Path) -> Reader:
    """Give the reader for a file's ending.

    Raises
    ------
    InputError
        No installed reader reads it.
    """
    known: list[str] = []
    for name in READERS.names():
        reader = READERS.get(name)
        if path.suffix.lower() in reader.suffixes:
            return reader
        known += reader.suffixes
    raise InputError(
        "no reader for this kind of file", where=path.name, got=path.suffix, expected=", ".join(known)
    )
