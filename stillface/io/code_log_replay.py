"""From the lines of a log to the bouts that stand now, and from two computers' logs to one set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from stillface.errors import FieldError
from stillface.io.code_log_record import EDITS, LoggedBout, Record

__all__ = ["Conflict", "MergedCodes", "ReplayState", "Replayer", "history", "merge", "replay"]


@dataclass(frozen=True, slots=True)
class ReplayState:
    """What stands after the last line.

    Parameters
    ----------
    bouts : mapping of str to LoggedBout
        Live bouts by id, in the order in which they were first added.
    undo, redo : tuple of int
        ``ref`` of each command that can be taken back, and of each undo that can be; the last is next.
    status : str, optional
        The last status set.
    notes : tuple of Record
    """

    bouts: Mapping[str, LoggedBout]
    undo: tuple[int, ...]
    redo: tuple[int, ...]
    status: str | None
    notes: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two computers of one coder disagree.

    Parameters
    ----------
    kind : str
        ``"edited_twice"``: both changed bout ``ids[0]``; ``"overlap"``: bouts ``ids`` of one tier,
        made on different computers, cover the same time.
    ids : tuple of str
    installs : tuple of str
    t : str
        UTC of the later edit.
    """

    kind: str
    ids: tuple[str, ...]
    installs: tuple[str, ...]
    t: str


@dataclass(frozen=True, slots=True)
class MergedCodes:
    """The bouts of one coder over several computers, and where a person has to decide."""

    bouts: Mapping[str, LoggedBout]
    conflicts: tuple[Conflict, ...]


@dataclass(slots=True)
class _Sitting:
    """Undo state of one install."""

    undo: list[int] = field(default_factory=list)
    redo: list[int] = field(default_factory=list)
    commands: dict[int, list[Record]] = field(default_factory=dict)
    undone: dict[int, int] = field(default_factory=dict)
    open_command: list[Record] = field(default_factory=list)


class Replayer:
    """Applies records one by one.

    Parameters
    ----------
    strict : bool
        Raise where a record does not fit what stands (one log is always consistent with itself);
        otherwise note a conflict and let the later record win (several logs).
    """

    def __init__(self, *, strict: bool = True) -> None:
        self.bouts: dict[str, LoggedBout] = {}
        self.conflicts: list[Conflict] = []
        self.last_by: dict[str, Record] = {}
        self._strict = strict
        self._sittings: defaultdict[str, _Sitting] = defaultdict(_Sitting)
        self._status: str | None = None
        self._notes: list[Record] = []

    def apply(self, record: Record) -> None:
        """Apply one record; raises FieldError when it does not fit and ``strict`` is set."""
        sitting = self._sittings[record.install]
        if record.op in EDITS:
            self._change(record, record.was, record.bout, record.id or "")
            sitting.open_command.append(record)
            if not record.left:
                sitting.commands[record.seq] = sitting.open_command
                sitting.open_command = []
                sitting.undo.append(record.seq)
                sitting.redo.clear()
        elif record.op == "undo":
            self._undo(record, sitting)
        elif record.op == "status":
            self._status = record.text
        elif record.op == "note":
            self._notes.append(record)

    def _undo(self, record: Record, sitting: _Sitting) -> None:
        ref = record.ref
        if sitting.undo and ref == sitting.undo[-1]:
            sitting.undone[record.seq] = sitting.undo.pop()
            sitting.redo.append(record.seq)
            for edit in reversed(sitting.commands[ref]):
                self._change(record, edit.bout, edit.was, edit.id or "")
        elif sitting.redo and ref == sitting.redo[-1]:
            command = sitting.undone[sitting.redo.pop()]
            sitting.undo.append(command)
            for edit in sitting.commands[command]:
                self._change(record, edit.was, edit.bout, edit.id or "")
        else:
            raise FieldError("only the last command can be taken back", where=f"record {record.seq}", got=ref)

    def _change(self, record: Record, before: LoggedBout | None, after: LoggedBout | None, id_: str) -> None:
        now, last = self.bouts.get(id_), self.last_by.get(id_)
        # What another computer made or changed meanwhile is not in this log: the record's own old value
        # is what the coder saw. With all logs at hand it must be what stands.
        elsewhere = record.op in {"set", "del"} and (self._strict or last is None)
        if now != before and not elsewhere:
            if self._strict:
                raise FieldError(
                    f"edit of bout {id_} does not fit what stood there", where=f"record {record.seq}"
                )
            installs = (last.install, record.install) if last else (record.install,)
            self.conflicts.append(Conflict("edited_twice", (id_,), installs, record.t))
        self.last_by[id_] = record
        if after is None:
            self.bouts.pop(id_, None)
        else:
            self.bouts[id_] = after

    def state(self, install: str) -> ReplayState:
        """Give what stands now, with the undo state of one computer."""
        sitting = self._sittings[install]
        return ReplayState(
            MappingProxyType(dict(self.bouts)),
            tuple(sitting.undo),
            tuple(sitting.redo),
            self._status,
            tuple(self._notes),
        )


