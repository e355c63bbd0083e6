"""A fence between a coder's keys and napari's own."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

__all__ = ["NapariFence"]


class NapariFence:
    """Keeps napari from keys that mean nothing in this window.

    Its own would take a film away (Ctrl+Del), or save a picture of the family in passing (Alt+S).

    Parameters
    ----------
    main : QMainWindow
        With napari's menus.
    canvas : QWidget
        Where the films are.
    """

    def __init__(self, main: QMainWindow, canvas: QWidget) -> None:
        self._main, self._canvas = main, canvas

    def keeps(self, watched: QObject, event: QEvent, key: str) -> bool:
        """Tell whether an event ends here; buttons, lists and menus get theirs."""
        if event.type() != QEvent.Type.ShortcutOverride:
            # Docks pass on to napari what nobody in them took.
            passed_on = watched in (self._main, self._canvas) or isinstance(watched, QDockWidget)
            return passed_on or (isinstance(watched, QWidget) and self._canvas.isAncestorOf(watched))
        if key not in self._mnemonics():
            # Accepted: it is a key press for whoever has the focus, and no shortcut.
            event.accept()
        return False

    def _mnemonics(self) -> set[str]:
        """Give the keys that open the menus."""
        bar = self._main.menuBar()
        titles = [] if bar is None else [action.text() for action in bar.actions() if action.isVisible()]
        return {f"Alt+{text[text.index('&') + 1].upper()}" for text in titles if "&" in text[:-1]}
