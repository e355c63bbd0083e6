"""The timeline's geometry: to pixels and back, zoom that keeps the place, hits, snapping."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.review.lanes import Lane, LaneBout, LaneKey
from stillface.review.timeline import (
    View,
    first_showing,
    height_of,
    hit,
    last_first,
    rows_of,
    scrolled,
    snap_ns,
    strips,
    ticks,
    visible,
)

KEY = LaneKey("infant", "affect3", "human:AB")
AUTO = LaneKey("infant", "affect3", "auto:affect@1")
WHOLE = View.whole((0, 600 * S), 1200)


def lane(kit: Any, *stretches: tuple[float, float]) -> Lane:
    bouts = tuple(
        LaneBout(f"b{k}", round(on * S), round(off * S), "neu") for k, (on, off) in enumerate(stretches)
    )
    return Lane(KEY, kit.affect, bouts)


@given(st.floats(0.01, 10_000), st.integers(0, 600 * S), st.floats(-3000, 3000))
def test_zoom_keeps_its_place_and_never_leaves_the_session(factor: float, around: int, pixels: float) -> None:
    view = WHOLE.zoomed(50, 300 * S).panned(pixels)
    zoomed = view.zoomed(factor, around)
    assert zoomed.onset_ns >= 0
    assert zoomed.offset_ns <= 600 * S * (1 + 1e-12)
    free = zoomed.onset_ns > 0 and zoomed.offset_ns < 600 * S - 1
    if free:
        assert zoomed.x_of(around) == pytest.approx(view.x_of(around), abs=0.01)


@given(st.floats(0, 1200))
def test_pixels_and_times_are_each_others_inverse(x: float) -> None:
    view = WHOLE.zoomed(200, 100 * S)
    assert view.x_of(view.ns_at(x)) == pytest.approx(x, abs=0.001)


def test_closest_zoom_shows_single_frames() -> None:
    view = WHOLE.zoomed(1e9, 300 * S)
    assert (S / 25) / view.ns_per_px == 800


def test_following_pages_on_when_the_playhead_runs_out() -> None:
    view = WHOLE.zoomed(10, 0)
    assert view.following(30 * S) == view
    paged = view.following(61 * S)
    assert paged.onset_ns <= 61 * S < paged.offset_ns
    assert paged.onset_ns > 50 * S


def test_a_hit_tells_bout_and_part(kit: Any) -> None:
    view = WHOLE.fitted(0, 20 * S, 0)
    lanes = {KEY: lane(kit, (1, 5), (5, 9), (12, 12.05)), AUTO: lane(kit)}
    rows = rows_of([KEY, AUTO], 20, 30, 4)
    x = view.x_of

    def at(seconds: float, y: float = 30) -> Any:
        found = hit(rows, lanes, view, x(seconds * S), y)
        return found and (found.bout_id, found.part)

    assert at(3) == ("b0", "body")
    assert at(1.02) == ("b0", "onset")
    assert at(4.98) == ("b0", "offset")
    assert at(5.02) == ("b1", "onset")
    assert at(9.03) == ("b1", "offset")
    assert at(10.5) == (None, "empty")
    assert at(12.025) == ("b2", "body")
    assert at(3, 60) == (None, "empty")
    assert at(3, 5) is None
    assert rows[1].height_px < rows[0].height_px


def test_snapping_takes_the_nearest_within_reach() -> None:
    candidates = np.array([10, 20, 40])
    assert [snap_ns(t, candidates, 4) for t in (0, 7, 14, 15, 18, 43, 50)] == [0, 10, 10, 15, 20, 40, 50]
    assert snap_ns(5, np.array([], dtype=np.int64), 100) == 5
    assert snap_ns(9, np.array([10]), 100) == 10


def test_the_ruler_has_readable_labels_at_every_zoom() -> None:
    assert [label for _, label in ticks(WHOLE)][:3] == ["0:00", "1:00", "2:00"]
    near = ticks(WHOLE.fitted(61 * S, 62 * S, 0))
    assert (61_200_000_000, "1:01.2") in near
    closest = ticks(WHOLE.zoomed(1e9, 300 * S), 70)
    assert all(b - a >= 70 * 50_000 for (a, _), (b, _) in itertools.pairwise(closest))


def test_of_5000_bouts_only_those_in_view_are_given(kit: Any) -> None:
    long = lane(kit, *((k * 0.12, k * 0.12 + 0.1) for k in range(5000)))
    view = WHOLE.fitted(300 * S, 303 * S, 0)
    assert [bout.id for bout in visible(long, view)] == [f"b{k}" for k in range(2500, 2526)]


def test_never_more_rectangles_than_pixels_and_each_pixel_right(kit: Any) -> None:
    long = lane(kit, *((k * 0.12, k * 0.12 + 0.1) for k in range(5000)))
    drawn = strips(long, WHOLE)
    assert 0 < len(drawn) <= WHOLE.width_px
    for x in range(WHOLE.width_px):
        here = long.at(round((x + 0.5) * WHOLE.ns_per_px))
        covered = any(s.x_px <= x < s.x_px + s.width_px for s in drawn)
        assert covered == (here is not None)
    near = strips(long, WHOLE.fitted(300 * S, 303 * S, 0))
    assert [strip.bout.id for strip in near if strip.bout] == [f"b{k}" for k in range(2500, 2526)]


@given(
    kinds=st.lists(st.booleans(), min_size=1, max_size=15),
    room=st.integers(30, 500),
    first=st.integers(0, 20),
    wanted=st.integers(0, 20),
)
def test_every_lane_is_readable_and_can_be_scrolled_to(
    kinds: list[bool], room: int, first: int, wanted: int
) -> None:
    keys = [AUTO if machine else KEY for machine in kinds]
    first, wanted = min(first, len(keys) - 1), min(wanted, len(keys) - 1)
    rows = rows_of(keys, 42, height_of(keys, room, 3, 16, 40), 3, 16)
    assert all(16 <= row.height_px <= 40 for row in rows)
    shown = scrolled(rows, first, room)
    assert shown[0].top_px == 42
    assert all(row.bottom_px <= 42 + room for row in shown)
    begin = first_showing(rows, first, wanted, room)
    assert begin <= wanted < begin + len(scrolled(rows, begin, room))
    if first <= wanted < first + len(shown):
        assert begin == first
    last = last_first(rows, room)
    assert last + len(scrolled(rows, last, room)) == len(rows)
    if room >= 19 * len(keys):
        assert last == 0
