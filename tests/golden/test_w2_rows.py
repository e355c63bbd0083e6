"""Every row of W2 with its unit, its n and its flags, counted by hand from the letters.

Seconds 0 to 20, valence3: mismatch 0-3, match 3-7, mismatch 7-8, match 8-12, mismatch 12-13, match 13-15,
unscorable 15-17, match 17-18, mismatch 18-19, match 19-20.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures import worked_examples as we
from stillface.domain.protocol import Recovery
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.measures.latency import Latency
from stillface.measures.matching import Matching
from stillface.measures.occupancy import Occupancy
from stillface.measures.recovery import RecoveryLatency
from stillface.measures.state_space import StateSpace
from stillface.measures.transitions import Transitions

Told = tuple[float | None, str, int | None, tuple[str, ...], Status]
OK, NONE, FEW = Status.OK, Status.NA_NOBOUT, Status.MISS_LOWN


def told(rows: list[Measurement]) -> dict[tuple[str, str], Told]:
    """Give value, unit, n, flags and status of the reunion's rows."""
    return {
        (row.measure, row.code): (
            None if row.value is None else round(row.value, 4), row.unit, row.n, row.flags, row.status,
        )
        for row in rows
        if row.episode_id == "RE"
    }  # fmt: skip


def test_match_and_repair() -> None:
    session, tracks = we.w2()
    rows = [row for row in Matching()(session, tracks, (we.VALENCE3,)) if row.episode_id == "RE"]
    assert {row.match_rule for row in rows} == {"valence3"}
    assert {(row.role, row.scheme_id) for row in rows} == {("dyad", "worked_infant+worked_caregiver")}
    assert {(row.scorable_s, row.coverage) for row in rows} == {(18.0, 0.9)}
    found = told([row for row in rows if row.code == ""])
    assert {measure: row for (measure, _), row in found.items()} == {
        "pct_match": (66.6667, "%", 5, (), OK),
        "pct_mismatch": (33.3333, "%", 4, (), OK),
        "pct_shared_negative": (0.0, "%", 0, (), OK),
        # Cut at 15 and at 20, and begun at 17 out of sight; 3-7 and 8-12 are whole.
        "match_bout_mean_s": (2.4, "s", 5, ("n_censored=3",), OK),
        "match_bout_median_s": (2.0, "s", 5, ("n_censored=3",), OK),
        "match_bout_complete_mean_s": (4.0, "s", 2, (), OK),
        "match_bout_complete_median_s": (4.0, "s", 2, (), OK),
        "mismatch_bout_mean_s": (1.5, "s", 4, ("n_censored=1",), OK),
        "mismatch_bout_median_s": (1.0, "s", 4, ("n_censored=1",), OK),
        # Without that of 0-3, which was on at the onset.
        "mismatch_bout_complete_mean_s": (1.0, "s", 3, (), OK),
        "mismatch_bout_complete_median_s": (1.0, "s", 3, (), OK),
        "n_repair": (4.0, "count", 4, (), OK),
        "repair_rate_per_min": (13.3333, "1/min", 4, (), OK),
        # At 3 and 8 the infant moved, at 13 and 19 the caregiver.
        "n_repair_by_infant": (2.0, "count", 2, (), OK),
        "n_repair_by_caregiver": (2.0, "count", 2, (), OK),
        "n_repair_joint": (0.0, "count", 0, (), OK),
        "n_mismatch_onset": (3.0, "count", 3, (), OK),
        "mismatch_onset_rate_per_min": (10.0, "1/min", 3, (), OK),
        # At 12 and 18 the infant left the match, at 7 the caregiver.
        "n_mismatch_onset_by_infant": (2.0, "count", 2, (), OK),
        "n_mismatch_onset_by_caregiver": (1.0, "count", 1, (), OK),
        "n_mismatch_onset_joint": (0.0, "count", 0, (), OK),
        "n_shared_negative_to_match": (0.0, "count", 0, (), OK),
        # Over the 14 stretches in which nobody changes (W5c) the infant has 3 s N, 8 neutral, 7 P;
        # the caregiver 10 neutral, 8 P: (8 * 10 + 7 * 8) / 18 ** 2.
        "pct_match_expected": (41.9753, "%", 14, (), OK),
        "repair_rate_expected_per_min": (12.037, "1/min", 14, (), OK),
        # Of the three seen to begin the infant ended that of 7-8, the caregiver those of 12-13 and 18-19.
        "n_first_mover_by_infant": (1.0, "count", 3, (), OK),
        "n_first_mover_by_caregiver": (2.0, "count", 3, (), OK),
        "n_first_mover_joint": (0.0, "count", 3, (), OK),
        # N to neutral at 3, neutral to P at 13; P to neutral at 8 and 19.
        "n_repair_up": (2.0, "count", 4, (), OK),
        "n_repair_flat": (0.0, "count", 4, (), OK),
        "n_repair_down": (2.0, "count", 4, (), OK),
        "repair_latency_anchored_s": (1.0, "s", 3, (), OK),
        "repair_latency_km_median_s": (1.0, "s", 3, (), OK),
        "prop_repaired": (1.0, "share", 3, (), OK),
    }


