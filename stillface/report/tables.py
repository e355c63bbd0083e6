"""Arranges a session's rows for reading: episodes side by side, coverage and chance beside every value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.report.wording import (
    CENSORED_WORDS,
    STATUS_WORDS,
    contrast_label,
    flag_words,
    measure_label,
    role_label,
    shown_number,
    unit_label,
)

__all__ = [
    "AUTONOMIC",
    "LOW_COVERAGE",
    "Cell",
    "Column",
    "FullRow",
    "Group",
    "Matrix",
    "MatrixRow",
    "Withholding",
    "columns_of",
    "full_rows",
    "matrix",
]

LOW_COVERAGE = 0.80
"""Below it a value is shown with a warning (SPEC 0)."""

AUTONOMIC = ("hr_bpm", "ibi_ms", "rmssd_ms", "rsa_ln_ms2", "scl_us", "scr_per_min")

Key = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Cell:
    """One value as shown.

    Parameters
    ----------
    text : str
        Rounded value, or words where there is none.
    full : str
        The value unrounded; empty where there is none or it is withheld.
    kind : {'value', 'none', 'withheld'}
    notes : tuple of str
        What must be read together with it.
    """

    text: str
    full: str = ""
    kind: str = "none"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """An episode, or a contrast of episodes."""

    id: str
    label: str
    contrast: bool


@dataclass(frozen=True)
class MatrixRow:
    """One measure over all columns."""

    measure: str
    code: str
    unit: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """Rows of one role, scheme, coder and rule."""

    heading: str
    rule: str
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True)
class Matrix:
    """A table with episodes and contrasts as columns."""

    columns: tuple[Column, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class FullRow:
    """One row of ``measures_long`` in words."""

    episode: str
    role: str
    measure: str
    code: str
    rule: str
    stream: str
    cell: Cell
    unit: str
    n: str
    scorable_s: str
    coverage: str
    status: str
    status_words: str
    flags: str


class Withholding:
    """Decides which values may be printed, contrasts by the episodes they are made of.

    Parameters
    ----------
    rows : iterable of Measurement
        All rows of the page: a contrast without coverage of its own takes the lowest of its episodes.
    min_coverage : float
    """

    def __init__(self, protocol: Protocol, rows: Iterable[Measurement], min_coverage: float) -> None:
        self._min_coverage = min_coverage
        self._episodes = {spec.id for spec in protocol.episodes}
        self._coverage = {(row.session_id, row.episode_id, _key(row)): row.coverage for row in rows}

    def coverage(self, row: Measurement) -> float | None:
        """Give the coverage that counts for a row; None where it has none."""
        if row.coverage is not None:
            return row.coverage
        found = [
            coverage
            for episode in self._parts(row.episode_id)
            if (coverage := self._coverage.get((row.session_id, episode, _key(row)))) is not None
        ]
        return min(found, default=None)

    def withheld(self, row: Measurement) -> bool:
        """Tell whether a row has a value that must not be printed."""
        coverage = self.coverage(row)
        return row.value is not None and coverage is not None and coverage < self._min_coverage

    def cell(self, row: Measurement | None, expected: Measurement | None = None) -> Cell:
        """Give a row as shown; ``expected`` is the match that chance alone would give."""
        if row is None:
            return Cell("–")
        coverage = self.coverage(row)
        seen = "" if coverage is None else f"coverage {100 * coverage:.0f} %"
        if self.withheld(row):
            return Cell("withheld", kind="withheld", notes=(seen,))
        if row.value is None:
            return Cell(STATUS_WORDS[row.status])
        notes = []
        if expected is not None:
            chance = self.cell(expected)
            notes.append(f"by chance {chance.text}")
        if row.status.censored:
            notes.append(CENSORED_WORDS[row.status])
        if coverage is not None and coverage < LOW_COVERAGE:
            notes.append(f"low {seen}")
        notes += [flag_words(flag) for flag in row.flags if flag != "low_coverage" or coverage is None]
        return Cell(shown_number(row), repr(row.value), "value", tuple(notes))

    def _parts(self, episode_id: str) -> tuple[str, ...]:
        """Name the episodes of a contrast; an id may itself hold a hyphen, so the longest fit wins."""
        pieces, parts = episode_id.split("-"), []
        while pieces:
            for size in range(len(pieces), 0, -1):
                name = "-".join(pieces[:size])
                if name in self._episodes:
                    parts.append(name)
                    pieces = pieces[size:]
                    break
            else:
                return ()
        return tuple(parts)


def columns_of(protocol: Protocol, rows: Iterable[Measurement]) -> tuple[Column, ...]:
    """Give the episodes in the protocol's order, then the contrasts as they come."""
    met = dict.fromkeys(row.episode_id for row in rows)
    episodes = [spec for spec in protocol.episodes if spec.id in met]
    known = {spec.id for spec in protocol.episodes}
    columns = [Column(spec.id, spec.kind, contrast=False) for spec in episodes]
    columns += [
        Column(name, contrast_label(protocol, name), contrast=True) for name in met if name not in known
    ]
    return tuple(columns)


