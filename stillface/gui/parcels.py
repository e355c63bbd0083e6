"""Sessions that travel: out to a coder's computer, packed up there, and in again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QInputDialog, QWidget

from stillface.errors import StillfaceError
from stillface.gui.trouble import show_trouble
from stillface.review.check_in import check_in
from stillface.review.library import Library
from stillface.review.package import check_out, pack_back

__all__ = ["Parcels"]

_FILES = "Packages (*.zip)"


class Parcels:
    """Asks where to and writes, or asks for packages and takes them in.

    Parameters
    ----------
    library : Library
    parent : QWidget
        Over which it asks.
    """

    def __init__(self, library: Library, parent: QWidget) -> None:
        self._library, self._parent = library, parent

    def ask_out(self, session_ids: Sequence[str], role: str, *, with_auto: bool) -> None:
        """Write sessions, one package each, for the viewer or, by a manager, for another coder."""
        coder = self._for_whom()
        if not coder:
            return
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
        for session_id, target in targets.items():
            write = partial(check_out, study, session_id, coder, target, role=role, with_auto=with_auto)
            if not self._try(write, f"checking {session_id} out"):
                return

    def _for_whom(self) -> str:
        if not self._library.manager:
            return self._library.viewer
        names = list(dict.fromkeys((*self._library.study.study.coders, *self._library.given_to())))
        name, ok = QInputDialog.getItem(self._parent, "Check out", "For which coder?", names, 0, not names)
        return name.strip() if ok else ""

    def ask_in(self) -> None:
        """Ask for packages and take them in, one after the other; the first that is refused is told."""
        paths, _ = QFileDialog.getOpenFileNames(self._parent, "Check in", "", _FILES)
        for path in paths:
            if not self._try(partial(check_in, self._library.study, Path(path)), "checking a session in"):
                return

    def ask_back(self) -> None:
        """Ask where to, and write the coder's work of a session that is on the road."""
        study = self._library.study
        name = f"{study.root.name}-back.zip"
        path, _ = QFileDialog.getSaveFileName(self._parent, "Pack up to", name, _FILES)
        if path:
            self._try(lambda: pack_back(study, Path(path)), "packing a session up")

    def _try(self, action: Callable[[], object], doing: str) -> bool:
        try:
            action()
        except StillfaceError as error:
            show_trouble(error, doing, self._parent)
            return False
        return True
