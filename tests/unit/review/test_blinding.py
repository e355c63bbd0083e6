"""Who was drawn for double coding sees neither machine nor others, however the session is opened."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.review.assignments import Assignment, write_assignments
from stillface.review.blinding import must_code_blind
from stillface.review.document import Document
from stillface.review.opening import open_desk, open_document
from stillface.review.package import check_out
from stillface.review.signoff import sign_off, unlock
from tests.unit.review.pair_study import HOME, code, key_of, make_study
from tests.unit.review.test_opening import add_proposals

_OPENED: list[str] = []
_WATCHING: list[bool] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _WATCHING and event == "open":
        _OPENED.append(str(arguments[0]))


sys.addaudithook(_note)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Collect the names of all files that Python opens."""
    _OPENED.clear()
    _WATCHING.append(True)
    yield _OPENED
    _WATCHING.clear()


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Give a study in which CD has coded and AB is to code the same, blind; EF was given nothing."""
    folder = make_study(tmp_path / "study", coders=("AB", "CD", "EF"))
    code(folder, "CD", [(0, 30, "pos")])
    add_proposals(folder, folder.scheme("affect3"))
    write_assignments(
        folder,
        [
            Assignment("one", "infant", "affect3", "CD", 1),
            Assignment("one", "infant", "affect3", "AB", 2),
        ],
    )
    return folder


def sees_only_own(document: Document, coder: str) -> bool:
    return {key.source for key in document.lanes} == {f"human:{coder}"}


@pytest.mark.parametrize("coder", ["AB", "CD"])
def test_both_passes_open_blind_though_nobody_asked_for_it(study: StudyFolder, coder: str) -> None:
    desk = open_desk(study, "one", coder, HOME)
    assert desk.document.blind
    assert desk.queue is None
    assert sees_only_own(desk.document, coder)
    assert "coded from scratch" in desk.document.notices[0]
    # Who knows that a session is coded twice codes it more carefully.
    assert not any("double" in notice or "second" in notice for notice in desk.document.notices)
    desk.document.close()


def test_asking_to_see_others_does_not_help(study: StudyFolder) -> None:
    document = open_document(study, "one", "AB", HOME, with_auto=True, with_others=True)
    assert sees_only_own(document, "AB")
    document.close()


def test_a_package_for_who_must_code_blind_holds_no_proposals(study: StudyFolder) -> None:
    for coder, there in (("AB", False), ("EF", True)):
        manifest = check_out(study, "one", coder, study.root / f"{coder}.zip", with_auto=True)
        assert any(name.endswith(".h5") for name in manifest.files) == there


def test_files_of_others_and_of_the_machine_are_not_even_opened(
    study: StudyFolder, opened: list[str]
) -> None:
    # A proposal that cannot be read would stop whoever reads it.
    (study.auto_dir("one") / "infant.affect3.h5").write_bytes(b"no proposals here")
    (study.codes_dir("one") / "auto_reviewed").mkdir(exist_ok=True)
    (study.codes_dir("one") / "auto_reviewed" / "CD.home-1111.jsonl").write_bytes(b"x\n")
    opened.clear()
    desk = open_desk(study, "one", "AB", HOME)
    desk.key("S")
    desk.document.close()
    names = {Path(name).name for name in opened}
    assert f"AB.{HOME}.jsonl" in names
    assert not {name for name in names if name.startswith("CD.") or name.endswith(".h5")}


def test_the_log_tells_what_could_be_seen(study: StudyFolder) -> None:
    for coder, seen in (("AB", "blind, as required"), ("EF", "sees auto:affect@1")):
        desk = open_desk(study, "one", coder, HOME)
        desk.key("S")
        desk.document.close()
        records, problem = read_log(study.log_path("one", coder, HOME))
        assert problem is None
        assert (records[0].op, records[0].text) == ("open", seen)
    chosen = open_desk(study, "one", "EF", HOME, blind=True)
    chosen.key("D")
    chosen.document.close()
    records, _ = read_log(study.log_path("one", "EF", HOME))
    assert [r.text for r in records if r.op == "open"] == ["sees auto:affect@1", "blind"]


def test_whoever_was_given_nothing_there_may_review(study: StudyFolder) -> None:
    desk = open_desk(study, "one", "EF", HOME)
    assert desk.queue is not None
    assert not desk.document.blind
    assert desk.document.notices == ()
    desk.document.close()


def test_sight_comes_with_the_sign_off_and_goes_with_the_unlocking(study: StudyFolder) -> None:
    code(study, "AB", [(0, 360, "neu")], signed=True)
    assert not must_code_blind(study, "one", "AB")
    seeing = open_desk(study, "one", "AB", HOME)
    assert seeing.queue is not None
    unlock(seeing.document, key_of("AB"), "one bout was wrong")
    seeing.document.close()
    assert must_code_blind(study, "one", "AB")
    again = open_desk(study, "one", "AB", HOME)
    assert again.document.blind
    sign_off(again.document, key_of("AB"), accept_open=True)
    again.document.close()


def test_a_drawn_session_that_nobody_was_given_is_blind_for_all(tmp_path: Path) -> None:
    from dataclasses import replace

    folder = make_study(tmp_path / "study", ("one", "two"))
    folder.update_reliability(lambda plan: replace(plan, sessions=("one",)))
    assert must_code_blind(folder, "one", "AB")
    assert not must_code_blind(folder, "two", "AB")


def test_sessions_coded_once_stay_as_they_were(study: StudyFolder) -> None:
    write_assignments(study, [Assignment("one", "infant", "affect3", "AB", 1)])
    desk = open_desk(study, "one", "AB", HOME)
    assert desk.queue is not None
    desk.document.close()


def test_a_table_that_cannot_be_read_opens_blind(study: StudyFolder) -> None:
    (study.root / "assignments.csv").write_text("session_id,role\n", encoding="utf-8")
    desk = open_desk(study, "one", "EF", HOME)
    assert desk.document.blind
    desk.document.close()
