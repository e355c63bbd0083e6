"""One sentence when something fails, and one button that copies the rest for the lab's manager."""

from __future__ import annotations

import sys
from types import TracebackType

from qtpy.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from stillface.review.trouble import coder_line, details

__all__ = ["TroubleBox", "catch_surprises", "show_trouble"]


class TroubleBox(QMessageBox):
    """Says what is wrong and what to do.

    Parameters
    ----------
    error : BaseException
    doing : str
        What the coder was doing; goes into the details.
    """

    def __init__(self, error: BaseException, doing: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Warning)
        self.setWindowTitle("stillface")
        self.setText(coder_line(error))
        self._details = details(error, doing)
        self.copy_button = QPushButton("Copy details for the lab manager")
        self.addButton(self.copy_button, QMessageBox.ButtonRole.ActionRole)
        close = self.addButton(QMessageBox.StandardButton.Ok)
        self.setDefaultButton(close)
        self.setEscapeButton(close)
        # Copying does not close: the sentence stays to be read.
        self.copy_button.clicked.disconnect()
        self.copy_button.clicked.connect(self.copy)

    def copy(self) -> None:
        """Put the details on the clipboard."""
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self._details)
            self.copy_button.setText("Copied")


def show_trouble(error: BaseException, doing: str = "", parent: QWidget | None = None) -> None:
    """Show an error until it is closed."""
    TroubleBox(error, doing, parent).exec()


def catch_surprises(*, everything: bool = True) -> None:
    """Show what nobody foresaw as one sentence, too; the terminal still gets the traceback.

    Parameters
    ----------
    everything : bool
        False leaves to others, such as napari, what did not come through stillface.
    """
    before = sys.excepthook
    if getattr(before, "tells_coders", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt) or not (everything or _is_ours(trace)):
            before(kind, error, trace)
            return
        # Not the hook before: napari's would show the coder paths and code.
        sys.__excepthook__(kind, error, trace)
        show_trouble(error, "working in the window", QApplication.activeWindow())

    hook.tells_coders = True  # type: ignore[attr-defined]
    sys.excepthook = hook


def _is_ours(trace: TracebackType | None) -> bool:
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "stillface":
            return True
        trace = trace.tb_next
    return False
