"""Reader: one file format of physiological signals."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from stillface.domain.recording import Signal, SignalRecording

__all__ = ["Reader"]


@runtime_checkable
class Reader(Protocol):
    """Turns a channel of a file into a :class:`Signal` in device time."""

    suffixes: tuple[str, ...]
    """File endings it reads, lower case with the dot."""

    def read(self, path: Path, recording: SignalRecording) -> Signal:
        """Read the declared channel.

        Raises
        ------
        InputError
            Missing column, a value that is no number (file:line), times that go back, a rate
            that contradicts the declared one.
        """
        ...
