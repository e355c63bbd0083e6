"""How you like to code: bins, pre-roll, reaction time, held keys."""

from __future__ import annotations

from qtpy.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from stillface.domain.clock import NS_PER_S
from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.review.habits import Habits

__all__ = ["HabitsDialog"]

_NS_PER_MS = 1_000_000


class HabitsDialog(QDialog):
    """Asks for habits; ``habits`` holds what was chosen.

    Parameters
    ----------
    habits : Habits
        As they are.
    theme : Theme
    """

    def __init__(self, habits: Habits, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("How you code")
        dress(self, theme)
        self.bin_s, self.pre_roll_s = QDoubleSpinBox(), QDoubleSpinBox()
        self.bin_s.setRange(0.25, 15)
        self.bin_s.setSingleStep(0.25)
        self.pre_roll_s.setRange(0, 10)
        self.pre_roll_s.setSingleStep(0.5)
        for box, value_ns in ((self.bin_s, habits.bin_ns), (self.pre_roll_s, habits.pre_roll_ns)):
            box.setSuffix(" s")
            box.setValue(value_ns / NS_PER_S)
        self.reaction_ms = QSpinBox()
        self.reaction_ms.setRange(0, 1000)
        self.reaction_ms.setSingleStep(50)
        self.reaction_ms.setSuffix(" ms")
        self.reaction_ms.setSpecialValueText("off")
        self.reaction_ms.setValue(habits.reaction_ns // _NS_PER_MS)
        self.hold = QCheckBox("a code lasts as long as its key is held")
        self.hold.setChecked(habits.hold)
        form = QFormLayout(self)
        form.addRow("Interval mode, length of a bin", self.bin_s)
        form.addRow("After each code, play again the last", self.pre_roll_s)
        form.addRow("Reaction time, taken off while playing", self.reaction_ms)
        form.addRow("Held keys", self.hold)
        note = QLabel("A reaction time moves where codes begin. It is recorded with every code it moved.")
        note.setProperty("faint", True)
        note.setWordWrap(True)
        form.addRow(note)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    @property
    def habits(self) -> Habits:
        """What is chosen now."""
        return Habits(
            round(self.pre_roll_s.value() * NS_PER_S),
            self.reaction_ms.value() * _NS_PER_MS,
            self.hold.isChecked(),
            round(self.bin_s.value() * NS_PER_S),
        )
