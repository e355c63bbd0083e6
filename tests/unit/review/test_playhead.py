"""The playhead: exact frames in every camera, a clock that the test turns."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap, FrameClock
from stillface.errors import UsageError
from stillface.review.cameras import Camera, FrameGrid
from stillface.review.commands_edit import Paint
from stillface.review.commands_live import SetState
from stillface.review.lanes import LaneKey
from stillface.review.playhead import Playhead


@pytest.fixture
def now(kit: Any) -> Any:
    return kit.clock()


@pytest.fixture
def head(kit: Any, now: Any) -> Playhead:
    camera = kit.camera()
    return Playhead(FrameGrid.of_camera(camera), [camera], now)


def test_stepping_visits_every_frame_of_a_variable_rate_film_exactly() -> None:
    rng = np.random.default_rng(3)
    edges = np.cumsum(rng.integers(15_000_000, 140_000_000, 200))
    film = Camera("vfr", FrameClock(edges), ClockMap(12_345_678, 37.5))
    second = Camera("side", FrameClock.constant(300, Fraction(30000, 1001)), ClockMap(-200_000_000, -12.0))
    head = Playhead(FrameGrid.of_camera(film), [film, second], lambda: 0)
    for frame in range(200 - 1):
        assert head.frames()["vfr"] == frame
        onset = head.time_ns
        side = head.frames()["side"]
        if side is not None:
            assert second.edges_ns[side] <= onset < second.edges_ns[side + 1]
        if frame < 198:
            head.step(1)
            assert head.time_ns > onset
    for frame in reversed(range(198)):
        head.step(-1)
        assert head.frames()["vfr"] == frame


def test_a_camera_that_did_not_run_shows_no_frame(kit: Any) -> None:
    late = Camera("late", FrameClock.constant(100, Fraction(25)), ClockMap(10 * S))
    main = kit.camera()
    head = Playhead(FrameGrid.of_camera(main), [main, late], lambda: 0)
    assert head.frames() == {"cam": 0, "late": None}
    head.seek(10 * S)
    assert head.frames() == {"cam": 250, "late": 0}


def test_playing_follows_the_clock_at_any_speed_both_ways(head: Playhead, now: Any) -> None:
    head.play()
    now.now += 2 * S
    assert head.tick() == 2 * S
    head.set_speed(0.5)
    now.now += 2 * S
    assert head.tick() == 3 * S
    head.pause()
    now.now += 5 * S
    assert head.tick() == 3 * S
    head.play(backward=True)
    head.set_speed(4.0)
    now.now += S // 2
    assert head.tick() == 1 * S
    now.now += S
    assert head.tick() == 0
    assert not head.playing
    with pytest.raises(UsageError, match="no such speed"):
        head.set_speed(0)


def test_play_stops_on_the_last_frame_and_begins_anew(head: Playhead, now: Any) -> None:
    head.seek(39 * S)
    head.play()
    now.now += 5 * S
    head.tick()
    assert (head.playing, head.frames()["cam"]) == (False, 999)
    head.play()
    assert head.time_ns == 0


def test_a_loop_comes_round_without_losing_time(head: Playhead, now: Any) -> None:
    head.loop_over(2 * S, 5 * S)
    head.play()
    assert head.time_ns == 2 * S
    now.now += 4 * S
    assert head.tick() == 3 * S
    now.now += 2 * S + S // 2
    assert head.tick() == 2 * S + S // 2
    head.end_loop()
    now.now += 3 * S
    assert head.tick() == 5 * S + S // 2
    with pytest.raises(UsageError, match="nothing to loop"):
        head.loop_over(4 * S, 4 * S)


def test_stop_goes_back_to_where_playing_began(head: Playhead, now: Any) -> None:
    head.seek(7 * S)
    head.play()
    now.now += S
    head.tick()
    head.stop()
    assert (head.time_ns, head.playing) == (7 * S, False)


def test_shuttle_speeds_up_slows_down_and_turns_round(head: Playhead) -> None:
    speeds = []
    for direction in (1, 1, -1, -1, -1):
        head.shuttle(direction)
        speeds.append(head.speed)
    assert speeds == [1.0, 1.5, 1.0, -1.0, -1.5]


def test_jumps_by_bout_edges_do_not_stick(kit: Any, head: Playhead, tmp_path: Path) -> None:
    key = LaneKey("infant", "affect3", "human:AB")
    document = kit.document(tmp_path)
    document.do(Paint(key, 1 * S, 2 * S, "neu"))
    document.do(Paint(key, 3 * S, 4 * S, "neu"))
    lane = document.lane(key)
    visited = []
    for _ in range(5):
        head.to_edge(lane, 1)
        visited.append(head.time_ns // S)
    assert visited == [1, 2, 3, 4, 4]
    head.to_edge(lane, -1)
    assert head.time_ns == 3 * S


def test_no_jump_ends_where_a_state_that_is_still_running_has_got_to(
    kit: Any, head: Playhead, tmp_path: Path
) -> None:
    key = LaneKey("infant", "affect3", "human:AB")
    document = kit.document(tmp_path)
    document.do(Paint(key, 5 * S, 6 * S, "neu"))
    document.do(SetState(key, 2 * S, "pos"))
    lane = document.lane(key)
    assert lane.running is not None
    assert lane.running.end_ns < 3 * S
    head.seek(2 * S)
    visited = []
    for direction in (1, 1, -1, -1):
        head.to_edge(lane, direction)
        visited.append(head.time_ns // S)
    assert visited == [5, 6, 5, 2]


def test_watched_is_what_was_played_not_what_was_skipped_or_skimmed(head: Playhead, now: Any) -> None:
    head.play()
    for _ in range(10):
        now.now += S // 10
        head.tick()
    head.seek(5 * S)
    now.now += S
    head.tick()
    head.set_speed(4.0)
    now.now += S
    head.pause()
    assert list(head.watched.intervals) == [(0, 1 * S), (5 * S, 6 * S)]
    assert head.watched.share(0, 2 * S) == 0.5
    head.seek(20 * S)
    head.step(1)
    assert head.watched.share(20 * S, 20 * S + 4 * S // 25) == 0.5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 10**8), min_size=2, max_size=40),
    st.integers(-(10**10), 10**10),
)
def test_the_grid_gives_borders_only(steps: list[int], time_ns: int) -> None:
    grid = FrameGrid(np.cumsum(np.array(steps, dtype=np.int64)))
    low, high = grid.span_ns
    for found in (grid.snap(time_ns), grid.floor(time_ns), grid.after(time_ns), grid.before(time_ns)):
        assert found in grid.edges_ns
    assert abs(grid.snap(time_ns) - time_ns) == np.abs(grid.edges_ns - time_ns).min()
    if low <= time_ns < high:
        assert grid.floor(time_ns) <= time_ns < grid.after(time_ns)
    if low < time_ns <= high:
        assert grid.before(time_ns) < time_ns
