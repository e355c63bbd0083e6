"""What a run would do, known before it starts: what is done, what is to do, what cannot be done and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillface import __version__
from stillface.domain.clock import ns_to_s
from stillface.domain.measure_params import FAMILY_PARAMS, MeasureParams
from stillface.domain.provenance import Json, Provenance
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.study import Study
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.io.human_codes import read_people
from stillface.io.scheme_yaml import load_rule, shipped_rule_ids
from stillface.pipeline.first_coders import first_coders
from stillface.pipeline.inputs import FileHashes
from stillface.pipeline.known_coders import check_coders
from stillface.pipeline.ledger import Ledger
from stillface.pipeline.results import Choice
from stillface.pipeline.steps import Step, session_steps
from stillface.pipeline.study_files import STATISTICS

__all__ = ["Plan", "Problem", "RunOptions", "SessionPlan", "make_plan", "open_ledger"]

TABLES = (
    "measures_long.csv",
    "repairs.csv",
    "recovery.csv",
    "transitions.csv",
    "moments.csv",
    "physio_epochs.csv",
    "codes.csv",
    "episodes.csv",
    "sessions.csv",
    "codebook.csv",
)


@dataclass(frozen=True)
class RunOptions:
    """How to run.

    Parameters
    ----------
    workers : int
        Processes for tracking.
    sessions : tuple of str
        Work on these only; empty for all. Tables and the study's page always hold every session.
    include_auto : bool
        Analyse machine proposals where no person has coded.
    coders : tuple of str
        Only these coders' tracks.
    """

    workers: int = 2
    sessions: tuple[str, ...] = ()
    include_auto: bool = False
    coders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A session that cannot be planned, and why; ``wanted`` as in :class:`SessionPlan`."""

    session_id: str
    reason: str
    wanted: bool = True


@dataclass(frozen=True)
class SessionPlan:
    """One session's steps; ``key`` stands for everything its results rest on.

    ``wanted`` is false where the run was asked to leave the session as it is.
    """

    session: Session
    steps: tuple[Step, ...]
    key: str
    report_done: bool
    wanted: bool = True


@dataclass(frozen=True)
class Plan:
    """All that a run would do.

    Parameters
    ----------
    sessions : tuple of SessionPlan
    problems : tuple of Problem
    choice : Choice
    key : str
        Of the study's tables and page.
    tables_done, report_done : bool
    """

    sessions: tuple[SessionPlan, ...]
    problems: tuple[Problem, ...]
    choice: Choice
    key: str
    tables_done: bool
    report_done: bool

    @property
    def to_do(self) -> tuple[Step, ...]:
        """Steps of wanted sessions that are not done."""
        wanted = (session for session in self.sessions if session.wanted)
        return tuple(step for session in wanted for step in session.steps if not step.done)

    @property
    def n_done(self) -> int:
        """Steps of sessions that are done already."""
        return sum(step.done for session in self.sessions for step in session.steps)

    @property
    def nothing_to_do(self) -> bool:
        """Whether everything is there already."""
        pages = all(session.report_done for session in self.sessions if session.wanted)
        return not self.to_do and pages and self.report_done and self.tables_done

    @property
    def n_pages_to_do(self) -> int:
        """Pages of sessions that a run would write anew, and the study's."""
        return 1 + sum(session.wanted and not session.report_done for session in self.sessions)

    @property
    def estimate_s(self) -> float:
        """About how long the run will take; pages 2 s each."""
        return sum(step.estimate_s for step in self.to_do) + 2.0 * self.n_pages_to_do


def open_ledger(folder: StudyFolder) -> Ledger:
    """Give the ledger of a study's tables and pages."""
    return Ledger(folder.root, folder.logs_dir / "outputs.json")


