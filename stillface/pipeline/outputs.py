"""Write what a run is for: tables of the study, a page for each session, a page for the study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stillface import __version__
from stillface.domain.clock import ns_to_s
from stillface.domain.provenance import Json
from stillface.domain.results import Measurement
from stillface.domain.session import Session
from stillface.domain.study import Study
from stillface.io.bundle import StudyFolder
from stillface.io.codebook import write_codebook
from stillface.io.codes_table import CODES_COLUMNS
from stillface.io.codes_writer import write_codes
from stillface.io.durable import write_atomic
from stillface.io.episodes_table import EPISODES_COLUMNS, write_episodes
from stillface.io.measures_table import (
    MOMENTS_COLUMNS,
    RECOVERY_COLUMNS,
    REPAIRS_COLUMNS,
    TRANSITIONS_COLUMNS,
    recovery_cells,
    transition_cells,
    write_measures_long,
    write_moments,
    write_repairs,
)
from stillface.io.tables import write_table
from stillface.pipeline.event_pictures import session_panels
from stillface.pipeline.faces_seen import tracked_faces
from stillface.pipeline.measuring import withhold
from stillface.pipeline.plan import TABLES, Plan
from stillface.pipeline.results import SessionResults
from stillface.pipeline.reviewed_how import review_lines
from stillface.pipeline.session_rows import recovery_rows, session_transition_rows
from stillface.pipeline.study_events import PooledEvents, pooled_events
from stillface.pipeline.study_files import Statistics, study_statistics, write_statistics
from stillface.pipeline.study_page import page_tables
from stillface.pipeline.study_people import ages_of, participants
from stillface.pipeline.study_pictures import study_pictures
from stillface.pipeline.whose_codes import whose_codes
from stillface.report.data import SessionReport, StudyReport, StudySession
from stillface.report.html import session_report, study_report
from stillface.report.study_plots import StudyPictures

__all__ = [
    "statistics_of",
    "write_session_page",
    "write_study_page",
    "write_study_statistics",
    "write_tables",
]

EPOCH_COLUMNS = (
    "dyad_id", "session_id", "role", "onset_s", "offset_s", "ibi_ms", "hr_bpm", "rmssd_ms", "rsa_ln_ms2",
    "n_ibi", "edited_share", "band_low_hz", "band_high_hz", "method", "status",
)  # fmt: skip
SESSION_COLUMNS = (
    "dyad_id", "session_id", "visit_id", "protocol_id", "role", "person_id", "family_id", "sex", "group",
    "age_days", "corrected_age_days", "release_level", "n_episodes", "ended_early",
)  # fmt: skip
_PARTS = ("numpy", "scipy", "h5py", "av", "opencv-python", "mediapipe", "neurokit2", "matplotlib")


def write_tables(folder: StudyFolder, results: Sequence[SessionResults]) -> tuple[Path, ...]:
    """Write all tables of the study; values below the study's coverage limit are withheld."""
    files = {name: folder.exports_dir / name for name in TABLES}
    limit = folder.study.min_coverage
    by_session = [(r.session.protocol, [withhold(row, limit) for row in r.rows]) for r in results]
    rows = [row for _, mine in by_session for row in mine]
    write_measures_long(files["measures_long.csv"], rows)
    write_repairs(files["repairs.csv"], (row for result in results for row in result.repairs))
    write_table(
        files["recovery.csv"],
        RECOVERY_COLUMNS,
        (recovery_cells(row) for protocol, mine in by_session for row in recovery_rows(protocol, mine)),
    )
    write_table(
        files["transitions.csv"],
        TRANSITIONS_COLUMNS,
        (transition_cells(row) for r in results for row in session_transition_rows(r.session, r.analysed)),
    )
    write_moments(files["moments.csv"], (row for result in results for row in result.moments))
    write_table(files["physio_epochs.csv"], EPOCH_COLUMNS, (row for r in results for row in _epochs(r)))
    write_codes(
        files["codes.csv"],
        (
            (r.session.dyad_id, r.session.session_id, (*r.analysed, *r.session.points), r.remarks)
            for r in results
        ),
    )
    write_episodes(files["episodes.csv"], ((r.session.session_id, r.session.episodes) for r in results))
    extra = _covariate_columns(r.session for r in results)
    sessions = (row for r in results for row in _people(folder.study, r.session, tuple(extra.values())))
    write_table(files["sessions.csv"], (*SESSION_COLUMNS, *extra), sessions)
    columns = (
        *Measurement.columns(), *REPAIRS_COLUMNS, *RECOVERY_COLUMNS, *TRANSITIONS_COLUMNS, *MOMENTS_COLUMNS,
        *EPOCH_COLUMNS, *CODES_COLUMNS,
        *EPISODES_COLUMNS, *SESSION_COLUMNS, *extra,
    )  # fmt: skip
    write_codebook(files["codebook.csv"], columns, (row.measure for row in rows))
    return tuple(files.values())


