"""A session on another computer: checked out as one file for one coder, and packed up again.

What leaves the lab is as little as coding needs: one session, its films and episodes, the coder's own codes
and changes of episodes, and what that coder was given there. No other person of the study, no ages, groups or
covariates, no physiology and so no corrections of heart beats, nobody else's codes.

What comes back are logs, and nothing else: see :data:`BACK_FOLDERS`. They hold whatever a coder can make in
the window: bouts, moments, ratings, remarks, breaches, the whole history of undo, sign-offs and unlockings,
decisions on proposals and how much was watched, and changes of episodes.
"""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from stillface.domain.session import Session
from stillface.domain.study import Person, Visit
from stillface.errors import InputError, StillfaceError, StorageError, UsageError
from stillface.io.bundle import SESSION_FILE, STUDY_FILE, StudyFolder, open_study
from stillface.io.code_log_name import log_name, parse_log_name
from stillface.io.code_log_record import system_clock
from stillface.io.durable import read_bytes, require_free_space, storage_error
from stillface.io.human_codes import LOG_KINDS
from stillface.io.lock import FileLock
from stillface.io.session_yaml import session_text
from stillface.io.study_yaml import PrivacyPlan, StudyFile, study_text
from stillface.review.assignments import ASSIGNMENTS_FILE, assignments_to_carry
from stillface.review.blinding import codes_from_scratch
from stillface.review.checkouts import Parcel, note_checkout
from stillface.review.episode_log import EPISODES_DIR, EpisodeLog
from stillface.review.install import spool_folder
from stillface.review.package_manifest import (
    MANIFEST,
    Manifest,
    decode_manifest,
    read_manifest,
    verify_hashes,
)
from stillface.review.role_mask import visible_regions
from stillface.review.waiting import bring_in_waiting
from stillface.review.zip_safe import read_zip, write_zip

__all__ = [
    "BACK_FOLDERS",
    "MANIFEST",
    "Manifest",
    "check_out",
    "coder_of_package",
    "pack_back",
    "refuse_stranger",
    "study_at",
    "unpack",
]

_DEFINITIONS = ("protocols", "schemes", "rules")
BACK_FOLDERS = (LOG_KINDS["human"], LOG_KINDS["auto_reviewed"], EPISODES_DIR)
"""Folders under ``codes`` whose logs travel both ways: all that a coder can make where nothing else is."""
_MAX_FILES, _MAX_BYTES = 10_000, 1_000_000_000_000


def check_out(
    study: StudyFolder, session_id: str, coder: str, target: Path, *, role: str = "", with_auto: bool = False
) -> Manifest:
    """Write one session as a package for one coder.

    Parameters
    ----------
    study : StudyFolder
    session_id, coder : str
    target : Path
        A file that is not there yet.
    role : str
        Only films that show this person.
    with_auto : bool
        Machine proposals too; off for blind coding. They are left out whatever this says for somebody who
        was given work there, which is coded from scratch, or must code blind.

    Raises
    ------
    UsageError
        The target is there, or no film shows the role.
    InputError, StorageError
        Session, films or assignments cannot be read, or the disk refused; nothing is left then.
    """
    if target.exists():
        raise UsageError("there is such a file already", where=target.name, fix="choose another name")
    log_name(coder, "anywhere")
    session, package = _reduced(study.load_session(session_id), role), uuid.uuid4().hex
    files: dict[str, Path | bytes] = {
        STUDY_FILE: study_text(_study_for(study, session, coder, package)).encode(),
        f"sessions/{session_id}/{SESSION_FILE}": session_text(session).encode(),
    }
    given = assignments_to_carry(study, session_id, coder, role)
    files |= {ASSIGNMENTS_FILE: given} if given else {}
    for video in session.videos:
        files |= {name: study.path_of(name) for name in video.files}
    folders = [study.root / name for name in _DEFINITIONS]
    wanted = [path for folder in folders for path in sorted(folder.rglob("*.yaml"))]
    wanted += _own_logs(study, session_id, coder)
    if with_auto and not codes_from_scratch(study, session_id, coder):
        wanted += sorted(study.auto_dir(session_id).glob("*.h5"))
    files |= {study.relative(path): path for path in wanted}
    require_free_space(
        target.parent, sum(f.stat().st_size if isinstance(f, Path) else len(f) for f in files.values())
    )
    blank = Manifest(package, "out", study.study.study_id, session_id, coder, role, system_clock()[0], {})
    found = write_zip(target, files, (MANIFEST, lambda hashed: replace(blank, files=hashed).encoded()))
    try:
        note_checkout(study, Parcel(blank.package, session_id, coder, role))
    except StillfaceError:
        # A package that the study does not remember could never come back.
        with suppress(OSError):
            target.unlink()
        raise
    return replace(blank, files=found)


