"""Work that comes back from another computer: looked at byte by byte before it is put beside the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stillface.errors import FieldError, InputError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log, scan
from stillface.io.code_log_heads import add_head
from stillface.io.code_log_name import parse_log_name
from stillface.io.code_log_record import Record, system_clock
from stillface.io.code_log_replay import merge, replay
from stillface.io.durable import read_bytes, storage_error, write_atomic
from stillface.io.human_codes import LOG_KINDS
from stillface.io.lock import FileLock
from stillface.review.checkouts import Parcel, checkout_of, note_checkout
from stillface.review.episode_log import EPISODES_DIR
from stillface.review.episodes_back import bring_episodes, net_changes
from stillface.review.package import BACK_FOLDERS
from stillface.review.package_manifest import Manifest, read_manifest, verify_hashes
from stillface.review.zip_safe import read_zip

__all__ = ["CheckedIn", "check_in"]

_MAX_FILES, _MAX_BYTES = 100, 500_000_000


@dataclass(frozen=True)
class CheckedIn:
    """What a check-in brought.

    Parameters
    ----------
    session_id, coder : str
    n_records : int
        Records that the study did not have.
    n_conflicts : int
        Places where this work and the coder's work on other computers disagree; a person decides.
    n_episodes : int
        Episodes that are now as the coder set them.
    left_out : tuple of str
        One line for each episode that stayed as the lab has it, though the coder set it otherwise: somebody
        changed it here meanwhile, or the two do not fit. The coder's is kept in the log.
    """

    session_id: str
    coder: str
    n_records: int
    n_conflicts: int
    n_episodes: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Arrived:
    path: Path
    install: str
    data: bytes
    records: tuple[Record, ...]
    n_known: int


def check_in(study: StudyFolder, package: Path) -> CheckedIn:
    """Put a coder's work from another computer beside what the study has.

    Everything is checked before anything is written. Checking the same package in again changes nothing.

    Raises
    ------
    InputError
        No package, one of another study or that this study did not check out, a changed or damaged log,
        or one that does not continue the log the study has.
    StorageError
        The log is in use, or the disk refused.
    """
    with read_zip(package, max_files=_MAX_FILES, max_bytes=_MAX_BYTES) as archive:
        manifest = read_manifest(archive, package.name, "in")
        _check_origin(study, manifest, package.name)
        content = {name: archive.read(name) for name in manifest.files}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    verify_hashes(manifest, hashes, package.name)
    arrived = [_looked_at(study, manifest, name, data, package.name) for name, data in content.items()]
    new = [log for log in arrived if len(log.records) > log.n_known]
    of_episodes = [log for log in new if log.path.parent.name == EPISODES_DIR]
    wanted = net_changes(((log.records, log.n_known) for log in of_episodes), package.name)
    for log in new:
        if log not in of_episodes:
            _put(study, log, manifest.coder)
    # The file before its logs: where a crash comes between, checking in again finds the logs missing, and
    # what stands in the file already as it should be.
    n_episodes, left_out = bring_episodes(study, manifest.session_id, manifest.coder, wanted)
    parcel = Parcel(manifest.package, manifest.session_id, manifest.coder, manifest.role)
    note_checkout(study, parcel, back=True, left_out=left_out)
    for log in of_episodes:
        _put(study, log, manifest.coder)
    n_records = sum(len(log.records) - log.n_known for log in new)
    conflicts = _n_conflicts(study, manifest)
    return CheckedIn(
        manifest.session_id, manifest.coder, n_records, conflicts, n_episodes, tuple(left_out.values())
    )


def _check_origin(study: StudyFolder, manifest: Manifest, where: str) -> None:
    if manifest.study_id != study.study.study_id:
        raise InputError(
            "this package is of another study",
            where=where,
            got=manifest.study_id,
            expected=study.study.study_id,
        )
    known = checkout_of(study, manifest.package)
    if known is None:
        raise InputError(
            "this study never checked that package out", where=where, fix="check it in where it came from"
        )
    if known != (manifest.session_id, manifest.coder):
        raise InputError(
            "the package says it is of another session or coder than was checked out",
            where=where,
            got=f"{manifest.session_id} by {manifest.coder}",
            expected=" by ".join(known),
        )
    # Also refuses a session that was taken out of the study meanwhile.
    study.load_session(manifest.session_id)


def _looked_at(study: StudyFolder, manifest: Manifest, name: str, data: bytes, package: str) -> _Arrived:
    where = f"{package}: {name}"
    path = study.root / name
    owner = parse_log_name(path)
    folders = {study.codes_dir(manifest.session_id) / name for name in BACK_FOLDERS}
    if path.parent not in folders or owner is None or owner[0] != manifest.coder:
        raise InputError(
            f"only logs of {manifest.coder} may come back", where=where, got=PurePosixPath(name).name
        )
    found = scan(data)
    if found.problem is not None or found.torn or not found.records:
        raise InputError(f"a damaged log ({found.problem or 'its end is missing'})", where=where)
    first = found.records[0]
    if (first.who, first.install) != owner:
        raise InputError("the log of somebody else", where=where, got=f"{first.who}.{first.install}")
    try:
        replay(found.records)
    except FieldError as error:
        raise InputError(f"a damaged log ({error})", where=where) from error
    return _Arrived(path, owner[1], data, found.records, _n_known(path, found.records, where))


def _n_known(path: Path, records: Sequence[Record], where: str) -> int:
    """Give how many records the study has already; refuse a log that tells another story."""
    if not path.exists():
        return 0
    have, problem = read_log(path)
    if problem is not None:
        raise InputError(f"the study's own log is damaged ({problem})", where=path.name)
    shared = min(len(have), len(records))
    # Each hash covers all before it: where the last shared one fits, everything before fits too.
    if shared and have[shared - 1].sha != records[shared - 1].sha:
        raise InputError(
            "this log does not continue the one that the study has",
            where=where,
            fix="both are kept as they are; ask the coder which computer they worked on",
        )
    return len(have)


def _put(study: StudyFolder, log: _Arrived, coder: str) -> None:
    try:
        log.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, log.path, "could not make the folder") from error
    lock = FileLock(log.path.with_name(log.path.name + ".lock"), who=coder)
    try:
        # Once more under the lock: nobody may have written since.
        if log.path.exists() and not log.data.startswith(read_bytes(log.path)):
            raise InputError("the study's log changed meanwhile", where=log.path.name, fix="check in again")
        write_atomic(log.path, log.data, mode=0o600)
    finally:
        lock.release()
    add_head(study.heads_path(log.install), log.path, log.records, system_clock()[0])


def _n_conflicts(study: StudyFolder, manifest: Manifest) -> int:
    count = 0
    for kind in ("human", "auto_reviewed"):
        paths = (study.codes_dir(manifest.session_id) / LOG_KINDS[kind]).glob("*.jsonl")
        mine = [path for path in sorted(paths) if (parse_log_name(path) or ("",))[0] == manifest.coder]
        logs = [records for records in (read_log(path)[0] for path in mine) if records]
        count += len(merge(logs).conflicts) if logs else 0
    return count
