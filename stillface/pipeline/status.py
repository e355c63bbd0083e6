"""``stillface status``: how far each session is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from stillface.domain.clock import ns_to_s
from stillface.domain.provenance import Json
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.pipeline.artefact_checks import read_codings
from stillface.pipeline.faces_seen import seen_face, track_places
from stillface.pipeline.plan import RunOptions, SessionPlan, make_plan
from stillface.pipeline.remarks import kept_remarks

__all__ = ["STEP_KINDS", "SessionStatus", "study_status"]

STEP_KINDS = ("track", "code", "signal")


@dataclass(frozen=True)
class SessionStatus:
    """How far one session is.

    Parameters
    ----------
    session_id, dyad_id : str
    steps : dict of str to (int, int)
        Steps done and steps in all, by kind.
    report : {'yes', 'old', 'no'}
        Whether its page is up to date, with or without machine proposals.
    coverage : dict of str to float
        Codable share of the film, by role; roles without a track are absent.
    coded : dict of str to float
        What each person coded, as a share of the episodes of all streams that are to be coded.
    reviewed : float, optional
        Share of machine-coded time that a person coded too; None where the machine coded nothing.
    problem : str
        Why it cannot be run; empty where it can.
    remarks : tuple of str
        What the finished steps had to say, such as why nothing could be proposed.
    """

    session_id: str
    dyad_id: str = ""
    duration_s: float = 0.0
    steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    report: str = "no"
    coverage: dict[str, float] = field(default_factory=dict)
    coded: dict[str, float] = field(default_factory=dict)
    reviewed: float | None = None
    problem: str = ""
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Give the same for a script."""
        return {
            "session_id": self.session_id,
            "dyad_id": self.dyad_id,
            "duration_s": self.duration_s,
            "steps": {kind: {"done": done, "total": total} for kind, (done, total) in self.steps.items()},
            "report": self.report,
            "coverage": dict(self.coverage),
            "coders": list(self.coded),
            "coded": dict(self.coded),
            "reviewed": self.reviewed,
            "problem": self.problem,
            "remarks": list(self.remarks),
        }


def study_status(folder: StudyFolder) -> tuple[SessionStatus, ...]:
    """Say of each session what is done and what is not; nothing is computed anew.

    Raises
    ------
    MissingExtraError
        The steps need extras that are not installed.
    """
    plan = make_plan(folder, RunOptions())
    # Nobody knows with which options a page will be wanted; either kind may be the current one.
    with_auto = make_plan(folder, RunOptions(include_auto=True))
    current = {s.session.session_id for p in (plan, with_auto) for s in p.sessions if s.report_done}
    states = [_state(folder, session, current) for session in plan.sessions]
    states += [SessionStatus(problem.session_id, problem=problem.reason) for problem in plan.problems]
    return tuple(sorted(states, key=lambda state: state.session_id))


def _state(folder: StudyFolder, planned: SessionPlan, current: set[str]) -> SessionStatus:
    session = planned.session
    written = (folder.reports_dir / f"{session.session_id}.html").is_file()
    report = "yes" if session.session_id in current else "old" if written else "no"
    kinds = [(step.name.partition(":")[0], step.done) for step in planned.steps]
    total, done = Counter(kind for kind, _ in kinds), Counter(kind for kind, did in kinds if did)
    coded: dict[str, float] = {}
    coverage: dict[str, float] = {}
    remarks: tuple[str, ...] = ()
    unreviewed, problem = None, ""
    try:
        # The first film that shows a person is the one that is coded.
        seen = [seen_face(*place) for place in track_places(folder, session)]
        coverage = {face.role: face.share for face in reversed(seen)}
        remarks = kept_remarks(folder, session.session_id, planned.steps)
        codings = read_codings(folder, session)
        declared = sum(len(folder.study.schemes.get(role, ())) for role in session.protocol.role_ids)
        coded = codings.coded_shares(session, declared or len(codings.streams))
        unreviewed, _ = codings.unreviewed(session)
    except StillfaceError as error:
        problem = str(error)
    return SessionStatus(
        session.session_id,
        session.dyad_id,
        sum(ns_to_s(episode.duration_ns) for episode in session.episodes),
        {kind: (done[kind], total[kind]) for kind in STEP_KINDS if total[kind]},
        report,
        coverage,
        coded,
        None if unreviewed is None else 1 - unreviewed,
        problem,
        remarks,
    )
