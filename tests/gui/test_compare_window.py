"""Two coders' differences settled by real keys and clicks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from stillface.domain.clock import NS_PER_S as S
from stillface.gui import session_window
from stillface.gui.compare_panel import ComparePanel
from stillface.gui.keys_dialog import KeysDialog
from stillface.review.commands_edit import Paint
from stillface.review.install import install_id
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_document

TARGET = LaneKey("infant", "affect3", "consensus:EF")
AB = [(0, 5, "neu"), (5, 9, "neg"), (9, 15, "neu"), (15, 20, "pos")]
CD = [(0, 5.2, "neu"), (5.2, 9, "neg"), (9, 12, "neu"), (12, 13, "usc"), (13, 15, "neg"), (15, 20, "pos")]


@pytest.fixture
def window(study: Any, qtbot: Any) -> Iterator[Any]:
    for coder, bouts in (("AB", AB), ("CD", CD)):
        document = open_document(study, "one", coder, install_id(), with_auto=False)
        for onset, offset, code in bouts:
            key = LaneKey("infant", "affect3", f"human:{coder}")
            document.do(Paint(key, round(onset * S), round(offset * S), code))
        document.close()
    shown = session_window.open_pair(study, "one", ("infant", "affect3", "AB", "CD"), "EF")
    qtbot.waitExposed(shown.main)
    yield shown
    if not shown.closed:
        shown.desk.document.close(abandon=True)
        shown.main.close()


@pytest.fixture
def panel(window: Any) -> ComparePanel:
    (found,) = window.main.findChildren(ComparePanel)
    return found


def press(window: Any, key: Any, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.timeline, key, held)
    QApplication.processEvents()


def rows(panel: ComparePanel) -> list[tuple[str, ...]]:
    return [
        tuple(panel.list.item(row, column).text() for column in range(4))
        for row in range(panel.list.rowCount())
    ]


def settled(window: Any) -> list[tuple[float, float, str]]:
    return [(b.onset_ns / S, b.end_ns / S, b.code) for b in window.desk.document.lane(TARGET).bouts]


def test_the_list_shows_both_and_the_agreement(window: Any, panel: ComparePanel) -> None:
    assert [row[0] for row in rows(panel)] == ["0:05.000", "0:12.000", "0:13.000"]
    assert rows(panel)[0][1:] == ("A neg", "S neu", "")
    assert "% of 19 s alike" in panel.agreement.text()
    assert window.desk.selection_ns == (5 * S, round(5.2 * S))
    assert {key.role for key in window.desk.document.lanes} == {"infant"}


def test_keys_settle_and_go_on_to_the_next(window: Any, panel: ComparePanel, qtbot: Any) -> None:
    press(window, Qt.Key.Key_F3)
    assert settled(window) == [(5, 5.2, "neu")]
    assert panel.comparison.place == 1
    press(window, Qt.Key.Key_D)
    assert settled(window)[1:] == [(12, 13, "pos")]
    assert panel.comparison.place == 2
    press(window, Qt.Key.Key_F2)
    assert settled(window)[2:] == [(13, 15, "neu")]
    assert (panel.progress.value(), panel.progress.maximum()) == (3, 3)
    assert [row[3] for row in rows(panel)] == ["\u2713 neu", "\u2713 pos", "\u2713 neu"]
    assert "every difference" in window.panel.said_label.text()
    press(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert panel.progress.value() == 2
    assert panel.comparison.place == 2


def test_undo_goes_back_to_the_row_that_is_open_again(window: Any, panel: ComparePanel) -> None:
    press(window, Qt.Key.Key_F3)
    assert panel.list.currentRow() == 1
    press(window, Qt.Key.Key_F4)
    assert panel.list.currentRow() == 2
    press(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QApplication.processEvents()
    assert settled(window) == []
    assert panel.list.currentRow() == 0
    assert window.desk.playhead.time_ns == 5 * S
    press(window, Qt.Key.Key_F2)
    assert settled(window) == [(5, 5.2, "neg")]


def test_f1_and_the_question_mark_show_the_keys_of_a_comparison(window: Any) -> None:
    for key in (Qt.Key.Key_F1, Qt.Key.Key_Question):
        press(window, key)
        assert window.sheet.isVisible()
        assert dict(window.sheet.groups["Compare"])["As CD"] == "F3"
        press(window, Qt.Key.Key_Escape)
        assert not window.sheet.isVisible()


def test_a_click_in_the_list_goes_there(window: Any, panel: ComparePanel) -> None:
    place = panel.list.visualItemRect(panel.list.item(2, 0)).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.desk.playhead.time_ns == 13 * S
    assert window.desk.selection_ns == (13 * S, 15 * S)
    QTest.mouseClick(panel.second_button, Qt.MouseButton.LeftButton)
    assert settled(window) == [(13, 15, "neg")]


def test_filters_and_what_both_said(window: Any, panel: ComparePanel) -> None:
    panel.kind.setCurrentText("one could not see")
    assert [row[1:3] for row in rows(panel)] == [("S neu", "X usc")]
    panel.kind.setCurrentText("one did not code")
    assert rows(panel) == []
    assert not panel.first_button.isEnabled()
    press(window, Qt.Key.Key_F2)
    assert settled(window) == []
    panel.kind.setCurrentIndex(0)
    panel.long_only.setChecked(True)
    QTest.mouseClick(panel.adopt_button, Qt.MouseButton.LeftButton)
    assert settled(window)[0] == (0, 5, "neu")
    assert panel.progress.value() == 0


def test_taking_over_says_how_many_differences_are_left_open(window: Any, panel: ComparePanel) -> None:
    said: list[str] = []
    window.desk.said.connect(said.append)
    n = len(panel.comparison.all)
    QTest.mouseClick(panel.adopt_button, Qt.MouseButton.LeftButton)
    assert said[-1] == f"taken over; {n} differences are left open"
    for place in range(n - 1):
        panel.go_to(place)
        panel.comparison.take("first")
    QTest.mouseClick(panel.adopt_button, Qt.MouseButton.LeftButton)
    assert said[-1].endswith("; 1 difference is left open")
    panel.go_to(n - 1)
    panel.comparison.take("first")
    QTest.mouseClick(panel.adopt_button, Qt.MouseButton.LeftButton)
    assert said[-1].endswith("; no difference is left open")


def test_neither_coders_lane_can_be_changed(window: Any) -> None:
    for coder in ("AB", "CD"):
        assert not window.desk.document.lane(LaneKey("infant", "affect3", f"human:{coder}")).editable


def test_keys_are_chosen_in_this_window_too(window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(dialog: KeysDialog) -> Any:
        dialog.show()
        dialog.choose("split")
        QTest.keyClick(dialog.field, Qt.Key.Key_Escape, Qt.KeyboardModifier.ControlModifier)
        return KeysDialog.DialogCode.Accepted

    monkeypatch.setattr(KeysDialog, "exec", choose)
    (line,) = (line for line in window.menu.menu.actions() if line.text() == "My keys…")
    line.trigger()
    assert window.desk.keymap.keys("split") == ("Ctrl+Esc",)
    assert ("Cut the bout here", "Ctrl+Esc") in window.key_groups()["Mend"]
