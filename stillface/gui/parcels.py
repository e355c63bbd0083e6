"""Sessions that travel: out to a coder's computer, packed up there, and in again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from stillface.errors import StillfaceError
from stillface.gui.coder_dialog import CoderDialog, known_coders
from stillface.gui.palette import Theme
from stillface.gui.trouble import show_trouble
from stillface.review.assignments import ASSIGNMENTS_FILE
from stillface.review.check_in import CheckedIn, check_in
from stillface.review.library import Library
from stillface.review.package import Manifest, check_out, pack_back

__all__ = ["Parcels"]

_Made = TypeVar("_Made")
_FILES = "Packages (*.zip)"
_FOR_WHOM = (
    "{0} is new here: check out for {0}? Their work can only come back under that name.",
    "Check out for {}",
)
_FILM_OF_PEOPLE = (
    "It holds film of identifiable people and is not encrypted. Carry it on an encrypted disk, and have it"
    " deleted on the other computer when the work is back."
)
_NO_FILM = "It holds codes and changes of episodes only, no film. Send it to the lab."
_FROM_SCRATCH = "coded from scratch, so without the machine's codes."


class Parcels:
    """Asks where to and writes, or asks for packages and takes them in; says what was done, and gives it.

    Parameters
    ----------
    library : Library
    theme : Theme
    parent : QWidget
        Over which it asks.
    """

    def __init__(self, library: Library, theme: Theme, parent: QWidget) -> None:
        self._library, self._theme, self._parent = library, theme, parent

    def ask_out(self, session_ids: Sequence[str], role: str, *, with_auto: bool) -> str:
        """Write sessions, one package each, for the viewer or, by a manager, for another coder.

        Returns
        -------
        str
            What was done, in a line; empty where nothing was.
        """
        coder = self._for_whom()
        if not coder:
            return ""
        names = {session_id: f"{session_id}-{coder}.zip" for session_id in session_ids}
        if len(names) == 1:
            name = next(iter(names.values()))
            path, _ = QFileDialog.getSaveFileName(self._parent, "Check out to", name, _FILES)
            targets = dict.fromkeys(names, Path(path)) if path else {}
        else:
            title = f"Check out {len(names)} sessions into a folder"
            folder = QFileDialog.getExistingDirectory(self._parent, title)
            targets = {id_: Path(folder) / name for id_, name in names.items()} if folder else {}
        study = self._library.study
        written: list[Path] = []
        carried: list[Manifest] = []
        for session_id, target in targets.items():
            write = partial(check_out, study, session_id, coder, target, role=role, with_auto=with_auto)
            packed = self._try(write, f"checking {session_id} out")
            if packed is None:
                break
            written.append(target)
            carried.append(packed)
        if not written:
            return ""
        told = (_where(written), _FILM_OF_PEOPLE, _queue_carried(coder, carried))
        self._tell(f"Checked out for {coder}.", "\n\n".join(filter(None, told)))
        what = next(iter(targets)) if len(written) == 1 else f"{len(written)} sessions"
        return f"{what} checked out for {coder}"

    def _for_whom(self) -> str:
        if not self._library.manager:
            return self._library.viewer
        known = tuple(dict.fromkeys((*known_coders(self._library.study), *self._library.given_to())))
        field = "somebody else: initials" if known else "initials"
        heading = "<h3 style='margin:0'>Check out for which coder?</h3>"
        asked = CoderDialog(known, self._theme, heading, (field, *_FOR_WHOM), parent=self._parent)
        asked.setWindowTitle("Check out")
        asked.resize(380, 360)
        return asked.coder if asked.exec() == QDialog.DialogCode.Accepted else ""

    def ask_in(self) -> str:
        """Ask for packages and take them in, one after the other; the first that is refused is told.

        Returns
        -------
        str
            What was done, in a line; empty where nothing was.
        """
        paths, _ = QFileDialog.getOpenFileNames(self._parent, "Check in", "", _FILES)
        done: list[CheckedIn] = []
        for path in paths:
            came = self._try(partial(check_in, self._library.study, Path(path)), "checking a session in")
            if came is None:
                break
            done.append(came)
        if done:
            new = [came for came in done if came.n_records]
            self._tell("Checked in." if new else "Nothing new.", "\n".join(map(_what_came, done)))
        return "; ".join(map(_what_came, done[:2])) + (f" and {len(done) - 2} more" if len(done) > 2 else "")

    def ask_back(self) -> None:
        """Ask where to, and write the coder's work of a session that is on the road."""
        study = self._library.study
        name = f"{study.root.name}-back.zip"
        path, _ = QFileDialog.getSaveFileName(self._parent, "Pack up to", name, _FILES)
        packed = self._try(lambda: pack_back(study, Path(path)), "packing a session up") if path else None
        if packed is not None:
            told = f"{_where([Path(path)])}\n\n{_NO_FILM}"
            others = ", ".join(name for name in known_coders(study) if name != packed.coder)
            if others:
                told += f"\n\nNot in it: the work of {others}. This package is {packed.coder}'s alone."
            self._tell(f"{packed.coder}'s work is packed up.", told)

    def _try(self, action: Callable[[], _Made], doing: str) -> _Made | None:
        try:
            return action()
        except StillfaceError as error:
            show_trouble(error, doing, self._parent)
            return None

    def _tell(self, text: str, more: str) -> None:
        box = QMessageBox(self._parent)
        box.setWindowTitle("stillface")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(text)
        box.setInformativeText(more)
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.exec()


def _queue_carried(coder: str, packed: Sequence[Manifest]) -> str:
    """Say in how many packages what the coder was given travels, and that the machine's codes do not."""
    given = [p for p in packed if ASSIGNMENTS_FILE in p.files]
    if not given:
        return ""
    told = f"{coder}'s queue goes with it" + (
        "" if len(given) == len(packed) else f" in {len(given)} of them"
    )
    machine = any(name.endswith(".h5") for p in given for name in p.files)
    return f"{told}." if machine else f"{told}: {_FROM_SCRATCH}"


def _where(files: Sequence[Path]) -> str:
    size_mb = sum(file.stat().st_size for file in files) / 1e6
    size = f"{size_mb:.1f} MB" if size_mb >= 0.1 else f"{1000 * size_mb:.0f} kB"
    name = files[0].name if len(files) == 1 else f"{len(files)} files"
    return f"{name}, {size}, in {files[0].parent}"


def _what_came(came: CheckedIn) -> str:
    if not came.n_records:
        return f"{came.session_id}: {came.coder}'s work was here already"
    told = [f"{came.session_id}: {came.coder}'s work came in, {came.n_records} new records"]
    if came.n_episodes:
        told.append("one episode changed" if came.n_episodes == 1 else f"{came.n_episodes} episodes changed")
    if came.n_conflicts:
        places = "one place" if came.n_conflicts == 1 else f"{came.n_conflicts} places"
        told.append(f"two computers disagree in {places}")
    return "; ".join((*told, *came.left_out))
