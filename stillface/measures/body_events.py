"""The events around which heart and skin are looked at: when each was seen to begin (SPEC 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.autonomic import BodySeries
from stillface.domain.clock import NS_PER_S, s_to_ns
from stillface.domain.events import PointEvents
from stillface.domain.intervals import Intervals
from stillface.domain.protocol import BODY_EVENTS, BodyEvents
from stillface.domain.results import Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.measures.repairs import state_changes
from stillface.measures.slices import (
    DyadSlice,
    Stamp,
    StreamSlice,
    dyad_slices,
    stream_slices,
)

__all__ = ["EventSet", "body_event_sets", "unknown_events"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_AROUSAL_WINDOW_NS = 5 * NS_PER_S
_AROUSAL_SD = 1.0
_LEAST_RISE_BPM = 0.5
_LEAST_STEPS = 20


@dataclass(frozen=True, eq=False)
class EventSet:
    """Events of one kind in one episode.

    Parameters
    ----------
    stamp : Stamp
        Of what was coded: scheme, coder, rule, episode.
    code : str
        ``repair``, or with the role whose event it is: ``gaze_aversion:infant``.
    episode : Episode, optional
    problem : Status, optional
        Why there can be no events.
    times_ns : array of int64, shape (n,)
        When each was seen to begin; one that runs already at the episode's onset or after a gap was not.
    seen : Intervals
        When one could have been seen.
    role : str
        Whose event; ``dyad`` for both.
    """

    stamp: Stamp
    code: str
    episode: Episode | None
    problem: Status | None
    times_ns: Int64
    seen: Intervals
    role: str


def body_event_sets(
    session: Session,
    tracks: tuple[StateTrack, ...],
    rules: tuple[MatchRule, ...],
    bodies: Sequence[BodySeries],
) -> Iterator[EventSet]:
    """Give the protocol's events of every episode, in the order of ``body_events.around``.

    ``mismatch_onset`` and ``repair``: observed changes of the dyad's state, under every rule.
    ``gaze_aversion``: from ``partner`` to ``away`` that lasts ``aversion_min_s``.
    ``negative_onset``: from a code that is not negative to one that is.
    ``arousal``: a person's heart rate, over 5 s around each second, rises above its mean in the episode by
    one standard deviation. Any other name: the onsets of that code.
    """
    wanted = session.protocol.body_events
    for name in wanted.around:
        if name in ("mismatch_onset", "repair"):
            for dyad in dyad_slices(session, tracks, rules):
                yield _of_dyad(dyad, name)
        elif name == "arousal":
            for body in bodies:
                if body.quantity == "ibi_ms":
                    yield from _arousals(session, body)
        else:
            for stream in stream_slices(session, tracks):
                mask = _wanted_codes(stream, name)
                if mask is not None:
                    yield _of_stream(stream, name, mask, wanted)
            if name not in BODY_EVENTS:
                yield from _of_points(session, name)


def unknown_events(
    session: Session, tracks: Iterable[StateTrack], points: Iterable[PointEvents]
) -> tuple[str, ...]:
    """Name the codes that the protocol wants and no scheme of the session has."""
    schemes = [*(track.scheme for track in tracks), *(stream.scheme for stream in points)]
    return tuple(
        name
        for name in session.protocol.body_events.around
        if name not in BODY_EVENTS
        and not any(_code_of(name, scheme.id) in scheme.code_ids for scheme in schemes)
    )


def _of_dyad(dyad: DyadSlice, name: str) -> EventSet:
    times, seen = np.empty(0, np.int64), Intervals.empty()
    if dyad.problem is None:
        changes = state_changes(dyad)
        times = changes.times_ns[changes.repairs if name == "repair" else changes.mismatch_onsets]
        seen = Intervals.from_mask(dyad.edges_ns, dyad.defined)
    return EventSet(dyad.stamp(""), name, dyad.first.episode, dyad.problem, times, seen, "dyad")


def _of_stream(stream: StreamSlice, name: str, mask: tuple[Mask, Mask], wanted: BodyEvents) -> EventSet:
    """Find changes from a code of the first mask to one of the second; masks have shape (n_codes,)."""
    track = stream.track
    times, seen = np.empty(0, np.int64), Intervals.empty()
    if stream.problem is None:
        came, went = (np.append(side, False)[track.codes] & track.scorable for side in mask)
        began = np.flatnonzero(came[:-1] & went[1:] & ~went[:-1]) + 1
        if name == "gaze_aversion":
            began = began[track.durations_ns[began] >= s_to_ns(wanted.aversion_min_s)]
        times = np.asarray(track.edges_ns[began])
        seen = Intervals.from_mask(track.edges_ns, track.scorable)
    code = f"{name}:{track.role}"
    return EventSet(stream.stamp(""), code, stream.episode, stream.problem, times, seen, track.role)


def _wanted_codes(stream: StreamSlice, name: str) -> tuple[Mask, Mask] | None:
    """Give the codes that an event leads from and to; None where the scheme does not tell it."""
    scheme = stream.track.scheme
    ids = np.array(scheme.code_ids)
    if name == "gaze_aversion":
        if not {"partner", "away"} <= set(scheme.code_ids):
            return None
        return ids == "partner", ids == "away"
    if name == "negative_onset":
        negative = np.array([code.valence == -1 for code in scheme.codes])
        return (~negative, negative) if negative.any() else None
    code = _code_of(name, scheme.id)
    if code not in scheme.code_ids or scheme.gap_mask[scheme.index(code)]:
        return None
    return ids != code, ids == code


def _code_of(name: str, scheme_id: str) -> str:
    """Give the code that a name means in a scheme; empty where it speaks of another scheme."""
    scheme, slash, code = name.rpartition("/")
    return code if not slash or scheme == scheme_id else ""


def _of_points(session: Session, name: str) -> Iterator[EventSet]:
    for points in session.points:
        code = _code_of(name, points.scheme.id)
        if code not in points.scheme.code_ids:
            continue
        chosen = points.times_ns[points.codes == points.scheme.index(code)]
        for spec in session.protocol.episodes:
            episode = session.episode(spec.id)
            if not spec.analyse or (episode is None and spec.optional):
                continue
            problem: Status | None = Status.MISS_EPISODE
            seen = Intervals.empty()
            if episode is not None:
                seen = points.watched.intersect(_whole(episode))
                problem = None if len(seen) else Status.MISS_NOTCODED
            stamp = Stamp(
                session, spec.id, points.role, points.scheme.id, points.coder_id, "", None, None, "",
                (points.source_kind,),
            )  # fmt: skip
            inside = chosen[seen.contains(chosen)]
            yield EventSet(stamp, f"{name}:{points.role}", episode, problem, inside, seen, points.role)


def _arousals(session: Session, body: BodySeries) -> Iterator[EventSet]:
    for spec in session.protocol.episodes:
        episode = session.episode(spec.id)
        if not spec.analyse or (episode is None and spec.optional):
            continue
        problem: Status | None = Status.MISS_EPISODE
        times, seen = np.empty(0, np.int64), Intervals.empty()
        if episode is not None:
            times, problem = _rises(body, episode)
            seen = _whole(episode)
        coder = body.source.partition(":")[2] or body.source
        stamp = Stamp(session, spec.id, body.role, "", coder, "", None, None, body.params_hash)
        yield EventSet(stamp, f"arousal:{body.role}", episode, problem, times, seen, body.role)


def _rises(body: BodySeries, episode: Episode) -> tuple[Int64, Status | None]:
    """Find the seconds at which heart rate passes its mean plus one standard deviation."""
    half = _AROUSAL_WINDOW_NS // 2
    # Averaged over some breaths, or every one of them would be an arousal.
    middles = np.arange(episode.onset_ns + half, episode.offset_ns - half + 1, NS_PER_S, dtype=np.int64)
    ibi_ms, known_s = body.means(middles - half, middles + half)
    known = known_s >= 0.5 * _AROUSAL_WINDOW_NS / NS_PER_S
    if not known.any():
        return np.empty(0, np.int64), Status.MISS_TECH
    if int(known.sum()) < _LEAST_STEPS:
        return np.empty(0, np.int64), Status.MISS_LOWN
    rate = 60_000 / ibi_ms[known]
    high = np.zeros(known.shape, np.bool_)
    # A constant rate has no spread but for rounding.
    high[known] = rate > rate.mean() + max(_AROUSAL_SD * float(rate.std(ddof=1)), _LEAST_RISE_BPM)
    rose = np.flatnonzero(high[1:] & ~high[:-1] & known[:-1]) + 1
    return np.asarray(middles[rose]), None


def _whole(episode: Episode) -> Intervals:
    return Intervals(np.array([episode.onset_ns]), np.array([episode.offset_ns]))
