"""The append-only log of what one coder coded on one computer.

Each edit is on the disk before :meth:`CodeLog.append` returns. There is no "unsaved": opening the log
again gives the same bouts and the same undo state. Two computers of one coder write two files, which
:func:`stillface.io.code_log_replay.merge` joins.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stillface.errors import FieldError, StorageError, UsageError
from stillface.io.code_log_file import LogFile, set_aside
from stillface.io.code_log_heads import add_head
from stillface.io.code_log_load import load
from stillface.io.code_log_record import EDITS, GENESIS, Edit, LoggedBout, Op, Record, encode_line, seal
from stillface.io.code_log_replay import Replayer, ReplayState, history
from stillface.io.code_log_spool import Spool
from stillface.io.durable import OS_FS, FileSystem, free_space_warning, write_atomic
from stillface.io.lock import FileLock, LockRefusedError

__all__ = ["CodeLog", "log_name", "parse_log_name", "system_clock"]

Clock = Callable[[], tuple[str, int]]
_CODER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_INSTALL = re.compile(r"[A-Za-z0-9-]{4,64}\Z")
_TRY_AGAIN_NS = 5_000_000_000


def system_clock() -> tuple[str, int]:
    """Give UTC as text of fixed width, and the monotonic clock (ns)."""
    now = datetime.now(UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), time.monotonic_ns()


def log_name(coder: str, install: str) -> str:
    """Give the file name of a coder's log on one computer; raises FieldError on an unfit id."""
    for name, value, rule in (("coder", coder, _CODER), ("install", install, _INSTALL)):
        if not rule.match(value):
            raise FieldError(
                "unfit for a file name",
                where=name,
                got=value,
                expected="letters, digits, hyphen",
            )
    return f"{coder}.{install}.jsonl"


