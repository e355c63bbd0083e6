"""My keys: asked for in a window, kept for who sits there, and named wherever keys are named."""

from __future__ import annotations

from stillface.gui.keys_dialog import KeysDialog
from stillface.gui.window import CodingWindow
from stillface.review.key_choice import KeyChoice, keep_keys

__all__ = ["ask_keys", "offer_keys"]


def offer_keys(window: CodingWindow) -> None:
    """Put the line into the window's menu."""
    window.menu.offer("My keys…", "", lambda: ask_keys(window), first=True)


def ask_keys(window: CodingWindow) -> None:
    """Ask which key does what, and let it count at once.

    Raises
    ------
    StorageError
        The choice cannot be kept.
    """
    desk = window.desk
    schemes = {lane.scheme.id: lane.scheme for lane in desk.document.lanes.values()}
    dialog = KeysDialog(KeyChoice(desk.keymap, schemes.values()), window.theme, window.main)
    if dialog.exec() != KeysDialog.DialogCode.Accepted:
        return
    desk.keymap = dialog.choice.keymap
    window.menus.name_keys()
    window.menu.name_keys()
    if window.queue is not None:
        window.queue.name_keys()
    desk.changed.emit()
    keep_keys(desk.document.coder, desk.keymap)
