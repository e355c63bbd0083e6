"""Keys are changed in the window by pressing them, count at once, and are there in the next sitting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from stillface.domain.clock import NS_PER_S as S
from stillface.gui.keys_dialog import KeysDialog
from stillface.review.commands_edit import Paint

from .hands import CTRL, INFANT, NONE, bouts, press


def hit(dialog: KeysDialog, key: Any, held: Any = NONE) -> None:
    QTest.keyClick(dialog.field, key, held)


def asked(monkeypatch: pytest.MonkeyPatch, window: Any, do: Callable[[KeysDialog], object]) -> None:
    def exec_(dialog: KeysDialog) -> Any:
        dialog.show()
        do(dialog)
        return KeysDialog.DialogCode.Accepted

    monkeypatch.setattr(KeysDialog, "exec", exec_)
    (line,) = (line for line in window.menu.menu.actions() if line.text() == "My keys…")
    line.trigger()


def test_a_key_pressed_in_the_dialog_counts_at_once_and_in_the_next_sitting(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    window.desk.document.do(Paint(INFANT, 0, 8 * S, "neu"))

    def choose(dialog: KeysDialog) -> None:
        dialog.choose("split")
        hit(dialog, Qt.Key.Key_F2)
        dialog.choose("review_mode")
        hit(dialog, Qt.Key.Key_Escape, CTRL)

    asked(monkeypatch, window, choose)
    window.desk.playhead.seek(4 * S)
    press(window, "K", held=CTRL)
    assert len(bouts(window, INFANT)) == 1
    press(window, "F2")
    assert len(bouts(window, INFANT)) == 2
    assert ("Cut the bout here", "F2") in window.key_groups()["Mend"]
    assert window.queue.open_button.text() == "Review these (Ctrl+Esc)"
    (line,) = (line for line in window.menus._lines.values() if line.objectName() == "split")
    assert line.text() == "Cut the bout here\tF2"
    assert window.try_close()
    again = open_window()
    again.desk.playhead.seek(6 * S)
    press(again, "F2")
    assert len(bouts(again, INFANT)) == 3


def test_a_key_in_use_is_named_and_nothing_changes_until_it_is_taken_from_there(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()

    def choose(dialog: KeysDialog) -> None:
        dialog.choose("split")
        hit(dialog, Qt.Key.Key_D)
        assert "affect3: Positive" in dialog.told.text()
        assert not dialog.move_button.isEnabled()
        hit(dialog, Qt.Key.Key_M, CTRL)
        assert "Join with the next bout" in dialog.told.text()
        assert dialog.choice.keymap.keys("split") == ("Ctrl+K",)
        QTest.mouseClick(dialog.move_button, Qt.MouseButton.LeftButton)

    asked(monkeypatch, window, choose)
    assert window.desk.keymap.keys("split") == ("Ctrl+M",)
    assert window.desk.keymap.keys("merge") == ()


def test_by_keys_alone_a_line_is_chosen_given_a_key_and_a_refused_one_is_tried_again(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    seen: list[KeysDialog] = []

    def key(dialog: KeysDialog, which: Any, held: Any = NONE) -> None:
        dialog.activateWindow()
        QTest.keyClick(dialog.focusWidget() or dialog, which, held)

    def choose(dialog: KeysDialog) -> None:
        seen.append(dialog)
        dialog.choose("split")
        key(dialog, Qt.Key.Key_Down)
        key(dialog, Qt.Key.Key_Up)
        assert dialog.action_id == "split"
        key(dialog, Qt.Key.Key_Return)
        assert dialog.isVisible()
        assert dialog.told.text() == "Press the new key of: Cut the bout here."
        key(dialog, Qt.Key.Key_D)
        assert "affect3: Positive" in dialog.told.text()
        assert dialog.told.text().endswith("Press another key, or Esc to leave it as it is.")
        key(dialog, Qt.Key.Key_M, CTRL)
        assert "Tab to take it from there" in dialog.told.text()
        key(dialog, Qt.Key.Key_F2)
        assert dialog.choice.keymap.keys("split") == ("F2",)
        key(dialog, Qt.Key.Key_Return)
        key(dialog, Qt.Key.Key_D)
        key(dialog, Qt.Key.Key_Escape)
        assert dialog.choice.keymap.keys("split") == ("F2",)
        assert dialog.focusWidget() is dialog.table
        key(dialog, Qt.Key.Key_Return)
        key(dialog, Qt.Key.Key_M, CTRL)
        while dialog.focusWidget() is not dialog.move_button:
            key(dialog, Qt.Key.Key_Tab)
        key(dialog, Qt.Key.Key_Return)
        assert dialog.choice.keymap.keys("split") == ("Ctrl+M",)
        assert dialog.isVisible()

    asked(monkeypatch, window, choose)
    assert seen
    assert window.desk.keymap.keys("split") == ("Ctrl+M",)
