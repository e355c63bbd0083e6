"""Which key does what: everything that can be done, its keys, and what is in the way of another one."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent, QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from stillface.errors import UsageError
from stillface.gui.dress import dress
from stillface.gui.keys import key_name
from stillface.gui.palette import Theme
from stillface.review.key_choice import KeyChoice
from stillface.review.keymap import Keymap
from stillface.review.keymap_profiles import ACTIONS

__all__ = ["KeyField", "KeysDialog"]

_SIZE_PX = (760, 640)


class KeyField(QLineEdit):
    """Takes one key, whatever it is, and shows its name.

    Parameters
    ----------
    caught : callable
        Gets the key as keymaps write it.
    left : callable
        Called for Esc once a key was refused.

    Attributes
    ----------
    refused : bool
        A key was refused: Esc and Tab lead away now, and are no keys to be had.
    """

    def __init__(
        self, caught: Callable[[str], object], left: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._caught, self._left = caught, left
        self.refused = False
        self.setReadOnly(True)
        # Tab would bring one here, and be taken for the new key when it was to lead away.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setPlaceholderText("press the key here")
        self.setAccessibleName("Press the new key")

    def event(self, event: QEvent) -> bool:  # type: ignore[override]
        """Take keys before they mean anything: Tab, Escape and Return, too."""
        if isinstance(event, QKeyEvent) and event.type() in (
            QEvent.Type.KeyPress,
            QEvent.Type.ShortcutOverride,
        ):
            key = key_name(event)
            if self.refused and key in ("Tab", "Shift+Tab"):
                return super().event(event)
            event.accept()
            # The key that brought one here, still held down, is not the one that is wanted.
            if event.type() == QEvent.Type.ShortcutOverride or event.isAutoRepeat():
                return True
            if self.refused and key == "Esc":
                self._left()
            elif key:
                self.setText(key)
                self._caught(key)
            return True
        return super().event(event)


class KeysDialog(QDialog):
    """Lets a coder change keys; ``choice.keymap`` holds what was chosen.

    Parameters
    ----------
    choice : KeyChoice
    theme : Theme
    """

    def __init__(self, choice: KeyChoice, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = choice
        self.setWindowTitle("My keys")
        self.resize(*_SIZE_PX)
        dress(self, theme)
        self.table = QTableWidget(len(ACTIONS), 3)
        self.field = KeyField(self._give, self._to_table)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setAccessibleName("What is in the way")
        self.also = QCheckBox("beside those it has")
        self.move_button = QPushButton("Take it from there")
        self.reset_button = QPushButton("As in the profile")
        self._wanted = ""
        self._lay_out()
        self._fill()
        self.table.selectRow(0)
        self._to_table()

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        head = QLabel(
            f"Profile {self.choice.keymap.profile}. Choose a line, press Return or click below, then press "
            "its new key. Codes have the keys of their scheme."
        )
        head.setWordWrap(True)
        whole.addWidget(head)
        self.table.setHorizontalHeaderLabels(["What", "Keys", "In the profile"])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()  # type: ignore[union-attr]  # a table has headers
        self.table.horizontalHeader().setStretchLastSection(True)  # type: ignore[union-attr]
        self.table.setTabKeyNavigation(False)
        self.table.setAccessibleName("What can be done, and its keys")
        self.table.itemSelectionChanged.connect(self._chosen)
        self.table.itemDoubleClicked.connect(lambda _item: self._listen())
        whole.addWidget(self.table, 1)
        row = QHBoxLayout()
        row.addWidget(QLabel("New key"))
        for widget in (self.field, self.also, self.move_button, self.reset_button):
            row.addWidget(widget)
        self.move_button.clicked.connect(lambda: self._try(self._move))
        self.reset_button.clicked.connect(lambda: self._try(self.choice.reset))
        whole.addLayout(row)
        whole.addWidget(self.told)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        all_back = box.addButton("All as in the profile", QDialogButtonBox.ButtonRole.ResetRole)
        if all_back is not None:
            all_back.clicked.connect(self._reset_all)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        whole.addWidget(box)

    def _fill(self) -> None:
        plain = Keymap(self.choice.keymap.profile)
        for row, action in enumerate(ACTIONS):
            keys = (self.choice.keymap.keys(action.id), plain.keys(action.id))
            for column, text in enumerate((f"{action.group}: {action.label}", *map("   ".join, keys))):
                item = QTableWidgetItem(text)
                if column == 1 and keys[0] != keys[1]:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()
        self._say_conflicts()

    def _say_conflicts(self) -> None:
        """Tell which keys a scheme's code takes from an action, as the profile has them."""
        lines = [f"{conflict.key}: {' / '.join(conflict.claims)}" for conflict in self.choice.conflicts]
        self.told.setText("The code counts where both have a key. " + "; ".join(lines) if lines else "")

    @property
    def action_id(self) -> str:
        """What is being given a key."""
        return ACTIONS[max(self.table.currentRow(), 0)].id

    def choose(self, action_id: str) -> None:
        """Go to the line of an action."""
        self.table.selectRow([action.id for action in ACTIONS].index(action_id))

    def _chosen(self) -> None:
        self._wanted = ""
        self.field.clear()
        self._say_conflicts()
        self._offer()

    def _offer(self) -> None:
        """Offer only what can be done with the key that was pressed."""
        keymap, id_ = self.choice.keymap, self.action_id
        self.move_button.setEnabled(bool(self._wanted) and bool(keymap.rivals(id_, self._wanted)))
        self.reset_button.setEnabled(id_ in keymap.own)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # type: ignore[override]  # noqa: N802  Qt's name
        """Listen for the new key of the line when Return is pressed: OK is for who goes to it."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif self.focusWidget() is self.table and not event.isAutoRepeat():
            self._listen()
        else:
            button = self.focusWidget()
            if isinstance(button, QPushButton):
                button.click()

    def showEvent(self, event: QShowEvent) -> None:  # type: ignore[override]  # noqa: N802  Qt's name
        """Have no button that Return presses from elsewhere, as the row of buttons has made one now."""
        super().showEvent(event)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
            button.setDefault(False)

    def _listen(self) -> None:
        self.field.refused = False
        self.field.clear()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.told.setText(f"Press the new key of: {ACTIONS[max(self.table.currentRow(), 0)].label}.")

    def _to_table(self) -> None:
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _give(self, key: str) -> None:
        """Give the key; one that is refused is told, and the field listens on."""
        self._wanted = key
        self.field.refused = not self._try(lambda id_: self.choice.give(id_, key, also=self.also.isChecked()))
        if not self.field.refused:
            self._to_table()
            return
        take = ", Tab to take it from there" if self.move_button.isEnabled() else ""
        self.told.setText(f"{self.told.text()} Press another key{take}, or Esc to leave it as it is.")

    def _move(self, action_id: str) -> None:
        self.choice.move(action_id, self._wanted, also=self.also.isChecked())

    def _try(self, change: Callable[[str], object]) -> bool:
        """Change something; what is in the way is said, and nothing changed."""
        try:
            change(self.action_id)
        except UsageError as error:
            self.told.setText(f"{error.what}. Nothing was changed.")
            done = False
        else:
            self._fill()
            done = True
        self._offer()
        return done

    def _reset_all(self) -> None:
        self.choice.reset_all()
        self._fill()
        self._chosen()