def statistics_of(
    folder: StudyFolder, results: Sequence[SessionResults], plan: Plan, failed: dict[str, str]
) -> Statistics:
    """Compute what is said of the study as a whole; values below its coverage limit are withheld."""
    limit = folder.study.min_coverage
    return study_statistics(
        folder.protocol(),
        [withhold(row, limit) for result in results for row in result.rows],
        participants(folder.study, [result.session for result in results]),
        [(result.session, result.analysed) for result in results],
        plan.choice.rules,
        failed,
        _events(folder, results),
        [(result.session, result.bodies) for result in results],
        plan.choice.params,
        {(r.session.session_id, *key): reason for r in results for key, reason in r.unsettled.items()},
    )


def _events(folder: StudyFolder, results: Sequence[SessionResults]) -> list[PooledEvents]:
    people = participants(folder.study, [result.session for result in results])
    families = {session_id: person.family_id for session_id, person in people.items()}
    around = [one for result in results for one in result.around]
    return list(pooled_events(around, families, folder.study.min_coverage))


def write_study_statistics(
    folder: StudyFolder, results: Sequence[SessionResults], statistics: Statistics
) -> tuple[Path, ...]:
    """Write effects, models, groups, chance, contingency, exclusions and scripts: ``exports/statistics``."""
    sessions = [result.session for result in results]
    return write_statistics(
        folder.exports_dir / "statistics",
        folder.protocol(),
        statistics,
        participants(folder.study, sessions),
        folder.study.covariates,
        (*SESSION_COLUMNS, *_covariate_columns(sessions)),
    )


def _covariate_columns(sessions: Iterable[Session]) -> dict[str, str]:
    """Give the columns of sessions.csv that hold sessions' own covariates, by column."""
    names = sorted({name for session in sessions for name in session.covariates})
    return {f"covariate_{name}": name for name in names}


def write_session_page(
    folder: StudyFolder, result: SessionResults, plan: Plan, remarks: Sequence[str]
) -> Path:
    """Write the page of one session and give its place."""
    session = result.session
    machine_ns, coded_ns = result.unreviewed_ns
    page = session_report(
        SessionReport(
            session,
            result.rows,
            machine_ns / coded_ns if coded_ns else None,
            match=result.match,
            ibi=result.ibi,
            rsa=result.rsa,
            faces=tracked_faces(folder, session),
            events=session_panels(session.protocol, result.around, folder.study.min_coverage),
            clocks=result.clocks,
            age_days=ages_of(folder.study, session),
            min_coverage=folder.study.min_coverage,
            versions=_versions(),
            parameters={**_parameters(plan), **_whose(result)},
            log_heads=result.log_heads,
            warnings=(*result.warnings, *review_lines(result.remarks), *remarks),
        )
    )
    path = folder.reports_dir / f"{session.session_id}.html"
    write_atomic(path, page.encode())
    return path


