"""A window of napari without what is napari's: its menus, its line at the foot, its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QMainWindow

if TYPE_CHECKING:
    import napari  # type: ignore[import-untyped]

__all__ = ["bare", "first_size"]

_SIZE, _TITLE_PX = QSize(1280, 800), 40


def bare(viewer: napari.Viewer) -> QMainWindow:
    """Hide what is napari's in this one window, and give the window.

    Its menus' entries are shared by every napari window of the program: only the menus of this one are
    hidden, and nothing of a window that somebody opened for themselves changes.
    """
    window = viewer.window
    main: QMainWindow = window._qt_window
    # A menu that is hidden answers to no shortcut of its entries; its own letter it would keep, so that
    # neither it nor a menu of ours with the same letter opened.
    for action in window.main_menu.actions():
        action.setVisible(False)
        action.setText(action.text().replace("&", ""))
    canvas = window._qt_viewer
    for dock in (canvas.dockLayerList, canvas.dockLayerControls):
        dock.setVisible(False)
    canvas.viewerButtons.setVisible(False)
    foot = window._status_bar
    foot._activity_item.hide()
    viewer.events.status.disconnect(window._status_changed)
    viewer.events.help.disconnect(window._help_changed)
    foot.setStatusText("")
    foot.setHelpText("")
    return main


def first_size(main: QMainWindow) -> QSize:
    """Give how large a window is at first: its foot has to be on the screen, too, below a title bar."""
    screen = main.screen()
    if screen is None:
        return _SIZE
    return _SIZE.boundedTo(screen.availableGeometry().size() - QSize(0, _TITLE_PX))
