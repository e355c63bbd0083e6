"""Work for a lab: hundreds of sessions found, chosen and dealt out by clicks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.gui.coder_dialog import CoderDialog
from stillface.gui.deal_dialog import DealDialog
from stillface.gui.palette import DARK
from stillface.gui.study_browser import StudyBrowser
from stillface.io.bundle import create_study
from stillface.review.assignments import Assignment, read_assignments, write_assignments
from stillface.review.commands_edit import Paint
from stillface.review.install import install_id
from stillface.review.lanes import LaneKey
from stillface.review.library import Library
from stillface.review.opening import open_document
from stillface.review.signoff import sign_off

CODERS = ("AB", "CD", "EF", "GH", "IJ")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    schemes = {"infant": ("affect3",), "caregiver": ("affect3",)}
    people = tuple(Person(f"{who}{n}") for n in range(300) for who in "ic")
    folder = create_study(
        tmp_path / "lab", Study("lab", "ffsf_2_2_2", schemes=schemes, persons=people, coders=CODERS)
    )
    protocol = folder.protocol()
    episodes = (Episode("PL", 0, 120 * S), Episode("SF", 120 * S, 240 * S))
    for n in range(300):
        session = Session(
            f"F{n:03}_4mo", f"d{n:03}", protocol, episodes,
            persons={"infant": f"i{n}", "caregiver": f"c{n}"}, recordings=(),
        )  # fmt: skip
        folder.add_session(session)
    return folder


def browser(lab: Any, qtbot: Any) -> StudyBrowser:
    shown = StudyBrowser(Library(lab, "boss", manager=True), DARK)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def tick(dialog: DealDialog, *coders: str) -> None:
    for coder in coders:
        dialog._rows[coder][0].setCheckState(Qt.CheckState.Checked)


def dialog_on(lab: Any, qtbot: Any, chosen: tuple[str, ...] = ()) -> DealDialog:
    dialog = DealDialog(Library(lab, "boss", manager=True), chosen, DARK)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_three_hundred_sessions_are_all_listed_and_found_while_one_types(lab: Any, qtbot: Any) -> None:
    library = Library(lab, "boss", manager=True)
    shown = StudyBrowser(library, DARK)
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitExposed(shown)
    assert len(shown.table.shown()) == 300
    shown.read_all()
    QTest.keyClicks(shown.search, "f12")
    assert shown.table.shown() == tuple(f"F12{n}_4mo" for n in range(10))
    shown.search.clear()
    shown.table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.DescendingOrder)
    assert shown.table.shown()[0] == "F299_4mo"


def test_return_in_the_search_opens_what_was_found(lab: Any, qtbot: Any) -> None:
    shown = browser(lab, qtbot)
    shown.read_all()
    assert shown.session_id == ""
    QTest.keyClicks(shown.search, "F123")
    assert shown.session_id == "F123_4mo"
    QTest.keyClick(shown.search, Qt.Key.Key_Return)
    assert shown.choice is not None
    assert shown.choice.session_id == "F123_4mo"


def test_two_hundred_sessions_are_dealt_to_five_coders_with_double_coding(
    lab: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = browser(lab, qtbot)
    shown.read_all()
    table = shown.table
    table.choose("F000_4mo")
    table.setFocus()
    table.scrollToItem(table.item(199, 0))
    place = table.visualItemRect(table.item(199, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, place)
    assert "200 chosen" in shown.status.text()

    def deals(dialog: DealDialog) -> int:
        assert not dialog.deal_button.isEnabled()
        assert dialog.scope.currentText() == "the 200 chosen sessions"
        dialog.draw_button.click()
        assert "60 of 300 sessions" in dialog.twice.text()
        assert not dialog.draw_button.isVisible()
        tick(dialog, *CODERS)
        assert dialog.coders.item(0, 2).text().startswith("+")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(DealDialog, "exec", deals)
    shown.deal_button.click()
    shown.read_all()
    given = read_assignments(lab)
    drawn = set(lab.reliability.sessions) & {f"F{n:03}_4mo" for n in range(200)}
    assert len(given) == 2 * 200 + 2 * len(drawn)
    assert {a.session_id for a in given} == {f"F{n:03}_4mo" for n in range(200)}
    loads = Counter(a.coder for a in given)
    assert max(loads.values()) - min(loads.values()) <= 2
    for session_id in drawn:
        streams = [(a.role, a.coder) for a in given if a.session_id == session_id]
        assert len(set(streams)) == 4
        assert len({coder for _, coder in streams}) == 4
    assert "\u25cb" in table.item(0, 4).text()


def test_one_coder_gets_one_persons_streams_and_second_codings_wait_for_somebody_else(
    lab: Any, qtbot: Any
) -> None:
    lab.update_reliability(lambda plan: replace(plan, seed=1, sessions=("F001_4mo",)))
    dialog = dialog_on(lab, qtbot, ("F000_4mo", "F001_4mo", "F002_4mo"))
    dialog.role.setCurrentText("infant only")
    tick(dialog, "CD")
    dialog.accept()
    ids = ("F000_4mo", "F001_4mo", "F002_4mo")
    assert read_assignments(lab) == tuple(Assignment(id_, "infant", "affect3", "CD") for id_ in ids)
    again = dialog_on(lab, qtbot, ids)
    again.role.setCurrentText("infant only")
    tick(again, "CD")
    assert not again.deal_button.isEnabled()
    tick(again, "EF")
    again.accept()
    assert read_assignments(lab)[3:] == (Assignment("F001_4mo", "infant", "affect3", "EF", 2),)


def test_what_is_not_begun_can_be_taken_back_or_dealt_anew_and_what_is_begun_stays(
    lab: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tuple(Assignment(f"F00{n}_4mo", "infant", "affect3", "AB") for n in range(3))
    write_assignments(lab, given)
    begun = {("F001_4mo", "infant", "affect3", "AB")}
    dialog = dialog_on(lab, qtbot)
    dialog._begun = begun
    dialog.anew.setChecked(True)
    assert "2 are taken back" in dialog.told.text()
    dialog.accept()
    assert read_assignments(lab) == (given[1],)


def test_a_table_changed_meanwhile_is_shown_before_it_is_written_over(lab: Any, qtbot: Any) -> None:
    dialog = dialog_on(lab, qtbot, ("F000_4mo", "F001_4mo"))
    tick(dialog, "AB")
    other = (Assignment("F000_4mo", "infant", "affect3", "GH"),)
    write_assignments(lab, other)
    dialog.accept()
    assert dialog.result() == 0
    assert "meanwhile" in dialog.told.text()
    assert read_assignments(lab) == other
    dialog.accept()
    assert read_assignments(lab)[0] == other[0]
    assert len(read_assignments(lab)) == 4


def test_both_people_for_one_coder_is_warned_of_and_strangers_can_be_added(lab: Any, qtbot: Any) -> None:
    dialog = dialog_on(lab, qtbot, ("F000_4mo", "F001_4mo"))
    QTest.keyClicks(dialog.other, "N N")
    QTest.keyClick(dialog.other, Qt.Key.Key_Return)
    assert "without blanks" in dialog.told.text()
    assert dialog.isVisible()
    dialog.other.clear()
    QTest.keyClicks(dialog.other, "NN")
    QTest.keyClick(dialog.other, Qt.Key.Key_Return)
    assert dialog.ticked() == ["NN"]
    assert "2 times one person gets both people" in dialog.told.text()
    dialog.accept()
    # Who is given work is a coder of the study from then on.
    assert lab.study.coders == (*CODERS, "NN")


def test_one_chosen_session_can_be_dealt_alone(lab: Any, qtbot: Any) -> None:
    dialog = dialog_on(lab, qtbot, ("F007_4mo",))
    assert dialog.scope.currentText() == "all 300 sessions"
    dialog.scope.setFocus()
    QTest.keyClick(dialog.scope, Qt.Key.Key_Down)
    assert dialog.scope.currentText() == "F007_4mo only"
    tick(dialog, "AB", "CD")
    dialog.accept()
    assert {(a.session_id, a.role) for a in read_assignments(lab)} == {
        ("F007_4mo", "infant"),
        ("F007_4mo", "caregiver"),
    }


def test_many_sessions_are_checked_out_into_a_folder(
    lab: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = browser(lab, qtbot)
    shown.read_all()
    shown.table.selectRow(0)
    for row in (1, 2):
        for column in range(shown.table.columnCount()):
            shown.table.item(row, column).setSelected(True)
    told: list[str] = []

    def takes_the_first(asked: CoderDialog) -> int:
        asked.names.setCurrentRow(0)
        asked.accept()
        return asked.result()

    monkeypatch.setattr(CoderDialog, "exec", takes_the_first)
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(box.informativeText()) or 0)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    shown.out_button.click()
    assert sorted(path.name for path in tmp_path.glob("*.zip")) == [f"F00{n}_4mo-AB.zip" for n in range(3)]
    assert told[0].startswith("3 files, ")
    QApplication.processEvents()


def test_a_coder_is_offered_neither_dealing_nor_many_rows(lab: Any, qtbot: Any) -> None:
    shown = StudyBrowser(Library(lab, "AB"), DARK)
    qtbot.addWidget(shown)
    shown.show()
    assert not shown.deal_button.isVisible()
    shown.table.selectAll()
    assert len(shown.table.chosen()) <= 1


def coded(lab: Any, session: str, coder: str, until_s: int, *, signed: bool = False) -> None:
    """Let somebody code the infant from the beginning on."""
    document = open_document(lab, session, coder, install_id(), with_auto=False)
    key = LaneKey("infant", "affect3", f"human:{coder}")
    document.do(Paint(key, 0, until_s * S, "neu"))
    if signed:
        sign_off(document, key, accept_open=True)
    document.close()


def test_what_somebody_has_begun_is_left_with_them_and_said(lab: Any, qtbot: Any) -> None:
    coded(lab, "F000_4mo", "AB", 60)
    coded(lab, "F001_4mo", "AB", 240, signed=True)
    ids = ("F000_4mo", "F001_4mo", "F002_4mo")
    dialog = dialog_on(lab, qtbot, ids)
    tick(dialog, "CD")
    assert dialog.told.text().splitlines()[:2] == [
        "4 streams are given", "2 lanes begun by AB are left with AB",
    ]  # fmt: skip
    dialog.role.setCurrentText("infant only")
    dialog.accept()
    assert read_assignments(lab) == (Assignment("F002_4mo", "infant", "affect3", "CD"),)
    assert dialog.dealt == "Dealt out: 1 given to CD"
    # Nothing else of the infants is free, and why is said.
    again = dialog_on(lab, qtbot, ids)
    again.role.setCurrentText("infant only")
    tick(again, "EF")
    assert not again.deal_button.isEnabled()
    assert "left with AB" in again.told.text()
    assert "given already" not in again.told.text()
    # Whoever has begun is given their own; others only where that is asked for.
    again.also.setChecked(True)
    assert "2 streams are given" in again.told.text()
    again.also.setChecked(False)
    tick(again, "AB")
    again.accept()
    assert [(a.session_id, a.coder) for a in read_assignments(lab)[1:]] == [
        ("F000_4mo", "AB"), ("F001_4mo", "AB"),
    ]  # fmt: skip


def test_a_begun_lane_of_a_drawn_session_counts_as_its_first_coding(lab: Any, qtbot: Any) -> None:
    lab.update_reliability(lambda plan: replace(plan, seed=1, sessions=("F000_4mo",)))
    coded(lab, "F000_4mo", "AB", 240, signed=True)
    dialog = dialog_on(lab, qtbot, ("F000_4mo", "F001_4mo"))
    dialog.role.setCurrentText("infant only")
    tick(dialog, "CD")
    dialog.accept()
    assert set(read_assignments(lab)) == {
        Assignment("F000_4mo", "infant", "affect3", "CD", 2),
        Assignment("F001_4mo", "infant", "affect3", "CD", 1),
    }


def test_the_browser_says_what_was_dealt_and_no_older_sentence(
    lab: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = browser(lab, qtbot)
    shown.read_all()
    shown._note = "CD is on the list of coders now: AB, CD"
    shown.table.choose("F000_4mo")

    def deals(dialog: DealDialog) -> int:
        dialog.scope.setCurrentText("F000_4mo only")
        tick(dialog, "AB", "CD")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(DealDialog, "exec", deals)
    shown.deal_button.click()
    shown.read_all()
    assert shown.status.text().endswith(". Dealt out: 1 given to AB, 1 given to CD")
    monkeypatch.setattr(DealDialog, "exec", lambda _dialog: 0)
    shown.deal_button.click()
    shown.read_all()
    assert "Dealt out" not in shown.status.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    shown._note = "old"
    shown.in_button.click()
    shown.read_all()
    assert "old" not in shown.status.text()