def test_shares_of_the_matching_pairs_add_up() -> None:
    session, tracks = we.w2()
    rows = told([row for row in Matching()(session, tracks, (we.VALENCE3,)) if row.code])
    met = {key: row for key, row in rows.items() if row[0]}
    assert met == {
        ("pct_match", "S+S"): (22.2222, "%", 3, (), OK),
        ("pct_match", "S+O"): (5.5556, "%", 1, (), OK),
        ("pct_match", "O+S"): (5.5556, "%", 1, (), OK),
        ("pct_match", "O+O"): (5.5556, "%", 1, (), OK),
        ("pct_match", "P+P"): (27.7778, "%", 3, (), OK),
    }


@pytest.mark.parametrize(
    ("code", "pct", "raw", "n", "mean", "median", "sd", "cut", "whole"),
    [
        # N 0-3, cut by the onset; S 3-5, 10-12, 18-20; O 8-10; P 5-8, 12-15 and 17-18, both cut by the gap.
        ("N", 16.6667, 15.0, 1, 3.0, 3.0, None, 1, (None, 0)),
        ("S", 33.3333, 30.0, 3, 2.0, 2.0, 0.0, 1, (2.0, 2)),
        ("O", 11.1111, 10.0, 1, 2.0, 2.0, None, 0, (2.0, 1)),
        ("P", 38.8889, 35.0, 3, 2.3333, 3.0, 1.1547, 2, (3.0, 1)),
    ],
)
def test_the_infants_codes(
    code: str, pct: float, raw: float, n: int, mean: float, median: float, sd: float | None, cut: int,
    whole: tuple[float | None, int],
) -> None:  # fmt: skip
    session, tracks = we.w2()
    rows = told([row for row in Occupancy()(session, tracks) if (row.role, row.code) == ("infant", code)])
    flags = (f"n_censored={cut}",) if cut else ()
    assert {measure: row for (measure, _), row in rows.items()} == {
        "pct_time": (pct, "%", n, (), OK),
        "raw_pct": (raw, "%", n, (), OK),
        "frequency": (float(n), "bouts", n, (), OK),
        "rate_per_min": (round(n / 18 * 60, 4), "1/min", n, (), OK),
        "bout_mean_s": (mean, "s", n, flags, OK),
        "bout_median_s": (median, "s", n, flags, OK),
        "bout_sd_s": (sd, "s", n, () if sd is None else flags, FEW if sd is None else OK),
        # No code has complete bouts of different lengths here.
        "bout_complete_mean_s": (whole[0], "s", whole[1], (), OK if whole[1] else NONE),
        "bout_complete_median_s": (whole[0], "s", whole[1], (), OK if whole[1] else NONE),
        "bout_complete_sd_s": {
            0: (None, "s", 0, (), NONE), 1: (None, "s", 1, (), FEW), 2: (0.0, "s", 2, (), OK),
        }[whole[1]],
    }  # fmt: skip


def test_a_code_that_was_never_seen_has_noughts_and_no_mean() -> None:
    session, tracks = we.w2()
    rows = told([row for row in Occupancy()(session, tracks) if row.code == "WIT"])
    assert {measure: row for (measure, _), row in rows.items()} == {
        "pct_time": (0.0, "%", 0, (), OK),
        "raw_pct": (0.0, "%", 0, (), OK),
        "frequency": (0.0, "bouts", 0, (), OK),
        "rate_per_min": (0.0, "1/min", 0, (), OK),
        "bout_mean_s": (None, "s", 0, (), NONE),
        "bout_median_s": (None, "s", 0, (), NONE),
        "bout_sd_s": (None, "s", 0, (), NONE),
        "bout_complete_mean_s": (None, "s", 0, (), NONE),
        "bout_complete_median_s": (None, "s", 0, (), NONE),
        "bout_complete_sd_s": (None, "s", 0, (), NONE),
    }


def test_valence_of_each_partner() -> None:
    session, tracks = we.w2()
    told_of = {
        "infant": ((16.6667, 1), (44.4444, 4), (38.8889, 3)),
        # S four times and O once; P three times.
        "caregiver": ((0.0, 0), (50.0, 5), (50.0, 3)),
    }
    for role, shares in told_of.items():
        rows = told([row for row in Occupancy()(session, tracks) if row.role == role and not row.code])
        assert {measure: row for (measure, _), row in rows.items()} == {
            f"pct_{name}": (share, "%", n, (), OK)
            for name, (share, n) in zip(("negative", "neutral", "positive"), shares, strict=True)
        }


