"""Where the command line speaks: people on stderr, machines on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

from rich.console import Console

from stillface.domain.provenance import Json

__all__ = ["people", "results", "say_error", "say_warnings", "write_json"]

people = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress, tables and remarks; quiet colours where the output is no terminal or NO_COLOR is set."""

results = Console(highlight=False)
"""Tables that were asked for, on stdout."""

_MOST_WARNINGS = 10


def say_error(line: str) -> None:
    """Print an error as one line."""
    people.print("error:", line, style="bold red", markup=False)


def say_warnings(lines: Iterable[str]) -> None:
    """Print warnings, the first ten and how many more there are."""
    everything = list(lines)
    for line in everything[:_MOST_WARNINGS]:
        people.print("warning:", line, style="yellow", markup=False)
    if len(everything) > _MOST_WARNINGS:
        people.print(f"... and {len(everything) - _MOST_WARNINGS} more warnings", style="yellow")


def write_json(content: Mapping[str, Json]) -> None:
    """Print one JSON object on stdout."""
    json.dump(content, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")
