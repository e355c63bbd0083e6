"""Preparing a visit: everything is checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from stillface.domain import refuse
from stillface.domain.recording import SignalRecording, VideoRecording
from stillface.domain.session import Session
from stillface.domain.study import Person, Visit
from stillface.errors import InputError, UsageError
from stillface.io.bundle import SESSION_FILE, StudyFolder
from stillface.io.safe_paths import check_name
from stillface.io.session_yaml import session_text
from stillface.pipeline.declare import Declared
from stillface.pipeline.findings import Finding
from stillface.pipeline.known_study import KnownStudy
from stillface.pipeline.people import with_people
from stillface.pipeline.raw_files import Placed, place
from stillface.pipeline.replaced import old_codes, people_changes, session_changes
from stillface.pipeline.session_checks import (
    clock_findings,
    episode_findings,
    look_at_film,
    look_at_signal,
    people_findings,
    span_findings,
)
from stillface.pipeline.shared_raw import used_elsewhere

__all__ = ["Prepared", "prepare_visit"]


@dataclass(frozen=True)
class Prepared:
    """A visit that may be written as it is.

    Parameters
    ----------
    session : Session
        With paths relative to the study.
    people : tuple of Person
        Only what was said; empty fields say nothing.
    visits : tuple of Visit
        The ages that were said.
    files : tuple of Placed
    there : bool
        The study has the very same session already.
    findings : tuple of Finding
        What a person should look at; nothing that forbids the visit.
    changes : tuple of str
        What becomes another in a visit that the study has; it is replaced then.
    corrects : frozenset of str
        People about whom the study may be contradicted.
    """

    session: Session
    people: tuple[Person, ...]
    visits: tuple[Visit, ...]
    files: tuple[Placed, ...]
    there: bool = False
    findings: tuple[Finding, ...] = ()
    changes: tuple[str, ...] = ()
    corrects: frozenset[str] = frozenset()


def prepare_visit(
    folder: StudyFolder,
    known: KnownStudy,
    declared: Declared,
    base: Path,
    *,
    copy: bool = False,
    replaces: bool = False,
) -> Prepared:
    """Check a declared visit against the study and open every file it names; nothing is written.

    Parameters
    ----------
    folder : StudyFolder
    known : KnownStudy
        As the study will be when this visit comes; the visit is taken into it when nothing forbids it.
    declared : Declared
    base : Path
        Folder that relative names count from when they are not in the study.
    copy : bool
        Whether files outside the study may be copied into it.
    replaces : bool
        Whether another session of that id, and what only it says of its people, may be corrected.

    Raises
    ------
    UsageError
        There is another session of that id, which may not be replaced.
    InputError
        A file that cannot be used, a person who is somebody else in the study, people who cannot be right.
    """
    _refuse_names(declared)
    session, files = _with_files(folder, declared.session, base, copy=copy)
    session_id = session.session_id
    there = session_id in known.sessions
    prepared = Prepared(session, declared.people, _visits(declared), files)
    corrects = known.only_in(session_id, session.persons.values()) if there and replaces else frozenset()
    before = known.people_of(session)
    after = with_people(before, prepared.people, prepared.visits, corrects)
    changes = _changes(folder, session) if there else ()
    if changes and not replaces:
        raise _another(session_id, changes)
    changes = (*changes, *people_changes(before, after))
    if there and not changes:
        known.add(session, after, {})
        return replace(prepared, there=True)
    sources = {file.relative: file.source for file in files}
    findings = (
        *_refuse_problems(people_findings(after, session)),
        *episode_findings(session),
        *_recording_findings(session, sources),
        *used_elsewhere(known, session, sources),
        *(old_codes(folder, session_id) if there else ()),
    )
    known.add(session, after, sources)
    return replace(prepared, findings=findings, changes=changes, corrects=corrects)


def _refuse_names(declared: Declared) -> None:
    check_name("session_id", declared.session.session_id)
    for person in declared.people:
        check_name("person_id", person.person_id)


def _with_files(
    folder: StudyFolder, declared: Session, base: Path, *, copy: bool
) -> tuple[Session, tuple[Placed, ...]]:
    """Find the files of a session and call them as the study will."""
    files: dict[str, Placed] = {}

    def placed(typed: str, into: str) -> str:
        files[typed] = place(folder, typed, base, f"{into}/{declared.session_id}", copy=copy)
        return files[typed].relative

    session = replace(declared, recordings=tuple(_moved(r, placed) for r in declared.recordings))
    _refuse_twins(files)
    session_text(session)  # refuses what could not be read back
    return session, tuple(files.values())


def _another(session_id: str, changes: tuple[str, ...]) -> UsageError:
    return UsageError(
        "there is another session of this id",
        where=session_id,
        got="; ".join(changes),
        fix="choose another id, or correct it: --replace",
    )


def _changes(folder: StudyFolder, session: Session) -> tuple[str, ...]:
    try:
        old = folder.load_session(session.session_id)
    except InputError as error:
        return (f"its {SESSION_FILE} cannot be used: {error}",)
    if session_text(old) == session_text(session):
        return ()
    return session_changes(old, session) or (f"{SESSION_FILE} is written another way",)


def _moved(
    recording: VideoRecording | SignalRecording, placed: Callable[[str, str], str]
) -> VideoRecording | SignalRecording:
    if isinstance(recording, VideoRecording):
        return replace(recording, files=tuple(placed(name, "media") for name in recording.files))
    return replace(recording, file=placed(recording.file, "physio"))


def _refuse_problems(findings: list[Finding]) -> list[Finding]:
    for finding in findings:
        if finding.severity == "problem":
            raise InputError(finding.what, where=finding.where, fix=finding.fix or None)
    return findings


def _refuse_twins(files: dict[str, Placed]) -> None:
    seen: dict[str, Placed] = {}
    for file in files.values():
        other = seen.setdefault(file.relative.casefold(), file)
        if other.source.resolve() != file.source.resolve():
            raise InputError(
                "two files would have one name in the study",
                where=file.relative,
                fix="rename one of them, or put both into the study yourself",
            )


def _recording_findings(session: Session, sources: dict[str, Path]) -> list[Finding]:
    looked, found = [], []
    for recording in session.recordings:
        roles = recording.regions if isinstance(recording, VideoRecording) else (recording.role,)
        for role in roles:
            refuse.one_of(f"recording {recording.id}", "role", role, session.protocol.role_ids)
        if isinstance(recording, VideoRecording):
            files = [sources[name] for name in recording.files]
            looked.append(look_at_film(recording, files, session.session_id, None))
            found += _side_camera(recording, session.session_id)
        else:
            looked.append(look_at_signal(recording, sources[recording.file], session.session_id))
        found += [*looked[-1].findings, *clock_findings(recording, session.session_id)]
    return [*found, *span_findings(session, looked)]


def _side_camera(video: VideoRecording, where: str) -> list[Finding]:
    if not {"left", "right"}.intersection(video.partner_toward.values()):
        return []
    text = "films from the side give few codable frames for affect; check coverage after run"
    return [Finding("note", f"{where}/{video.id}", text)]


def _visits(declared: Declared) -> tuple[Visit, ...]:
    visit_id = declared.session.visit_id
    return (Visit(visit_id, dict(declared.age_days)),) if visit_id else ()
