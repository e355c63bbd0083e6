"""recovery.csv and transitions.csv: what survival and sequential analysis of other programs start from."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import worked_examples as we
from stillface.domain.protocol import Protocol, Recovery
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.domain.study import Study
from stillface.io.bundle import create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.measures_table import RecoveryRow
from stillface.io.protocol_yaml import load_protocol
from stillface.measures.recovery import RecoveryLatency
from stillface.measures.return_to_baseline import ReturnToBaseline
from stillface.measures.survival import kaplan_meier
from stillface.pipeline.measure_tables import MeasureRequest, measure_tables
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.run import SilentObserver, run_plan
from stillface.pipeline.session_rows import recovery_rows, session_transition_rows

S = we.S


def recoveries(criterion: Recovery) -> dict[str, RecoveryRow]:
    """W2's infant, by target, under one criterion."""
    session, tracks = we.w2()
    protocol = replace(session.protocol, recovery=(criterion,))
    session = Session("s1", "d1", protocol, session.episodes)
    rule = replace(we.VALENCE3, schemes=())
    rows = list(RecoveryLatency()(session, tracks, (rule,)))
    return {row.target: row for row in recovery_rows(protocol, rows)}


@pytest.mark.parametrize(
    ("criterion", "target", "time_s", "event", "confirmed_s", "status"),
    [
        (Recovery("RE", "PL"), "nonneg", 3.0, 1, 6.0, "OK"),
        (Recovery("RE", "PL"), "pos", 5.0, 1, 8.0, "OK"),
        (Recovery("RE", "PL", sustain_s=5.0), "pos", 20.0, 0, None, "CENS_EP_END"),
        (Recovery("RE", "PL", sustain_s=5.0, gap_policy="censor"), "pos", 15.0, 0, None, "CENS_GAP"),
    ],
)
def test_w3b_as_time_and_event(
    criterion: Recovery, target: str, time_s: float, event: int, confirmed_s: float | None, status: str
) -> None:
    row = recoveries(criterion)[target]
    assert (row.time_s, row.event, row.at_risk, row.confirmed_s, row.status) == (
        time_s, event, 1, confirmed_s, status,
    )  # fmt: skip
    assert row.criterion == (
        f"sustain_s={criterion.sustain_s};at_risk=not_in_target;gap_policy={criterion.gap_policy}"
    )
    assert (row.role, row.match_rule, row.scorable_s, row.coverage) == ("infant", "", 18.0, 0.9)


def test_the_dyads_recovery_names_its_rule() -> None:
    row = recoveries(Recovery("RE", "PL"))["match"]
    assert (row.role, row.match_rule, row.time_s, row.event) == ("dyad", "valence3", 3.0, 1)


def waited(status: Status, value: float | None) -> Measurement:
    return Measurement(
        "d", "s", "worked", "RE", "infant", "affect3", "AB", "recovery_latency_s", "pos", "", value, "s", 1,
        60.0, 1.0, status,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "event", "at_risk"),
    [(Status.NA_NOTATRISK, None, 0), (Status.MISS_NOTCODED, None, None), (Status.MISS_LOWCOV, None, None)],
)
def test_who_was_not_at_risk_is_told_from_who_is_missing(
    status: Status, event: int | None, at_risk: int | None
) -> None:
    (row,) = recovery_rows(we.PROTOCOL, [waited(status, None)])
    assert (row.time_s, row.event, row.at_risk, row.status) == (None, event, at_risk, status.value)


def test_time_and_event_give_the_survival_curve() -> None:
    waits = [(5.0, "OK"), (8.0, "CENS_GAP"), (12.0, "OK"), (12.0, "OK"), (20.0, "OK"), (120.0, "CENS_EP_END")]
    rows = list(recovery_rows(we.PROTOCOL, [waited(Status[name], value) for value, name in waits]))
    curve = kaplan_meier([row.time_s or 0.0 for row in rows], [bool(row.event) for row in rows])
    assert curve.survival.round(4).tolist() == [0.8333, 0.4167, 0.2083]


def test_a_return_to_baseline_says_what_it_looked_for() -> None:
    session, track = we.w1()
    bouts = [("POS", 0, 60), ("PRO", 60, 64), ("POS", 64, 120), ("PRO", 180, 200), ("POS", 200, 240)]
    track = we.track(we.INFANT, "infant", bouts)
    episodes = (Episode("PL", 0, 120 * S), Episode("RE", 180 * S, 240 * S))
    session = Session("s1", "d1", session.protocol, episodes)
    (measured,) = ReturnToBaseline()(session, (track,))
    (row,) = recovery_rows(session.protocol, [measured])
    assert (row.target, row.time_s, row.event) == ("baseline", measured.value, 1)
    assert row.criterion.startswith("window_s=10.0;limit_pct=")
    assert row.criterion.endswith(";sustain_s=3.0")


