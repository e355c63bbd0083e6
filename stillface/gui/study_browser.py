"""The study browser: what is there, how far it is, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from stillface.errors import StillfaceError
from stillface.gui.dialog_style import dialog_sheet
from stillface.gui.palette import Theme
from stillface.gui.trouble import show_trouble
from stillface.review.check_in import check_in
from stillface.review.library import SIGNS, Choice, Library, SessionEntry
from stillface.review.opening_pair import comparable
from stillface.review.package import MANIFEST, check_out, pack_back

__all__ = ["StudyBrowser"]

_BOTH = "both people"
_COLUMNS = ("Session", "Dyad", "State", "Coded", "Coders", "Twice", "Away", "Warnings")
_MANAGER_ONLY = ("Coders", "Twice")


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
        study = library.study.study
        self.setWindowTitle(f"stillface: {study.title or study.study_id}")
        self.setStyleSheet(dialog_sheet(theme))
        self.resize(1180, 700)
        self._make_parts()
        self._lay_out()
        self._connect()
        self._waiting: list[str] = []
        # Whoever was given work sees that first.
        self.mine.setChecked(not library.manager and library.is_assigned)
        self._reader = QTimer(self)
        self._reader.setInterval(0)
        self._reader.timeout.connect(self._read_next)
        self.reload()

    def _make_parts(self) -> None:
        self.search, self.state = QLineEdit(), QComboBox()
        self.search.setPlaceholderText("find a session, dyad or coder")
        self.search.setAccessibleName("Find a session, dyad or coder")
        self.state.addItem("all states")
        self.state.addItems([f"{sign} {state}" for state, sign in SIGNS.items()])
        self.state.setAccessibleName("Filter by state")
        self.mine, self.warned = QCheckBox("only mine"), QCheckBox("only with warnings")
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table.setAccessibleName("Sessions")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        rows, columns = self.table.verticalHeader(), self.table.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(_COLUMNS.index("Session"), QHeaderView.ResizeMode.Stretch)
        for name in _MANAGER_ONLY:
            self.table.setColumnHidden(_COLUMNS.index(name), not self.library.manager)
        self.queue, self.detail, self.status = QListWidget(), QLabel(), QLabel()
        self.queue.setAccessibleName("Your queue")
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
        self.in_button.setToolTip("Take in what a coder sent back.")

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
        chosen = QGroupBox("Session")
        inside = QVBoxLayout(chosen)
        inside.addWidget(self.detail, 1)
        seeing = QHBoxLayout()
        seeing.addWidget(self.role)
        seeing.addWidget(self.blind, 1)
        inside.addLayout(seeing)
        inside.addWidget(self.open_button)
        comparing, moving = QHBoxLayout(), QHBoxLayout()
        comparing.addWidget(self.pair, 1)
        comparing.addWidget(self.pair_button)
        # A session on the road goes home; only the study itself gives sessions out.
        away = (self.library.study.root / MANIFEST).is_file()
        for button in (self.back_button,) if away else (self.out_button, self.in_button):
            moving.addWidget(button)
        inside.addLayout(comparing)
        inside.addLayout(moving)
        right = QVBoxLayout()
        right.addWidget(queue, 2)
        right.addWidget(chosen, 3)
        whole = QHBoxLayout(self)
        whole.addLayout(left, 5)
        whole.addLayout(right, 3)

    def _connect(self) -> None:
        self.search.textChanged.connect(self.show_rows)
        self.state.currentIndexChanged.connect(self.show_rows)
        self.mine.toggled.connect(self.show_rows)
        self.warned.toggled.connect(self.show_rows)
        self.table.itemSelectionChanged.connect(self.show_detail)
        self.table.itemDoubleClicked.connect(lambda _item: self.open_session())
        self.queue.itemClicked.connect(self._take_task)
        self.queue.itemDoubleClicked.connect(lambda _item: self.open_session())
        self.open_button.clicked.connect(self.open_session)
        self.pair_button.clicked.connect(self.open_pair)
        self.out_button.clicked.connect(self.ask_check_out)
        self.in_button.clicked.connect(self.ask_check_in)
        self.back_button.clicked.connect(self.ask_pack_back)

    def reload(self) -> None:
        """Look at the study again."""
        self.library.refresh()
        self._entries.clear()
        self._waiting = list(reversed(self.library.session_ids))
        self._reader.start()
        self.show_rows()

    def come_back(self, session_id: str) -> None:
        """Look again after work on a session: that row first, and chosen."""
        self.choice = None
        self.reload()
        self._select(session_id)

    def read_all(self) -> None:
        """Read what is still waiting, now."""
        while self._waiting:
            self._read_next()

    def _read_next(self) -> None:
        if self._waiting:
            session_id = self._waiting.pop()
            self._entries[session_id] = self.library.entry(session_id)
            self._add_row(self._entries[session_id])
        if not self._waiting and self._reader.isActive():
            self._reader.stop()
            self.show_rows()
            self._show_queue()

    def _passes(self, entry: SessionEntry) -> bool:
        picked = list(SIGNS)[self.state.currentIndex() - 1 :][:1] if self.state.currentIndex() > 0 else []
        return self.library.passes(
            entry,
            self.search.text(),
            frozenset(picked),
            only_mine=self.mine.isChecked(),
            only_warned=self.warned.isChecked(),
        )

    def show_rows(self) -> None:
        """Show the sessions that pass the filter."""
        chosen = self.session_id
        self.table.setRowCount(0)
        for entry in self._entries.values():
            self._add_row(entry)
        self._select(chosen)
        self._show_status()
        self.show_detail()

    def _add_row(self, entry: SessionEntry) -> None:
        if not self._passes(entry):
            return
        row = self.table.rowCount()
        self.table.insertRow(row)
        state = entry.state(None if self.library.manager else self.library.viewer)
        shares = [track.coded_share for track in entry.tracks]
        cells = (
            entry.session_id,
            entry.dyad_id,
            f"{SIGNS[state]} {state}" if not entry.problem else f"{SIGNS['damaged']} cannot be read",
            f"{100 * sum(shares) / len(shares):.0f} %" if shares else "",
            ", ".join(entry.coders),
            "twice" if entry.double else "",
            ", ".join(entry.checked_out),
            f"\u26a0 {len(entry.warnings)}" if entry.warnings else "",
        )
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setToolTip("\n".join(entry.warnings) if column == len(cells) - 1 else text)
            self.table.setItem(row, column, item)
        self._show_status()

    def _show_status(self) -> None:
        total, waiting = len(self.library.session_ids), len(self._waiting)
        text = f"{self.table.rowCount()} of {total} sessions"
        if waiting:
            text += f", reading {waiting} more"
        if self.library.trouble:
            text += f". The list of assignments cannot be read: {Path(self.library.trouble).name}"
        self.status.setText(text)

    def _show_queue(self) -> None:
        self.queue.clear()
        for task in self.library.tasks():
            a = task.assignment
            second = ", second coding" if a.pass_no == 2 else ""
            share = f" {100 * task.coded_share:.0f} %" if task.state == "in progress" else ""
            item = QListWidgetItem(
                f"{SIGNS[task.state]} {a.session_id}: {a.role} {a.scheme_id}{second}{share}"
            )
            item.setData(Qt.ItemDataRole.UserRole, (a.session_id, a.role))
            item.setToolTip(task.state)
            self.queue.addItem(item)
        if not self.queue.count():
            item = QListWidgetItem("nothing is waiting for you")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.queue.addItem(item)

    def _take_task(self, item: QListWidgetItem) -> None:
        """Choose what was given: that person only, and blind, since it is coded from scratch."""
        given = item.data(Qt.ItemDataRole.UserRole)
        if given is not None:
            self._select(given[0])
            self.role.setCurrentText(f"{given[1]} only")
            self.blind.setChecked(True)

    @property
    def session_id(self) -> str:
        """The chosen session; empty where none is."""
        row = self.table.currentRow()
        item = self.table.item(row, 0) if row >= 0 else None
        return "" if item is None else item.text()

    def _select(self, session_id: str) -> None:
        for row in range(self.table.rowCount()):
            item = self.table.item(row, 0)
            if item is not None and item.text() == session_id:
                self.table.setCurrentCell(row, 0)

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
        self.detail.setText("Choose a session." if entry is None else self._described(entry))

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

    def _described(self, entry: SessionEntry) -> str:
        lines = [f"<b style='font-size:15px'>{entry.session_id}</b> &nbsp; {entry.dyad_id}"]
        if entry.problem:
            lines.append(f"{SIGNS['damaged']} this session cannot be read; tell your manager")
        for track in entry.tracks:
            kind = {"human": "", "auto_reviewed": " (reviewed)", "consensus": " (agreed)"}[track.kind]
            lines.append(
                f"{SIGNS[track.state]} <b>{track.coder}</b> {track.role} {track.scheme_id}{kind}: "
                f"{track.state}, {100 * track.coded_share:.0f} %"
            )
        if not entry.tracks and not entry.problem:
            lines.append("nothing coded yet")
        lines += [f"<span style='color:#d98c00'>\u26a0</span> {line}" for line in entry.warnings]
        return "<br>".join(lines)

    def open_session(self) -> None:
        """Close with the chosen session to be opened."""
        entry = self._entries.get(self.session_id)
        if entry is not None and not entry.problem:
            role = self.role.currentText().removesuffix(" only")
            self.choice = Choice(entry.session_id, "" if role == _BOTH else role, self.blind.isChecked())
            self.accept()

    def open_pair(self) -> None:
        """Close with two coders to be compared."""
        pair = self.pair.currentData()
        if pair is not None:
            self.choice = Choice(self.session_id, pair=tuple(pair))
            self.accept()

    def ask_check_out(self) -> None:
        """Ask where to, and write the chosen session for the viewer, or for another coder."""
        coder = self._for_whom()
        if not coder:
            return
        name = f"{self.session_id}-{coder}.zip"
        path, _ = QFileDialog.getSaveFileName(self, "Check out to", name, "Packages (*.zip)")
        role = self.role.currentText().removesuffix(" only")
        if path:
            self._try(
                lambda: check_out(
                    self.library.study,
                    self.session_id,
                    coder,
                    Path(path),
                    role="" if role == _BOTH else role,
                    with_auto=not self.blind.isChecked(),
                ),
                "checking a session out",
            )

    def _for_whom(self) -> str:
        if not self.library.manager:
            return self.library.viewer
        name, ok = QInputDialog.getItem(
            self, "Check out", "For which coder?", list(self.library.study.study.coders), 0, False
        )
        return name if ok else ""

    def ask_check_in(self) -> None:
        """Ask for a package and take it in."""
        path, _ = QFileDialog.getOpenFileName(self, "Check in", "", "Packages (*.zip)")
        if path:
            self._try(lambda: check_in(self.library.study, Path(path)), "checking a session in")

    def ask_pack_back(self) -> None:
        """Ask where to, and write the coder's work of a session that is on the road."""
        study = self.library.study
        name = f"{study.root.name}-back.zip"
        path, _ = QFileDialog.getSaveFileName(self, "Pack up to", name, "Packages (*.zip)")
        if path:
            self._try(lambda: pack_back(study, Path(path)), "packing a session up")

    def _try(self, action: Callable[[], object], doing: str) -> None:
        try:
            action()
        except StillfaceError as error:
            show_trouble(error, doing, self)
        self.reload()
