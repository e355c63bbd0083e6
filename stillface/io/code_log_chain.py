"""Reading a code log: which lines are good, where it tore, and when nobody may touch it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillface.errors import FieldError
from stillface.io.code_log_record import GENESIS, LOG_VERSION, Record, decode_line, line_version
from stillface.io.durable import OS_FS, FileSystem, read_bytes, storage_error

__all__ = ["Scan", "read_log", "scan"]


@dataclass(frozen=True, slots=True)
class Scan:
    """What the bytes of a log hold.

    Parameters
    ----------
    records : tuple of Record
        The good lines from the beginning, whole commands only.
    end : int
        Bytes taken by ``records``.
    torn : bool
        What follows is the incomplete end of an interrupted write and may be set aside.
    problem : str, optional
        Damage, or a newer format: the log may be read up to here and not written.
    """

    records: tuple[Record, ...]
    end: int
    torn: bool
    problem: str | None


def scan(data: bytes) -> Scan:
    """Check every byte of a log.

    A last line that fails its own hash is *torn*: the write was interrupted. A line whose own hash
    is good but which does not continue the chain, and a bad line with others after it, is *damage*;
    to cut there would destroy what a person coded, so nothing is repaired.
    """
    records: list[Record] = []
    ends = [0]
    torn, problem = False, None
    while ends[-1] < len(data) and not torn and problem is None:
        start = ends[-1]
        stop = data.find(b"\n", start) + 1 or len(data)
        line = data[start:stop]
        try:
            record = decode_line(line)
            problem = _break_in_chain(record, records)
        except FieldError as error:
            problem = _newer(line, len(records)) or f"record {len(records)} cannot be read ({error})"
        except ValueError as error:
            problem = _newer(line, len(records))
            torn = problem is None and stop == len(data)
            if problem is None and not torn:
                problem = f"record {len(records)} is damaged ({error})"
        if not torn and problem is None:
            records.append(record)
            ends.append(stop)
    whole = _whole_commands(records)
    torn = problem is None and (torn or whole < len(records))
    return Scan(tuple(records[:whole]), ends[whole], torn, problem)


def read_log(path: Path, *, fs: FileSystem = OS_FS) -> tuple[tuple[Record, ...], str | None]:
    """Read a log without touching it or its lock.

    Returns
    -------
    records : tuple of Record
    problem : str or None
        What is wrong with the rest of the file.

    Raises
    ------
    StorageError
        When the file cannot be read.
    """
    try:
        found = scan(read_bytes(path, fs=fs))
    except OSError as error:
        raise storage_error(error, path, "could not read the log") from error
    return found.records, found.problem or ("the last edit is incomplete" if found.torn else None)


def _break_in_chain(record: Record, before: list[Record]) -> str | None:
    number = len(before)
    last = before[-1] if before else None
    if record.seq != number or record.prev != (last.sha if last else GENESIS):
        return f"record {number} does not follow the one before it (lines are missing or were changed)"
    if last and (record.who, record.install) != (last.who, last.install):
        return f"record {number} is by another coder or computer"
    expected_left = last.left - 1 if last and last.left else None
    if record.left < 0 or (expected_left is not None and record.left != expected_left):
        return f"record {number} does not belong to the command before it"
    return None


def _newer(line: bytes, number: int) -> str | None:
    claim = line_version(line)
    if claim is None or claim[0] <= LOG_VERSION:
        return None
    return (
        f"record {number} was made by stillface {claim[1]} (log format {claim[0]}), newer than this program"
    )


def _whole_commands(records: list[Record]) -> int:
    count = len(records)
    while count and records[count - 1].left:
        count -= 1
    return count
