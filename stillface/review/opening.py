"""From a study's folder to a desk: the coder's logs, the machine's proposals, the cameras' frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from stillface.domain.clock import NS_PER_S
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.io.artefacts import load_state_track
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_record import Record
from stillface.io.code_log_replay import merge
from stillface.io.human_codes import LOG_KINDS
from stillface.review.assignments import read_assignments
from stillface.review.blinding import must_code_blind
from stillface.review.breaches import breach_tiers
from stillface.review.cameras import FrameGrid
from stillface.review.desk import Desk
from stillface.review.document import Document
from stillface.review.films import Films, open_films
from stillface.review.install import spool_path
from stillface.review.keymap import Keymap
from stillface.review.lanes import Lane, LaneBout, LaneKey
from stillface.review.playhead import Playhead
from stillface.review.queue import ReviewQueue
from stillface.review.stores import Store, logs_in, open_store

__all__ = ["grid_of", "open_desk", "open_document", "open_kind"]

_STEP_WITHOUT_FILM_NS = NS_PER_S // 25


def grid_of(session: Session, films: Films) -> FrameGrid:
    """Give the frames that edges snap to: those of the film with most frames, else steps of 40 ms."""
    most = max(films.cameras, key=lambda camera: camera.clock.n_frames, default=None)
    if most is not None:
        return FrameGrid.of_camera(most)
    if not session.episodes:
        raise InputError(
            "; ".join(("nothing to code: neither film nor episodes", *films.troubles)),
            where=session.session_id,
            fix="add a film or episodes",
        )
    span_ns = (session.episodes[0].onset_ns, session.episodes[-1].offset_ns)
    return FrameGrid.even(span_ns, _STEP_WITHOUT_FILM_NS)


def open_document(
    study: StudyFolder,
    session_id: str,
    coder: str,
    install: str,
    grid: FrameGrid | None = None,
    *,
    with_auto: bool = True,
    with_others: bool = False,
    only_role: str = "",
) -> Document:
    """Open a session for one coder.

    Parameters
    ----------
    study : StudyFolder
    session_id, coder : str
    install : str
        This computer.
    grid : FrameGrid, optional
        Where edges may lie; without it the films are opened to find out.
    with_auto : bool
        Show machine proposals and open the log of their review; off for blind coding.
    with_others : bool
        Show what other coders coded; off, so that coders stay independent of each other. Where the session
        must be coded blind (:func:`stillface.review.blinding.must_code_blind`) neither is shown, whatever
        is asked for, and the document's ``notices`` say so.
    only_role : str
        Show only this person's lanes; empty shows all.

    Raises
    ------
    InputError, StorageError
        Session, logs or proposals cannot be read.
    """
    session = study.load_session(session_id)
    if grid is None:
        grid = grid_of(session, open_films(study, session))
    must = must_code_blind(study, session_id, coder)
    sight = _Sight(must or not with_auto, must, with_others and not must, with_auto or with_others)
    tracks = _tracks_seen(study, session_id, coder, sight)
    reviews = any(track.source_kind == "auto" for track in tracks)
    tiers = [(role, scheme) for role, ids in study.study.schemes.items() for scheme in ids]
    with ExitStack() as undo:
        stores: dict[str, Store] = {}
        for kind in ("human", "auto_reviewed") if reviews else ("human",):
            stores[kind] = open_kind(study, session_id, kind, coder, install, sees=sight.text(tracks))
            undo.callback(stores[kind].log.close)
        document = Document(
            session.with_tracks(tracks), grid, study.scheme, coder, stores, tiers, only_role,
            offered=breach_tiers(session.protocol), blind=sight.blind, told=sight.told,
        )  # fmt: skip
        undo.pop_all()
    return document


def open_kind(
    study: StudyFolder, session_id: str, kind: str, coder: str, install: str, *, sees: str = ""
) -> Store:
    """Open a coder's log of one kind in a session, as :func:`stillface.review.stores.open_store`."""
    folder = study.codes_dir(session_id) / LOG_KINDS[kind]
    spool = spool_path(study.study.study_id, session_id, kind, coder, install)
    return open_store(folder, coder, install, study.heads_path(install), sees=sees, spool=spool)


