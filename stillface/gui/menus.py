"""The menu bar: what there is to do, by what it is about, each line with its key and doing what that does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QMenu, QMessageBox

from stillface import __version__
from stillface.gui.roles import WindowRole
from stillface.review.keymap_profiles import ACTIONS

__all__ = ["Menus"]

_LABELS = {action.id: action.label for action in ACTIONS}
_BEATS = tuple(action.id for action in ACTIONS if action.context == "beats")
_PLAY = tuple(action.id for action in ACTIONS if action.group == "Play")
# An empty name stands for a line between two groups.
_MENUS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "&Edit",
        (
            *("undo", "redo", "", "mark_in", "mark_out", "cancel", ""),
            *("relabel", "onset_here", "offset_here", "split", "merge", "extend", "delete", "comment", ""),
            *("find_code", "find_next", "find_previous"),
        ),
    ),
    ("&Play", (*_PLAY, "", "edge_back", "edge_on")),
    (
        "&Code",
        (
            *("lane_up", "lane_down", "breaches", "", "uncodable", "end_state", "interval_mode", ""),
            *("episodes", "ratings", "", "finished"),
        ),
    ),
    (
        "&Review",
        (
            *("review_mode", "", "accept", "reject", "cant_tell", "review_next", "review_previous", ""),
            *("onset_earlier", "onset_later", "offset_earlier", "offset_later", "", "signals"),
        ),
    ),
    ("&View", ("zoom_in", "zoom_out", "zoom_all", "", "film_fit", "marks", "colours")),
    ("&Help", ("help", "tour")),
)
_ABOUT = (
    "Code, review and measure still-face sessions. Everything stays on this computer.",
    "Automatic codes are proposals until a person has reviewed them.",
    "Research use. Not a diagnostic device.",
)


class Menus(QObject):
    """Adds itself to a window's menu bar, after the menu Session.

    Parameters
    ----------
    window : WindowRole

    Attributes
    ----------
    view, help : QMenu
        To which other parts of the window add their own lines.
    """

    def __init__(self, window: WindowRole) -> None:
        super().__init__()
        self._window = window
        self._lines: dict[str, Any] = {}
        held: dict[str, QMenu] = {}
        for title, ids in _MENUS:
            menu = QMenu(title, window.main)
            window.viewer.window.main_menu.addMenu(menu)
            for id_ in ids:
                if id_:
                    self._add(menu, id_)
                else:
                    menu.addSeparator()
            menu.aboutToShow.connect(partial(self._refresh, ids))
            held[title.replace("&", "")] = menu
        self.view, self.help = held["View"], held["Help"]
        self._hearts = QMenu("Heart beats", window.main)
        for id_ in _BEATS:
            self._add(self._hearts, id_)
        held["Review"].addMenu(self._hearts)
        held["Review"].aboutToShow.connect(self._refresh_beats)
        self.help.addSeparator()
        self._last: Any = self.help.addAction("About stillface")
        self._last.triggered.connect(lambda _on=False: self.about())

    def _add(self, menu: QMenu, id_: str) -> None:
        line: Any = menu.addAction(self._text(id_))
        line.setObjectName(id_)
        line.triggered.connect(lambda _on=False: self.do(id_))
        self._lines[id_] = line

    def _text(self, id_: str) -> str:
        # What stands behind a tab is drawn where shortcuts are and binds no key: keys go through the keymap.
        return f"{_LABELS[id_]}\t{next(iter(self._window.desk.keymap.keys(id_)), '')}".rstrip()

    def name_keys(self) -> None:
        """Name the keys as they are now."""
        for id_, line in self._lines.items():
            line.setText(self._text(id_))

    def do(self, id_: str) -> None:
        """Do what an action's key does."""
        act = self._act(id_)
        if act is not None:
            self._window.attempt(act)

    def _act(self, id_: str) -> Callable[[], object] | None:
        if id_ not in _BEATS:
            return self._window.doing(id_)
        panel = None if self._window.signals is None else self._window.signals.panel
        keys = self._window.desk.keymap.keys(id_)
        if panel is None or panel.beats is None or not panel.isVisible() or not keys:
            return None
        return partial(panel.plot.key, keys[0])

    def _refresh(self, ids: tuple[str, ...]) -> None:
        """Grey what cannot be asked for now, and leave out what this window never has."""
        for id_ in filter(None, ids):
            self._lines[id_].setVisible(self._window.offers(id_))
            self._lines[id_].setEnabled(self._act(id_) is not None)

    def _refresh_beats(self) -> None:
        for id_ in _BEATS:
            self._lines[id_].setEnabled(self._act(id_) is not None)

    def add_help(self, label: str, act: Callable[[], object]) -> None:
        """Add a line above the last one of the help."""
        line: Any = self.help.addAction(label)
        line.triggered.connect(lambda _on=False: self._window.attempt(act))
        self.help.insertAction(self._last, line)

    def about(self) -> None:
        """Say what this is, and what it is not."""
        text = "".join(f"<p>{line}</p>" for line in _ABOUT)
        QMessageBox.about(self._window.main, "stillface", f"<h3>stillface {__version__}</h3>{text}")
