"""Heart and skin around events, computed by hand (SPEC 5.2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stillface.domain.autonomic import BodySeries
from stillface.domain.protocol import BodyEvents, EpisodeSpec, Protocol, Role
from stillface.domain.results import Status
from stillface.domain.scheme import Code, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.measures.body_events import body_event_sets, unknown_events
from stillface.measures.event_locked import EventLocked, event_locked_rows

S = 1_000_000_000
SCHEME = CodingScheme("touch", (Code("none"), Code("touch"), Code("usc", gap=True)))
GAZE = CodingScheme("gaze", (Code("partner"), Code("object"), Code("away"), Code("usc", gap=True)))
AFFECT = CodingScheme("affect", (Code("neg", valence=-1), Code("neu", valence=0), Code("pos", valence=1)))


def protocol(*around: str) -> Protocol:
    return Protocol(
        "sf",
        (Role("infant", focal=True), Role("caregiver")),
        (("infant", "caregiver"),),
        (EpisodeSpec("PL", "interaction"), EpisodeSpec("SF", "perturbation", dyadic=False)),
        body_events=BodyEvents(around),
    )


def session(*around: str) -> Session:
    return Session("s1", "d1", protocol(*around), (Episode("PL", 0, 60 * S),))


def track(scheme: CodingScheme, role: str, *bouts: tuple[float, float, str]) -> StateTrack:
    onsets, offsets, codes = zip(*bouts, strict=True)
    onsets_ns, offsets_ns = ([round(t * S) for t in side] for side in (onsets, offsets))
    return StateTrack.from_bouts(scheme, role, "human:AB", onsets_ns, offsets_ns, codes)


def touches(*times_s: float) -> StateTrack:
    """Touch of half a second at each time, none before, after and between."""
    bouts, last = [], 0.0
    for time in times_s:
        bouts += [(last, time, "none"), (time, time + 0.5, "touch")]
        last = time + 0.5
    return track(SCHEME, "caregiver", *bouts, (last, 60, "none"))


def body(*pieces: tuple[float, float, float], role: str = "infant", quantity: str = "ibi_ms") -> BodySeries:
    onsets, offsets, values = zip(*pieces, strict=True)
    onsets_ns, offsets_ns = (np.array([round(t * S) for t in side]) for side in (onsets, offsets))
    return BodySeries(role, quantity, "auto:x@1", onsets_ns, offsets_ns, np.array(values), "abc")


def heart() -> BodySeries:
    """500 ms; from 20 to 30 s 400 and 600 in turn; nothing from 45 to 52 s."""
    turns = [(20 + k, 20.4 + k, 400.0) for k in range(10)] + [(20.4 + k, 21 + k, 600.0) for k in range(10)]
    return body(*sorted([(0, 20, 500.0), *turns, (30, 45, 500.0), (52, 60, 500.0)]))


def rows_of(found):
    return {row.measure: row for row in event_locked_rows(found)}


def test_change_is_the_mean_after_minus_the_mean_before_weighted_by_time():
    # 3 s and 58 s leave the episode; after 44 s only 3 of 10 s are known. At 20 s: 400 ms for .4 s and
    # 600 ms for .6 s is 520 on the average, 20 above 500; at 35 s nothing changes. Mean 10.
    found = next(iter(EventLocked()(session("touch"), (touches(3, 20, 35, 44, 58),), (), (heart(),))))
    assert found.changes.tolist() == pytest.approx([20.0, 0.0])
    rows = rows_of(found)
    row = rows["event_ibi_change_ms"]
    assert (row.value, row.n, row.status, row.unit) == (pytest.approx(10.0), 2, Status.OK, "ms")
    assert (row.role, row.code, row.scheme_id, row.coder_id) == ("infant", "touch:caregiver", "touch", "AB")
    assert (row.scorable_s, row.coverage) == (pytest.approx(30.0), pytest.approx(30 / 75))
    assert set(row.flags) == {
        "events=5", "at_edge=2", "too_little_signal=1", "windows_overlap=1", "low_coverage",
        "sync_not_measured",
    }  # fmt: skip
    # Two events carry no interval, and say so.
    assert rows["event_ibi_change_low_ms"].status is Status.MISS_LOWN
    assert rows["event_ibi_random_ms"].status is Status.OK


def test_the_interval_of_equal_changes_is_the_change():
    steps = [(0, 10, 500.0), (10, 25, 480.0), (25, 40, 460.0), (40, 60, 440.0)]
    found = next(iter(EventLocked()(session("touch"), (touches(10, 25, 40),), (), (body(*steps),))))
    rows = rows_of(found)
    assert [rows[f"event_ibi_change{part}_ms"].value for part in ("", "_low", "_high")] == [-20.0] * 3
    # From the second after 5 s before to 10 s after: a step of -20 at the event.
    assert found.times_s[[0, -1]].tolist() == [-4.75, 9.75]
    assert found.course[found.times_s < 0].tolist() == [0.0] * 10
    assert found.course[found.times_s > 0].tolist() == [-20.0] * 20
    assert set(found.course_n.tolist()) == {3}


def test_a_constant_heart_changes_nowhere():
    found = next(iter(EventLocked()(session("touch"), (touches(10, 25, 40),), (), (body((0, 60, 430.0)),))))
    assert found.changes.tolist() == [0.0, 0.0, 0.0]
    assert found.random.tolist() == [0.0] * 200


def test_skin_conductance_is_measured_alike():
    skin = body((0, 20, 5.0), (20, 60, 5.5), quantity="scl_us")
    rows = rows_of(next(iter(EventLocked()(session("touch"), (touches(20),), (), (skin,)))))
    assert rows["event_scl_change_us"].value == pytest.approx(0.5)
    assert rows["event_scl_change_us"].unit == "uS"


def events(name: str, *tracks: StateTrack, rules: tuple[MatchRule, ...] = (), bodies=()) -> list[float]:
    found = next(iter(body_event_sets(session(name), tracks, rules, bodies)))
    return (found.times_ns / S).tolist()


def test_what_was_not_seen_to_begin_is_no_event():
    # On at the episode's onset, after a gap of the coder, and after uncoded time.
    coded = track(
        SCHEME, "caregiver", (0, 5, "touch"), (5, 10, "none"), (10, 12, "touch"), (12, 15, "usc"),
        (15, 20, "touch"), (30, 33, "touch"), (33, 40, "none"), (40, 60, "touch"),
    )  # fmt: skip
    assert events("touch", coded) == [10.0, 40.0]
    assert events("touch/touch", coded) == [10.0, 40.0]
    assert list(body_event_sets(session("gaze/touch"), (coded,), (), ())) == []


def test_an_aversion_leads_from_the_partner_to_away_and_lasts():
    coded = track(
        GAZE, "infant", (0, 10, "partner"), (10, 10.4, "away"), (10.4, 20, "partner"), (20, 20.5, "away"),
        (20.5, 30, "object"), (30, 35, "away"), (35, 40, "partner"), (40, 45, "usc"), (45, 60, "away"),
    )  # fmt: skip
    assert events("gaze_aversion", coded) == [20.0]


def test_negative_affect_begins_once_however_many_negative_codes_follow():
    coded = track(AFFECT, "infant", (0, 10, "neu"), (10, 20, "neg"), (20, 30, "pos"), (30, 60, "neg"))
    assert events("negative_onset", coded) == [10.0, 30.0]


def test_mismatch_onset_and_repair_are_those_of_the_rule():
    rule = MatchRule("same", "valence", valences=(-1, 0, 1))
    infant = track(AFFECT, "infant", (0, 10, "neu"), (10, 22, "neg"), (22, 60, "neu"))
    caregiver = track(AFFECT, "caregiver", (0, 60, "neu"))
    assert events("mismatch_onset", infant, caregiver, rules=(rule,)) == [10.0]
    assert events("repair", infant, caregiver, rules=(rule,)) == [22.0]
    sets = list(body_event_sets(session("repair"), (infant, caregiver), (rule,), ()))
    assert [found.problem for found in sets] == [None, Status.MISS_EPISODE]


def test_arousal_is_a_heart_rate_above_its_mean_and_spread():
    # 120 bpm, 150 from 30 to 40 s. Mean of the 5-s means about 125, SD about 11: passed in the window
    # around 32.5 s at the latest and 29.5 s at the earliest.
    (time,) = events("arousal", bodies=(body((0, 30, 500.0), (30, 40, 400.0), (40, 60, 500.0)),))
    assert 29.5 <= time <= 32.5
    assert events("arousal", bodies=(body((0, 60, 500.0)),)) == []


def test_own_arousal_is_not_held_against_the_own_heart():
    bodies = (
        body((0, 60, 500.0)),
        body((0, 60, 800.0), role="caregiver"),
        body((0, 60, 5.0), quantity="scl_us"),
    )
    found = {
        (around.code, around.stamp.role, around.quantity)
        for around in EventLocked()(session("arousal"), (), (), bodies)
    }
    assert ("arousal:infant", "infant", "ibi_ms") not in found
    assert {("arousal:infant", "caregiver", "ibi_ms"), ("arousal:infant", "infant", "scl_us")} <= found


@pytest.mark.parametrize(
    ("coded", "signal", "status"),
    [
        ((touches(20),), (BodySeries.nothing("infant", "ibi_ms"),), Status.MISS_TECH),
        ((touches(20),), (body((50, 51, 500.0)),), Status.MISS_LOWN),
        ((track(SCHEME, "caregiver", (0, 60, "none")),), (heart(),), Status.NA_NOBOUT),
        ((track(SCHEME, "caregiver", (70, 80, "none")),), (heart(),), Status.MISS_NOTCODED),
        ((track(SCHEME, "caregiver", (0, 60, "usc")),), (heart(),), Status.MISS_UNSCORABLE),
    ],
)
def test_what_is_missing_is_named(coded, signal, status):
    found = {around.stamp.episode_id: around for around in EventLocked()(session("touch"), coded, (), signal)}
    assert {row.status for row in event_locked_rows(found["PL"])} == {status}
    assert {row.status for row in event_locked_rows(found["SF"])} == {Status.MISS_EPISODE}


def test_where_the_clocks_may_differ_by_more_than_a_step_nothing_is_measured():
    flags = {}
    for error_ms, status in ((None, Status.OK), (12.5, Status.OK), (501.0, Status.MISS_TECH)):
        heart_on_its_clock = replace(body((0, 60, 500.0)), sync_error_ms=error_ms)
        found = next(iter(EventLocked()(session("touch"), (touches(20),), (), (heart_on_its_clock,))))
        assert rows_of(found)["event_ibi_change_ms"].status is status
        flags[error_ms] = rows_of(found)["event_ibi_change_ms"].flags
    assert "sync_not_measured" in flags[None]
    assert "sync_error_ms=12.5" in flags[12.5]
    assert "sync_error_ms=501" in flags[501.0]


def test_a_code_that_nothing_has_is_named():
    asked = session("touch", "gaze/touch", "wave", "repair")
    assert unknown_events(asked, (touches(20),), ()) == ("gaze/touch", "wave")


def test_corrected_beats_are_told():
    one = body((0, 60, 500.0))
    counted = BodySeries(
        one.role,
        one.quantity,
        one.source,
        one.onsets_ns,
        one.offsets_ns,
        one.values,
        "abc",
        corrected={"PL": 2},
    )
    found = next(iter(EventLocked()(session("touch"), (touches(20),), (), (counted,))))
    assert all("beats_corrected=2" in row.flags for row in event_locked_rows(found))


def test_the_course_stands_on_the_mean_of_the_same_seconds_as_the_change():
    # Before 15 s the heart is another: the level is that of 15 to 20 s alone.
    steps = body((0, 15, 600.0), (15, 20, 500.0), (20, 60, 480.0))
    found = next(iter(EventLocked()(session("touch"), (touches(20),), (), (steps,))))
    assert found.changes.tolist() == [-20.0]
    assert found.course.tolist() == [0.0] * 10 + [-20.0] * 20


def test_the_band_holds_the_course_where_events_differ_and_is_nowhere_for_two():
    # Changes of 0, -10 and -40 after 10, 25 and 40 s: drawn anew, the mean lies between -40 and 0.
    steps = body((0, 25, 500.0), (25, 40, 490.0), (40, 60, 450.0))
    found = next(iter(EventLocked()(session("touch"), (touches(10, 25, 40),), (), (steps,))))
    after = found.times_s > 0
    assert found.course[after] == pytest.approx([-50 / 3] * 20)
    assert found.course_low[after] == pytest.approx([-40.0] * 20)
    assert found.course_high[after] == pytest.approx([0.0] * 20)
    two = next(iter(EventLocked()(session("touch"), (touches(25, 40),), (), (steps,))))
    assert np.isnan(two.course_low).all()


def test_where_no_event_has_signal_the_course_is_unknown():
    # 27 to 28 s is a hole for the one event: its window still holds enough.
    holed = body((0, 27, 500.0), (28, 60, 500.0))
    found = next(iter(EventLocked()(session("touch"), (touches(20),), (), (holed,))))
    hole = (found.times_s > 7) & (found.times_s < 8)
    assert np.isnan(found.course[hole]).all()
    assert found.course_n.tolist() == [0 if dark else 1 for dark in hole.tolist()]
    assert found.course[~hole].tolist() == [0.0] * 28


def test_one_event_is_held_against_random_times_too_and_nothing_has_an_empty_course():
    steps = body((0, 20, 500.0), (20, 60, 480.0))
    found = next(iter(EventLocked()(session("touch"), (touches(20),), (), (steps,))))
    assert np.isfinite(found.random).all()
    assert found.random.min() >= -20.0
    assert found.random.max() == 0.0
    unseen = next(iter(EventLocked()(session("touch"), (touches(20),), (), (body((50, 51, 500.0)),))))
    assert (unseen.times_s.size, unseen.course.size, unseen.course_n.size) == (0, 0, 0)
