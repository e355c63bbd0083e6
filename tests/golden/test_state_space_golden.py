"""W5c of the specification and the two references of StateSpaceGridLib, to the printed digits."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.scheme import Code, CodingScheme
from stillface.measures.slices import PairSlice, pair_slices
from stillface.measures.state_space import StateSpace, dispersion, grid_of

FOUR = tuple(Code(c) for c in "NSPO")


def w5c() -> tuple[we.Session, tuple[we.StateTrack, ...]]:
    scheme = CodingScheme("four", (*FOUR, Code("U", gap=True)))
    session, _ = we.w2()
    tracks = (
        we.seconds_track(scheme, "infant", we.W2_INFANT),
        we.seconds_track(scheme, "caregiver", we.W2_CAREGIVER),
    )
    return session, tracks


def reunion(session: we.Session, tracks: tuple[we.StateTrack, ...]) -> PairSlice:
    return next(pair for pair in pair_slices(session, tracks) if pair.first.spec.id == "RE")


def test_w5c_rows() -> None:
    session, tracks = w5c()
    rows = {(row.measure, row.code): row for row in StateSpace()(session, tracks) if row.episode_id == "RE"}
    expected = {
        "grid_cells": 9,
        "grid_dispersion": 0.8889,
        "grid_visits": 14,
        "grid_mean_visit_s": 1.286,
        "grid_transitions_per_min": 40,
        "duration_entropy_nat": 1.9812,
        "visit_entropy_nat": 2.0692,
    }
    for name, value in expected.items():
        digits = len(str(value).partition(".")[2])
        assert round(rows[name, ""].value, digits) == value, name
    back = rows["grid_return_s", "P+P"]
    assert (back.value, back.n, back.flags) == (6.0, 1, ("n_gap=1",))


def test_w5c_the_gap_is_no_transition_and_no_return() -> None:
    grid = grid_of(reunion(*w5c()))
    assert grid.shape == (4, 4)
    assert grid.n_transitions == 12
    assert float(((grid.durations_s / 18) ** 2).sum()) == pytest.approx(0.16667, abs=1e-5)
    region = np.zeros((4, 4), dtype=bool)
    region[2, 2] = True
    assert grid.return_times_s(region) == (6.0, None)


def test_two_references_of_state_space_grid_lib() -> None:
    assert dispersion([[0.1, 0, 0], [0, 0.4, 0], [0, 0, 0.5]]) == pytest.approx(0.6525, abs=1e-12)
    # bad-good .9 and .3, ok-ok .1 and .5, good-bad .2, of 2.0 in all: four visits once equal cells touch.
    seconds = {"bad": 0, "ok": 1, "good": 2}
    cells = np.zeros((3, 3))
    for a, b, d in (
        ("bad", "good", 0.9),
        ("bad", "good", 0.3),
        ("ok", "ok", 0.1),
        ("ok", "ok", 0.5),
        ("good", "bad", 0.2),
    ):
        cells[seconds[a], seconds[b]] += d
    assert round(dispersion(cells), 4) == 0.6075


def test_the_second_reference_as_tracks() -> None:
    scheme = CodingScheme("three", (Code("bad"), Code("ok"), Code("good")))
    infant = [("bad", 0, 0.9), ("ok", 0.9, 1.0), ("ok", 1.0, 1.5), ("bad", 1.5, 1.8), ("good", 1.8, 2.0)]
    caregiver = [("good", 0, 0.9), ("ok", 0.9, 1.5), ("good", 1.5, 1.8), ("bad", 1.8, 2.0)]
    tracks = (we.track(scheme, "infant", infant), we.track(scheme, "caregiver", caregiver))
    grid = grid_of(reunion(we.session(we.Episode("RE", 0, 2 * we.S)), tracks))
    assert round(dispersion(grid.durations_s), 4) == 0.6075
    assert int(grid.visits.sum()) == 4
