"""What parts sessions and time: the focal person's age, columns of a codes table beyond the contract."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillface.domain.intervals import Intervals
from stillface.domain.session import Session
from stillface.domain.study import Person, Study
from stillface.errors import InputError
from stillface.io.codes_table import CodedStream

__all__ = ["focal_person", "strata_of_tables"]


def focal_person(study: Study, session: Session) -> tuple[Person | None, int | None]:
    """Give the person in the focal role and their age in days at the visit, as far as both are known."""
    focal = next((role.id for role in session.protocol.roles if role.focal), session.protocol.role_ids[0])
    person = study.person(session.persons.get(focal, ""))
    visit = next((v for v in study.visits if v.visit_id == session.visit_id), None)
    return person, None if visit is None or person is None else visit.age_days.get(person.person_id)


def strata_of_tables(
    pairs: Sequence[tuple[CodedStream, CodedStream]], by: Sequence[str]
) -> dict[str, Sequence[Intervals]]:
    """Cut each pair's time by the values of columns.

    Parameters
    ----------
    pairs : sequence of (person's stream, machine's stream)
    by : sequence of str
        Columns. The machine's table is asked first: what it saw decides on quality; then the person's.

    Returns
    -------
    dict of ``column value`` to one set of intervals per pair
        Sorted; bouts with an empty cell are in none.

    Raises
    ------
    InputError
        A column that neither table of a pair has beyond those of the contract.
    """
    found: dict[str, Sequence[Intervals]] = {}
    for column in by:
        holders = [_holder(column, person, machine) for person, machine in pairs]
        values = sorted({value for stream in holders for value in stream.extras[column] if value})
        for value in values:
            found[f"{column} {value}"] = [_where(stream, column, value) for stream in holders]
    return found


def _holder(column: str, person: CodedStream, machine: CodedStream) -> CodedStream:
    for stream in (machine, person):
        if column in stream.extras:
            return stream
    raise InputError(
        "no such column to part the validity by",
        where=f"{machine.wheres[0]} and {person.wheres[0]}",
        got=column,
        expected=", ".join(sorted({*person.extras, *machine.extras})) or "none: they hold no further columns",
        fix="add the column to the machine's table",
    )


def _where(stream: CodedStream, column: str, value: str) -> Intervals:
    chosen = np.array([k for k, cell in enumerate(stream.extras[column]) if cell == value], dtype=np.int64)
    return Intervals(stream.onsets_ns[chosen], stream.offsets_ns[chosen])
