"""Who codes what: the study's table ``assignments.csv``, made here or in a spreadsheet."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

from stillface.errors import UsageError
from stillface.io.assignments import (
    ASSIGNMENT_COLUMNS,
    ASSIGNMENTS_FILE,
    Assignment,
    read_assignments,
    write_assignments,
)
from stillface.io.bundle import StudyFolder
from stillface.io.tables import table_bytes

__all__ = [
    "ASSIGNMENTS_FILE",
    "Assignment",
    "Begun",
    "assignments_to_carry",
    "begun_ungiven",
    "deal",
    "left_over",
    "read_assignments",
    "write_assignments",
]

Begun = tuple[str, str, str, str]
"""Session, role, scheme and coder of a lane that somebody has begun to code."""


def assignments_to_carry(study: StudyFolder, session_id: str, coder: str, role: str = "") -> bytes:
    """Give the table of what one person was given of a session, as it travels; empty where that is nothing.

    Every row says the first pass: who knows that a session is coded twice codes it more carefully.

    Parameters
    ----------
    study : StudyFolder
    session_id, coder : str
    role : str
        Only this person's streams.

    Raises
    ------
    InputError
        As :func:`read_assignments`.
    """
    rows = [
        (a.session_id, a.role, a.scheme_id, a.coder, 1)
        for a in read_assignments(study)
        if (a.session_id, a.coder) == (session_id, coder) and role in ("", a.role)
    ]
    return table_bytes(ASSIGNMENT_COLUMNS, rows) if rows else b""


def deal(
    study: StudyFolder,
    coders: Sequence[str],
    *,
    already: Sequence[Assignment] = (),
    begun: Collection[Begun] = (),
    seed: int = 0,
    sessions: Container[str] | None = None,
    roles: Container[str] | None = None,
    partly: bool = False,
) -> tuple[Assignment, ...]:
    """Deal out what nobody has been given yet.

    Work is spread evenly. Nobody gets both people of a dyad, as long as there are coders enough; sessions
    drawn for double coding get a second person. What somebody has begun is dealt to nobody else.

    Parameters
    ----------
    study : StudyFolder
        Its schemes say what is coded, its reliability plan which sessions are coded twice.
    coders : sequence of str
    already : sequence of Assignment
        Stay as they are, first in the list.
    begun : collection of Begun
        Given to whoever has begun, where that is one of the coders; else left with them, given to nobody.
    seed : int
        Breaks ties.
    sessions, roles : container of str, optional
        Deal only these.
    partly : bool
        Leave over what none of these coders can take, since they code that person already, instead of
        refusing it all.

    Returns
    -------
    tuple of Assignment

    Raises
    ------
    UsageError
        No coder, or sessions to be coded twice and one coder only.
    """
    _refuse_too_few(study, coders, partly=partly)

    def asked(session_id: str, role: str) -> bool:
        return (sessions is None or session_id in sessions) and (roles is None or role in roles)

    held = begun_ungiven(study, already, begun)
    made = [*already, *(a for a in held if a.coder in coders and asked(a.session_id, a.role))]
    given = _by_session((*already, *held))
    missing = (todo for todo in _missing(study, given) if asked(todo[0], todo[1]))
    return (*made, *_spread(missing, given, coders, Counter(a.coder for a in made), seed, partly=partly))


def _refuse_too_few(study: StudyFolder, coders: Sequence[str], *, partly: bool) -> None:
    if not coders:
        raise UsageError("nobody to code", fix="name coders")
    if not partly and study.reliability.sessions and len(set(coders)) < 2:
        raise UsageError("double coding needs two coders", got=", ".join(coders))


def _spread(
    missing: Iterable[tuple[str, str, list[str], int]],
    given: Mapping[str, list[Assignment]],
    coders: Sequence[str],
    load: Counter[str],
    seed: int,
    *,
    partly: bool,
) -> Iterator[Assignment]:
    """Give each piece of work to whoever fits it and has least; ``given`` and ``load`` grow with it."""
    for session_id, role, scheme_ids, pass_no in missing:
        mine = given[session_id]
        coder = _who(mine, (role, pass_no), coders, load, f"{seed}:{session_id}:{role}:{pass_no}")
        if partly and coder in _of_another_pass(mine, role, pass_no):
            continue
        new = [Assignment(session_id, role, scheme_id, coder, pass_no) for scheme_id in scheme_ids]
        mine += new
        load[coder] += len(new)
        yield from new


def left_over(study: StudyFolder, assignments: Iterable[Assignment]) -> int:
    """Count the streams, second codings of drawn sessions included, that nobody has been given."""
    return sum(len(scheme_ids) for _, _, scheme_ids, _ in _missing(study, _by_session(assignments)))


def begun_ungiven(
    study: StudyFolder, assignments: Iterable[Assignment], begun: Collection[Begun]
) -> tuple[Assignment, ...]:
    """Give what somebody codes without having been given it, as far as nobody was given it.

    Parameters
    ----------
    study : StudyFolder
    assignments : iterable of Assignment
    begun : collection of Begun

    Returns
    -------
    tuple of Assignment
        As if it had been given to whoever has begun it; a second coder's as the second pass where the
        session was drawn for double coding, and not at all elsewhere.
    """
    coders: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for *stream, coder in sorted(begun):
        coders[stream[0], stream[1], stream[2]].append(coder)
    given, found = _by_session(assignments), []
    for session_id, role, scheme_ids, pass_no in _missing(study, given):
        for scheme_id in scheme_ids:
            has = {a.coder for a in given[session_id] if (a.role, a.scheme_id) == (role, scheme_id)}
            free = [coder for coder in coders[session_id, role, scheme_id] if coder not in has]
            if free:
                found.append(Assignment(session_id, role, scheme_id, free[0], pass_no))
                given[session_id].append(found[-1])
    return tuple(found)


def _by_session(assignments: Iterable[Assignment]) -> defaultdict[str, list[Assignment]]:
    given: defaultdict[str, list[Assignment]] = defaultdict(list)
    for a in assignments:
        given[a.session_id].append(a)
    return given


def _missing(
    study: StudyFolder, given: Mapping[str, list[Assignment]]
) -> Iterator[tuple[str, str, list[str], int]]:
    """Give session, role, schemes and pass of what is not in ``given`` when its turn comes."""
    drawn = frozenset(study.reliability.sessions)
    for session_id in study.sessions():
        for pass_no in (1, 2) if session_id in drawn else (1,):
            for role, schemes in study.study.schemes.items():
                has = {
                    a.scheme_id for a in given.get(session_id, ()) if (a.role, a.pass_no) == (role, pass_no)
                }
                missing = [scheme_id for scheme_id in schemes if scheme_id not in has]
                if missing:
                    yield session_id, role, missing, pass_no


def _of_another_pass(mine: list[Assignment], role: str, pass_no: int) -> frozenset[str]:
    """Give who codes this person in the other pass: a second coding is another person's."""
    return frozenset(a.coder for a in mine if a.role == role and a.pass_no != pass_no)


def _who(
    mine: list[Assignment], whom: tuple[str, int], coders: Sequence[str], load: Counter[str], chance: str
) -> str:
    """Choose who has not coded this person, knows nothing of the partner, and has least to do.

    Who codes this person in the same pass already comes before who has less to do.
    """
    role, pass_no = whom
    other_pass = _of_another_pass(mine, role, pass_no)
    partner = {a.coder for a in mine if a.role != role}
    same_pass = {a.coder for a in mine if a.role == role} - other_pass
    return min(
        dict.fromkeys(coders),
        key=lambda coder: (
            coder in other_pass,
            coder in partner,
            coder not in same_pass,
            load[coder],
            hashlib.sha256(f"{chance}:{coder}".encode()).digest(),
        ),
    )
