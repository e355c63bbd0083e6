"""W1, W2, W2c, W3a and W3b of the specification, to the printed digits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.measures.contrasts import paired_contrast
from stillface.measures.latency import Latency
from stillface.measures.matching import Matching
from stillface.measures.occupancy import Occupancy
from stillface.measures.recovery import RecoveryLatency
from stillface.measures.repairs import mismatch_bouts, state_changes
from stillface.measures.slices import dyad_slices
from stillface.measures.survival import kaplan_meier
from stillface.measures.transitions import transition_counts, weighted_row_entropy_bit


def by_name(rows: Iterable[Measurement], episode: str) -> dict[tuple[str, str], Measurement]:
    return {(row.measure, row.code): row for row in rows if row.episode_id == episode}


@pytest.fixture
def w1_rows() -> dict[tuple[str, str], Measurement]:
    session, track = we.w1()
    rows = [*Occupancy()(session, (track,)), *Latency()(session, (track,))]
    return by_name(rows, "SF")


def test_w1_shares_of_time(w1_rows: dict[tuple[str, str], Measurement]) -> None:
    pct = {code: w1_rows["pct_time", code] for code in ("SOC", "POS", "OBJ", "PRO")}
    assert {code: round(row.value, 2) for code, row in pct.items()} == {
        "SOC": 21.43,
        "POS": 10.71,
        "OBJ": 42.86,
        "PRO": 25.00,
    }
    raw = {code: round(w1_rows["raw_pct", code].value, 2) for code in pct}
    assert raw == {"SOC": 20.0, "POS": 10.0, "OBJ": 40.0, "PRO": 23.33}
    row = pct["SOC"]
    assert (row.scorable_s, round(row.coverage, 4)) == (56.0, 0.9333)
    assert sum(r.value for (name, _), r in w1_rows.items() if name == "pct_time") == pytest.approx(
        100, abs=1e-9
    )


def test_w1_latency(w1_rows: dict[tuple[str, str], Measurement]) -> None:
    pro, wit = w1_rows["latency_s", "PRO"], w1_rows["latency_s", "WIT"]
    assert (pro.value, pro.status, pro.flags) == (42.0, Status.OK, ("gap_before_s=4.0",))
    assert (wit.value, wit.status, wit.censored) == (60.0, Status.CENS_EP_END, 1)
    soc = w1_rows["latency_s", "SOC"]
    assert (soc.value, soc.status, soc.flags) == (0.0, Status.OK, ("at_onset",))


def test_w1_bouts(w1_rows: dict[tuple[str, str], Measurement]) -> None:
    assert w1_rows["frequency", "PRO"].value == 2
    assert round(w1_rows["rate_per_min", "PRO"].value, 3) == 2.143
    assert (w1_rows["bout_mean_s", "OBJ"].value, w1_rows["bout_mean_s", "OBJ"].n) == (12.0, 2)
    assert w1_rows["bout_mean_s", "OBJ"].flags == ("n_censored=2",)
    assert w1_rows["bout_complete_mean_s", "OBJ"].status is Status.NA_NOBOUT
    assert w1_rows["bout_mean_s", "PRO"].value == 7.0
    assert w1_rows["bout_complete_mean_s", "PRO"].value == 8.0
    assert w1_rows["bout_mean_s", "SOC"].value == 6.0
    assert w1_rows["bout_complete_mean_s", "SOC"].value == 4.0
    never = w1_rows["frequency", "WIT"]
    assert (never.value, never.status) == (0.0, Status.OK)
    assert w1_rows["bout_mean_s", "WIT"].status is Status.NA_NOBOUT


def test_w1_bridged_gap_joins_bouts_but_not_shares() -> None:
    session, track = we.w1()
    rows = by_name(Occupancy(bridge_gap_ms=5000)(session, (track,)), "SF")
    assert (rows["bout_mean_s", "OBJ"].value, rows["bout_mean_s", "OBJ"].n) == (28.0, 1)
    assert round(rows["pct_time", "OBJ"].value, 2) == 42.86


def test_w1_transitions_never_cross_the_gap() -> None:
    _, track = we.w1()
    counts = transition_counts(track)
    index = track.scheme.index
    assert counts.sum() == 5
    pairs = ("SOC", "POS"), ("POS", "OBJ"), ("OBJ", "PRO"), ("PRO", "SOC"), ("SOC", "PRO")
    assert all(counts[index(a), index(b)] == 1 for a, b in pairs)


def w2_rows(rule: str) -> dict[tuple[str, str], Measurement]:
    session, tracks = we.w2()
    rules = {"identity": we.IDENTITY, "valence3": we.VALENCE3, "positive_only": we.POSITIVE_ONLY}
    return by_name(Matching()(session, tracks, (_any_scheme(rules[rule]),)), "RE")


def _any_scheme(rule: we.MatchRule) -> we.MatchRule:
    from dataclasses import replace

    return replace(rule, schemes=((we.INFANT.id, we.CAREGIVER.id),))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "identity",
            {
                "pct_match": 55.56,
                "match_bout_mean_s": 1.667,
                "match_bout_complete_mean_s": 2.0,
                "mismatch_bout_mean_s": 1.60,
                "n_repair": 5,
                "repair_rate_per_min": 16.67,
                "n_mismatch_onset": 4,
                "repair_latency_anchored_s": 1.25,
                "prop_repaired": 1.0,
                "n_repair_by_infant": 1,
                "n_repair_by_caregiver": 4,
                "n_repair_joint": 0,
                "n_mismatch_onset_by_caregiver": 1,
                "n_mismatch_onset_by_infant": 3,
                "pct_match_expected": 33.33,
            },
        ),
        (
            "valence3",
            {"pct_match": 66.67, "n_repair": 4, "repair_rate_per_min": 13.33, "mismatch_bout_mean_s": 1.5},
        ),
        (
            "positive_only",
            {
                "pct_match": 27.78,
                "n_repair": 2,
                "n_repair_joint": 1,
                "repair_rate_per_min": 6.67,
                "mismatch_bout_mean_s": 4.33,
                "repair_latency_anchored_s": 6.0,
                "prop_repaired": 0.5,
            },
        ),
    ],
)
def test_w2_under_three_rules(rule: str, expected: dict[str, float]) -> None:
    rows = w2_rows(rule)
    assert rows["pct_match", ""].scorable_s == 18.0
    for name, value in expected.items():
        digits = len(str(value).partition(".")[2])
        assert round(rows[name, ""].value, digits) == value, name
    total = sum(rows[f"pct_{state}", ""].value for state in ("match", "mismatch", "shared_negative"))
    assert total == pytest.approx(100, abs=1e-9)


def test_w2_repairs_and_onsets_stand_where_the_example_has_them() -> None:
    session, tracks = we.w2()
    (dyad,) = (
        d for d in dyad_slices(session, tracks, (_any_scheme(we.IDENTITY),)) if d.first.spec.id == "RE"
    )
    changes = state_changes(dyad)
    assert (changes.times_ns[changes.repairs] // we.S).tolist() == [3, 9, 11, 13, 19]
    assert (changes.times_ns[changes.mismatch_onsets] // we.S).tolist() == [7, 10, 12, 18]
    bouts = mismatch_bouts(changes)
    assert [bout.left_truncated for bout in bouts] == [True, False, False, False, False]
    assert [bout.ended_by for bout in bouts] == ["repair"] * 5


def test_w2_valence_repair_at_8_is_downward_by_the_infant() -> None:
    session, tracks = we.w2()
    (dyad,) = (
        d for d in dyad_slices(session, tracks, (_any_scheme(we.VALENCE3),)) if d.first.spec.id == "RE"
    )
    changes = state_changes(dyad)
    (index,) = (changes.times_ns == 8 * we.S).nonzero()[0].tolist()
    assert changes.repairs[index]
    assert (changes.direction(index), changes.role(index)) == ("down", "infant")


def test_w2_positive_only_last_bout_is_cut_by_the_episode_end() -> None:
    session, tracks = we.w2()
    (dyad,) = (
        d for d in dyad_slices(session, tracks, (_any_scheme(we.POSITIVE_ONLY),)) if d.first.spec.id == "RE"
    )
    bouts = mismatch_bouts(state_changes(dyad))
    assert [round(b.duration_s) for b in bouts] == [5, 6, 2]
    assert [b.ended_by for b in bouts] == ["repair", "repair", "episode_end"]


def test_w2c_event_time() -> None:
    session, tracks = we.w2c()
    rows = by_name(Matching()(session, tracks, (_any_scheme(we.IDENTITY),)), "RE")
    assert round(rows["pct_match", ""].value, 2) == 66.67
    assert (rows["n_repair", ""].value, rows["n_mismatch_onset", ""].value) == (3, 2)
    assert rows["repair_latency_anchored_s", ""].value == pytest.approx(0.8, abs=1e-12)


def test_match_is_structurally_undefined_in_the_still_face() -> None:
    _, tracks = we.w2()
    session = we.session(we.Episode("SF", 0, 20 * we.S))
    rows = by_name(Matching()(session, tracks, (_any_scheme(we.IDENTITY),)), "SF")
    assert {row.status for row in rows.values()} == {Status.NA_STRUCT}
    assert all(row.value is None for row in rows.values())


def test_w3a_contrasts() -> None:
    play, still, reunion = [10, 5, 0, 5], [30, 25, 40, 25], [20, 15, 25, 10]
    effect = paired_contrast(still, play)
    assert (effect.mean, effect.sd, effect.df) == (25.0, 10.0, 3)
    assert (round(effect.t, 2), round(effect.d_z, 2), round(effect.d_av, 3)) == (5.00, 2.50, 4.483)
    back = paired_contrast(reunion, still)
    assert (back.mean, round(back.sd, 3), round(back.t, 3)) == (-12.5, 2.887, -8.660)
    carry = paired_contrast(reunion, play)
    assert (carry.mean, round(carry.sd, 3), round(carry.t, 3), round(carry.d_z, 3)) == (
        12.5,
        8.660,
        2.887,
        1.443,
    )


@pytest.mark.parametrize(
    ("target", "sustain_s", "policy", "value", "status", "flags"),
    [
        ("nonneg", 3, "interrupt", 3.0, Status.OK, ("sustain_s=3", "confirmed_s=6.0")),
        ("pos", 3, "interrupt", 5.0, Status.OK, ("sustain_s=3", "confirmed_s=8.0")),
        ("pos", 5, "interrupt", 20.0, Status.CENS_EP_END, ("sustain_s=5",)),
        ("pos", 5, "censor", 15.0, Status.CENS_GAP, ("sustain_s=5",)),
    ],
)
def test_w3b_recovery(
    target: str, sustain_s: float, policy: str, value: float, status: Status, flags: tuple[str, ...]
) -> None:
    session, tracks = we.w2()
    rows = by_name(RecoveryLatency(sustain_s, policy)(session, tracks, ()), "RE")  # type: ignore[arg-type]
    row = rows["recovery_latency_s", target]
    assert (row.value, row.status, row.flags) == (value, status, flags)


def test_w3b_survival() -> None:
    curve = kaplan_meier([5, 8, 12, 12, 20, 120], [True, False, True, True, True, False])
    assert curve.times_s.tolist() == [5, 12, 20]
    assert curve.survival.round(4).tolist() == [0.8333, 0.4167, 0.2083]
    assert curve.se.round(4).tolist() == [0.1521, 0.2218, 0.1844]
    low, high = curve.confidence_interval()
    assert (round(low[1], 3), round(high[1], 3)) == (0.056, 0.767)
    assert curve.median_s == 12
    assert round(curve.restricted_mean_s(120), 1) == 35.0


def test_w4b_weighted_transition_entropy() -> None:
    counts = np.array([[0, 8, 2], [3, 0, 7], [6, 4, 0]])
    assert round(weighted_row_entropy_bit(counts), 4) == 0.8581
