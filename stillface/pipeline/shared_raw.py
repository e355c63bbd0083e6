"""One raw file in several visits: mostly a wrong name typed, which would give one dyad another's data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stillface.domain.session import Session
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.pipeline.findings import Finding
from stillface.pipeline.raw_files import hash_of, raw_names, recorded_raw

__all__ = ["shared_raw", "used_elsewhere"]

_FIX = "is it the right file? A wrong one is corrected with stillface add --replace"


def used_elsewhere(folder: StudyFolder, session: Session, sources: dict[str, Path]) -> list[Finding]:
    """Warn of files of a new visit that another visit has, under this name or with this content.

    Parameters
    ----------
    folder : StudyFolder
    session : Session
        Two sessions of one visit may share a film.
    sources : dict of str to Path
        Where each file is now, by its path in the study.
    """
    found = []
    for other in folder.sessions():
        if other == session.session_id:
            continue
        for name, digest in _recorded(folder, other).items():
            for mine in [m for m, path in sources.items() if _same(folder, m, path, name, digest)]:
                if not _one_visit(session, _session(folder, other)):
                    text = f"{mine} is a file of {other} too" + (f" ({name})" if name != mine else "")
                    found.append(Finding("warning", session.session_id, text, _FIX))
    return found


def shared_raw(folder: StudyFolder, sessions: Iterable[Session], only: Iterable[str]) -> list[Finding]:
    """Warn of each raw file that several visits have; of those alone in which one of ``only`` takes part."""
    wanted = set(only)
    having: dict[str, list[tuple[Session, str]]] = {}
    for session in sessions:
        digests = _recorded(folder, session.session_id)
        for name in raw_names(session):
            having.setdefault(digests.get(name, name), []).append((session, name))
    found = []
    for uses in having.values():
        first = uses[0][0]
        if all(s.session_id == first.session_id or _one_visit(s, first) for s, _ in uses):
            continue
        if wanted.isdisjoint(s.session_id for s, _ in uses):
            continue
        listed = ", ".join(f"{session.session_id} ({name})" for session, name in uses)
        found.append(Finding("warning", "", f"one raw file in several visits: {listed}", _FIX))
    return found


def _same(folder: StudyFolder, mine: str, path: Path, name: str, digest: str) -> bool:
    if mine == name:
        return True
    there = folder.root / name
    # The length is asked first: hashing every film at every visit would take hours.
    return there.is_file() and there.stat().st_size == path.stat().st_size and hash_of(path) == digest


def _one_visit(session: Session, other: Session | None) -> bool:
    return other is not None and session.visit_id != "" and session.visit_id == other.visit_id


def _session(folder: StudyFolder, session_id: str) -> Session | None:
    try:
        return folder.load_session(session_id)
    except StillfaceError:
        return None


def _recorded(folder: StudyFolder, session_id: str) -> dict[str, str]:
    try:
        return recorded_raw(folder, session_id)
    except StillfaceError:
        return {}