@dataclass(frozen=True)
class _Sight:
    """What a coder sees in a sitting beside their own codes."""

    blind: bool
    required: bool
    others: bool
    asked_to_see: bool

    @property
    def told(self) -> tuple[str, ...]:
        """What a coder is told who asked to see what must be hidden; not why, which they are not to know."""
        if not (self.required and self.asked_to_see):
            return ()
        return ("this session is coded from scratch: proposals, marks and other people's codes are hidden",)

    def text(self, tracks: Iterable[StateTrack]) -> str:
        """Give it as the code log keeps it."""
        if self.blind:
            words = "blind, as required" if self.required else "blind"
        else:
            machines = sorted({track.source for track in tracks if track.source_kind == "auto"})
            words = f"sees {', '.join(machines)}" if machines else "no machine codes to see"
        return f"{words}; sees other coders" if self.others else words


def open_desk(
    study: StudyFolder,
    session_id: str,
    coder: str,
    install: str,
    *,
    keymap: Keymap | None = None,
    now_ns: Callable[[], int] = time.monotonic_ns,
    blind: bool = False,
    only_role: str = "",
) -> Desk:
    """Open a session with playhead, keys and, unless blind, the queue; raises as :func:`open_document`.

    A session that must be coded blind opens blind without being asked to: see the document's ``blind``.
    """
    session = study.load_session(session_id)
    films = open_films(study, session)
    grid = grid_of(session, films)
    document = open_document(
        study, session_id, coder, install, grid, with_auto=not blind, only_role=only_role
    )
    playhead = Playhead(grid, films.cameras, now_ns)
    machine = [key for key in document.lanes if key.kind == "auto"]
    queue = ReviewQueue(document, machine, playhead.watched, now_ns) if machine else None
    desk = Desk(document, playhead, keymap or Keymap(), queue, films.troubles)
    desk.finish.assigned = _assigned(study, session_id, coder)
    return desk


def _assigned(study: StudyFolder, session_id: str, coder: str) -> frozenset[str]:
    """Give the tiers that a coder was given in a session; none where the table cannot be read."""
    try:
        given = read_assignments(study)
    except InputError:
        # The browser and check say what is wrong with the table; coding goes on without it.
        return frozenset()
    return frozenset(
        f"{a.role}/{a.scheme_id}" for a in given if (a.session_id, a.coder) == (session_id, coder)
    )


def _tracks_seen(study: StudyFolder, session_id: str, coder: str, sight: _Sight) -> list[StateTrack]:
    """Give what the machine and other coders made, as far as it may be seen."""
    paths = () if sight.blind else sorted(study.auto_dir(session_id).glob("*.h5"))
    tracks = [load_state_track(path, study.scheme) for path in paths]
    return [*tracks, *(_tracks_of_others(study, session_id, coder) if sight.others else ())]


def _tracks_of_others(study: StudyFolder, session_id: str, coder: str) -> list[StateTrack]:
    by_coder: dict[str, list[tuple[Record, ...]]] = {}
    for name, records in logs_in(study.codes_dir(session_id), lambda other, _: other != coder):
        by_coder.setdefault(name, []).append(records)
    tracks = []
    for name, logs in by_coder.items():
        bouts = merge(logs).bouts
        for tier in dict.fromkeys(bout.tier for bout in bouts.values()):
            role, scheme_id = tier.split("/")
            mine = (LaneBout.of_logged(id_, bout) for id_, bout in bouts.items() if bout.tier == tier)
            key = LaneKey(role, scheme_id, f"human:{name}")
            lane = Lane(key, study.scheme(scheme_id), tuple(mine))
            if not lane.is_point:
                tracks.append(lane.track((lane.bouts[0].onset_ns, lane.bouts[0].end_ns)))
    return tracks
