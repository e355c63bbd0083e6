"""What every exported column and measure means (SPEC 7.4); the entries are data in ``codebook.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from stillface.io.tables import write_table

__all__ = ["Entry", "column_entry", "measure_entry", "write_codebook"]


class Entry(NamedTuple):
    """One row of the codebook; ``formula`` names the page and heading that say how it is computed."""

    kind: str
    name: str
    label: str
    definition: str
    formula: str
    unit: str
    value_range: str
    type: str
    caveat_id: str


def column_entry(name: str) -> Entry | None:
    """Give the entry of a table's column, or None where nobody described it; covariates share one entry."""
    found = _entries().get(("column", name))
    if found is None and name.startswith("covariate_"):
        return _entries()["column", "covariate_{name}"]._replace(name=name)
    return found


def measure_entry(measure: str) -> Entry | None:
    """Give the entry of a measure; names that end in a role share one entry."""
    found = _entries().get(("measure", measure))
    if found is not None:
        return found
    for (kind, name), entry in _entries().items():
        if kind == "measure" and name.endswith("{role}") and measure.startswith(name.removesuffix("{role}")):
            return entry._replace(name=measure)
    return None


def write_codebook(path: Path, columns: Iterable[str], measures: Iterable[str]) -> None:
    """Write the codebook of these columns and measures.

    One that nobody described (a plugin's) is listed with empty cells, so that it is seen.
    """
    rows = [column_entry(name) or _unknown("column", name) for name in dict.fromkeys(columns)]
    rows += [measure_entry(name) or _unknown("measure", name) for name in sorted(set(measures))]
    write_table(path, Entry._fields, rows)


def _unknown(kind: str, name: str) -> Entry:
    return Entry(kind, name, *[""] * 7)


@cache
def _entries() -> dict[tuple[str, str], Entry]:
    text = files("stillface.io").joinpath("codebook.csv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines())
    next(rows)
    return {(row[0], row[1]): Entry(*row) for row in rows}
