"""Badge, buttons and the queue's panel tell of one mode, whatever keys led to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from stillface.domain.clock import NS_PER_S as S
from stillface.review.commands_edit import Paint
from stillface.review.lanes import LaneKey
from stillface.review.signoff import sign_off

from .hands import GUTTER_PX, INFANT, place, press

CAREGIVER = LaneKey("caregiver", "affect3", "human:AB")
BREACHES = LaneKey("caregiver", "sf_breach", "human:AB")
REVIEWED = LaneKey("infant", "affect3", "auto_reviewed:AB")


@pytest.fixture
def window(open_window: Callable[..., Any]) -> Any:
    return open_window()


def type_keys(window: Any, *keys: str) -> None:
    """Press keys where the keyboard's focus is."""
    for key in keys:
        QTest.keyClick(window.main.focusWidget() or window.timeline, getattr(Qt.Key, f"Key_{key}"))
        QApplication.processEvents()


def said(window: Any) -> str:
    return str(window.panel.said_label.text())


def click_lane(window: Any, key: LaneKey) -> None:
    QApplication.processEvents()
    spot = place(window, key, 0)
    spot.setX(GUTTER_PX // 2)
    QTest.mouseClick(window.timeline, Qt.MouseButton.LeftButton, pos=spot)


def mode_told(window: Any) -> str:
    """Give the mode that everything on screen agrees about."""
    panel, reviewing = window.panel, window.queue.open_button.text().startswith("Back to coding")
    badge = panel.lane_label.text().split("  ")[0]
    assert reviewing == (window.desk.mode == "review")
    assert badge == ("REVIEW" if reviewing else "CODING")
    assert panel.mode_label.text().startswith("<b>review") == reviewing
    assert (window.desk.document.active.kind == "auto_reviewed") == reviewing
    codes = [b.objectName() for b in panel._codes.findChildren(QPushButton)]
    assert codes == [f"code {code.id}" for code in window.desk.active_lane.scheme.codes]
    return badge


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    "keys", ["F7 F9 F9", "F9 F7 F9", "F7 F9 Escape", "F9 F9 F7", "F7 F9 F7 F7 F9", "F9 F7 Escape F7 F7"]
)
def test_after_any_order_of_keys_everything_tells_of_one_mode(window: Any, signed: bool, keys: str) -> None:
    if signed:
        window.desk.document.do(Paint(INFANT, 0, 20 * S, "neu"))
        sign_off(window.desk.document, INFANT, accept_open=True)
    type_keys(window, *keys.split())
    assert mode_told(window) == "REVIEW"
    type_keys(window, "F7")
    assert mode_told(window) == "CODING"
    assert window.desk.document.active == INFANT
    type_keys(window, "F7")
    assert mode_told(window) == "REVIEW"


@pytest.mark.parametrize("key", ["F3", "F6", "I"])
def test_what_only_coding_has_is_refused_in_the_review_in_one_line(window: Any, key: str) -> None:
    press(window, "F7")
    time_ns, lane = window.desk.playhead.time_ns, window.desk.document.active
    press(window, key)
    assert said(window).endswith("leave the review first: F7")
    assert window.desk.bins is None
    assert window.desk.mark_in_ns is None
    assert (window.desk.playhead.time_ns, window.desk.document.active) == (time_ns, lane)
    assert mode_told(window) == "REVIEW"
    press(window, "F7", "F3")
    assert window.desk.document.active == BREACHES


def test_a_code_judges_no_proposal_while_the_lane_shown_is_another_one(window: Any) -> None:
    press(window, "F7")
    click_lane(window, BREACHES)
    assert window.desk.document.active == BREACHES
    for key in ("D", "F"):
        press(window, key)
        assert said(window).endswith("leave the review first: F7")
    assert window.desk.queue.progress().n_decided == 0
    assert not window.desk.document.lane(BREACHES).bouts
    click_lane(window, REVIEWED)
    press(window, "D")
    assert window.desk.queue.progress().n_decided == 1


def test_behind_the_last_proposal_a_code_is_not_swallowed_in_silence(window: Any) -> None:
    press(window, "F7", *["Return"] * 30, "S")
    assert window.desk.queue.at_end
    assert said(window).endswith("leave the review first: F7")
    assert not window.desk.document.lane(INFANT).bouts
