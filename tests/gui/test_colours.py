"""Light and dark are switched while the window is open, and what was chosen is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QLabel, QWidget

from stillface.gui.dress import keep_theme, kept_theme
from stillface.gui.palette import DARK, LIGHT
from stillface.gui.study_browser import StudyBrowser
from stillface.review.library import Library

from .hands import press


def painted(widget: QWidget) -> set[str]:
    """Give the colours of a column of pixels, inside the frame of what has the keys."""
    picture = widget.grab().toImage()
    return {QColor(picture.pixel(6, y)).name() for y in range(picture.height())}


def test_the_key_switches_everything_that_is_on_screen(open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "F9")
    press(window, "F5")
    parts = (window.timeline, window.signals.panel.plot)
    assert DARK.background in painted(window.timeline)
    press(window, "F12")
    assert window.theme is LIGHT
    assert window.viewer.theme == "light"
    for part in parts:
        assert LIGHT.background in painted(part)
        assert DARK.background not in painted(part)
    dialog = window.tools.episode_dialog
    assert LIGHT.background in dialog.styleSheet()
    assert DARK.background not in dialog.styleSheet()
    press(window, "F12")
    assert window.viewer.theme == "dark"
    for part in parts:
        assert DARK.background in painted(part)
        assert LIGHT.background not in painted(part)


def test_no_sheet_of_the_other_colours_is_left(open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "F9")
    window.doing("colours")()
    others = {DARK.background, DARK.lane, DARK.text, DARK.faint, DARK.selection}
    ours = [window.panel, window.queue, window.timeline, window.signals.panel, window.signals.bar]
    for part in ours:
        # Buttons that were put away are hidden until Qt deletes them.
        for widget in filter(QWidget.isVisible, (part, *part.findChildren(QWidget))):
            assert not others & set(widget.styleSheet().replace(";", " ").split()), widget
    press(window, "?")
    titles = [label.text() for label in window.sheet.findChildren(QLabel) if "margin:8px" in label.text()]
    assert titles
    assert all(LIGHT.accent in title and DARK.accent not in title for title in titles)


def test_what_was_chosen_is_kept_on_this_computer(open_window: Callable[..., Any]) -> None:
    assert kept_theme() is DARK
    window = open_window()
    press(window, "F12")
    assert kept_theme() is LIGHT
    press(window, "F12")
    assert kept_theme() is DARK


def test_a_browser_that_waits_behind_the_window_is_switched_too(
    open_window: Callable[..., Any], study: Any, qtbot: Any
) -> None:
    browser = StudyBrowser(Library(study, "AB"), DARK)
    qtbot.addWidget(browser)
    press(open_window(), "F12")
    assert browser.theme is LIGHT
    assert LIGHT.background in browser.styleSheet()


def test_a_study_opens_in_the_colours_that_were_kept(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from stillface.gui import sitting
    from stillface.gui.launch import parse

    keep_theme(LIGHT)
    begun = sitting.begin(parse([str(study.root), "one", "--coder", "AB"]))
    assert begun is not None
    assert begun.window is not None
    assert begun.window.theme is LIGHT
    assert begun.window.main.close()