def replay(records: Iterable[Record]) -> ReplayState:
    """Give what stands after the last record of one log.

    Raises
    ------
    FieldError
        Naming the first record that does not fit what stood before it.
    """
    replayer, install = Replayer(), ""
    for record in records:
        replayer.apply(record)
        install = record.install
    return replayer.state(install)


def history(records: Iterable[Record], bout_id: str) -> tuple[Record, ...]:
    """Give every record that touched one bout, undo and redo included, oldest first."""
    touching: set[int] = set()
    found, command_touches = [], False
    for record in records:
        if record.op in EDITS:
            mine = record.id == bout_id
            command_touches = command_touches or mine
            if not record.left:
                if command_touches:
                    touching.add(record.seq)
                command_touches = False
        else:
            mine = record.ref in touching if record.op == "undo" else record.id == bout_id
            if mine and record.op == "undo":
                touching.add(record.seq)
        if mine:
            found.append(record)
    return tuple(found)


def merge(logs: Sequence[Sequence[Record]]) -> MergedCodes:
    """Join the logs of one coder from several computers.

    Records are ordered by time, install and sequence. Within a log the sequence always rules: where
    a clock was set back, the later record takes the time of the one before it.

    Raises
    ------
    FieldError
        When the logs are of different coders, or two are of one install.
    """
    firsts = [log[0] for log in logs if log]
    coders = {record.who for record in firsts}
    if len(coders) > 1:
        raise FieldError("logs of different coders", where="merge", got=sorted(coders), expected="one coder")
    installs = [record.install for record in firsts]
    if len(set(installs)) < len(installs):
        raise FieldError("two logs of one install", where="merge", got=sorted(installs))
    replayer = Replayer(strict=False)
    for _, _, _, record in sorted(_timed(logs), key=lambda item: item[:3]):
        replayer.apply(record)
    conflicts = replayer.conflicts + _overlaps(replayer)
    return MergedCodes(MappingProxyType(dict(replayer.bouts)), tuple(conflicts))


def _timed(logs: Sequence[Sequence[Record]]) -> Iterable[tuple[str, str, int, Record]]:
    for log in logs:
        latest = ""
        for record in log:
            latest = max(latest, record.t)
            yield latest, record.install, record.seq, record


def _overlaps(replayer: Replayer) -> list[Conflict]:
    by_tier: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for id_, bout in replayer.bouts.items():
        if bout.offset_ns is not None:
            by_tier[bout.tier].append((bout.onset_ns, bout.offset_ns, id_))
    found = []
    for tier in sorted(by_tier):
        running: list[tuple[int, str]] = []
        for onset, offset, id_ in sorted(by_tier[tier]):
            running = [(end, other) for end, other in running if end > onset]
            mine = replayer.last_by[id_]
            for _, other in running:
                theirs = replayer.last_by[other]
                if theirs.install != mine.install:
                    found.append(
                        Conflict(
                            "overlap", (other, id_), (theirs.install, mine.install), max(theirs.t, mine.t)
                        )
                    )
            running.append((offset, id_))
    return found
