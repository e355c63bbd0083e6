"""Questions of one line that keys put to the coder."""

from __future__ import annotations

from qtpy.QtWidgets import QInputDialog, QWidget

from stillface.domain.clock import s_to_ns
from stillface.errors import FieldError
from stillface.review.code_finder import CodeFinder
from stillface.review.commands_edit import CommentOn
from stillface.review.desk import Desk
from stillface.review.keymap import key_of_code

__all__ = ["ask_code", "ask_comment", "ask_time"]

_HALF_MS_NS = 500_000


def ask_time(parent: QWidget, desk: Desk) -> None:
    """Ask where to go: seconds, or minutes and seconds."""
    text, ok = QInputDialog.getText(parent, "Go to", "Time (1:23.4 or seconds):")
    if ok:
        minutes, _, seconds = text.strip().rpartition(":")
        try:
            # Times are shown in whole milliseconds: 6.833 is the frame that begins at 6.8333.
            desk.playhead.seek(s_to_ns(seconds) + 60 * s_to_ns(minutes or "0") + _HALF_MS_NS)
        except FieldError:
            desk.said.emit("that is no time; write 1:23.4 or 83.4")


def ask_code(parent: QWidget, finder: CodeFinder) -> None:
    """Ask for a code of the lane, or words of a remark, and go to the next bout that has it."""
    codes = ", ".join(
        f"{key_of_code(code.key or '')} {code.label or code.id}".strip() for code in finder.lane.scheme.codes
    )
    # No list to choose from: one that completes what is typed takes Return for itself.
    label = f"{codes}\nKey or name of a code, or words of a remark:"
    text, ok = QInputDialog.getText(parent, "Find", label, text=finder.wanted)
    if ok and text.strip():
        finder.find(text)


def ask_comment(parent: QWidget, desk: Desk) -> None:
    """Ask for a remark on the bout that is meant."""
    key, bout = desk.bout()
    text, ok = QInputDialog.getText(parent, "Comment", "Remark on this bout:", text=bout.comment)
    if ok:
        desk.do(CommentOn(key, bout.id, text))
