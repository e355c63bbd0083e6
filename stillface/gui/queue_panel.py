"""The review queue on screen: one proposal, five keys, how far, and what the sample says."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stillface.gui.palette import Theme, code_colour, code_letter, text_on
from stillface.review.desk import Desk, clock_text
from stillface.review.queue import Filter, agreement, share_reviewed

__all__ = ["QueuePanel"]

_CAVEAT = (
    "Automatic codes are proposals. Negative affect and withdrawal are unreliable from faces alone "
    "(published neg-vs-neutral AUC .58)."
)
_BUTTONS = (
    ("accept", "Accept"),
    ("reject", "Reject"),
    ("cant_tell", "Can't tell"),
    ("review_previous", "Back"),
    ("review_next", "Skip"),
)
_PER_ROW = 3
_FILTER_PLACES = ((0, 0, 1, 1), (0, 1, 1, 1), (1, 0, 1, 2))


class QueuePanel(QWidget):
    """Shows the present proposal and sends buttons' keys to the desk.

    Parameters
    ----------
    desk : Desk
        With a queue.
    theme : Theme
    press : callable
        Gets a key's name.
    """

    def __init__(
        self, desk: Desk, theme: Theme, press: Callable[[str], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.desk, self.theme, self._press = desk, theme, press
        self.what, self.detail, self.progress = QLabel(), QLabel(), QProgressBar()
        self.share, self.sample = QLabel(), QLabel()
        self.open_button, self.rest_button = QPushButton(), QPushButton()
        self.role_box, self.code_box, self.episode_box = QComboBox(), QComboBox(), QComboBox()
        self._lay_out()
        desk.changed.connect(self.show_all)
        desk.document.lanes_changed.connect(lambda _keys: self.show_all())
        self.show_all()

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 6, 8, 6)
        # A code's name is the longest: it has a row of its own.
        filters = QGridLayout()
        queue = self.desk.queue
        items = queue.items if queue is not None else ()
        choices = (
            (self.role_box, "all roles", sorted({p.lane.role for p in items})),
            (self.episode_box, "all episodes", [e.id for e in self.desk.document.session.episodes]),
            (self.code_box, "all codes", sorted({p.code for p in items})),
        )
        for k, (box, everything, names) in enumerate(choices):
            box.addItems([everything, *names])
            box.setAccessibleName(f"Filter: {everything}")
            box.currentIndexChanged.connect(self._filter)
            filters.addWidget(box, *_FILTER_PLACES[k])
        self.what.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.what.setMinimumHeight(52)
        self.detail.setMinimumHeight(56)
        self.setMinimumWidth(270)
        self.detail.setWordWrap(True)
        self.share.setWordWrap(True)
        self.sample.setWordWrap(True)
        self.progress.setTextVisible(True)
        caveat = QLabel(_CAVEAT)
        caveat.setWordWrap(True)
        caveat.setStyleSheet(f"color: {self.theme.faint}; font-size: 11px;")
        whole.addLayout(filters)
        for widget in (self.what, self.detail):
            whole.addWidget(widget)
        buttons = QGridLayout()
        for k, (action, label) in enumerate(_BUTTONS):
            row, column, width = (0, 2 * k, 2) if k < _PER_ROW else (1, 3 * (k - _PER_ROW), 3)
            buttons.addWidget(self._button(action, label), row, column, 1, width)
        whole.addLayout(buttons)
        hint = QLabel(
            "Another code: its key. Edges: "
            + self._keys("onset_earlier", "onset_later")
            + " onset, "
            + self._keys("offset_earlier", "offset_later")
            + " offset."
        )
        hint.setWordWrap(True)
        hint.setStyleSheet(f"color: {self.theme.faint}; font-size: 11px;")
        below: tuple[QWidget, ...] = (hint, self.progress, self.share, self.sample, caveat)
        for part in below:
            whole.addWidget(part)
        self.open_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.open_button.clicked.connect(lambda: self._press(self.desk.keymap.keys("review_mode")[0]))
        whole.addWidget(self.open_button)
        self.rest_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rest_button.setObjectName("accept_rest")
        self.rest_button.setToolTip("Sure ones outside the random sample; recorded as accepted unseen.")
        self.rest_button.clicked.connect(self._accept_rest)
        whole.addWidget(self.rest_button)
        whole.addStretch(1)

    def _accept_rest(self) -> None:
        queue = self.desk.queue
        if queue is None:
            return
        n_rest, sample = queue.n_rest(), agreement(queue)
        told = (
            "You have judged none of the random sample yet: how often the machine is right is not known."
            if not sample.n_judged
            else f"Of the sample you judged, {sample.n_agreed} of {sample.n_judged} were kept."
        )
        answer = QMessageBox.question(
            self,
            "Accept unseen",
            f"{n_rest} proposals go into your reviewed lanes without anybody having looked at them. {told} "
            "They are recorded, and reported, as accepted unseen. Ctrl+Z takes them back at once.",
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        if answer == QMessageBox.StandardButton.Yes:
            self.desk.judge(queue.accept_rest, f"{n_rest} accepted unseen")

    def _keys(self, *actions: str) -> str:
        return " / ".join(
            self.desk.keymap.keys(action)[0] for action in actions if self.desk.keymap.keys(action)
        )

    def _button(self, action: str, label: str) -> QPushButton:
        keys = self.desk.keymap.keys(action)
        button = QPushButton(f"{label}\n{keys[0] if keys else ''}")
        button.setMinimumHeight(44)
        button.setStyleSheet("padding: 3px;")
        button.setObjectName(action)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(f"{label}: {' or '.join(keys)}")
        button.clicked.connect(lambda: keys and self._press(keys[0]))
        return button

    def _filter(self) -> None:
        def picked(box: QComboBox) -> frozenset[str]:
            return frozenset() if box.currentIndex() <= 0 else frozenset({box.currentText()})

        if self.desk.queue is not None:
            self.desk.queue.set_filter(
                Filter(picked(self.role_box), frozenset(), picked(self.code_box), picked(self.episode_box))
            )
            if self.desk.mode == "review":
                self.desk.show_proposal()
            self.show_all()

    def show_all(self) -> None:
        """Show the present proposal and how far the review is."""
        queue = self.desk.queue
        if queue is None:
            return
        reviewing = self.desk.mode == "review"
        key = self._keys("review_mode")
        self.open_button.setText(f"Back to coding ({key})" if reviewing else f"Review these ({key})")
        proposal = queue.current
        if proposal is None:
            self.what.setText("nothing here")
            self.detail.setText("Widen the filter.")
        else:
            scheme = self.desk.document.lane(proposal.lane).scheme
            colour = code_colour(scheme, proposal.code)
            label = scheme.codes[scheme.index(proposal.code)].label or proposal.code
            self.what.setText(f"{code_letter(scheme, proposal.code)}   {label}?")
            self.what.setStyleSheet(
                f"background: {colour.name()}; color: {text_on(colour).name()}; font: bold 18px;"
                "border-radius: 4px;"
            )
            onset, offset = queue.edges_ns
            stretch = f"{clock_text(onset)} to {clock_text(offset)} ({(offset - onset) / 1e9:.2f} s)"
            played = f"played {100 * queue.watched.share(onset, offset):.0f} %"
            lines = [
                f"<b>{proposal.lane.role}</b>, {stretch}",
                f"confidence {proposal.confidence:.2f}; {played}",
            ]
            decision = queue.decision(proposal)
            if decision is not None:
                lines.append(f"you said: <b>{decision.verdict.replace('_', ' ')}</b> {decision.code or ''}")
            self.detail.setText("<br>".join(lines))
        self._show_progress()

    def _show_progress(self) -> None:
        queue = self.desk.queue
        if queue is None:
            return
        done = queue.progress()
        self.progress.setMaximum(max(done.n_all, 1))
        self.progress.setValue(done.n_decided)
        left = "" if done.minutes_left is None else f", about {max(round(done.minutes_left), 1)} min left"
        self.progress.setFormat(
            f"{done.n_decided} of {done.n_all} decided" + (left if done.n_decided < done.n_all else "")
        )
        machine = [key for key in self.desk.document.lanes if key.kind == "auto"]
        parts = [
            f"{k.role} {k.scheme_id} {100 * share_reviewed(self.desk.document, k):.0f} %" for k in machine
        ]
        self.share.setText("Reviewed: " + ", ".join(parts))
        sample = agreement(queue)
        if sample.n_judged:
            share = 0.0 if sample.time_share is None else 100 * sample.time_share
            kept = f"{sample.n_agreed} of {sample.n_judged} kept, {share:.0f} % of their time"
            self.sample.setText(f"Sample of the sure ones: {kept}.")
        elif sample.n_sampled:
            self.sample.setText(f"{sample.n_sampled} sure ones are mixed in as a random sample.")
        else:
            self.sample.setText("The machine is sure of none here: no random sample of sure ones.")
        n_rest = queue.n_rest() if self.desk.mode == "review" else 0
        self.rest_button.setVisible(n_rest > 0)
        self.rest_button.setText(f"Accept the other {n_rest} sure ones unseen")
