"""Our panels around the films: each can be put away and comes back by its key and by the menu View."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QWidget

from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.gui.slim_bar import beside

__all__ = ["Docks"]

_QUEUE_PX = 300
_LEAST_FILM_PX = 130
_TIMELINE_SHARE = 0.27
_AREAS = {
    "top": Qt.DockWidgetArea.TopDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}


class Docks:
    """The panels of one window.

    Parameters
    ----------
    main : QMainWindow
    theme : Theme

    Attributes
    ----------
    theme : Theme
        Of the panels that are added from now on.
    added : callable or None
        Told of the switch of each panel that can be put away.
    """

    def __init__(self, main: QMainWindow, theme: Theme) -> None:
        self._main, self.theme = main, theme
        self._held: dict[str, QDockWidget] = {}
        self.added: Callable[[Any], object] | None = None
        centre = main.centralWidget()
        if centre is not None:
            centre.setMinimumHeight(_LEAST_FILM_PX)
        main.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)

    def add_fixed(self, widget: QWidget, name: str, area: str) -> QDockWidget:
        """Put a panel in an area without a title: it is always there."""
        dock = self._add(widget, name, area)
        dock.setTitleBarWidget(QWidget())
        return dock

    def add_right(self, widget: QWidget, name: str) -> QDockWidget:
        """Put a panel on the right, from top to bottom."""
        dock = self._add(_scrolled(widget), name, "right")
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self._main.resizeDocks([dock], [_QUEUE_PX], Qt.Orientation.Horizontal)
        self._offer(dock)
        return dock

    def add_below(self, widget: QWidget, name: str, above: str, height_px: int) -> QDockWidget:
        """Put a panel under another one, as wide as that."""
        widget.setMinimumHeight(height_px)
        dock, upper = (
            self.add_fixed(beside(_scrolled(widget), self.theme), name, "bottom"),
            self._held[above],
        )
        self._main.splitDockWidget(upper, dock, Qt.Orientation.Vertical)
        share = round(_TIMELINE_SHARE * self._main.height())
        docks, heights = [upper, dock], [min(upper.height(), share), height_px]
        # A dock has no size before the window has laid it out.
        QTimer.singleShot(0, lambda: self._main.resizeDocks(docks, heights, Qt.Orientation.Vertical))
        self._offer(dock)
        return dock

    def show(self, name: str) -> bool:
        """Bring a panel back that was put away; tell whether it had been."""
        dock = self._held.get(name)
        if dock is None or dock.isVisible():
            return False
        dock.show()
        return True

    def _add(self, widget: QWidget, name: str, area: str) -> QDockWidget:
        # Qt's own: napari's are thrown away with what is in them when they are closed.
        dock = QDockWidget(name, self._main)
        dock.setObjectName(f"stillface {name}")
        dock.setWidget(widget)
        dress(
            dock,
            self.theme,
            "QDockWidget {color: $text;} QDockWidget::title {background: $lane; padding: 4px 8px;}",
        )
        dock.setAllowedAreas(_AREAS[area])
        self._main.addDockWidget(_AREAS[area], dock)
        self._held[name] = dock
        return dock

    def _offer(self, dock: QDockWidget) -> None:
        if self.added is not None:
            self.added(dock.toggleViewAction())


def _scrolled(widget: QWidget) -> QScrollArea:
    """Let a panel keep its height in a low window, and be scrolled there."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
