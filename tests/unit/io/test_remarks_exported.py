"""What a coder notes on a bout reaches the codes table, and comes back from it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from stillface.domain.clock import NS_PER_S as S
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.codes_writer import write_codes
from stillface.io.human_codes import read_people
from stillface.io.scheme_yaml import load_scheme

TIER = "infant/affect3"


def written(tmp_path: Path, *bouts: LoggedBout) -> list[dict[str, str]]:
    with CodeLog.open(tmp_path / "AB.test-pc.jsonl", coder="AB", install="test-pc", app_version="0") as log:
        for bout in bouts:
            log.append("add", bout=bout)
    people = read_people(tmp_path, load_scheme)
    write_codes(tmp_path / "codes.csv", [("D1", "S1", (*people.tracks, *people.points), people.remarks)])
    with (tmp_path / "codes.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_comment_and_modifiers_stand_beside_their_bout(tmp_path: Path) -> None:
    noted = {"comment": "hiccup, später müde", "intensity": "hard", "reaction_ms": "200"}
    rows = written(
        tmp_path, LoggedBout(TIER, 0, 4 * S, "neu"), LoggedBout(TIER, 4 * S, 9 * S, "neg", attributes=noted)
    )
    assert [(row["code"], row["comment"]) for row in rows] == [("neu", ""), ("neg", "hiccup, später müde")]
    assert json.loads(rows[0]["attributes"]) == {}
    assert json.loads(rows[1]["attributes"]) == {"intensity": "hard", "reaction_ms": "200"}


def test_a_noted_bout_keeps_its_edges_beside_the_same_code(tmp_path: Path) -> None:
    rows = written(
        tmp_path,
        LoggedBout(TIER, 0, 2 * S, "neu"),
        LoggedBout(TIER, 2 * S, 3 * S, "neu", attributes={"comment": "yawn"}),
        LoggedBout(TIER, 3 * S, 5 * S, "neu"),
    )
    assert [(row["onset_s"], row["offset_s"], row["comment"]) for row in rows] == [
        ("0.0", "2.0", ""),
        ("2.0", "3.0", "yawn"),
        ("3.0", "5.0", ""),
    ]


def test_that_a_bout_still_runs_is_no_modifier(tmp_path: Path) -> None:
    rows = written(tmp_path, LoggedBout(TIER, 0, 2 * S, "neu", attributes={"running": "yes"}))
    assert (rows[0]["attributes"], rows[0]["comment"]) == ("{}", "")


def test_an_event_keeps_its_comment(tmp_path: Path) -> None:
    event = LoggedBout("infant/withdrawal", S, None, "withdrawal", attributes={"comment": "turns away"})
    rows = written(tmp_path, event)
    assert [(row["code"], row["comment"]) for row in rows if row["onset_s"] == "1.0"] == [
        ("withdrawal", "turns away")
    ]
