"""Describes a study over its sessions: how many, where the middle lies, how far they spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.report.tables import Column, Withholding, columns_of, nothing_words
from stillface.report.wording import code_label, measure_label, role_label, rounded, status_words, unit_label

__all__ = ["TIME_TO_EVENT", "SummaryCell", "SummaryRow", "summarise"]

TIME_TO_EVENT = (
    "latency_s",
    "recovery_latency_s",
    "repair_latency_km_median_s",
    "moment_recovery_km_median_s",
)
"""Censored waiting times: a mean of them would be wrong and is not offered (SPEC 3.4)."""

_CHANCE = "pct_match_expected"


@dataclass(frozen=True)
class SummaryCell:
    """One measure in one episode over all sessions."""

    text: str
    n: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SummaryRow:
    """One measure over all columns; ``nothing`` says once why no session has a value."""

    measure: str
    code: str
    unit: str
    cells: tuple[SummaryCell, ...]
    nothing: str = ""


@dataclass(frozen=True)
class SummaryGroup:
    """Rows of one role, scheme and rule; ``nothing`` says why there are none."""

    heading: str
    rule: str
    rows: tuple[SummaryRow, ...]
    nothing: str = ""


def summarise(
    protocol: Protocol, rows: Sequence[Measurement], shown: Withholding
) -> tuple[tuple[Column, ...], tuple[SummaryGroup, ...]]:
    """Give mean, standard deviation and range of every measure by episode.

    Values that are withheld, missing or censored are counted in the notes and enter nothing.
    Coders differ between sessions, so they do not split a row; schemes and rules do.
    """
    columns = columns_of(protocol, rows)
    found: dict[tuple[str, str, str], list[Measurement]] = {}
    for row in rows:
        found.setdefault((row.role, row.scheme_id, row.match_rule), []).append(row)
    groups = []
    for (role, scheme, rule), members in found.items():
        heading = " · ".join(part for part in (role_label(protocol, role), scheme) if part)
        if all(row.value is None for row in members):
            groups.append(SummaryGroup(heading, rule, (), nothing_words(members)))
            continue
        measures: dict[tuple[str, str], dict[str, list[Measurement]]] = {}
        for row in members:
            measures.setdefault((row.measure, row.code), {}).setdefault(row.episode_id, []).append(row)
        lines = [
            _line(key, by_episode, measures.get((_CHANCE, key[1]), {}), columns, shown)
            for key, by_episode in measures.items()
            if key[0] != _CHANCE
        ]
        groups.append(SummaryGroup(heading, rule, tuple(lines)))
    return columns, tuple(groups)


def _line(
    key: tuple[str, str],
    by_episode: dict[str, list[Measurement]],
    chance: dict[str, list[Measurement]],
    columns: tuple[Column, ...],
    shown: Withholding,
) -> SummaryRow:
    measure, code = key
    unit = next((row.unit for rows in by_episode.values() for row in rows if row.unit), "")
    cells = []
    for column in columns:
        cell = _describe(by_episode.get(column.id, []), shown)
        if measure == "pct_match" and cell.n and column.id in chance:
            # An observed match never stands without the match that chance alone would give.
            by_chance = f"by chance {_describe(chance[column.id], shown).text}"
            cell = replace(cell, notes=(by_chance, *cell.notes))
        cells.append(cell)
    rows = [row for found in by_episode.values() for row in found]
    nothing = ""
    if all(row.value is None for row in rows):
        reasons = dict.fromkeys(status_words(row.status, measure) for row in rows)
        nothing = f"no value in any session: {'; '.join(reasons)}"
    return SummaryRow(
        measure_label(measure), code_label(measure, code), unit_label(unit), tuple(cells), nothing
    )


def _describe(rows: list[Measurement], shown: Withholding) -> SummaryCell:
    withheld = sum(shown.withheld(row) for row in rows)
    missing = sum(row.value is None for row in rows)
    usable = [row for row in rows if row.value is not None and not shown.withheld(row)]
    censored = sum(row.status.censored for row in usable)
    counts = [
        f"{count} {word}"
        for count, word in ((missing, "without value"), (withheld, "withheld"), (censored, "censored"))
        if count
    ]
    values = np.array([row.value for row in usable], dtype=np.float64)
    if values.size == 0:
        return SummaryCell("–", 0, tuple(counts))
    if censored or usable[0].measure in TIME_TO_EVENT:
        reached = f"{values.size - censored} of {values.size} reached"
        return SummaryCell("no mean", values.size, (reached, *counts))
    low, high = float(values.min()), float(values.max())
    notes = [f"n {values.size}"]
    if values.size > 1:
        # Equal values give a deviation of rounding noise, not of people.
        spread = rounded(float(values.std(ddof=1)) if high > low else 0.0)
        notes = [f"SD {spread}", f"{rounded(low)} to {rounded(high)}", *notes]
    return SummaryCell(rounded(float(values.mean())), values.size, (*notes, *counts))
