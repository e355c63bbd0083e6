"""A couple's study with coded withdrawals: from the coders' logs to moments, tables and back."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.protocol_yaml import load_protocol
from stillface.pipeline.measure_tables import MeasureRequest, measure_tables
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.run import SilentObserver, run_plan

S = 1_000_000_000
B = (("pos", 0, 10), ("neg", 10, 14), ("pos", 14, 16), ("neu", 16, 20), ("pos", 20, 40), ("neg", 43, 60))
ROLES = ("partner_a", "partner_b")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Two conversations with the same affect; withdrawals in the first, none seen in the second."""
    people = tuple(Person(f"{letter}{k}", f"F{k}") for k in (1, 2) for letter in "AB")
    schemes = dict.fromkeys(ROLES, ("affect3", "withdrawal"))
    study = create_study(
        tmp_path / "study", Study("couples", "couple_stillface_moments", schemes=schemes, persons=people)
    )
    for k in (1, 2):
        persons = {"partner_a": f"A{k}", "partner_b": f"B{k}"}
        study.add_session(
            Session(
                f"S{k}", f"D{k}", load_protocol("couple_stillface_moments"), (Episode("CONV", 0, 60 * S),),
                persons=persons,
            )
        )  # fmt: skip
        with CodeLog.open(
            study.log_path(f"S{k}", "AB", "here"), coder="AB", install="here", app_version="0"
        ) as log:
            log.append("add", id="a", bout=LoggedBout("partner_a/affect3", 0, 60 * S, "pos"))
            for number, (code, onset, offset) in enumerate(B):
                bout = LoggedBout("partner_b/affect3", onset * S, offset * S, code)
                log.append("add", id=f"b{number}", bout=bout)
            if k == 1:
                for number, (role, time_s) in enumerate(
                    (("partner_b", 41), ("partner_b", 10), ("partner_a", 18))
                ):
                    event = LoggedBout(f"{role}/withdrawal", time_s * S, None, "withdrawal")
                    log.append("add", id=f"w{number}", bout=event)
            else:
                log.append("status", text="signed_off partner_a/withdrawal 0123456789abcdef")
                log.append("status", text="signed_off partner_b/withdrawal 0123456789abcdef")
                log.append("status", text="unlocked partner_b/withdrawal", why="not yet")
    return study


def test_events_of_the_log_reach_the_tables_and_come_back_from_them(
    folder: StudyFolder, tmp_path: Path
) -> None:
    summary = run_plan(folder, make_plan(folder, RunOptions(workers=1)), SilentObserver())
    assert summary.failures == {}
    moments = [row for row in rows_of(folder.exports_dir / "moments.csv") if row["match_rule"] == "valence3"]
    assert [(m["session_id"], m["role"], m["event_s"], m["recovery_s"], m["status"]) for m in moments] == [
        ("S1", "partner_b", "10.0", "10.0", "OK"),
        ("S1", "partner_a", "18.0", "2.0", "OK"),
        ("S1", "partner_b", "41.0", "19.0", "CENS_EP_END"),
    ]
    long = rows_of(folder.exports_dir / "measures_long.csv")
    counts = {
        (row["session_id"], row["role"]): row["value"]
        for row in long
        if row["measure"] == "frequency" and row["scheme_id"] == "withdrawal"
    }
    # Signed off without an event: none seen. Unlocked again: nobody says so, and nothing is counted.
    assert counts == {("S1", "partner_a"): "1.0", ("S1", "partner_b"): "2.0", ("S2", "partner_a"): "0.0"}
    n_moment = {
        row["session_id"]: row["value"]
        for row in long
        if row["measure"] == "n_moment" and row["match_rule"] == "valence3"
    }
    assert n_moment == {"S1": "3.0", "S2": "0.0"}
    # A19: the exported codes give the same numbers.
    tables = MeasureRequest(
        folder.exports_dir / "codes.csv", folder.exports_dir / "episodes.csv", "couple_stillface_moments"
    )
    measure_tables(tables, tmp_path / "again")
    assert rows_of(tmp_path / "again" / "moments.csv") == rows_of(folder.exports_dir / "moments.csv")
    again = [r for r in rows_of(tmp_path / "again" / "measures_long.csv") if r["session_id"] == "S1"]
    assert sorted(map(tuple, map(dict.values, again))) == sorted(
        tuple(row.values()) for row in long if row["session_id"] == "S1"
    )


def asked(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stillface", "measure", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_study_is_measured_to_json_without_a_run(folder: StudyFolder) -> None:
    one = asked(folder.root, "--session", "S1", "--json")
    assert one.returncode == 0, one.stderr
    found = json.loads(one.stdout)
    assert ([s["session_id"] for s in found["sessions"]], "statistics" in found) == (["S1"], False)
    counts = {
        row["role"]: row["value"]
        for row in found["sessions"][0]["rows"]
        if row["measure"] == "frequency" and row["scheme_id"] == "withdrawal"
    }
    assert counts == {"partner_a": 1.0, "partner_b": 2.0}
    assert not list(folder.exports_dir.iterdir())
    whole = json.loads(asked(folder.root, "--json").stdout)
    assert [s["session_id"] for s in whole["sessions"]] == ["S1", "S2"]
    assert set(whole["statistics"]) == {
        "effects", "models", "groups", "chance", "contingency", "survival", "transitions", "events",
        "changes", "missing", "exclusions",
    }  # fmt: skip
    run_plan(folder, make_plan(folder, RunOptions(workers=1)), SilentObserver())
    exported = rows_of(folder.exports_dir / "measures_long.csv")
    printed = [row for session in whole["sessions"] for row in session["rows"]]
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in printed] == exported


def test_a_study_and_tables_are_not_asked_for_at_once(folder: StudyFolder) -> None:
    for words, said in (
        ((folder.root,), "no --json"),
        ((folder.root, "--json", "--rule", "valence3"), "--rule"),
        (("--codes", "x.csv"), "missing: --episodes, --protocol, --out"),
        ((folder.root, "--json", "--session", "S9"), "S9"),
    ):
        result = asked(*words)
        assert (result.returncode in (2, 3), result.stderr.count("\n"), result.stdout) == (True, 1, "")
        assert said in result.stderr