def _reduced(session: Session, role: str) -> Session:
    shown = visible_regions(session, role) if role else {video.id: None for video in session.videos}
    if role and not shown:
        raise UsageError(f"no film shows the {role}", where=session.session_id)
    videos = tuple(video for video in session.videos if video.id in shown)
    return replace(session, recordings=videos, covariates={})


def _study_for(study: StudyFolder, session: Session, coder: str, package: str) -> StudyFile:
    # A study of its own: what waits on a computer for the lab's study is not for the package there, nor the
    # other way round. The list of what is packed says whose it is.
    own_id = f"{study.study.study_id[:48]}-{package[:8]}"
    persons = tuple(Person(person_id) for person_id in dict.fromkeys(session.persons.values()))
    visits = (Visit(session.visit_id),) if session.visit_id else ()
    reduced = replace(
        study.study,
        study_id=own_id,
        title=study.study.title or study.study.study_id,
        persons=persons,
        visits=visits,
        coders=(coder,),
    )
    return StudyFile(reduced, privacy=PrivacyPlan())


def _own_logs(study: StudyFolder, session_id: str, coder: str) -> list[Path]:
    """Give a coder's logs of all that travels."""
    folders = (study.codes_dir(session_id) / name for name in BACK_FOLDERS)
    logs = ((path, parse_log_name(path)) for folder in folders for path in sorted(folder.glob("*.jsonl")))
    return [path for path, name in logs if name is not None and name[0] == coder]


