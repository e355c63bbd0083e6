"""Rating forms: every scale for one episode, segment or the session."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stillface.errors import StillfaceError
from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.review.commands_edit import CommentOn
from stillface.review.desk import Desk, clock_text
from stillface.review.lanes import Lane, LaneKey
from stillface.review.ratings import Rate, RatingUnit, Unrate, rating_of, rating_units

__all__ = ["RatingDialog", "rated_lanes"]

_KINDS = {"episode": "each episode", "segment": "each segment", "session": "whole session"}


def rated_lanes(desk: Desk) -> tuple[Lane, ...]:
    """Give the coder's own lanes of rating and ordinal scales."""
    own = (lane for lane in desk.document.lanes.values() if lane.editable)
    return tuple(lane for lane in own if lane.scheme.type in ("rating", "ordinal"))


class RatingDialog(QDialog):
    """One line per scale; every choice is saved at once.

    Parameters
    ----------
    desk : Desk
    theme : Theme
    """

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.setWindowTitle("Ratings")
        dress(self, theme)
        self._units = {k: u for k, u in rating_units(desk.document.session, desk.grid).items() if u}
        self.kind, self.unit, self.told = QComboBox(), QComboBox(), QLabel()
        self.kind.addItems([_KINDS[kind] for kind in self._units])
        self.kind.setAccessibleName("What is rated")
        self.unit.setAccessibleName("Which one")
        self.told.setWordWrap(True)
        self.kind.currentIndexChanged.connect(self._show_units)
        self.unit.currentIndexChanged.connect(self._show_values)
        play = QPushButton("Play it")
        play.setAutoDefault(False)
        play.setToolTip("Play what is rated, over and over")
        play.clicked.connect(self._play)
        top = QHBoxLayout()
        for part in (self.kind, self.unit, play):
            top.addWidget(part)
        self.values: dict[LaneKey, QComboBox] = {}
        self.remarks: dict[LaneKey, QLineEdit] = {}
        form = QFormLayout()
        for lane in rated_lanes(desk):
            form.addRow(f"{lane.key.role}: {lane.scheme.title or lane.scheme.id}", self._line(lane))
        if not self.values:
            form.addRow(QLabel("No scheme of this study is a rating scale; name one in study.yaml."))
        whole = QVBoxLayout(self)
        whole.addLayout(top)
        whole.addLayout(form)
        whole.addWidget(self.told)
        self._show_units()

    def _line(self, lane: Lane) -> QHBoxLayout:
        value, remark = QComboBox(), QLineEdit()
        value.setObjectName(f"rate {lane.key.tier}")
        value.setAccessibleName(f"{lane.key.role} {lane.scheme.title or lane.scheme.id}")
        value.addItem("not rated")
        for code in lane.scheme.codes:
            value.addItem(code.label or code.id)
            value.setItemData(value.count() - 1, code.definition, Qt.ItemDataRole.ToolTipRole)
        key = lane.key
        value.activated.connect(lambda index: self._rate(key, index))
        remark.setPlaceholderText("remark")
        remark.setAccessibleName(f"Remark on {lane.key.role} {lane.scheme.id}")
        remark.editingFinished.connect(lambda: self._remark(key))
        self.values[key], self.remarks[key] = value, remark
        line = QHBoxLayout()
        line.addWidget(value, 1)
        line.addWidget(remark, 1)
        return line

    def _now(self) -> RatingUnit:
        kind = list(self._units)[self.kind.currentIndex()]
        return self._units[kind][self.unit.currentIndex()]

    def _show_units(self) -> None:
        kind = list(self._units)[self.kind.currentIndex()]
        self.unit.blockSignals(True)
        self.unit.clear()
        self.unit.addItems([unit.label for unit in self._units[kind]])
        now_ns = self.desk.playhead.time_ns
        here = (k for k, u in enumerate(self._units[kind]) if u.onset_ns <= now_ns < u.offset_ns)
        self.unit.setCurrentIndex(next(here, 0))
        self.unit.blockSignals(False)
        self._show_values()

    def _show_values(self) -> None:
        for key, box in self.values.items():
            lane = self.desk.document.lane(key)
            held = rating_of(lane, self._now())
            box.setCurrentIndex(0 if held is None else lane.scheme.index(held.code) + 1)
            self.remarks[key].setText("" if held is None else held.comment)
            self.remarks[key].setEnabled(held is not None)

    def _rate(self, key: LaneKey, index: int) -> None:
        lane, unit = self.desk.document.lane(key), self._now()
        try:
            self.desk.do(
                Unrate(key, unit) if index == 0 else Rate(key, unit, lane.scheme.codes[index - 1].id)
            )
            self.told.setText("")
        except StillfaceError as error:
            self.told.setText(error.what + (f"; {error.fix}" if error.fix else ""))
        self._show_values()

    def _remark(self, key: LaneKey) -> None:
        held = rating_of(self.desk.document.lane(key), self._now())
        text = self.remarks[key].text().strip()
        if held is not None and text != held.comment:
            self.desk.do(CommentOn(key, held.id, text))

    def _play(self) -> None:
        unit = self._now()
        self.desk.playhead.loop_over(unit.onset_ns, unit.offset_ns)
        self.desk.playhead.seek(unit.onset_ns)
        self.desk.playhead.play()
        self.desk.said.emit(f"{unit.label}: {clock_text(unit.onset_ns)} to {clock_text(unit.offset_ns)}")