def write_study_page(
    folder: StudyFolder,
    results: Sequence[SessionResults],
    plan: Plan,
    failed: dict[str, str],
    statistics: Statistics,
) -> Path:
    """Write the page of the study and give its place.

    Parameters
    ----------
    failed : dict of session_id to str
        Why sessions are not in.
    """
    shares = [result.unreviewed_ns for result in results]
    coded_ns = sum(total for _, total in shares)
    sessions = [
        StudySession(r.session.session_id, r.session.dyad_id, href=f"{r.session.session_id}.html")
        for r in results
    ]
    sessions += [StudySession(name, "-", "failed", reason) for name, reason in sorted(failed.items())]
    page = study_report(
        StudyReport(
            folder.study.study_id,
            folder.protocol(),
            tuple(sessions),
            tuple(row for result in results for row in result.rows),
            sum(machine for machine, _ in shares) / coded_ns if coded_ns else None,
            title=folder.study.title,
            min_coverage=folder.study.min_coverage,
            versions=_versions(),
            parameters=_parameters(plan),
            warnings=tuple(line for result in results for line in result.warnings),
            pictures=_pictures(folder, results, plan, statistics),
            tables=page_tables(folder.protocol(), statistics),
        )
    )
    path = folder.reports_dir / "study.html"
    write_atomic(path, page.encode())
    return path


def _pictures(
    folder: StudyFolder, results: Sequence[SessionResults], plan: Plan, statistics: Statistics
) -> StudyPictures:
    limit = folder.study.min_coverage
    return study_pictures(
        [withhold(row, limit) for result in results for row in result.rows],
        [(result.session, result.analysed) for result in results],
        plan.choice.rules,
        statistics.effects,
        folder.protocol(),
        _events(folder, results),
        participants(folder.study, [result.session for result in results]),
    )


def _epochs(result: SessionResults) -> Iterable[tuple[object, ...]]:
    session = result.session
    for rsa in result.rsa:
        for epoch in rsa.epochs:
            yield (
                session.dyad_id,
                session.session_id,
                rsa.role,
                ns_to_s(epoch.onset_ns),
                ns_to_s(epoch.offset_ns),
                epoch.ibi_ms,
                epoch.hr_bpm,
                epoch.rmssd_ms,
                epoch.rsa_ln_ms2,
                epoch.n_ibi,
                epoch.edited_share,
                *rsa.band_hz,
                rsa.method,
                epoch.status.value,
            )


def _people(study: Study, session: Session, covariates: Sequence[str]) -> Iterable[tuple[object, ...]]:
    visit = next((v for v in study.visits if v.visit_id == session.visit_id), None)
    early = sum(episode.ended_by != "time" for episode in session.episodes)
    for role, person_id in session.persons.items():
        person = study.person(person_id)
        if person is None:
            continue
        yield (
            session.dyad_id,
            session.session_id,
            session.visit_id,
            session.protocol.id,
            role,
            person_id,
            person.family_id,
            person.sex,
            person.group,
            None if visit is None else visit.age_days.get(person_id),
            None if visit is None else visit.corrected_age_days(person),
            person.release_level,
            len(session.episodes),
            early,
            *(session.covariates.get(name) for name in covariates),
        )


def _whose(result: SessionResults) -> dict[str, Json]:
    """Say why somebody's codes are analysed, of streams that have several codings."""
    return {"codes_analysed": "; ".join(whose_codes(result))} if result.why else {}


def _parameters(plan: Plan) -> dict[str, Json]:
    return {
        "analysis_sources": list(plan.choice.sources),
        "rules": [f"{rule.id}@{rule.version}" for rule in plan.choice.rules],
        "coders": list(plan.choice.coders),
        "measures": asdict(plan.choice.params),
        "study_key": plan.key[:12],
    }


def _versions() -> dict[str, str]:
    found = {"stillface": __version__}
    for name in _PARTS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
