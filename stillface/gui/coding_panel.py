"""What is coded now, with which keys, where we are, and whether it is saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from stillface.domain.scheme import Code
from stillface.gui.dress import dress
from stillface.gui.palette import HEART, Theme, code_colour, code_letter, text_on
from stillface.gui.said_line import SaidLine
from stillface.review.desk import Desk, clock_text
from stillface.review.keymap import key_of_code
from stillface.review.reviewed_share import share_here
from stillface.review.telling import work_of

__all__ = ["CodingPanel"]

_FADE_MS = 10_000
_LIGHTS = {"saved": "#3fae6a", "saving": "#e0b030", "saved here": "#f08a24", "NOT SAVED": "#e04f4f"}
_BEAT_KEYS = (
    ("beat_next", "Next doubtful or missed"),
    ("beat_add", "Add a beat"),
    ("beat_remove", "No beat"),
    ("beat_confirm", "Right as it is"),
    ("beat_bad", "Bad stretch"),
    ("cancel", "Back to {work}"),
)
# Words and sign differ too: the light is never told by colour alone.
_SIGNS = {
    "saved": "\u2713 saved",
    "saving": "\u2026 saving",
    "saved here": "\u26a0 NOT SAVED in the study:\nsaved on this computer only",
    "NOT SAVED": "\u2717 NOT SAVED",
}


_AWAY = "\u26a0 the study takes nothing now:\nedits stay on this computer"


class CodingPanel(QWidget):
    """Label of the active lane, code buttons, time, speed, mode, status light, last message.

    Parameters
    ----------
    desk : Desk
    theme : Theme
    press : callable
        Gets a key's name; the window's own way, so that button and key do the same.
    save_elsewhere : callable
        Asks for another folder.
    """

    def __init__(
        self,
        desk: Desk,
        theme: Theme,
        press: Callable[[str], object],
        save_elsewhere: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.desk, self.theme, self._press = desk, theme, press
        self.lane_label, self.time_label = QLabel(), QLabel()
        self.mode_label, self.said_label = QLabel(), SaidLine()
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.setInterval(_FADE_MS)
        self._fade.timeout.connect(lambda: self.said_label.tell(""))
        self.light = QPushButton()
        self.light.setFlat(True)
        self.light.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.light.setAccessibleName("Whether your work is saved")
        self.light.clicked.connect(lambda: self.desk.document.trouble is not None and save_elsewhere())
        self.setAccessibleName("What is coded now")
        self._codes = QWidget()
        self._told_trouble = False
        self._heart: tuple[str, Callable[[str], object]] | None = None
        self._lay_out()
        desk.document.active_changed.connect(self.show_lane)
        desk.document.status_changed.connect(self.show_status)
        desk.changed.connect(self.show_lane)
        desk.document.lanes_changed.connect(lambda _keys: self.show_state())
        desk.playhead.moved.connect(lambda _time: self.show_time())
        desk.playhead.played.connect(self.show_time)
        desk.said.connect(self.say)
        self.show_lane()
        self.show_status()

    def _lay_out(self) -> None:
        self.time_label.setStyleSheet("font: bold 17px monospace;")
        self.time_label.setAccessibleName("Session time")
        dress(self.said_label, self.theme, "color: $faint;")
        self._top = top = QHBoxLayout()
        self._row = QHBoxLayout()
        top.addWidget(self.lane_label)
        top.addWidget(self.time_label)
        top.addWidget(self.mode_label)
        top.addWidget(self.said_label, 1)
        top.addWidget(self.light)
        self._row.addWidget(self._codes)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 4, 8, 4)
        whole.setSpacing(3)
        whole.addLayout(top)
        whole.addLayout(self._row)

    def add_tool(self, widget: QWidget) -> None:
        """Put a control beside the status light."""
        self._top.addWidget(widget)

    def show_heart(self, role: str, press: Callable[[str], object], plot: QWidget) -> None:
        """Show whose heart beats keys go to, and those keys; the lane again where the role is empty.

        Parameters
        ----------
        role : str
        press : callable
            Gets the name of a key that means something among beats.
        plot : QWidget
            Has the keys, and keeps them when a button here is clicked.
        """
        before = self._heart
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus if role else Qt.FocusPolicy.NoFocus)
        self.setFocusProxy(plot if role else None)  # type: ignore[arg-type]  # Qt takes none
        self._heart = (role, press) if role else None
        if (before and before[0]) != (role or None):
            self.show_lane()
            # Once, not whenever the window comes to the front again: a dialog's answer was said just now.
            if role and before is None:
                work = work_of(self.desk.mode, self.desk.document.active)
                self.desk.said.emit(f"keys go to heart beats now; Esc gives them back to {work}")

    def show_lane(self) -> None:
        """Show the active lane and its codes as buttons, or among heart beats the keys for those."""
        lane = self.desk.active_lane if self.desk.document.active is not None else None
        text = (
            "nothing to code"
            if lane is None
            else f"{lane.key.role.upper()}   {lane.scheme.title or lane.key.scheme_id}"
        )
        reviewing = self.desk.mode == "review"
        settling = lane is not None and lane.key.kind == "consensus"
        reviewed = reviewing or (lane is not None and lane.key.kind == "auto_reviewed")
        mode = "REVIEW" if reviewing else "SETTLE" if settling else "REVIEWED LANE" if reviewed else "CODING"
        colour, text_colour = self.theme.accent, self.theme.background
        if reviewed:
            colour, text_colour = "#c98a1b", "#111111"
        if self._heart is not None:
            mode, text, colour, text_colour = "HEART BEATS", self._heart[0].upper(), HEART, "#111111"
        self.lane_label.setText(f"{mode}   {text}")
        self.lane_label.setAccessibleName(f"Heart beats: {text}" if self._heart else f"Active lane: {text}")
        self.lane_label.setStyleSheet(
            f"background: {colour}; color: {text_colour}; font: bold 14px; padding: 5px 12px;"
            "border-radius: 4px;"
        )
        if self._heart is not None:
            self._show_buttons([b for b in map(self._beat_button, _BEAT_KEYS) if b is not None])
        else:
            self._show_buttons([self._button(c.id) for c in (lane.scheme.codes if lane is not None else ())])
        self.show_state()

    def _show_buttons(self, buttons: Sequence[QPushButton]) -> None:
        codes = QWidget()
        grid = QGridLayout(codes)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for k, button in enumerate(buttons):
            grid.addWidget(button, 0, k)
        grid.setColumnStretch(99, 1)
        self._row.replaceWidget(self._codes, codes)
        self._codes.hide()
        self._codes.deleteLater()
        self._codes = codes

    def _beat_button(self, key: tuple[str, str]) -> QPushButton | None:
        """Give a button for what can be done with beats; None where it has no key."""
        action, label = key[0], key[1].format(work=work_of(self.desk.mode, self.desk.document.active))
        keys = self.desk.keymap.keys(action)
        if not keys or self._heart is None:
            return None
        press, name = self._heart[1], keys[0]
        button = QPushButton(f"{name}  {label}")
        button.setObjectName(action)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setMinimumWidth(36)
        button.setToolTip(f"{label}: {' or '.join(keys)}")
        button.clicked.connect(lambda: press(name))
        button.setStyleSheet(
            f"QPushButton {{border: 1px solid {HEART}; color: {self.theme.text}; padding: 4px 9px;"
            "border-radius: 3px; font-weight: bold;}"
            f"QPushButton:hover {{border: 2px solid {self.theme.text};}}"
        )
        return button

    def _button(self, code_id: str) -> QPushButton:
        scheme = self.desk.active_lane.scheme
        code = scheme.codes[scheme.index(code_id)]
        colour = code_colour(scheme, code_id)
        button = QPushButton(f"{self._code_keys(code)}  {code.label or code.id}")
        button.setObjectName(f"code {code_id}")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        always = self.desk.keymap.keys("uncodable") if code.gap else ()
        keys = dict.fromkeys([*([code.key] if code.key else []), *always])
        # Many codes must not force the window wide: a label may be cut, its letter never.
        button.setMinimumWidth(36)
        button.setToolTip(
            f"<b>{code.label or code.id}</b><br>{code.definition}<br><b>key {' or '.join(keys) or 'none'}</b>"
        )
        button.setAccessibleName(f"Code {code.label or code.id}")
        key = key_of_code(code.key or "")
        button.clicked.connect(lambda: self._press(key) if key else self.desk.code(code_id))
        button.setStyleSheet(
            f"QPushButton {{background: {colour.name()}; color: {text_on(colour).name()}; padding: 4px 9px;"
            "text-align: left; border-radius: 3px; font-weight: bold;}"
            f"QPushButton:hover {{border: 2px solid {self.theme.text};}}"
        )
        return button

    def _code_keys(self, code: Code) -> str:
        """Give the letter of a code; the one for unscorable time has the key of every scheme as well."""
        scheme = self.desk.active_lane.scheme
        letter, always = code_letter(scheme, code.id), self.desk.keymap.keys("uncodable")
        return f"{letter} {always[0]}" if code.gap and always and always[0] != letter else letter

    def show_state(self) -> None:
        """Show mode, and what is open in the active lane."""
        desk = self.desk
        self.show_time()
        if desk.mode == "review" and desk.queue is not None:
            place = f" {desk.queue.place + 1} of {len(desk.queue.items)}"
            reviewed = f"{100 * share_here(desk.queue):.0f} % reviewed"
            self.mode_label.setText(f"<b>review{': done' if desk.queue.at_end else place}</b> · {reviewed}")
        elif desk.bins is not None:
            seconds = (desk.bins.current_ns[1] - desk.bins.current_ns[0]) / 1e9
            self.mode_label.setText(
                f"<b>interval {desk.bins.place + 1} of {len(desk.bins)}</b> ({seconds:g} s)"
            )
        elif desk.selection_ns is not None:
            self.mode_label.setText("<b>selection</b>")
        else:
            self.mode_label.setText("")

    def show_time(self) -> None:
        """Show time, speed and the running state."""
        head = self.desk.playhead
        sign = "\u25b6" if head.playing and head.speed > 0 else "\u25c0" if head.playing else "\u275a\u275a"
        frames = [str(frame) for frame in head.frames().values() if frame is not None]
        frame = f"  frame {frames[0]}" if frames else ""
        self.time_label.setText(f"{sign} {clock_text(head.time_ns)}{frame}  {abs(head.speed):g}x")

    def show_status(self) -> None:
        """Show whether work is saved; red stays until it is."""
        if self.desk.document.locked is not None:
            self.light.setText("read-only")
            self.light.setToolTip(self.desk.document.locked)
            return
        status, away = self.desk.document.status, self.desk.document.away
        text, colour = _SIGNS[status], _LIGHTS[status]
        if status == "saved" and away is not None:
            text, colour = _AWAY, _LIGHTS["saved here"]
        # Two lines are as high as the row: it must not jump when the share goes away.
        padding = "1px 10px" if "\n" in text else "5px 10px"
        self.light.setText(text)
        self.light.setStyleSheet(
            f"background: {colour}; color: #101010; font-weight: bold; padding: {padding};border-radius: 4px;"
        )
        trouble = self.desk.document.trouble
        if trouble is not None:
            self.light.setToolTip(f"{trouble.what}. Click to save to another folder.")
            if not self._told_trouble:
                # Once: it is tried again every few seconds, and must not talk over what keys did.
                self.say("click the light to save to another folder")
        elif status == "saved" and away is not None:
            self.light.setToolTip(f"Now: {away}. What you code comes into the study when that is over.")
        elif status == "saved here":
            self.light.setToolTip("The study could not take your last edits yet; it is tried again.")
        else:
            self.light.setToolTip("Every edit is on the disk.")
            self._fade.start()
        if self._told_trouble and trouble is None:
            self.say("everything is saved now")
        self._told_trouble = trouble is not None

    def say(self, text: str) -> None:
        """Show one line; while work is not saved, that comes first."""
        trouble = self.desk.document.trouble
        if trouble is not None:
            text = f"{trouble.what}. {text}"
        self.said_label.tell(text)
        # What was said a while ago is about something else; that work is not saved stays.
        if trouble is None:
            self._fade.start()
        else:
            self._fade.stop()
