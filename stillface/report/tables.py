"""Arranges a session's rows for reading: episodes side by side, coverage and chance beside every value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement, Status
from stillface.report.wording import (
    CENSORED_WORDS,
    STATUS_WORDS,
    code_label,
    coders_label,
    contrast_kinds,
    contrast_label,
    flag_words,
    measure_label,
    role_label,
    shown_number,
    status_words,
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
    "coverage_words",
    "full_rows",
    "matrix",
    "nothing_words",
    "reactivity_words",
]

LOW_COVERAGE = 0.80
"""Below it a value is shown with a warning (SPEC 0)."""

AUTONOMIC = ("hr_bpm", "ibi_ms", "rmssd_ms", "rsa_ln_ms2", "scl_us", "scr_per_min")

_CHANCE = "pct_match_expected"

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
    """One measure over all columns; ``nothing`` says once why it has no value in any of them."""

    measure: str
    code: str
    unit: str
    cells: tuple[Cell, ...]
    nothing: str = ""


@dataclass(frozen=True)
class Group:
    """Rows of one role, scheme, coder and rule.

    Parameters
    ----------
    coverage : tuple of str
        By column, where all rows share it: said once instead of in every cell.
    nothing : str
        Why there is not one value; the rows are left out then.
    """

    heading: str
    rule: str
    rows: tuple[MatrixRow, ...]
    coverage: tuple[str, ...]
    nothing: str = ""


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
    name: str
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

    def cell(self, row: Measurement | None, expected: Measurement | None = None, *, shared: str = "") -> Cell:
        """Give a row as shown.

        Parameters
        ----------
        expected : Measurement, optional
            The match that chance alone would give.
        shared : str
            Coverage already said for the whole group; only another one is noted.
        """
        if row is None:
            return Cell("–")
        coverage = self.coverage(row)
        seen = coverage_words(coverage)
        if self.withheld(row):
            return Cell("withheld", kind="withheld", notes=() if seen == shared else (seen,))
        if row.value is None:
            return Cell(
                "not defined" if row.status is Status.NA_STRUCT else status_words(row.status, row.measure)
            )
        notes = []
        if expected is not None:
            notes.append(f"by chance {self.cell(expected).text}")
        if row.status.censored:
            notes.append(CENSORED_WORDS[row.status])
        if coverage is not None and coverage < LOW_COVERAGE and seen != shared:
            notes.append(seen)
        said = ("source",) if coverage is None else ("source", "low_coverage")
        notes += [flag_words(flag) for flag in row.flags if flag.partition("=")[0] not in said]
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


def coverage_words(coverage: float | None) -> str:
    """Give a coverage in words, ``low`` below LOW_COVERAGE; empty where there is none."""
    if coverage is None:
        return ""
    words = f"coverage {100 * coverage:.0f} %"
    return f"low {words}" if coverage < LOW_COVERAGE else words


def columns_of(protocol: Protocol, rows: Iterable[Measurement]) -> tuple[Column, ...]:
    """Give the episodes in the protocol's order, then the contrasts as they come.

    A contrast that the protocol defines for none of the rows gets no column.
    """
    rows = tuple(rows)
    met = {row.episode_id for row in rows}
    defined = dict.fromkeys(row.episode_id for row in rows if row.status is not Status.NA_STRUCT)
    columns = [Column(spec.id, spec.kind, contrast=False) for spec in protocol.episodes if spec.id in met]
    known = {spec.id for spec in protocol.episodes}
    columns += [
        Column(name, contrast_label(protocol, name), contrast=True) for name in defined if name not in known
    ]
    return tuple(columns)


def reactivity_words(protocol: Protocol, columns: Iterable[Column]) -> str:
    """Say which contrasts of the table are reactivity and recovery; empty where there is neither."""
    found: dict[str, list[str]] = {}
    for column in columns:
        name = column.label.rpartition(", ")[2]
        if column.contrast and name in ("reactivity", "recovery"):
            found.setdefault(name, []).append(f"{column.id} ({contrast_kinds(protocol, column.id)})")
    sentences = []
    if "reactivity" in found:
        shown = " or ".join(found["reactivity"])
        sentences.append(f"Reactivity is {shown}: a withdrawal of RSA is a negative number.")
    if "recovery" in found:
        sentences.append(f"Recovery is {' or '.join(found['recovery'])}.")
    return " ".join(sentences)


def matrix(protocol: Protocol, rows: Sequence[Measurement], shown: Withholding) -> Matrix:
    """Arrange rows with episodes as columns; the match by chance stands inside the observed one's cell."""
    columns = columns_of(protocol, rows)
    grouped: dict[tuple[str, str, str, str], list[Measurement]] = {}
    for row in rows:
        grouped.setdefault((row.role, row.scheme_id, row.coder_id, row.match_rule), []).append(row)
    groups = []
    for (role, scheme, coder, rule), members in grouped.items():
        who = coders_label(coder, members[0].flags)
        heading = " · ".join(part for part in (role_label(protocol, role), scheme, who) if part)
        if all(row.value is None for row in members):
            groups.append(Group(heading, rule, (), (), nothing_words(members)))
            continue
        shared = tuple(_shared_coverage(members, column, shown) for column in columns)
        groups.append(Group(heading, rule, _lines(members, columns, shared, shown), shared))
    return Matrix(columns, tuple(groups))


