"""The run log: one JSON line a step, ids only, so that a lab manager can see what happened when."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from stillface import __version__
from stillface.domain.provenance import Json

__all__ = ["RunLog"]


class RunLog:
    """An open log of one run; a context manager.

    Parameters
    ----------
    folder : Path
        The study's ``logs`` folder.
    """

    def __init__(self, folder: Path) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self.path = folder / f"run-{stamp}-{os.getpid()}.jsonl"
        self._file = self.path.open("a", encoding="utf-8")
        self.write("start", software_version=__version__)

    def write(self, event: str, **details: Json) -> None:
        """Add one line; no path and no free text of the data goes in."""
        line = {"t": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **details}
        self._file.write(json.dumps(line, sort_keys=True, allow_nan=False) + "\n")
        self._file.flush()

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.write("end", interrupted=kind is KeyboardInterrupt)
        self._file.close()
