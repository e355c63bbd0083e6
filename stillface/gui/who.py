"""Who are you? The first question, since every code carries its coder's name."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from stillface.domain.study import Study
from stillface.errors import FieldError
from stillface.gui.dialog_style import dialog_sheet
from stillface.gui.palette import Theme
from stillface.io.code_log_name import log_name
from stillface.review.install import last_coder
from stillface.review.keymap_profiles import PROFILES

__all__ = ["WhoDialog"]


class WhoDialog(QDialog):
    """Choose one's initials among the study's coders, or type them.

    Parameters
    ----------
    study : Study
    theme : Theme
    keys : str
        Profile of keys that is suggested.
    """

    def __init__(
        self, study: Study, theme: Theme, keys: str = "stillface", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("stillface: who are you?")
        self.setStyleSheet(dialog_sheet(theme))
        self.resize(420, 430)
        title = QLabel(f"<h2 style='margin:0'>Who are you?</h2>{study.title or study.study_id}")
        title.setTextFormat(Qt.TextFormat.RichText)
        self.names = QListWidget()
        self.names.addItems(list(study.coders))
        self.names.setAccessibleName("Coders of this study")
        self.names.setStyleSheet("font-size: 15px;")
        self.other = QLineEdit()
        self.other.setPlaceholderText("somebody else: initials")
        self.other.setAccessibleName("Somebody else: initials")
        self.manager = QCheckBox("I manage this study: show everybody's work")
        self.manager.setToolTip("Coders stay blind: leave this off when you code.")
        self.keys = QComboBox()
        self.keys.addItems(list(PROFILES))
        self.keys.setCurrentText(keys)
        self.keys.setAccessibleName("Keys as in")
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setProperty("faint", "true")
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("Keys as in", self.keys)
        whole = QVBoxLayout(self)
        for widget in (title, self.names, self.other, self.manager):
            whole.addWidget(widget)
        whole.addLayout(form)
        whole.addWidget(self.hint)
        whole.addWidget(box)
        suggested = self.names.findItems(last_coder(study.study_id), Qt.MatchFlag.MatchExactly)
        if suggested:
            self.names.setCurrentItem(suggested[0])
        self.names.itemDoubleClicked.connect(lambda _item: self.accept())
        self.names.itemClicked.connect(lambda _item: self.other.clear())
        self.other.textChanged.connect(self._typed)

    def _typed(self, text: str) -> None:
        if text:
            self.names.clearSelection()
            self.names.setCurrentRow(-1)
        self.hint.setText("Your manager can add you to the study's coders." if text else "")

    @property
    def coder(self) -> str:
        """The chosen initials; empty where none are."""
        item = self.names.currentItem()
        return self.other.text().strip() or ("" if item is None else item.text())

    def accept(self) -> None:
        """Close only with initials that can name a log."""
        if not self.coder:
            self.hint.setText("Choose your initials.")
            return
        try:
            log_name(self.coder, "anywhere")
        except FieldError:
            self.hint.setText("Initials are letters, digits, - and _, without blanks.")
            return
        super().accept()
