"""The lane of still-face breaches: whose it is, in which episodes it is coded, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable

from stillface.domain.protocol import Protocol
from stillface.domain.session import Episode, Session
from stillface.errors import UsageError
from stillface.review.lanes import Lane, LaneKey

__all__ = [
    "BREACH_CAVEAT",
    "breach_tiers",
    "coded_until_ns",
    "episode_at",
    "episodes_of_lane",
    "is_breach_lane",
    "refuse_outside",
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
    if episode_at(episodes, time_ns) is None:
        names = ", ".join(episode.id for episode in episodes) or "an episode that is not set yet"
        raise UsageError(f"breaches are coded in {names} only", where=key.tier)


def coded_until_ns(session: Session, lane: Lane, until_ns: int) -> int:
    """Give how far a running bout may last: of a breach to the end of the episode that imposes."""
    if lane.running is None or not is_breach_lane(session.protocol, lane.key):
        return until_ns
    here = episode_at(episodes_of_lane(session, lane.key), lane.running.onset_ns)
    return until_ns if here is None else min(until_ns, here.offset_ns)


def episode_at(episodes: Iterable[Episode], time_ns: int) -> Episode | None:
    """Give the episode that holds a time, or None."""
    return next((e for e in episodes if e.onset_ns <= time_ns < e.offset_ns), None)
