"""Nothing unsaved is lost: it is tried again by itself, and no window closes over it without asking."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QFileDialog, QMessageBox

from stillface.errors import StorageError

if TYPE_CHECKING:
    from stillface.gui.window import CodingWindow

__all__ = ["CloseGuard"]

_RETRY_MS = 5_000


class CloseGuard(QObject):
    """Guards one window's work.

    Parameters
    ----------
    window : CodingWindow
    """

    def __init__(self, window: CodingWindow) -> None:
        super().__init__(window)
        self._window = window
        self._timer = QTimer(self)
        self._timer.setInterval(_RETRY_MS)
        self._timer.timeout.connect(self.retry)
        self._timer.start()

    def retry(self) -> None:
        """Try once more where the disk or share refused."""
        document = self._window.desk.document
        if document.status == "NOT SAVED":
            document.retry()

    def save_all(self) -> bool:
        """Bring everything to the disk and let go of it; False where that failed and the coder stays."""
        window = self._window
        while True:
            try:
                if window.signals is not None:
                    window.signals.save()
                window.desk.document.close()
                break
            except StorageError as error:
                if not self.ask_unsaved(error.what):
                    return False
        self._timer.stop()
        return True

    def ask_unsaved(self, why: str) -> bool:
        """Offer to try again, another folder, or to stay; tell whether to try closing again."""
        box = QMessageBox(self._window.main)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("stillface")
        box.setText(f"Your last edits are NOT SAVED: {why}.")
        box.setInformativeText("They are kept in memory as long as this window is open.")
        again = box.addButton("Try again", QMessageBox.ButtonRole.AcceptRole)
        folder = box.addButton("Save to another folder", QMessageBox.ButtonRole.ActionRole)
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(again)
        box.setEscapeButton(stay)
        box.exec()
        if box.clickedButton() is folder:
            self.ask_folder()
            return self._window.desk.document.status == "saved"
        return box.clickedButton() is again

    def ask_folder(self) -> None:
        """Ask for another folder and go on there."""
        desk = self._window.desk
        folder = QFileDialog.getExistingDirectory(self._window.main, "Save your coding to another folder")
        if folder:
            try:
                desk.document.save_elsewhere(Path(folder))
                desk.said.emit("saved in the other folder; tell your lab manager")
            except StorageError as error:
                desk.said.emit(f"not saved there either: {error.what}")
