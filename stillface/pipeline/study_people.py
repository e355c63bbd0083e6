"""What the statistics of a study need to know of each session's people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stillface.domain.session import Session
from stillface.domain.study import Study

__all__ = ["Participant", "ages_of", "participants"]


@dataclass(frozen=True)
class Participant:
    """What the statistics need to know of a session.

    Parameters
    ----------
    family_id : str
        Sessions of one family are one cluster; the dyad's id where no family is recorded.
    group : str
        Of the focal person; empty where not recorded.
    covariates : mapping of str to float or str
        Those that the study names and the session has. A model takes the sessions that have all of them.
    """

    session_id: str
    dyad_id: str
    family_id: str
    group: str = ""
    covariates: Mapping[str, float | str] = field(default_factory=dict)


def participants(study: Study, sessions: Sequence[Session]) -> dict[str, Participant]:
    """Give the focal person's family, group and covariates by session; the first role's where none is focal.

    A covariate whose every value is a number is one; else its values are levels.
    """
    known = {session.session_id: _known(study, session) for session in sessions}
    numeric = {
        name
        for name in study.covariates
        if all(_is_number(values[name]) for values in known.values() if name in values)
    }
    return {
        session.session_id: _participant(
            study,
            session,
            {
                name: float(value) if name in numeric else value
                for name, value in known[session.session_id].items()
            },
        )
        for session in sessions
    }


def ages_of(study: Study, session: Session) -> dict[str, int]:
    """Give ages in days by role, where known."""
    visit = next((v for v in study.visits if v.visit_id == session.visit_id), None)
    known = {} if visit is None else visit.age_days
    return {role: known[person] for role, person in session.persons.items() if person in known}


def _focal(session: Session) -> str:
    return session.protocol.focal_role or session.protocol.role_ids[0]


def _participant(study: Study, session: Session, covariates: Mapping[str, float | str]) -> Participant:
    person = study.person(session.persons.get(_focal(session), ""))
    return Participant(
        session.session_id,
        session.dyad_id,
        (person.family_id if person else "") or session.dyad_id,
        person.group if person else "",
        covariates,
    )


def _known(study: Study, session: Session) -> dict[str, str]:
    person = study.person(session.persons.get(_focal(session), ""))
    age = ages_of(study, session).get(_focal(session))
    given = {
        **session.covariates,
        "sex": person.sex if person else "",
        "age_days": "" if age is None else str(age),
    }
    return {name: given[name] for name in study.covariates if given.get(name)}


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