def unpack(package: Path, folder: Path) -> StudyFolder:
    """Unpack a checked-out session on the coder's computer, as a study of its own.

    Parameters
    ----------
    package : Path
    folder : Path
        Absent, or empty.

    Raises
    ------
    UsageError
        The folder holds something.
    InputError
        No package, a damaged one, or one with unfit names; nothing is left then.
    StorageError
        The disk refused; nothing is left then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("the folder is not empty", where=folder.name, fix="choose a new folder")
    making = folder.with_name(f".{folder.name[:80]}.{uuid.uuid4().hex[:8]}.unpacking")
    try:
        with read_zip(package, max_files=_MAX_FILES, max_bytes=_MAX_BYTES) as archive:
            manifest = read_manifest(archive, package.name, "out")
            _make(making)
            require_free_space(making, sum(archive.sizes.values()))
            hashes = {name: archive.copy(name, making / name) for name in manifest.files}
            verify_hashes(manifest, hashes, package.name)
            archive.copy(MANIFEST, making / MANIFEST)
        study = open_study(making)
        _refuse_strangers(study, manifest, package.name)
        for part in (study.logs_dir, study.codes_dir(manifest.session_id)):
            _make(part)
        if folder.exists():
            folder.rmdir()
        making.replace(folder)
    except OSError as error:
        raise storage_error(error, folder, "could not unpack") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return open_study(folder)


def _refuse_strangers(study: StudyFolder, manifest: Manifest, where: str) -> None:
    """Refuse files that no check-out packs."""
    session = study.load_session(manifest.session_id)
    known = {STUDY_FILE, ASSIGNMENTS_FILE, *(name for video in session.videos for name in video.files)}
    folders = (f"sessions/{manifest.session_id}/", *(f"{name}/" for name in _DEFINITIONS))
    strange = [name for name in manifest.files if name not in known and not name.startswith(folders)]
    if strange:
        raise InputError("a file that does not belong to the session", where=f"{where}: {strange[0]}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, folder, "could not make the folder") from error


def study_at(path: Path) -> StudyFolder:
    """Open a study's folder, or a checked-out package: unpacked beside itself the first time.

    Raises
    ------
    InputError
        No study, no package, or the folder beside the package belongs to another one.
    UsageError, StorageError
        As :func:`unpack`.
    """
    if path.suffix.lower() != ".zip" or path.is_dir():
        return open_study(path)
    folder = path.with_suffix("")
    if not (folder / MANIFEST).is_file():
        return unpack(path, folder)
    with read_zip(path, max_files=_MAX_FILES, max_bytes=_MAX_BYTES) as archive:
        wanted = read_manifest(archive, path.name, "out").package
    if decode_manifest(read_bytes(folder / MANIFEST), MANIFEST).package != wanted:
        raise InputError(
            "the folder beside this package is of another one", where=folder.name, fix="move one of them"
        )
    return open_study(folder)


def coder_of_package(study: StudyFolder) -> str:
    """Give whom an unpacked session was checked out for; empty where the study is no package.

    Raises
    ------
    InputError, StorageError
        What the package says of itself is damaged, or cannot be read.
    """
    path = study.root / MANIFEST
    if not path.is_file():
        return ""
    try:
        return decode_manifest(read_bytes(path), MANIFEST).coder
    except OSError as error:
        raise storage_error(error, path, "could not read the package") from error


def refuse_stranger(study: StudyFolder, coder: str) -> None:
    """Refuse to code in a package of somebody else: the lab could not take that work in.

    Raises
    ------
    UsageError
        The study is a package for another coder.
    """
    owner = coder_of_package(study)
    if owner and coder != owner:
        raise UsageError(
            f"this package is for {owner}",
            got=coder,
            fix=f"open it as {owner}, or ask the lab for a package of your own",
        )


def pack_back(study: StudyFolder, target: Path) -> Manifest:
    """Pack the coder's work of an unpacked session, to be sent back to the lab: logs only, no film.

    Edits that wait on this computer are put into the logs first.

    Raises
    ------
    UsageError
        The study is no unpacked package, nothing was coded, or the target is there.
    StorageError
        The window is still open on the session, edits wait that the logs do not take, or the disk refused.
    """
    if target.exists():
        raise UsageError("there is such a file already", where=target.name, fix="choose another name")
    path = study.root / MANIFEST
    if not path.is_file():
        raise UsageError("this study was not checked out from another one", fix="code in it as it is")
    out = decode_manifest(read_bytes(path), MANIFEST)
    told = bring_in_waiting(study)
    if _still_waits(study, out):
        raise StorageError("edits wait on this computer that are not in the package yet", got="; ".join(told))
    logs = _own_logs(study, out.session_id, out.coder)
    if not logs:
        names = map(parse_log_name, study.codes_dir(out.session_id).rglob("*.jsonl"))
        others = sorted({name[0] for name in names if name is not None})
        if others:
            raise UsageError(
                f"this package is for {out.coder}, who has coded nothing here; {', '.join(others)} has",
                where=out.session_id,
                fix="keep this folder as it is and tell your lab: no check-in takes that work",
            )
        raise UsageError("nothing has been coded here yet", where=out.session_id)
    _settle_episodes(study, out)
    files: dict[str, Path | bytes] = {}
    for log in logs:
        # Held for a moment: whoever has it open is still coding.
        lock = FileLock(log.with_name(log.name + ".lock"), who=out.coder)
        try:
            files[study.relative(log)] = read_bytes(log)
        finally:
            lock.release()
    blank = replace(out, way="in", t=system_clock()[0], files={})
    found = write_zip(target, files, (MANIFEST, lambda hashed: replace(blank, files=hashed).encoded()))
    return replace(blank, files=found)


def _still_waits(study: StudyFolder, out: Manifest) -> bool:
    folders = (spool_folder(study.study.study_id, out.session_id, kind) for kind in LOG_KINDS)
    return any(path for folder in folders for path in folder.glob(f"{out.coder}.*.jsonl"))


def _settle_episodes(study: StudyFolder, out: Manifest) -> None:
    """Set right what a crash left between a log of episodes and ``session.yaml``: the log alone travels."""
    standing = study.load_session(out.session_id).episodes
    for path in sorted((study.codes_dir(out.session_id) / EPISODES_DIR).glob("*.jsonl")):
        name = parse_log_name(path)
        if name is not None and name[0] == out.coder:
            log = EpisodeLog(study, out.session_id, *name)
            try:
                log.open_for(standing)
            finally:
                log.close()
