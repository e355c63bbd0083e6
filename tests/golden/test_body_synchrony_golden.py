"""Two hearts that are told to move together, apart, or not at all; RSA in a moving window of known size."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from stillface.domain.autonomic import BodySeries
from stillface.domain.clock import SampleClock
from stillface.domain.events import BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.protocol import EpisodeSpec, Protocol, Role
from stillface.domain.recording import Signal
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.io.codebook import measure_entry
from stillface.measures.body_synchrony import BODY_SYNCHRONY, body_series, body_synchrony_rows
from stillface.physio.artefacts import ibi_series
from stillface.physio.body_series import RSA_WINDOW_S, ibi_over_time, rsa_over_time, scl_over_time
from stillface.physio.params import EdaParams, HeartParams
from stillface.physio.rsa import filter_gain
from stillface.pipeline.study_body_chance import body_chance_rows
from stillface.testing.physiology import pulse_beats

S = 1_000_000_000
PROTOCOL = Protocol(
    "p",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (EpisodeSpec("PL", "interaction"), EpisodeSpec("SF", "perturbation", dyadic=False)),
)


def session(name: str = "s1", seconds: int = 120) -> Session:
    return Session(name, f"d{name}", PROTOCOL, (Episode("PL", 0, seconds * S),))


def body(role: str, values: np.ndarray, quantity: str = "scl_us") -> BodySeries:
    """One value a second from 0 s on."""
    onsets = np.arange(values.size, dtype=np.int64) * S
    return BodySeries(role, quantity, f"auto:{role[0]}@1", onsets, onsets + S, values, "h")


def wander(seed: int, n: int = 140) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(size=n + 4)
    return np.convolve(steps, np.ones(5) / 5, "valid") + 10


def rows_of(*bodies: BodySeries) -> dict[tuple[str, str], Measurement]:
    return {(r.episode_id, r.measure): r for r in body_synchrony_rows(session(), bodies)}


def test_the_partner_who_is_ahead_leads():
    # What the infant's skin does, the caregiver's does 3 s later.
    series = wander(1)
    rows = rows_of(body("infant", series[3:123]), body("caregiver", series[:120]))
    peak = rows["PL", "synchrony_peak_lag_s"]
    assert (peak.value, peak.role, peak.code, peak.unit) == (3.0, "dyad", "scl_us", "s")
    assert "leads=infant" in peak.flags
    assert rows["PL", "synchrony_peak_r"].value == pytest.approx(1.0, abs=0.01)
    assert rows["PL", "synchrony_peak_r"].coder_id == "i@1+c@1"
    assert (rows["PL", "synchrony_r0"].scorable_s, rows["PL", "synchrony_r0"].coverage) == (120.0, 1.0)
    assert rows["SF", "synchrony_r0"].status is Status.MISS_EPISODE
    assert all(measure_entry(row.measure) is not None for row in rows.values())


def test_in_phase_and_in_anti_phase():
    t = np.arange(120)
    wave = np.sin(2 * np.pi * t / 12)
    same = rows_of(body("infant", 5 + wave), body("caregiver", 9 + 2 * wave))
    other = rows_of(body("infant", 5 + wave), body("caregiver", 9 - 2 * wave))
    assert same["PL", "synchrony_r0"].value == pytest.approx(1.0)
    assert (same["PL", "in_phase_share"].value, same["PL", "anti_phase_share"].value) == (1.0, 0.0)
    assert other["PL", "synchrony_r0"].value == pytest.approx(-1.0)
    assert (other["PL", "in_phase_share"].value, other["PL", "anti_phase_share"].value) == (0.0, 1.0)


def test_a_trend_of_the_task_is_not_synchrony():
    line = np.linspace(0, 30, 120)
    rows = rows_of(body("infant", line + wander(2)[:120]), body("caregiver", line + wander(3)[:120]))
    r0, null = rows["PL", "synchrony_r0"].value, rows["PL", "synchrony_r0_null"].value
    assert r0 is not None
    assert null is not None
    assert abs(r0) < null


def test_who_wore_nothing_makes_no_pair_and_whose_device_failed_is_named():
    assert rows_of(body("infant", wander(1)[:120])) == {}
    rows = rows_of(body("infant", wander(1)[:120]), BodySeries.nothing("caregiver", "scl_us"))
    assert {row.status for (episode, _), row in rows.items() if episode == "PL"} == {Status.MISS_TECH}
    assert {row.value for row in rows.values()} == {None}


@pytest.mark.parametrize("stuck", [np.full(120, 5.3), np.linspace(5.1, 5.7, 120)])
def test_an_electrode_that_is_stuck_moves_with_nobody(stuck):
    rows = rows_of(body("infant", stuck), body("caregiver", wander(2)[:120]))
    for measure in ("synchrony_r0", "synchrony_peak_r", "in_phase_share", "anti_phase_share"):
        assert rows["PL", measure].status is Status.NA_CONST


def test_clocks_that_may_differ_by_more_than_a_step_give_no_lag():
    infant, caregiver = body("infant", wander(1)[:120]), body("caregiver", wander(2)[:120])
    near = [replace(one, sync_error_ms=400.0) for one in (infant, caregiver)]
    far = [replace(one, sync_error_ms=600.0) for one in (infant, caregiver)]
    assert rows_of(*near)["PL", "synchrony_r0"].status is Status.OK
    assert "sync_error_ms=800" in rows_of(*near)["PL", "synchrony_r0"].flags
    assert rows_of(*far)["PL", "synchrony_r0"].status is Status.MISS_TECH
    assert "sync_not_measured" in rows_of(infant, far[1])["PL", "synchrony_r0"].flags
    assert list(body_chance_rows([(session(), near)], {"s1": "f"})) != []
    assert list(body_chance_rows([(session(), far)], {"s1": "f"})) == []


def test_corrected_beats_of_either_are_told():
    bodies = [
        replace(body(role, 400 + wander(k)[:120], "ibi_ms"), corrected={"PL": k})
        for k, role in enumerate(("infant", "caregiver"), start=1)
    ]
    rows = rows_of(*bodies)
    assert all("beats_corrected=3" in r.flags for (episode, _), r in rows.items() if episode == "PL")
    assert not any("beats_corrected" in " ".join(r.flags) for (e, _), r in rows.items() if e == "SF")


def test_a_moving_window_stays_inside_the_episode():
    moving = replace(body("infant", wander(4), "rsa_ln_ms2"), window_s=15.0)
    series = body_series(moving, Episode("PL", 10 * S, 130 * S))
    # Middles from 7.5 s after the onset to 7.5 s before the end.
    assert np.flatnonzero(np.isfinite(series)).tolist() == list(range(7, 113))
    assert "window_s=15" in rows_of(moving, replace(moving, role="caregiver"))["PL", "synchrony_r0"].flags


HOLE = Intervals(np.array([70 * S]), np.array([80 * S]))


def beats(
    amplitude_ms: float, hz: float, seconds: int = 150, hole: Intervals | None = None
) -> tuple[BeatSeries, HeartParams]:
    grid_s = np.arange(seconds * 10_000) / 10_000
    times = pulse_beats(grid_s, 430 + amplitude_ms * np.sin(2 * np.pi * hz * grid_s))
    times_ns = np.rint(times * S).astype(np.int64)
    if hole is not None:
        times_ns = times_ns[~hole.contains(times_ns)]
    flags = np.zeros(times_ns.size, np.uint8)
    series = BeatSeries("infant", times_ns, flags, (0, seconds * S), "auto:x@1")
    return series, HeartParams.for_role("infant")


def test_moving_rsa_is_the_log_variance_of_the_swing():
    # As for the windows of an episode (SPEC 5.1): ln(A^2 / 2), what whole beats lose of it, and the gain.
    found, params = beats(20.0, 0.5)
    ibi = ibi_series(found, Intervals.empty(), params)
    rsa = rsa_over_time(found, ibi, params, {})
    expected = (
        np.log(200) + 2 * np.log(np.sinc(0.5 * 0.43)) + 2 * np.log(filter_gain(params.rsa, 0.5, 430.0)[0])
    )
    assert rsa.values.size > 100
    assert rsa.values == pytest.approx(np.full(rsa.values.size, expected), abs=0.1)
    assert (rsa.window_s, rsa.quantity) == (RSA_WINDOW_S, "rsa_ln_ms2")


def test_a_constant_heart_has_no_moving_rsa_and_a_hole_breaks_it():
    still, params = beats(0.0, 0.5)
    exact = replace(
        still, times_ns=np.arange(300, dtype=np.int64) * 430_000_000 + 1, flags=np.zeros(300, np.uint8)
    )
    assert rsa_over_time(exact, ibi_series(exact, Intervals.empty(), params), params, {}).values.size == 0
    found, params = beats(20.0, 0.5, hole=HOLE)
    rsa = rsa_over_time(found, ibi_series(found, HOLE, params), params, {})
    middles_s = (rsa.onsets_ns + rsa.offsets_ns) / 2 / S
    # A window may lose a tenth of its 15 s.
    assert not ((middles_s > 64.5) & (middles_s < 85.5)).any()
    assert (middles_s < 64).any()
    assert (middles_s > 86).any()


def test_intervals_and_samples_over_time_leave_holes_where_nothing_is_known():
    found, params = beats(0.0, 0.5, hole=HOLE)
    heart = ibi_over_time(found, ibi_series(found, HOLE, params), params, {"PL": 1})
    mean, known_s = heart.means(np.array([60 * S, 71 * S]), np.array([65 * S, 79 * S]))
    assert (mean[0], known_s[0]) == (pytest.approx(430.0, abs=0.01), pytest.approx(5.0))
    assert np.isnan(mean[1])
    assert known_s[1] == 0.0
    valid = np.ones(40, np.bool_)
    valid[8:12] = False
    signal = Signal("eda", "infant", "uS", np.arange(40.0), valid, SampleClock(0, Fraction(4), 40))
    skin = scl_over_time(signal, EdaParams())
    mean, known_s = skin.means(np.array([0, 2 * S, 9 * S]), np.array([2 * S, 3 * S, 11 * S]))
    assert mean[[0, 2]].tolist() == [3.5, 37.5]
    assert known_s.tolist() == [2.0, 0.0, 1.0]


def chance(tied: bool, n: int) -> dict[tuple[str, str], float]:
    sessions, families = [], {}
    for k in range(n):
        infant, other = wander(100 + k)[:120], wander(500 + k)[:120]
        caregiver = infant + other - 10 if tied else other
        name = f"s{k}"
        sessions.append((session(name), (body("infant", infant), body("caregiver", caregiver))))
        families[name] = f"f{k}"
    return {(row.surrogate, row.measure): row.p for row in body_chance_rows(sessions, families)}


def test_strangers_tell_tied_dyads_from_others():
    tied, loose = chance(True, 20), chance(False, 20)
    assert set(tied) == {
        (surrogate, f"synchrony_{name}")
        for surrogate in ("pseudo_dyads", "phase")
        for name in ("r0", "peak_r")
    }
    assert max(tied[surrogate, "synchrony_r0"] for surrogate in ("pseudo_dyads", "phase")) < 0.01
    assert min(loose[surrogate, "synchrony_r0"] for surrogate in ("pseudo_dyads", "phase")) > 0.05
    assert {surrogate for surrogate, _ in chance(True, 4)} == {"phase"}


def test_every_quantity_has_its_method():
    assert {method.detrend for method in BODY_SYNCHRONY.values()} == {True}
    assert [method.step_s for method in BODY_SYNCHRONY.values()] == [0.5, 1.0, 1.0]
