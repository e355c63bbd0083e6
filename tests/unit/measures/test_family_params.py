"""A lab's own parameters: the same in a session's rows, in tables and in the study, and said beside them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.measure_params import (
    USUAL,
    ContingencyParams,
    MeasureParams,
    OccupancyParams,
    ReturnToBaselineParams,
    SynchronyParams,
)
from stillface.domain.results import Measurement
from stillface.domain.session import Episode, Session
from stillface.domain.study import Study
from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_scheme
from stillface.measures.contingency import Contingency
from stillface.measures.return_to_baseline import ReturnToBaseline
from stillface.measures.synchrony import Synchrony
from stillface.pipeline.measure_study import measure_study
from stillface.pipeline.measuring import measure_session
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.study_chance import chance_rows
from stillface.pipeline.study_contingency import contingency_rows
from stillface.testing.dyads import random_track

S = we.S
LAB = MeasureParams(
    OccupancyParams(5000),
    ReturnToBaselineParams(20.0),
    ContingencyParams(5.0, 0.5),
    SynchronyParams(step_s=0.5, max_lag_s=2.0, window_s=10.0, detrend=True),
)


def dyad(seed: int = 5) -> tuple[Session, tuple[we.StateTrack, we.StateTrack]]:
    rng = np.random.default_rng(seed)
    scheme = load_scheme("affect3")
    first, second = (
        random_track(scheme, role, rng, offset_ns=300 * S).track for role in ("infant", "caregiver")
    )
    episodes = (Episode("PL", 0, 120 * S), Episode("SF", 120 * S, 180 * S), Episode("RE", 180 * S, 300 * S))
    return Session(f"s{seed}", f"d{seed}", we.PROTOCOL, episodes), (first, second)


def of(rows: list[Measurement], measure: str) -> list[Measurement]:
    return [row for row in rows if row.measure == measure]


def test_the_bridged_gap_of_w1_reaches_the_rows() -> None:
    session, track = we.w1()
    for params, n, flag in ((USUAL, 2, False), (LAB, 1, True)):
        rows = of(measure_session(session, (track,), (), params), "frequency")
        (row,) = [row for row in rows if (row.code, row.episode_id) == ("OBJ", "SF")]
        assert (row.value, "bridge_gap_ms=5000" in row.flags) == (float(n), flag)


@pytest.mark.parametrize(
    ("family", "measure"),
    [
        (Contingency(5.0, 0.5), "contingency_z"),
        (Synchrony(step_s=0.5, max_lag_s=2.0, window_s=10.0, detrend=True), "synchrony_peak_r"),
        (ReturnToBaseline(20.0), "return_to_baseline_s"),
    ],
)
def test_a_session_is_measured_as_the_family_itself_would(
    family: Contingency | Synchrony | ReturnToBaseline, measure: str
) -> None:
    session, tracks = dyad(seed=1)
    mine = of(measure_session(session, tracks, (), LAB), measure)
    alone = of(list(family(session, tracks)), measure)
    usual = of(measure_session(session, tracks, ()), measure)
    assert [(r.value, r.n, r.status, r.params_hash) for r in mine] == [
        (r.value, r.n, r.status, r.params_hash) for r in alone
    ]
    assert [r.value for r in mine] != [r.value for r in usual]
    assert {r.params_hash for r in mine}.isdisjoint(r.params_hash for r in usual)
    changed = LAB.changed(family.name)
    for row in mine:
        assert {f"{name}={value!r}" for name, value in changed.items()} <= set(row.flags)
        assert len(row.flags) == len(set(row.flags))


def test_families_without_parameters_are_as_ever() -> None:
    session, tracks = dyad()
    names = ("latency_s", "slope_pct_per_min", "grid_visits")
    mine, usual = (
        [row for row in measure_session(session, tracks, (), params) if row.measure in names]
        for params in (LAB, USUAL)
    )
    assert mine == usual


def test_the_study_pools_with_the_same_window_unit_and_steps() -> None:
    sessions = [dyad(seed) for seed in range(6)]
    families = {session.session_id: session.session_id for session, _ in sessions}
    rules = (we.VALENCE3,)
    table = {(r.episode_id, r.code): r for r in contingency_rows(sessions, rules, families, LAB)}
    row = table["PL", "infant:pos>caregiver:pos"]
    # Two half-second units a second, of the whole play that both were seen in.
    scorable_s = sum(
        r.scorable_s or 0.0
        for session, tracks in sessions
        for r in of(list(Contingency()(session, tracks)), "contingency_z")
        if (r.episode_id, r.code) == ("PL", row.code)
    )
    assert row.in_window + row.window_only + row.target_only + row.neither == pytest.approx(2 * scorable_s)
    synchrony = Synchrony(**asdict(LAB.synchrony))
    r0 = [
        r.value
        for session, tracks in sessions
        for r in of(list(synchrony(session, tracks)), "synchrony_r0")
        if r.episode_id == "PL" and r.value is not None
    ]
    (chance,) = [
        r
        for r in chance_rows(sessions, rules, families, LAB)
        if (r.episode_id, r.measure, r.surrogate) == ("PL", "synchrony_r0", "shuffled_segments")
    ]
    assert chance.observed == pytest.approx(np.mean(r0))


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    schemes = {"infant": ("affect3",), "caregiver": ("affect3",)}
    made = create_study(tmp_path / "study", Study("lab", "ffsf_2_2_2", schemes=schemes))
    made.add_session(Session("S1", "D1", load_protocol("ffsf_2_2_2"), (Episode("PL", 0, 120 * S),)))
    with CodeLog.open(made.log_path("S1", "AB", "here"), coder="AB", install="here", app_version="0") as log:
        for role in schemes:
            for k, (code, onset, offset) in enumerate((("pos", 0, 50), ("pos", 52, 90), ("neu", 90, 120))):
                log.append(
                    "add", id=f"{role}{k}", bout=LoggedBout(f"{role}/affect3", onset * S, offset * S, code)
                )
    return made


def positive_bouts(found: list[dict[str, str]]) -> dict[str, str]:
    return {
        row["role"]: row["value"]
        for row in found
        if (row["measure"], row["code"], row["episode_id"]) == ("frequency", "pos", "PL")
    }


def test_study_yaml_rules_the_studys_rows_and_makes_a_run_anew(study: StudyFolder) -> None:
    before = make_plan(study, RunOptions()).key
    path = study.root / "study.yaml"
    path.write_text(path.read_text() + "\nmeasures:\n  occupancy: {bridge_gap_ms: 2000}\n")
    again = open_study(study.root)
    (rows,) = measure_study(again, RunOptions()).sessions.values()
    bouts = {r.role: r.value for r in of(list(rows), "frequency") if (r.code, r.episode_id) == ("pos", "PL")}
    assert bouts == {"infant": 1.0, "caregiver": 1.0}
    assert make_plan(again, RunOptions()).key != before


def test_the_command_line_takes_a_file(tmp_path: Path) -> None:
    codes, episodes, params = (tmp_path / name for name in ("codes.csv", "episodes.csv", "params.yaml"))
    codes.write_text(
        "dyad_id,session_id,role,scheme_id,coder_id,code,onset_s,offset_s\n"
        "d,s,infant,affect3,AB,pos,0,50\nd,s,infant,affect3,AB,pos,52,90\n"
    )
    episodes.write_text("session_id,episode_id,onset_s,offset_s\ns,PL,0,120\n")
    params.write_text("measures:\n  occupancy: {bridge_gap_ms: 2000}\n")
    call = [sys.executable, "-m", "stillface", "measure", "--codes", codes, "--episodes", episodes]
    call += ["--protocol", "ffsf_2_2_2", "--out", tmp_path / "out", "--json"]
    for words, n in (([], "2.0"), (["--params", params], "1.0")):
        done = subprocess.run(list(map(str, call + words)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["sessions"] == 1
        with (tmp_path / "out" / "measures_long.csv").open(newline="") as file:
            assert positive_bouts(list(csv.DictReader(file))) == {"infant": n}
    params.write_text("measures:\n  occupancy: {bridge_gap_ms: some}\n")
    done = subprocess.run(
        [*map(str, call), "--params", str(params)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "params.yaml:2" in done.stderr
