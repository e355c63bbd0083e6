"""How far each coder's tracks of one session are, read from the logs without opening them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillface.domain.intervals import Intervals
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Session
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import parse_log_name
from stillface.io.code_log_record import LoggedBout, Record
from stillface.io.code_log_replay import merge
from stillface.io.human_codes import LOG_KINDS
from stillface.io.sign_offs import SignOff, fingerprint, sign_offs
from stillface.review.breaches import episodes_of_lane
from stillface.review.lanes import Lane, LaneBout, LaneKey

__all__ = ["State", "Stream", "TrackProgress", "read_progress", "share_of_streams", "streams_to_code"]

State = Literal["not started", "in progress", "coded", "signed off", "changed since sign-off", "damaged"]
# A frame at either end of an episode may stay open without anybody missing it.
_WHOLE = 0.995


@dataclass(frozen=True)
class TrackProgress:
    """One coder's one track.

    Parameters
    ----------
    coder, role, scheme_id : str
    kind : str
        ``human``, ``auto_reviewed`` or ``consensus``.
    state : str
    coded_share : float
        Of the analysed episodes' time, unscorable stretches included. A scheme that need not cover all time
        never counts as ``coded`` by its share: the coder signs it off.
    scorable_share : float
        Without the unscorable stretches.
    last_t : str
        UTC of the last record.
    problem : str
        What a person has to look at; empty where nothing.
    spans_ns : tuple of (int, int)
        What is coded of the analysed episodes, in order; none overlap.
    signed_t : str
        UTC of the sign-off, were it of what stood before; empty where it is not signed.
    """

    coder: str
    role: str
    scheme_id: str
    kind: str
    state: State
    coded_share: float
    scorable_share: float
    last_t: str
    problem: str = ""
    spans_ns: tuple[tuple[int, int], ...] = ()
    signed_t: str = ""


@dataclass(frozen=True)
class Stream:
    """What is to be coded of one person by one scheme that has durations.

    Parameters
    ----------
    role, scheme_id : str
    total_ns : int
        Of the episodes in which it is coded.
    coders : tuple of str
        Each of whom is to code it; empty where anybody may.
    """

    role: str
    scheme_id: str
    total_ns: int
    coders: tuple[str, ...] = ()


def streams_to_code(
    study: StudyFolder, session: Session, given: Iterable[tuple[str, str, str]]
) -> tuple[Stream, ...]:
    """Give the study's streams of a session, and what else was given to somebody.

    Parameters
    ----------
    study : StudyFolder
    session : Session
    given : iterable of (role, scheme_id, coder)

    Raises
    ------
    InputError
        A scheme that is not there.
    """
    coders: dict[tuple[str, str], list[str]] = {
        (role, scheme_id): [] for role, ids in study.study.schemes.items() for scheme_id in ids
    }
    for role, scheme_id, coder in given:
        coders.setdefault((role, scheme_id), []).append(coder)
    found = []
    for (role, scheme_id), names in coders.items():
        episodes = episodes_of_lane(session, LaneKey(role, scheme_id, "human:"))
        total_ns = sum(episode.duration_ns for episode in episodes)
        lasts = study.scheme(scheme_id).type == "state"
        if total_ns and lasts and (not session.persons or role in session.persons):
            found.append(Stream(role, scheme_id, total_ns, tuple(names)))
    return tuple(found)


def share_of_streams(streams: Iterable[Stream], tracks: Sequence[TrackProgress]) -> float | None:
    """Give the coded share of the time that is to be coded; None where nothing is.

    A stream that nobody has begun counts as not coded at all. Time counts whoever coded it: once where one
    person or anybody is to code the stream, up to as often as it was given where several are. What one
    person coded by hand and in review counts once.
    """
    total_ns = coded_ns = 0
    for stream in streams:
        of_coder: dict[str, Intervals] = {}
        for t in tracks:
            if (t.role, t.scheme_id) == (stream.role, stream.scheme_id):
                own = of_coder.get(t.coder, Intervals.empty())
                of_coder[t.coder] = own.union(_intervals(t.spans_ns))
        # What at least one, two ... people coded: each person's adds to the first layer that lacks it.
        layers = [Intervals.empty()] * max(len(stream.coders), 1)
        for more in of_coder.values():
            for depth, layer in enumerate(layers):
                layers[depth], more = layer.union(more), layer.intersect(more)
        total_ns += stream.total_ns * len(layers)
        coded_ns += sum(layer.total_ns for layer in layers)
    return coded_ns / total_ns if total_ns else None


def _intervals(spans_ns: tuple[tuple[int, int], ...]) -> Intervals:
    edges = np.array(spans_ns, dtype=np.int64).reshape(-1, 2)
    return Intervals(edges[:, 0], edges[:, 1])


def read_progress(study: StudyFolder, session: Session) -> tuple[TrackProgress, ...]:
    """Give every track that somebody has begun, sorted by kind, coder and tier.

    Raises
    ------
    InputError, StorageError
        A scheme that is not there, or a log that cannot be read.
    """
    found: list[TrackProgress] = []
    for kind, folder in LOG_KINDS.items():
        logs: dict[str, list[Sequence[Record]]] = {}
        problems: dict[str, str] = {}
        for path in sorted((study.codes_dir(session.session_id) / folder).glob("*.jsonl")):
            name = parse_log_name(path)
            if name is None:
                continue
            records, problem = read_log(path)
            if records:
                logs.setdefault(name[0], []).append(records)
            if problem is not None:
                problems[name[0]] = problem
        for coder in sorted(logs):
            found += _of_coder(study, session, kind, coder, logs[coder], problems.get(coder, ""))
    return tuple(found)


def _of_coder(
    study: StudyFolder,
    session: Session,
    kind: str,
    coder: str,
    logs: list[Sequence[Record]],
    problem: str,
) -> Iterable[TrackProgress]:
    merged, signed = merge(logs), sign_offs(logs)
    last_t = max(log[-1].t for log in logs)
    by_tier: dict[str, dict[str, LoggedBout]] = {tier: {} for tier in signed}
    for id_, bout in merged.bouts.items():
        if ":" not in bout.tier:  # a tier such as infant/review:affect3 holds decisions
            by_tier.setdefault(bout.tier, {})[id_] = bout
    clashing = {id_ for conflict in merged.conflicts for id_ in conflict.ids}
    for tier, bouts in sorted(by_tier.items()):
        role, _, scheme_id = tier.partition("/")
        lane = Lane(
            LaneKey(role, scheme_id, f"{kind}:{coder}"),
            study.scheme(scheme_id),
            tuple(LaneBout.of_logged(id_, bout) for id_, bout in bouts.items()),
        )
        places = len(clashing & bouts.keys())
        note = problem or (f"two computers disagree in {places} places" if places else "")
        coded, scorable, spans_ns = _shares(session, lane)
        last = signed.get(tier)
        state = _state(last, bouts, coded, damaged=bool(problem))
        signed_t = last.t if last is not None and last.signed else ""
        yield TrackProgress(
            coder, role, scheme_id, kind, state, coded, scorable, last_t, note, spans_ns, signed_t
        )


def _state(last: SignOff | None, bouts: dict[str, LoggedBout], coded: float, *, damaged: bool) -> State:
    if damaged:
        return "damaged"
    if last is not None and last.signed:
        return "signed off" if last.print == fingerprint(bouts.values()) else "changed since sign-off"
    return "coded" if coded >= _WHOLE else "in progress"


def _shares(session: Session, lane: Lane) -> tuple[float, float, tuple[tuple[int, int], ...]]:
    """Give coded and scorable share of the analysed time, and what is coded; overlaps count once."""
    episodes = episodes_of_lane(session, lane.key)
    total = sum(e.duration_ns for e in episodes)
    if lane.is_point or not total:
        return (0.0, 0.0, ())
    spans_ns: list[tuple[int, int]] = []
    coded = scorable = 0
    for episode in episodes:
        reached = episode.onset_ns
        for bout in lane.within(episode.onset_ns, episode.offset_ns):
            onset, offset = max(bout.onset_ns, reached), min(bout.end_ns, episode.offset_ns)
            if offset > onset:
                coded += offset - onset
                scorable += 0 if _is_gap(lane.scheme, bout.code) else offset - onset
                reached = offset
                touches = bool(spans_ns) and spans_ns[-1][1] == onset
                spans_ns[-1 if touches else len(spans_ns) :] = [
                    (spans_ns[-1][0] if touches else onset, offset)
                ]
    return coded / total, scorable / total, tuple(spans_ns)


def _is_gap(scheme: CodingScheme, code: str) -> bool:
    return bool(scheme.gap_mask[scheme.index(code)])
