"""The table of a study's sessions: hundreds of rows, filtered while one types, sorted by a click."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qtpy.QtCore import QItemSelectionModel, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from stillface.review.library import SIGNS, SessionEntry
from stillface.review.signals import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COLUMNS", "SessionTable", "signed_coders"]

COLUMNS = ("Session", "Dyad", "State", "Coded", "Coders", "Twice", "Away", "Warnings")
_MANAGER_ONLY = ("Coders", "Twice")
_STATE, _CODED, _WARNINGS = (COLUMNS.index(name) for name in ("State", "Coded", "Warnings"))
_WIDTHS_PX = {"Dyad": 96, "State": 132, "Coded": 58, "Coders": 168, "Twice": 52, "Away": 58, "Warnings": 76}
_ORDER = list(SIGNS)


class SessionTable(QTableWidget):
    """One row a session.

    Parameters
    ----------
    manager : bool
        Sees everybody's work, and may choose many rows at once.

    Attributes
    ----------
    typed : Signal
        Called with what was typed while the rows have the keys.
    """

    def __init__(self, *, manager: bool, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._cells: dict[str, list[_Cell]] = {}
        self.typed: Signal[[str]] = Signal()
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.setAccessibleName("Sessions")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        many, one = (
            QAbstractItemView.SelectionMode.ExtendedSelection,
            QAbstractItemView.SelectionMode.SingleSelection,
        )
        self.setSelectionMode(many if manager else one)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            columns.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        for column, name in enumerate(COLUMNS):
            self.setColumnHidden(column, name in _MANAGER_ONLY and not manager)
            if name in _WIDTHS_PX:
                self.setColumnWidth(column, _WIDTHS_PX[name])
        self.setSortingEnabled(True)

    def keyboardSearch(self, search: str) -> None:  # noqa: N802  # Qt's name
        """Hand on what is typed: the row that is chosen stays."""
        self.typed.emit(search)

    def put(self, entries: Iterable[SessionEntry]) -> None:
        """Show sessions as they are now; those that are not there get a row."""
        with self._resting():
            for entry in entries:
                self._put(entry)

    def announce(self, session_ids: Iterable[str]) -> None:
        """Make the rows of exactly these sessions; what is not read yet is empty."""
        wanted = list(session_ids)
        with self._resting():
            for gone in set(self._cells).difference(wanted):
                self.removeRow(self._cells.pop(gone)[0].row())
            for session_id in wanted:
                if session_id not in self._cells:
                    self._row(session_id)

    @contextmanager
    def _resting(self) -> Iterator[None]:
        """Sort and paint once, not after each cell."""
        self.setUpdatesEnabled(False)
        self.setSortingEnabled(False)
        try:
            yield
        finally:
            self.setSortingEnabled(True)
            self.setUpdatesEnabled(True)

    def _row(self, session_id: str) -> None:
        row = self.rowCount()
        self.insertRow(row)
        cells = [_Cell(session_id if column == 0 else "") for column in range(len(COLUMNS))]
        for column, cell in enumerate(cells):
            self.setItem(row, column, cell)
        self._cells[session_id] = cells

    def _put(self, entry: SessionEntry) -> None:
        if entry.session_id not in self._cells:
            self._row(entry.session_id)
        state, share = entry.state(), entry.coded_share
        texts = (
            entry.session_id,
            entry.dyad_id,
            f"{SIGNS[state]} {state}" if not entry.problem else f"{SIGNS['damaged']} cannot be read",
            "" if share is None else f"{100 * share:.0f} %",
            signed_coders(entry),
            "twice" if entry.double else "",
            ", ".join(entry.checked_out),
            f"\u26a0 {len(entry.warnings)}" if entry.warnings else "",
        )
        keys = {
            _STATE: -1 if entry.problem else _ORDER.index(state),
            _CODED: -1.0 if share is None else share,
            _WARNINGS: -len(entry.warnings),
        }
        told = {_WARNINGS: "\n".join(entry.warnings), _CODED: _not_begun(entry)}
        for column, (cell, text) in enumerate(zip(self._cells[entry.session_id], texts, strict=True)):
            cell.setText(text)
            cell.setToolTip(told.get(column, text))
            cell.key = keys.get(column, text)

    def filter(self, passes: Callable[[str], bool], *, seek: bool = False) -> None:
        """Show the sessions that pass.

        Parameters
        ----------
        passes : callable
            Gets a session's id.
        seek : bool
            The first of them is chosen where none is; it always is where the chosen one went out of sight.
        """
        self.setUpdatesEnabled(False)
        for session_id, cells in self._cells.items():
            self.setRowHidden(cells[0].row(), not passes(session_id))
        self.setUpdatesEnabled(True)
        if not self.session_id and (seek or self.currentRow() >= 0):
            first = next(iter(self.shown()), "")
            if first:
                self.choose(first)
            else:
                self.clearSelection()
                self.setCurrentCell(-1, -1)

    def shown(self) -> tuple[str, ...]:
        """Give the sessions on screen, from top to bottom."""
        rows = {cells[0].row(): session_id for session_id, cells in self._cells.items()}
        return tuple(rows[row] for row in sorted(rows) if not self.isRowHidden(row))

    def chosen(self) -> tuple[str, ...]:
        """Give the sessions that are chosen and on screen."""
        return tuple(session_id for session_id in self.shown() if self._cells[session_id][0].isSelected())

    @property
    def session_id(self) -> str:
        """The session that the mouse or the keys are at; empty where none is on screen."""
        row = self.currentRow()
        item = self.item(row, 0) if row >= 0 and not self.isRowHidden(row) else None
        return "" if item is None else item.text()

    def choose(self, session_id: str) -> None:
        """Choose one session, and bring it into view."""
        if session_id in self._cells:
            first = self._cells[session_id][0]
            # By itself Qt asks whether Ctrl is held, as after Ctrl+W it is, and then takes the choice away.
            flags = QItemSelectionModel.SelectionFlag
            self.setCurrentCell(first.row(), 0, flags.ClearAndSelect | flags.Rows)
            self.scrollToItem(first)


def signed_coders(entry: SessionEntry) -> str:
    """Give everybody who codes here or was given it, each with the sign of how far they are."""
    names = sorted({*entry.coders, *(a.coder for a in entry.assignments)})
    return "  ".join(f"{SIGNS[entry.state(name)]} {name}" for name in names)


def _not_begun(entry: SessionEntry) -> str:
    """Say of what the coded share is."""
    streams = ", ".join(f"{stream.role} {stream.scheme_id}" for stream in entry.not_begun)
    told = "of the analysed episodes' time, in all lanes that are to be coded here"
    return f"{told}; not begun: {streams}" if streams else told


class _Cell(QTableWidgetItem):
    """Sorts by its key, not by what is written."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.key: str | float = text

    def __lt__(self, other: QTableWidgetItem) -> bool:
        """Tell which comes first; a cell that is not read yet comes last."""
        its = getattr(other, "key", "")
        if isinstance(self.key, str) or isinstance(its, str):
            return (isinstance(self.key, str), str(self.key)) < (isinstance(its, str), str(its))
        return bool(self.key < its)
