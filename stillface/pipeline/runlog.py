"""The run log: one JSON line a step, ids only, so that a lab manager can see what happened when."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from stillface import __version__
from stillface.domain.provenance import Json
from stillface.io.durable import storage_error

__all__ = ["RunLog"]

_DOING = "could not write the log of the run"


class RunLog:
    """An open log of one run; a context manager.

    Parameters
    ----------
    folder : Path
        The study's ``logs`` folder.

    Raises
    ------
    StorageError
        The log cannot be written, when it is opened or later: a full disk mostly, which no step could use.
    """

    def __init__(self, folder: Path) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self.path = folder / f"run-{stamp}-{os.getpid()}.jsonl"
        try:
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise storage_error(error, self.path, _DOING) from error
        self.write("start", software_version=__version__)

    def write(self, event: str, **details: Json) -> None:
        """Add one line; no path and no free text of the data goes in."""
        line = {"t": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **details}
        try:
            self._file.write(json.dumps(line, sort_keys=True, allow_nan=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise storage_error(error, self.path, _DOING) from error

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.write("end", interrupted=kind is KeyboardInterrupt)
        finally:
            # What could not be written before is tried once more, and has been told of.
            with suppress(OSError):
                self._file.close()