def test_latencies_of_the_infant() -> None:
    session, tracks = we.w2()
    rows = told([row for row in Latency()(session, tracks) if row.role == "infant"])
    gap = ("gap_before_s=2.0",)
    assert rows["latency_s", "N"] == (0.0, "s", 1, ("at_onset",), OK)
    assert rows["latency_s", "S"] == (3.0, "s", 1, (), OK)
    assert rows["latency_s", "P"] == (5.0, "s", 1, (), OK)
    assert rows["latency_s", "O"] == (8.0, "s", 1, (), OK)
    assert rows["latency_s", "WIT"] == (20.0, "s", 0, gap, Status.CENS_EP_END)


def test_recovery_of_the_infant_and_of_the_dyad() -> None:
    session, tracks = we.w2()
    measured = list(RecoveryLatency()(session, tracks, (we.VALENCE3,)))
    assert {row.episode_id for row in measured} == {"RE"}
    rows = told(measured)
    assert {code: row for (_, code), row in rows.items()} == {
        "nonneg": (3.0, "s", 1, ("sustain_s=3.0", "confirmed_s=6.0"), OK),
        "pos": (5.0, "s", 1, ("sustain_s=3.0", "confirmed_s=8.0"), OK),
        "match": (3.0, "s", 1, ("sustain_s=3.0", "confirmed_s=6.0"), OK),
    }


def test_only_the_targets_of_the_protocol_are_measured() -> None:
    session, tracks = we.w2()
    positive = replace(we.PROTOCOL, recovery=(Recovery("RE", "PL", targets=("pos",)),))
    found = RecoveryLatency()(replace(session, protocol=positive), tracks, (we.VALENCE3,))
    assert [(row.episode_id, row.role, row.code) for row in found] == [("RE", "infant", "pos")]


def test_transitions_of_each_partner() -> None:
    """Infant: N>S, S>P twice, P>O, O>S, P>S: only P has two ways on; caregiver: S has two."""
    session, tracks = we.w2()
    rows = {row.role: row for row in Transitions()(session, tracks) if row.episode_id == "RE"}
    # Two of the infant's six transitions leave P, one each way: 2 / 6 of 1 bit.
    assert (rows["infant"].value, rows["infant"].unit, rows["infant"].n) == (pytest.approx(1 / 3), "bit", 6)
    # Three of the caregiver's seven leave S, two to P and one to O: 3 / 7 of 0.9183 bit.
    assert rows["caregiver"].value == pytest.approx(3 / 7 * 0.918296, abs=1e-6)
    assert rows["caregiver"].n == 7
    alone = we.seconds_track(we.INFANT, "infant", "S" * 20)
    (row,) = (row for row in Transitions()(session, (alone,)) if row.episode_id == "RE")
    assert told([row]) == {("transition_entropy_bit", ""): (None, "bit", 0, (), NONE)}


def test_the_grid_of_the_dyad() -> None:
    """Fourteen stays in nine cells; two stretches, so twelve moves."""
    session, tracks = we.w2()
    rows = told(list(StateSpace()(session, tracks)))
    plain = {measure: row for (measure, code), row in rows.items() if not code}
    assert {measure: row[0] for measure, row in plain.items()} == {
        # 36 cells of the two schemes: (36 * sum of squared shares - 1) / 35 below 1.
        "grid_dispersion": 0.8571,
        "grid_cells": 9.0,
        "grid_visits": 14.0,
        "grid_mean_visit_s": 1.2857,
        "grid_transitions_per_min": 40.0,
        "duration_entropy_nat": 1.9812,
        "visit_entropy_nat": 2.0692,
    }
    assert {measure: row[1] for measure, row in plain.items()} == {
        "grid_dispersion": "index",
        "grid_cells": "count",
        "grid_visits": "count",
        "grid_mean_visit_s": "s",
        "grid_transitions_per_min": "1/min",
        "duration_entropy_nat": "nat",
        "visit_entropy_nat": "nat",
    }
    assert {row[2:] for row in plain.values()} == {(14, (), OK)}
    back = {code: row for (measure, code), row in rows.items() if measure == "grid_return_s"}
    # S+S is left at 5 and met at 11, P+P at 7 and 13; the next way back of both runs into the gap.
    assert back["S+S"] == (6.0, "s", 1, ("n_gap=1",), OK)
    assert back["P+P"] == (6.0, "s", 1, ("n_gap=1",), OK)
    assert back["P+S"] == (4.0, "s", 1, (), OK)
    assert back["O+O"] == (None, "s", 0, (), NONE)


def test_rows_of_one_call_carry_the_hash_of_its_parameters() -> None:
    session, tracks = we.w2()
    nothing = params_hash({})
    for family in (Latency(), Transitions()):
        assert {row.params_hash for row in family(session, tracks)} == {nothing}
    hashes = [
        {row.params_hash for row in family(session, tracks)} for family in (Occupancy(), Occupancy(5000))
    ]
    assert all(len(found) == 1 and "" not in found for found in hashes)
    assert hashes[0] != hashes[1]
