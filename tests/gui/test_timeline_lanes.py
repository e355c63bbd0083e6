"""Lanes of the timeline: breaches of the still face by keys, and that an edit repaints one lane only."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QFontMetricsF, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from stillface.domain.clock import NS_PER_S as S
from stillface.gui.timeline_paint import EPISODES_PX, GUTTER_PX, MAP_PX, RULER_PX
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


def all_lanes_seen_whole(window: Any) -> list[LaneKey]:
    """Give the lanes on screen; each has to lie wholly between header and overview and to be readable."""
    rows = window.timeline.rows()
    font = window.timeline.font()
    font.setPointSize(9)
    for row in rows:
        assert row.top_px >= RULER_PX + EPISODES_PX
        assert row.bottom_px <= window.timeline.height() - MAP_PX
        assert row.height_px >= QFontMetricsF(font).height()
    for above, below in itertools.pairwise(rows):
        assert above.bottom_px < below.top_px
    return [row.key for row in rows]


def wheel(window: Any, x: int, notches: int) -> None:
    spot = QPointF(x, 80)
    QApplication.sendEvent(
        window.timeline,
        QWheelEvent(
            spot,
            window.timeline.mapToGlobal(spot),
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )


def test_lanes_that_do_not_fit_are_scrolled_and_never_cut(window: Any) -> None:
    lanes = list(window.desk.shown_lanes())
    assert all_lanes_seen_whole(window) == lanes
    window.timeline.setFixedHeight(110)
    QTest.qWait(50)
    seen = all_lanes_seen_whole(window)
    assert 1 <= len(seen) < len(lanes)
    for _ in lanes:
        press(window, "Down")
        assert window.desk.document.active in all_lanes_seen_whole(window)
    view = window.timeline.view
    wheel(window, GUTTER_PX // 2, 9)
    assert all_lanes_seen_whole(window)[0] == lanes[0]
    wheel(window, GUTTER_PX // 2, -9)
    assert all_lanes_seen_whole(window)[-1] == lanes[-1]
    assert window.timeline.view == view
    wheel(window, GUTTER_PX + 200, 1)
    assert window.timeline.view.ns_per_px < view.ns_per_px
    window.timeline.setFixedHeight(300)
    QTest.qWait(50)
    press(window, "F7")
    assert window.desk.queue.current.lane in all_lanes_seen_whole(window)


def test_signals_and_timeline_end_at_the_same_pixel(window: Any) -> None:
    press(window, "F9")
    window.main.resize(1024, 640)
    QTest.qWait(150)
    plot = window.signals.panel.plot
    ends = [w.mapTo(window.main, QPoint(w.width(), 0)).x() for w in (plot, window.timeline)]
    assert ends[0] == ends[1]
    assert plot.view == window.timeline.view
