"""From a study's folder to the comparison of two coders: who may see whose codes, and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from stillface.errors import InputError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import parse_log_name
from stillface.io.code_log_replay import merge
from stillface.io.human_codes import read_people
from stillface.io.sign_offs import locked_tiers
from stillface.review.assignments import read_assignments
from stillface.review.blinding import must_code_blind
from stillface.review.compare import StateComparison
from stillface.review.compare_lanes import PointComparison, RatingComparison
from stillface.review.desk import Desk
from stillface.review.document import Document
from stillface.review.films import open_films
from stillface.review.keymap import Keymap
from stillface.review.lanes import Lane, LaneBout, LaneKey
from stillface.review.opening import grid_of, open_kind
from stillface.review.playhead import Playhead
from stillface.review.settling import Comparison
from stillface.review.stores import logs_in

__all__ = ["comparable", "open_comparison"]


def comparable(study: StudyFolder, session_id: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Give the streams that two people coded from scratch: (role, scheme_id) -> coders, sorted."""
    people = read_people(study.codes_dir(session_id), study.scheme)
    found: dict[tuple[str, str], set[str]] = {}
    for track in people.tracks:
        if track.source_kind == "human":
            found.setdefault((track.role, track.scheme.id), set()).add(track.coder_id)
    for events in people.points:
        kind, _, coder = events.source.partition(":")
        if kind == "human":
            found.setdefault((events.role, events.scheme.id), set()).add(coder)
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
        One of the two wants to settle before both have signed off, or somebody who still has to code the
        session blind.
    InputError, StorageError
        A track is not there, or session, films or logs cannot be read.
    """
    session = study.load_session(session_id)
    _refuse_sight(study, session_id, f"{role}/{scheme_id}", coders, resolver)
    lanes = [_lane(study, session_id, coder, role, scheme_id) for coder in coders]
    films = open_films(study, session)
    grid = grid_of(session, films)
    with ExitStack() as undo:
        store = open_kind(study, session_id, "consensus", resolver, install)
        undo.callback(store.log.close)
        logs, tiers = {"consensus": store}, [(role, scheme_id)]
        document = Document(session, grid, study.scheme, resolver, logs, tiers, role, beside=lanes)
        comparison = _compare(document, *lanes)
        undo.pop_all()
    playhead = Playhead(grid, films.cameras, now_ns)
    desk = Desk(document, playhead, keymap or Keymap(), film_troubles=films.troubles)
    if not isinstance(comparison, StateComparison):
        desk.settle = comparison.decide
    return desk, comparison


def _compare(document: Document, first: Lane, second: Lane) -> Comparison:
    if first.is_point:
        return PointComparison(document, first, second)
    if first.scheme.type == "rating":
        return RatingComparison(document, first, second)
    tracks = (lane.track((lane.bouts[0].onset_ns, lane.bouts[-1].end_ns)) for lane in (first, second))
    return StateComparison(document, *tracks)


def _refuse_sight(
    study: StudyFolder, session_id: str, tier: str, coders: tuple[str, str], resolver: str
) -> None:
    """Refuse who may not see these codes yet."""
    if resolver in coders:
        _refuse_unsigned(study, session_id, tier, coders)
    elif _has_own_work(study, session_id, resolver):
        raise UsageError(
            "you still have to code here yourself", where=session_id, fix="sign that off first, then settle"
        )


def _has_own_work(study: StudyFolder, session_id: str, person: str) -> bool:
    """Tell whether somebody who would see others' codes is to code the same session blind."""
    given = {a.coder for a in read_assignments(study) if a.session_id == session_id}
    return person in given and must_code_blind(study, session_id, person)


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


def _lane(study: StudyFolder, session_id: str, coder: str, role: str, scheme_id: str) -> Lane:
    """Give what a person coded from scratch; an event scheme may hold no event once it is signed off."""
    logs = [records for _, records in logs_in(study.codes_dir(session_id), lambda name, _: name == coder)]
    tier, scheme = f"{role}/{scheme_id}", study.scheme(scheme_id)
    bouts = merge(logs).bouts.items() if logs else ()
    mine = tuple(LaneBout.of_logged(id_, bout) for id_, bout in bouts if bout.tier == tier)
    none_seen = scheme.type == "point" and tier in locked_tiers(logs)
    if not mine and not none_seen:
        raise InputError(
            f"{coder} has not coded this", where=session_id, got=tier, fix="choose another coder"
        )
    return Lane(LaneKey(role, scheme_id, f"human:{coder}"), scheme, mine)
