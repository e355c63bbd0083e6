"""What a reviewer always sees, and that buttons work whatever became of their keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from .hands import press


def played(window: Any) -> int:
    (share,) = re.findall(r"played (\d+) %", window.queue.detail.text())
    return int(share)


def click(window: Any, action: str) -> None:
    QTest.mouseClick(window.queue._buttons[action], Qt.MouseButton.LeftButton)


def without_keys(window: Any, *actions: str) -> None:
    for action in actions:
        window.desk.keymap = window.desk.keymap.with_key(action)
        assert not window.desk.keymap.keys(action)
    window.queue.name_keys()
    window.desk.changed.emit()


def test_the_share_reviewed_stays_on_screen_when_the_queue_is_put_away(
    open_window: Callable[..., Any],
) -> None:
    window = open_window()
    label = window.panel.mode_label
    assert "reviewed" not in label.text()
    press(window, "F7")
    assert "0 % reviewed" in label.text()
    window.queue.parentWidget().close()
    assert not window.queue.isVisible()
    press(window, *["Return"] * 3)
    # Three of thirty stretches of one length.
    assert label.isVisible()
    assert "10 % reviewed" in label.text()
    press(window, "Z", held=Qt.KeyboardModifier.ControlModifier)
    assert "7 % reviewed" in label.text()
    press(window, *["Return"] * 40)
    assert "100 % reviewed" in label.text()


def test_how_much_was_played_counts_on_while_one_looks(open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "F7")
    queue = window.desk.queue
    window.desk.playhead.pause()
    window.desk.playhead.seek(queue.edges_ns[0])
    before = played(window)
    assert before < 50
    press(window, *["Right"] * 10)
    assert played(window) > before
    assert played(window) == round(100 * queue.watched.share(*queue.edges_ns))
    press(window, *["Right"] * 10)
    assert played(window) == 100


def test_buttons_of_the_review_work_without_a_key(open_window: Callable[..., Any]) -> None:
    window = open_window()
    queue = window.desk.queue
    without_keys(window, "accept", "cant_tell", "review_next")
    assert window.queue._buttons["accept"].text() == "Accept"
    # While one codes they cannot mean anything.
    assert not window.queue._buttons["accept"].isEnabled()
    QTest.mouseClick(window.queue.open_button, Qt.MouseButton.LeftButton)
    assert window.desk.mode == "review"
    first = queue.current
    click(window, "accept")
    second = queue.current
    click(window, "review_next")
    third = queue.current
    click(window, "cant_tell")
    assert queue.decision(first).verdict == "accept"
    assert queue.decision(second) is None
    assert queue.decision(third).verdict == "cant_tell"
