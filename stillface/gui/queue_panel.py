"""The review queue on screen: one proposal, five keys, how far, and what the sample says."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QGridLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from stillface.gui.dress import dress
from stillface.gui.palette import Theme, code_colour, code_letter, text_on
from stillface.gui.queue_filters import QueueFilters
from stillface.review.desk import Desk, clock_text
from stillface.review.lanes import Lane
from stillface.review.proposals import Decision, Proposal
from stillface.review.queue import ReviewQueue, agreement
from stillface.review.queue_end import what_next
from stillface.review.reviewed_share import share_reviewed

__all__ = ["QueuePanel"]

_CAVEAT = (
    "Automatic codes are proposals. Negative affect and withdrawal are unreliable from faces alone "
    "(published neg-vs-neutral AUC .58)."
)
_BUTTONS = (
    ("accept", "Accept"),
    ("reject", "Reject"),
    ("cant_tell", "Unscorable"),
    ("review_previous", "Back"),
    ("review_next", "Skip"),
)
_PER_ROW = 3
_SMALL = "color: $faint; font-size: 11px;"


class QueuePanel(QWidget):
    """Shows the present proposal; its buttons do what the keys on them do.

    Parameters
    ----------
    desk : Desk
        With a queue.
    theme : Theme
    do : callable
        Gets an action's id: a button works whether a key does the same or not.
    """

    def __init__(
        self, desk: Desk, theme: Theme, do: Callable[[str], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.desk, self.theme, self._do = desk, theme, do
        self._played = 0
        self.what, self.detail, self.progress = QLabel(), QLabel(), QProgressBar()
        self.share, self.sample, self.hint = QLabel(), QLabel(), QLabel()
        self.open_button, self.rest_button = QPushButton(), QPushButton()
        self.filters = None if desk.queue is None else QueueFilters(desk.queue, self._filtered)
        self._make_buttons()
        self._lay_out()
        self.name_keys()
        desk.changed.connect(self.show_all)
        desk.document.lanes_changed.connect(lambda _keys: self.show_all())
        desk.playhead.moved.connect(lambda _time: self._show_played())
        desk.playhead.played.connect(self._show_played)
        self.show_all()

    def _make_buttons(self) -> None:
        self._buttons = {action: self._button(action, label) for action, label in _BUTTONS}
        self.open_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.open_button.clicked.connect(lambda: self._do("review_mode"))
        self.rest_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rest_button.setObjectName("accept_rest")
        self.rest_button.setToolTip("Sure ones outside the random sample; recorded as accepted unseen.")
        self.rest_button.clicked.connect(self._accept_rest)

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 6, 8, 6)
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
        dress(caveat, self.theme, _SMALL)
        if self.filters is not None:
            whole.addWidget(self.filters)
        for widget in (self.what, self.detail):
            whole.addWidget(widget)
        buttons = QGridLayout()
        for k, button in enumerate(self._buttons.values()):
            row, column, width = (0, 2 * k, 2) if k < _PER_ROW else (1, 3 * (k - _PER_ROW), 3)
            buttons.addWidget(button, row, column, 1, width)
        whole.addLayout(buttons)
        self.hint.setWordWrap(True)
        dress(self.hint, self.theme, _SMALL)
        below: tuple[QWidget, ...] = (self.hint, self.progress, self.share, self.sample, caveat)
        for part in below:
            whole.addWidget(part)
        whole.addWidget(self.open_button)
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

    def _first_key(self, action: str) -> str:
        return next(iter(self.desk.keymap.keys(action)), "")

    def _button(self, action: str, label: str) -> QPushButton:
        button = QPushButton(label)
        button.setMinimumHeight(44)
        button.setStyleSheet("padding: 3px;")
        button.setObjectName(action)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda: self._do(action))
        return button

    def name_keys(self) -> None:
        """Name the keys as they are now."""
        for action, label in _BUTTONS:
            button, keys = self._buttons[action], self.desk.keymap.keys(action)
            button.setText(f"{label}\n{keys[0] if keys else ''}".rstrip())
            button.setToolTip(f"{label}: {' or '.join(keys) or 'no key'}")
        self.hint.setText(
            "Another code: its key. Edges: "
            + self._keys("onset_earlier", "onset_later")
            + " onset, "
            + self._keys("offset_earlier", "offset_later")
            + " offset."
        )

    def _filtered(self) -> None:
        if self.desk.mode == "review":
            self.desk.show_proposal()
        self.show_all()

    def show_all(self) -> None:
        """Show the present proposal, or what is next behind the last one, and how far the review is."""
        queue = self.desk.queue
        if queue is None:
            return
        if self.filters is not None:
            self.filters.show_filter()
        reviewing = self.desk.mode == "review"
        key = self._keys("review_mode")
        text = "Back to coding" if reviewing else "Review these"
        self.open_button.setText(f"{text} ({key})" if key else text)
        self.open_button.setToolTip(f"Review queue on or off: {key or 'no key'}")
        proposal = queue.current
        if proposal is not None:
            self._show_card(queue, proposal)
            does = "Accept" if queue.decision(proposal) is None else "Keep"
        else:
            does = "Go on" if queue.at_end else "Accept"
            self._headline("\u2713   Done" if queue.at_end else "nothing here")
            self.detail.setText("<br>".join(self._end(queue)) if queue.at_end else "Widen the filter.")
        self._buttons["accept"].setText(f"{does}\n{self._first_key('accept')}".rstrip())
        for action, button in self._buttons.items():
            button.setEnabled(reviewing and (not queue.at_end or action in ("accept", "review_previous")))
        self._show_progress()

    def _end(self, queue: ReviewQueue) -> list[str]:
        done, tier = queue.progress(), queue.filter.tier
        what = "This review" if tier is None else queue.title(tier)
        return [
            f"<b>{what}</b>: {done.n_decided} of {done.n_all} decided.",
            *what_next(queue, self.desk.keymap),
        ]

    def _headline(self, text: str, lane: Lane | None = None, code: str | None = None) -> None:
        self.what.setText(text)
        if lane is None or code is None:
            self.what.setStyleSheet(
                f"background: {self.theme.lane}; color: {self.theme.text}; font: bold 18px;"
                "border-radius: 4px;"
            )
            return
        colour = code_colour(lane.scheme, code)
        self.what.setStyleSheet(
            f"background: {colour.name()}; color: {text_on(colour).name()}; font: bold 18px;"
            "border-radius: 4px;"
        )

    def _show_card(self, queue: ReviewQueue, proposal: Proposal) -> None:
        """Show what the machine proposes, or where it was decided already, what was decided."""
        lane, decision = self.desk.document.lane(proposal.lane), queue.decision(proposal)
        if decision is None:
            letter = code_letter(lane.scheme, proposal.code)
            self._headline(f"{letter}   {lane.label(proposal.code)}?", lane, proposal.code)
        elif decision.code is None:
            self._headline(f"not {lane.label(proposal.code)}")
        else:
            letter = code_letter(lane.scheme, decision.code)
            self._headline(f"{letter}   {lane.label(decision.code)}", lane, decision.code)
        onset, offset = queue.edges_ns
        lines = [
            f"<b>{lane.title}</b>",
            f"{clock_text(onset)} to {clock_text(offset)} ({(offset - onset) / 1e9:.2f} s)",
        ]
        sure = f"confidence {proposal.confidence:.2f}"
        if decision is None:
            self._played = round(100 * queue.watched.share(onset, offset))
            lines.append(f"{sure}; played {self._played} %")
        else:
            lines.append(f"you said: <b>{_said(lane, decision)}</b>")
            moved = (onset, offset) != (proposal.onset_ns, proposal.offset_ns)
            where = f", {clock_text(proposal.onset_ns)} to {clock_text(proposal.offset_ns)}" if moved else ""
            lines.append(f"the machine said: {lane.label(proposal.code)}{where}; {sure}")
        self.detail.setText("<br>".join(lines))

    def _show_played(self) -> None:
        """Show how much of the proposal has been played by now, as it plays."""
        queue = self.desk.queue
        if queue is None or self.desk.mode != "review" or not self.isVisible():
            return
        proposal = queue.current
        if proposal is None or queue.decision(proposal) is not None:
            return
        if round(100 * queue.watched.share(*queue.edges_ns)) != self._played:
            self._show_card(queue, proposal)

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
        machine = [self.desk.document.lane(k) for k in self.desk.shown_lanes() if k.kind == "auto"]
        parts = [f"{m.title} {100 * share_reviewed(self.desk.document, m.key):.0f} %" for m in machine]
        self.share.setText("<b>Reviewed</b><br>" + "<br>".join(parts))
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


def _said(lane: Lane, decision: Decision) -> str:
    """Give a decision in words: the code that stands, or that none does."""
    return "not that, uncoded" if decision.code is None else lane.label(decision.code)
