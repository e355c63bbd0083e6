"""Bringing records to the log's disk, or to a disk of this computer until that takes them.

Where there is a place on this computer neither disk is waited for longer than
:data:`stillface.io.errands.ANSWER_S`; where there is none, nothing better can be done than to wait.

Each disk has a thread of its own in which one call at a time is under way. As long as a call has not returned
nobody knows whether its lines are in the log: they count as not saved, are kept on this computer too, and
nothing is sent after them. When it returns, late, what it says decides: the lines are in the log and only the
rest is sent behind them, or they are not and all of them are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from stillface.errors import StorageError
from stillface.io import errands
from stillface.io.code_log_file import LogFile
from stillface.io.code_log_locks import LogLocks
from stillface.io.code_log_record import Record, encode_line
from stillface.io.code_log_spool import Spool
from stillface.io.errands import Errands, NoAnswerError, answer

__all__ = ["Keeper"]

_TRY_AGAIN_NS = 5_000_000_000
# What did not answer a moment ago is asked in passing: its answer is found at the next try.
_IN_PASSING_S = 0.05


class _Way:
    """The way of records to one file: how many are there, and the call that is under way.

    Parameters
    ----------
    append : callable
        Brings lines to the file; called in another thread; raises StorageError.
    n : int
        How many records are there.
    silence : str
        What is said where the file's disk does not answer.
    where : str
    wait_s : float, optional
        How long it is waited for; None waits for ever.
    """

    def __init__(
        self, append: Callable[[bytes], None], n: int, silence: str, where: str, wait_s: float | None
    ) -> None:
        self.n, self.wait_s = n, wait_s
        self._append, self._silence, self._where = append, silence, where
        self._errands = Errands()
        self._going: tuple[Future[None], int] | None = None
        self._silent = False

    def bring(self, records: Sequence[Record]) -> None:
        """Bring the file what it lacks of all records; raises StorageError."""
        if self._going is not None:
            try:
                self._arrive(*self._going)
            except NoAnswerError:
                raise
            except StorageError:
                # Refused at last, after we had turned to other things: tried anew like any refused line.
                self._going = None
        if self.n < len(records):
            lines = b"".join(encode_line(record) for record in records[self.n :])
            self._going = (self._errands.send(partial(self._append, lines)), len(records))
            self._arrive(*self._going)

    def _arrive(self, call: Future[None], n: int) -> None:
        try:
            self._listen(call)
        except NoAnswerError:
            # It may return any moment from now on: only what it returns may end it.
            raise
        except BaseException:
            self._going = None
            raise
        self._going, self.n = None, n

    def do(self, call: Callable[[], None]) -> None:
        """Make another call after what is under way; raises what it raises, or NoAnswerError."""
        self._listen(self._errands.send(call))

    def _listen(self, call: Future[None]) -> None:
        """Wait for a call: long, or in passing where the last one did not answer."""
        wait_s, self._silent = _IN_PASSING_S if self._silent else self.wait_s, True
        try:
            answer(call, wait_s, self._silence, where=self._where)
        except NoAnswerError:
            raise
        except BaseException:
            self._silent = False
            raise
        self._silent = False

    def forget(self, n: int) -> None:
        """Count anew: the file holds nothing that is still needed, and whatever is under way adds nothing."""
        self._going, self.n = None, n


class Keeper:
    """Knows how many of a log's records are where.

    Parameters
    ----------
    file : LogFile
    spool : Spool, optional
        Without one, what the file refuses is in memory only.
    n_in_file : int
        How many records the file holds.
    locks : LogLocks, optional
        What the file may not be written without.

    Attributes
    ----------
    n_durable : int
        Records in the file.
    n_kept : int
        Records in the file or, behind those, on this computer's disk.
    """

    def __init__(
        self, file: LogFile, spool: Spool | None, n_in_file: int, locks: LogLocks | None = None
    ) -> None:
        self._file, self._spool, self._locks = file, spool, locks
        name = file.path.name
        away = "NOT SAVED (kept in memory): the study's disk or share does not answer"
        nowhere = "NOT SAVED (kept in memory): no disk answers"
        self._study = _Way(self._append, n_in_file, away, name, None if spool is None else errands.ANSWER_S)
        self._here = _Way(self._spool_lines, n_in_file, nowhere, name, errands.ANSWER_S)
        self._waiting_from: int | None = None
        self._refused_at_ns: int | None = None
        self._refusal = StorageError("NOT SAVED (kept in memory)", where=name)

    def _append(self, lines: bytes) -> None:
        if self._locks is not None:
            self._locks.take()
        self._file.append(lines)

    def _spool_lines(self, lines: bytes) -> None:
        if self._spool is not None:
            self._spool.keep(lines)

    @property
    def n_durable(self) -> int:
        """Records in the file, as far as it has answered."""
        return self._study.n

    @property
    def n_kept(self) -> int:
        """Records in the file or, behind those, on this computer's disk."""
        return max(self._study.n, self._here.n)

    def only_shown(self, n: int) -> None:
        """Count all records as kept: whoever may write the log brings them in."""
        self._here.forget(n)

    @property
    def foreign(self) -> str | None:
        """Why the file may not be written any more: another program changed it."""
        return self._refusal.what if self._file.foreign else None

    def soon(self, records: Sequence[Record]) -> None:
        """Bring new records to the file, or here while that refused a moment ago; raises as :meth:`flush`."""
        if self._refused_at_ns is None or records[-1].mono - self._refused_at_ns > _TRY_AGAIN_NS:
            self.flush(records)
        else:
            # A share that is away may take seconds to say so: not at every key.
            raise self._kept_here(records, self._refusal)

    def flush(self, records: Sequence[Record]) -> None:
        """Bring to the file what it lacks of all records.

        Raises
        ------
        StorageError
            It was refused, or not answered in time; the records are here or in memory then, and the message
            says which.
        """
        if self.n_durable == len(records):
            return
        try:
            self._study.bring(records)
        except StorageError as error:
            self._refusal, self._refused_at_ns = error, None
            raise self._kept_here(records, error) from error
        self._refused_at_ns = None
        self._clear()

    def _clear(self) -> None:
        """Forget what waits here: the file has it."""
        if self._spool is not None and self._waiting_from is not None:
            self._here.forget(self._study.n)
            self._waiting_from = None
            # What cannot be removed, or not yet, is found at the next opening to be in the log.
            with suppress(StorageError):
                self._here.do(self._spool.clear)

    def _kept_here(self, records: Sequence[Record], refusal: StorageError) -> StorageError:
        """Bring to this computer's disk what the file refused; give the error that says what is the case."""
        if self._spool is None:
            return refusal
        if self._waiting_from is not None and self._waiting_from < self._here.n <= self._study.n:
            # The file took all that waits here, late: what follows it does not follow what waits.
            self._clear()
        if self._waiting_from is None:
            self._here.forget(self._study.n)
            self._waiting_from = self._study.n
        try:
            self._here.bring(records)
        except StorageError:
            return refusal
        if self._refused_at_ns is None:
            self._refused_at_ns = records[-1].mono
        cause = refusal.what.partition(": ")[2] or refusal.what
        return StorageError(
            f"saved on this computer, not in the study yet: {cause}", where=refusal.where, fix=refusal.fix
        )

    def note(self, call: Callable[[], None]) -> None:
        """Write something else to the study after what is under way; raises StorageError."""
        self._study.do(call)

    def close(self, unlock: Callable[[], None]) -> None:
        """Give the files back and then let others have the log: after what is still under way, not before."""
        if self._spool is not None:
            with suppress(NoAnswerError):
                self._here.do(self._spool.close)

        def let_go() -> None:
            self._file.close()
            unlock()

        with suppress(NoAnswerError):
            self._study.do(let_go)
