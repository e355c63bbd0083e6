"""Which coder? Chosen among those the study knows, or typed; whoever is new is asked about once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qtpy.QtCore import Qt
from qtpy.QtGui import QFocusEvent, QKeyEvent
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from stillface.domain.study import Study
from stillface.errors import FieldError, StillfaceError
from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.gui.trouble import show_trouble
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_name import log_name
from stillface.pipeline.known_coders import people_of_study

__all__ = ["CoderDialog", "NewCoderDialog", "initials_fault", "known_coders", "list_coders"]

_BESIDE_TEXT_PX = 60


def known_coders(study: StudyFolder) -> tuple[str, ...]:
    """Give the coders of study.yaml, then everybody else with a log in the study."""
    worked = sorted({name.partition(":")[2] for name in people_of_study(study)})
    return tuple(dict.fromkeys((*study.study.coders, *worked)))


def initials_fault(text: str) -> str:
    """Tell what is wrong with initials; empty where nothing is."""
    if not text:
        return "Choose or type initials."
    try:
        log_name(text, "anywhere")
    except FieldError:
        return "Initials are letters, digits, - and _, without blanks."
    return ""


def list_coders(study: StudyFolder, names: Sequence[str]) -> None:
    """Put coders on the list of study.yaml, those that are not there; raises StorageError, InputError."""

    def with_them(now: Study) -> Study:
        return replace(now, coders=tuple(dict.fromkeys((*now.coders, *names))))

    study.update_study(with_them)


class _Names(QListWidget):
    """A list in which nobody is chosen until somebody chooses; letters are for the field beside it.

    Parameters
    ----------
    field : QLineEdit
        Gets what is typed: a list would look for whom it fits, and one would go on as somebody else.
    """

    def __init__(self, field: QLineEdit) -> None:
        super().__init__()
        self._field = field

    def keyPressEvent(self, event: QKeyEvent) -> None:  # type: ignore[override]  # noqa: N802  Qt's name
        """Hand letters to the field, and leave arrows to the list."""
        text = event.text()
        command = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if not text.strip() or not text.isprintable() or command:
            super().keyPressEvent(event)
        elif self._field.isVisible():
            self._field.setFocus(Qt.FocusReason.OtherFocusReason)
            self._field.insert(text)

    def focusInEvent(self, event: QFocusEvent) -> None:  # type: ignore[override]  # noqa: N802  Qt's name
        """Make nobody the current one: Qt takes the first, unseen, and the arrow down would pass over it."""
        super().focusInEvent(event)
        if not self.selectedItems():
            self.setCurrentRow(-1)


class CoderDialog(QDialog):
    """Asks for one coder.

    Parameters
    ----------
    known : sequence of str
        Who is chosen from; the list is not there where nobody is known.
    theme : Theme
    heading : str
        Rich text.
    words : (str, str, str)
        What stands in the field of initials, what is asked about a stranger, where ``{}`` is the name, and
        what the button says then.
    suggested : str
        Who is chosen at first.
    """

    def __init__(
        self,
        known: Sequence[str],
        theme: Theme,
        heading: str,
        words: tuple[str, str, str],
        *,
        suggested: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.known = tuple(known)
        self._words, self._sure_of = words, ""
        dress(self, theme)
        self._make_parts()
        self._lay_out(heading)
        found = self.names.findItems(suggested, Qt.MatchFlag.MatchExactly) if suggested else []
        if found:
            self.names.setCurrentItem(found[0])
        self.names.itemDoubleClicked.connect(lambda _item: self.accept())
        self.names.itemClicked.connect(lambda _item: self.other.clear())
        self.names.itemSelectionChanged.connect(self._selected)
        self.other.textChanged.connect(self._typed)
        self._allow()
        (self.names if self.known else self.other).setFocus()

    def _make_parts(self) -> None:
        self.other, self.hint = QLineEdit(), QLabel()
        self.names = _Names(self.other)
        self.names.addItems(list(self.known))
        self.names.setAccessibleName("Coders of this study")
        self.names.setStyleSheet("font-size: 15px;")
        self.names.setVisible(bool(self.known))
        self.other.setPlaceholderText(self._words[0])
        self.other.setAccessibleName(self._words[0])
        self.hint.setWordWrap(True)
        self.box = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.box.accepted.connect(self.accept)
        self.box.rejected.connect(self.reject)

    def _lay_out(self, heading: str) -> None:
        title = QLabel(heading)
        title.setTextFormat(Qt.TextFormat.RichText)
        title.setWordWrap(True)
        self.middle = QVBoxLayout()
        whole = QVBoxLayout(self)
        for widget in (title, self.names, self.other):
            whole.addWidget(widget)
        whole.addLayout(self.middle)
        whole.addWidget(self.hint)
        if not self.known:
            whole.addStretch(1)
        whole.addWidget(self.box)

    def _typed(self, text: str) -> None:
        if text:
            self.names.clearSelection()
            self.names.setCurrentRow(-1)
        self._ask_about("")
        self._allow()

    def _selected(self) -> None:
        """Forget what was typed where somebody is chosen instead: who is meant stands in one place."""
        if self.names.selectedItems():
            self.other.clear()
        self._allow()

    def _allow(self) -> None:
        """Let nobody go on as somebody whom nobody chose."""
        button = self.box.button(QDialogButtonBox.StandardButton.Ok)
        if button is not None:
            button.setEnabled(bool(self.coder))

    def _ask_about(self, name: str) -> None:
        self._sure_of = name
        self.hint.setText(self._question(name) if name else "")
        button = self.box.button(QDialogButtonBox.StandardButton.Ok)
        if button is not None:
            button.setText(self._words[2].format(name) if name else "OK")
            # Qt measures the plain letters of a button that is written in bold ones.
            wide_px = button.fontMetrics().horizontalAdvance(button.text()) * 5 // 4
            button.setMinimumWidth(wide_px + _BESIDE_TEXT_PX if name else 0)

    def _question(self, name: str) -> str:
        asked = self._words[1].format(name)
        alike = [other for other in self.known if other.casefold() == name.casefold()]
        return f"{asked} There is {alike[0]} already." if alike else asked

    @property
    def coder(self) -> str:
        """The chosen initials; empty where none are."""
        # A current row that is not highlighted is nobody's choice.
        chosen = self.names.selectedItems()
        return self.other.text().strip() or (chosen[0].text() if chosen else "")

    def accept(self) -> None:
        """Close only with initials that can name a log, and of somebody known or asked about."""
        fault = initials_fault(self.coder)
        if fault:
            self.hint.setText(fault)
        elif self.coder in self.known or self.coder == self._sure_of:
            super().accept()
        else:
            self._ask_about(self.coder)


class NewCoderDialog(CoderDialog):
    """Puts somebody on the study's list of coders; whoever has coded without being on it can be chosen.

    Parameters
    ----------
    study : StudyFolder
    theme : Theme
    """

    def __init__(self, study: StudyFolder, theme: Theme, parent: QWidget | None = None) -> None:
        self._study = study
        listed = ", ".join(study.study.coders) or "nobody yet"
        super().__init__(
            tuple(name for name in known_coders(study) if name not in study.study.coders),
            theme,
            f"<h3 style='margin:0'>Add a coder</h3>On the list: {listed}",
            ("initials of the new coder", "Add {}?", "Add {}"),
            parent=parent,
        )
        self.setWindowTitle("Add a coder")
        self.resize(380, 300 if self.known else 200)
        self.other.setFocus()

    def accept(self) -> None:
        """Write the list, unless the initials are unfit or on it."""
        fault = initials_fault(self.coder)
        listed = {name.casefold(): name for name in self._study.study.coders}
        if not fault and self.coder.casefold() in listed:
            fault = f"{listed[self.coder.casefold()]} is on the list already."
        if fault:
            self.hint.setText(fault)
            return
        try:
            list_coders(self._study, [self.coder])
        except StillfaceError as error:
            show_trouble(error, "adding a coder", self)
            return
        QDialog.accept(self)