def test_transitions_of_w1_stop_at_the_gap() -> None:
    session, track = we.w1()
    rows = list(session_transition_rows(session, (track,)))
    assert {(row.code, row.next_code): (row.n_transitions, row.n_given, row.p_next) for row in rows} == {
        ("SOC", "POS"): (1, 2, 0.5),
        ("SOC", "PRO"): (1, 2, 0.5),
        ("POS", "OBJ"): (1, 1, 1.0),
        ("OBJ", "PRO"): (1, 1, 1.0),
        ("PRO", "SOC"): (1, 1, 1.0),
    }
    assert {(row.episode_id, row.role, row.scheme_id, row.source, row.coder_id) for row in rows} == {
        ("SF", "infant", "worked_infant", "human", "AB")
    }
    assert {(row.scorable_s, row.coverage) for row in rows} == {(56.0, 56 / 60)}


def test_a_machines_codes_are_told_from_a_persons() -> None:
    session, (infant, caregiver) = we.w2()
    reviewed = replace(infant, source="auto_reviewed:AB")
    assert {row.source for row in session_transition_rows(session, (reviewed,))} == {"auto_reviewed"}
    rule = replace(we.VALENCE3, schemes=())
    rows = list(RecoveryLatency()(session, (reviewed, caregiver), (rule,)))
    found = {row.role: row.flags for row in recovery_rows(session.protocol, rows)}
    assert "source=auto_reviewed" in found["infant"]
    assert "source=auto_reviewed+human" in found["dyad"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def protocol() -> Protocol:
    return load_protocol("ffsf_2_2_2")


def test_a_study_and_its_exported_tables_give_the_same(tmp_path: Path) -> None:
    schemes = {"infant": ("affect3",), "caregiver": ("affect3",)}
    study = create_study(tmp_path / "study", Study("lab", "ffsf_2_2_2", schemes=schemes))
    episodes = tuple(
        Episode(name, 120 * k * S, 120 * (k + 1) * S) for k, name in enumerate(("PL", "SF", "RE"))
    )
    study.add_session(Session("S1", "D1", protocol(), episodes))
    bouts = {
        "infant": (("pos", 0, 100), ("neu", 100, 200), ("neg", 200, 250), ("pos", 250, 360)),
        "caregiver": (("pos", 0, 120), ("neu", 120, 245), ("pos", 245, 360)),
    }
    with CodeLog.open(study.log_path("S1", "AB", "here"), coder="AB", install="here", app_version="0") as log:
        for role, coded in bouts.items():
            for k, (code, onset, offset) in enumerate(coded):
                one = LoggedBout(f"{role}/affect3", onset * S, offset * S, code)
                log.append("add", id=f"{role}{k}", bout=one)
    assert run_plan(study, make_plan(study, RunOptions(workers=1)), SilentObserver()).failures == {}
    exports = study.exports_dir
    nonneg = next(
        row
        for row in rows_of(exports / "recovery.csv")
        if (row["role"], row["target"]) == ("infant", "nonneg")
    )
    assert (nonneg["time_s"], nonneg["event"], nonneg["at_risk"], nonneg["confirmed_s"]) == (
        "10.0", "1", "1", "13.0",
    )  # fmt: skip
    assert {
        (row["role"], row["episode_id"], row["code"], row["next_code"], row["n_transitions"])
        for row in rows_of(exports / "transitions.csv")
    } == {
        ("infant", "PL", "pos", "neu", "1"),
        ("infant", "SF", "neu", "neg", "1"),
        ("infant", "RE", "neg", "pos", "1"),
        ("caregiver", "RE", "neu", "pos", "1"),
    }
    request = MeasureRequest(exports / "codes.csv", exports / "episodes.csv", "ffsf_2_2_2")
    measure_tables(request, tmp_path / "again")
    for name in ("recovery.csv", "transitions.csv"):
        again = rows_of(tmp_path / "again" / name)
        assert sorted(map(tuple, map(dict.values, again))) == sorted(
            map(tuple, map(dict.values, rows_of(exports / name)))
        )
    described = {row["name"]: row for row in rows_of(exports / "codebook.csv")}
    assert described["criterion"]["definition"]
    assert "recovery.csv" in described["event"]["definition"]
