"""Where one kind of a coder's work lives: a log, the bouts that stand by it, and the undo of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stillface import __version__
from stillface.errors import StorageError
from stillface.io.code_log import CodeLog, Edit
from stillface.io.code_log_record import LoggedBout, Record
from stillface.io.code_log_replay import Conflict, merge

__all__ = ["PLAYED_ON", "Store"]

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
    """

    def __init__(self, log: CodeLog, elsewhere: Sequence[Sequence[Record]] = ()) -> None:
        self.log = log
        self._mine_at_open = dict(log.state.bouts)
        self.conflicts: tuple[Conflict, ...] = ()
        self._at_open = self._mine_at_open
        if elsewhere:
            merged = merge([log.records, *elsewhere])
            self.conflicts, self._at_open = merged.conflicts, dict(merged.bouts)

    @property
    def bouts(self) -> Mapping[str, LoggedBout]:
        """What stands now, by bout id."""
        mine = self.log.state.bouts
        if self._at_open is self._mine_at_open:
            return mine
        standing = dict(self._at_open)
        for id_ in self._mine_at_open.keys() | mine.keys():
            now, then = mine.get(id_), self._mine_at_open.get(id_)
            if now is then or now == then:
                continue
            if now is None:
                standing.pop(id_, None)
            else:
                standing[id_] = now
        return standing

    def log_edits(self, edits: Iterable[Edit], why: str | None = None) -> None:
        """Bring the edits of one command to the disk as one.

        Raises
        ------
        StorageError
            As :meth:`CodeLog.append_group`: the edits then stand in memory, unless the log is read-only.
        """
        standing = self.bouts
        known = (edit if edit.id is None else replace(edit, was=standing.get(edit.id)) for edit in edits)
        self.log.append_group(known, why=why)

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
        while self._reason(self.log.state.undo) == PLAYED_ON:
            self.log.undo()
        if self.can_undo:
            self.log.undo()

    def redo(self) -> None:
        """Bring the last undone command back, and what the running film had added to it."""
        self.log.redo()
        while self._reason(self.log.state.redo, undone=True) == PLAYED_ON:
            self.log.redo()

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
