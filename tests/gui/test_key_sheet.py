"""Every key that does something is on the sheet, and no other key does anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from stillface.gui import session_window
from stillface.gui.launch import parse
from stillface.gui.sitting import begin
from stillface.review.commands_edit import Paint
from stillface.review.install import install_id
from stillface.review.keymap import key_of_code
from stillface.review.keymap_profiles import ACTIONS, PROFILES
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_document

HELD = ("", "Ctrl+", "Alt+", "Shift+", "Ctrl+Shift+", "Alt+Shift+", "Ctrl+Alt+")
PLAIN = (
    *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    *"?!.,;:-+_=[]/\\'`",
    *(f"F{n}" for n in range(1, 13)),
    *("Space", "Tab", "Return", "Esc", "Del", "Ins", "Backspace", "Home", "End", "PgUp", "PgDown"),
    *("Left", "Right", "Up", "Down"),
    *(f"Num+{key}" for key in "0123456789+-*/."),
)
EVERY_KEY = tuple(held + key for held, key in product(HELD, PLAIN))


@pytest.fixture
def sitting(study: Any, qtbot: Any) -> Iterator[Callable[[str], Any]]:
    begun: list[Any] = []

    def begin_with(profile: str) -> Any:
        begun.append(begin(parse([str(study.root), "one", "--coder", "AB", "--keys", profile])))
        qtbot.waitExposed(begun[-1].window.main)
        return begun[-1].window

    yield begin_with
    for found in begun:
        found.window.desk.document.close(abandon=True)
        found.quit()
    QApplication.processEvents()


def on_sheet(window: Any) -> set[str]:
    window.show_keys()
    shown = {key for lines in window.sheet.groups.values() for _, keys in lines for key in keys.split("  ")}
    window.sheet.close()
    return shown


@pytest.mark.parametrize("profile", PROFILES)
def test_the_sheet_has_every_key_that_does_something(sitting: Callable[[str], Any], profile: str) -> None:
    window = sitting(profile)
    keymap, desk = window.desk.keymap, window.desk
    shown = on_sheet(window)
    does = {key for key in EVERY_KEY if window.meaning(key) is not None}
    desk.review(True)
    does |= {key for key in EVERY_KEY if window.meaning(key) is not None}
    beats = {key for action in ACTIONS if action.context == "beats" for key in keymap.keys(action.id)}
    assert does | beats == shown
    assert {f"F{n}" for n in (1, 3, 4, 5, 6, 7, 8, 9, 10)} <= shown
    assert {"Ctrl+W", "Ctrl+Q", "?"} <= shown
    assert {key_of_code(code.key) for code in desk.active_lane.scheme.codes if code.key} <= shown


def test_the_sheet_of_a_comparison_has_the_panels_keys_and_not_what_they_stand_in_for(
    study: Any, qtbot: Any
) -> None:
    for coder in ("AB", "CD"):
        document = open_document(study, "one", coder, install_id(), with_auto=False)
        document.do(Paint(LaneKey("infant", "affect3", f"human:{coder}"), 0, 10**10, "neu"))
        document.close()
    window = session_window.open_pair(study, "one", ("infant", "affect3", "AB", "CD"), "EF")
    qtbot.waitExposed(window.main)
    window.show_keys()
    lines = dict(window.sheet.groups["Compare"])
    assert lines["As AB"] == "F2"
    assert lines["Next open"] == "F4"
    labels = {label for group in window.sheet.groups.values() for label, _ in group}
    assert "Review" not in window.sheet.groups
    assert not labels & {"Ratings", "Episodes", "Guided tour", "Marks on the picture on or off"}
    window.sheet.close()
    assert {key for key in EVERY_KEY if window.meaning(key) is not None} <= {
        key for group in window.sheet.groups.values() for _, keys in group for key in keys.split("  ")
    }
    window.main.close()


def shortcuts(menu: Any) -> Iterator[tuple[Any, str]]:
    for action in menu.actions():
        for sequence in action.shortcuts():
            yield action, sequence.toString()
        if action.menu():
            yield from shortcuts(action.menu())


def test_naparis_own_keys_do_nothing_here(sitting: Callable[[str], Any], qtbot: Any) -> None:
    window = sitting("stillface")
    fired: list[str] = []
    menu = window.viewer.window.main_menu
    for top in menu.actions():
        top.menu().aboutToShow.emit()
    found = list(shortcuts(menu))
    assert {"Ctrl+S", "Alt+S", "Ctrl+O"} <= {key for _, key in found}
    for action, key in found:
        action.triggered.connect(lambda _on=False, key=key: fired.append(key))
    n_layers = len(window.viewer.layers)
    pressed = [key for _, key in found if window.meaning(key) is None]
    for key in (*pressed, "Ctrl+Del", "Ctrl+Backspace", "V", "Ctrl+R", "Ctrl+Shift+C"):
        combination = QKeySequence(key)[0]
        for target in (window.timeline, window.canvas):
            QTest.keyClick(target, combination.key(), combination.keyboardModifiers())
    assert fired == []
    assert len(window.viewer.layers) == n_layers
    assert all(layer.visible for layer in window.viewer.layers)


def test_menus_still_open_by_alt_and_their_letter(sitting: Callable[[str], Any]) -> None:
    window = sitting("stillface")
    letters = {"S": False, "E": False, "H": False, "F": True, "L": True}
    for letter, kept in letters.items():
        # Accepted: kept from menus and shortcuts, and sent on as a key press.
        event = QKeyEvent(
            QEvent.Type.ShortcutOverride, getattr(Qt.Key, f"Key_{letter}"), Qt.KeyboardModifier.AltModifier
        )
        event.ignore()
        QApplication.sendEvent(window.timeline, event)
        assert event.isAccepted() is kept, letter


def test_other_keys_go_to_what_has_the_focus(sitting: Callable[[str], Any]) -> None:
    window = sitting("stillface")
    got: list[str] = []

    class Field(QWidget):
        def keyPressEvent(self, event: Any) -> None:
            got.append(event.text())

    field = Field(window.main)
    field.show()
    QTest.keyClick(field, Qt.Key.Key_V)
    assert got == ["v"]
