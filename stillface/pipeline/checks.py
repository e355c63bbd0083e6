"""``stillface check``: everything about a study that a person should look at, and nothing changed by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stillface.domain.recording import VideoRecording
from stillface.domain.session import Session
from stillface.errors import MissingExtraError, StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.pipeline.accept import accept_command
from stillface.pipeline.artefact_checks import code_findings, coverage_findings, heart_findings
from stillface.pipeline.findings import Finding, in_order
from stillface.pipeline.inputs import FileHashes
from stillface.pipeline.raw_files import raw_names, recorded_raw
from stillface.pipeline.session_checks import (
    Looked,
    clock_findings,
    episode_findings,
    look_at_film,
    look_at_signal,
    people_findings,
    span_findings,
)
from stillface.pipeline.shared_raw import shared_raw
from stillface.pipeline.study_checks import age_notes, consent_notes, own_files

__all__ = ["CheckSummary", "check_study", "shared_people"]

Progress = Callable[[int, int, str], None]
"""Called with (sessions done, sessions in all, session_id)."""


@dataclass(frozen=True)
class CheckSummary:
    """What a check found, problems first."""

    n_sessions: int
    findings: tuple[Finding, ...]


def check_study(
    folder: StudyFolder, *, sessions: Iterable[str] = (), progress: Progress | None = None
) -> CheckSummary:
    """Look at every session's files, people, episodes, clocks, coverage, hearts and codes.

    Parameters
    ----------
    folder : StudyFolder
    sessions : iterable of str
        Only what concerns these; people and files that they have in common with others are looked for in all.
    progress : Progress, optional

    Raises
    ------
    InputError
        A session that was asked for is not there.
    """
    asked = tuple(sessions)
    wanted = asked or folder.sessions()
    findings = [] if asked else own_files(folder)
    loaded: dict[str, Session] = {}
    for session_id in folder.sessions():
        try:
            loaded[session_id] = folder.load_session(session_id)
        except StillfaceError as error:
            if session_id in wanted:
                findings.append(Finding("problem", session_id, str(error), "correct its session.yaml"))
    hashes = FileHashes(folder.root, folder.logs_dir / "inputs.json")
    for done, session_id in enumerate(wanted):
        if progress is not None:
            progress(done, len(wanted), session_id)
        if session_id not in folder.sessions():
            folder.load_session(session_id)  # says that there is none
        if session_id in loaded:
            findings += _session(folder, loaded[session_id], hashes)
    chosen = [loaded[session_id] for session_id in wanted if session_id in loaded]
    findings += [*consent_notes(folder.study, chosen), *age_notes(folder.study, chosen)]
    findings += shared_people(folder, loaded.values(), wanted)
    findings += shared_raw(folder, loaded.values(), wanted)
    return CheckSummary(len(wanted), in_order(dict.fromkeys(findings)))


def _session(folder: StudyFolder, session: Session, hashes: FileHashes) -> list[Finding]:
    missing, findings = _raw_findings(folder, session, hashes)
    findings += [*people_findings(folder.study, session), *episode_findings(session)]
    looked = []
    for recording in session.recordings:
        names = recording.files if isinstance(recording, VideoRecording) else (recording.file,)
        try:
            findings += clock_findings(recording, session.session_id)
            if not missing.intersection(names):
                looked.append(_looked(folder, session, recording.id))
                findings += looked[-1].findings
        except MissingExtraError as error:
            findings.append(Finding("warning", "", f"not everything could be opened: {error}"))
        except StillfaceError as error:
            findings.append(Finding("problem", f"{session.session_id}/{recording.id}", str(error)))
    findings += span_findings(session, looked)
    findings += coverage_findings(folder, session)
    findings += heart_findings(folder, session)
    return [*findings, *code_findings(folder, session)]


def _looked(folder: StudyFolder, session: Session, recording_id: str) -> Looked:
    recording = next(r for r in session.recordings if r.id == recording_id)
    if isinstance(recording, VideoRecording):
        files = [folder.path_of(name) for name in recording.files]
        index = folder.session_dir(session.session_id) / "index"
        return look_at_film(recording, files, session.session_id, index)
    beats = folder.signals_dir(session.session_id) / f"{recording.id}.beats.h5"
    # Where the beats are there already, all of them are looked at.
    return look_at_signal(
        recording, folder.path_of(recording.file), session.session_id, heart=not beats.exists()
    )


def _raw_findings(
    folder: StudyFolder, session: Session, hashes: FileHashes
) -> tuple[set[str], list[Finding]]:
    """Name raw files that are missing or not those that were added."""
    findings, missing = [], set()
    try:
        recorded = recorded_raw(folder, session.session_id)
    except StillfaceError as error:
        recorded = {}
        findings.append(Finding("problem", session.session_id, str(error)))
    for name in raw_names(session):
        try:
            digest = hashes.of(folder.path_of(name))
        except StillfaceError as error:
            missing.add(name)
            findings.append(Finding("problem", session.session_id, str(error)))
            continue
        if recorded.get(name, digest) != digest:
            text = f"{name} is not the file that was added: its content has changed"
            fix = f"restore it, or accept it: {accept_command(folder, name)}"
            findings.append(Finding("problem", session.session_id, text, fix))
    return missing, findings


def shared_people(folder: StudyFolder, sessions: Iterable[Session], only: Iterable[str]) -> list[Finding]:
    """Name people who turn up in several dyads, or in several roles, beyond what a family explains.

    Only those who take part in one of the sessions ``only``. A parent of twins and a therapist of several
    clients are ordinary; the same infant in two dyads is ordinary only where a protocol has two caregivers,
    and is named.
    """
    dyads: dict[str, dict[str, str]] = {}
    roles: dict[str, dict[str, str]] = {}
    focal: set[str] = set()
    relatives: dict[str, set[str]] = {}
    wanted = set(only)
    concerned: set[str] = set()
    for session in sessions:
        if session.session_id in wanted:
            concerned.update(session.persons.values())
        for role, person_id in session.persons.items():
            dyads.setdefault(person_id, {})[session.dyad_id] = session.session_id
            roles.setdefault(person_id, {})[role] = session.session_id
            if role == session.protocol.focal_role:
                focal.add(person_id)
            others = (folder.study.person(p) for p in session.persons.values())
            relatives.setdefault(person_id, set()).update(p.family_id for p in others if p is not None)
    found = []
    for person_id, where in sorted(dyads.items()):
        one_family = len(relatives[person_id]) == 1 and "" not in relatives[person_id]
        if person_id not in concerned:
            continue
        if len(where) > 1 and (person_id in focal or not one_family) and "therapist" not in roles[person_id]:
            listed = ", ".join(f"{dyad} ({session})" for dyad, session in sorted(where.items()))
            text = f"{person_id} is in {len(where)} dyads: {listed}"
            found.append(Finding("warning", "", text, "is it the same person? family_id explains siblings"))
    for person_id, where in sorted(roles.items()):
        if len(where) > 1 and person_id in concerned:
            listed = ", ".join(f"{role} ({session})" for role, session in sorted(where.items()))
            text = f"{person_id} is in several roles: {listed}"
            found.append(Finding("problem", "", text, "are rows swapped?"))
    return found
