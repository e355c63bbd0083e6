"""The append-only log of what one coder coded on one computer.

Each edit is on the disk before :meth:`CodeLog.append` returns. There is no "unsaved": opening the log
again gives the same bouts and the same undo state. Two computers of one coder write two files, which
:func:`stillface.io.code_log_replay.merge` joins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stillface.errors import FieldError, StorageError, UsageError
from stillface.io.code_log_file import LogFile, set_aside
from stillface.io.code_log_heads import add_head
from stillface.io.code_log_keep import Keeper
from stillface.io.code_log_load import load
from stillface.io.code_log_locks import LogLocks
from stillface.io.code_log_name import log_name
from stillface.io.code_log_record import (
    EDITS,
    GENESIS,
    Clock,
    Edit,
    LoggedBout,
    Op,
    Record,
    encode_line,
    seal,
    system_clock,
)
from stillface.io.code_log_replay import Replayer, ReplayState, history
from stillface.io.code_log_spool import Spool
from stillface.io.durable import OS_FS, FileSystem, free_space_warning, write_atomic

__all__ = ["CodeLog"]


class CodeLog:
    """An open log; make it with :meth:`open`. To be used from one thread at a time.

    Attributes
    ----------
    path : Path
    coder, install : str
    records : sequence of Record
        Every good record, those not yet on the disk included.
    notices : tuple of str
        What a person should be told about the opening, for example an edit set aside.
    """

    def __init__(
        self, path: Path, *, coder: str, install: str, app_version: str, fs: FileSystem, clock: Clock
    ) -> None:
        self.path, self.coder, self.install = path, coder, install
        self.notices: tuple[str, ...] = ()
        self._app, self._fs, self._clock = app_version, fs, clock
        self._records: list[Record] = []
        self._replayer = Replayer()
        self._keeper = Keeper(LogFile(path, b"", fs=fs), None, 0)
        self._locks: LogLocks | None = None
        self._heads: Path | None = None
        self._sees: str | None = None
        self._reason: str | None = None
        self._sitting = False

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        coder: str,
        install: str,
        app_version: str,
        heads: Path | None = None,
        sees: str = "",
        spool: Path | None = None,
        fs: FileSystem = OS_FS,
        clock: Clock = system_clock,
    ) -> Self:
        """Open a log for editing, or read-only when it is not safe to edit.

        A log that is absent is created with the first edit. A torn end is set aside in a file
        ``<name>.torn-<offset>`` and told in ``notices``. Damage, a newer format, another coder's log
        and a log in use elsewhere open read-only: see ``reason``.

        Parameters
        ----------
        path : Path
        coder, install, app_version : str
        heads : Path, optional
            This computer's file of anchors, in the study's root.
        sees : str
            What the coder can see in this sitting beside their own codes; logged with its first edit.
        spool : Path, optional
            File on this computer for edits that the log cannot take: see ``kept_here``. What waits there
            from an earlier sitting is put into the log.
        fs, clock
            Replaced in tests.

        Where the study cannot be written at all and there is a spool, the log can be edited all the same,
        and everything waits on this computer: see ``away``.

        Raises
        ------
        StorageError
            When the log is there and cannot be read.
        """
        log_name(coder, install)
        log = cls(path, coder=coder, install=install, app_version=app_version, fs=fs, clock=clock)
        log._heads, log._sees = heads, sees or None
        log._locks = LogLocks(path, spool, coder)
        log._reason = log._locks.refused
        try:
            log._load(None if spool is None else Spool(spool, fs=fs))
        except BaseException:
            log._release()
            raise
        if log.read_only:
            log._release()
        return log

    def _load(self, spool: Spool | None) -> None:
        waiting = b""
        if spool is not None:
            try:
                waiting = spool.waiting()
            except StorageError as error:
                spool, self.notices = None, (error.what,)
        found = load(self.path, self._heads, (self.coder, self.install), waiting, self._fs)
        # Damage matters more to a person than who has the file open.
        self._reason = found.problem or self._reason
        self._records, self._replayer = found.records, found.replayer
        if found.strange and spool is not None and not self.read_only:
            spool = self._keep_strangers(spool)
        file = LogFile(self.path, found.content, fs=self._fs)
        self._keeper = Keeper(file, spool, found.n_in_file, self._locks)
        if self.read_only:
            # Whoever may write the log brings it in; here it is only shown.
            self._keeper.only_shown(len(self._records))
            self.notices += ("edits that wait on this computer are not in the study yet",) if waiting else ()
            return
        self.notices += tuple(filter(None, [free_space_warning(self.path.parent, fs=self._fs)]))
        if self.away is not None:
            self.notices += (f"the study takes nothing now ({self.away}): edits are kept on this computer",)
        if found.tail:
            self._set_aside(found.tail, len(found.content))
        if spool is not None and waiting and not self.read_only:
            self._bring_in(spool)

    def _keep_strangers(self, spool: Spool) -> Spool | None:
        """Put what does not continue this log out of the way; without a spool where that fails."""
        try:
            name = spool.set_aside()
        except StorageError as error:
            self.notices += (f"edits that waited on this computer do not fit this log: {error.what}",)
            return None
        text = "edits that waited on this computer do not fit this log; tell your lab manager"
        self.notices += (f"{text} (kept in {name})",)
        return spool

    def _bring_in(self, spool: Spool) -> None:
        """Put what waited on this computer into the log; where that fails it goes on waiting."""
        n_edits = sum(record.op in EDITS or record.op == "undo" for record in self.unsaved)
        try:
            self.flush()
        except StorageError as error:
            self.notices += (f"{n_edits} edits: {error.what}",)
            return
        spool.clear()
        if n_edits:
            self.notices += (f"{n_edits} edits that waited on this computer are in the study now",)

    def _set_aside(self, tail: bytes, offset: int) -> None:
        try:
            name = set_aside(self.path, tail, offset, fs=self._fs)
        except (OSError, StorageError) as error:
            self._reason = f"the last edit is incomplete and could not be set aside ({error})"
        else:
            self.notices += (f"the last edit was incomplete and is kept aside in {name}",)

    @property
    def records(self) -> Sequence[Record]:
        """Every good record, those not yet on the disk included."""
        return tuple(self._records)

    @property
    def unsaved(self) -> Sequence[Record]:
        """Records that the log's disk refused; see :meth:`flush`, and ``kept_here``."""
        return tuple(self._records[self._keeper.n_durable :])

    @property
    def kept_here(self) -> bool:
        """Whether everything that the log's disk refused is on a disk of this computer."""
        return self._keeper.n_durable < self._keeper.n_kept == len(self._records)

    @property
    def read_only(self) -> bool:
        """Whether edits are refused."""
        return self._reason is not None

    @property
    def reason(self) -> str | None:
        """Why the log is read-only."""
        return self._reason

    @property
    def away(self) -> str | None:
        """Why the study takes nothing since the opening, so that every edit waits on this computer."""
        return None if self._locks is None else self._locks.away

    @property
    def head(self) -> str:
        """Hash of the last record on the disk."""
        return self._records[self._keeper.n_durable - 1].sha if self._keeper.n_durable else GENESIS

    @property
    def state(self) -> ReplayState:
        """What stands now, unsaved edits included."""
        return self._replayer.state(self.install)

    def history(self, bout_id: str) -> tuple[Record, ...]:
        """Give every record that touched one bout, oldest first."""
        return history(self._records, bout_id)

    def append(
        self,
        op: Op,
        *,
        id: str | None = None,  # the field's own name
        bout: LoggedBout | None = None,
        was: LoggedBout | None = None,
        text: str | None = None,
        why: str | None = None,
    ) -> Record:
        """Log one edit, note or status, and bring it to the disk.

        Returns
        -------
        Record
            Already on the disk.

        Raises
        ------
        FieldError
            When the edit does not fit what stands; nothing changes.
        StorageError
            When the log's disk refused, or did not answer within a second: the edit stands (``unsaved``),
            on this computer's disk where there is a spool (``kept_here``), and a later edit or :meth:`flush`
            tries again. Or the log is read-only: nothing changes.
        """
        if op in EDITS:
            return self.append_group([Edit(op, id, bout, was)], why=why)[0]
        if op not in {"status", "note"}:
            raise UsageError("not for append", got=op, fix="use undo(), redo(), open() or close()")
        self._check_writable()
        return self._take([self._record(op, id=id, text=text, why=why)])[0]

    def append_group(self, edits: Iterable[Edit], *, why: str | None = None) -> tuple[Record, ...]:
        """Log several edits as one command: all of them count, or none; one undo takes all back.

        Raises and returns as :meth:`append`.
        """
        self._check_writable()
        edits = tuple(edits)
        if not edits:
            raise UsageError("a command without an edit")
        changed: dict[str, LoggedBout | None] = {}
        records = []
        for place, edit in enumerate(edits):
            id_ = edit.id or f"{self.install[:12]}.{self._next_seq + place}"
            was = self._old_value(edit, id_, changed)
            left = len(edits) - 1 - place
            records.append(self._record(edit.op, left=left, id=id_, bout=edit.bout, was=was, why=why))
            changed[id_] = edit.bout
        return self._take(records)

    def _old_value(self, edit: Edit, id_: str, changed: dict[str, LoggedBout | None]) -> LoggedBout | None:
        now = changed[id_] if id_ in changed else self._replayer.bouts.get(id_)
        known = id_ in self._replayer.last_by or id_ in changed
        if edit.op not in EDITS:
            raise UsageError("not an edit", got=edit.op, expected=sorted(EDITS))
        if edit.op == "add":
            if known:
                raise FieldError("this bout is there, or was", where="Edit.id", got=id_, fix="leave id out")
            return None
        if now is None and edit.was is None:
            raise FieldError("no such bout", where="Edit.id", got=id_, expected="a live bout")
        return edit.was or now

    def undo(self, why: str | None = None) -> Record:
        """Take the last command back; raises UsageError when there is none."""
        return self._step("undo", self.state.undo, why)

    def redo(self, why: str | None = None) -> Record:
        """Bring the last undone command back; raises UsageError when there is none."""
        return self._step("redo", self.state.redo, why)

    def _step(self, name: str, stack: tuple[int, ...], why: str | None) -> Record:
        self._check_writable()
        if not stack:
            raise UsageError(f"nothing to {name}")
        return self._take([self._record("undo", ref=stack[-1], why=why)])[0]

    @property
    def _next_seq(self) -> int:
        return len(self._records) + (0 if self._sitting else 1)

    def _record(self, op: Op, **parts: Any) -> Record:
        """Make a record that :meth:`_keep` will give its place."""
        t, mono = self._clock()
        return Record(0, GENESIS, t, mono, self.coder, self.install, self._app, op, **parts)

    def _keep(self, record: Record) -> Record:
        """Chain a record to the last one, in memory."""
        prev = self._records[-1].sha if self._records else GENESIS
        record = seal(replace(record, seq=len(self._records), prev=prev))
        self._replayer.apply(record)
        self._records.append(record)
        return record

    def _take(self, records: list[Record]) -> tuple[Record, ...]:
        if not self._sitting:
            # Written with the first edit: looking at a log must leave no trace in it.
            self._keep(replace(self._record("open", text=self._sees), t=records[0].t, mono=records[0].mono))
            self._sitting = True
        kept = tuple(self._keep(record) for record in records)
        self._bring(self._keeper.soon)
        return kept

    def _check_writable(self) -> None:
        if self._reason is not None:
            raise StorageError(f"the log is read-only: {self._reason}", where=self.path.name)

    def flush(self) -> None:
        """Bring what the log lacks to its disk; raises StorageError and keeps it here or in memory."""
        if self.unsaved:
            self._check_writable()
            self._bring(self._keeper.flush)
        elif self.away is not None and self._locks is not None:
            # There is nothing to write yet: only whether the study could take it.
            with suppress(StorageError):
                self._keeper.note(self._locks.take)

    def _bring(self, way: Callable[[Sequence[Record]], None]) -> None:
        try:
            way(self._records)
        finally:
            self._reason = self._keeper.foreign or self._reason

    def save_copy(self, path: Path) -> None:
        """Write every record, unsaved ones included, to another file; raises StorageError."""
        write_atomic(path, b"".join(encode_line(r) for r in self._records), mode=0o600, fs=self._fs)

    def anchor(self) -> None:
        """Note the present length and hash in the heads file; done by :meth:`close`."""
        if self._heads is not None and self._keeper.n_durable:
            saved = self._records[: self._keeper.n_durable]
            self._keeper.note(partial(add_head, self._heads, self.path, saved, self._clock()[0], fs=self._fs))

    def close(self, *, abandon: bool = False) -> None:
        """End the sitting and let others have the log.

        Parameters
        ----------
        abandon : bool
            Close although edits are unsaved, for example after :meth:`save_copy`.

        Raises
        ------
        StorageError
            When edits could not be brought to the disk: the log stays open, with them in memory.
        """
        if self._locks is not None and not abandon:
            if self._sitting:
                self._keep(self._record("close"))
                self._sitting = False
                self.flush()
                self.anchor()
            self.flush()
        self._release()

    def _release(self) -> None:
        if self._locks is not None:
            self._keeper.close(self._locks.release)
            self._locks = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
