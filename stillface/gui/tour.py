"""Two minutes around the window: a few steps, each pointing at the real thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from stillface.gui.palette import Theme

__all__ = ["Tour", "TourStep"]

_WIDTH_PX = 380
_GAP_PX = 12


@dataclass(frozen=True)
class TourStep:
    """One stop.

    Parameters
    ----------
    text : str
        Rich text; what it is and what to try.
    target : callable
        Gives the widget that is pointed at; None leaves the step out.
    """

    text: str
    target: Callable[[], QWidget | None]


class Tour(QFrame):
    """A bubble beside each target in turn, and a frame around the target; the window stays usable.

    Parameters
    ----------
    steps : sequence of TourStep
        Those whose target is not on screen are left out.
    theme : Theme
    parent : QWidget
        The window.
    done : callable
        Called once, when the tour ends at its end or before.
    """

    def __init__(
        self, steps: Sequence[TourStep], theme: Theme, parent: QWidget, done: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._steps = tuple(step for step in steps if _there(step.target()))
        self._done, self._ended = done, False
        self.place = 0
        self.setObjectName("tour")
        self.setAccessibleName("Guided tour")
        self.setFixedWidth(_WIDTH_PX)
        self.setStyleSheet(
            f"QFrame#tour {{background: {theme.background}; border: 2px solid {theme.accent};"
            f"border-radius: 8px;}} QLabel {{color: {theme.text}; font-size: 13px;}}"
        )
        self._ring = QFrame(parent)
        self._ring.setObjectName("ring")
        self._ring.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._ring.setStyleSheet(
            f"QFrame#ring {{background: transparent; border: 3px solid {theme.accent}; border-radius: 6px;}}"
        )
        self.text, self.count = QLabel(), QLabel()
        self.text.setWordWrap(True)
        self.back, self.on, self.end = QPushButton("Back"), QPushButton("Next"), QPushButton("End the tour")
        for button, act in ((self.back, self._go_back), (self.on, self._go_on), (self.end, self.finish)):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(act)
        foot = QHBoxLayout()
        foot.addWidget(self.end)
        foot.addStretch(1)
        for part in (self.count, self.back, self.on):
            foot.addWidget(part)
        whole = QVBoxLayout(self)
        whole.addWidget(self.text)
        whole.addLayout(foot)
        self.show_step()

    def show_step(self) -> None:
        """Show the present step beside what it is about."""
        if not self._steps:
            self.finish()
            return
        step = self._steps[self.place]
        self.text.setText(step.text)
        self.count.setText(f"{self.place + 1} of {len(self._steps)}")
        self.back.setEnabled(self.place > 0)
        self.on.setText("Done" if self.place == len(self._steps) - 1 else "Next")
        target, window = step.target(), self.parentWidget()
        if target is None or window is None:
            return
        self.adjustSize()
        area = QRect(target.mapTo(window, QPoint(0, 0)), target.size())
        self._ring.setGeometry(area.adjusted(-3, -3, 3, 3))
        self.move(_beside(area, self.size().width(), self.size().height(), window.rect()))
        for part in (self._ring, self):
            part.show()
            part.raise_()

    def _go_on(self) -> None:
        if self.place == len(self._steps) - 1:
            self.finish()
        else:
            self.place += 1
            self.show_step()

    def _go_back(self) -> None:
        self.place = max(self.place - 1, 0)
        self.show_step()

    def finish(self) -> None:
        """End the tour."""
        if not self._ended:
            self._ended = True
            self._ring.hide()
            self.hide()
            self._ring.deleteLater()
            self.deleteLater()
            self._done()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """End on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.finish()


def _there(widget: QWidget | None) -> bool:
    return widget is not None and widget.isVisible()


def _beside(area: QRect, width: int, height: int, window: QRect) -> QPoint:
    """Give a corner for the bubble: below the target, above, left of it, else upon it; in the window."""
    below, above = area.bottom() + _GAP_PX, area.top() - _GAP_PX - height
    left = min(max(area.center().x() - width // 2, window.left() + _GAP_PX), window.right() - width - _GAP_PX)
    if below + height <= window.bottom():
        top = below
    elif above >= window.top():
        top = above
    else:
        top = area.center().y() - height // 2
        beside = area.left() - _GAP_PX - width
        left = beside if beside >= window.left() else left
    return QPoint(left, min(max(top, window.top()), window.bottom() - height))
