"""The menu Session: what this session has beside codes, whether it is saved, and where to go from here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication, QMenu

from stillface.gui.roles import WindowRole
from stillface.gui.sign_off import SignOffButton
from stillface.review.trouble import situation

__all__ = ["SessionMenu"]

_REMEMBERED = 20


class SessionMenu(QObject):
    """Adds itself to a window's menu bar.

    Parameters
    ----------
    window : WindowRole
    sign_off : SignOffButton
        Its list of tracks is in the menu, too.

    Attributes
    ----------
    menu : QMenu
    """

    def __init__(self, window: WindowRole, sign_off: SignOffButton) -> None:
        super().__init__()
        self._window = window
        self._said: deque[str] = deque(maxlen=_REMEMBERED)
        window.desk.said.connect(self._said.append)
        self._lines: dict[str, tuple[str, Any]] = {}
        self.menu = QMenu("&Session", window.main)
        window.viewer.window.main_menu.addMenu(self.menu)
        self._rest: Any = self.menu.addSeparator()
        sign_off.tracks.setTitle("Sign off, unlock")
        self.menu.addMenu(sign_off.tracks)
        window.own_actions["help"] = window.show_keys
        self.offer("Is everything saved?", "save", self.say_saved)
        # What the window itself can do stands above, where it goes from here below.
        self.menu.addSeparator()

    def offer(
        self, label: str, action_id: str, act: Callable[[], object], *, key: str = "", first: bool = False
    ) -> Any:
        """Add a line, and let the action's key do the same.

        Parameters
        ----------
        label : str
        action_id : str
            In the keymap; empty where no key does it by the keymap.
        act : callable
        key : str
            Another key that does it.
        first : bool
            Above what every window has, in the order in which lines are offered.
        """
        window = self._window
        if action_id:
            window.own_actions[action_id] = act
            key = key or next(iter(window.desk.keymap.keys(action_id)), "")
        # The key is named, not set: keys go through the keymap alone.
        line: Any = self.menu.addAction(f"{label}\t{key}".rstrip())
        line.triggered.connect(lambda _checked=False: window.attempt(act))
        if action_id:
            self._lines[action_id] = (label, line)
        if first:
            self.menu.insertAction(self._rest, line)
        return line

    def name_keys(self) -> None:
        """Name the keys as they are now."""
        for action_id, (label, line) in self._lines.items():
            key = next(iter(self._window.desk.keymap.keys(action_id)), "")
            line.setText(f"{label}\t{key}".rstrip())

    def say_saved(self) -> None:
        """Say whether everything is on the disk: there is no save command."""
        desk, document = self._window.desk, self._window.desk.document
        if document.status == "saved":
            desk.said.emit("saved already: every edit is on the disk")
        else:
            document.retry()
            why = "" if document.trouble is None else f": {document.trouble.what}"
            desk.said.emit(f"{document.status}{why}")

    def copy_details(self) -> None:
        """Put on the clipboard what a manager needs to understand what a coder sees."""
        desk, films = self._window.desk, self._window.films
        document = desk.document
        lanes = [f"  {key.tier} of {key.source}: {len(document.lane(key).bouts)}" for key in document.lanes]
        text = situation(
            f"session {document.session.session_id}, coder {document.coder}, keys {desk.keymap.profile}",
            f"time {desk.playhead.time_ns} ns, {desk.mode}, {document.status}",
            *([f"not saved: {document.trouble}"] if document.trouble is not None else []),
            *document.notices,
            f"films: {dict(films.shown)} {films.trouble}".rstrip(),
            "lanes and their bouts:",
            *lanes,
            "said last:",
            *(f"  {text}" for text in self._said),
        )
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(text)
            desk.said.emit("copied: paste it into a message to your lab manager")
