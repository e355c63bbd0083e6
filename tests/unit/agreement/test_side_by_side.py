"""Figures of other programs, by hand on small streams; BORIS itself runs in tests/peers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from stillface.agreement.kappa import time_kappa
from stillface.agreement.side_by_side import side_by_side
from stillface.domain.clock import NS_PER_S
from stillface.domain.states import StateTrack
from stillface.testing.strategies import AFFECT, track_pairs


def coded(*bouts: tuple[float, float, str], coder: str = "A") -> StateTrack:
    onsets, offsets, codes = zip(*bouts, strict=True)
    times = [np.rint(np.array(values) * NS_PER_S).astype(np.int64) for values in (onsets, offsets)]
    return StateTrack.from_bouts(AFFECT, "infant", f"human:{coder}", *times, codes)


def figures(first: StateTrack, second: StateTrack) -> dict[tuple[str, str], float | None]:
    return {(row.program, row.method.split(",")[0]): row.kappa for row in side_by_side(first, second)}


def test_a_border_that_slips_hurts_only_those_who_count_intervals() -> None:
    """The trap of the unweighted plugin: small slips, long bouts."""
    a = coded((0, 60, "neu"), (60, 120, "pos"), (120, 180, "neu"))
    b = coded((0, 60.2, "neu"), (60.2, 119.8, "pos"), (119.8, 180, "neu"), coder="B")
    found = figures(a, b)
    exact = found["stillface", "time-weighted"]
    assert exact is not None
    assert exact > 0.99
    # Stretches: neu/neu, pos/neu, pos/pos, pos/neu, neu/neu.
    assert found["BORIS", "unweighted kappa (plugin)"] == pytest.approx((3 / 5 - 11 / 25) / (1 - 11 / 25))
    assert found["GSEQ", "event-alignment kappa"] == 1
    assert found["ELAN", "modified Cohen's kappa (Holle and Rein)"] == 1


def test_the_weighted_plugin_counts_time_without_a_code() -> None:
    a = coded((0, 4, "neu"), (6, 10, "pos"))
    b = coded((0, 5, "neu"), (6, 10, "pos"), coder="B")
    found = figures(a, b)
    assert found["stillface", "time-weighted"] == 1  # what only one of them scored is left out
    # Of 10 s: neu/neu 4, nothing/neu 1, nothing/nothing 1, pos/pos 4; A 4 2 4, B 5 1 4.
    expected = (4 * 5 + 2 * 1 + 4 * 4) / 100
    assert found["BORIS", "weighted kappa (plugin)"] == pytest.approx((0.9 - expected) / (1 - expected))


def test_boris_counts_both_codes_at_a_border_on_its_grid() -> None:
    a = coded((0, 2, "neu"), (2, 4, "pos"))
    b = coded((0, 3, "neu"), (3, 4, "pos"), coder="B")
    # Moments 0..4: A neu neu both pos pos, B neu neu neu both pos; agreed 3 of 5, expected 8 of 25.
    assert figures(a, b)["BORIS", "Cohen's kappa"] == pytest.approx((3 / 5 - 9 / 25) / (1 - 9 / 25))


def test_elan_needs_sixty_per_cent_of_the_longer_one() -> None:
    a = coded((0, 10, "neu"), (10, 20, "pos"))
    linked = side_by_side(a, coded((0, 6, "neu"), (10, 20, "pos"), coder="B"))
    alone = side_by_side(a, coded((0, 5.9, "neu"), (10, 20, "pos"), coder="B"))
    with_unlinked = [row.kappa for row in (linked[7], alone[7])]
    assert with_unlinked[0] == 1
    assert with_unlinked[1] is not None
    assert with_unlinked[1] < 1
    assert alone[8].kappa is None  # one linked pair of one code is left
    assert alone[8].reason


def test_every_program_says_why_it_differs() -> None:
    rows = side_by_side(coded((0, 5, "neu"), (5, 9, "pos")), coded((0, 4, "neu"), (4, 9, "pos"), coder="B"))
    assert [row.program for row in rows] == [
        "stillface",
        "BORIS",
        "BORIS",
        "BORIS",
        "GSEQ",
        "GSEQ",
        "GSEQ",
        "ELAN",
        "ELAN",
    ]
    assert all(row.why.endswith(".") and row.why.count(". ") == 0 for row in rows)
    assert len({row.why for row in rows}) == len(rows)


def test_nothing_coded_gives_our_own_line_with_a_reason() -> None:
    empty = StateTrack.from_bouts(AFFECT, "infant", "human:B", [], [], (), (0, NS_PER_S))
    (row,) = side_by_side(coded((0, 5, "neu")), empty)
    assert (row.kappa, row.reason) == (None, "no time that both coded")


@settings(deadline=None, max_examples=60)
@given(track_pairs())
def test_any_pair_gives_kappas_or_reasons(pair: tuple[StateTrack, StateTrack]) -> None:
    step = max(track.offset_ns - track.onset_ns for track in pair) // 500 + 1
    rows = side_by_side(*pair, unit_ns=step, tolerance_ns=2 * step)
    assert rows[0].kappa == time_kappa(*pair).kappa
    for row in rows:
        assert (row.kappa is None) == (row.reason is not None)
        assert row.kappa is None or -1 <= row.kappa <= 1 + 1e-12
