"""Anchors of the code logs: how long each log was, and its last hash, when it was last closed.

A hash chain cannot show that its *last* lines were removed. Each computer therefore keeps, beside
the study, a file of its own to which it adds the state of a log whenever that log is closed. This
shows accidents; whoever may rewrite every file of a study can also rewrite this one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from stillface.io.code_log_record import Record
from stillface.io.durable import OS_FS, FileSystem, read_bytes, storage_error, write_all

__all__ = ["Head", "add_head", "latest_head", "missing_since"]


@dataclass(frozen=True, slots=True)
class Head:
    """State of one log at a moment.

    Parameters
    ----------
    log : str
        Path of the log relative to the folder of the heads file, with ``/``.
    n : int
        Number of records.
    head : str
        ``sha`` of the last one.
    t : str
        UTC.
    """

    log: str
    n: int
    head: str
    t: str


def log_key(log: Path, heads: Path) -> str:
    """Give the name of a log inside a heads file; relative, so that the study folder may move."""
    return Path(os.path.relpath(log.resolve(), heads.parent.resolve())).as_posix()


def add_head(heads: Path, log: Path, records: Sequence[Record], t: str, *, fs: FileSystem = OS_FS) -> None:
    """Add the present state of ``log``; raises StorageError."""
    line = _encode(Head(log_key(log, heads), len(records), records[-1].sha, t))
    try:
        descriptor = fs.open(heads, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            size = os.fstat(descriptor).st_size
            if size:
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                # A line that an earlier crash cut short must not swallow this one.
                line = line if fs.read(descriptor, 1) == b"\n" else b"\n" + line
            write_all(fs, descriptor, line)
            fs.fsync(descriptor)
        finally:
            fs.close(descriptor)
        if not size:
            fs.fsync_folder(heads.parent)
    except OSError as error:
        raise storage_error(error, heads, "could not note the state of the log") from error


def latest_head(heads: Path, log: Path, *, fs: FileSystem = OS_FS) -> Head | None:
    """Give the last good entry for ``log``; lines cut by a crash are passed over."""
    try:
        data = read_bytes(heads, fs=fs)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(error, heads, "could not read the state of the logs") from error
    key = log_key(log, heads)
    found = [head for line in data.splitlines(keepends=True) if (head := _decode(line)) and head.log == key]
    return found[-1] if found else None


def missing_since(head: Head | None, records: Sequence[Record]) -> str | None:
    """Say what is wrong when ``records`` no longer hold what was anchored; else None."""
    if head is None:
        return None
    if len(records) < head.n:
        return (
            f"{head.n - len(records)} records that were saved on {head.t} are missing from the end "
            f"(record {len(records)} and after)"
        )
    if records[head.n - 1].sha != head.head:
        return f"record {head.n - 1} is not the one that was saved on {head.t}"
    return None


def _encode(head: Head) -> bytes:
    data = asdict(head)
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    return json.dumps({**data, "sha": digest}, sort_keys=True).encode() + b"\n"


def _decode(line: bytes) -> Head | None:
    try:
        data = json.loads(line)
        head = Head(data["log"], data["n"], data["head"], data["t"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return head if _encode(head) == line else None
