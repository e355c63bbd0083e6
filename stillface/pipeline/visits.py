"""Visits added to a study: one from typed words, or many from a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from stillface.domain.protocol import Protocol
from stillface.domain.recording import SIGNAL_KINDS
from stillface.domain.session import Episode
from stillface.errors import InputError, StillfaceError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.io.episodes_table import read_episodes
from stillface.io.tables import Table, read_table
from stillface.pipeline.add import Prepared, prepare_visit
from stillface.pipeline.declare import VisitWords, declare
from stillface.pipeline.findings import Finding
from stillface.pipeline.known_study import KnownStudy
from stillface.pipeline.write_visits import write_visits

__all__ = ["AddSummary", "Added", "add_table", "add_visit", "visit_columns"]

_COVARIATE = "covariate_"
_SIGNAL_WORDS = {
    "column": "columns",
    "time_column": "time_columns",
    "rate_hz": "rates_hz",
    "unit": "units",
    "marks": "marks",
    "offset_ms": "offsets_ms",
}
_PERSON_WORDS = {
    "person": "persons",
    "age_days": "ages",
    "family_id": "families",
    "sex": "sexes",
    "group": "groups",
    "gestational_age_days": "gestational_ages",
    "consent": "consents",
    "region": "regions",
    "partner": "partners",
}
_SHARED_FILM = "film"
_FEWEST_AT_ONCE = 16

Progress = Callable[[int, int, str], None]
"""Called with (rows done, rows in all, session_id)."""


@dataclass(frozen=True)
class Added:
    """What became of one visit.

    Parameters
    ----------
    session_id : str
    outcome : {'added', 'would be added', 'replaced', 'would be replaced', 'there'}
        ``there``: the study had the very same session.
    findings : tuple of Finding
    copied : tuple of str
        Files copied into the study, by their path in it.
    changes : tuple of str
        What became another in a visit that was replaced.
    """

    session_id: str
    outcome: str
    findings: tuple[Finding, ...] = ()
    copied: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddSummary:
    """What became of a table of visits.

    Parameters
    ----------
    visits : tuple of Added
    refused : mapping of str to str
        Reason by session id; each names file and line.
    """

    visits: tuple[Added, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    def with_outcome(self, outcome: str) -> tuple[str, ...]:
        """Give the ids of the visits that came to this."""
        return tuple(visit.session_id for visit in self.visits if visit.outcome == outcome)


def add_visit(
    folder: StudyFolder,
    words: VisitWords,
    base: Path,
    *,
    protocol_id: str | None = None,
    episodes: Path | None = None,
    copy: bool = False,
    replaces: bool = False,
    dry_run: bool = False,
) -> Added:
    """Add one visit; everything is checked before anything is written.

    Parameters
    ----------
    folder : StudyFolder
    words : VisitWords
    base : Path
        Folder that relative names count from when they are not in the study.
    protocol_id : str, optional
        Other than the study's.
    episodes : Path, optional
        Episodes table that has this session among others.
    copy, replaces, dry_run : bool
        Copy files from outside the study; correct the visit of this id; only say what would happen.

    Raises
    ------
    UsageError, InputError, StorageError
        See :func:`~stillface.pipeline.declare.declare`, ``prepare_visit`` and ``write_visits``.
    """
    protocol = folder.protocol(protocol_id)
    if replaces and words.session_id not in folder.sessions():
        raise UsageError(
            "no such session to replace", where=words.session_id, expected=", ".join(folder.sessions()) or "-"
        )
    table = _episodes(episodes, protocol)
    if table and words.session_id not in table:
        raise InputError(
            "no episodes of this session in the table",
            where=str(episodes),
            got=words.session_id,
            expected=", ".join(sorted(table)[:8]),
        )
    declared = declare(words, protocol, base, table.get(words.session_id, ()))
    prepared = prepare_visit(folder, KnownStudy(folder), declared, base, copy=copy, replaces=replaces)
    for error in () if dry_run else write_visits(folder, [prepared]).values():
        raise error
    return _added(prepared, dry_run=dry_run)


def add_table(
    folder: StudyFolder,
    path: Path,
    *,
    episodes: Path | None = None,
    copy: bool = False,
    replaces: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> AddSummary:
    """Add the visits of a table, one a row; a row that is refused leaves no trace and the others go on.

    Parameters
    ----------
    folder : StudyFolder
    path : Path
        Columns: docs/how-to/make-a-study.md. Relative file names count from the study or the table's folder.
    episodes : Path, optional
        Episodes table of all sessions.
    copy, replaces, dry_run : bool
        Copy files from outside the study; correct visits that it has otherwise; only say what would happen.
    progress : Progress, optional

    Raises
    ------
    InputError
        The table itself cannot be used: a missing, unknown or repeated column, a session twice.
    """
    table = read_table(path, ("session_id", "dyad_id"))
    protocols = {name: folder.protocol(name or None) for name in set(table.column("protocol", ""))}
    _refuse_unknown_columns(table, protocols)
    _refuse_repeated(table)
    known = {name: _episodes(episodes, protocol) for name, protocol in protocols.items()}
    added = _Adding(folder, table, dry_run)
    known_study = KnownStudy(folder)
    for row, session_id in enumerate(table.filled("session_id")):
        if progress is not None:
            progress(row, len(table), session_id)
        name = table.column("protocol", "")[row]
        try:
            words = _row_words(table, row, protocols[name])
            declared = declare(words, protocols[name], path.parent, known[name].get(session_id, ()))
            visit = prepare_visit(folder, known_study, declared, path.parent, copy=copy, replaces=replaces)
        except StillfaceError as error:
            added.refuse(session_id, error)
        else:
            added.take(visit)
    return added.finish()


class _Adding:
    """The visits of a table on their way into the study, written some at a time."""

    def __init__(self, folder: StudyFolder, table: Table, dry_run: bool) -> None:
        self._folder = folder
        self._dry_run = dry_run
        self._lines = {name: table.where(row) for row, name in enumerate(table.column("session_id"))}
        self._waiting: list[Prepared] = []
        self._visits: list[Added] = []
        self._refused: dict[str, str] = {}

    def refuse(self, session_id: str, error: StillfaceError) -> None:
        self._refused[session_id] = f"{self._lines[session_id]}: {error}"

    def take(self, visit: Prepared) -> None:
        self._waiting.append(visit)
        # As many again as there are: study.yaml grows, and is written a few times only.
        if len(self._waiting) >= max(_FEWEST_AT_ONCE, len(self._visits)):
            self._write()

    def finish(self) -> AddSummary:
        self._write()
        return AddSummary(tuple(self._visits), self._refused)

    def _write(self) -> None:
        errors = {} if self._dry_run else write_visits(self._folder, self._waiting)
        for session_id, error in errors.items():
            self.refuse(session_id, error)
        done = [visit for visit in self._waiting if visit.session.session_id not in errors]
        self._visits += [_added(visit, dry_run=self._dry_run) for visit in done]
        self._waiting.clear()


def _added(prepared: Prepared, *, dry_run: bool) -> Added:
    outcome = "there"
    if not prepared.there:
        outcome = ("would be " if dry_run else "") + ("replaced" if prepared.changes else "added")
    copies = tuple(file.relative for file in prepared.files if file.to_copy)
    return Added(prepared.session.session_id, outcome, prepared.findings, copies, prepared.changes)


def _episodes(path: Path | None, protocol: Protocol) -> dict[str, tuple[Episode, ...]]:
    return {} if path is None else read_episodes(path, [spec.id for spec in protocol.episodes])


def visit_columns(protocol: Protocol) -> tuple[str, ...]:
    """Give every column that a table of this protocol's visits may have."""
    names = ["session_id", "dyad_id", "visit_id", "protocol", "family_id", _SHARED_FILM, "film_offset_ms"]
    for role in protocol.role_ids:
        names += [f"{role}_{word}" for word in _PERSON_WORDS]
        names += [f"{role}_{_SHARED_FILM}", f"{role}_film_offset_ms"]
        for kind in SIGNAL_KINDS:
            names += [f"{role}_{kind}", *(f"{role}_{kind}_{word}" for word in _SIGNAL_WORDS)]
    return tuple(names)