def parse_log_name(path: Path) -> tuple[str, str] | None:
    """Give coder and install of a log's file name, or None when the file is no log."""
    coder, dot, install = path.name.removesuffix(".jsonl").partition(".")
    if not path.name.endswith(".jsonl") or not dot:
        return None
    return (coder, install) if _CODER.match(coder) and _INSTALL.match(install) else None


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
        self._durable_count = 0
        self._kept_count = 0
        self._file = LogFile(path, b"", fs=fs)
        self._spool: Spool | None = None
        self._refused_at_ns: int | None = None
        self._refusal = StorageError("NOT SAVED (kept in memory)", where=path.name)
        self._lock: FileLock | None = None
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

        Raises
        ------
        StorageError
            When the log is there and cannot be read.
        """
        log_name(coder, install)
        log = cls(path, coder=coder, install=install, app_version=app_version, fs=fs, clock=clock)
        log._heads, log._sees = heads, sees or None
        log._spool = None if spool is None else Spool(spool, fs=fs)
        try:
            log._lock = FileLock(path.with_name(path.name + ".lock"), who=coder)
        except LockRefusedError as error:
            log._reason = error.what
        try:
            log._load()
        except BaseException:
            log._release()
            raise
        if log.read_only:
            log._release()
        return log

    def _load(self) -> None:
        waiting = b"" if self._spool is None else self._spool.waiting()
        found = load(self.path, self._heads, (self.coder, self.install), waiting, self._fs)
        # Damage matters more to a person than who has the file open.
        self._reason = found.problem or self._reason
        self._records, self._replayer = found.records, found.replayer
        self._durable_count = self._kept_count = found.n_in_file
        self._file = LogFile(self.path, found.content, fs=self._fs)
        if self.read_only:
            if waiting:
                self._kept_count = len(self._records)
                self.notices += ("edits that wait on this computer are not in the study yet",)
            return
        self.notices += tuple(filter(None, [free_space_warning(self.path.parent, fs=self._fs)]))
        if found.tail:
            self._set_aside(found.tail, len(found.content))
        if waiting and not self.read_only:
            self._bring_in(strange=found.strange)

    def _bring_in(self, *, strange: bool) -> None:
        """Put what waited on this computer into the log; where that fails it goes on waiting."""
        n_edits = sum(record.op in EDITS or record.op == "undo" for record in self.unsaved)
        if strange and self._spool is not None:
            spool, self._spool = self._spool, None
            name = spool.set_aside()
            self._spool = spool
            self.notices += (
                f"edits that waited on this computer do not fit this log and are kept in {name}; "
                "tell your lab manager",
            )
        try:
            self.flush()
        except StorageError as error:
            self.notices += (f"{n_edits} edits: {error.what}",)
            return
        if self._spool is not None and not strange:
            self._spool.clear()
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
        return tuple(self._records[self._durable_count :])

    @property
    def kept_here(self) -> bool:
        """Whether everything that the log's disk refused is on a disk of this computer."""
        return self._durable_count < self._kept_count == len(self._records)

    @property
    def read_only(self) -> bool:
        """Whether edits are refused."""
        return self._reason is not None

    @property
    def reason(self) -> str | None:
        """Why the log is read-only."""
        return self._reason

    @property
    def head(self) -> str:
        """Hash of the last record on the disk."""
        return self._records[self._durable_count - 1].sha if self._durable_count else GENESIS

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
            When the log's disk refused: the edit stands (``unsaved``), on this computer's disk where there
            is a spool (``kept_here``), and a later edit or :meth:`flush` tries again. Or the log is
            read-only: nothing changes.
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
        if self._refused_at_ns is None or kept[-1].mono - self._refused_at_ns > _TRY_AGAIN_NS:
            self.flush()
        else:
            # A share that is away may take seconds to say so: not at every key.
            raise self._keep_here(self._refusal)
        return kept

    def _check_writable(self) -> None:
        if self._reason is not None:
            raise StorageError(f"the log is read-only: {self._reason}", where=self.path.name)

    def flush(self) -> None:
        """Bring what the log lacks to its disk; raises StorageError and keeps it here or in memory."""
        data = b"".join(encode_line(record) for record in self.unsaved)
        if not data:
            return
        self._check_writable()
        try:
            self._file.append(data)
        except StorageError as error:
            if self._file.foreign:
                self._reason = error.what
            raise self._keep_here(error) from error
        if self._spool is not None and self._kept_count > self._durable_count:
            self._spool.clear()
        self._durable_count = self._kept_count = len(self._records)
        self._refused_at_ns = None

    def _keep_here(self, refusal: StorageError) -> StorageError:
        """Bring what the log refused to this computer's disk; give the error that says what is the case."""
        self._refusal = refusal
        if self._spool is None:
            return refusal
        try:
            if self._kept_count < len(self._records):
                rest = self._records[self._kept_count :]
                self._spool.keep(b"".join(encode_line(record) for record in rest))
        except StorageError:
            return refusal
        self._kept_count = len(self._records)
        self._refused_at_ns = self._records[-1].mono
        _, _, cause = refusal.what.partition(": ")
        return StorageError(
            f"saved on this computer, not in the study yet: {cause}", where=refusal.where, fix=refusal.fix
        )

    def save_copy(self, path: Path) -> None:
        """Write every record, unsaved ones included, to another file; raises StorageError."""
        write_atomic(path, b"".join(encode_line(r) for r in self._records), mode=0o600, fs=self._fs)

    def anchor(self) -> None:
        """Note the present length and hash in the heads file; done by :meth:`close`."""
        if self._heads is not None and self._durable_count:
            saved = self._records[: self._durable_count]
            add_head(self._heads, self.path, saved, self._clock()[0], fs=self._fs)

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
        if self._lock is not None and not abandon:
            if self._sitting:
                self._keep(self._record("close"))
                self._sitting = False
                self.flush()
                self.anchor()
            self.flush()
        self._release()

    def _release(self) -> None:
        self._file.close()
        if self._spool is not None:
            self._spool.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
