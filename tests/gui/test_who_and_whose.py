"""Who codes, what is theirs, and whose a package is: by the keys of somebody who has not read the manual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QMessageBox

from stillface.domain.clock import NS_PER_S as S
from stillface.errors import InputError, UsageError
from stillface.gui import launch, sitting
from stillface.gui.coder_dialog import CoderDialog, NewCoderDialog
from stillface.gui.launch import parse
from stillface.gui.palette import DARK
from stillface.gui.study_browser import StudyBrowser
from stillface.gui.trouble import TroubleBox
from stillface.gui.who import WhoDialog
from stillface.review.assignments import Assignment, write_assignments
from stillface.review.commands_edit import Paint
from stillface.review.install import install_id, last_coder, remember_coder
from stillface.review.lanes import LaneKey
from stillface.review.library import Library
from stillface.review.opening import open_document
from stillface.review.package import check_out, pack_back, study_at


def coded(study: Any, coder: str, until_s: float, role: str = "infant", scheme: str = "affect3") -> None:
    document = open_document(study, "one", coder, install_id(), with_auto=False)
    code = study.scheme(scheme).code_ids[0]
    document.do(Paint(LaneKey(role, scheme, f"human:{coder}"), 0, round(until_s * S), code))
    document.close()


def shown(dialog: Any, qtbot: Any) -> Any:
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitExposed(dialog)
    QApplication.processEvents()
    return dialog


def browser(study: Any, qtbot: Any, viewer: str = "AB", *, manager: bool = False) -> StudyBrowser:
    found: StudyBrowser = shown(StudyBrowser(Library(study, viewer, manager=manager), DARK), qtbot)
    found.read_all()
    return found


def types(dialog: Any, text: str, *keys: Any) -> None:
    """Type where the dialog has the focus, wherever that is."""
    QTest.keyClicks(dialog.focusWidget(), text)
    for key in keys or (Qt.Key.Key_Return,):
        QTest.keyClick(dialog.focusWidget(), key)


@pytest.fixture
def unnamed(study: Any) -> Any:
    study.update_study(lambda now: replace(now, coders=()))
    return study


def test_where_nobody_is_known_one_types_and_is_asked_once(unnamed: Any, qtbot: Any) -> None:
    who = shown(WhoDialog(unnamed, DARK), qtbot)
    assert not who.names.isVisible()
    assert who.other.placeholderText() == "type your initials"
    types(who, "MG")
    assert who.result() == 0
    assert who.hint.text() == "MG is new here: begin as MG?"
    assert who.box.button(QDialogButtonBox.StandardButton.Ok).text() == "Begin as MG"
    types(who, "X")
    assert who.hint.text() == "MGX is new here: begin as MGX?"
    types(who, "", Qt.Key.Key_Return)
    assert (who.result(), who.coder) == (1, "MGX")


def test_who_has_coded_is_listed_and_the_last_one_is_chosen(unnamed: Any, qtbot: Any) -> None:
    coded(unnamed, "MG", 5)
    coded(unnamed, "JK", 5)
    remember_coder("s", "MG")
    who = shown(WhoDialog(unnamed, DARK), qtbot)
    assert [who.names.item(row).text() for row in range(who.names.count())] == ["JK", "MG"]
    types(who, "")
    assert (who.result(), who.coder) == (1, "MG")
    again = shown(WhoDialog(unnamed, DARK), qtbot)
    again.other.setFocus()
    types(again, "mg")
    assert again.hint.text() == "mg is new here: begin as mg? There is MG already."
    assert again.result() == 0


def test_a_session_that_is_not_there_is_told_before_anybody_is_asked(
    study: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []
    told: list[str] = []
    monkeypatch.setattr(WhoDialog, "exec", lambda _dialog: asked.append(1) or 0)
    monkeypatch.setattr(TroubleBox, "exec", lambda box: told.append(box.text()) or 0)
    monkeypatch.setattr(launch, "need_display", lambda: None)
    assert launch.main([str(study.root), "nosuch"]) != 0
    assert asked == []
    assert len(told) == 1
    assert told[0].startswith("The study has no session nosuch. Open the study without")
    assert "nosuch" in capsys.readouterr().err


def test_a_package_is_for_one_coder(
    study: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_out(study, "one", "JK", tmp_path / "jk.zip")
    away = study_at(tmp_path / "jk.zip")
    with pytest.raises(UsageError, match="this package is for JK"):
        sitting.begin(parse([str(tmp_path / "jk.zip"), "--coder", "XX"]))
    assert last_coder("s") == ""
    who = shown(WhoDialog(away, DARK), qtbot)
    assert not who.other.isVisible()
    types(who, "")
    assert (who.result(), who.coder) == (1, "JK")
    with pytest.raises(UsageError, match="nothing has been coded here yet"):
        pack_back(away, tmp_path / "back.zip")
    # As it may have been done before packages were refused.
    coded(away, "XX", 5)
    with pytest.raises(UsageError, match="for JK, who has coded nothing here; XX has"):
        pack_back(away, tmp_path / "back.zip")
    coded(away, "JK", 5)
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(box.informativeText()) or 0)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "back.zip"), ""))
    found = browser(away, qtbot, "JK")
    QTest.mouseClick(found.back_button, Qt.MouseButton.LeftButton)
    assert "Not in it: the work of XX." in told[0]


def test_one_session_is_chosen_and_the_queue_says_what_is_not_begun(study: Any, qtbot: Any) -> None:
    found = browser(study, qtbot)
    assert found.session_id == "one"
    lines = [found.queue.item(row).text() for row in range(found.queue.count())]
    assert lines == ["Nothing was given to anybody here. Not begun:", "\u25cb one: all of it"]
    coded(study, "AB", 20)
    found.come_back("one")
    found.read_all()
    assert found.queue.item(1).text() == "\u25d0 one: caregiver affect3"
    QTest.keyClick(found.table, Qt.Key.Key_Return)
    assert found.choice is not None
    assert (found.choice.session_id, found.choice.lane) == ("one", None)


def test_what_a_task_asked_for_is_not_meant_for_another_session(study: Any, qtbot: Any) -> None:
    study.add_session(replace(study.load_session("one"), session_id="two"))
    write_assignments(study, [Assignment("one", "caregiver", "affect3", "AB")])
    found = browser(study, qtbot)
    found.mine.setChecked(False)
    place = found.queue.visualItemRect(found.queue.item(0)).center()
    QTest.mouseClick(found.queue.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert (found.role.currentText(), found.blind.isChecked()) == ("caregiver only", True)
    found.table.setFocus()
    QTest.keyClick(found.table, Qt.Key.Key_Down)
    assert found.session_id == "two"
    assert (found.role.currentText(), found.blind.isChecked()) == ("both people", False)


@pytest.fixture
def chooses(opened: Callable[[list[str]], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Begin a sitting in whose browser somebody does something."""

    def open_(arguments: list[str], does: Callable[[StudyBrowser], object] = lambda _shown: None) -> Any:
        def browse(found: StudyBrowser) -> int:
            found.read_all()
            does(found)
            return found.result()

        monkeypatch.setattr(StudyBrowser, "exec", browse)
        return opened(arguments)

    return open_


