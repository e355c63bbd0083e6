"""Episodes beside the film: place, set to the playhead, say how they ended, and what the protocol says."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stillface.domain.clock import NS_PER_S
from stillface.domain.session import ENDED_BY
from stillface.errors import StillfaceError
from stillface.gui.dress import dress
from stillface.gui.keys import key_name
from stillface.gui.palette import Theme
from stillface.review.desk import Desk, actions_of, clock_text
from stillface.review.episodes import EpisodeEditor, StopSuggestion

__all__ = ["EpisodeDialog"]

_ENDED = {
    "time": "by the clock",
    "stop_rule": "stop rule",
    "caregiver": "caregiver asked",
    "experimenter": "experimenter",
    "technical": "technical fault",
}
_HEADINGS = ("", "from", "to", "lasted", "ended", "", "", "")


class EpisodeDialog(QDialog):
    """Stays open beside the window; the playhead says where.

    Parameters
    ----------
    desk : Desk
    editor : EpisodeEditor
    theme : Theme
    """

    def __init__(self, desk: Desk, editor: EpisodeEditor, theme: Theme, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.desk, self.editor, self.theme = desk, editor, theme
        self.setWindowTitle("Episodes")
        self.setAccessibleName("Episodes")
        dress(self, theme)
        self.told, self.problems = QLabel(), QLabel()
        self.undo_button, self.redo_button = QPushButton("Undo"), QPushButton("Redo")
        self.undo_button.clicked.connect(lambda: self._try(editor.undo))
        self.redo_button.clicked.connect(lambda: self._try(editor.redo))
        for button, action in ((self.undo_button, "undo"), (self.redo_button, "redo")):
            # Return in a list of this dialog must not take anything back.
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            key = next(iter(desk.keymap.keys(action)), "")
            button.setToolTip(f"{button.text()} what you changed of episodes: {key or 'no key'}")
        self._table, self._proposals = QWidget(), QWidget()
        for label in (self.told, self.problems):
            label.setWordWrap(True)
        self._whole = QVBoxLayout(self)
        self._whole.addWidget(QLabel("Edges can also be dragged in the timeline's band of episodes."))
        for part in (self._table, self.problems, self._proposals, self.told):
            self._whole.addWidget(part)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.undo_button)
        foot.addWidget(self.redo_button)
        self._whole.addLayout(foot)
        self._leave = (
            editor.changed.connect(self.show_all),
            desk.document.lanes_changed.connect(lambda _keys: self._show_proposals()),
        )
        self.finished.connect(lambda _result: [leave() for leave in self._leave])
        # Else the first button would have the keys, and Space would set an episode.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()
        # Somebody else may have set them since the session was opened.
        self._try(editor.refresh)
        self.show_all()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Play and step to where an episode begins, take back and bring again, by the window's keys."""
        action = self.desk.keymap.action(key_name(event), "coding")
        own: dict[str, Callable[[], object]] = {"undo": self.editor.undo, "redo": self.editor.redo}
        act = None
        if action is not None:
            plays = actions_of(self.desk) if action.group == "Play" else {}
            act = own.get(action.id) or plays.get(action.id)
        if act is None:
            super().keyPressEvent(event)
        else:
            self._try(act)

    def show_all(self) -> None:
        """Show the episodes as they stand."""
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        for column, heading in enumerate(_HEADINGS):
            grid.addWidget(QLabel(heading), 0, column)
        for row, spec in enumerate(self.desk.document.session.protocol.episodes, start=1):
            self._row(grid, row, spec.id, spec.nominal_s)
        self._swap("_table", table)
        problems = self.editor.problems()
        self.problems.setText(
            "\n".join(f"⚠ {line}" for line in problems) if problems else "✓ as the protocol has it"
        )
        self.undo_button.setEnabled(self.editor.can_undo)
        self.redo_button.setEnabled(self.editor.can_redo)
        self._show_proposals()

    def _row(self, grid: QGridLayout, row: int, id_: str, nominal_s: float | None) -> None:
        planned = "untimed" if nominal_s is None else f"of {nominal_s:g} s"
        grid.addWidget(QLabel(f"<b>{id_}</b>"), row, 0)
        episode = self.desk.document.session.episode(id_)
        if episode is None:
            grid.addWidget(QLabel(f"not run ({planned})"), row, 1, 1, 4)
            place = self._button(f"place {id_}", "Begins here", lambda: self._place(id_))
            place.setToolTip(f"{id_} was run: it begins at the playhead")
            grid.addWidget(place, row, 5)
            return
        grid.addWidget(QLabel(clock_text(episode.onset_ns)), row, 1)
        grid.addWidget(QLabel(clock_text(episode.offset_ns)), row, 2)
        grid.addWidget(QLabel(f"{episode.duration_ns / NS_PER_S:g} s {planned}"), row, 3)
        ended = QComboBox()
        ended.setObjectName(f"ended {id_}")
        ended.setAccessibleName(f"How {id_} ended")
        ended.addItems([_ENDED[how] for how in ENDED_BY])
        ended.setCurrentIndex(ENDED_BY.index(episode.ended_by))
        ended.activated.connect(
            lambda index: self._try(lambda: self.editor.set_ended_by(id_, ENDED_BY[index]))
        )
        grid.addWidget(ended, row, 4)
        here = self.desk.playhead
        parts = (
            ("begin", "Begins here", lambda: self.editor.move_edge(id_, "onset", here.time_ns)),
            ("end", "Ends here", lambda: self.editor.move_edge(id_, "offset", self.desk.running.here_ns())),
            ("remove", "Not run", lambda: self.editor.remove(id_)),
        )
        tips = {"begin": "begins at the playhead", "end": "ends at the playhead", "remove": "was not run"}
        for column, (name, text, act) in enumerate(parts, start=5):
            button = self._button(f"{name} {id_}", text, act)
            button.setToolTip(f"{id_} {tips[name]}")
            grid.addWidget(button, row, column)

    def _place(self, id_: str) -> None:
        self.editor.place(id_, self.desk.playhead.time_ns)

    def _button(self, name: str, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(f"{text}: {name.partition(' ')[2]}")
        button.setAutoDefault(False)
        # The next Space plays, and does not press the button that was clicked last.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._try(act))
        return button

    def _show_proposals(self) -> None:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        for suggestion in self.editor.suggestions():
            column.addLayout(self._proposal(suggestion))
        self._swap("_proposals", box)

    def _proposal(self, suggestion: StopSuggestion) -> QHBoxLayout:
        line = QHBoxLayout()
        text = QLabel(
            f"<b>Stop rule?</b> {suggestion.text}: met at {clock_text(suggestion.met_ns)}. You decide."
        )
        text.setWordWrap(True)
        line.addWidget(text, 1)
        id_ = suggestion.episode_id
        look = self._button(f"look {id_}", "Look", lambda: self.desk.playhead.seek(suggestion.met_ns))
        look.setToolTip("Go to where the rule was met")
        confirm = self._button(
            f"confirm {id_}", "It ended there", lambda: self.editor.confirm_stop(suggestion)
        )
        confirm.setToolTip(f"End {id_} there; until you say so nothing changes")
        for button in (look, confirm):
            line.addWidget(button)
        return line

    def _swap(self, name: str, new: QWidget) -> None:
        old: QWidget = getattr(self, name)
        self._whole.replaceWidget(old, new)
        old.hide()
        old.deleteLater()
        setattr(self, name, new)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
            self.told.setText("")
        except StillfaceError as error:
            self.told.setText(error.what + (f"; {error.fix}" if error.fix else ""))
