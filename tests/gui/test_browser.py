"""From "who are you" to the right window: the browser, the mask, sign-off, errors a coder can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QEvent, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QMessageBox

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.recording import Region
from stillface.errors import InputError, StorageError
from stillface.gui import sitting
from stillface.gui.launch import parse
from stillface.gui.palette import DARK
from stillface.gui.sign_off import SignOffButton
from stillface.gui.study_browser import StudyBrowser
from stillface.gui.trouble import TroubleBox
from stillface.gui.who import WhoDialog
from stillface.review.assignments import Assignment, write_assignments
from stillface.review.commands_edit import Paint
from stillface.review.install import install_id, last_coder
from stillface.review.lanes import LaneKey
from stillface.review.library import Library
from stillface.review.opening import open_document
from stillface.review.package import study_at

from .conftest import picture as drawn

INFANT = LaneKey("infant", "affect3", "human:AB")


def coded(study: Any, coder: str, bouts: list[tuple[float, float, str]], role: str = "infant") -> None:
    document = open_document(study, "one", coder, install_id(), with_auto=False)
    for onset, offset, code in bouts:
        document.do(
            Paint(LaneKey(role, "affect3", f"human:{coder}"), round(onset * S), round(offset * S), code)
        )
    document.close()


def browser(study: Any, qtbot: Any, viewer: str = "AB", *, manager: bool = False) -> StudyBrowser:
    shown = StudyBrowser(Library(study, viewer, manager=manager), DARK)
    qtbot.addWidget(shown)
    shown.show()
    shown.read_all()
    return shown


def cells(shown: StudyBrowser) -> list[list[str]]:
    columns = [c for c in range(shown.table.columnCount()) if not shown.table.isColumnHidden(c)]
    return [
        [shown.table.item(r, c).text() for c in columns]
        for r in range(shown.table.rowCount())
        if not shown.table.isRowHidden(r)
    ]


def notes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what boxes say instead of showing them."""
    told: list[str] = []
    monkeypatch.setattr(
        QMessageBox, "exec", lambda box: told.append(f"{box.text()} {box.informativeText()}") or 0
    )
    return told


def test_who_are_you_takes_initials_and_nothing_else(study: Any, qtbot: Any) -> None:
    who = WhoDialog(study, DARK)
    qtbot.addWidget(who)
    who.accept()
    assert who.result() == 0
    assert "Choose or type initials" in who.hint.text()
    QTest.keyClicks(who.other, "A B")
    who.accept()
    assert "without blanks" in who.hint.text()
    who.other.clear()
    who.names.setCurrentRow(1)
    who.accept()
    assert (who.result(), who.coder, who.manager.isChecked()) == (1, "CD", False)


def test_ctrl_q_leaves_the_browser_too(study: Any, qtbot: Any) -> None:
    shown = browser(study, qtbot)
    shown.show()
    qtbot.waitExposed(shown)
    QTest.keyClick(shown.search, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not shown.isVisible(), timeout=30_000)
    assert shown.result() == QDialog.DialogCode.Rejected


def test_a_coder_sees_own_work_and_the_manager_all(study: Any, qtbot: Any) -> None:
    study.update_reliability(lambda plan: replace(plan, seed=1, sessions=("one",)))
    coded(study, "AB", [(0, 10, "neu")])
    coded(study, "CD", [(0, 20, "neg")])
    mine = browser(study, qtbot)
    assert cells(mine) == [["one", "d1", "\u25d0 in progress", "25 %", "", "\u26a0 3"]]
    assert "CD" not in mine.table.item(0, mine.table.columnCount() - 1).toolTip()
    mine.table.setCurrentCell(0, 0)
    assert "CD" not in mine.detail.text()
    assert not mine.pair.isVisibleTo(mine)
    boss = browser(study, qtbot, "boss", manager=True)
    assert cells(boss)[0][4:6] == ["\u25d0 AB  \u25cf CD", "twice"]
    boss.table.setCurrentCell(0, 0)
    assert boss.pair.currentData() == ("infant", "affect3", "AB", "CD")
    boss.pair_button.click()
    assert boss.choice is not None
    assert boss.choice.pair == ("infant", "affect3", "AB", "CD")


