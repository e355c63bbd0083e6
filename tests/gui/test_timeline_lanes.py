"""Lanes of the timeline: breaches of the still face by keys, and that an edit repaints one lane only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from stillface.domain.clock import NS_PER_S as S
from stillface.gui.timeline_paint import GUTTER_PX
from stillface.review.commands_edit import Paint
from stillface.review.lanes import LaneKey

from .hands import FRAME, INFANT, bouts, press

BREACHES = LaneKey("caregiver", "sf_breach", "human:AB")


@pytest.fixture
def window(open_window: Callable[..., Any]) -> Any:
    return open_window()


def colour(window: Any, key: LaneKey, time_ns: int) -> str:
    """Give the colour on screen low in a lane, where no letter is."""
    rect = window.timeline.row_rect(key)
    picture = window.timeline.grab()
    ratio = picture.devicePixelRatio()
    x = GUTTER_PX + window.timeline.view.x_of(time_ns)
    return str(picture.toImage().pixelColor(round(x * ratio), round((rect.bottom() - 3) * ratio)).name())


def test_breaches_are_coded_by_keys_in_a_lane_that_is_there_in_the_still_face_only(window: Any) -> None:
    assert BREACHES in window.desk.shown_lanes()
    theme = window.theme
    assert colour(window, BREACHES, 5 * S) == theme.background
    assert colour(window, BREACHES, 15 * S) == theme.lane
    press(window, "F3")
    assert window.desk.playhead.time_ns == 10 * S
    assert "breaches by the adult" in window.panel.lane_label.text()
    press(window, "A", *["Right"] * 100, "S", *["Right"] * 25, "A", *["Right"] * 25, "Return")
    assert bouts(window, BREACHES) == [(250, 350, "none"), (350, 375, "smile"), (375, 400, "none")]
    smile = next(c for c in window.desk.document.lane(BREACHES).scheme.codes if c.id == "smile")
    assert colour(window, BREACHES, 350 * FRAME + S // 2) == smile.colour.lower()
    press(window, "F3")
    assert window.desk.document.active == INFANT
    press(window, "S")
    assert [code for *_, code in bouts(window, INFANT)] == ["neu"]
    tip = window.timeline.lane_tip(BREACHES)
    assert "Coded in SF" in tip
    assert "nothing is left out because of them" in tip


def test_a_breach_outside_the_still_face_is_refused_and_said(window: Any) -> None:
    press(window, "F3", "Home", "S")
    assert bouts(window, BREACHES) == []
    assert "breaches are coded in SF only" in window.panel.said_label.text()


def painted(window: Any, act: Callable[[], object]) -> int:
    """Give how many lanes were painted because of something."""
    QApplication.processEvents()
    before = window.timeline.pictures.n_painted
    act()
    QTest.qWait(20)
    window.timeline.grab()
    return int(window.timeline.pictures.n_painted - before)


def test_a_key_press_repaints_the_lane_it_edits_and_no_other(window: Any) -> None:
    window.desk.document.do(Paint(INFANT, 0, 2 * S, "neu"))
    window.timeline.grab()
    n_lanes = len(window.desk.shown_lanes())
    assert n_lanes >= 4
    assert painted(window, lambda: press(window, "D")) == 1
    assert painted(window, lambda: press(window, "Right")) == 0
    assert painted(window, lambda: press(window, "Down")) == 0
    assert painted(window, lambda: window.timeline.zoom(2)) == n_lanes
    window.desk.document.undo()
    assert painted(window, lambda: None) <= 1
