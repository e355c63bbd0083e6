"""When to read a study anew: by F5, and when somebody comes back to the window from another."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

from stillface.review.signals import Signal

__all__ = ["LookAgain"]


class LookAgain(QObject):
    """Tells that a window should look again at what lies on the disk.

    Parameters
    ----------
    window : QWidget

    Attributes
    ----------
    asked : Signal
        By F5.
    back : Signal
        The window came to the front again.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.asked: Signal[[]] = Signal()
        self.back: Signal[[]] = Signal()
        self._away = False
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  Qt's name
        """See the window go and come back, and F5 that nothing inside it took."""
        kind = None if event is None else event.type()
        if isinstance(event, QKeyEvent) and kind == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_F5:
            self.asked.emit()
            return True
        if kind == QEvent.Type.WindowDeactivate:
            self._away = True
        elif kind == QEvent.Type.WindowActivate and self._away:
            self._away = False
            self.back.emit()
        return False
