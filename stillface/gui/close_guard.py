"""Nothing unsaved is lost: it is tried again by itself, and no window closes over it without asking."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QFileDialog, QMessageBox

from stillface.errors import StorageError
from stillface.gui.roles import WindowRole

__all__ = ["CloseGuard"]

_RETRY_MS = 5_000


class CloseGuard(QObject):
    """Guards one window's work.

    Parameters
    ----------
    window : WindowRole

    Attributes
    ----------
    leaving : bool
        The coder closes although edits wait on this computer only.
    """

    def __init__(self, window: WindowRole) -> None:
        super().__init__()
        self._window = window
        self.leaving = False
        self._timer = QTimer(self)
        self._timer.setInterval(_RETRY_MS)
        self._timer.timeout.connect(self.retry)
        self._timer.start()

    def retry(self) -> None:
        """Try once more where the disk or share refused."""
        document = self._window.desk.document
        if document.status != "saved" or document.away is not None:
            document.retry()

    def save_all(self) -> bool:
        """Bring everything to the disk and let go of it; False where that failed and the coder stays."""
        window = self._window
        while True:
            try:
                if window.signals is not None and not self.leaving:
                    window.signals.save()
                window.desk.document.close(abandon=self.leaving)
                break
            except StorageError as error:
                if not self.ask_unsaved(error.what):
                    return False
        self._timer.stop()
        return True

    def ask_unsaved(self, why: str) -> bool:
        """Offer to try again, another folder, to stay, and where nothing can be lost to close all the same.

        Returns
        -------
        bool
            Whether to try closing again.
        """
        box, document = QMessageBox(self._window.main), self._window.desk.document
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("stillface")
        here = document.status != "NOT SAVED" and not self._beats_in_memory()
        if here:
            box.setText("Your last edits are on this computer, but not in the study yet.")
            box.setInformativeText(
                f"{why}. They come into the study when you open this session on this computer again."
            )
        else:
            box.setText(f"Your last edits are NOT SAVED: {why}.")
            box.setInformativeText("They are kept in memory as long as this window is open.")
        again = box.addButton("Try again", QMessageBox.ButtonRole.AcceptRole)
        folder = box.addButton("Save to another folder", QMessageBox.ButtonRole.ActionRole)
        leave = (
            box.addButton("Close, and bring them in later", QMessageBox.ButtonRole.ActionRole)
            if here
            else None
        )
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(again)
        box.setEscapeButton(stay)
        box.exec()
        if box.clickedButton() is folder:
            self.ask_folder()
            return document.status == "saved"
        self.leaving = leave is not None and box.clickedButton() is leave
        return self.leaving or box.clickedButton() is again

    def _beats_in_memory(self) -> bool:
        signals = self._window.signals
        beats = None if signals is None or signals.panel is None else signals.panel.beats
        return beats is not None and beats.status == "NOT SAVED"

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
