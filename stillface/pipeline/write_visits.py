"""Writing prepared visits: people once for all of them, then each visit whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from stillface.domain.study import Study
from stillface.errors import InputError, StillfaceError
from stillface.io.bundle import SESSION_FILE, StudyFolder
from stillface.io.durable import OS_FS, FileSystem, require_free_space, write_atomic
from stillface.pipeline.add import Prepared
from stillface.pipeline.people import with_people
from stillface.pipeline.raw_files import RAW_RECORD, Placed, copy_in, hash_of, record_raw, recorded_raw
from stillface.pipeline.replaced import place_of_old

__all__ = ["write_visits"]


def write_visits(
    folder: StudyFolder, visits: Sequence[Prepared], *, fs: FileSystem = OS_FS
) -> dict[str, StillfaceError]:
    """Write prepared visits. Of one that fails, or when all is interrupted, nothing is left.

    study.yaml is written once: it holds everybody, and once a visit would take longer with each.

    Returns
    -------
    dict of str to StillfaceError
        Why a visit could not be written, by session id: the disk, or somebody changed the study meanwhile.
    """
    before, written = folder.study, list[Prepared]()
    failed: dict[str, StillfaceError] = {}
    contradicted = False
    try:
        _enter_people(folder, visits, fs)
        for visit in visits:
            try:
                _write_session(folder, visit, fs)
                written.append(visit)
            except StillfaceError as error:
                failed[visit.session.session_id] = error
    except StillfaceError as error:
        failed = {visit.session.session_id: error for visit in visits}
        contradicted = isinstance(error, InputError)
    finally:
        # An interrupt counts too: people without their visit would look like a whole one's.
        if len(written) < len(visits):
            _take_people_back(folder, before, visits, written)
    if contradicted and len(visits) > 1:
        # Somebody changed the study meanwhile: one visit's people must not keep the others out.
        failed = {key: why for visit in visits for key, why in write_visits(folder, [visit], fs=fs).items()}
    return failed


def _enter_people(folder: StudyFolder, visits: Sequence[Prepared], fs: FileSystem) -> None:
    if _with_people_of(folder.study, visits) != folder.study:
        folder.update_study(lambda now: _with_people_of(now, visits), fs=fs)


def _take_people_back(
    folder: StudyFolder, before: Study, visits: Sequence[Prepared], written: Sequence[Prepared]
) -> None:
    with suppress(StillfaceError):
        entered, after = _with_people_of(before, visits), _with_people_of(before, written)
        folder.update_study(lambda now: after if now == entered else now)


def _with_people_of(study: Study, visits: Sequence[Prepared]) -> Study:
    people = (person for visit in visits for person in visit.people)
    ages = (visit for prepared in visits for visit in prepared.visits)
    return with_people(study, people, ages, frozenset().union(*(visit.corrects for visit in visits)))


def _write_session(folder: StudyFolder, prepared: Prepared, fs: FileSystem) -> None:
    if prepared.there:
        return
    session_id = prepared.session.session_id
    home = folder.session_dir(session_id)
    targets = [folder.root / file.relative for file in prepared.files if file.to_copy]
    kept = place_of_old(folder, session_id)
    places = [home, kept, *(target.parent for target in targets), *targets]
    new = [path for path in dict.fromkeys(places) if not path.exists()]
    old = {path: path.read_bytes() for path in (home / SESSION_FILE, home / RAW_RECORD) if path.exists()}
    done = False
    try:
        digests = _copied(folder, prepared.files, fs)
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
            _take_back(new, old)


def _take_back(new: list[Path], old: dict[Path, bytes]) -> None:
    for path in new:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.unlink()
    for path, content in old.items():
        with suppress(OSError, StillfaceError):
            if path.read_bytes() != content:
                write_atomic(path, content)


def _copied(folder: StudyFolder, files: tuple[Placed, ...], fs: FileSystem) -> dict[str, str]:
    to_copy = [file for file in files if file.to_copy]
    if to_copy:
        require_free_space(folder.root, sum(file.source.stat().st_size for file in to_copy), fs=fs)
    for file in to_copy:
        copy_in(file.source, folder.root / file.relative, fs=fs)
    return {file.relative: hash_of(folder.path_of(file.relative)) for file in files}
