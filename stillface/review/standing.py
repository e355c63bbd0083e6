"""How far every lane of a study is, as the browser shows a manager: for those who ask at a terminal.

Nothing is opened, brought in or changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stillface.domain.provenance import Json
from stillface.domain.session import Session
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.review.assignments import Assignment, read_assignments
from stillface.review.checkouts import checked_out
from stillface.review.progress import State, TrackProgress, read_progress, streams_to_code

__all__ = ["LaneStanding", "StudyStanding", "study_standing"]


@dataclass(frozen=True)
class LaneStanding:
    """One lane of one session.

    Parameters
    ----------
    role, scheme_id : str
    coder : str
        Empty where anybody may code it and nobody has begun.
    kind : {'human', 'auto_reviewed', 'consensus'}
        Coded by hand, reviewed from a machine's proposals, or settled of two coders.
    state : str
    coded_share : float, optional
        Of the time in which it is to be coded; None where it holds moments.
    pass_no : int
        1 or 2 as it was given in the queue; 0 where it was given to nobody.
    signed_t : str
        UTC of the sign-off; empty where it is not signed.
    problem : str
    """

    role: str
    scheme_id: str
    coder: str = ""
    kind: str = "human"
    state: State = "not started"
    coded_share: float | None = 0.0
    pass_no: int = 0
    signed_t: str = ""
    problem: str = ""

    def to_json(self) -> dict[str, Json]:
        """Give the same for a script."""
        return {
            "role": self.role,
            "scheme_id": self.scheme_id,
            "coder": self.coder or None,
            "kind": self.kind,
            "state": self.state,
            "coded_share": self.coded_share,
            "pass": self.pass_no or None,
            "signed_at": self.signed_t or None,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class StudyStanding:
    """Every lane that somebody has begun, was given, or that waits for anybody.

    Parameters
    ----------
    lanes : mapping of str to tuple of LaneStanding
        By session; sessions that cannot be read are absent.
    away : mapping of str to tuple of str
        Who has a session on another computer.
    problem : str
        Why it is not known who was given what; empty where it is.
    """

    lanes: Mapping[str, tuple[LaneStanding, ...]]
    away: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str = ""


def study_standing(study: StudyFolder) -> StudyStanding:
    """Read how far every lane of a study is.

    Raises
    ------
    InputError, StorageError
        The list of check-outs cannot be read.
    """
    problem = ""
    try:
        given = read_assignments(study)
    except StillfaceError as error:
        given, problem = (), str(error)
    lanes = {}
    for session_id in study.sessions():
        mine = [a for a in given if a.session_id == session_id]
        try:
            session = study.load_session(session_id)
            lanes[session_id] = tuple(_lanes(study, session, mine))
        except StillfaceError:
            # What is wrong with a session is told by whoever plans its steps.
            continue
    return StudyStanding(lanes, checked_out(study), problem)


def _lanes(study: StudyFolder, session: Session, given: Sequence[Assignment]) -> list[LaneStanding]:
    passes = {(a.role, a.scheme_id, a.coder): a.pass_no for a in given}
    found = [_begun(study, track, passes) for track in read_progress(study, session)]
    begun = {(lane.role, lane.scheme_id, lane.coder) for lane in found if lane.kind == "human"}
    found += [
        _waiting(study, *lane, pass_no=pass_no) for lane, pass_no in passes.items() if lane not in begun
    ]
    has_somebody = {(lane.role, lane.scheme_id) for lane in found}
    for stream in streams_to_code(study, session, passes):
        if (stream.role, stream.scheme_id) not in has_somebody:
            found.append(_waiting(study, stream.role, stream.scheme_id))
    roles = session.protocol.role_ids
    order = {role: place for place, role in enumerate(roles)}
    kinds = ("human", "auto_reviewed", "consensus")
    return sorted(
        found,
        key=lambda lane: (
            order.get(lane.role, len(order)),
            lane.scheme_id,
            kinds.index(lane.kind),
            lane.pass_no or 3,
            lane.coder,
        ),
    )


def _begun(
    study: StudyFolder, track: TrackProgress, passes: Mapping[tuple[str, str, str], int]
) -> LaneStanding:
    # Work is given to be coded by hand: who reviews or settles was not given that pass.
    lane = (track.role, track.scheme_id, track.coder)
    return LaneStanding(
        *lane,
        track.kind,
        track.state,
        None if _is_point(study, track.scheme_id) else track.coded_share,
        passes.get(lane, 0) if track.kind == "human" else 0,
        track.signed_t,
        track.problem,
    )


def _waiting(
    study: StudyFolder, role: str, scheme_id: str, coder: str = "", *, pass_no: int = 0
) -> LaneStanding:
    share = None if _is_point(study, scheme_id) else 0.0
    return LaneStanding(role, scheme_id, coder, coded_share=share, pass_no=pass_no)


def _is_point(study: StudyFolder, scheme_id: str) -> bool:
    return study.scheme(scheme_id).type == "point"
