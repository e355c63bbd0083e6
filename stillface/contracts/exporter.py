"""Exporter: from results to files that others read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from stillface.domain.results import Measurement

__all__ = ["Exporter"]


@runtime_checkable
class Exporter(Protocol):
    """Writes measurements in one format; whole or not at all."""

    name: str

    def export(self, rows: Iterable[Measurement], out: Path) -> tuple[Path, ...]:
        """Write ``rows`` under the folder ``out`` and give the files made."""
        ...
