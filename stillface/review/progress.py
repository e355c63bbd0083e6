"""How far each coder's tracks of one session are, read from the logs without opening them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

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

__all__ = ["State", "TrackProgress", "read_progress"]

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
        coded, scorable = _shares(session, lane)
        state = _state(signed.get(tier), bouts, coded, damaged=bool(problem))
        yield TrackProgress(coder, role, scheme_id, kind, state, coded, scorable, last_t, note)


def _state(last: SignOff | None, bouts: dict[str, LoggedBout], coded: float, *, damaged: bool) -> State:
    if damaged:
        return "damaged"
    if last is not None and last.signed:
        return "signed off" if last.print == fingerprint(bouts.values()) else "changed since sign-off"
    return "coded" if coded >= _WHOLE else "in progress"


def _shares(session: Session, lane: Lane) -> tuple[float, float]:
    """Give coded and scorable share of the analysed time; bouts that overlap count once."""
    episodes = episodes_of_lane(session, lane.key)
    total = sum(e.duration_ns for e in episodes)
    if lane.is_point or not total:
        return (0.0, 0.0)
    coded = scorable = 0
    for episode in episodes:
        reached = episode.onset_ns
        for bout in lane.within(episode.onset_ns, episode.offset_ns):
            onset, offset = max(bout.onset_ns, reached), min(bout.end_ns, episode.offset_ns)
            if offset > onset:
                coded += offset - onset
                scorable += 0 if _is_gap(lane.scheme, bout.code) else offset - onset
                reached = offset
    return coded / total, scorable / total


def _is_gap(scheme: CodingScheme, code: str) -> bool:
    return bool(scheme.gap_mask[scheme.index(code)])