def make_plan(folder: StudyFolder, options: RunOptions) -> Plan:
    """Check everything that can be checked without doing it.

    Raises
    ------
    InputError
        A session or a coder that was asked for is not there, or a rule is unknown.
    """
    choice = _choice(folder, options)
    hashes, ledger = FileHashes(folder.root, folder.logs_dir / "inputs.json"), open_ledger(folder)
    known = folder.sessions()
    for session_id in options.sessions:
        if session_id not in known:
            folder.load_session(session_id)  # raises, naming the sessions that there are
    check_coders(folder, options.coders)
    plans, problems = [], []
    for session_id in known:
        wanted = not options.sessions or session_id in options.sessions
        try:
            session = folder.load_session(session_id)
            planned = _plan_session(folder, session, choice, hashes, ledger, options.workers)
            plans.append(replace(planned, wanted=wanted))
        except StillfaceError as error:
            problems.append(Problem(session_id, str(error), wanted))
    hashes.save()
    inputs = {plan.session.session_id: plan.key for plan in plans}
    key = Provenance("study", inputs, _people(folder.study), __version__).key
    tables = [folder.exports_dir / name for name in TABLES]
    tables += [folder.exports_dir / "statistics" / name for name in STATISTICS]
    return Plan(
        tuple(plans),
        tuple(problems),
        choice,
        key,
        ledger.is_current(tables, key),
        ledger.is_current([folder.reports_dir / "study.html"], key),
    )


def _plan_session(
    folder: StudyFolder,
    session: Session,
    choice: Choice,
    hashes: FileHashes,
    ledger: Ledger,
    workers: int,
) -> SessionPlan:
    steps = session_steps(folder, session, hashes, workers)
    # A step whose input is made anew is not done, whatever lies on the disk.
    redo = {step.name for step in steps if not step.done}
    steps = [replace(step, done=step.done and not redo.intersection(step.needs)) for step in steps]
    people = read_people(folder.codes_dir(session.session_id), folder.scheme)
    key = Provenance(
        "results",
        {**{step.name: step.key for step in steps}, **people.heads},
        {
            "protocol": f"{session.protocol.id}@{session.protocol.version}",
            "episodes": [
                [e.id, ns_to_s(e.onset_ns), ns_to_s(e.offset_ns), e.ended_by] for e in session.episodes
            ],
            "persons": dict(sorted(session.persons.items())),
            "covariates": dict(sorted(session.covariates.items())),
            "rules": [f"{rule.id}@{rule.version}" for rule in choice.rules],
            "sources": list(choice.sources),
            "coders": list(choice.coders),
            "min_coverage": folder.study.min_coverage,
            **_changed(choice.params),
            **_first(choice, session.session_id),
        },
        __version__,
    ).key
    page = folder.reports_dir / f"{session.session_id}.html"
    return SessionPlan(session, tuple(steps), key, ledger.is_current([page], key))


def _changed(params: MeasureParams) -> dict[str, Json]:
    """Give what of the measures' parameters is not as usual; usual ones leave the keys as they were."""
    changed: dict[str, Json] = {
        name: {**params.changed(name)} for name in FAMILY_PARAMS if params.changed(name)
    }
    return {"measures": changed} if changed else {}


def _first(choice: Choice, session_id: str) -> dict[str, Json]:
    """Give whose codings of a session count first; nothing where nobody is named, as before."""
    given = choice.first.pass_1.get(session_id, {})
    first: dict[str, Json] = {f"{role}/{scheme}": [*sorted(who)] for (role, scheme), who in given.items()}
    master = choice.first.masters.get(session_id)
    return {
        **({"first_coders": dict(sorted(first.items()))} if first else {}),
        **({"master": master} if master else {}),
    }


def _people(study: Study) -> dict[str, Json]:
    """Give what the tables and statistics take from study.yaml beside the sessions."""
    return {
        "persons": [
            [p.person_id, p.family_id, p.sex, p.group, p.gestational_age_days] for p in study.persons
        ],
        "release_levels": [p.release_level for p in study.persons],
        "visits": [[visit.visit_id, {**visit.age_days}] for visit in study.visits],
        "covariates": list(study.covariates),
    }


def _choice(folder: StudyFolder, options: RunOptions) -> Choice:
    study = folder.study
    sources = study.analysis_sources
    if options.include_auto and "auto" not in sources:
        sources = (*sources, "auto")
    names = study.rules or shipped_rule_ids()
    rules: tuple[MatchRule, ...] = tuple(load_rule(name, folder.root) for name in names)
    return Choice(sources, options.coders, rules, study.measures, first_coders(folder))