def matrix(protocol: Protocol, rows: Sequence[Measurement], shown: Withholding) -> Matrix:
    """Arrange rows with episodes as columns; the match by chance stands inside the observed one's cell."""
    columns = columns_of(protocol, rows)
    found = {(_key(row), row.episode_id): row for row in rows}
    groups: dict[tuple[str, str, str, str], list[MatrixRow]] = {}
    for key in dict.fromkeys(_key(row) for row in rows):
        role, scheme, coder, rule, measure, code = key
        if measure == "pct_match_expected":
            continue
        cells, unit = [], ""
        for column in columns:
            row = found.get((key, column.id))
            unit = unit or (row.unit if row else "")
            chance_key = (role, scheme, coder, rule, "pct_match_expected", code)
            chance = found.get((chance_key, column.id)) if measure == "pct_match" else None
            cells.append(shown.cell(row, chance))
        line = MatrixRow(measure_label(measure), code, unit_label(unit), tuple(cells))
        groups.setdefault((role, scheme, coder, rule), []).append(line)
    return Matrix(
        columns,
        tuple(Group(_heading(protocol, name), name[3], tuple(lines)) for name, lines in groups.items()),
    )


def full_rows(
    protocol: Protocol, rows: Sequence[Measurement], shown: Withholding
) -> Mapping[str, tuple[FullRow, ...]]:
    """Give every row in words, by episode, in the columns' order."""
    grouped: dict[str, list[FullRow]] = {column.id: [] for column in columns_of(protocol, rows)}
    for row in rows:
        coverage = row.coverage
        low = coverage is not None and coverage < LOW_COVERAGE
        grouped[row.episode_id].append(
            FullRow(
                episode=row.episode_id,
                role=role_label(protocol, row.role),
                measure=row.measure,
                code=row.code,
                rule=row.match_rule,
                stream=" · ".join(part for part in (row.scheme_id, row.coder_id) if part),
                cell=shown.cell(row),
                unit=unit_label(row.unit),
                n="" if row.n is None else str(row.n),
                scorable_s="" if row.scorable_s is None else f"{row.scorable_s:.1f}",
                coverage="" if coverage is None else f"{100 * coverage:.0f} %{' low' if low else ''}",
                status=str(row.status),
                status_words=STATUS_WORDS[row.status],
                flags=", ".join(flag_words(flag) for flag in row.flags),
            )
        )
    return {episode: tuple(lines) for episode, lines in grouped.items()}


def _key(row: Measurement) -> Key:
    return (row.role, row.scheme_id, row.coder_id, row.match_rule, row.measure, row.code)


def _heading(protocol: Protocol, name: tuple[str, str, str, str]) -> str:
    role, scheme, coder, _ = name
    return " · ".join(part for part in (role_label(protocol, role), scheme, coder) if part)
