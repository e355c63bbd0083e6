"""Where one kind of a coder's work lives: a log, the bouts that stand by it, and the undo of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stillface import __version__
from stillface.errors import StorageError, UsageError
from stillface.io.code_log import CodeLog
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import log_name, parse_log_name
from stillface.io.code_log_record import EDITS, Edit, LoggedBout, Record
from stillface.io.code_log_replay import Conflict, merge
from stillface.io.durable import storage_error
from stillface.io.sign_offs import locked_tiers

__all__ = ["PLAYED_ON", "Store", "logs_in", "open_store"]

PLAYED_ON = "watched on"
"""Reason logged for edits that no key press made: the running bout grew while the film played."""


class Store:
    """An open code log together with the same coder's logs from other computers.

    Parameters
    ----------
    log : CodeLog
    elsewhere : sequence of record sequences
        The coder's logs of other computers; read, never written.

    Attributes
    ----------
    conflicts : tuple of Conflict
        Where two computers disagree and a person has to decide.
    locked : frozenset of str
        Tiers that are signed off.
    """

    def __init__(self, log: CodeLog, elsewhere: Sequence[Sequence[Record]] = ()) -> None:
        self.log = log
        self._elsewhere = tuple(elsewhere)
        self.locked = locked_tiers([log.records, *self._elsewhere])
        self.conflicts: tuple[Conflict, ...] = ()
        self._at_open: dict[str, LoggedBout] = {}
        self._touched: set[str] = set()
        self._n_looked_at = len(log.records)
        if elsewhere:
            merged = merge([log.records, *elsewhere])
            self.conflicts, self._at_open = merged.conflicts, dict(merged.bouts)

    @property
    def bouts(self) -> Mapping[str, LoggedBout]:
        """What stands now, by bout id."""
        mine = self.log.state.bouts
        if not self._elsewhere:
            return mine
        # What this sitting touched is as this log says, were it made elsewhere and deleted here; all else is
        # as all logs said together when it began.
        self._look_at_new_records()
        standing = dict(self._at_open)
        for id_ in self._touched:
            if id_ in mine:
                standing[id_] = mine[id_]
            else:
                standing.pop(id_, None)
        return standing

    def _look_at_new_records(self) -> None:
        records = self.log.records
        for record in records[self._n_looked_at :]:
            if record.op in EDITS or record.op == "undo":
                self._touched |= {edit.id for edit in self._command(record.seq) if edit.id is not None}
        self._n_looked_at = len(records)

    def log_edits(self, edits: Iterable[Edit], why: str | None = None) -> None:
        """Bring the edits of one command to the disk as one.

        Raises
        ------
        StorageError
            As :meth:`CodeLog.append_group`: the edits then stand in memory, unless the log is read-only.
        UsageError
            The track is signed off; nothing changes.
        """
        standing, edits = self.bouts, tuple(edits)
        touched = [edit.bout or standing.get(edit.id or "") for edit in edits]
        self._refuse_locked(bout.tier for bout in touched if bout is not None)
        known = (edit if edit.id is None else replace(edit, was=standing.get(edit.id)) for edit in edits)
        self.log.append_group(known, why=why)

    def log_status(self, text: str, why: str | None) -> None:
        """Bring a sign-off or an unlocking to the disk; raises StorageError."""
        try:
            self.log.append("status", text=text, why=why)
        finally:
            self.locked = locked_tiers([self.log.records, *self._elsewhere])

    def _refuse_locked(self, tiers: Iterable[str]) -> None:
        # A tier of review decisions is locked with the reviewed track that they make.
        closed = [tier for tier in tiers if tier.replace("/review:", "/") in self.locked]
        if closed:
            raise UsageError(
                "this track is signed off", where=closed[0], fix="unlock it first; a reason is asked for"
            )

    def _command(self, last: int) -> Sequence[Record]:
        """Give the edits of a command, or of the one that an undo is about, by the place of the last."""
        records = self.log.records
        while (ref := records[last].ref) is not None:
            last = ref
        first = last
        while first and records[first - 1].left:
            first -= 1
        return records[first : last + 1]

    def _tiers_of(self, last: int) -> list[str]:
        """Give the tiers that a command touched, by the place of its last record."""
        bouts = [part for record in self._command(last) for part in (record.bout, record.was)]
        return [bout.tier for bout in bouts if bout is not None]

    @property
    def can_undo(self) -> bool:
        """Whether there is a command to take back."""
        return bool(self.log.state.undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is a command to bring back."""
        return bool(self.log.state.redo)

    def undo(self) -> None:
        """Take the last command of the coder back, and what the running film had added since."""
        trouble = None
        while self._reason(self.log.state.undo) == PLAYED_ON:
            self._refuse_locked(self._tiers_of(self.log.state.undo[-1]))
            trouble = self._step(self.log.undo)
        if self.can_undo:
            self._refuse_locked(self._tiers_of(self.log.state.undo[-1]))
            trouble = self._step(self.log.undo)
        if trouble is not None:
            raise trouble

    def redo(self) -> None:
        """Bring the last undone command back, and what the running film had added to it."""
        if self.can_redo:
            self._refuse_locked(self._tiers_of(self.log.state.redo[-1]))
        trouble = self._step(self.log.redo)
        while self._reason(self.log.state.redo, undone=True) == PLAYED_ON:
            trouble = self._step(self.log.redo)
        if trouble is not None:
            raise trouble

    def _step(self, act: Callable[[], Record]) -> StorageError | None:
        """Take one step of several; one that is kept here or in memory is no reason to leave the rest out."""
        n_before = len(self.log.records)
        try:
            act()
        except StorageError as error:
            if len(self.log.records) == n_before:
                raise
            return error
        return None

    def _reason(self, stack: tuple[int, ...], *, undone: bool = False) -> str | None:
        if not stack:
            return None
        record = self.log.records[stack[-1]]
        if undone and record.ref is not None:
            record = self.log.records[record.ref]
        return record.why

    def move_to(self, folder: Path) -> None:
        """Go on in another folder, with everything that is in memory; the old file stays as it is.

        Raises
        ------
        StorageError
            The other folder does not take it either; nothing changes.
        """
        old = self.log
        target = folder / old.path.name
        if target.exists():
            raise StorageError(
                "there is a log of this name already", where=target.name, fix="choose another folder"
            )
        old.save_copy(target)
        new = CodeLog.open(target, coder=old.coder, install=old.install, app_version=__version__)
        if new.read_only:
            raise StorageError(f"the copy cannot be edited: {new.reason}", where=target.name)
        old.close(abandon=True)
        self.log = new


def open_store(
    folder: Path, coder: str, install: str, heads: Path, *, sees: str = "", spool: Path | None = None
) -> Store:
    """Open a coder's log of one kind, with their logs of other computers; raises StorageError.

    The logs of other people are not opened. ``sees`` and ``spool`` as in
    :meth:`stillface.io.code_log.CodeLog.open`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        # Where edits may wait on this computer the log is opened all the same, and the folder made later.
        if spool is None:
            raise storage_error(error, folder, "could not make the folder") from error
    elsewhere = [records for _, records in logs_in(folder, lambda n, p: n == coder and p != install)]
    path = folder / log_name(coder, install)
    log = CodeLog.open(
        path, coder=coder, install=install, app_version=__version__, heads=heads, sees=sees, spool=spool
    )
    return Store(log, elsewhere)


def logs_in(folder: Path, wanted: Callable[[str, str], bool]) -> Iterable[tuple[str, tuple[Record, ...]]]:
    """Give coder and records of the logs whose coder and install are wanted; no other file is opened."""
    for path in sorted(folder.glob("*.jsonl")):
        names = parse_log_name(path)
        if names is not None and wanted(*names) and (records := read_log(path)[0]):
            yield names[0], records
