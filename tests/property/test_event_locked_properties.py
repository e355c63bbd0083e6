"""The change around events against a slow walk over milliseconds, and what must not change it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.autonomic import BodySeries
from stillface.domain.events import PointEvents
from stillface.domain.protocol import BodyEvents, EpisodeSpec, Protocol, Role
from stillface.domain.results import Status
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.measures.event_locked import AroundEvents, EventLocked, event_locked_rows

MS = 1_000_000
POINTS = CodingScheme("smiles", (Code("smile"),), type="point")
PROTOCOL = Protocol(
    "p",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (EpisodeSpec("PL", "interaction"),),
    body_events=BodyEvents(("smile",), before_s=0.5, after_s=1.0),
)
QUICK = EventLocked(draws=50, random_sets=20, step_s=0.1)


@st.composite
def bodies(draw: st.DrawFn) -> list[tuple[int, int, float]]:
    """Stretches in ms within 0 to 6 s, some with holes between them."""
    edges = sorted(draw(st.sets(st.integers(0, 6000), min_size=4, max_size=40)))
    kept = draw(st.lists(st.sampled_from((True, True, True, False)), min_size=39, max_size=39))
    values = draw(st.lists(st.integers(300, 700), min_size=39, max_size=39))
    parts = zip(edges, edges[1:], kept, values, strict=False)
    return [(a, b, float(v)) for a, b, keep, v in parts if keep]


def measured(pieces: list[tuple[int, int, float]], times_ms: list[int], shift_ms: int = 0) -> AroundEvents:
    onsets, offsets = (np.array([p[k] + shift_ms for p in pieces], np.int64) * MS for k in (0, 1))
    values = np.array([p[2] for p in pieces], np.float64)
    heart = BodySeries("infant", "ibi_ms", "auto:x@1", onsets, offsets, values, "")
    times = (np.array(sorted(times_ms), np.int64) + shift_ms) * MS
    events = PointEvents(POINTS, "infant", "human:AB", times, np.zeros(times.size, np.int16))
    episode = Episode("PL", shift_ms * MS, (6000 + shift_ms) * MS)
    session = Session("s", "d", PROTOCOL, (episode,), points=(events,))
    return next(iter(QUICK(session, (), (), (heart,))))


def walked(pieces: list[tuple[int, int, float]], times_ms: list[int]) -> tuple[list[float], int, int]:
    """Give the changes, and how many are left out at an edge and for want of signal, millisecond by ms."""
    value = np.full(6000, np.nan)
    for onset, offset, level in pieces:
        value[onset:offset] = level
    changes, edge, holes = [], 0, 0
    for time in sorted(times_ms):
        if time < 500 or time + 1000 > 6000:
            edge += 1
            continue
        before, after = value[time - 500 : time], value[time : time + 1000]
        if np.isfinite(before).sum() < 400 or np.isfinite(after).sum() < 800:
            holes += 1
            continue
        changes.append(float(np.nanmean(after) - np.nanmean(before)))
    return changes, edge, holes


TIMES = st.lists(st.integers(0, 5999), min_size=1, max_size=8, unique=True)


@given(bodies(), TIMES)
def test_a_walk_over_milliseconds_gives_the_same(pieces, times_ms):
    found = measured(pieces, times_ms)
    if found.status is Status.MISS_TECH:
        assert not pieces
        return
    changes, edge, holes = walked(pieces, times_ms)
    assert found.changes.tolist() == pytest.approx(changes, abs=1e-6)
    assert (found.n_events, found.n_edge, found.n_holes) == (len(times_ms), edge, holes)
    assert (found.status is Status.OK) == bool(changes)


@given(bodies(), TIMES, st.integers(1, 10_000_000), st.integers(-200, 200))
def test_neither_the_clock_nor_the_level_matters(pieces, times_ms, shift_ms, level):
    found = measured(pieces, times_ms)
    moved = measured([(a, b, v + level) for a, b, v in pieces], times_ms, shift_ms)
    assert moved.changes.tolist() == pytest.approx(found.changes.tolist(), abs=1e-5)
    assert moved.random.tolist() == pytest.approx(found.random.tolist(), abs=1e-5, nan_ok=True)
    assert moved.flags == found.flags


@given(bodies(), TIMES)
def test_rows_are_whole_and_the_same_every_time(pieces, times_ms):
    found = measured(pieces, times_ms)
    rows = {row.measure: row for row in event_locked_rows(found)}
    assert list(event_locked_rows(measured(pieces, times_ms))) == list(rows.values())
    low, high = rows["event_ibi_change_low_ms"].value, rows["event_ibi_change_high_ms"].value
    assert (low is None) == (high is None) == (found.changes.size < QUICK.min_events)
    if low is not None and high is not None:
        assert found.changes.min() - 1e-9 <= low <= high <= found.changes.max() + 1e-9
    assert 0 <= (rows["event_ibi_change_ms"].coverage or 0) <= 1 + 1e-9


def test_random_times_are_where_such_an_event_could_have_been_seen():
    # Nobody watched from 2 s on, where the heart is another: no random window lies there.
    pieces = [(0, 1400, 500.0), (1400, 3000, 480.0), (3000, 6000, 900.0)]
    found = measured(pieces, [600, 900])
    session = found.stamp.session
    watched = PointEvents.watched_except(
        type(session.points[0].watched)(np.array([1900 * MS]), np.array([2**60]))
    )
    narrow = replace(session.points[0], watched=watched)
    heart = BodySeries(
        "infant", "ibi_ms", "auto:x@1",
        np.array([p[0] * MS for p in pieces]), np.array([p[1] * MS for p in pieces]),
        np.array([p[2] for p in pieces]), "",
    )  # fmt: skip
    limited = next(iter(QUICK(replace(session, points=(narrow,)), (), (), (heart,))))
    assert np.abs(limited.random).max() <= 20
    assert np.abs(found.random).max() > 20