@pytest.fixture
def two_gazes(study: Any) -> Any:
    both = ("affect3", "gaze")
    study.update_study(lambda now: replace(now, schemes=dict.fromkeys(("infant", "caregiver"), both)))
    rows = [Assignment("one", "infant", "gaze", "AB"), Assignment("one", "caregiver", "gaze", "AB")]
    write_assignments(study, rows)
    return study


def test_a_task_opens_its_lane_role_and_scheme(two_gazes: Any, chooses: Callable[..., Any]) -> None:
    def double_click(found: StudyBrowser) -> None:
        found.show()
        place = found.queue.visualItemRect(found.queue.item(1)).center()
        QTest.mouseClick(found.queue.viewport(), Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(found.queue.viewport(), Qt.MouseButton.LeftButton, pos=place)

    window = chooses([str(two_gazes.root), "--coder", "AB"], double_click)
    assert window.desk.document.active == LaneKey("caregiver", "gaze", "human:AB")


def test_a_named_session_opens_the_first_lane_that_was_given(
    two_gazes: Any, chooses: Callable[..., Any]
) -> None:
    window = chooses([str(two_gazes.root), "one", "--coder", "AB"])
    assert window.desk.document.active == LaneKey("infant", "gaze", "human:AB")


def test_a_manager_adds_a_coder_by_keys(study: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hints: list[str] = []

    def ask(dialog: NewCoderDialog) -> int:
        shown(dialog, qtbot)
        for text in ("J K", "cd", "JK"):
            dialog.other.clear()
            types(dialog, text)
            hints.append(dialog.hint.text())
        return dialog.result()

    path = study.root / "study.yaml"
    path.write_text("# the lab's own words\n" + path.read_text() + "# more of them\n")
    monkeypatch.setattr(NewCoderDialog, "exec", ask)
    found = browser(study, qtbot, "boss", manager=True)
    QTest.mouseClick(found.coder_button, Qt.MouseButton.LeftButton)
    assert hints[0] == "Initials are letters, digits, - and _, without blanks."
    assert hints[1] == "CD is on the list already."
    assert study.study.coders == ("AB", "CD", "JK")
    found.read_all()
    assert "JK is on the list of coders now: AB, CD, JK" in found.status.text()
    assert "# more of them" in (study.root / "study.hand-edited-1.yaml").read_text()
    assert not browser(study, qtbot).coder_button.isVisible()


def test_a_package_for_somebody_new_is_asked_about_once(
    study: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    coded(study, "EF", 5)
    told: list[str] = []

    def ask(dialog: CoderDialog) -> int:
        shown(dialog, qtbot)
        assert [dialog.names.item(row).text() for row in range(dialog.names.count())] == ["AB", "CD", "EF"]
        dialog.other.setFocus()
        types(dialog, "JK")
        told.append(dialog.hint.text())
        types(dialog, "")
        return dialog.result()

    monkeypatch.setattr(CoderDialog, "exec", ask)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "out.zip"), ""))
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(box.text()) or 0)
    found = browser(study, qtbot, "boss", manager=True)
    QTest.mouseClick(found.out_button, Qt.MouseButton.LeftButton)
    found.read_all()
    assert told[0].startswith("JK is new here: check out for JK?")
    assert told[1] == "Checked out for JK."
    assert found.table.chosen() == ("one",)
    assert "out with JK" in found.detail.text()


def test_an_empty_study_is_told_before_anybody_is_asked(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(WhoDialog, "exec", lambda _dialog: asked.append(1) or 0)
    monkeypatch.setattr(type(study), "sessions", lambda _self: ())
    with pytest.raises(InputError, match="no session yet"):
        sitting.begin(parse([str(study.root)]))
    assert asked == []


def test_return_makes_nobody_a_coder_who_was_not_chosen(unnamed: Any, qtbot: Any) -> None:
    coded(unnamed, "JK", 5)
    coded(unnamed, "MG", 5)
    who = shown(WhoDialog(unnamed, DARK), qtbot)
    button = who.box.button(QDialogButtonBox.StandardButton.Ok)
    who.names.setFocus()
    assert (who.coder, button.isEnabled()) == ("", False)
    types(who, "")
    assert who.result() == 0
    who.other.setText("M")
    assert button.isEnabled()
    who.other.clear()
    assert not button.isEnabled()
    who.names.setFocus()
    types(who, "", Qt.Key.Key_Down)
    assert (who.coder, button.isEnabled()) == ("JK", True)
    types(who, "")
    assert (who.result(), who.coder) == (1, "JK")
