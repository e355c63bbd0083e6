"""Autonomic results as rows: every promised cell is there, with a value or the reason it lacks one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stillface.domain.autonomic import AutonomicEpisode, AutonomicValue
from stillface.domain.protocol import Contrast, EpisodeSpec, Protocol, Role
from stillface.domain.recording import SignalRecording
from stillface.domain.results import Status
from stillface.domain.session import Episode, Session
from stillface.measures.autonomic import HEART_MEASURES, autonomic_rows, baseline_rows
from stillface.measures.contrasts import contrast_rows

S = 1_000_000_000
PROTOCOL = Protocol(
    id="ffsf",
    roles=(Role("infant", focal=True), Role("caregiver")),
    pairs=(("infant", "caregiver"),),
    episodes=(
        EpisodeSpec("BL", "baseline", optional=True),
        EpisodeSpec("PL", "interaction"),
        EpisodeSpec("T1", "transition", analyse=False),
        EpisodeSpec("SF", "perturbation"),
        EpisodeSpec("RE", "reunion", follows="SF"),
    ),
    contrasts=(
        Contrast("sfe", ("SF", "PL")),
        Contrast("reu", ("RE", "SF")),
        Contrast("carry", ("RE", "PL")),
    ),
    physio_baseline=("BL", "PL"),
)
EPISODES = tuple(
    Episode(name, k * 120 * S, (k + 1) * 120 * S) for k, name in enumerate(("PL", "SF", "RE"), 1)
)
RSA = {"PL": 4.0, "SF": 3.2, "RE": 3.9, "BL": 4.4}


def session(*channels: tuple[str, str], episodes=EPISODES) -> Session:
    recordings = tuple(SignalRecording(f"{role}_{kind}", "a.csv", kind, role) for role, kind in channels)
    return Session("s1", "d1", PROTOCOL, episodes, recordings=recordings)


def summary(episode: str, role: str = "infant", coverage: float = 0.9) -> AutonomicEpisode:
    values = (
        AutonomicValue("hr_bpm", 140.0, 250, 108.0, coverage, Status.OK),
        AutonomicValue("ibi_ms", 428.6, 250, 108.0, coverage, Status.OK),
        AutonomicValue("rmssd_ms", 9.0, 249, 108.0, coverage, Status.OK),
        AutonomicValue("rsa_ln_ms2", RSA[episode], 4, 120.0, 1.0, Status.OK, ("rsa=infant",)),
    )
    return AutonomicEpisode(role, episode, "auto:ecg_vote@1", values, "abc")


def test_each_episode_gives_each_measure_with_its_stamp():
    rows = list(autonomic_rows(session(("infant", "ecg")), [summary(e) for e in ("PL", "SF", "RE")]))
    assert [(row.episode_id, row.measure) for row in rows] == [
        (episode, measure) for episode in ("PL", "SF", "RE") for measure in HEART_MEASURES
    ]
    rsa = rows[3]
    assert (rsa.value, rsa.unit, rsa.n, rsa.coverage) == (4.0, "ln(ms2)", 4, 1.0)
    assert (rsa.role, rsa.coder_id, rsa.flags, rsa.params_hash) == (
        "infant",
        "ecg_vote@1",
        ("rsa=infant",),
        "abc",
    )
    assert (rsa.dyad_id, rsa.session_id, rsa.protocol_id) == ("d1", "s1", "ffsf")
    assert (rsa.scheme_id, rsa.code, rsa.match_rule, rsa.scorable_s) == ("", "", "", 120.0)


def test_reactivity_recovery_and_carry_over_have_the_sign_of_the_spec():
    made = session(("infant", "ecg"))
    rows = list(autonomic_rows(made, [summary(e) for e in ("PL", "SF", "RE")]))
    found = {r.episode_id: r.value for r in contrast_rows(PROTOCOL, rows) if r.measure == "rsa_ln_ms2"}
    assert found == {"SF-PL": pytest.approx(-0.8), "RE-SF": pytest.approx(0.7), "RE-PL": pytest.approx(-0.1)}
    assert list(baseline_rows(made, rows)) == []


def test_a_baseline_that_was_run_is_the_reference():
    episodes = (Episode("BL", 0, 120 * S), *EPISODES)
    made = session(("infant", "ecg"), episodes=episodes)
    rows = list(autonomic_rows(made, [summary(e) for e in ("BL", "PL", "SF", "RE")]))
    found = {r.episode_id: r.value for r in baseline_rows(made, rows) if r.measure == "rsa_ln_ms2"}
    assert found == {"SF-BL": pytest.approx(-1.2), "RE-BL": pytest.approx(-0.5)}


def test_a_channel_that_gave_nothing_is_missing_not_absent():
    rows = list(autonomic_rows(session(("infant", "ecg"), ("caregiver", "eda")), [summary("PL")]))
    lost = {(r.role, r.episode_id): (r.status, r.value, r.coverage) for r in rows if r.episode_id != "PL"}
    assert set(lost.values()) == {(Status.MISS_TECH, None, 0.0)}
    eda = [r for r in rows if r.role == "caregiver"]
    assert {(r.measure, r.unit) for r in eda} == {("scl_us", "uS"), ("scr_per_min", "1/min")}
    assert {(r.coder_id, r.params_hash, r.n, r.scorable_s) for r in eda} == {("", "", None, 0.0)}
    contrast = [r for r in contrast_rows(PROTOCOL, rows) if r.measure == "hr_bpm"]
    assert {r.status for r in contrast} == {Status.MISS_TECH}


def test_an_episode_that_was_not_run_says_so():
    made = replace(session(("infant", "ecg")), episodes=EPISODES[:2])
    rows = list(autonomic_rows(made, [summary("PL"), summary("SF")]))
    assert {(r.status, r.value, r.coverage) for r in rows if r.episode_id == "RE"} == {
        (Status.MISS_EPISODE, None, None)
    }


def test_low_coverage_is_flagged():
    rows = list(autonomic_rows(session(), [summary("PL", coverage=0.6)]))
    assert "low_coverage" in rows[0].flags


def test_nobody_wired_gives_no_row():
    assert list(autonomic_rows(session(), [])) == []


def test_two_roles_come_in_the_protocols_order():
    given = [summary("PL", "caregiver"), summary("PL", "infant")]
    rows = list(autonomic_rows(session(), given))
    assert list(dict.fromkeys(row.role for row in rows)) == ["infant", "caregiver"]
    assert np.unique([row.role for row in rows]).tolist() == ["caregiver", "infant"]
