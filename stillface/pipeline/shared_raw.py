"""One raw file in several visits: mostly a wrong name typed, which would give one dyad another's data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stillface.domain.session import Session
from stillface.io.bundle import StudyFolder
from stillface.pipeline.findings import Finding
from stillface.pipeline.known_study import KnownStudy, recorded_or_nothing
from stillface.pipeline.raw_files import raw_names

__all__ = ["shared_raw", "used_elsewhere"]

_FIX = "is it the right file? A wrong one is corrected with stillface add --replace"


def used_elsewhere(known: KnownStudy, session: Session, sources: dict[str, Path]) -> list[Finding]:
    """Warn of files of a new visit that another visit has, under this name or with this content.

    Parameters
    ----------
    known : KnownStudy
    session : Session
        Two sessions of one visit may share a film.
    sources : dict of str to Path
        Where each file is now, by its path in the study.
    """
    shared = [(use, mine) for mine, path in sources.items() for use in known.uses_of(mine, path)]
    found = []
    for use, mine in sorted(shared, key=lambda pair: pair[0]):
        if use.session_id == session.session_id:
            continue
        if session.visit_id and session.visit_id == known.visit_of(use.session_id):
            continue
        text = f"{mine} is a file of {use.session_id} too" + (f" ({use.name})" if use.name != mine else "")
        found.append(Finding("warning", session.session_id, text, _FIX))
    return found


def shared_raw(folder: StudyFolder, sessions: Iterable[Session], only: Iterable[str]) -> list[Finding]:
    """Warn of each raw file that several visits have; of those alone in which one of ``only`` takes part."""
    wanted = set(only)
    having: dict[str, list[tuple[Session, str]]] = {}
    for session in sessions:
        digests = recorded_or_nothing(folder, session.session_id)
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


def _one_visit(session: Session, other: Session) -> bool:
    return session.visit_id != "" and session.visit_id == other.visit_id
