"""What chance gives: against every shift, against strangers, and no effect where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import worked_examples as we
from stillface.domain.results import Status
from stillface.domain.scheme import Code, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.errors import FieldError
from stillface.measures.chance import expected_pct_match, expected_repairs
from stillface.measures.matching import Matching
from stillface.measures.pseudo_dyads import (
    pseudo_partners,
    pseudo_test,
    pseudo_values,
    rejoined,
    shuffled_segments,
)
from stillface.measures.repairs import state_changes
from stillface.measures.slices import DyadSlice, dyad_slices, stream_slices
from stillface.testing.dyads import random_track

S = we.S
SCHEME = CodingScheme(
    "three", (Code("neg", valence=-1), Code("neu", valence=0), Code("pos", valence=1), Code("usc", gap=True))
)
RULE = MatchRule("equal", "valence", valences=(-1, 0, 1))


def dyad(infant: StateTrack, caregiver: StateTrack, rule: MatchRule = RULE, name: str = "s1") -> DyadSlice:
    session = Session(name, f"d{name}", we.PROTOCOL, (Episode("RE", infant.onset_ns, infant.offset_ns),))
    return next(d for d in dyad_slices(session, (infant, caregiver), (rule,)) if d.first.spec.id == "RE")


def seconds(role: str, codes: list[int]) -> StateTrack:
    edges = np.arange(len(codes) + 1, dtype=np.int64) * S
    return StateTrack(SCHEME, role, "human:AB", edges, np.array(codes, np.int16))


def repair_rate(pair: DyadSlice) -> float:
    return 60 * float(state_changes(pair).repairs.sum()) / (pair.scorable_ns / S)


def stranger(seed: int, role: str, mean_bout_s: float = 3.0, *, step_ns: int = S // 100) -> StateTrack:
    rng = np.random.default_rng(seed)
    return random_track(SCHEME, role, rng, mean_bout_s=mean_bout_s, gap_share=0.05, step_ns=step_ns).track


ring = st.lists(st.integers(0, 2), min_size=3, max_size=24).map(lambda codes: [*codes, codes[0]])


@settings(max_examples=200, deadline=None)
@given(infant=ring, caregiver=ring)
def test_expected_repairs_are_the_mean_over_all_shifts(infant: list[int], caregiver: list[int]) -> None:
    size = min(len(infant), len(caregiver))
    # Both rings close without a change at the seam, so that sliding round adds none.
    infant, caregiver = ([*codes[: size - 1], codes[0]] for codes in (infant, caregiver))
    found = expected_repairs(dyad(seconds("infant", infant), seconds("caregiver", caregiver)))
    total = 0
    for shift in range(size):
        other = caregiver[shift:] + caregiver[:shift]
        match = [a == b for a, b in zip(infant, other, strict=True)]
        # The border between the last and the first second belongs to the ring too.
        total += sum(match[k] and not match[k - 1] for k in range(size))
    if np.gcd.reduce(np.diff(dyad(seconds("infant", infant), seconds("caregiver", caregiver)).edges_ns)) == S:
        assert found == pytest.approx(total / size)


def test_expected_match_is_the_product_of_the_marginals() -> None:
    assert expected_pct_match(dyad(seconds("infant", [0, 0, 1, 2]), seconds("caregiver", [0, 1, 1, 1]))) == (
        pytest.approx(100 * (0.5 * 0.25 + 0.25 * 0.75))
    )


@pytest.mark.parametrize("step_ns", [S // 100, S])
def test_independent_partners_show_no_repair_effect(step_ns: int) -> None:
    """In finely timed codes and in codes by the second, where joint changes are frequent."""
    pairs = [
        dyad(
            stranger(k, "infant", 2.5, step_ns=step_ns),
            stranger(10_000 + k, "caregiver", 4.0, step_ns=step_ns),
        )
        for k in range(300)
    ]
    observed = np.mean([repair_rate(p) for p in pairs])
    expected = np.mean([60 * expected_repairs(p) / (p.scorable_ns / S) for p in pairs])
    assert abs(observed / expected - 1) < 0.05


@pytest.mark.real
def test_real_streams_of_strangers_show_no_repair_effect(shared_data: Path) -> None:
    """Gaze of real infants, each against another infant: nobody there attends to anybody."""
    scheme = CodingScheme("gaze3", (Code("left"), Code("right"), Code("away")))
    rule = MatchRule(
        "same", "pairs", pairs=tuple((c, c) for c in scheme.code_ids), schemes=(("gaze3", "gaze3"),)
    )
    tracks = [
        track
        for path in sorted((shared_data / "codes/gaze_human1").glob("*.txt"))
        if (track := _gaze(path, scheme))
    ]
    assert len(tracks) >= 15
    ratios = []
    for shift in range(1, len(tracks)):
        for k, infant in enumerate(tracks):
            other = replace(tracks[(k + shift) % len(tracks)], role="caregiver")
            size = min(infant.offset_ns, other.offset_ns)
            pair = dyad(infant.clip(0, size), other.clip(0, size), rule)
            if pair.problem is None:
                ratios.append((float(state_changes(pair).repairs.sum()), expected_repairs(pair)))
    observed, expected = np.sum(ratios, axis=0)
    assert abs(observed / expected - 1) < 0.05


def _gaze(path: Path, scheme: CodingScheme) -> StateTrack | None:
    onsets, codes = [], []
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) >= 3 and cells[0].isdigit() and cells[2] in scheme.code_ids:
            onsets.append(int(cells[0]) * 1_000_000)
            codes.append(cells[2])
    if len(onsets) < 4:
        return None
    start = onsets[0]
    edges = np.unique(np.array(onsets, np.int64) - start)
    if edges.size != len(onsets):
        return None
    return StateTrack.from_bouts(scheme, "infant", "human:AB", edges[:-1], edges[1:], codes[:-1])


def test_false_alarms_of_the_pseudo_dyad_test_stay_near_five_in_a_hundred() -> None:
    alarms = 0
    for study in range(60):
        pairs = [
            dyad(
                stranger(study * 100 + k, "infant", 4.0),
                stranger(77_000 + study * 100 + k, "caregiver", 4.0),
                name=f"s{k}",
            )
            for k in range(20)
        ]
        rng = np.random.default_rng(study)
        partners = pseudo_partners([str(k) for k in range(20)], 8, rng)
        strangers = pseudo_values(pairs, repair_rate, partners)
        alarms += pseudo_test([repair_rate(p) for p in pairs], strangers, draws=200, seed=study).p <= 0.05
    # 5 % of 60 is 3; 99.9 % of binomial draws stay at or below 10.
    assert alarms <= 10


def test_a_true_tie_is_found() -> None:
    pairs = []
    for k in range(20):
        infant = stranger(k, "infant")
        caregiver = replace(infant, role="caregiver").shift(S).clip(infant.onset_ns, infant.offset_ns)
        pairs.append(dyad(infant, caregiver, name=f"s{k}"))
    partners = pseudo_partners([str(k) for k in range(20)], 10, np.random.default_rng(0))
    observed = [100 * p.duration_of(1) / (p.scorable_ns / S) for p in pairs]
    strangers = pseudo_values(pairs, lambda p: 100 * p.duration_of(1) / (p.scorable_ns / S), partners)
    test = pseudo_test(observed, strangers)
    assert test.p == pytest.approx(1 / 1001)
    assert test.observed > test.high > test.expected > test.low
    assert pseudo_test(observed, strangers) == test


def test_nobody_is_paired_with_their_own_family() -> None:
    clusters = ["a", "a", "b", "c", "c", "d"]
    partners = pseudo_partners(clusters, 4, np.random.default_rng(1))
    assert partners.shape == (6, 4)
    for own, row in zip(clusters, partners.tolist(), strict=True):
        assert own not in {clusters[j] for j in row}
        assert len(set(row)) == 4
    with pytest.raises(FieldError, match="one family"):
        pseudo_partners(["a", "a"], 4, np.random.default_rng(1))


def test_strangers_are_counted_from_the_episodes_onset() -> None:
    infant = seconds("infant", [0, 0, 1, 1, 2]).shift(100 * S)
    caregiver = seconds("caregiver", [2, 2, 2, 0, 0, 1, 1])
    one = dyad(infant, replace(infant, role="caregiver"))
    other = dyad(replace(caregiver, role="infant"), caregiver, name="s2")
    pair = rejoined(one.first, other.second, one)
    assert pair.scorable_ns == 5 * S
    assert isinstance(pair, DyadSlice)
    assert pair.duration_of(1) == 0.0


def test_undefined_strangers_are_drawn_past() -> None:
    pseudo = np.array([[1.0, np.nan], [np.nan, 3.0], [np.nan, np.nan]])
    test = pseudo_test([1.0, 3.0, 9.0], pseudo)
    assert (test.n, test.observed, test.expected, test.p) == (2, 2.0, 2.0, 1.0)
    with pytest.raises(FieldError, match="nothing to compare"):
        pseudo_test([np.nan], np.array([[1.0]]))


@given(st.integers(0, 500), st.integers(1, 40))
@settings(deadline=None)
def test_shuffling_keeps_every_bout(seed: int, segment_s: int) -> None:
    track = stranger(seed, "infant")
    session = we.session(Episode("RE", track.onset_ns, track.offset_ns))
    (stream,) = (s for s in stream_slices(session, (track,)) if s.spec.id == "RE")
    shuffled = shuffled_segments(stream, segment_s * S, np.random.default_rng(seed)).track
    assert (shuffled.onset_ns, shuffled.offset_ns) == (track.onset_ns, track.offset_ns)
    for code in (-1, 0, 1, 2, 3):
        assert (
            shuffled.durations_ns[shuffled.codes == code].sum()
            == track.durations_ns[track.codes == code].sum()
        )
    assert shuffled.codes.size <= stream.track.codes.size


def options(**durations: int) -> dict[str, object]:
    session, tracks = we.w2()
    rule = replace(we.IDENTITY, schemes=((we.INFANT.id, we.CAREGIVER.id),), **durations)
    return {r.measure: r for r in Matching()(session, tracks, (rule,)) if r.episode_id == "RE" and not r.code}


def test_minimum_durations_absorb_short_runs_of_w2() -> None:
    # X0-3 M3-7 X7-9 M9-10 X10-11 M11-12 X12-13 M13-15 | M17-18 X18-19 M19-20
    rows = options(min_mismatch_ms=1500)
    # X10-11, X12-13 and X18-19 go to the match before: M9-15 and M17-20.
    assert (rows["n_repair"].value, rows["n_mismatch_onset"].value) == (2, 1)
    assert rows["pct_match"].value == pytest.approx(100 * 13 / 18)
    rows = options(min_match_ms=1500)
    # M9-10 goes to X7-9, then X10-11, M11-12 and X12-13 follow; M17-18 opens its stretch and goes to X18-19.
    assert (rows["n_repair"].value, rows["n_mismatch_onset"].value) == (2, 1)
    assert rows["pct_match"].value == pytest.approx(100 * 6 / 18)
    chance = rows["repair_rate_expected_per_min"]
    assert (chance.status, chance.flags) == (Status.NA_STRUCT, ("use_pseudo_dyads",))
    assert rows["n_repair"].params_hash != options()["n_repair"].params_hash


def test_a_joint_window_joins_changes_that_are_near() -> None:
    tracks = (
        we.track(we.INFANT, "infant", [("S", 0, 4), ("P", 4, 10), ("S", 10, 16)]),
        we.track(we.CAREGIVER, "caregiver", [("S", 0, 4.3), ("P", 4.3, 12), ("O", 12, 14), ("S", 14, 16)]),
    )
    session = we.session(Episode("RE", 0, 16 * S))
    counts = {}
    for window in (0, 299, 300):
        rule = replace(we.IDENTITY, schemes=((we.INFANT.id, we.CAREGIVER.id),), joint_window_ms=window)
        rows = {
            r.measure: r for r in Matching()(session, tracks, (rule,)) if r.episode_id == "RE" and not r.code
        }
        counts[window] = tuple(
            int(rows[name].value)
            for name in (
                "n_repair_by_caregiver",
                "n_repair_joint",
                "n_mismatch_onset_by_infant",
                "n_mismatch_onset_joint",
            )
        )
        # The first move after an onset is looked for after it, whoever made the onset.
        assert rows["n_first_mover_by_caregiver"].value == 2
    assert counts == {0: (2, 0, 2, 0), 299: (2, 0, 2, 0), 300: (1, 1, 1, 1)}


def test_directions_of_the_repairs_of_w2() -> None:
    rows = options()
    counts = tuple(rows[f"n_repair_{way}"].value for way in ("up", "flat", "down"))
    assert sum(counts) == rows["n_repair"].value == 5
    assert rows["n_first_mover_by_caregiver"].n == 4
    plain = CodingScheme("gaze", (Code("partner"), Code("away")))
    mutual = MatchRule("m", "pairs", pairs=(("partner", "partner"),), schemes=(("gaze", "gaze"),))
    session, _ = we.w2()
    tracks = tuple(
        we.track(plain, role, [("partner", 0, 9), ("away", 9, 20)]) for role in ("infant", "caregiver")
    )
    assert not any("n_repair_up" in r.measure for r in Matching()(session, tracks, (mutual,)))


@pytest.mark.parametrize("name", ["min_match_ms", "min_mismatch_ms", "joint_window_ms"])
def test_negative_durations_are_refused(name: str) -> None:
    with pytest.raises(FieldError, match="negative"):
        replace(RULE, **{name: -1})