def _refuse_unknown_columns(table: Table, protocols: Mapping[str, Protocol]) -> None:
    known = {name for protocol in protocols.values() for name in visit_columns(protocol)}
    for name in table.columns:
        if name not in known and not name.startswith(_COVARIATE):
            near = get_close_matches(name, sorted(known), n=1)
            raise InputError(
                "a column that visits do not have",
                where=f"{table.path}:1",
                got=name,
                expected="a column of the visits table" + (f", perhaps {near[0]}" if near else ""),
                fix=f"rename it; further facts of a visit are named {_COVARIATE}...",
            )


def _refuse_repeated(table: Table) -> None:
    seen: dict[str, int] = {}
    for row, session_id in enumerate(table.filled("session_id")):
        if session_id in seen:
            raise InputError(
                "a session twice",
                where=table.where(row),
                got=session_id,
                expected=f"once, as at line {table.lines[seen[session_id]]}",
            )
        seen[session_id] = row


def _row_words(table: Table, row: int, protocol: Protocol) -> VisitWords:
    """Spell a row in the words of the command line."""
    cells = {name: column[row] for name, column in table.columns.items() if column[row]}
    words: dict[str, list[str]] = {}

    def say(option: str, key: str, column: str) -> None:
        if column in cells:
            words.setdefault(option, []).append(f"{key}={cells[column]}" if key else cells[column])

    shown_together = "+".join(role for role in protocol.role_ids if f"{role}_person" in cells)
    if _SHARED_FILM in cells:
        words["films"] = [f"{_SHARED_FILM}={shown_together}:{cells[_SHARED_FILM]}"]
    say("offsets_ms", _SHARED_FILM, "film_offset_ms")
    say("families", "", "family_id")
    for role in protocol.role_ids:
        own_film = f"film_{role}"
        if f"{role}_film" in cells:
            words.setdefault("films", []).append(f"{own_film}={role}:{cells[f'{role}_film']}")
        say("offsets_ms", own_film, f"{role}_film_offset_ms")
        for word, option in _PERSON_WORDS.items():
            # Where a role has a camera of its own beside the shared one, its region is in the shared one.
            on_film = word in ("region", "partner") and _SHARED_FILM in cells
            say(option, f"{_SHARED_FILM}/{role}" if on_film else role, f"{role}_{word}")
        for kind in SIGNAL_KINDS:
            if f"{role}_{kind}" in cells:
                words.setdefault("signals", []).append(f"{role}:{kind}={cells[f'{role}_{kind}']}")
            for word, option in _SIGNAL_WORDS.items():
                say(option, f"{role}_{kind}", f"{role}_{kind}_{word}")
    for name, value in cells.items():
        if name.startswith(_COVARIATE):
            words.setdefault("covariates", []).append(f"{name.removeprefix(_COVARIATE)}={value}")
    return VisitWords(
        table.filled("session_id")[row],
        table.filled("dyad_id")[row],
        cells.get("visit_id", ""),
        **{option: tuple(said) for option, said in words.items()},
    )
