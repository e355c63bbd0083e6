"""From a study's folder to the comparison of two coders: who may see whose codes, and when."""

from __future__ import annotations

import time
from collections.abc import Callable

from stillface.domain.states import StateTrack
from stillface.errors import InputError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import parse_log_name
from stillface.io.human_codes import LOG_KINDS, read_people
from stillface.review.compare import Comparison
from stillface.review.desk import Desk
from stillface.review.document import Document
from stillface.review.films import open_films
from stillface.review.install import spool_path
from stillface.review.keymap import Keymap
from stillface.review.opening import grid_of
from stillface.review.playhead import Playhead
from stillface.review.signoff import locked_tiers
from stillface.review.stores import open_store

__all__ = ["comparable", "open_comparison"]


def comparable(study: StudyFolder, session_id: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Give the streams that two people coded from scratch: (role, scheme_id) -> coders, sorted."""
    people = read_people(study.codes_dir(session_id), study.scheme)
    found: dict[tuple[str, str], set[str]] = {}
    for track in people.tracks:
        if track.source_kind == "human":
            found.setdefault((track.role, track.scheme.id), set()).add(track.coder_id)
    return {stream: tuple(sorted(coders)) for stream, coders in found.items() if len(coders) > 1}


def open_comparison(
    study: StudyFolder,
    session_id: str,
    role: str,
    scheme_id: str,
    coders: tuple[str, str],
    resolver: str,
    install: str,
    *,
    keymap: Keymap | None = None,
    now_ns: Callable[[], int] = time.monotonic_ns,
) -> tuple[Desk, Comparison]:
    """Open two coders' tracks with a consensus lane beside them.

    A coder sees the other's codes only when both have signed off; until then each is blind to the other.

    Parameters
    ----------
    study : StudyFolder
    session_id, role, scheme_id : str
    coders : (str, str)
    resolver : str
        Who settles: one of the two, or a third person.
    install : str
        This computer.

    Raises
    ------
    UsageError
        One of the two wants to settle before both have signed off.
    InputError, StorageError
        A track is not there, or session, films or logs cannot be read.
    """
    session = study.load_session(session_id)
    if resolver in coders:
        _refuse_unsigned(study, session_id, f"{role}/{scheme_id}", coders)
    people = read_people(study.codes_dir(session_id), study.scheme)
    tracks = [_track(people.tracks, role, scheme_id, coder, session_id) for coder in coders]
    films = open_films(study, session)
    grid = grid_of(session, films)
    folder = study.codes_dir(session_id) / LOG_KINDS["consensus"]
    spool = spool_path(study.study.study_id, session_id, "consensus", resolver, install)
    store = open_store(folder, resolver, install, study.heads_path(install), spool=spool)
    try:
        document = Document(
            session.with_tracks(tracks),
            grid,
            study.scheme,
            resolver,
            {"consensus": store},
            [(role, scheme_id)],
            role,
        )
        comparison = Comparison(document, *tracks)
    except BaseException:
        store.log.close()
        raise
    return Desk(
        document, Playhead(grid, films.cameras, now_ns), keymap or Keymap(), film_troubles=films.troubles
    ), comparison


def _refuse_unsigned(study: StudyFolder, session_id: str, tier: str, coders: tuple[str, str]) -> None:
    for coder in coders:
        paths = study.codes_dir(session_id).glob(f"{coder}.*.jsonl")
        logs = [read_log(path)[0] for path in sorted(paths) if parse_log_name(path) is not None]
        if tier not in locked_tiers(logs):
            raise UsageError(
                f"{coder} has not signed off yet: coders stay blind to each other until both have",
                where=f"{session_id}, {tier}",
                fix="let both sign off, or let a third person settle it",
            )


def _track(
    tracks: tuple[StateTrack, ...], role: str, scheme_id: str, coder: str, session_id: str
) -> StateTrack:
    for track in tracks:
        if (track.role, track.scheme.id, track.source) == (role, scheme_id, f"human:{coder}"):
            return track
    raise InputError(
        f"{coder} has not coded this", where=session_id, got=f"{role}/{scheme_id}", fix="choose another coder"
    )
