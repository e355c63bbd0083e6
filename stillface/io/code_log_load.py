"""Reading a coder's log, and what waits on this computer to follow it, before it is edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stillface.errors import FieldError
from stillface.io.code_log_chain import scan
from stillface.io.code_log_heads import latest_head, missing_since
from stillface.io.code_log_record import Record
from stillface.io.code_log_replay import Replayer
from stillface.io.code_log_spool import not_yet_in
from stillface.io.durable import FileSystem, read_bytes, storage_error

__all__ = ["Loaded", "load"]


@dataclass(slots=True)
class Loaded:
    """What stands in a log.

    Parameters
    ----------
    content : bytes
        The file up to the last whole command.
    tail : bytes
        What an interrupted write left after it.
    records : list of Record
        Those of the file, then those that wait.
    n_in_file : int
        How many of them are in the file.
    replayer : Replayer
        After all records.
    problem : str, optional
        Why the log may not be written.
    strange : bool
        What waits on this computer does not continue the log, or not all of it.
    """

    content: bytes = b""
    tail: bytes = b""
    records: list[Record] = field(default_factory=list)
    n_in_file: int = 0
    replayer: Replayer = field(default_factory=Replayer)
    problem: str | None = None
    strange: bool = False


def load(path: Path, heads: Path | None, who: tuple[str, str], waiting: bytes, fs: FileSystem) -> Loaded:
    """Read a log and check every byte of it.

    Parameters
    ----------
    path : Path
    heads : Path, optional
        This computer's file of anchors.
    who : (coder, install)
        Whose log it has to be.
    waiting : bytes
        Lines that wait on this computer.
    fs : FileSystem

    Raises
    ------
    StorageError
        The log is there and cannot be read.
    """
    try:
        data = read_bytes(path, fs=fs)
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise storage_error(error, path, "could not read the log") from error
    found = scan(data)
    end = found.end
    made = Loaded(data[:end], data[end:] if found.torn else b"", problem=found.problem)
    made.problem = _replay(made, found.records) or made.problem
    made.n_in_file = len(made.records)
    if heads is not None:
        made.problem = made.problem or missing_since(latest_head(heads, path, fs=fs), made.records)
    if made.records and (made.records[0].who, made.records[0].install) != who:
        made.problem = made.problem or f"this is the log of {made.records[0].who} on another computer"
    if waiting and made.problem is None:
        rest = not_yet_in(made.records, waiting)
        more = scan(made.content + (rest or b""))
        strange = _replay(made, more.records[made.n_in_file :])
        made.strange = rest is None or more.problem is not None or strange is not None
    return made


def _replay(made: Loaded, records: tuple[Record, ...]) -> str | None:
    """Take records in up to the first that does not fit what stands, and say why that does not."""
    try:
        for record in records:
            made.replayer.apply(record)
            made.records.append(record)
    except FieldError as error:
        return str(error)
    return None
