"""The lane of still-face breaches: whose it is, in which episodes it is coded, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stillface.domain.protocol import Protocol
from stillface.domain.session import Episode, Session
from stillface.errors import UsageError
from stillface.review.lanes import Lane, LaneKey

if TYPE_CHECKING:
    from stillface.review.desk import Desk

__all__ = [
    "BREACH_CAVEAT",
    "breach_tiers",
    "coded_until_ns",
    "episodes_of_lane",
    "is_breach_lane",
    "refuse_outside",
    "to_breaches",
]

BREACH_CAVEAT = (
    "Breaches are reported and flagged; nothing is left out because of them. In 358 dyads more than half of "
    "the mothers breached a still-face instruction (doi 10.1111/infa.12635)."
)


def breach_tiers(protocol: Protocol) -> tuple[tuple[str, str], ...]:
    """Give (role, scheme) of every imposed state whose breaches the protocol wants coded, each once."""
    found = (
        (role, spec.fidelity_scheme)
        for spec in protocol.episodes
        if spec.fidelity_scheme is not None
        for role in spec.expected
    )
    return tuple(dict.fromkeys(found))


def is_breach_lane(protocol: Protocol, key: LaneKey) -> bool:
    """Tell whether a lane holds breaches of a state that the protocol imposes."""
    return (key.role, key.scheme_id) in breach_tiers(protocol)


def episodes_of_lane(session: Session, key: LaneKey) -> tuple[Episode, ...]:
    """Give the episodes in which a lane is coded: all that are analysed, of breaches those that impose."""
    specs = ((episode, session.protocol.episode(episode.id)) for episode in session.episodes)
    if not is_breach_lane(session.protocol, key):
        return tuple(episode for episode, spec in specs if spec.analyse)
    return tuple(
        episode
        for episode, spec in specs
        if spec.fidelity_scheme == key.scheme_id and key.role in spec.expected
    )


def refuse_outside(session: Session, key: LaneKey, time_ns: int) -> None:
    """Refuse a breach where nothing is imposed; every other lane may be coded anywhere."""
    if not is_breach_lane(session.protocol, key):
        return
    episodes = episodes_of_lane(session, key)
    if _holding(episodes, time_ns) is None:
        names = ", ".join(episode.id for episode in episodes) or "an episode that is not set yet"
        raise UsageError(f"breaches are coded in {names} only", where=key.tier)


def coded_until_ns(session: Session, lane: Lane, until_ns: int) -> int:
    """Give how far a running bout may last: of a breach to the end of the episode that imposes."""
    if lane.running is None or not is_breach_lane(session.protocol, lane.key):
        return until_ns
    here = _holding(episodes_of_lane(session, lane.key), lane.running.onset_ns)
    return until_ns if here is None else min(until_ns, here.offset_ns)


def to_breaches(desk: Desk) -> None:
    """Make the lane of breaches the active one and go to its episode; from there go back to the lane before.

    Raises
    ------
    UsageError
        The protocol imposes nothing, no such episode is set, or the lane cannot be edited.
    """
    document, session = desk.document, desk.document.session
    before = document.active
    if before is not None and is_breach_lane(session.protocol, before) and desk.lane_before is not None:
        document.activate(desk.lane_before)
        desk.lane_before = None
        return
    lanes = [
        key
        for key in document.lanes
        if key.kind == "human" and key.source == f"human:{document.coder}" and episodes_of_lane(session, key)
        if is_breach_lane(session.protocol, key)
    ]
    if not lanes:
        raise UsageError("no episode is set in which the protocol wants breaches of a still face coded")
    time_ns = desk.playhead.time_ns
    key = next((k for k in lanes if _holding(episodes_of_lane(session, k), time_ns)), lanes[0])
    document.activate(key)
    desk.lane_before = before
    episodes = episodes_of_lane(session, key)
    here = _holding(episodes, time_ns)
    if here is None:
        here = episodes[0]
        desk.playhead.pause()
        desk.playhead.seek(here.onset_ns)
    none = document.lane(key).scheme.default_code
    desk.said.emit(f"{key.role} in {here.id}: begin with the code for no breach ({none}). {BREACH_CAVEAT}")


def _holding(episodes: Iterable[Episode], time_ns: int) -> Episode | None:
    return next((e for e in episodes if e.onset_ns <= time_ns < e.offset_ns), None)
