"""Coded moments, each with its own window and its own clock of repair (SPEC 1.3, 1.4).

Where no still face is imposed, a conversation still has moments of withdrawal or rupture. A person codes
them as events; the protocol says under ``moments`` how far around each one to look and what is recovery.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np

from stillface.domain.clock import NS_PER_S, ns_to_s, s_to_ns
from stillface.domain.protocol import Moment, Recovery
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MATCH, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.measures.recovery import recovery_onset, target_codes
from stillface.measures.slices import Stamp, StreamSlice, dyad_slices, stream_slices
from stillface.measures.survival import kaplan_meier

__all__ = ["MomentStory", "Moments", "moment_stories"]

_UNITS = {
    "n_moment": "count",
    "moment_pct_before": "%",
    "moment_pct_after": "%",
    "moment_recovery_km_median_s": "s",
    "prop_moment_recovered": "share",
}


@dataclass(frozen=True)
class MomentStory:
    """One coded event and what followed.

    Parameters
    ----------
    moment : Moment
    stamp : Stamp
        Of the dyad (target ``match``) or of the stream that is watched; scorable time and coverage are those
        of this window.
    index : int
        From 1, in time order.
    role, code : str
        Whose event, and which.
    time_ns : int
        The event; the clock of recovery starts here.
    window_ns : (int, int)
        The protocol's window, cut to the episode.
    pct_before, pct_after : float, optional
        Share of scorable time in the target before and from the event on; None where none was scorable.
    status : Status
        Of ``recovery_s``, which has a value for OK and CENS_*; the window's end censors as an episode's does.
    next_s : float, optional
        Until the next event of the same moment; windows of near ones overlap.
    flags : tuple of str
        ``gap_at_event``: whether the target was on was not seen. ``window_cut``: by the episode.
    """

    moment: Moment
    stamp: Stamp
    index: int
    role: str
    code: str
    time_ns: int
    window_ns: tuple[int, int]
    pct_before: float | None
    pct_after: float | None
    recovery_s: float | None
    status: Status
    next_s: float | None
    flags: tuple[str, ...] = ()

    @property
    def confirmed_s(self) -> float | None:
        """When the target had held long enough; None where that was not seen."""
        if self.recovery_s is None or self.status is not Status.OK:
            return None
        return ns_to_s(s_to_ns(self.recovery_s) + s_to_ns(self.moment.sustain_s))


@dataclass(frozen=True)
class Moments:
    """Summary of each of the protocol's moments in every analysed episode; ``code`` is ``WD:match``.

    ``n_moment`` counts the events (flag ``not_at_risk=k``: so many found the target on and have nothing to
    recover from). ``moment_pct_before`` and ``moment_pct_after`` are the share of scorable time in the target
    in the part of the window before and after the event, meaned over moments. The time from the event to
    the first run of the target that lasts ``sustain_s`` is censored by the window's end, the episode's end or
    where coding stops: ``moment_recovery_km_median_s`` is its Kaplan-Meier median over the moments at risk,
    ``prop_moment_recovered`` the share recovered of those that no gap cut. Target ``match`` is measured for
    every dyad and rule, the others for the role whose event it is.
    """

    name = "moments"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
    ) -> Iterator[Measurement]:
        """Measure the events of ``session.points`` against the tracks."""
        for moment in session.protocol.moments:
            for place in _places(session, tracks, rules, moment):
                yield from _summary(moment, place, _stories(session, moment, place))


def moment_stories(
    session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
) -> Iterator[MomentStory]:
    """Give every moment of every episode, dyad and rule, in time order within each."""
    for moment in session.protocol.moments:
        for place in _places(session, tracks, rules, moment):
            yield from _stories(session, moment, place) or ()


@dataclass(frozen=True)
class _Place:
    """Where recovery is looked for: a dyad under a rule, or one stream, in one episode."""

    stamp: Stamp
    episode: Episode | None
    problem: Status | None
    roles: tuple[str, ...]
    track: StateTrack
    wanted: tuple[int, ...]
    coded: tuple[StateTrack, ...]


def _places(
    session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...], moment: Moment
) -> Iterator[_Place]:
    digest = params_hash(asdict(moment) | {"window_s": list(moment.window_s)})
    if moment.target == "match":
        for dyad in dyad_slices(session, tracks, rules):
            if moment.role in (*dyad.roles, "any"):
                first, second = dyad.first, dyad.second
                # Without an episode the tracks are whole and have no states to speak of.
                track = first.track if first.episode is None else dyad.track
                coded = (first.track, second.track)
                stamp = dyad.stamp(digest)
                yield _Place(stamp, first.episode, dyad.problem, dyad.roles, track, (MATCH,), coded)
        return
    for stream in stream_slices(session, tracks):
        wanted = target_codes(stream.track.scheme, moment.target)
        if wanted is not None and moment.role in (stream.track.role, "any"):
            yield _of_stream(stream, digest, wanted)


def _of_stream(stream: StreamSlice, digest: str, wanted: list[int]) -> _Place:
    track = stream.track
    return _Place(
        stream.stamp(digest), stream.episode, stream.problem, (track.role,), track, tuple(wanted), (track,)
    )


def _stories(session: Session, moment: Moment, place: _Place) -> list[MomentStory] | None:
    """Give the stories of a place, or None where nobody looked for its events."""
    roles = place.roles if moment.role == "any" else (moment.role,)
    sources = [
        p for p in session.points if p.scheme.id == moment.scheme and p.role in roles and len(p.watched)
    ]
    episode = place.episode
    if episode is None or place.problem is not None or not sources:
        return None
    events = sorted(
        (time_ns, source.role, source.scheme.code_ids[code])
        for source in sources
        for time_ns, code in zip(source.times_ns.tolist(), source.codes.tolist(), strict=True)
        if episode.onset_ns <= time_ns < episode.offset_ns
    )
    following = [ns_to_s(later[0] - one[0]) for one, later in itertools.pairwise(events)]
    return [
        _story(moment, place, episode, k, event, next_s)
        for k, (event, next_s) in enumerate(zip(events, [*following, None], strict=False), start=1)
    ]


def _story(
    moment: Moment,
    place: _Place,
    episode: Episode,
    index: int,
    event: tuple[int, str, str],
    next_s: float | None,
) -> MomentStory:
    time_ns, role, code = event
    wished = time_ns + s_to_ns(moment.window_s[0]), time_ns + s_to_ns(moment.window_s[1])
    window = _cut(wished, episode)
    length_ns = window[1] - window[0]
    scorable_ns = place.track.clip(*window).scorable_ns if length_ns else 0
    flags = ("window_cut",) if window != wished else ()
    recovery_s, status = _recovery(moment, place, episode, time_ns, wished[1])
    if time_ns < window[1] and not place.track.clip(time_ns, window[1]).scorable[0]:
        flags = (*flags, "gap_at_event")
    return MomentStory(
        moment,
        replace(
            place.stamp,
            scorable_s=ns_to_s(scorable_ns),
            coverage=scorable_ns / length_ns if length_ns else 0.0,
        ),
        index,
        role,
        code,
        time_ns,
        window,
        _share(place, window[0], min(time_ns, window[1])),
        _share(place, max(time_ns, window[0]), window[1]),
        recovery_s,
        status,
        next_s,
        flags,
    )


def _cut(window: tuple[int, int], episode: Episode) -> tuple[int, int]:
    """Give the part of a window inside the episode; an empty one where there is none."""
    onset_ns = min(max(window[0], episode.onset_ns), episode.offset_ns)
    return onset_ns, max(onset_ns, min(window[1], episode.offset_ns))


def _share(place: _Place, onset_ns: int, offset_ns: int) -> float | None:
    if onset_ns >= offset_ns:
        return None
    part = place.track.clip(onset_ns, offset_ns)
    if not part.scorable_ns:
        return None
    on = np.isin(part.codes, place.wanted)
    return 100 * int(part.durations_ns[on].sum()) / part.scorable_ns


def _recovery(
    moment: Moment, place: _Place, episode: Episode, time_ns: int, until_ns: int
) -> tuple[float | None, Status]:
    end_ns = min(until_ns, episode.offset_ns)
    if end_ns <= time_ns:
        return None, Status.NA_STRUCT
    track = place.track.clip(time_ns, end_ns)
    if not track.scorable.any():
        return None, Status.MISS_UNSCORABLE
    mask = np.isin(track.codes, place.wanted)
    if mask[0]:
        return None, Status.NA_NOTATRISK
    criterion = Recovery(episode.id, episode.id, (moment.target,), moment.sustain_s)
    # The window's end is always as planned; the episode's own need not be.
    ended_by = "time" if until_ns <= episode.offset_ns else episode.ended_by
    after = Episode(episode.id, time_ns, end_ns, ended_by)
    coded = tuple(one.clip(time_ns, end_ns) for one in place.coded)
    onset_ns, status = recovery_onset(criterion, after, track, mask, coded)
    return ns_to_s(onset_ns - time_ns), status


def _summary(moment: Moment, place: _Place, stories: list[MomentStory] | None) -> Iterator[Measurement]:
    code = f"{moment.id}:{moment.target}"
    if stories is None:
        status = place.problem or (Status.MISS_EPISODE if place.episode is None else Status.MISS_NOTCODED)
        for measure, unit in _UNITS.items():
            yield place.stamp.row(measure, None, unit, code=code, status=status)
        return
    safe = sum(story.status is Status.NA_NOTATRISK for story in stories)
    flags = (f"not_at_risk={safe}",) if safe else ()
    yield place.stamp.row(
        "n_moment", float(len(stories)), _UNITS["n_moment"], code=code, n=len(stories), flags=flags
    )
    stamp = _windows(place.stamp, stories)
    before = [story.pct_before for story in stories if story.pct_before is not None]
    after = [story.pct_after for story in stories if story.pct_after is not None]
    waits = [(story.recovery_s, story.status) for story in stories if story.recovery_s is not None]
    seen = [status is Status.OK for _, status in waits]
    uncut = [status for _, status in waits if status is not Status.CENS_GAP]
    median_s = kaplan_meier([wait_s for wait_s, _ in waits], seen).median_s if waits else None
    values = {
        "moment_pct_before": (float(np.mean(before)) if before else None, len(before)),
        "moment_pct_after": (float(np.mean(after)) if after else None, len(after)),
        "moment_recovery_km_median_s": (median_s, len(waits)),
        "prop_moment_recovered": (sum(seen) / len(uncut) if uncut else None, len(uncut)),
    }
    n_cut = len(waits) - sum(seen)
    for measure, (value, n) in values.items():
        status = Status.OK if value is not None else Status.NA_NOTREACHED if n else Status.NA_NOBOUT
        flags = (f"n_censored={n_cut}",) if n_cut and measure == "moment_recovery_km_median_s" else ()
        yield stamp.row(measure, value, _UNITS[measure], code=code, n=n, status=status, flags=flags)


def _windows(stamp: Stamp, stories: list[MomentStory]) -> Stamp:
    """Give the stamp with scorable time and coverage of all windows together."""
    scorable_s = sum(story.stamp.scorable_s or 0.0 for story in stories)
    length_s = sum(story.window_ns[1] - story.window_ns[0] for story in stories) / NS_PER_S
    if not length_s:
        return stamp
    return replace(stamp, scorable_s=scorable_s, coverage=scorable_s / length_s)
