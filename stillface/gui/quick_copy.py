"""The offer to make quick copies of films whose key frames are far apart; work in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QPushButton, QWidget

from stillface.errors import StillfaceError, StorageError

__all__ = ["MakeCopy", "QuickCopyButton"]

MakeCopy = Callable[[str, Callable[[float], object]], object]
_POLL_MS = 200


class QuickCopyButton(QPushButton):
    """Makes copies when pressed, tells how far it is, and stops when pressed again.

    Parameters
    ----------
    films : sequence of str
        Cameras whose films step back slowly.
    make : callable
        Makes the copy of one camera's film; calls its second argument with the share that is done.
    use : callable
        Shows one camera's film by its copy; raises StillfaceError where that cannot be.
    said : callable
        Takes one line for the coder.
    """

    def __init__(
        self,
        films: Sequence[str],
        make: MakeCopy,
        use: Callable[[str], object],
        said: Callable[[str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Make quick copies", parent)
        self._films, self._make, self._use, self._said = tuple(films), make, use, said
        self._share, self._stop = 0.0, False
        self._result: str | None = None
        self._thread: threading.Thread | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Make quick copies of the films")
        self.setToolTip(
            f"Stepping back waits in {', '.join(films)}: key frames are far apart.<br>A quick copy beside "
            "the study helps as soon as it is made.<br>The film stays as it is; times are its own."
        )
        self.clicked.connect(self._press)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._look)

    def stop(self) -> None:
        """Give the work up; what was begun leaves no trace."""
        self._stop = True
        if self._thread is not None:
            self._thread.join()
        self._poll.stop()

    def _press(self) -> None:
        if self._thread is not None:
            self._stop = True
            return
        self._stop, self._result, self._share = False, None, 0.0
        self._thread = threading.Thread(target=self._run, name="quick-copy", daemon=True)
        self._thread.start()
        self._poll.start()
        self._look()

    def _run(self) -> None:
        try:
            for k, camera in enumerate(self._films):
                self._make(camera, lambda share, k=k: self._went_on((k + share) / len(self._films)))  # type: ignore[misc]
        except StillfaceError as error:
            self._result = "no quick copy: " + error.what
        else:
            self._result = ""

    def _went_on(self, share: float) -> None:
        self._share = share
        if self._stop:
            raise StorageError("you stopped it")

    def _look(self) -> None:
        if self._result is None:
            self.setText(f"Quick copies {100 * self._share:.0f} %: stop")
            return
        self._poll.stop()
        done = not self._result
        self._said(self._result or self._take())
        self.setVisible(not done)
        self.setText("Make quick copies")
        self._thread = None

    def _take(self) -> str:
        """Let the window use the copies; say how that went."""
        try:
            for camera in self._films:
                self._use(camera)
        except StillfaceError as error:
            return f"quick copies are made and used from the next opening on ({error.what})"
        return "quick copies are made and in use; you are where you were"
