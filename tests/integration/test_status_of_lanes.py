"""``stillface status``: what the browser shows of every lane, at a terminal and for a script."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillface.cli.main import run
from stillface.domain.clock import NS_PER_S as S
from stillface.io.bundle import StudyFolder
from stillface.review.assignments import ASSIGNMENTS_FILE, Assignment, write_assignments
from stillface.review.commands_edit import Paint
from stillface.review.library import Library
from stillface.review.opening import open_desk
from stillface.review.package import check_out
from stillface.review.signoff import sign_off
from tests.unit.review.pair_study import code, key_of, make_study
from tests.unit.review.test_opening import add_proposals

Say = Callable[..., tuple[str, str]]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Give what a command prints on stdout and stderr, 100 columns wide."""

    def command(*words: object) -> tuple[str, str]:
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr(sys, "argv", ["stillface", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            run()
        assert not end.value.code
        text = capsys.readouterr()
        return text.out, text.err

    return command


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    folder = make_study(tmp_path / "study", ("one", "two"), ("AB", "CD", "EF"))
    add_proposals(folder, folder.scheme("affect3"))
    code(folder, "AB", [(0, 360, "neu")], signed=True)
    code(folder, "CD", [(0, 90, "pos")])
    code(folder, "CD", [(0, 360, "neu")], role="caregiver", signed=True)
    desk = open_desk(folder, "one", "EF", "home-1111")
    desk.key("F7")
    desk.key("Return")
    desk.document.close()
    write_assignments(
        folder,
        [
            Assignment("one", "infant", "affect3", "AB", 1),
            Assignment("one", "infant", "affect3", "CD", 2),
            Assignment("two", "infant", "affect3", "CD", 1),
        ],
    )
    return folder


def lanes_of(out: str, session_id: str) -> list[tuple[Any, ...]]:
    (state,) = [s for s in json.loads(out)["sessions"] if s["session_id"] == session_id]
    return [
        (lane["role"], lane["coder"], lane["kind"], lane["pass"], lane["state"], bool(lane["signed_at"]))
        for lane in state["lanes"]
    ]


def test_every_lane_with_who_was_given_it_and_how_far_it_is(study: StudyFolder, say: Say) -> None:
    out, _ = say("status", study.root, "--json")
    assert lanes_of(out, "one") == [
        ("infant", "AB", "human", 1, "signed off", True),
        ("infant", "CD", "human", 2, "in progress", False),
        ("infant", "EF", "auto_reviewed", None, "in progress", False),
        ("caregiver", "CD", "human", None, "signed off", True),
    ]
    assert lanes_of(out, "two") == [
        ("infant", "CD", "human", 1, "not started", False),
        ("caregiver", None, "human", None, "not started", False),
    ]
    shares = [lane["coded_share"] for lane in json.loads(out)["sessions"][0]["lanes"]]
    assert (shares[0], shares[1], shares[3]) == (1.0, 0.25, 1.0)


def test_it_says_what_the_browser_says(study: StudyFolder, say: Say) -> None:
    out, _ = say("status", study.root, "--json")
    entry = Library(study, "M", manager=True).entry("one")
    seen = sorted((t.role, t.coder, t.kind, t.state) for t in entry.tracks)
    told = sorted((role, coder, kind, state) for role, coder, kind, _, state, _ in lanes_of(out, "one"))
    assert told == seen


def test_the_screen_is_readable_in_100_columns(study: StudyFolder, say: Say, tmp_path: Path) -> None:
    check_out(study, "two", "CD", tmp_path / "two.zip")
    _, err = say("status", study.root)
    lines = err.splitlines()
    assert max(map(len, lines)) <= 100
    rows = [line.split() for line in lines]
    assert ["one", "infant", "affect3", "1st", "AB", "coded", "100", "%", "signed", "off"] in [
        row[:10] for row in rows
    ]
    assert ["infant", "affect3", "2nd", "CD", "coded", "25", "%", "in", "progress"] in rows
    assert ["caregiver", "affect3", "-", "anybody", "-", "0", "%", "not", "started"] in rows
    assert any(row[:5] == ["infant", "affect3", "-", "EF", "reviewed"] for row in rows)
    assert "6 lanes: 2 signed off, 2 in progress, 2 not started" in lines
    assert "note: two: checked out for CD" in lines


def test_a_track_that_changed_after_its_sign_off_is_told(study: StudyFolder, say: Say) -> None:
    # Two computers that know nothing of each other.
    documents = [open_desk(study, "two", "CD", install).document for install in ("laptop-2222", "home-1111")]
    for document, name in zip(documents, ("neu", "pos"), strict=True):
        document.do(Paint(key_of("CD"), 0, 360 * S, name))
        sign_off(document, key_of("CD"), accept_open=True)
        document.close()
    out, err = say("status", study.root, "--json")
    assert lanes_of(out, "two")[0][4] == "changed since sign-off"
    _, err = say("status", study.root)
    assert "problem: two: CD: infant affect3, two computers disagree in 2 places" in err


def test_a_table_of_assignments_that_cannot_be_read_is_told_and_the_rest_shown(
    study: StudyFolder, say: Say
) -> None:
    (study.root / ASSIGNMENTS_FILE).write_text("session_id,role\none,infant\n", encoding="utf-8")
    out, _ = say("status", study.root, "--json")
    assert json.loads(out)["problem"]
    assert ("infant", "AB", "human", None, "signed off", True) in lanes_of(out, "one")
    _, err = say("status", study.root)
    assert "problem: who was given what is not known:" in err


def test_looking_changes_nothing(study: StudyFolder, say: Say) -> None:
    def files() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in study.root.rglob("*") if p.is_file()}

    before = files()
    say("status", study.root)
    assert files() == before
