"""Two coders' differences on screen: the list, both codes, what is settled, and the agreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from stillface.domain.clock import NS_PER_S
from stillface.errors import StillfaceError
from stillface.gui.dress import dress
from stillface.gui.palette import Theme, code_colour, code_letter, text_on
from stillface.review.desk import Desk, clock_text
from stillface.review.settling import Comparison, Difference, Kind

__all__ = ["ComparePanel", "PanelLine"]

_KINDS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("all differences", ()),
    ("another code", ("code",)),
    ("a border shifted", ("border",)),
    ("one could not see", ("uncodable",)),
    ("one did not code", ("uncoded",)),
)
_WORDS = {kind: label for label, kinds in _KINDS for kind in kinds}
_CONTEXT_NS = NS_PER_S
_SHORTEST_MS = 200


@dataclass(frozen=True)
class PanelLine:
    """Something to do here: what it is called, its key (which may be empty), and the doing."""

    label: str
    key: str
    act: Callable[[], object]


class ComparePanel(QWidget):
    """Walks the differences; a scheme's key settles the stretch that is looked at.

    Parameters
    ----------
    desk : Desk
        On the comparison's document.
    comparison : Comparison
    theme : Theme

    Attributes
    ----------
    lines : list of PanelLine
        What the window is to offer by key and menu; what cannot be done is raised.
    """

    def __init__(
        self, desk: Desk, comparison: Comparison, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.desk, self.comparison, self.theme = desk, comparison, theme
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        dress(self, theme)
        self.lines: list[PanelLine] = []
        self._settled_here = False
        self._settled = self._now_settled()
        self._filling = False
        self._make_parts()
        self._lay_out()
        comparison.changed.connect(self._changed)
        self.show_all()
        self.go_to(0)

    def _make_parts(self) -> None:
        pair = self.comparison
        self.agreement, self.episodes = QLabel(), QLabel()
        self.episodes.setProperty("faint", "true")
        for label in (self.agreement, self.episodes):
            label.setWordWrap(True)
        self.kind, self.long_only = QComboBox(), QCheckBox(f"from {_SHORTEST_MS} ms on")
        self.open_only = QCheckBox("open only")
        self.kind.addItems([label for label, _ in _KINDS])
        self.kind.setAccessibleName("Which differences")
        self.list = QTableWidget(0, 4)
        self.list.setHorizontalHeaderLabels(["Time", pair.first.coder_id, pair.second.coder_id, "Settled"])
        self.list.setAccessibleName("Differences")
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setShowGrid(False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows, columns = self.list.verticalHeader(), self.list.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setStretchLastSection(True)
        self.what = QLabel()
        self.what.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setFormat("%v of %m settled")
        self.first_button, self.second_button = QPushButton(), QPushButton()
        self.next_button = self._button("Next open", "F4", self.next_open)
        self.back_button = self._button("Back", "Shift+F4", lambda: self.go_to(self.comparison.place - 1))
        self.reopen_button = self._button("Leave open", "Shift+F2", self.reopen)
        self.adopt_button = self._button("Take over what both said", "", self.adopt)
        first, second = pair.first.coder_id, pair.second.coder_id
        self._set_up(self.first_button, f"As {first}", "F2", lambda: self.comparison.take("first"))
        self._set_up(self.second_button, f"As {second}", "F3", lambda: self.comparison.take("second"))
        for button in (self.first_button, self.second_button):
            button.setMinimumHeight(46)

    def _button(self, label: str, key: str, action: Callable[[], object]) -> QPushButton:
        button = QPushButton()
        self._set_up(button, label, key, action)
        return button

    def _set_up(self, button: QPushButton, label: str, key: str, action: Callable[[], object]) -> None:
        button.setText(f"{label}  {key}".strip())
        button.setToolTip(f"{label}: {key}" if key else label)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self._try(action))
        self.lines.append(PanelLine(label, key, action))

    def _lay_out(self) -> None:
        pair = self.comparison
        title = QLabel(
            f"<b style='font-size:15px'>{pair.first.coder_id} and {pair.second.coder_id}</b><br>"
            f"{pair.first.role}, {pair.first.scheme.title or pair.first.scheme.id}"
        )
        filters = QHBoxLayout()
        filters.addWidget(self.kind, 1)
        filters.addWidget(self.open_only)
        buttons = QGridLayout()
        buttons.addWidget(self.first_button, 0, 0)
        buttons.addWidget(self.second_button, 0, 1)
        buttons.addWidget(self.back_button, 1, 0)
        buttons.addWidget(self.next_button, 1, 1)
        hint = QLabel("Another code: its key.")
        hint.setProperty("faint", "true")
        whole = QVBoxLayout(self)
        for widget in (title, self.agreement, self.episodes):
            whole.addWidget(widget)
        whole.addLayout(filters)
        whole.addWidget(self.long_only)
        whole.addWidget(self.list, 1)
        whole.addWidget(self.what)
        whole.addLayout(buttons)
        below: tuple[QWidget, ...] = (hint, self.reopen_button, self.progress, self.adopt_button)
        for part in below:
            whole.addWidget(part)
        self.setMinimumWidth(300)
        self.kind.currentIndexChanged.connect(self._filter)
        self.long_only.toggled.connect(self._filter)
        self.open_only.toggled.connect(self._filter)
        self.list.currentCellChanged.connect(self._picked)

    def _filter(self) -> None:
        self.comparison.set_filter(
            _KINDS[self.kind.currentIndex()][1],
            shortest_ms=_SHORTEST_MS if self.long_only.isChecked() else 0,
            only_open=self.open_only.isChecked(),
        )
        self.go_to(self.comparison.place)

    def _picked(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if not self._filling and row >= 0 and row != before:
            self.go_to(row)

    def go_to(self, place: int) -> None:
        """Look at a difference: the playhead goes there, loops around it, and the stretch is selected."""
        self.comparison.go_to(place)
        self._show_current()

    def _show_current(self) -> None:
        here, head = self.comparison.current, self.desk.playhead
        self._settled_here = here is not None and self.comparison.is_settled(here)
        if here is None:
            self.desk.select(None)
            return
        playing, (low, high) = head.playing, self.desk.grid.span_ns
        start_ns = max(here.onset_ns - _CONTEXT_NS, low)
        head.pause()
        head.loop_over(start_ns, min(here.offset_ns + _CONTEXT_NS, high))
        head.seek(start_ns if playing else here.onset_ns)
        self.desk.select((self.desk.grid.snap(here.onset_ns), self.desk.grid.snap(here.offset_ns)))
        if playing:
            head.play()

    def reopen(self) -> None:
        """Say nothing about this stretch again."""
        self.comparison.reopen()
        self._show_current()

    def next_open(self) -> None:
        """Go to the next difference that is not settled."""
        if self.comparison.next_open() is None:
            self.desk.said.emit("every difference in this list is settled")
        else:
            self._show_current()

    def adopt(self) -> None:
        """Take over what both said alike."""
        done = self.comparison.adopt_agreed()
        n_open = len(self.comparison.all) - self.comparison.n_settled
        left = {0: "no difference is left open", 1: "1 difference is left open"}
        told = "taken over" if done else "nothing more to take over"
        self.desk.said.emit(f"{told}; {left.get(n_open, f'{n_open} differences are left open')}")

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except StillfaceError as error:
            self.desk.said.emit(error.what + (f"; {error.fix}" if error.fix else ""))

    def _now_settled(self) -> frozenset[Difference]:
        return frozenset(filter(self.comparison.is_settled, self.comparison.all))

    def _changed(self) -> None:
        before, self._settled = (
            self._settled,
            frozenset(filter(self.comparison.is_settled, self.comparison.all)),
        )
        reopened = [k for k, d in enumerate(self.comparison.shown) if d in before - self._settled]
        if reopened and self.comparison.place not in reopened:
            # Taken back by undo: what is open again is what the person looks at.
            QTimer.singleShot(0, lambda: self.go_to(reopened[0]))
        self.show_all()
        here = self.comparison.current
        settled = here is not None and self.comparison.is_settled(here)
        if settled and not self._settled_here:
            # After the key's own work is done: the desk still ends its selection.
            QTimer.singleShot(0, self.next_open)
        self._settled_here = settled

    def show_all(self) -> None:
        """Show list, agreement and progress as they are now."""
        pair = self.comparison
        self._filling = True
        self.list.setRowCount(len(pair.shown))
        for row, difference in enumerate(pair.shown):
            self._show_row(row, difference)
        if pair.shown:
            self.list.setCurrentCell(pair.place, 0)
        self._filling = False
        self.desk.marked_ns = tuple((d.onset_ns, d.offset_ns, not pair.is_settled(d)) for d in pair.shown)
        self.desk.changed.emit()
        self._show_agreement()
        self._show_buttons()
        self.progress.setMaximum(max(len(pair.all), 1))
        self.progress.setValue(pair.n_settled)

    def _show_row(self, row: int, difference: Difference) -> None:
        scheme = self.comparison.first.scheme
        decided = self.comparison.settled_as(difference)
        settled = "" if decided is None else f"\u2713 {decided}"
        cells = (clock_text(difference.onset_ns), difference.first, difference.second, settled)
        for column, text in enumerate(cells):
            item = QTableWidgetItem("\u2013" if text is None else text)
            item.setToolTip(f"{difference.episode}: {_WORDS[difference.kind]}")
            if column in (1, 2) and text is not None:
                item.setText(f"{code_letter(scheme, text)} {text}")
            self.list.setItem(row, column, item)

    def _show_agreement(self) -> None:
        now = self.comparison.agreement_text()
        self.agreement.setText(now.line)
        self.agreement.setToolTip(now.reason)
        parts = [f"{name} {part}" for name, part in now.by_episode.items()]
        self.episodes.setText("   ".join([*parts, *([f"\u2013: {now.reason}"] if now.reason else [])]))
        self.episodes.setToolTip("agreement in each episode; \u2013 where it is not defined")

    def _show_buttons(self) -> None:
        pair, here = self.comparison, self.comparison.current
        scheme = pair.first.scheme
        for button, coder, code, key in (
            (self.first_button, pair.first.coder_id, None if here is None else here.first, "F2"),
            (self.second_button, pair.second.coder_id, None if here is None else here.second, "F3"),
        ):
            button.setEnabled(code is not None or bool(pair.nothing and here is not None))
            label = (
                pair.nothing or "not coded"
                if code is None
                else scheme.codes[scheme.index(code)].label or code
            )
            button.setText(f"as {coder}  {key}\n{label}")
            style = ""
            if code is not None:
                colour = code_colour(scheme, code)
                style = f"background: {colour.name()}; color: {text_on(colour).name()}; font-weight: bold;"
            button.setStyleSheet(style)
        if here is None:
            self.what.setText("No difference here. Widen the filter.")
            return
        seconds = (here.offset_ns - here.onset_ns) / NS_PER_S
        self.what.setText(
            f"<b>{pair.place + 1} of {len(pair.shown)}</b>, {here.episode}: "
            f"{_WORDS[here.kind]}, {seconds:.2f} s"
        )
