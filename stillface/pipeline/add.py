"""Adding a visit to a study: everything is checked before anything is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path

from stillface.domain import refuse
from stillface.domain.recording import SignalRecording, VideoRecording
from stillface.domain.session import Session
from stillface.domain.study import Person, Study, Visit
from stillface.errors import InputError, StillfaceError, UsageError
from stillface.io.bundle import SESSION_FILE, StudyFolder
from stillface.io.durable import OS_FS, FileSystem, require_free_space, write_atomic
from stillface.io.safe_paths import check_name
from stillface.io.session_yaml import session_text
from stillface.pipeline.declare import Declared
from stillface.pipeline.findings import Finding
from stillface.pipeline.raw_files import (
    RAW_RECORD,
    Placed,
    copy_in,
    hash_of,
    place,
    record_raw,
    recorded_raw,
)
from stillface.pipeline.replaced import old_codes, only_here, people_changes, place_of_old, session_changes
from stillface.pipeline.session_checks import (
    clock_findings,
    episode_findings,
    look_at_film,
    look_at_signal,
    people_findings,
    span_findings,
)
from stillface.pipeline.shared_raw import used_elsewhere

__all__ = ["Prepared", "prepare_visit", "write_visit"]


@dataclass(frozen=True)
class Prepared:
    """A visit that may be written as it is.

    Parameters
    ----------
    session : Session
        With paths relative to the study.
    study : Study
        With the visit's people in it.
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
    study: Study
    files: tuple[Placed, ...]
    there: bool
    findings: tuple[Finding, ...] = ()
    changes: tuple[str, ...] = ()
    corrects: frozenset[str] = frozenset()


