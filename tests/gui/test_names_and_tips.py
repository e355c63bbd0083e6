"""Every control on screen has a name for those who hear the window, every button says what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QScrollBar,
    QWidget,
)

from stillface.domain.clock import NS_PER_S as S
from stillface.gui.palette import DARK
from stillface.gui.study_browser import StudyBrowser
from stillface.review.keymap import Keymap
from stillface.review.library import Library

from .hands import CTRL, press


def controls(root: QWidget) -> list[QWidget]:
    """Give what can be used on screen; the parts of a list or a number field belong to it."""
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisible()
        and (isinstance(widget, QAbstractButton) or widget.focusPolicy() != Qt.FocusPolicy.NoFocus)
        and not isinstance(widget, QScrollBar)
        and not isinstance(widget.parent(), (QComboBox, QAbstractSpinBox))
        and not widget.objectName().startswith("qt_")
    ]


def nameless(root: QWidget) -> list[str]:
    told = {label.buddy() for label in root.findChildren(QLabel)}
    return [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in controls(root)
        if not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text())
        and widget not in told
    ]


def without_tip(root: QWidget) -> list[str]:
    buttons = (widget for widget in controls(root) if isinstance(widget, QAbstractButton))
    return [button.text() for button in buttons if not button.toolTip()]


def test_what_is_on_screen_has_names_and_tips(open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "F5", "F4", "F7")
    QApplication.processEvents()
    assert window.tools.episode_dialog.isVisible()
    assert window.tools.rating_dialog.isVisible()
    assert len(controls(window.main)) > 20
    assert nameless(window.main) == []
    assert without_tip(window.main) == []


def test_the_browser_has_names(study: Any, qtbot: Any) -> None:
    shown = StudyBrowser(Library(study, "AB", manager=True), DARK)
    qtbot.addWidget(shown)
    shown.show()
    shown.read_all()
    assert len(controls(shown)) > 8
    assert nameless(shown) == []


def test_episodes_are_undone_by_the_key_of_undo(study: Any, open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "F5")
    dialog = window.tools.episode_dialog
    window.desk.playhead.seek(8 * S)
    QTest.mouseClick(dialog.findChild(QAbstractButton, "end PL"), Qt.MouseButton.LeftButton)

    def end_s() -> float:
        return study.load_session("one").episode("PL").offset_ns / S

    assert end_s() == 8
    assert dialog.undo_button.toolTip().endswith("Ctrl+Z")
    QTest.keyClick(dialog, Qt.Key.Key_Z, CTRL)
    assert end_s() == 10
    QTest.keyClick(dialog, Qt.Key.Key_Y, CTRL)
    assert end_s() == 8


def test_beside_the_episodes_one_plays_and_steps_and_space_sets_nothing(
    study: Any, open_window: Callable[..., Any]
) -> None:
    window = open_window()
    press(window, "F5")
    dialog, head = window.tools.episode_dialog, window.desk.playhead
    QApplication.processEvents()
    assert dialog.focusWidget() is None or not isinstance(dialog.focusWidget(), QAbstractButton)
    before = study.load_session("one").episodes
    QTest.keyClick(dialog, Qt.Key.Key_Right)
    assert head.frames()["front"] == 1
    QTest.keyClick(dialog, Qt.Key.Key_Space)
    assert head.playing
    QTest.keyClick(dialog, Qt.Key.Key_Space)
    assert not head.playing
    assert study.load_session("one").episodes == before
    head.seek(8 * S)
    QTest.mouseClick(dialog.findChild(QAbstractButton, "end PL"), Qt.MouseButton.LeftButton)
    assert not isinstance(dialog.focusWidget(), QAbstractButton)


@pytest.mark.parametrize("profile", ["stillface", "boris", "datavyu", "datavyu_laptop"])
def test_a_selection_can_be_made_by_keys_in_every_profile(profile: str) -> None:
    keymap = Keymap(profile)
    assert all(keymap.keys(action) for action in ("mark_in", "mark_out", "play_pause", "step_on"))
    assert keymap.conflicts() == ()
