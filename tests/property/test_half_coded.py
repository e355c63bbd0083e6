"""A coder who stopped half way: nothing is called absent after that, in any measure of any family."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.pipeline.measuring import measure_session, repair_rows
from stillface.testing.dyads import random_track

S = we.S
RULES = tuple(load_rule(rule) for rule in ("icep_identity", "valence3"))
REUNION_S, END_S = 120, 180
LAGGED = ("synchrony_peak", "wcc")
"""They hold what was seen against what the partner did up to some seconds later, and that was seen, too."""
STEPWISE = ("synchrony", "wcc", "in_phase", "anti_phase")
SESSION = Session(
    "s",
    "d",
    we.PROTOCOL,
    tuple(Episode(name, 60 * k * S, 60 * (k + 1) * S) for k, name in enumerate(("PL", "SF", "RE"))),
)


def coded(role: str, seed: int, until_s: float = END_S) -> StateTrack:
    rng = np.random.default_rng(seed)
    track = random_track(load_scheme(f"icep_{role}"), role, rng, offset_ns=END_S * S, mean_bout_s=4.0).track
    return track.clip(0, round(until_s * S))


def of_reunion(tracks: tuple[StateTrack, ...], roles: tuple[str, ...]) -> list[Measurement]:
    rows = measure_session(SESSION, tracks, RULES)
    return [row for row in rows if row.episode_id == "RE" and row.role in roles]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), seen_s=st.floats(1, 59))
def test_no_time_lies_after_the_stop_and_what_was_not_seen_is_censored(seed: int, seen_s: float) -> None:
    tracks = coded("infant", seed, REUNION_S + seen_s), coded("caregiver", seed + 1)
    rows = of_reunion(tracks, ("infant", "dyad"))
    assert rows
    for row in rows:
        if row.unit == "s" and row.value is not None and "lag" not in row.measure:
            assert row.value <= seen_s + 1e-6, row
        if row.measure == "latency_s" and row.value is not None and row.status is not Status.OK:
            assert (row.status, row.censored) == (Status.CENS_GAP, True)
    latencies = [row for row in rows if row.measure == "latency_s"]
    assert {row.code for row in latencies if row.status is Status.CENS_EP_END} == set()
    ends = [row for row in repair_rows(SESSION, tracks, RULES) if row.episode_id == "RE"]
    assert all(row.offset_s <= REUNION_S + seen_s + 1e-6 for row in ends)
    assert not any(row.ended_by == "episode_end" for row in ends)


def changed_by_what_came_later(seed: int, seen_s: float, skipped: tuple[str, ...]) -> list[Measurement]:
    """Give rows of the dyad that change where the partner behaves otherwise after the stop."""
    stop_ns = round((REUNION_S + seen_s) * S)
    infant, partner = coded("infant", seed, REUNION_S + seen_s), coded("caregiver", seed + 1)
    later = coded("caregiver", seed + 2)
    edges = np.unique(
        np.concatenate(
            (
                partner.edges_ns[partner.edges_ns < stop_ns],
                later.edges_ns[later.edges_ns > stop_ns],
                [stop_ns],
            )
        )
    )
    one, other = (
        track.codes[np.searchsorted(track.edges_ns, edges[:-1], "right") - 1] for track in (partner, later)
    )
    mixed = StateTrack(
        partner.scheme, partner.role, partner.source, edges, np.where(edges[:-1] < stop_ns, one, other)
    )
    as_coded, changed = (of_reunion((infant, track), ("dyad",)) for track in (partner, mixed.merged()))
    return [
        a
        for a, b in zip(as_coded, changed, strict=True)
        if not a.measure.startswith(skipped)
        and (a.measure, a.code, a.value, a.status, a.n) != (b.measure, b.code, b.value, b.status, b.n)
    ]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), seen_s=st.integers(2, 58))
def test_what_the_partner_did_after_the_stop_does_not_matter_to_the_dyad(seed: int, seen_s: int) -> None:
    assert changed_by_what_came_later(seed, seen_s, LAGGED) == []


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), seen_s=st.floats(2, 58))
def test_nor_where_the_stop_lies_anywhere(seed: int, seen_s: float) -> None:
    """But for what goes by steps of a second: half a step seen is enough for them."""
    assert changed_by_what_came_later(seed, seen_s, STEPWISE) == []