def prepare_visit(
    folder: StudyFolder,
    study: Study,
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
    study : Study
        As it will be when this visit comes: visits before it in a table have added their people.
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
    session_id = check_name("session_id", declared.session.session_id)
    for person in declared.people:
        check_name("person_id", person.person_id)
    files: dict[str, Placed] = {}

    def placed(typed: str, into: str) -> str:
        files[typed] = place(folder, typed, base, f"{into}/{session_id}", copy=copy)
        return files[typed].relative

    session = replace(
        declared.session, recordings=tuple(_moved(r, placed) for r in declared.session.recordings)
    )
    _refuse_twins(files)
    session_text(session)  # refuses what could not be read back
    there = session_id in folder.sessions()
    corrects = only_here(folder, session_id, session.persons.values()) if there and replaces else frozenset()
    merged = _with_people(study, declared, session, corrects)
    changes = _changes(folder, session) if there else ()
    if changes and not replaces:
        raise UsageError(
            "there is another session of this id",
            where=session_id,
            got="; ".join(changes),
            fix="choose another id, or correct it: --replace",
        )
    changes = (*changes, *people_changes(study, merged))
    if there and not changes:
        return Prepared(session, merged, tuple(files.values()), there=True)
    sources = {p.relative: p.source for p in files.values()}
    findings = (
        *_refuse_problems(people_findings(merged, session)),
        *episode_findings(session),
        *_recording_findings(session, sources),
        *used_elsewhere(folder, session, sources),
        *(old_codes(folder, session_id) if there else ()),
    )
    return Prepared(session, merged, tuple(files.values()), False, findings, changes, corrects)


def _changes(folder: StudyFolder, session: Session) -> tuple[str, ...]:
    try:
        old = folder.load_session(session.session_id)
    except InputError as error:
        return (f"its {SESSION_FILE} cannot be used: {error}",)
    if session_text(old) == session_text(session):
        return ()
    return session_changes(old, session) or (f"{SESSION_FILE} is written another way",)


def write_visit(folder: StudyFolder, prepared: Prepared, *, fs: FileSystem = OS_FS) -> None:
    """Write a prepared visit: copies, people, session. When one fails, all of it is taken back.

    Raises
    ------
    StorageError
        The disk refused.
    InputError
        Somebody else changed the study meanwhile.
    """
    if prepared.there:
        _enter_people(folder, prepared, fs)
        return
    session_id = prepared.session.session_id
    home = folder.session_dir(session_id)
    targets = [folder.root / file.relative for file in prepared.files if file.to_copy]
    kept = place_of_old(folder, session_id)
    places = [home, kept, *(target.parent for target in targets), *targets]
    new = [path for path in dict.fromkeys(places) if not path.exists()]
    old = {path: path.read_bytes() for path in (home / SESSION_FILE, home / RAW_RECORD) if path.exists()}
    before = folder.study
    done = False
    try:
        digests = _copied(folder, prepared.files, fs)
        _enter_people(folder, prepared, fs)
        if prepared.changes:
            write_atomic(kept, old[home / SESSION_FILE], fs=fs)
            # A file that changed since it was added stays a finding.
            recorded = recorded_raw(folder, session_id)
            digests |= {name: recorded[name] for name in digests if name in recorded}
        record_raw(folder, session_id, digests, fs=fs)
        (folder.save_session if prepared.changes else folder.add_session)(prepared.session, fs=fs)
        done = True
    finally:
        # An interrupt counts too: half a visit would look like a whole one to the next command.
        if not done:
            _take_back(folder, prepared, before, new, old)


def _take_back(
    folder: StudyFolder, prepared: Prepared, before: Study, new: list[Path], old: dict[Path, bytes]
) -> None:
    for path in new:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.unlink()
    for path, content in old.items():
        with suppress(OSError, StillfaceError):
            if path.read_bytes() != content:
                write_atomic(path, content)
    with suppress(StillfaceError):
        folder.update_study(lambda now: before if now == prepared.study else now)


def _copied(folder: StudyFolder, files: tuple[Placed, ...], fs: FileSystem) -> dict[str, str]:
    to_copy = [file for file in files if file.to_copy]
    if to_copy:
        require_free_space(folder.root, sum(file.source.stat().st_size for file in to_copy), fs=fs)
    for file in to_copy:
        copy_in(file.source, folder.root / file.relative, fs=fs)
    return {file.relative: hash_of(folder.path_of(file.relative)) for file in files}


def _enter_people(folder: StudyFolder, prepared: Prepared, fs: FileSystem) -> None:
    if prepared.study != folder.study:
        wanted = prepared.study

        def change(now: Study) -> Study:
            people = tuple(p for p in wanted.persons if p.person_id in prepared.session.persons.values())
            visit = tuple(v for v in wanted.visits if v.visit_id == prepared.session.visit_id)
            return _merged(now, people, visit, prepared.corrects)

        folder.update_study(change, fs=fs)


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


def _with_people(study: Study, declared: Declared, session: Session, corrects: frozenset[str]) -> Study:
    visits = (Visit(session.visit_id, dict(declared.age_days)),) if session.visit_id else ()
    return _merged(study, declared.people, visits, corrects)


def _merged(
    study: Study, people: tuple[Person, ...], visits: tuple[Visit, ...], corrects: frozenset[str]
) -> Study:
    """Give the study with these people in it: new facts are entered, contradictions refused or corrected."""
    persons = {person.person_id: person for person in study.persons}
    for person in people:
        known = persons.get(person.person_id)
        free = person.person_id in corrects
        persons[person.person_id] = person if known is None else _one_person(known, person, free=free)
    known_visits = {visit.visit_id: visit for visit in study.visits}
    for visit in visits:
        ages = dict(known_visits[visit.visit_id].age_days) if visit.visit_id in known_visits else {}
        for person_id, age in visit.age_days.items():
            if ages.get(person_id, age) != age and person_id not in corrects:
                raise _contradiction(f"age of {person_id} at {visit.visit_id}", age, ages[person_id])
            ages[person_id] = age
        known_visits[visit.visit_id] = Visit(visit.visit_id, ages)
    return replace(study, persons=tuple(persons.values()), visits=tuple(known_visits.values()))


def _one_person(known: Person, said: Person, *, free: bool) -> Person:
    merged = {}
    for name in (field.name for field in fields(Person)):
        old, new = getattr(known, name), getattr(said, name)
        unsaid = ("", None, "unknown")
        if not free and old not in unsaid and new not in unsaid and old != new:
            raise _contradiction(f"{name} of {known.person_id}", new, old)
        merged[name] = old if new in unsaid else new
    return Person(**merged)


def _contradiction(what: str, got: object, known: object) -> InputError:
    return InputError(
        "the study knows it otherwise",
        where=what,
        got=got,
        expected=f"{known} as in study.yaml",
        fix="correct the one that is wrong; is it another person?",
    )
