"""Where lanes lie in the timeline: readable ones, scrolled by whole lanes where they do not all fit."""

from __future__ import annotations

import math

from qtpy.QtGui import QFontMetricsF
from qtpy.QtWidgets import QWidget

from stillface.gui.palette import Theme
from stillface.gui.slim_bar import SlimBar
from stillface.gui.timeline_paint import EPISODES_PX, MAP_PX, RULER_PX
from stillface.review.desk import Desk
from stillface.review.lanes import LaneKey
from stillface.review.timeline import Row, first_showing, height_of, last_first, rows_of, scrolled

__all__ = ["LaneRows"]

_TOP_PX = RULER_PX + EPISODES_PX + 4
_FOOT_PX = MAP_PX + 6
_GAP_PX = 3
_MOST_PX = 40
# Of a lane's name where it is the active one: the highest text in a row.
_NAME_PT = 9


class LaneRows:
    """Rows of one timeline.

    Parameters
    ----------
    desk : Desk
    theme : Theme
    widget : QWidget
        The timeline.

    Attributes
    ----------
    bar : SlimBar
        Its value is the number of lanes that are scrolled away at the top.
    keys : tuple of LaneKey
        The lanes, as last scrolled.
    """

    def __init__(self, desk: Desk, theme: Theme, widget: QWidget) -> None:
        self._desk, self._widget = desk, widget
        self.bar = SlimBar(theme, widget)
        self.bar.setAccessibleName("Scroll the lanes")
        self.keys: tuple[LaneKey, ...] = ()

    @property
    def _room_px(self) -> int:
        return self._widget.height() - _TOP_PX - _FOOT_PX

    def stacked(self) -> tuple[Row, ...]:
        """Stack all lanes: they share the height there is, as long as each can be read."""
        font = self._widget.font()
        font.setPointSize(_NAME_PT)
        font.setBold(True)
        least = math.ceil(QFontMetricsF(font).height()) + 1
        keys = self._desk.shown_lanes()
        height = height_of(keys, self._room_px, _GAP_PX, least, _MOST_PX)
        return rows_of(keys, _TOP_PX, height, _GAP_PX, least)

    def seen(self) -> tuple[Row, ...]:
        """Give the rows that there is room for, from the one on that was scrolled to."""
        rows = self.stacked()
        return scrolled(rows, min(self.bar.value(), max(len(rows) - 1, 0)), self._room_px)

    def show_active(self) -> None:
        """Scroll no further than to the active lane and the one below it: in a review the proposals."""
        rows, active = self.stacked(), self._desk.document.active
        self.keys = tuple(row.key for row in rows)
        last = last_first(rows, self._room_px)
        self.bar.setRange(0, last)
        self.bar.setPageStep(max(len(rows) - last, 1))
        self.bar.lie(_TOP_PX, self._room_px)
        if active in self.keys:
            here, first = self.keys.index(active), self.bar.value()
            for place in (min(here + 1, len(rows) - 1), here):
                first = first_showing(rows, first, place, self._room_px)
            self.bar.setValue(first)
