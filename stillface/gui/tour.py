"""Two minutes around the window: a few steps, each pointing at the real thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtpy.QtCore import QPoint, QRect, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from stillface.gui.dress import dress
from stillface.gui.palette import Theme

__all__ = ["Tour", "TourStep"]

_WIDTH_PX = 380
_GAP_PX = 12
_FOLLOW_MS = 100
_SHEET = (
    "QFrame#tour {background: $background; border: 2px solid $accent; border-radius: 8px;}"
    "QLabel {color: $text; font-size: 13px;}"
)
_RING = "QFrame#ring {background: transparent; border: 3px solid $accent; border-radius: 6px;}"


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
    """A bubble over the films and a frame around each target in turn; the window stays usable.

    The bubble stands upon its foot: from step to step its buttons stay where they are, and what is above
    and below the films, the clock too, is never covered.

    Parameters
    ----------
    steps : sequence of TourStep
        Those whose target is not on screen are left out.
    theme : Theme
    parent : QWidget
        The window.
    upon : QWidget
        Upon which the bubble stands.
    done : callable
        Called once, when the tour ends at its end or before.
    """

    def __init__(
        self,
        steps: Sequence[TourStep],
        theme: Theme,
        parent: QWidget,
        upon: QWidget,
        done: Callable[[], object],
    ) -> None:
        super().__init__(parent)
        self._steps = tuple(step for step in steps if _there(step.target()))
        self._upon, self._done, self._ended = upon, done, False
        self.place = 0
        self.setObjectName("tour")
        self.setAccessibleName("Guided tour")
        self.setFixedWidth(_WIDTH_PX)
        dress(self, theme, _SHEET)
        self._make_ring(parent, theme)
        self.text, self.count = QLabel(), QLabel()
        self.text.setWordWrap(True)
        self.back, self.on, self.end = QPushButton("Back"), QPushButton(), QPushButton("End the tour  Esc")
        self._lay_out()
        self.show_step()

    def _make_ring(self, parent: QWidget, theme: Theme) -> None:
        """Make the frame around what is pointed at; it follows when that moves."""
        self._ring = QFrame(parent)
        self._ring.setObjectName("ring")
        self._ring.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        dress(self._ring, theme, _RING)
        self._follower = QTimer(self)
        self._follower.setInterval(_FOLLOW_MS)
        self._follower.timeout.connect(self._settle)
        self._follower.start()

    def _lay_out(self) -> None:
        for button, act in ((self.back, self._go_back), (self.on, self.go_on), (self.end, self.finish)):
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

    def show_step(self) -> None:
        """Show the present step beside what it is about."""
        if not self._steps:
            self.finish()
            return
        step = self._steps[self.place]
        self.text.setText(step.text)
        self.count.setText(f"{self.place + 1} of {len(self._steps)}")
        self.back.setEnabled(self.place > 0)
        self.on.setText("Done  Return" if self.place == len(self._steps) - 1 else "Next  Return")
        self._settle()
        for part in (self._ring, self):
            part.show()
            part.raise_()

    def _settle(self) -> None:
        """Stand over the films, and around what is shown: both move as the window does."""
        target, window = self._steps[self.place].target(), self.parentWidget()
        if target is None or window is None:
            return
        height = self.heightForWidth(_WIDTH_PX) if self.hasHeightForWidth() else self.sizeHint().height()
        self.resize(_WIDTH_PX, height)
        films = QRect(self._upon.mapTo(window, QPoint(0, 0)), self._upon.size())
        left = min(max(films.center().x() - _WIDTH_PX // 2, 0), max(window.width() - _WIDTH_PX, 0))
        # Where the films are low it hangs over the timeline, never over what is above.
        foot = max(films.bottom() - _GAP_PX, films.top() + height)
        self.move(left, min(foot, window.height()) - height)
        area = QRect(target.mapTo(window, QPoint(0, 0)), target.size())
        self._ring.setGeometry(area.adjusted(-3, -3, 3, 3))

    def go_on(self) -> None:
        """Go to the next step; from the last one the tour ends."""
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
            self._follower.stop()
            self._ring.hide()
            self.hide()
            self._ring.deleteLater()
            self.deleteLater()
            self._done()


def _there(widget: QWidget | None) -> bool:
    return widget is not None and widget.isVisible()
