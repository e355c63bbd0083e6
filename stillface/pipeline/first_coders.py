"""Whose coding of a stream counts where several people coded it: the master's, else the first pass's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stillface.errors import InputError
from stillface.io.assignments import read_assignments
from stillface.io.bundle import StudyFolder
from stillface.pipeline.choose import Firsts, Key

__all__ = ["FirstCoders", "first_coders"]

_MASTER = "whose codes of this master session are the standard"
_FIRST = "pass 1 of the assignments"


@dataclass(frozen=True)
class FirstCoders:
    """Who codes first, by the study's table of assignments and its master sessions.

    Parameters
    ----------
    pass_1 : mapping of session_id to mapping of (role, scheme_id) to tuple of str
    masters : mapping of session_id to str
        The expert of each master session.
    problem : str
        Why the table cannot be read; empty where it can, or where there is none.
    """

    pass_1: Mapping[str, Mapping[Key, Sequence[str]]] = field(default_factory=dict)
    masters: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def of(self, session_id: str, streams: Sequence[Key]) -> Firsts:
        """Give what counts for each of a session's streams, the strongest first."""
        expert, given = self.masters.get(session_id), self.pass_1.get(session_id, {})
        master = [(_MASTER, (expert,))] if expert else []
        return {key: [*master, *([(_FIRST, given[key])] if key in given else [])] for key in streams}


def first_coders(folder: StudyFolder) -> FirstCoders:
    """Read who codes first; a table that cannot be read settles nothing, and says so."""
    masters = folder.reliability.masters
    try:
        rows = read_assignments(folder)
    except InputError as error:
        return FirstCoders({}, masters, str(error))
    found: dict[str, dict[Key, list[str]]] = {}
    for row in rows:
        if row.pass_no == 1:
            found.setdefault(row.session_id, {}).setdefault((row.role, row.scheme_id), []).append(row.coder)
    return FirstCoders(found, masters)
