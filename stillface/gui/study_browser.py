"""The study browser: what is there, how far it is, what to do next."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stillface.errors import StillfaceError
from stillface.gui.coder_dialog import NewCoderDialog
from stillface.gui.deal_dialog import DealDialog
from stillface.gui.dress import dress
from stillface.gui.look_again import LookAgain
from stillface.gui.palette import Theme
from stillface.gui.parcels import Parcels
from stillface.gui.session_table import SessionTable
from stillface.gui.session_told import described
from stillface.gui.task_list import Given, TaskList
from stillface.gui.trouble import show_trouble
from stillface.review.library import SIGNS, Choice, Library, SessionEntry
from stillface.review.opening_pair import comparable
from stillface.review.package import MANIFEST

__all__ = ["StudyBrowser"]

_BOTH = "both people"
_READ_S = 0.03


class StudyBrowser(QDialog):
    """Lists sessions and the viewer's queue; closes with :attr:`choice`.

    Sessions are read one by one while the window is there already.

    Parameters
    ----------
    library : Library
    theme : Theme
    """

    def __init__(self, library: Library, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.library, self.theme = library, theme
        self.choice: Choice | None = None
        self._entries: dict[str, SessionEntry] = {}
        self._ids: tuple[str, ...] = ()
        self._note = ""
        self._quiet = self._changed = False
        self._task: Given | None = None
        study = library.study.study
        self.setWindowTitle(f"stillface: {study.title or study.study_id}")
        dress(self, theme)
        self.resize(1240, 720)
        self._make_parts()
        self._lay_out()
        self._connect()
        self._waiting: list[str] = []
        # Whoever was given work sees that first.
        self.mine.setChecked(not library.manager and library.is_assigned)
        self._reader = QTimer(self)
        self._reader.setInterval(0)
        self._reader.timeout.connect(self._read_some)
        self.reload()

    @property
    def parcels(self) -> Parcels:
        """What is checked out, in and back from here."""
        return Parcels(self.library, self.theme, self)

    def _make_parts(self) -> None:
        self.search, self.state = QLineEdit(), QComboBox()
        self.search.setPlaceholderText("find a session, dyad or coder")
        self.search.setAccessibleName("Find a session, dyad or coder")
        self.state.addItem("all states")
        self.state.addItems([f"{sign} {state}" for state, sign in SIGNS.items()])
        self.state.setAccessibleName("Filter by state")
        self.mine, self.warned = QCheckBox("only mine"), QCheckBox("only with warnings")
        self.table = SessionTable(manager=self.library.manager)
        self.queue, self.detail, self.status = TaskList(self.library), QLabel(), QLabel()
        self.detail.setWordWrap(True)
        self.detail.setTextFormat(Qt.TextFormat.RichText)
        self.detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.status.setProperty("faint", "true")
        self.role, self.blind = QComboBox(), QCheckBox("hide the machine's codes")
        self.role.addItems([_BOTH, *(f"{role} only" for role in self.library.study.protocol().role_ids)])
        self.role.setAccessibleName("Whom to see")
        self.role.setToolTip("The other person's picture and lanes are hidden: coding blind to the partner.")
        self.open_button = QPushButton("Open")
        self.open_button.setDefault(True)
        self.pair, self.pair_button = QComboBox(), QPushButton("Compare")
        self.pair.setAccessibleName("Two coders of one stream")
        self.back_button = QPushButton("Pack up for the lab\u2026")
        self.back_button.setToolTip("Write what you coded as one file, to be checked in at the lab.")
        self.out_button, self.in_button = QPushButton("Check out\u2026"), QPushButton("Check in\u2026")
        self.out_button.setToolTip("Write this session as one file, for a coder on another computer.")
        self.in_button.setToolTip("Take in what coders sent back; several files at once will do.")
        self.deal_button = QPushButton("Deal out\u2026")
        self.deal_button.setToolTip("Give the chosen sessions, or all, to coders.")
        self.coder_button = QPushButton("Add a coder\u2026")
        self.coder_button.setToolTip("Put somebody on the study's list of coders.")

    def _lay_out(self) -> None:
        who = "manager" if self.library.manager else "coder"
        study = self.library.study.study
        title = QLabel(
            f"<span style='font-size:17px'><b>{study.title or study.study_id}</b></span>"
            f" &nbsp; {self.library.viewer}, {who}"
        )
        filters = QHBoxLayout()
        filters.addWidget(self.search, 1)
        for widget in (self.state, self.mine, self.warned):
            filters.addWidget(widget)
        left = QVBoxLayout()
        for part in (title, self.table, self.status):
            left.addWidget(part)
        left.insertLayout(1, filters)
        queue = QGroupBox("Your queue")
        QVBoxLayout(queue).addWidget(self.queue)
        # A manager who codes nothing has no queue.
        queue.setVisible(not self.library.manager or self.library.is_assigned)
        right = QVBoxLayout()
        right.addWidget(queue, 2)
        right.addWidget(self._chosen_box(), 3)
        whole = QHBoxLayout(self)
        whole.addLayout(left, 9)
        whole.addLayout(right, 4)

    def _chosen_box(self) -> QGroupBox:
        """Lay out what is said of the chosen session, and what can be done with it."""
        chosen = QGroupBox("Session")
        inside = QVBoxLayout(chosen)
        inside.addWidget(self.detail, 1)
        # A session on the road goes home; only the study itself gives sessions out.
        away = (self.library.study.root / MANIFEST).is_file()
        rows: list[tuple[QWidget, ...]] = [(self.role, self.blind), (self.open_button,)]
        rows += [(self.pair, self.pair_button)]
        rows += [(self.deal_button, self.coder_button)] if self.library.manager and not away else []
        rows += [(self.back_button,) if away else (self.out_button, self.in_button)]
        for widgets in rows:
            row = QHBoxLayout()
            for widget in widgets:
                # What is chosen between takes what a button beside it leaves.
                row.addWidget(widget, int(widget in (self.blind, self.pair)))
            inside.addLayout(row)
        return chosen

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        """Quit by the key that quits everywhere."""
        if event.matches(QKeySequence.StandardKey.Quit):
            self.reject()
        else:
            super().keyPressEvent(event)

    def _connect(self) -> None:
        self.search.textChanged.connect(self.show_rows)
        self.state.currentIndexChanged.connect(self.show_rows)
        self.mine.toggled.connect(self.show_rows)
        self.warned.toggled.connect(self.show_rows)
        self.table.itemSelectionChanged.connect(self._picked)
        self.table.typed.connect(self._look_for)
        self.table.itemDoubleClicked.connect(lambda _item: self.open_session())
        self.queue.itemClicked.connect(self._take_task)
        self.queue.itemDoubleClicked.connect(lambda _item: self.open_session())
        self.open_button.clicked.connect(self.open_session)
        self.pair_button.clicked.connect(self.open_pair)
        self.out_button.clicked.connect(self.ask_check_out)
        self.in_button.clicked.connect(self.ask_check_in)
        self.back_button.clicked.connect(lambda: self.parcels.ask_back())
        self.deal_button.clicked.connect(self.ask_deal)
        self.coder_button.clicked.connect(self.ask_coder)
        self.again = LookAgain(self)
        self.again.asked.connect(self.read_anew)
        self.again.back.connect(self._came_back)
        for button in self.findChildren(QPushButton):
            # Return opens a session, wherever the mouse was last.
            button.setAutoDefault(button is self.open_button)

    def _look_for(self, text: str) -> None:
        self.search.setFocus()
        self.search.setText(text)

    def read_anew(self) -> None:
        """Look at the study again, and say so."""
        self._note = f"read anew at {time.strftime('%H:%M:%S')}"
        try:
            self.reload()
        except StillfaceError as error:
            show_trouble(error, "reading the study anew", self)

    def _came_back(self) -> None:
        if not self._waiting:
            # A share that is away just now is told by F5 and by all that is asked of it.
            with suppress(StillfaceError):
                self.reload(quiet=True)

    def reload(self, *, quiet: bool = False) -> None:
        """Look again, ``quiet`` without a word: rows stand at once, and are filled while one may choose."""
        self.library.refresh()
        self._quiet, self._changed = quiet, not quiet
        self._ids = self.library.session_ids
        self._waiting = list(reversed(self._ids))
        self._entries = {id_: entry for id_, entry in self._entries.items() if id_ in set(self._ids)}
        self.table.announce(self._ids)
        if len(self._ids) == 1 and not self.session_id:
            self.table.choose(self._ids[0])
        self._reader.start()
        self.show_rows()

    def come_back(self, session_id: str) -> None:
        """Look again after work on a session: that row first, and chosen."""
        self.choice, self._note = None, ""
        self.reload()
        if session_id in self._ids:
            self._waiting.append(session_id)
            self._read_some(at_most=1)
        self.table.choose(session_id)
        self.table.setFocus()

    def read_all(self) -> None:
        """Read what is still waiting, now."""
        while self._waiting:
            self._read_some()

    def _read_some(self, *, at_most: int | None = None) -> None:
        """Read for some hundredths of a second, so that whoever types or chooses does not wait."""
        until = time.monotonic() + _READ_S
        read: list[SessionEntry] = []
        while self._waiting and time.monotonic() < until and len(read) != at_most:
            session_id = self._waiting.pop()
            entry = self.library.entry(session_id)
            self._changed |= entry != self._entries.get(session_id)
            self._entries[session_id] = entry
            read.append(entry)
        self.table.put(read)
        if not self._waiting:
            self._reader.stop()
            if self._changed:
                self.queue.fill(self._entries)
        self.show_rows()

    def _passes(self, session_id: str) -> bool:
        picked = list(SIGNS)[self.state.currentIndex() - 1 :][:1] if self.state.currentIndex() > 0 else []
        # A session that is not read yet is found by its name.
        entry = self._entries.get(session_id, SessionEntry(session_id))
        return self.library.passes(
            entry,
            self.search.text(),
            frozenset(picked),
            only_mine=self.mine.isChecked(),
            only_warned=self.warned.isChecked(),
        )

    def show_rows(self) -> None:
        """Show the sessions that pass the filter."""
        self.table.filter(self._passes, seek=bool(self.search.text().strip()))
        self._show_status()
        self.show_detail()

    def _show_status(self) -> None:
        shown, chosen = len(self.table.shown()), len(self.table.chosen())
        text = f"{shown} of {len(self._ids)} sessions"
        if chosen > 1:
            text += f", {chosen} chosen"
        if self._waiting and not self._quiet:
            text += f", reading {len(self._waiting)} more"
        if self.library.trouble:
            text += f". The list of assignments cannot be read: {Path(self.library.trouble).name}"
        if self.library.brought_in:
            text += ". " + "; ".join(self.library.brought_in[:2])
        if self._note:
            text += f". {self._note}"
        self.status.setText(text)

    def _take_task(self, item: QListWidgetItem) -> None:
        """Choose what was given: that person only, and blind, since it is coded from scratch."""
        given: Given | None = item.data(Qt.ItemDataRole.UserRole)
        if given is None:
            return
        self.table.choose(given[0])
        if given[1]:
            self._task = (given[0], given[1], given[2])
            self.role.setCurrentText(f"{given[1]} only")
            self.blind.setChecked(True)

    @property
    def session_id(self) -> str:
        """The session at hand; empty where none is."""
        return self.table.session_id

    def _picked(self) -> None:
        if self._task is not None and self.session_id != self._task[0]:
            # What a task asked for is not meant for another session.
            self._task = None
            self.role.setCurrentIndex(0)
            self.blind.setChecked(False)
        self._show_status()
        self.show_detail()

    def show_detail(self) -> None:
        """Show the chosen session's tracks and warnings."""
        entry = self._entries.get(self.session_id)
        here = entry is not None and not entry.problem
        self.pair.clear()
        pairs = self._pairs(entry) if entry is not None and here else []
        for pair in pairs:
            self.pair.addItem(f"{pair[2]} and {pair[3]}: {pair[0]} {pair[1]}", pair)
        self.pair.setVisible(bool(pairs))
        self.pair_button.setVisible(bool(pairs))
        for button in (self.open_button, self.out_button):
            button.setEnabled(here)
        self.detail.setText(
            "Choose a session." if entry is None else described(entry, manager=self.library.manager)
        )

    def _pairs(self, entry: SessionEntry) -> list[tuple[str, str, str, str]]:
        """Give the pairs this viewer may ask for: a coder's own pairs are refused later until both signed."""
        if not self.library.manager:
            return []
        try:
            streams = comparable(self.library.study, entry.session_id)
        except StillfaceError:
            # The warnings of the session tell why.
            return []
        return [
            (role, scheme, first, second)
            for (role, scheme), coders in streams.items()
            for k, first in enumerate(coders)
            for second in coders[k + 1 :]
        ]

    def open_session(self) -> None:
        """Close with the chosen session to be opened."""
        entry = self._entries.get(self.session_id)
        if entry is not None and not entry.problem:
            role = self.role.currentText().removesuffix(" only")
            only = "" if role == _BOTH else role
            task = self._task if self._task is not None and only in ("", self._task[1]) else None
            lane = None if task is None else task[1:]
            self.choice = Choice(entry.session_id, only, self.blind.isChecked(), lane)
            self.accept()

    def open_pair(self) -> None:
        """Close with two coders to be compared."""
        pair = self.pair.currentData()
        if pair is not None:
            self.choice = Choice(self.session_id, pair=tuple(pair))
            self.accept()

    def ask_check_out(self) -> None:
        """Write the chosen sessions for a coder on another computer."""
        role = self.role.currentText().removesuffix(" only")
        sessions = self.table.chosen() or (self.session_id,)
        only = "" if role == _BOTH else role
        self._note = self.parcels.ask_out(sessions, only, with_auto=not self.blind.isChecked())
        self.reload()

    def ask_check_in(self) -> None:
        """Take packages in."""
        self._note = self.parcels.ask_in()
        self.reload()

    def ask_deal(self) -> None:
        """Deal out work on the chosen sessions, or on all."""
        self._note = ""
        try:
            dialog = DealDialog(self.library, self.table.chosen(), self.theme, self)
        except StillfaceError as error:
            show_trouble(error, "dealing out work", self)
            return
        dialog.exec()
        self._note = dialog.dealt
        self.reload()

    def ask_coder(self) -> None:
        """Put somebody on the study's list of coders."""
        self._note = ""
        asked = NewCoderDialog(self.library.study, self.theme, self)
        if asked.exec() == QDialog.DialogCode.Accepted:
            listed = ", ".join(self.library.study.study.coders)
            self._note = f"{asked.coder} is on the list of coders now: {listed}"
        self.reload()