def test_a_task_opens_one_person_blind_by_double_click(study: Any, qtbot: Any) -> None:
    write_assignments(study, [Assignment("one", "caregiver", "affect3", "AB", 2)])
    shown = browser(study, qtbot)
    assert shown.mine.isChecked()
    item = shown.queue.item(0)
    assert item.text() == "\u25cb one: caregiver affect3"
    place = shown.queue.visualItemRect(item).center()
    QTest.mouseClick(shown.queue.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(shown.queue.viewport(), Qt.MouseButton.LeftButton, pos=place)
    choice = shown.choice
    assert choice is not None
    assert (choice.session_id, choice.role, choice.blind, choice.pair) == ("one", "caregiver", True, None)
    assert choice.lane == ("caregiver", "affect3")


def test_a_name_typed_over_the_rows_is_looked_for(study: Any, qtbot: Any) -> None:
    shown = browser(study, qtbot)
    shown.activateWindow()
    shown.come_back("one")
    QTest.keyClick(shown.table, Qt.Key.Key_O)
    assert (shown.search.text(), shown.session_id) == ("o", "one")
    QTest.keyClicks(shown.search, "x")
    assert (shown.search.text(), cells(shown)) == ("ox", [])


def test_a_row_is_chosen_though_ctrl_is_still_held_from_going_back(study: Any, qtbot: Any) -> None:
    shown = browser(study, qtbot, manager=True)
    QTest.keyPress(shown.search, Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    shown.come_back("one")
    assert shown.table.chosen() == ("one",)
    shown.come_back("one")
    assert shown.table.chosen() == ("one",)
    QTest.keyRelease(shown.search, Qt.Key.Key_Control)


def test_filters_and_a_broken_session(study: Any, qtbot: Any) -> None:
    coded(study, "AB", [(0, 20, "neu")])
    broken = study.root / "sessions" / "two"
    broken.mkdir()
    (broken / "session.yaml").write_text("schema_version: 1\nnonsense: 2\n")
    shown = browser(study, qtbot)
    assert [row[0] for row in cells(shown)] == ["one", "two"]
    QTest.keyClicks(shown.search, "TW")
    assert [row[0] for row in cells(shown)] == ["two"]
    shown.table.setCurrentCell(0, 0)
    assert not shown.open_button.isEnabled()
    assert str(study.root) not in shown.detail.text()
    shown.search.clear()
    shown.state.setCurrentText("\u25d0 in progress")
    assert [row[0] for row in cells(shown)] == ["one"]
    shown.state.setCurrentText("\u2713 signed off")
    assert cells(shown) == []


def test_out_to_a_laptop_and_in_again_by_the_buttons(
    study: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown, told = browser(study, qtbot), notes(monkeypatch)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "out.zip"), ""))
    shown.out_button.click()
    shown.read_all()
    assert cells(shown)[0][4] == "AB"
    assert shown.table.chosen() == ("one",)
    assert "out with AB" in shown.detail.text()
    assert told[-1].startswith("Checked out for AB. out.zip, ")
    assert f"in {tmp_path}" in told[-1]
    assert "identifiable people and is not encrypted" in told[-1]
    assert not shown.back_button.isVisibleTo(shown)
    away = study_at(tmp_path / "out.zip")
    coded(away, "AB", [(0, 20, "neu")])
    laptop = browser(away, qtbot)
    assert not laptop.out_button.isVisibleTo(laptop)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "back.zip"), ""))
    laptop.back_button.click()
    assert "AB's work is packed up. back.zip, " in told[-1]
    assert "no film" in told[-1]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "back.zip")], ""))
    shown.in_button.click()
    shown.read_all()
    assert cells(shown)[0][2:5] == ["\u25d0 in progress", "50 %", ""]
    assert told[-1] == "Checked in. one: AB's work came in, 3 new records"
    shown.in_button.click()
    assert told[-1] == "Nothing new. one: AB's work was here already"


def test_a_refused_package_is_one_sentence(
    study: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bad.zip").write_text("nothing")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "bad.zip")], ""))
    told: list[TroubleBox] = []
    monkeypatch.setattr(TroubleBox, "exec", lambda box: told.append(box) or 0)
    browser(study, qtbot).in_button.click()
    assert told[0].text() == "Not a package: no readable zip file."
    told[0].copy()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert "checking a session in" in clipboard.text()


@pytest.fixture
def side_by_side(study: Any) -> Any:
    """The study with both people in one split film, infant on the left, beside a camera on the caregiver."""
    session = study.load_session("one")
    first = replace(
        session.videos[0], regions={"infant": Region(0, 0, 0.5, 1), "caregiver": Region(0.5, 0, 0.5, 1)}
    )
    study.save_session(replace(session, recordings=(first, *session.videos[1:])))
    return study


def choosing(monkeypatch: pytest.MonkeyPatch, role: str = "", *, pair: bool = False) -> None:
    def who(dialog: WhoDialog) -> int:
        dialog.names.setCurrentRow(0)
        dialog.manager.setChecked(pair)
        dialog.accept()
        return dialog.result()

    def browse(shown: StudyBrowser) -> int:
        shown.read_all()
        shown.table.setCurrentCell(0, 0)
        if role:
            shown.role.setCurrentText(f"{role} only")
        (shown.pair_button if pair else shown.open_button).click()
        return shown.result()

    monkeypatch.setattr(WhoDialog, "exec", who)
    monkeypatch.setattr(StudyBrowser, "exec", browse)


def test_the_mask_hides_the_partner_everywhere(
    side_by_side: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Any]
) -> None:
    choosing(monkeypatch, "infant")
    window = opened([str(side_by_side.root)])
    assert {key.role for key in window.desk.document.lanes} == {"infant"}
    assert list(window.films.shown) == ["front"]
    window.desk.playhead.seek(250 * S // 25)
    for frame in range(250, 256):
        # The right half carries the bits 4 to 7, all of them set here.
        picture = np.asarray(window.films.picture("front")).astype(int)
        assert np.abs(picture[:, :64] - drawn(frame)[:, :64]).mean() < 20
        assert np.ptp(picture[:, 64:]) == 0
        QTest.keyClick(window.timeline, Qt.Key.Key_Right)
    QTest.keyClick(window.timeline, Qt.Key.Key_Space)
    qtbot.wait(300)
    assert np.ptp(np.asarray(window.films.picture("front"))[:, 64:]) == 0
    assert last_coder("s") == "AB"


def test_two_people_in_one_picture_are_told(
    study: Any, monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Any]
) -> None:
    session = study.load_session("one")
    both = replace(session.videos[0], regions=dict.fromkeys(("infant", "caregiver"), Region(0, 0, 1, 1)))
    study.save_session(replace(session, recordings=(both,)))
    choosing(monkeypatch, "infant")
    window = opened([str(study.root)])
    assert "no mask can hide them" in window.panel.said_label.text()


