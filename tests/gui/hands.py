"""A coder's hands on the window: keys, places in the timeline, and what stands in a lane."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from stillface.domain.clock import NS_PER_S as S
from stillface.gui.timeline_paint import GUTTER_PX
from stillface.review.lanes import LaneKey

INFANT = LaneKey("infant", "affect3", "human:AB")
FRAME = S // 25
KEYS = {"Space": Qt.Key.Key_Space, "Return": Qt.Key.Key_Return, "0": Qt.Key.Key_0, "?": Qt.Key.Key_Question}
CTRL, SHIFT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.NoModifier,
)


def press(window: Any, *keys: str, held: Any = NONE) -> None:
    for key in keys:
        QTest.keyClick(window.timeline, KEYS.get(key) or getattr(Qt.Key, f"Key_{key}"), held)


def bouts(window: Any, key: LaneKey) -> list[tuple[int, int, str]]:
    """Give a lane's bouts in frames."""
    return [(b.onset_ns // FRAME, b.end_ns // FRAME, b.code) for b in window.desk.document.lane(key).bouts]


def place(window: Any, key: LaneKey, time_ns: int) -> QPoint:
    rect = window.timeline.row_rect(key)
    return QPoint(round(GUTTER_PX + window.timeline.view.x_of(time_ns)), round(rect.center().y()))
