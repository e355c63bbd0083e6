"""Rows of coded events and of moments: whose they are, in which unit, and why they are empty."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fixtures.worked_examples import S, track
from stillface.domain.events import PointEvents
from stillface.domain.protocol import EpisodeSpec, Moment, Protocol, Role
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.codebook import measure_entry
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.measures.moments import Moments, moment_stories
from stillface.measures.points import Points

RULE = load_rule("valence3")
AFFECT, WITHDRAWAL = load_scheme("affect3"), load_scheme("withdrawal")
CODE = WITHDRAWAL.code_ids[0]
BY_MATCH = Moment("WD", "withdrawal", "any", (-10, 20), "match", 3)
BY_AFFECT = Moment("UP", "withdrawal", "partner_b", (-10, 20), "nonneg", 3)
PROTOCOL = Protocol(
    "talk",
    (Role("partner_a"), Role("partner_b")),
    (("partner_a", "partner_b"),),
    (EpisodeSpec("CONV", "interaction"), EpisodeSpec("AFTER", "interaction")),
    moments=(BY_MATCH, BY_AFFECT),
)
MOMENT_MEASURES = {
    "n_moment", "moment_pct_before", "moment_pct_after", "moment_recovery_km_median_s",
    "prop_moment_recovered",
}  # fmt: skip


def conversation(*, shift_s: int = 0, affect: str = "pos") -> tuple[Session, tuple[StateTrack, ...]]:
    """One event of partner B at 20 s; B frowns 20-24; the second episode is not run."""
    session = Session("s1", "d1", PROTOCOL, (Episode("CONV", 0, 60 * S),))
    other = [("pos", 0, 20), ("neg", 20, 24), ("pos", 24, 60)] if affect == "pos" else [(affect, 0, 60)]
    tracks = (track(AFFECT, "partner_a", [(affect, 0, 60)]), track(AFFECT, "partner_b", other))
    points = PointEvents(
        WITHDRAWAL, "partner_b", "human:AB", np.array([20 * S], np.int64), np.zeros(1, np.int16)
    )
    return session.with_points((points,)), tuple(one.shift(shift_s * S) for one in tracks)


def of(rows: list[Measurement], code: str) -> dict[tuple[str, str], Measurement]:
    return {(row.episode_id, row.measure): row for row in rows if row.code == code}


def test_moments_of_a_dyad_and_of_one_partner() -> None:
    session, tracks = conversation()
    rows = list(Moments()(session, tracks, (RULE,)))
    dyad, alone = of(rows, "WD:match"), of(rows, "UP:nonneg")
    for found, role, scheme, rule in (
        (dyad, "dyad", "affect3+affect3", "valence3"),
        (alone, "partner_b", "affect3", ""),
    ):
        assert {measure for _, measure in found} == MOMENT_MEASURES
        assert {(r.role, r.scheme_id, r.match_rule, r.coder_id) for r in found.values()} == {
            (role, scheme, rule, "AB")
        }
        assert found["CONV", "n_moment"].value == 1.0
        # Frowning from 20 to 24: match and calm return after 4 s, and stay.
        median = found["CONV", "moment_recovery_km_median_s"]
        assert (median.value, median.n, median.flags, median.status) == (4.0, 1, (), Status.OK)
        assert (found["CONV", "prop_moment_recovered"].value, median.scorable_s) == (1.0, 30.0)
    assert len({row.params_hash for row in rows}) == 2
    for row in rows:
        assert re.fullmatch("[0-9a-f]{8,64}", row.params_hash)
        entry = measure_entry(row.measure)
        assert entry is not None
        assert row.unit == entry.unit
        if row.episode_id == "AFTER":
            assert (row.status, row.value, row.n, row.coverage) == (Status.MISS_EPISODE, None, None, None)
    stories = {(s.role, s.status, s.recovery_s) for s in moment_stories(session, tracks, (RULE,))}
    assert stories == {("partner_b", Status.OK, 4.0)}


@pytest.mark.parametrize(
    ("shift_s", "affect", "status"),
    [(1000, "pos", Status.MISS_NOTCODED), (0, "usc", Status.MISS_UNSCORABLE)],
)
def test_moments_without_states_are_empty_and_say_why(shift_s: int, affect: str, status: Status) -> None:
    session, tracks = conversation(shift_s=shift_s, affect=affect)
    rows = [r for r in Moments()(session, tracks, (RULE,)) if r.episode_id == "CONV"]
    assert {(row.code, row.measure) for row in rows} == {
        (code, measure) for code in ("WD:match", "UP:nonneg") for measure in MOMENT_MEASURES
    }
    assert {(row.value, row.n, row.status) for row in rows} == {(None, None, status)}


def test_nobody_looked_for_events() -> None:
    session, tracks = conversation()
    bare = Session("s1", "d1", PROTOCOL, session.episodes)
    rows = [r for r in Moments()(bare, tracks, (RULE,)) if r.episode_id == "CONV"]
    assert rows
    assert {(row.value, row.status) for row in rows} == {(None, Status.MISS_NOTCODED)}


def test_rows_of_events_name_measure_unit_and_owner() -> None:
    session, _ = conversation()
    rows = list(Points()(session, ()))
    found = {(r.episode_id, r.measure): r for r in rows if r.code == CODE}
    units = {"frequency": "events", "rate_per_min": "1/min", "latency_s": "s"}
    assert {key: row.unit for key, row in found.items()} == {
        (episode, measure): unit for episode in ("CONV", "AFTER") for measure, unit in units.items()
    }
    assert {(r.role, r.scheme_id, r.coder_id, r.match_rule) for r in rows} == {
        ("partner_b", "withdrawal", "AB", "")
    }
    values = {m: (found["CONV", m].value, found["CONV", m].n) for m in units}
    assert values == {"frequency": (1.0, 1), "rate_per_min": (1.0, 1), "latency_s": (20.0, 1)}
    for measure in units:
        absent = found["AFTER", measure]
        assert (absent.status, absent.value, absent.n) == (Status.MISS_EPISODE, None, None)
    assert all(re.fullmatch("[0-9a-f]{8,64}", row.params_hash) for row in rows)