def test_a_cancelled_question_opens_nothing(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WhoDialog, "exec", lambda _dialog: 0)
    assert sitting.begin(parse([str(study.root)])) is None
    monkeypatch.setattr(StudyBrowser, "exec", lambda _dialog: 0)
    assert sitting.begin(parse([str(study.root), "--coder", "AB"])) is None


def test_an_empty_study_says_so(tmp_path: Path, study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(study), "sessions", lambda _self: ())
    with pytest.raises(InputError, match="no session yet"):
        sitting.begin(parse([str(study.root), "--coder", "AB"]))


def test_sign_off_from_the_window_and_unlock_with_a_reason(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    (button,) = window.panel.findChildren(SignOffButton)
    window.desk.document.do(Paint(INFANT, 0, 20 * S, "neu"))

    def sign(box: QMessageBox) -> int:
        assert "episode RE was not set" in box.informativeText()
        box.buttons()[0].click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", sign)
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[0])
    button.fill()
    actions = {action.text(): action for action in button.menu().actions()}
    actions["infant affect3: sign off\u2026"].trigger()
    assert not window.desk.document.lane(INFANT).editable
    QTest.keyClick(window.timeline, Qt.Key.Key_D)
    assert [b.code for b in window.desk.document.lane(INFANT).bouts] == ["neu"]
    assert "signed off" in window.panel.said_label.text()
    for reason, editable in (("", False), ("wrong film", True)):
        monkeypatch.setattr(QInputDialog, "getText", lambda *_, reason=reason: (reason, True))
        button.fill()
        (action,) = [a for a in button.menu().actions() if a.text() == "\u2713 infant affect3: unlock\u2026"]
        action.trigger()
        assert window.desk.document.lane(INFANT).editable is editable


def test_an_error_on_screen_has_no_path_and_the_copy_has_it(qtbot: Any) -> None:
    box = TroubleBox(StorageError("cannot write /srv/lab/x.jsonl", where="/srv/lab", fix="call IT"), "saving")
    qtbot.addWidget(box)
    assert box.text() == "Cannot write x.jsonl. Call IT."
    box.show()
    QTest.mouseClick(box.copy_button, Qt.MouseButton.LeftButton)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert "/srv/lab/x.jsonl" in clipboard.text()
    assert box.isVisible()


def test_a_long_line_of_the_queue_is_wrapped_not_scrolled(study: Any, qtbot: Any) -> None:
    shown = browser(study, qtbot)
    queue = shown.queue
    QApplication.processEvents()
    assert not queue.horizontalScrollBar().isVisible()
    item = queue.item(1)
    for n in range(1, 25):
        item.setText("demo: " + " ".join(["gaze,"] * n))
        QApplication.processEvents()
        place = queue.visualItemRect(item)
        # Three pixels at each side are Qt's own.
        room = QRect(0, 0, place.width() - 6, 1000)
        needed = queue.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, item.text())
        assert place.height() >= needed.height() + 10
        assert not queue.horizontalScrollBar().isVisible()


def test_what_others_finished_meanwhile_is_seen_by_f5_and_on_coming_back(study: Any, qtbot: Any) -> None:
    shown = browser(study, qtbot, "MM", manager=True)
    assert "not started" in cells(shown)[0][2]
    coded(study, "AB", [(0, 10, "pos")])
    QTest.keyClick(shown.table, Qt.Key.Key_F5)
    shown.read_all()
    assert "in progress" in cells(shown)[0][2]
    assert "read anew at" in shown.status.text()
    coded(study, "CD", [(0, 10, "pos")])
    for kind in (QEvent.Type.WindowDeactivate, QEvent.Type.WindowActivate):
        QApplication.sendEvent(shown, QEvent(kind))
    assert "reading" not in shown.status.text()
    shown.read_all()
    assert "CD" in " ".join(cells(shown)[0])
