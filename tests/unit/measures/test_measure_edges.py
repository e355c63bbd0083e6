"""Measures where an episode is short, a gap cuts, a code was never met or nobody was at risk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.contracts.measure import Measure
from stillface.domain.protocol import Recovery
from stillface.domain.results import Status
from stillface.domain.scheme import MATCH, Code, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.errors import FieldError
from stillface.measures.contingency import Contingency, window_tables
from stillface.measures.correlation import relative_phase
from stillface.measures.matching import Matching
from stillface.measures.mixed import mixed_model
from stillface.measures.occupancy import Occupancy
from stillface.measures.pseudo_dyads import shuffled_segments
from stillface.measures.recovery import RecoveryLatency
from stillface.measures.repairs import mismatch_bouts, state_changes
from stillface.measures.return_to_baseline import ReturnToBaseline
from stillface.measures.scores import Scores
from stillface.measures.slices import dyad_slices, pair_slices, stream_slices
from stillface.measures.state_space import StateSpace
from stillface.measures.synchrony import Synchrony
from stillface.measures.turns import VocalTurns, silences
from stillface.measures.two_by_two import TwoByTwo

S = we.S


def test_ratings_are_weighted_by_their_time() -> None:
    scheme = CodingScheme("r", (Code("low", value=1.0), Code("high", value=3.0)), type="rating")
    track = we.track(scheme, "infant", [("low", 0, 10), ("high", 10, 40)])
    rows = {
        r.measure: r for r in Scores()(we.session(Episode("RE", 0, 40 * S)), (track,)) if r.value is not None
    }
    mean, sd = rows["score_mean"], rows["score_sd"]
    assert (mean.value, mean.unit, mean.n) == (2.5, "score", 2)
    assert (sd.value, sd.unit, sd.n) == (pytest.approx((0.25 * 1.5**2 + 0.75 * 0.5**2) ** 0.5), "score", 2)


def test_a_level_that_is_a_gap_for_the_dyad_has_its_rank_in_the_persons_score() -> None:
    levels = (Code("calm", value=1.0), Code("asleep", value=0.0, dyad_gap=True), Code("usc", gap=True))
    track = we.track(
        CodingScheme("r", levels, type="ordinal"),
        "infant",
        [("calm", 0, 10), ("asleep", 10, 40), ("usc", 40, 50)],
    )
    rows = list(Scores()(we.session(Episode("RE", 0, 50 * S)), (track,)))
    found = {row.measure: (row.value, row.n, row.scorable_s) for row in rows if row.value is not None}
    assert found["score_mean"] == (0.25, 2, 40.0)


@pytest.mark.parametrize("values", [[0.0] * 18, [5.0, 7.0, 9.0] * 6])
def test_values_without_spread_have_no_model_and_never_an_error_that_is_no_number(
    values: list[float],
) -> None:
    pytest.importorskip("statsmodels")
    dyads = [f"d{k // 3}" for k in range(18)]
    with pytest.raises(FieldError, match="vary too little"):
        mixed_model(values, ["PL", "SF", "RE"] * 6, dyads, dyads)


def test_a_grid_of_one_cell_has_no_dispersion() -> None:
    one = CodingScheme("one", (Code("x"), Code("usc", gap=True)))
    tracks = tuple(we.track(one, role, [("x", 0, 9)]) for role in ("infant", "caregiver"))
    session = we.session(Episode("RE", 0, 9 * S))
    rows = {r.measure: r for r in StateSpace()(session, tracks) if r.episode_id == "RE"}
    spread = rows["grid_dispersion"]
    assert (spread.value, spread.status, spread.n) == (None, Status.NA_CONST, 1)
    assert (rows["grid_visits"].value, rows["visit_entropy_nat"].value) == (1.0, 0.0)


def test_a_still_face_that_was_not_run_tells_nothing_about_who_was_upset() -> None:
    protocol = replace(we.PROTOCOL, recovery=(Recovery("RE", "PL", at_risk="neg_at_end_before"),))
    session = Session("s", "d", protocol, (Episode("PL", 0, 60 * S), Episode("RE", 60 * S, 120 * S)))
    track = we.track(we.INFANT, "infant", [("S", 0, 60), ("N", 60, 80), ("S", 80, 120)])
    rows = list(RecoveryLatency()(session, (track,), ()))
    assert {(row.episode_id, row.status, row.value) for row in rows} == {("RE", Status.MISS_EPISODE, None)}


def w2_dyad(rule: MatchRule):  # type: ignore[no-untyped-def]
    session, tracks = we.w2()
    fitting = replace(rule, schemes=((we.INFANT.id, we.CAREGIVER.id),))
    return next(d for d in dyad_slices(session, tracks, (fitting,)) if d.first.spec.id == "RE")


def test_the_stories_of_w2_name_who_did_what() -> None:
    """positive_only: mismatch 0-5, 7-13 and, cut by the end, 18-20."""
    first, second, last = mismatch_bouts(state_changes(w2_dyad(we.POSITIVE_ONLY)))
    assert (first.onset_by, first.completer, first.first_mover, first.direction) == ("", "joint", "", "up")
    assert (second.onset_by, second.completer) == ("caregiver", "caregiver")
    assert (second.first_mover, second.direction, second.duration_s) == ("infant", "up", 6.0)
    assert (last.onset_by, last.completer, last.first_mover, last.direction) == (
        "infant",
        "",
        "caregiver",
        "",
    )
    assert (last.ended_by, last.censored, last.left_truncated) == ("episode_end", True, False)


def test_short_states_go_to_the_state_before_and_the_first_to_the_next() -> None:
    """Match for a second, mismatch 1-11, match 11-12.5, mismatch to 20: with 2 s the matches vanish."""
    infant = [("P", 0, 1), ("N", 1, 11), ("P", 11, 12.5), ("N", 12.5, 20)]
    caregiver = [("P", 0, 20)]
    tracks = (we.track(we.INFANT, "infant", infant), we.track(we.CAREGIVER, "caregiver", caregiver))
    session = we.session(Episode("RE", 0, 20 * S))
    for shortest_ms, match_s, repairs in (
        (0, 2.5, 1.0),
        (1000, 2.5, 1.0),
        (1200, 1.5, 1.0),
        (1501, 0.0, 0.0),
    ):
        rule = replace(we.VALENCE3, min_match_ms=shortest_ms)
        rows = {
            r.measure: r for r in Matching()(session, tracks, (rule,)) if r.episode_id == "RE" and not r.code
        }
        assert rows["pct_match"].value == pytest.approx(5 * match_s), shortest_ms
        assert rows["n_repair"].value == repairs, shortest_ms


def test_a_short_state_before_a_gap_goes_to_its_only_neighbour() -> None:
    caregiver = we.track(we.CAREGIVER, "caregiver", [("P", 0, 20)])
    session = we.session(Episode("RE", 0, 20 * S))
    rule = replace(we.VALENCE3, min_match_ms=2000)
    for infant, match_s in (
        # Match for a second, then mismatch, then nobody saw: the second becomes mismatch.
        ([("P", 0, 1), ("N", 1, 6), ("U", 6, 20)], 0.0),
        # Alone between the onset and a gap, or between two gaps, there is no neighbour to go to.
        ([("P", 0, 1), ("U", 1, 10), ("N", 10, 15)], 1.0),
        ([("N", 0, 4), ("U", 4, 10), ("P", 10, 11), ("U", 11, 20)], 1.0),
        # After a gap it is the first of its stretch.
        ([("N", 0, 4), ("U", 4, 10), ("P", 10, 11), ("N", 11, 20)], 0.0),
    ):
        tracks = (we.track(we.INFANT, "infant", infant), caregiver)
        dyad = next(d for d in dyad_slices(session, tracks, (rule,)) if d.first.spec.id == "RE")
        assert dyad.duration_of(MATCH) == match_s, infant


def test_a_silence_with_both_on_one_side_is_nobodys() -> None:
    scheme = CodingScheme("voices", (Code("voc"), Code("silent")))

    def found(infant: str, caregiver: str) -> list[tuple[int, int, float]]:
        tracks = tuple(
            we.track(scheme, role, [({"v": "voc", "-": "silent"}[c], t, t + 1) for t, c in enumerate(text)])
            for role, text in (("infant", infant), ("caregiver", caregiver))
        )
        session = we.session(Episode("RE", 0, len(infant) * S))
        pair = next(p for p in pair_slices(session, tracks) if p.first.spec.id == "RE")
        return [(s.before, s.after, s.duration_s) for s in silences(pair)]

    assert found("-v--v-", "------") == [(0, 0, 2.0)]
    assert found("-v----", "----v-") == [(0, 1, 2.0)]
    assert found("-v--v-", "-v----") == []
    assert found("-v--v-", "----v-") == []


def test_a_window_longer_than_an_episode_gives_no_way_back() -> None:
    track = we.track(we.INFANT, "infant", [("S", 0, 60), ("N", 60, 140), ("S", 140, 180)])
    for play_s, reunion_s in ((60.0, 9.9), (10.0, 60.0)):
        episodes = (Episode("PL", 0, round(play_s * S)), Episode("RE", 120 * S, round((120 + reunion_s) * S)))
        (row,) = ReturnToBaseline()(Session("s", "d", we.PROTOCOL, episodes), (track,))
        assert (row.measure, row.value, row.unit) == ("return_to_baseline_s", None, "s")
        assert (row.status, row.n, row.flags) == (Status.MISS_LOWN, None, ())


def test_who_was_never_off_the_level_of_play_is_told_that_level() -> None:
    track = we.track(we.INFANT, "infant", [("S", 0, 180)])
    episodes = (Episode("PL", 0, 60 * S), Episode("RE", 120 * S, 180 * S))
    (row,) = ReturnToBaseline()(Session("s", "d", we.PROTOCOL, episodes), (track,))
    assert (row.measure, row.status, row.value) == ("return_to_baseline_s", Status.NA_NOTATRISK, None)
    assert row.flags == ("window_s=10.0", "limit_pct=0.0", "sustain_s=3.0")


def test_an_onset_that_nobody_saw_is_told() -> None:
    session = we.session(Episode("RE", 0, 20 * S))
    for first, flags in (("U", ("gap_at_onset",)), ("N", ())):
        track = we.track(we.INFANT, "infant", [(first, 0, 2), ("N", 2, 8), ("S", 8, 20)])
        row = next(r for r in RecoveryLatency()(session, (track,), ()) if r.code == "nonneg")
        assert (row.value, row.flags) == (8.0, ("sustain_s=3.0", *flags, "confirmed_s=11.0"))


def test_who_leads_is_counted_over_the_windows_that_were_seen() -> None:
    """Windows near a gap know some lags only: the peak is the largest of those, nearest to 0 on a tie."""
    rng = np.random.default_rng(8)
    letters = "".join(str(rng.choice(list("NSP"))) * 2 for _ in range(60))
    infant = letters
    caregiver = "SS" + letters[:50] + "U" * 9 + letters[62:] + "P"
    tracks = (
        we.seconds_track(we.INFANT, "infant", infant),
        we.seconds_track(we.CAREGIVER, "caregiver", caregiver),
    )
    session = we.session(Episode("RE", 0, 120 * S))
    rows = {r.measure: r for r in Synchrony()(session, tracks) if r.episode_id == "RE"}
    score = {"N": -1.0, "S": 0.0, "P": 1.0, "U": np.nan}
    a, b = (np.array([score[c] for c in text]) for text in (infant, caregiver))
    peaks, partly = [], 0
    for start in range(5, 120 - 20 - 5 + 1, 5):
        best: tuple[float, int] | None = None
        known = 0
        for lag in sorted(range(-5, 6), key=abs):
            x, y = a[start : start + 20], b[start + lag : start + lag + 20]
            both = np.isfinite(x) & np.isfinite(y)
            if both.sum() < 16:
                continue
            known += 1
            r = abs(np.corrcoef(x[both], y[both])[0, 1])
            if best is None or r > best[0] + 1e-12:
                best = float(r), lag
        partly += 0 < known < 11
        if best is not None:
            peaks.append(best[1])
    assert partly > 3
    for role, leading in (
        ("infant", sum(lag > 0 for lag in peaks)), ("caregiver", sum(lag < 0 for lag in peaks)),
    ):  # fmt: skip
        row = rows[f"wcc_lead_share_{role}"]
        assert (row.value, row.n, row.unit) == (pytest.approx(leading / len(peaks)), len(peaks), "share")


def test_phases_of_a_dyad_are_those_of_its_scores() -> None:
    rng = np.random.default_rng(12)
    infant, caregiver = ("".join(str(rng.choice(list("NSP"))) * 3 for _ in range(30)) for _ in "ab")
    tracks = (
        we.seconds_track(we.INFANT, "infant", infant),
        we.seconds_track(we.CAREGIVER, "caregiver", caregiver),
    )
    session = we.session(Episode("RE", 0, 90 * S))
    rows = {r.measure: r for r in Synchrony()(session, tracks) if r.episode_id == "RE"}
    score = {"N": -1.0, "S": 0.0, "P": 1.0}
    found = relative_phase(*(np.array([score[c] for c in text]) for text in (infant, caregiver)))
    assert found is not None
    assert 0 < found.in_phase < 1
    for name, value in (("in_phase_share", found.in_phase), ("anti_phase_share", found.anti_phase)):
        assert (rows[name].value, rows[name].unit, rows[name].n) == (pytest.approx(value), "share", 90)


def test_a_mismatch_that_a_gap_cut_is_neither_repaired_nor_not() -> None:
    infant = [("P", 0, 2), ("N", 2, 4), ("U", 4, 6), ("P", 6, 8), ("N", 8, 9), ("P", 9, 15), ("N", 15, 20)]
    tracks = (
        we.track(we.INFANT, "infant", infant),
        we.track(we.CAREGIVER, "caregiver", [("P", 0, 20)]),
    )
    session = we.session(Episode("RE", 0, 20 * S))
    rows = {r.measure: r for r in Matching()(session, tracks, (we.VALENCE3,)) if r.episode_id == "RE"}
    # Seen to begin: 2-4 (cut by the gap), 8-9 (repaired), 15-20 (cut by the end).
    assert (rows["prop_repaired"].value, rows["prop_repaired"].n) == (0.5, 2)
    assert (rows["repair_latency_anchored_s"].value, rows["repair_latency_anchored_s"].n) == (1.0, 1)
    median = rows["repair_latency_km_median_s"]
    assert (median.value, median.n, median.status) == (None, 3, Status.NA_NOTREACHED)
    assert median.flags == ("n_censored=2",)


def test_a_dyad_that_never_parted_has_no_latency_to_report() -> None:
    tracks = (
        we.seconds_track(we.INFANT, "infant", "P" * 9),
        we.seconds_track(we.CAREGIVER, "caregiver", "P" * 9),
    )
    session = we.session(Episode("RE", 0, 9 * S))
    rows = {r.measure: r for r in Matching()(session, tracks, (we.VALENCE3,)) if r.episode_id == "RE"}
    for name, unit in (
        ("mismatch_bout_mean_s", "s"),
        ("repair_latency_anchored_s", "s"),
        ("repair_latency_km_median_s", "s"),
        ("prop_repaired", "share"),
    ):
        row = rows[name]
        assert (row.value, row.unit, row.n, row.status, row.flags) == (None, unit, 0, Status.NA_NOBOUT, ())


@pytest.mark.parametrize(("seen_s", "flags"), [(16, ()), (15.999, ("low_coverage",))])
def test_four_fifths_seen_are_enough(seen_s: float, flags: tuple[str, ...]) -> None:
    track = we.track(we.INFANT, "infant", [("S", 0, seen_s), ("U", seen_s, 20)])
    session = we.session(Episode("RE", 0, 20 * S))
    rows = Occupancy()(session, (track,))
    row = next(r for r in rows if (r.episode_id, r.measure, r.code) == ("RE", "pct_time", "S"))
    assert (row.value, row.flags) == (100.0, flags)


def test_voices_together_from_the_first_moment_overlap() -> None:
    scheme = CodingScheme("voices", (Code("voc"), Code("silent")))
    tracks = tuple(
        we.track(scheme, role, [("voc", 0, 2), ("silent", 2, 6), ("voc", 6, 8), ("silent", 8, 10)])
        for role in ("infant", "caregiver")
    )
    session = we.session(Episode("RE", 0, 10 * S))
    rows = {r.measure: r for r in VocalTurns()(session, tracks) if r.episode_id == "RE"}
    assert (rows["n_turn_overlap"].value, rows["n_turn_overlap"].n) == (2.0, 2)
    assert (rows["turn_overlap_pct"].value, rows["turn_overlap_pct"].n) == (40.0, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Contingency(), Contingency(window_s=4.0)),
        (Contingency(), Contingency(unit_s=0.5)),
        (Synchrony(), Synchrony(max_lag_s=3.0)),
        (ReturnToBaseline(), ReturnToBaseline(window_s=8.0)),
    ],
)
def test_other_parameters_have_another_hash(one: Measure, other: Measure) -> None:
    session, tracks = we.w2()
    hashes = [{row.params_hash for row in family(session, tracks, ())} for family in (one, other)]
    assert [len(found) for found in hashes] == [1, 1]
    assert hashes[0] != hashes[1]


def test_shuffled_segments_carry_no_confidence_from_elsewhere() -> None:
    track = we.track(we.INFANT, "infant", [("S", 0, 4), ("P", 4, 9), ("N", 9, 20)])
    sure = replace(track, source="auto:x@1", confidence=np.array([0.9, 0.5, 0.7], np.float32))
    stream = next(
        s for s in stream_slices(we.session(Episode("RE", 0, 20 * S)), (sure,)) if s.spec.id == "RE"
    )
    found = shuffled_segments(stream, 5 * S, np.random.default_rng(1)).track
    assert found.confidence is None
    assert (found.onset_ns, found.offset_ns) == (0, 20 * S)
    for code in range(len(we.INFANT.codes)):
        assert found.durations_ns[found.codes == code].sum() == track.durations_ns[track.codes == code].sum()


def test_who_never_came_back_is_told_the_level_that_was_looked_for() -> None:
    track = we.track(we.INFANT, "infant", [("S", 0, 60), ("N", 60, 180)])
    episodes = (Episode("PL", 0, 60 * S), Episode("RE", 120 * S, 180 * S))
    (row,) = ReturnToBaseline()(Session("s", "d", we.PROTOCOL, episodes), (track,))
    assert (row.value, row.status, row.n) == (60.0, Status.CENS_EP_END, 0)
    assert row.flags == ("window_s=10.0", "limit_pct=0.0", "sustain_s=3.0")


def test_half_a_second_outside_all_windows_is_time_enough_for_a_table() -> None:
    """The infant turns at .5 s and the window holds all that follows: half a unit is left outside."""
    scheme = CodingScheme("plain", (Code("x"), Code("y")))
    tracks = (
        we.track(scheme, "infant", [("x", 0, 0.5), ("y", 0.5, 10)]),
        we.track(scheme, "caregiver", [("x", 0, 2), ("y", 2, 10)]),
    )
    pair = next(p for p in pair_slices(we.session(Episode("RE", 0, 10 * S)), tracks) if p.problem is None)
    tables = {directed.code: directed.table for directed in window_tables(pair, 20.0)}
    assert tables["infant:y>caregiver:y"] == TwoByTwo(1, 8.5, 0, 0.5)
    assert tables["infant:y>caregiver:x"] == TwoByTwo(0, 9.5, 0, 0.5)


def test_rows_in_which_a_machine_had_a_part_say_so() -> None:
    session, (infant, caregiver) = we.w2()
    machine = replace(caregiver, source="auto:affect_rules@1")
    flags = {
        row.role: row.flags
        for family in (Occupancy(), Matching())
        for row in family(session, (infant, machine), (we.VALENCE3,))
        if (row.episode_id, row.measure, row.code) in (("RE", "pct_time", "P"), ("RE", "pct_mismatch", ""))
    }
    assert flags == {"infant": (), "caregiver": ("source=auto",), "dyad": ("source=human+auto",)}
