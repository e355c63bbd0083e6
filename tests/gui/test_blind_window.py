"""A window on a session that must be coded blind shows nothing of a machine's, though nobody asked for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stillface.review.assignments import Assignment, write_assignments


def test_drawn_sessions_open_blind(
    study: Any, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("face tracks were read")

    monkeypatch.setattr("stillface.gui.session_tools.load_face_tracks", refuse)
    passes = (("CD", 1), ("AB", 2))
    write_assignments(study, [Assignment("one", "infant", "affect3", who, n) for who, n in passes])
    window = open_window(blind=False)
    desk = window.desk
    assert desk.document.blind
    assert (window.queue, desk.queue) == (None, None)
    assert {key.kind for key in desk.document.lanes} == {"human"}
    assert window.tools.blind
    assert (window.tools.overlays, window.tools.mark_actions) == (None, {})
    assert window.main.windowTitle().endswith("coder AB, blind")
    window.press("F7")
    assert desk.mode == "coding"
    assert "you code blind" in window.panel.said_label.text()
    assert "coded from scratch" in desk.document.notices[0]
