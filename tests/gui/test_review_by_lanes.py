"""The review of several lanes by real keys: one lane at a time, its end, and cards that are revisited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.provenance import Provenance
from stillface.domain.states import StateTrack
from stillface.review.lanes import LaneKey

from .hands import CTRL, FRAME, bouts, press

ALT = Qt.KeyboardModifier.AltModifier
AFFECT, GAZE = "Infant · Affect in three levels", "Infant · Gaze target"
REVIEWED = LaneKey("infant", "affect3", "auto_reviewed:AB")


@pytest.fixture
def window(study: Any, open_window: Callable[..., Any]) -> Any:
    """Open a session in which a machine coded the infant's affect (30 bouts) and gaze (4 bouts)."""
    from stillface.io.artefacts import save_state_track

    edges = np.arange(0, 5, dtype=np.int64) * 5 * S
    sure = np.array([0.05, 0.3, 0.02, 0.4])
    track = StateTrack(study.scheme("gaze"), "infant", "auto:gaze@1", edges, np.arange(4) % 2, sure)
    save_state_track(study.auto_dir("one") / "infant.gaze.h5", track, Provenance("code", {}, {}, "0"))
    return open_window()


def filters(window: Any) -> Any:
    return window.queue.filters


def test_one_lane_at_a_time_and_at_its_end_return_goes_on_instead_of_deciding_again(window: Any) -> None:
    queue = window.desk.queue
    press(window, "F7")
    assert filters(window).lane_box.currentText() == AFFECT
    assert {p.lane.scheme_id for p in queue.items} == {"affect3"}
    press(window, *["Return"] * 29, "Down")
    assert queue.at_end
    assert window.queue.what.text().endswith("Done")
    assert "29 of 30" in window.queue.detail.text()
    assert "1 that you left" in window.queue.detail.text()
    press(window, "Return", "Return")
    n_before = len(window.desk.document._stores["auto_reviewed"].log.records)
    assert "30 of 30 decided" in window.queue.detail.text()
    assert f"Return goes on with {GAZE} (4 open)" in window.queue.detail.text()
    assert "review: done" in window.panel.mode_label.text()
    press(window, "S")
    assert len(window.desk.document._stores["auto_reviewed"].log.records) == n_before
    press(window, "Return")
    assert len(window.desk.document._stores["auto_reviewed"].log.records) == n_before
    assert filters(window).lane_box.currentText() == GAZE
    assert "Gaze target" in window.panel.lane_label.text()
    press(window, *["Return"] * 4)
    assert "Every lane is decided" in window.queue.detail.text()
    press(window, "Return")
    assert "every proposal is decided" in window.panel.said_label.text()
    press(window, "F7", "F7")
    assert "Every lane is decided" in window.queue.detail.text()
    press(window, "Z", held=CTRL)
    assert queue.place == 3
    assert queue.decision(queue.current) is None


def test_badge_codes_and_filled_lane_follow_the_lane_that_the_panel_shows(window: Any) -> None:
    press(window, "F7", *["Return"] * 31)
    box = filters(window).lane_box
    assert box.currentText() == GAZE
    assert window.desk.queue.current is not None
    box.setCurrentText(AFFECT)
    assert window.queue.what.text().endswith("Done")
    assert f"<b>{AFFECT}</b>" in window.queue.detail.text()
    assert window.desk.document.active == REVIEWED
    assert "Affect in three levels" in window.panel.lane_label.text()
    assert any("Neutral" in button.text() for button in window.panel.findChildren(QPushButton))
    box.setCurrentText(GAZE)
    assert window.desk.document.active.scheme_id == "gaze"
    assert "Gaze target" in window.panel.lane_label.text()


def test_what_was_skipped_is_all_that_is_asked_again_and_after_it_the_lane_is_done(window: Any) -> None:
    queue = window.desk.queue
    press(window, "F7", "Return", "Down", "Return", "Down", *["Return"] * 26)
    assert queue.at_end
    press(window, "Return")
    assert queue.place == 1
    press(window, "Return")
    assert queue.place == 3
    press(window, "Return")
    assert window.queue.what.text().endswith("Done")
    assert "30 of 30 decided" in window.queue.detail.text()
    press(window, "Z", held=CTRL)
    assert queue.place == 3
    assert queue.decision(queue.current) is None
    press(window, "Return")
    assert window.queue.what.text().endswith("Done")


def test_every_lane_one_by_one_says_when_the_keys_change(window: Any) -> None:
    queue = window.desk.queue
    press(window, "F7")
    filters(window).lane_box.setCurrentIndex(0)
    assert len(queue.items) == 34
    press(window, *["Return"] * 30)
    assert f"now {GAZE}" in window.panel.said_label.text()
    assert queue.current.lane.scheme_id == "gaze"


def test_filters_have_the_names_that_people_read(window: Any) -> None:
    box = filters(window).code_box
    assert [box.itemText(k) for k in range(box.count())] == ["all codes", "Negative", "Neutral", "Positive"]
    box.setCurrentIndex(2)
    assert {p.code for p in window.desk.queue.items} == {"neu"}
    assert {p.lane.scheme_id for p in window.desk.queue.items} == {"affect3"}
    filters(window).lane_box.setCurrentIndex(filters(window).lane_box.findText(GAZE))
    assert box.currentText() == "all codes"
    assert len(window.desk.queue.items) == 4


def test_a_card_revisited_shows_your_edges_and_your_code_by_name(window: Any) -> None:
    press(window, "F7")
    first = window.desk.queue.current
    other, other_id, name = ("D", "pos", "Positive") if first.code != "pos" else ("S", "neu", "Neutral")
    press(window, "Right", "Right", held=ALT)
    press(window, other)
    assert f"it is {name}" in window.panel.said_label.text()
    press(window, "Up")
    assert window.desk.queue.current == first
    assert window.queue.what.text().endswith(name)
    text = window.queue.detail.text()
    assert f"you said: <b>{name}</b>" in text
    onset_s = (first.onset_ns + 2 * FRAME) / S
    assert f"{int(onset_s // 60)}:{onset_s % 60:06.3f} to" in text
    edges = [(first.onset_ns // FRAME + 2, first.offset_ns // FRAME, other_id)]
    assert window.queue._buttons["accept"].text().startswith("Keep")
    press(window, "Return")
    assert bouts(window, REVIEWED) == edges
    assert "kept as you said" in window.panel.said_label.text()
    press(window, "Up")
    press(window, "Right", held=ALT)
    press(window, "Return", "Up")
    assert bouts(window, REVIEWED) == [(edges[0][0] + 1, *edges[0][1:])]
    press(window, "Backspace", "Up")
    assert bouts(window, REVIEWED) == []
    assert window.queue.what.text() == f"not {window.desk.scheme_lane().label(first.code)}"
