"""The pointer over the films: nothing moves the pictures by accident, and what was meant can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QEvent, QObject, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QWidget

from stillface.gui.binding import FilmLayers

if TYPE_CHECKING:
    import napari  # type: ignore[import-untyped]

__all__ = ["FilmView"]

_STEP = 1.2
_CLOSEST = 16.0
_A_LITTLE = 1.01
_POINTER = {
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.MouseButtonDblClick,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
}


class FilmView(QObject):
    """Ctrl with the wheel zooms around the pointer; what is zoomed is dragged; nothing else is taken.

    Wheel, drag and double click alone would zoom far in, and the other person would leave the picture.

    Parameters
    ----------
    viewer : napari.Viewer
    films : FilmLayers
    canvas : QWidget
        Where napari draws.
    """

    def __init__(self, viewer: napari.Viewer, films: FilmLayers, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._viewer, self._films, self._canvas = viewer, films, canvas
        self._camera = viewer.scene.camera
        self._fitted = float(self._camera.zoom)
        self._held: QPointF | None = None
        canvas.setAccessibleName("Films")
        canvas.installEventFilter(self)

    @property
    def zoomed(self) -> bool:
        """Whether the pictures are nearer than they fit."""
        return float(self._camera.zoom) > self._fitted * _A_LITTLE

    def fit(self) -> None:
        """Let the pictures fill the canvas again."""
        self._films.fit()
        self._fitted = float(self._camera.zoom)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  # Qt's name
        """Take the pointer before napari does."""
        if event is None or event.type() not in _POINTER:
            return False
        if isinstance(event, QWheelEvent):
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.zoom(_STEP ** (event.angleDelta().y() / 120), event.position())
        elif isinstance(event, QMouseEvent):
            self._drag(event)
        return True

    def zoom(self, factor: float, point: QPointF) -> None:
        """Zoom around a point of the canvas, from the fit to 16 times as near."""
        before = float(self._camera.zoom)
        after = min(max(before * factor, self._fitted), self._fitted * _CLOSEST)
        if after <= self._fitted * _A_LITTLE:
            self.fit()
            return
        away = self._from_middle(point)
        self._look_at(self._middle() + away / before - away / after, after)

    def _drag(self, event: QMouseEvent) -> None:
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._held = event.position()
        elif event.type() == QEvent.Type.MouseButtonRelease:
            self._held = None
        elif event.type() == QEvent.Type.MouseMove and self._held is not None and self.zoomed:
            moved, self._held = event.position() - self._held, event.position()
            zoom = float(self._camera.zoom)
            self._look_at(self._middle() - np.array([moved.y(), moved.x()]) / zoom, zoom)

    def _middle(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray(self._camera.center, dtype=np.float64)[-2:]

    def _from_middle(self, point: QPointF) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        size = self._canvas.size()
        return np.array([point.y() - size.height() / 2, point.x() - size.width() / 2])

    def _look_at(self, middle: np.ndarray[tuple[int], np.dtype[np.float64]], zoom: float) -> None:
        """Show a place, which stays upon the films: a picture that has been dragged away is no use."""
        low, high = np.asarray(self._viewer.layers.extent.world, dtype=np.float64)[:, -2:]
        self._camera.zoom = zoom
        self._camera.center = tuple(np.clip(middle, low, high))
