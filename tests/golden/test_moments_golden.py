"""Five coded moments of one conversation, worked by hand.

Partner A smiles throughout. Partner B smiles 0-10, frowns 10-14, smiles 14-16, is sober 16-20, smiles 20-40,
cannot be seen 40-43, and frowns 43-60 s. By equal valence the dyad matches 0-10, 14-16, 20-40. Window -10 to
20 s, three seconds sustained. Events: B 10, A 18, A 25, B 41, B 44.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fixtures.worked_examples import S, track
from stillface.domain.events import PointEvents
from stillface.domain.protocol import EpisodeSpec, Moment, Protocol, Role
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.measures.moments import Moments, moment_stories

RULE = load_rule("valence3")
AFFECT, WITHDRAWAL = load_scheme("affect3"), load_scheme("withdrawal")
PROTOCOL = Protocol(
    "talk",
    (Role("partner_a"), Role("partner_b")),
    (("partner_a", "partner_b"),),
    (EpisodeSpec("CONV", "interaction"),),
    moments=(Moment("WD", "withdrawal", "any", (-10, 20), "match", 3),),
)
B = [
    ("pos", 0, 10), ("neg", 10, 14), ("pos", 14, 16), ("neu", 16, 20), ("pos", 20, 40), ("usc", 40, 43),
    ("neg", 43, 60),
]  # fmt: skip


def events(role: str, *times_s: float) -> PointEvents:
    times = np.array([round(t * S) for t in times_s], np.int64)
    return PointEvents(WITHDRAWAL, role, "human:AB", times, np.zeros(times.size, np.int16))


def conversation(
    ended_by: str = "time", protocol: Protocol = PROTOCOL
) -> tuple[Session, tuple[StateTrack, ...]]:
    session = Session("s1", "d1", protocol, (Episode("CONV", 0, 60 * S, ended_by),))
    tracks = (track(AFFECT, "partner_a", [("pos", 0, 60)]), track(AFFECT, "partner_b", B))
    return session.with_points((events("partner_a", 18, 25), events("partner_b", 10, 41, 44))), tracks


def summary(session: Session, tracks: tuple[StateTrack, ...]) -> dict[str, Measurement]:
    return {row.measure: row for row in Moments()(session, tracks, (RULE,))}


def test_each_moment() -> None:
    stories = list(moment_stories(*conversation(), (RULE,)))
    assert [(s.index, s.role, s.time_ns / S, s.next_s) for s in stories] == [
        (1, "partner_b", 10, 8.0), (2, "partner_a", 18, 7.0), (3, "partner_a", 25, 16.0),
        (4, "partner_b", 41, 3.0), (5, "partner_b", 44, None),
    ]  # fmt: skip
    assert [(s.window_ns[0] / S, s.window_ns[1] / S) for s in stories] == [
        (0, 30), (8, 38), (15, 45), (31, 60), (34, 60),
    ]  # fmt: skip
    assert [(s.recovery_s, s.status, s.confirmed_s) for s in stories] == [
        (10.0, Status.OK, 13.0), (2.0, Status.OK, 5.0), (None, Status.NA_NOTATRISK, None),
        (19.0, Status.CENS_EP_END, None), (16.0, Status.CENS_EP_END, None),
    ]  # fmt: skip
    assert [s.pct_before for s in stories] == pytest.approx([100, 40, 60, 100, 100 * 6 / 7])
    assert [s.pct_after for s in stories] == pytest.approx([60, 90, 100 * 15 / 17, 0, 0])
    assert [s.stamp.scorable_s for s in stories] == [30, 30, 27, 26, 23]
    assert [s.stamp.coverage for s in stories] == pytest.approx([1, 1, 0.9, 26 / 29, 23 / 26])
    assert [s.flags for s in stories] == [(), (), (), ("window_cut", "gap_at_event"), ("window_cut",)]


def test_the_session() -> None:
    rows = summary(*conversation())
    assert {(row.role, row.episode_id, row.code, row.match_rule) for row in rows.values()} == {
        ("dyad", "CONV", "WD:match", "valence3")
    }
    n = rows["n_moment"]
    assert (n.value, n.unit, n.flags, n.coverage) == (5.0, "count", ("not_at_risk=1",), 57 / 60)
    median = rows["moment_recovery_km_median_s"]
    # Kaplan-Meier over 2, 10, 16+, 19+: S(2) = .75, S(10) = .5.
    assert (median.value, median.n, median.flags) == (10.0, 4, ("n_censored=2",))
    assert (median.scorable_s, median.coverage) == (136.0, pytest.approx(136 / 145))
    share = rows["prop_moment_recovered"]
    assert (share.value, share.n) == (0.5, 4)
    before, after = rows["moment_pct_before"], rows["moment_pct_after"]
    assert (before.value, before.n) == (pytest.approx((100 + 40 + 60 + 100 + 600 / 7) / 5), 5)
    assert after.value == pytest.approx((60 + 90 + 1500 / 17) / 5)


def test_an_episode_ended_early_and_a_coder_who_stopped() -> None:
    stopped = list(moment_stories(*conversation("experimenter"), (RULE,)))
    assert [s.status for s in stopped[3:]] == [Status.CENS_STOP] * 2
    session, (first, second) = conversation()
    half = (first, second.clip(0, 47 * S))
    assert [(s.recovery_s, s.status) for s in moment_stories(session, half, (RULE,))][3:] == [
        (6.0, Status.CENS_GAP), (3.0, Status.CENS_GAP),
    ]  # fmt: skip
    # What a gap cut is left out of the share, not called unrepaired.
    assert (summary(session, half)["prop_moment_recovered"].n,) == (2,)


def test_the_planned_end_of_a_window_is_no_early_stop() -> None:
    short = replace(PROTOCOL, moments=(replace(PROTOCOL.moments[0], window_s=(-10, 5)),))
    stories = list(moment_stories(*conversation("stop_rule", short), (RULE,)))
    assert (stories[0].recovery_s, stories[0].status) == (5.0, Status.CENS_EP_END)
    assert summary(*conversation("stop_rule", short))["moment_recovery_km_median_s"].value is None


def test_what_falls_on_the_episodes_end() -> None:
    """A window that was to end there is not cut by the stop; an event there is no longer in the episode."""
    last = replace(PROTOCOL, moments=(replace(PROTOCOL.moments[0], window_s=(-10, 16)),))
    session, tracks = conversation("stop_rule", last)
    session = replace(session, points=(events("partner_b", 44, 45, 60),))
    stories = list(moment_stories(session, tracks, (RULE,)))
    assert [(s.recovery_s, s.status, s.flags) for s in stories] == [
        (16.0, Status.CENS_EP_END, ()),
        (15.0, Status.CENS_STOP, ("window_cut",)),
    ]


def test_the_role_whose_event_it_is_recovers_from_negative() -> None:
    protocol = replace(PROTOCOL, moments=(Moment("WD", "withdrawal", "partner_b", (-10, 20), "nonneg", 3),))
    stories = list(moment_stories(*conversation(protocol=protocol), (RULE,)))
    assert [(s.role, s.time_ns / S, s.recovery_s, s.status) for s in stories] == [
        ("partner_b", 10, 4.0, Status.OK),
        ("partner_b", 41, 19.0, Status.CENS_EP_END),
        ("partner_b", 44, 16.0, Status.CENS_EP_END),
    ]
    assert {s.stamp.role for s in stories} == {"partner_b"}


def test_no_event_is_not_the_same_as_not_looked() -> None:
    session, tracks = conversation()
    none = replace(session, points=(events("partner_a"), events("partner_b")))
    rows = summary(none, tracks)
    assert rows["n_moment"].value == 0.0
    assert {row.status for name, row in rows.items() if name != "n_moment"} == {Status.NA_NOBOUT}
    for points in ((), (PointEvents.uncoded(WITHDRAWAL, "partner_a"),)):
        unlooked = summary(replace(session, points=points), tracks)
        assert {row.status for row in unlooked.values()} == {Status.MISS_NOTCODED}
