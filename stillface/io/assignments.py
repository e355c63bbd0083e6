"""The study's table ``assignments.csv``: who codes what, in which pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stillface.errors import InputError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_name import log_name
from stillface.io.tables import Table, read_table, write_table

__all__ = ["ASSIGNMENTS_FILE", "ASSIGNMENT_COLUMNS", "Assignment", "read_assignments", "write_assignments"]

ASSIGNMENTS_FILE = "assignments.csv"
ASSIGNMENT_COLUMNS = ("session_id", "role", "scheme_id", "coder", "pass")
_PASSES = ("1", "2")


@dataclass(frozen=True, order=True)
class Assignment:
    """One stream that one person is to code.

    Parameters
    ----------
    session_id, role, scheme_id, coder : str
    pass_no : int
        1, or 2 for the second, independent coding; 0 where the reader is not to know which.
    """

    session_id: str
    role: str
    scheme_id: str
    coder: str
    pass_no: int = 1


def read_assignments(study: StudyFolder) -> tuple[Assignment, ...]:
    """Read the table in its own order, which is the order of work; empty where there is none.

    Raises
    ------
    InputError
        At file:line: a session or role that is not there, a pass other than 1 or 2, one person twice on
        the same stream.
    """
    path = study.root / ASSIGNMENTS_FILE
    if not path.is_file():
        return ()
    table = read_table(path, ASSIGNMENT_COLUMNS)
    sessions, roles = frozenset(study.sessions()), study.protocol().role_ids
    found: dict[tuple[str, ...], Assignment] = {}
    for row in range(len(table)):
        made = _row(table, row, sessions, roles)
        stream = (made.session_id, made.role, made.scheme_id, made.coder)
        if stream in found:
            raise InputError("one person twice on the same stream", where=table.where(row), got=made.coder)
        found[stream] = made
    return tuple(found.values())


def _row(table: Table, row: int, sessions: frozenset[str], roles: tuple[str, ...]) -> Assignment:
    session_id, role, scheme_id, coder, pass_no = (table.filled(name)[row] for name in ASSIGNMENT_COLUMNS)
    for what, got, allowed in (
        ("no such session", session_id, sessions),
        ("no such role", role, roles),
        ("no such pass", pass_no, _PASSES),
    ):
        if got not in allowed:
            raise InputError(what, where=table.where(row), got=got, expected=", ".join(sorted(allowed)[:12]))
    try:
        log_name(coder, "anywhere")
    except InputError as error:
        raise InputError(
            "not initials", where=table.where(row), got=coder, expected=str(error.expected)
        ) from error
    return Assignment(session_id, role, scheme_id, coder, int(pass_no))


def write_assignments(study: StudyFolder, assignments: Iterable[Assignment]) -> None:
    """Write the table whole; raises StorageError."""
    rows = [(a.session_id, a.role, a.scheme_id, a.coder, a.pass_no) for a in assignments]
    write_table(study.root / ASSIGNMENTS_FILE, ASSIGNMENT_COLUMNS, rows)
