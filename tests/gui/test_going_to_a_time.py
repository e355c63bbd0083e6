"""The time that the window shows leads to the frame that it was shown for."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("qtpy", reason="the window needs the extra gui")
from qtpy.QtWidgets import QInputDialog

from stillface.domain.clock import ClockMap, FrameClock
from stillface.gui.asking import ask_time
from stillface.review.cameras import Camera, FrameGrid
from stillface.review.clock_text import clock_text
from stillface.review.playhead import Playhead


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(120)])
def test_a_time_typed_as_it_is_shown_is_that_frame(rate: Fraction, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera("front", FrameClock.constant(400, rate), ClockMap())
    head = Playhead(FrameGrid.of_camera(camera), [camera], lambda: 0)
    desk: Any = SimpleNamespace(playhead=head)
    for frame in range(0, 400, 7):
        shown = clock_text(int(camera.edges_ns[frame]))
        monkeypatch.setattr(QInputDialog, "getText", lambda *_args, shown=shown: (shown, True))
        head.seek(0)
        ask_time(None, desk)  # type: ignore[arg-type]  # no dialog is shown
        assert head.frames() == {"front": frame}
