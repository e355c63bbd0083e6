"""A12 to A15 of the specification over every registered family, on random dyads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.measures.repairs import state_changes
from stillface.measures.slices import dyad_slices, pair_slices
from stillface.measures.state_space import grid_of
from stillface.measures.transitions import transition_counts
from stillface.pipeline.measuring import measure_session
from stillface.testing.dyads import random_track

S = we.S
RULES = tuple(load_rule(rule) for rule in ("icep_identity", "valence3"))
seeds = st.integers(0, 100_000)


def dyad(seed: int) -> tuple[StateTrack, StateTrack]:
    rng = np.random.default_rng(seed)
    infant, caregiver = (
        random_track(load_scheme(f"icep_{role}"), role, rng, offset_ns=180 * S, mean_bout_s=5.0).track
        for role in ("infant", "caregiver")
    )
    return infant, caregiver


def session(shift_ns: int = 0) -> Session:
    episodes = tuple(
        Episode(name, 60 * k * S + shift_ns, 60 * (k + 1) * S + shift_ns)
        for k, name in enumerate(("PL", "SF", "RE"))
    )
    return Session("s", "d", we.PROTOCOL, episodes)


def plain(rows: list[Measurement]) -> list[tuple[object, ...]]:
    return [
        (r.measure, r.code, r.episode_id, r.role, r.match_rule, r.status, r.n, r.flags, r.value) for r in rows
    ]


@settings(max_examples=15, deadline=None)
@given(seed=seeds, shift=st.integers(-(10**6), 10**12))
def test_a13_moving_everything_in_time_changes_nothing(seed: int, shift: int) -> None:
    tracks = dyad(seed)
    moved = tuple(track.shift(shift) for track in tracks)
    one, other = (
        plain(measure_session(s, t, RULES)) for s, t in ((session(), tracks), (session(shift), moved))
    )
    assert one == other


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_a15_splitting_an_event_into_touching_halves_changes_nothing(seed: int) -> None:
    tracks = dyad(seed)
    halves = []
    for track in tracks:
        middles = (track.edges_ns[:-1] + track.edges_ns[1:]) // 2
        edges = np.sort(np.concatenate((track.edges_ns, middles)))
        halves.append(StateTrack(track.scheme, track.role, track.source, edges, np.repeat(track.codes, 2)))
    assert plain(measure_session(session(), tuple(halves), RULES)) == plain(
        measure_session(session(), tracks, RULES)
    )


@settings(max_examples=60, deadline=None)
@given(seed=seeds, onset_s=st.floats(0, 170), length_s=st.floats(0.05, 20))
def test_a12_a_gap_never_creates_a_change(seed: int, onset_s: float, length_s: float) -> None:
    infant, caregiver = dyad(seed)
    low, high = round(onset_s * S), min(round((onset_s + length_s) * S), 180 * S)
    cut = _with_gap(infant, low, high)
    for before, after in zip(
        dyad_slices(session(), (infant, caregiver), RULES),
        dyad_slices(session(), (cut, caregiver), RULES),
        strict=True,
    ):
        whole, less = state_changes(before), state_changes(after)
        assert set(less.times_ns[less.repairs].tolist()) <= set(whole.times_ns[whole.repairs].tolist())
        assert set(less.times_ns.tolist()) <= set(whole.times_ns.tolist())
    assert (transition_counts(cut) <= transition_counts(infant)).all()
    for first, second in zip(
        pair_slices(session(), (infant, caregiver)), pair_slices(session(), (cut, caregiver)), strict=True
    ):
        if first.problem is None and second.problem is None:
            assert grid_of(second).n_transitions <= grid_of(first).n_transitions


def _with_gap(track: StateTrack, low: int, high: int) -> StateTrack:
    parts = [track.clip(0, low)] if low else []
    parts.append(
        StateTrack(track.scheme, track.role, track.source, np.array([low, high]), np.array([-1], np.int16))
    )
    if high < track.offset_ns:
        parts.append(track.clip(high, track.offset_ns))
    edges = np.concatenate([parts[0].edges_ns[:1], *(part.edges_ns[1:] for part in parts)])
    return StateTrack(track.scheme, track.role, track.source, edges, np.concatenate([p.codes for p in parts]))


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_a14_shares_sum_to_a_hundred(seed: int) -> None:
    rows = measure_session(session(), dyad(seed), RULES)
    shares: dict[tuple[str, ...], float] = {}
    for row in rows:
        whole = row.measure == "pct_time" or (row.role == "dyad" and not row.code)
        if row.status is Status.OK and whole and "-" not in row.episode_id and row.measure in (
            "pct_time", "pct_match", "pct_mismatch", "pct_shared_negative",
        ):  # fmt: skip
            key = row.episode_id, row.role, row.match_rule
            shares[key] = shares.get(key, 0.0) + (row.value or 0.0)
    assert shares
    for total in shares.values():
        assert total == pytest.approx(100, abs=1e-9)
