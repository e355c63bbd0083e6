"""Coded moments against a deliberately naive walk, one millisecond at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.domain.events import PointEvents
from stillface.domain.protocol import EpisodeSpec, Moment, Protocol, Role
from stillface.domain.results import Status
from stillface.domain.scheme import Code, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import UNCODED, StateTrack
from stillface.measures.moments import moment_stories

MS = 1_000_000
SCHEMES = tuple(
    CodingScheme(name, (Code("neg", valence=-1), Code("pos", valence=1), Code("usc", gap=True)))
    for name in ("scheme_a", "scheme_b")
)
EVENTS = CodingScheme("withdrawal", (Code("withdrawal"),), type="point", exclusive=False)
RULE = MatchRule("same", "valence", valences=(-1, 1))
PROTOCOL = Protocol(
    "naive",
    (Role("partner_a"), Role("partner_b")),
    (("partner_a", "partner_b"),),
    (EpisodeSpec("CONV", "interaction"),),
)
Walked = tuple[int, float | None, float | None, float | None, str]

codes = st.lists(st.tuples(st.integers(UNCODED, 2), st.integers(1, 9)), min_size=1, max_size=14).map(
    lambda pairs: [code for code, length in pairs for _ in range(length)]
)


def walk(
    first: list[int], second: list[int], event: int, window: tuple[int, int], sustain: int, *, stopped: bool
) -> Walked:
    """Give scorable ms of the window, shares before and after, recovery in ms and how it ended."""
    size = len(first)

    def state(t: int) -> bool | None:
        seen = first[t] in (0, 1) and second[t] in (0, 1)
        return first[t] == second[t] if seen else None

    inside = [t for t in range(event + window[0], event + window[1]) if 0 <= t < size]
    shares = []
    for part in ([t for t in inside if t < event], [t for t in inside if t >= event]):
        found = [state(t) for t in part if state(t) is not None]
        shares.append(100 * found.count(True) / len(found) if found else None)
    scorable = sum(state(t) is not None for t in inside)
    end = min(event + window[1], size)
    if end <= event:
        return scorable, *shares, None, "NA_STRUCT"
    if all(state(t) is None for t in range(event, end)):
        return scorable, *shares, None, "MISS_UNSCORABLE"
    if state(event):
        return scorable, *shares, None, "NA_NOTATRISK"
    last, why = end, "CENS_STOP" if stopped and end < event + window[1] else "CENS_EP_END"
    for person in (first, second):
        coded = max(t for t in range(event, end) if person[t] != UNCODED) + 1
        if coded < end:
            last, why = min(last, coded), "CENS_GAP"
    for t in range(event, last - sustain + 1):
        # A run begins where the target comes on; one that begins in time may be confirmed at its end.
        if all(state(k) for k in range(t, t + sustain)):
            return scorable, *shares, float(t - event), "OK"
    return scorable, *shares, float(last - event), why


@settings(max_examples=1500, deadline=None)
@given(
    first=codes,
    second=codes,
    event=st.integers(0, 60),
    window=st.tuples(st.integers(-20, 4), st.integers(1, 40)).map(lambda w: (w[0], w[0] + w[1])),
    sustain=st.integers(1, 9),
    onset=st.integers(0, 5),
    stopped=st.booleans(),
)
def test_each_moment_is_what_the_walk_saw(
    first: list[int],
    second: list[int],
    event: int,
    window: tuple[int, int],
    sustain: int,
    onset: int,
    stopped: bool,
) -> None:
    size = min(len(first), len(second))
    if onset >= size or not onset <= event < size:
        return
    moment = Moment("WD", "withdrawal", "any", (window[0] / 1000, window[1] / 1000), "match", sustain / 1000)
    episode = Episode("CONV", onset * MS, size * MS, "stop_rule" if stopped else "time")
    points = PointEvents(EVENTS, "partner_b", "human:AB", np.array([event * MS]), np.zeros(1, np.int16))
    session = Session("s", "d", replace(PROTOCOL, moments=(moment,)), (episode,), points=(points,))
    tracks = tuple(
        StateTrack(
            scheme, role, "human:AB", np.arange(size + 1, dtype=np.int64) * MS, np.array(own[:size], np.int16)
        )
        for scheme, role, own in zip(SCHEMES, ("partner_a", "partner_b"), (first, second), strict=True)
    )
    parts = first[onset:size], second[onset:size]
    stories = list(moment_stories(session, tracks, (RULE,)))
    if all(a not in (0, 1) or b not in (0, 1) for a, b in zip(*parts, strict=True)):
        assert not stories
        return
    (story,) = stories
    scorable, before, after, recovery, status = walk(*parts, event - onset, window, sustain, stopped=stopped)
    assert story.stamp.scorable_s == scorable / 1000
    assert story.status is Status(status)
    for ours, theirs in (
        (story.pct_before, before),
        (story.pct_after, after),
        (story.recovery_s, None if recovery is None else recovery / 1000),
    ):
        assert (ours is None) == (theirs is None)
        assert ours is None or theirs is None or abs(ours - theirs) < 1e-9
