"""A slim scroll bar over the left edge of a panel: what lies on the axis of time keeps its right edge."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QScrollArea, QScrollBar, QWidget

from stillface.gui.dress import dress
from stillface.gui.palette import Theme

__all__ = ["SLIM_PX", "SlimBar", "beside"]

SLIM_PX = 7


class SlimBar(QScrollBar):
    """Is there only while there is something to scroll.

    Parameters
    ----------
    theme : Theme
    parent : QWidget
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        dress(
            self,
            theme,
            f"QScrollBar:vertical {{background: $lane; width: {SLIM_PX}px; margin: 0; border: 0;}}"
            "QScrollBar::handle:vertical {background: $faint; min-height: 16px;"
            " border-radius: 3px; margin: 0; border: 0;}"
            "QScrollBar::add-line, QScrollBar::sub-line {height: 0; border: 0;}",
        )
        self.rangeChanged.connect(lambda low, high: self.setVisible(high > low))
        self.hide()

    def lie(self, top_px: int, height_px: int) -> None:
        """Lie at the left edge of the parent."""
        self.setGeometry(0, top_px, SLIM_PX, max(height_px, 1))
        self.raise_()


class _Beside(QObject):
    """Keeps a slim bar at the left of a scrolled area in step with the area's own, which is not shown."""

    def __init__(self, area: QScrollArea, theme: Theme) -> None:
        super().__init__(area)
        self._area, self._bar = area, SlimBar(theme, area)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        own = area.verticalScrollBar()
        self._bar.setRange(own.minimum(), own.maximum())
        own.rangeChanged.connect(self._bar.setRange)
        own.valueChanged.connect(self._bar.setValue)
        self._bar.valueChanged.connect(own.setValue)
        area.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  # Qt's name
        """Follow the area's size."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._bar.setPageStep(self._area.height())
            self._bar.lie(0, self._area.height())
        return False


def beside(area: QScrollArea, theme: Theme) -> QScrollArea:
    """Give a scrolled area a slim bar at its left, which takes no width from what is in it."""
    # napari's own look has a border here, which would shift what lies on the axis of time by a pixel.
    area.setStyleSheet("QScrollArea {border: 0; padding: 0; margin: 0;}")
    _Beside(area, theme)
    return area
