"""From Qt's key events to the names that keymaps use, and who types text with them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

__all__ = ["key_name", "takes_text"]

_MODIFIERS = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
)
_ALONE = {Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Shift, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}
_NAMES = {Qt.Key.Key_Enter: "Return", Qt.Key.Key_Backtab: "Tab", Qt.Key.Key_unknown: ""}

_TYPING = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)


def takes_text(widget: QWidget) -> bool:
    """Tell whether keys write text into a widget."""
    return isinstance(widget, _TYPING) or (isinstance(widget, QComboBox) and widget.isEditable())


def key_name(event: QKeyEvent) -> str:
    """Give the key as keymaps write it: ``Ctrl+Left``, ``Num+8``, ``?``, ``D``; empty for a modifier alone.

    Shift is not named where it is part of the character (``?``), since keyboards differ in that.
    """
    key = Qt.Key(event.key())
    if key in _ALONE:
        return ""
    name = _NAMES.get(key, QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText))
    held = event.modifiers()
    pad = bool(held & Qt.KeyboardModifier.KeypadModifier) and len(name) == 1
    named = [text for flag, text in _MODIFIERS if held & flag]
    character = len(name) == 1 and not name.isalnum() and not pad
    if character and named == ["Shift"]:
        named = []
    return "+".join([*named, *(["Num"] if pad else []), name]) if name else ""