def nothing_words(rows: Sequence[Measurement]) -> str:
    """Say once why rows have no value, instead of in every cell."""
    reasons = dict.fromkeys(
        status_words(row.status, row.measure) for row in rows if row.status is not Status.NA_STRUCT
    )
    count = len({(row.measure, row.code) for row in rows})
    what = f"{count} measures" if count > 1 else "1 measure"
    return f"no value in any episode ({what}): " + "; ".join(reasons or [STATUS_WORDS[Status.NA_STRUCT]])


def _shared_coverage(members: list[Measurement], column: Column, shown: Withholding) -> str:
    """Say the coverage once where every row of the group and column has the same."""
    words = {
        coverage_words(shown.coverage(row))
        for row in members
        if row.episode_id == column.id and row.status is not Status.NA_STRUCT
    }
    return words.pop() if len(words) == 1 else ""


def _lines(
    members: list[Measurement], columns: tuple[Column, ...], shared: tuple[str, ...], shown: Withholding
) -> tuple[MatrixRow, ...]:
    by_measure: dict[tuple[str, str], dict[str, Measurement]] = {}
    for row in members:
        by_measure.setdefault((row.measure, row.code), {})[row.episode_id] = row
    lines = []
    for (measure, code), by_episode in by_measure.items():
        if measure == _CHANCE:
            continue
        chance = by_measure.get((_CHANCE, code), {}) if measure == "pct_match" else {}
        cells = tuple(
            shown.cell(by_episode.get(column.id), chance.get(column.id), shared=said)
            for column, said in zip(columns, shared, strict=True)
        )
        unit = next((row.unit for row in by_episode.values() if row.unit), "")
        said = {cell.text for cell in cells if cell.text != "–"}
        alike = (
            len(by_episode) > 1 and len(said) == 1 and all(row.value is None for row in by_episode.values())
        )
        lines.append(
            MatrixRow(
                measure_label(measure),
                code_label(measure, code),
                unit_label(unit),
                cells,
                said.pop() if alike else "",
            )
        )
    return tuple(lines)


def full_rows(
    protocol: Protocol, rows: Sequence[Measurement], shown: Withholding
) -> Mapping[str, tuple[FullRow, ...]]:
    """Give every row in words, by episode, in the columns' order."""
    known = [column.id for column in columns_of(protocol, rows)]
    grouped: dict[str, list[FullRow]] = {name: [] for name in (*known, *(row.episode_id for row in rows))}
    for row in rows:
        grouped[row.episode_id].append(
            FullRow(
                episode=row.episode_id,
                role=role_label(protocol, row.role),
                measure=measure_label(row.measure),
                name=row.measure,
                code=code_label(row.measure, row.code),
                rule=row.match_rule,
                stream=" · ".join(
                    part for part in (row.scheme_id, coders_label(row.coder_id, row.flags)) if part
                ),
                cell=shown.cell(row),
                unit=unit_label(row.unit),
                n="" if row.n is None else str(row.n),
                scorable_s="" if row.scorable_s is None else f"{row.scorable_s:.1f}",
                coverage=coverage_words(row.coverage).replace("coverage ", ""),
                status=str(row.status),
                status_words=status_words(row.status, row.measure),
                flags=", ".join(flag_words(flag) for flag in row.flags if not flag.startswith("source=")),
            )
        )
    return {episode: tuple(lines) for episode, lines in grouped.items()}


def _key(row: Measurement) -> Key:
    return (row.role, row.scheme_id, row.coder_id, row.match_rule, row.measure, row.code)
