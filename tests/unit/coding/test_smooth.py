from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.coding.eyes import EyeLimits, eye_state
from stillface.coding.smooth import hysteresis, interpolate_gated, run_bounds, time_median

MS = 1_000_000


def edges_of(durations_ms: list[int], start_ns: int = 0) -> np.ndarray:
    return start_ns + np.concatenate(([0], np.cumsum(durations_ms))).astype(np.int64) * MS


@settings(max_examples=60, deadline=None)
@given(
    frames=st.lists(
        st.tuples(
            st.integers(5, 200),
            st.one_of(st.just(float("nan")), st.floats(-10, 10, allow_nan=False)),
        ),
        min_size=1,
        max_size=40,
    ),
    window_ms=st.integers(1, 400),
    shift=st.integers(-(10**15), 10**15),
)
def test_the_median_is_over_time_and_not_over_frames(
    frames: list[tuple[int, float]], window_ms: int, shift: int
) -> None:
    edges = edges_of([duration for duration, _ in frames])
    values = np.array([value for _, value in frames])
    middles = edges[:-1] + np.diff(edges) // 2
    found = time_median(values, edges, window_ms * MS)
    for k, value in enumerate(values):
        near = values[np.abs(middles - middles[k]) <= window_ms * MS // 2]
        near = near[np.isfinite(near)]
        expected = np.nan if np.isnan(value) else np.median(near)
        assert found[k] == pytest.approx(expected, nan_ok=True)
    assert np.array_equal(time_median(values, edges + shift, window_ms * MS), found, equal_nan=True)


def test_hysteresis_needs_the_upper_threshold_and_ends_at_the_lower_on_both_sides() -> None:
    score = np.array([0.0, 0.7, 1.1, 0.7, 0.9, 0.5, 0.7, 0.8, 0.0])
    assert hysteresis(score, 1.0, 0.6).tolist() == [0, 1, 1, 1, 1, 0, 0, 0, 0]
    assert hysteresis(score[::-1], 1.0, 0.6).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0]


def test_hysteresis_makes_one_run_of_a_score_that_hovers() -> None:
    score = 1.0 + 0.2 * np.sin(np.arange(200))
    starts, _ = run_bounds(hysteresis(score, 1.0, 0.6))
    assert starts.size == 1
    assert run_bounds(score >= 1.0)[0].size > 20


def test_what_was_not_seen_breaks_a_run() -> None:
    score = np.array([1.2, np.nan, 0.8])
    assert hysteresis(score, 1.0, 0.6).tolist() == [True, False, False]


def test_a_gated_value_comes_from_its_neighbours_and_an_unseen_one_stays_unseen() -> None:
    values = np.array([1.0, 50.0, 50.0, 4.0, np.nan])
    gated = np.array([False, True, True, False, True])
    # In time: 50 ms and 250 ms into the 350 ms between the middles of the good frames.
    filled = interpolate_gated(values, gated, edges_of([100, 100, 200, 100, 100], start_ns=10**18))
    assert filled[:4] == pytest.approx([1.0, 1 + 3 * 100 / 400, 1 + 3 * 250 / 400, 4.0])
    assert np.isnan(filled[4])


def test_gated_values_without_a_neighbour_are_dropped() -> None:
    assert np.isnan(interpolate_gated(np.array([1.0, 2.0]), np.array([True, True]), edges_of([40, 40]))).all()


def test_a_blink_is_told_from_closed_eyes_by_time() -> None:
    # The same three frames last 120 ms in one stretch and 600 ms in the other.
    durations = [40] * 20 + [40] * 3 + [40] * 20 + [200] * 3 + [40] * 20
    aperture = np.full(len(durations), 0.35)
    aperture[20:23] = aperture[43:46] = 0.1
    state = eye_state(aperture, edges_of(durations), EyeLimits())
    assert np.flatnonzero(state.closed).tolist() == [43, 44, 45]
    # With the lids on their way for 70 ms: one whole frame of 40 ms before and after.
    assert np.flatnonzero(state.blink).tolist() == [19, 20, 21, 22, 23, 42, 46]


def test_narrowed_eyes_are_not_closed() -> None:
    aperture = np.full(100, 0.37)
    aperture[40:80] = 0.21  # a cry's narrowed eyes ...
    aperture[60:63] = 0.12  # ... that blink
    state = eye_state(aperture, edges_of([33] * 100), EyeLimits())
    assert np.flatnonzero(state.blink).tolist() == list(range(58, 65))
    assert not state.closed.any()


def test_who_sleeps_all_the_time_has_closed_eyes() -> None:
    state = eye_state(np.full(100, 0.1), edges_of([33] * 100), EyeLimits())
    assert state.closed.all()


def test_no_eyes_seen() -> None:
    state = eye_state(np.full(5, np.nan), edges_of([33] * 5), EyeLimits())
    assert not state.closed.any()
    assert np.isnan(state.openness).all()
