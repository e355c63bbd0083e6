"""Dealing out work: to one coder or evenly to many, with the plan's double coding, seen before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from stillface.errors import StillfaceError
from stillface.gui.coder_dialog import initials_fault, known_coders, list_coders
from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.gui.trouble import show_trouble
from stillface.pipeline.agree_study import draw_sessions
from stillface.review.assignments import (
    Assignment,
    Begun,
    begun_ungiven,
    deal,
    left_over,
    read_assignments,
    write_assignments,
)
from stillface.review.library import Library

__all__ = ["DealDialog"]

_BOTH = "both people"
_COLUMNS = ("Coder", "has", "gets", "then", "of it done")


class DealDialog(QDialog):
    """Choose coders; what each would get is shown at once, and written only by "Deal out".

    Parameters
    ----------
    library : Library
        As the manager sees it.
    chosen : sequence of str
        Sessions that were chosen in the browser; all are suggested where it is one or none.
    theme : Theme

    Attributes
    ----------
    proposal : tuple of Assignment
        What the table of assignments would hold.
    dealt : str
        What was done, in a line; empty before it is.
    """

    def __init__(
        self, library: Library, chosen: Sequence[str], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.library = library
        self._study = library.study
        self._chosen = tuple(chosen)
        self._before = read_assignments(self._study)
        self.dealt = ""
        self._begun: set[Begun] = {
            (entry.session_id, track.role, track.scheme_id, track.coder)
            for entry in library.entries()
            for track in entry.tracks
            if track.kind != "consensus"
        }
        self.proposal: tuple[Assignment, ...] = self._before
        self._new: list[str] = []
        self._rows: dict[str, list[QTableWidgetItem]] = {}
        self.setWindowTitle("Deal out work")
        dress(self, theme)
        self.resize(560, 560)
        self._make_parts()
        self._lay_out()
        self._show()

    def _make_parts(self) -> None:
        n_all = len(self.library.session_ids)
        self.scope, self.role = QComboBox(), QComboBox()
        if len(self._chosen) > 1:
            self.scope.addItem(f"the {len(self._chosen)} chosen sessions", self._chosen)
        self.scope.addItem(f"all {n_all} sessions" if n_all > 1 else "the only session", None)
        if len(self._chosen) == 1 and n_all > 1:
            self.scope.addItem(f"{self._chosen[0]} only", self._chosen)
        self.scope.setAccessibleName("Which sessions")
        self.role.addItems([_BOTH, *(f"{role} only" for role in self._study.study.schemes)])
        self.role.setAccessibleName("Whom to code")
        self.anew = QCheckBox("take back first what was given there and not begun")
        self.anew.setToolTip("With no coder ticked, the work is taken back and given to nobody.")
        self.also = QCheckBox("deal out, too, what somebody has begun without having been given it")
        self.also.setToolTip("A second person codes it from the start; the first one's codes stay.")
        self.also.setVisible(bool(begun_ungiven(self._study, self._before, self._begun)))
        self._make_table()
        self.other, self.add_button = QLineEdit(), QPushButton("Add")
        self.other.setPlaceholderText("somebody else: initials")
        self.other.setAccessibleName("Somebody else: initials")
        self.add_button.setAutoDefault(False)
        self.twice, self.told = QLabel(), QLabel()
        for label in (self.twice, self.told):
            label.setWordWrap(True)
        self.draw_button = QPushButton("Draw them now")
        self.draw_button.setAutoDefault(False)
        self.draw_button.setToolTip("Draw the share that study.yaml asks for; what was drawn stays drawn.")
        self.box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.deal_button = QPushButton("Deal out")
        self.box.addButton(self.deal_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.deal_button.setDefault(True)

    def _make_table(self) -> None:
        """Make the list of coders, each to be ticked."""
        names = dict.fromkeys((*known_coders(self._study), *self.library.given_to()))
        self.coders = QTableWidget(0, len(_COLUMNS))
        self.coders.setHorizontalHeaderLabels(list(_COLUMNS))
        self.coders.setAccessibleName("Coders: tick who is to get work")
        self.coders.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.coders.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.coders.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.coders.setShowGrid(False)
        self.coders.setTabKeyNavigation(False)
        rows, columns = self.coders.verticalHeader(), self.coders.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for name in names:
            self._add(name, ticked=False)

    def _lay_out(self) -> None:
        whole, first, more, drawn = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.scope, 1)
        first.addWidget(self.role, 1)
        more.addWidget(self.other, 1)
        more.addWidget(self.add_button)
        drawn.addWidget(self.twice, 1)
        drawn.addWidget(self.draw_button)
        whole.addLayout(first)
        whole.addWidget(self.anew)
        whole.addWidget(self.also)
        whole.addWidget(QLabel("Tick one coder, or several among whom it is spread evenly:"))
        whole.addWidget(self.coders, 1)
        whole.addLayout(more)
        whole.addLayout(drawn)
        whole.addWidget(self.told)
        whole.addWidget(self.box)
        self.scope.currentIndexChanged.connect(self._show)
        self.role.currentIndexChanged.connect(self._show)
        self.anew.toggled.connect(self._show)
        self.also.toggled.connect(self._show)
        self.coders.itemChanged.connect(self._show)
        self.add_button.clicked.connect(self.add_coder)
        self.other.returnPressed.connect(self.add_coder)
        self.draw_button.clicked.connect(self.draw)
        self.box.accepted.connect(self.accept)
        self.box.rejected.connect(self.reject)

    def _add(self, name: str, *, ticked: bool) -> None:
        row = self.coders.rowCount()
        cells = [QTableWidgetItem(name if column == 0 else "") for column in range(len(_COLUMNS))]
        cells[0].setFlags(cells[0].flags() | Qt.ItemFlag.ItemIsUserCheckable)
        cells[0].setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self._rows[name] = cells
        self.coders.blockSignals(True)
        self.coders.insertRow(row)
        for column, cell in enumerate(cells):
            self.coders.setItem(row, column, cell)
        self.coders.blockSignals(False)

    def add_coder(self) -> None:
        """Take somebody in who is not in the list, if initials they are."""
        name = self.other.text().strip()
        fault = initials_fault(name)
        if fault:
            self.told.setText(fault)
            return
        self.other.clear()
        if name not in self._rows:
            self._new.append(name)
            self._add(name, ticked=True)
        self._show()

    def ticked(self) -> list[str]:
        """Give the coders who are to get work."""
        return [name for name, cells in self._rows.items() if cells[0].checkState() == Qt.CheckState.Checked]

    def draw(self) -> None:
        """Draw the sessions that two people are to code."""
        try:
            draw_sessions(self._study)
        except StillfaceError as error:
            show_trouble(error, "drawing sessions for double coding", self)
        self._show()

    def _asked(self, a: Assignment) -> bool:
        """Tell whether a stream is among those that are to be dealt."""
        sessions: Sequence[str] | None = self.scope.currentData()
        in_scope = sessions is None or a.session_id in sessions
        return in_scope and (self._role() is None or a.role == self._role())

    def _role(self) -> str | None:
        role = self.role.currentText().removesuffix(" only")
        return None if role == _BOTH else role

    def _begun_by_others(self) -> set[Begun]:
        """Give what is left with whoever has begun it."""
        return set() if self.also.isChecked() else self._begun

    def _propose(self) -> tuple[Assignment, ...]:
        kept = self._before
        if self.anew.isChecked():
            kept = tuple(
                a
                for a in self._before
                if not self._asked(a) or (a.session_id, a.role, a.scheme_id, a.coder) in self._begun
            )
        coders, role = self.ticked(), self._role()
        if not coders:
            return kept
        return deal(
            self._study,
            coders,
            already=kept,
            begun=self._begun_by_others(),
            sessions=self.scope.currentData(),
            roles=None if role is None else (role,),
            partly=True,
        )

    def _show(self) -> None:
        self.proposal = self._propose()
        has, then = (Counter(a.coder for a in some) for some in (self._before, self.proposal))
        new = Counter(a.coder for a in set(self.proposal) - set(self._before))
        done = Counter(
            a.coder for a in self.proposal if (a.session_id, a.role, a.scheme_id, a.coder) in self._begun
        )
        self.coders.blockSignals(True)
        for name, cells in self._rows.items():
            texts = (has[name], f"+{new[name]}" if new[name] else "", then[name], done[name])
            for cell, text in zip(cells[1:], texts, strict=True):
                cell.setText(str(text))
        self.coders.blockSignals(False)
        self._show_plan()
        self.told.setText(self._summary(sum(new.values())))
        self.deal_button.setEnabled(self.proposal != self._before)

    def _show_plan(self) -> None:
        plan, n_all = self._study.reliability, len(self.library.session_ids)
        n_drawn, n_wanted = len(plan.sessions), round(plan.share * n_all)
        self.twice.setText(
            f"Coded twice by the plan: {n_drawn} of {n_all} sessions ({plan.share:.0%} asked for)"
        )
        self.draw_button.setVisible(n_drawn < n_wanted)

    def _summary(self, n_new: int) -> str:
        n_back = len(set(self._before) - set(self.proposal))
        begun = begun_ungiven(self._study, self.proposal, self._begun_by_others())
        left_with = Counter(a.coder for a in begun if self._asked(a)) if self.ticked() else Counter[str]()
        lines = [f"{n_new} streams are given"]
        if n_back:
            lines.append(f"{n_back} are taken back or change hands")
        if not n_new and self.ticked() and not left_with:
            lines = ["All of it has been given already. Take it back first to deal it anew."]
        lines += [_left_with(coder, n) for coder, n in sorted(left_with.items())]
        n_both = _n_both(self.proposal)
        if n_both:
            lines.append(
                f"\u26a0 {n_both} times one person gets both people of a session: not blind to the partner"
            )
        n_left = left_over(self._study, (*self.proposal, *begun))
        if n_left:
            lines.append(f"{n_left} streams of the study are still given to nobody")
        return "\n".join(lines)

    def _what_was_done(self) -> str:
        new = Counter(a.coder for a in set(self.proposal) - set(self._before))
        n_back = len(set(self._before) - set(self.proposal))
        told = [f"{n} given to {coder}" for coder, n in sorted(new.items())]
        told += [f"{n_back} taken back"] if n_back else []
        return "Dealt out: " + ", ".join(told)

    def accept(self) -> None:
        """Write the table, unless somebody else has written it meanwhile: then show that first."""
        try:
            now = read_assignments(self._study)
            if now != self._before:
                self._before = now
                self._show()
                self.told.setText("Somebody has changed the assignments meanwhile. Look again.")
                return
            list_coders(self._study, [name for name in self._new if name in self.ticked()])
            write_assignments(self._study, self.proposal)
        except StillfaceError as error:
            show_trouble(error, "dealing out work", self)
            return
        self.dealt = self._what_was_done()
        super().accept()


def _left_with(coder: str, n_lanes: int) -> str:
    lanes, are = ("1 lane", "is") if n_lanes == 1 else (f"{n_lanes} lanes", "are")
    return f"{lanes} begun by {coder} {are} left with {coder}"


def _n_both(assignments: Iterable[Assignment]) -> int:
    roles: dict[tuple[str, str], set[str]] = {}
    for a in assignments:
        roles.setdefault((a.session_id, a.coder), set()).add(a.role)
    return sum(len(found) > 1 for found in roles.values())
