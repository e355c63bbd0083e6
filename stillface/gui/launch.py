"""``stillface-gui``: who are you, which session, and the window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QListWidget,
    QMessageBox,
    QWidget,
)

from stillface.contracts.frame_source import FrameSource
from stillface.domain.session import Session
from stillface.errors import InputError, StillfaceError
from stillface.io.bundle import StudyFolder, open_study
from stillface.review.install import install_id
from stillface.review.keymap import Keymap
from stillface.review.keymap_profiles import PROFILES
from stillface.review.opening import open_desk

if TYPE_CHECKING:
    from stillface.gui.window import CodingWindow

__all__ = ["SessionPicker", "choose_and_open", "main", "open_window"]


def open_window(
    study: StudyFolder,
    session_id: str,
    coder: str,
    *,
    keys: str = "stillface",
    blind: bool = False,
    light: bool = False,
) -> CodingWindow:
    """Open the window on one session.

    Returns
    -------
    CodingWindow

    Raises
    ------
    StillfaceError
        Study, session or films cannot be opened.
    """
    from stillface.gui.window import CodingWindow

    desk = open_desk(study, session_id, coder, install_id(), keymap=Keymap(keys), blind=blind)
    with ExitStack() as undo:
        undo.callback(desk.document.close)
        window = CodingWindow(desk, _films(study, desk.document.session), light=light)
        undo.pop_all()
    window.focus()
    return window


def _films(study: StudyFolder, session: Session) -> dict[str, FrameSource]:
    if not session.videos:
        return {}
    # A session without film is coded without the package av.
    from stillface.video import open_video

    index = study.session_dir(session.session_id) / "index"
    return {
        video.id: open_video([study.path_of(name) for name in video.files], index) for video in session.videos
    }


class SessionPicker(QDialog):
    """Who are you, and which session.

    Parameters
    ----------
    study : StudyFolder
    coder : str
        Suggested.
    """

    def __init__(self, study: StudyFolder, coder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"stillface: {study.study.title or study.study.study_id}")
        self.resize(440, 380)
        self.coder = QComboBox()
        self.coder.setEditable(True)
        self.coder.addItems(list(study.study.coders))
        self.coder.setCurrentText(coder or (study.study.coders[0] if study.study.coders else ""))
        self.sessions = QListWidget()
        self.sessions.addItems(list(study.sessions()))
        self.sessions.setCurrentRow(0)
        self.sessions.itemDoubleClicked.connect(lambda _item: self.accept())
        self.keys = QComboBox()
        self.keys.addItems(list(PROFILES))
        form = QFormLayout(self)
        form.addRow("Who are you?", self.coder)
        form.addRow("Session", self.sessions)
        form.addRow("Keys as in", self.keys)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        form.addRow(box)

    @property
    def session_id(self) -> str:
        """The chosen session; empty where none is."""
        item = self.sessions.currentItem()
        return "" if item is None else item.text()

    def accept(self) -> None:
        """Close only with a coder and a session."""
        if self.coder.currentText().strip() and self.session_id:
            super().accept()
        else:
            QMessageBox.information(self, "stillface", "Say who you are and choose a session.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the window; give the process's exit status."""
    options = _parser().parse_args(arguments)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    try:
        window = _open(options)
    except StillfaceError as error:
        # A coder sees what is wrong and what to do, never a path; the terminal gets the whole line.
        print(f"stillface-gui: {error}", file=sys.stderr)
        if options.session is None:
            QMessageBox.critical(None, "stillface", error.what + (f"; {error.fix}" if error.fix else ""))
        return error.exit_code
    if window is None:
        return 0
    status = application.exec()
    return int(status)


def choose_and_open(arguments: Sequence[str] = ()) -> CodingWindow | None:
    """Open the window as the command line would; raises StillfaceError, gives None where cancelled."""
    return _open(_parser().parse_args(arguments))


def _open(options: argparse.Namespace) -> CodingWindow | None:
    folder = options.study or QFileDialog.getExistingDirectory(None, "Open a study")
    if not folder:
        return None
    study = open_study(Path(folder))
    session, coder, keys = options.session, options.coder, options.keys
    if session is None or not coder:
        if not study.sessions():
            raise InputError("the study has no session yet", fix="add one with stillface add")
        picker = SessionPicker(study, coder or "")
        if picker.exec() != QDialog.DialogCode.Accepted:
            return None
        coder = picker.coder.currentText().strip()
        session = session or picker.session_id
        keys = picker.keys.currentText() if keys is None else keys
    return open_window(
        study, session, coder, keys=keys or "stillface", blind=options.blind, light=options.light
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stillface-gui", description="Code and review a session.")
    parser.add_argument("study", nargs="?", help="the study's folder")
    parser.add_argument("session", nargs="?", help="the session's id")
    parser.add_argument("--coder", help="who you are")
    parser.add_argument("--keys", choices=sorted(PROFILES), help="profile of keys")
    parser.add_argument("--blind", action="store_true", help="show nothing of the machine's")
    parser.add_argument("--light", action="store_true", help="light colours")
    return parser
