"""Units and tolerance against a second implementation that walks unit by unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.agreement.kappa import confusion_ns
from stillface.agreement.tolerance import in_units, tolerance_curve, tolerant_confusion, tolerant_kappa
from stillface.domain.clock import NS_PER_S
from stillface.domain.states import UNCODED, StateTrack
from stillface.errors import FieldError
from stillface.testing.strategies import AFFECT, GAZE

UNIT_CODES = st.lists(st.integers(UNCODED, len(AFFECT.codes) - 1), min_size=1, max_size=40)


def on_grid(codes: list[int]) -> StateTrack:
    edges = np.arange(len(codes) + 1, dtype=np.int64) * NS_PER_S
    return StateTrack(AFFECT, "infant", "human:AB", edges, np.array(codes, np.int16))


def naive(reference: list[int], other: list[int], width: int) -> np.ndarray:
    """Count unit by unit, as the method is described."""
    table = np.zeros((len(AFFECT.codes),) * 2, dtype=np.int64)
    gaps = {UNCODED, AFFECT.index("usc")}
    for t in range(min(len(reference), len(other))):
        if reference[t] in gaps or other[t] in gaps:
            continue
        near = other[max(0, t - width) : t + width + 1]
        table[reference[t], reference[t] if reference[t] in near else other[t]] += 1
    return table


@settings(deadline=None)
@given(UNIT_CODES, UNIT_CODES, st.integers(0, 5))
def test_equals_counting_unit_by_unit(a: list[int], b: list[int], width: int) -> None:
    found = tolerant_confusion(on_grid(a), on_grid(b), width * NS_PER_S)
    assert np.array_equal(found, naive(a, b, width) * NS_PER_S)


@settings(deadline=None)
@given(UNIT_CODES, UNIT_CODES, st.integers(0, 25))
def test_a_tolerance_between_units_equals_counting_tenths(a: list[int], b: list[int], tenths: int) -> None:
    found = tolerant_confusion(on_grid(a), on_grid(b), tenths * NS_PER_S // 10)
    fine = [np.repeat(codes, 10).tolist() for codes in (a, b)]
    assert np.array_equal(found, naive(*fine, tenths) * (NS_PER_S // 10))
    assert found.dtype == np.int64


@settings(deadline=None)
@given(UNIT_CODES, UNIT_CODES, st.integers(0, 3 * NS_PER_S), st.integers(0, 3 * NS_PER_S))
def test_more_tolerance_never_agrees_less(a: list[int], b: list[int], one: int, other: int) -> None:
    low, high = sorted((one, other))
    tracks = on_grid(a), on_grid(b)
    less, more = (tolerant_confusion(*tracks, width) for width in (low, high))
    assert np.trace(less) <= np.trace(more)
    assert less.sum() == more.sum()


def test_no_tolerance_is_the_plain_table() -> None:
    a, b = on_grid([0, 0, 1, 2, 3, 1]), on_grid([0, 1, 1, 2, 2, 1])
    assert np.array_equal(tolerant_confusion(a, b, 0), confusion_ns(a, b))


def test_a_border_that_slips_is_forgiven_and_a_missed_bout_is_not() -> None:
    a = on_grid([0] * 10 + [1] * 10 + [2] * 4 + [1] * 10)
    slipped = on_grid([0] * 11 + [1] * 9 + [2] * 4 + [1] * 10)
    missed = on_grid([0] * 10 + [1] * 24)
    assert tolerant_kappa(a, slipped, NS_PER_S).mean_kappa == 1
    assert (tolerant_kappa(a, missed, NS_PER_S).first_as_reference.kappa or 0) < 0.9


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 2500), st.integers(UNCODED, 3)), min_size=1, max_size=12),
    st.sampled_from([1000, 400, 333]),
)
def test_majority_equals_counting_milliseconds(bouts: list[tuple[int, int]], unit_ms: int) -> None:
    lengths = [length for length, _ in bouts]
    edges = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    track = StateTrack(AFFECT, "infant", "human:AB", edges * 10**6, np.array([c for _, c in bouts], np.int16))
    by_ms = np.repeat([code for _, code in bouts], lengths)
    n_units = by_ms.size // unit_ms
    if not n_units:
        with pytest.raises(FieldError, match="no whole unit"):
            in_units(track, unit_ms * 10**6, (0, by_ms.size * 10**6))
        return
    expected = []
    for unit in range(n_units):
        inside = by_ms[unit * unit_ms : (unit + 1) * unit_ms].tolist()
        expected.append(max(inside, key=lambda code: (inside.count(code), -inside.index(code))))
    found = in_units(track, unit_ms * 10**6, (0, by_ms.size * 10**6))
    at = np.searchsorted(found.edges_ns, np.arange(n_units) * unit_ms * 10**6, side="right") - 1
    assert found.codes[at].tolist() == expected
    assert not (found.edges_ns % (unit_ms * 10**6)).any()


@pytest.mark.parametrize(("rule", "code"), [("majority", "pos"), ("onset", "neg"), ("centre", "pos")])
def test_rules_for_a_cut_unit(rule: str, code: str) -> None:
    edges = np.array([0, 400, 1000], np.int64) * 10**6
    track = StateTrack(AFFECT, "infant", "human:AB", edges, np.array([0, 2], np.int16))
    found = in_units(track, NS_PER_S, (0, NS_PER_S), rule)  # type: ignore[arg-type]
    assert [AFFECT.code_ids[k] for k in found.codes] == [code]


def test_two_schemes_are_refused() -> None:
    other = StateTrack(GAZE, "infant", "human:B", np.array([0, 1]), np.array([0], np.int16))
    with pytest.raises(FieldError, match="two schemes"):
        tolerant_confusion(on_grid([0]), other, 0)


def test_curve_of_an_hour_has_a_value_for_each_width() -> None:
    rng = np.random.default_rng(3)

    def track() -> StateTrack:
        edges = np.unique(np.concatenate(([0, 3_600_000], rng.integers(1, 3_600_000, 5000)))) * 10**6
        codes = np.cumsum(rng.integers(1, 3, edges.size - 1)) % 3
        return StateTrack(AFFECT, "infant", "human:A", edges, codes.astype(np.int16))

    a, b = track(), track()
    span = (0, 3600 * NS_PER_S)
    a, b = in_units(a, 10**6, span), in_units(b, 10**6, span)
    curve = tolerance_curve(a, b, [k * 100 * 10**6 for k in range(20)])
    assert len(curve) == 20
