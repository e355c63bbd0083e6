"""Bringing records to the log's disk, or to a disk of this computer until that takes them."""

from __future__ import annotations

from collections.abc import Sequence

from stillface.errors import StorageError
from stillface.io.code_log_file import LogFile
from stillface.io.code_log_record import Record, encode_line
from stillface.io.code_log_spool import Spool

__all__ = ["Keeper"]

_TRY_AGAIN_NS = 5_000_000_000


class Keeper:
    """Knows how many of a log's records are where.

    Parameters
    ----------
    file : LogFile
    spool : Spool, optional
        Without one, what the file refuses is in memory only.
    n_in_file : int
        How many records the file holds.

    Attributes
    ----------
    n_durable : int
        Records in the file.
    n_kept : int
        Records in the file or, behind those, on this computer's disk.
    """

    def __init__(self, file: LogFile, spool: Spool | None, n_in_file: int) -> None:
        self.n_durable = self.n_kept = n_in_file
        self._file, self._spool = file, spool
        self._refused_at_ns: int | None = None
        self._refusal = StorageError("NOT SAVED (kept in memory)", where=file.path.name)

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
            raise self._here(records, self._refusal)

    def flush(self, records: Sequence[Record]) -> None:
        """Bring to the file what it lacks of all records.

        Raises
        ------
        StorageError
            It was refused; it is here or in memory then, and the message says which.
        """
        if self.n_durable == len(records):
            return
        try:
            self._file.append(_lines(records[self.n_durable :]))
        except StorageError as error:
            self._refusal, self._refused_at_ns = error, None
            raise self._here(records, error) from error
        if self._spool is not None and self.n_kept > self.n_durable:
            self._spool.clear()
        self.n_durable = self.n_kept = len(records)
        self._refused_at_ns = None

    def _here(self, records: Sequence[Record], refusal: StorageError) -> StorageError:
        """Bring to this computer's disk what the file refused; give the error that says what is the case."""
        if self._spool is None:
            return refusal
        try:
            if self.n_kept < len(records):
                self._spool.keep(_lines(records[self.n_kept :]))
        except StorageError:
            return refusal
        self.n_kept = len(records)
        if self._refused_at_ns is None:
            self._refused_at_ns = records[-1].mono
        cause = refusal.what.partition(": ")[2] or refusal.what
        return StorageError(
            f"saved on this computer, not in the study yet: {cause}", where=refusal.where, fix=refusal.fix
        )

    def close(self) -> None:
        """Give the files back."""
        self._file.close()
        if self._spool is not None:
            self._spool.close()


def _lines(records: Sequence[Record]) -> bytes:
    return b"".join(encode_line(record) for record in records)
