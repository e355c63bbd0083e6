"""The window by real key presses and mouse events: what a coder does, and what is on the disk after it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QInputDialog, QLineEdit, QMessageBox

from stillface.domain.clock import NS_PER_S as S
from stillface.gui.timeline_paint import GUTTER_PX
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_replay import replay
from stillface.review.commands_edit import Paint
from stillface.review.lanes import LaneKey

from .conftest import number_in
from .hands import CTRL, FRAME, INFANT, NONE, SHIFT, bouts, place, press

CAREGIVER = LaneKey("caregiver", "affect3", "human:AB")
REVIEWED = LaneKey("infant", "affect3", "auto_reviewed:AB")


@pytest.fixture
def window(open_window: Callable[..., Any]) -> Any:
    return open_window()


def log_of(window: Any) -> Path:
    return window.desk.document._stores["human"].log.path


def test_every_camera_shows_the_frame_at_the_playhead(window: Any) -> None:
    for n in range(60):
        assert number_in(window.films.picture("front")) == n
        expected = None if n < 5 else n - 5
        assert window.films.shown["side"] == expected
        if expected is not None:
            assert number_in(window.films.picture("side")) == expected
        press(window, "Right")
    press(window, *["Left"] * 30)
    assert number_in(window.films.picture("front")) == 30


def test_coding_stepwise_by_keys_gives_the_exact_tracks(window: Any) -> None:
    for key, n in (("S", 20), ("D", 30), ("A", 10), ("0", 15), ("S", 25)):
        press(window, key)
        press(window, *["Right"] * n)
    press(window, "Return", "Down", "S", *["Right"] * 50, "Return")
    assert bouts(window, INFANT) == [
        (0, 20, "neu"),
        (20, 50, "pos"),
        (50, 60, "neg"),
        (60, 75, "usc"),
        (75, 100, "neu"),
    ]
    assert bouts(window, CAREGIVER) == [(100, 150, "neu")]
    records, problem = read_log(log_of(window))
    assert problem is None
    assert len(replay(records).bouts) == 6


@pytest.mark.parametrize("away", ["Home", "F8"])
def test_going_back_loses_nothing_of_what_was_coded_stepwise(window: Any, away: str) -> None:
    press(window, "D", "Right", "A", *["Right"] * 39)
    press(window, away)
    assert bouts(window, INFANT) == [(0, 1, "pos"), (1, 40, "neg")]
    press(window, "Return")
    assert bouts(window, INFANT) == [(0, 1, "pos"), (1, 40, "neg")]
    press(window, "Z", "Z", held=CTRL)
    assert bouts(window, INFANT) == [(0, 1, "pos")]


def test_coding_while_the_film_plays(qtbot: Any, window: Any) -> None:
    now = [0]
    window.desk.playhead._now_ns = lambda: now[0]
    press(window, "Space")
    for key, n in (("S", 25), ("D", 50), ("A", 25)):
        press(window, key)
        for _ in range(n):
            now[0] += FRAME
            window._tick()
    assert window.desk.playhead.playing
    press(window, "Return", "Space")
    assert bouts(window, INFANT) == [(0, 25, "neu"), (25, 75, "pos"), (75, 100, "neg")]
    assert number_in(window.films.picture("front")) == 100


def test_time_runs_by_itself_and_stops_on_space(qtbot: Any, window: Any) -> None:
    press(window, "Space")
    qtbot.waitUntil(lambda: window.desk.playhead.time_ns > S // 2, timeout=10_000)
    press(window, "Space")
    stopped = window.desk.playhead.time_ns
    QTest.qWait(100)
    assert window.desk.playhead.time_ns == stopped
    assert window.films.shown["front"] == stopped // FRAME


def test_an_edge_is_dragged_by_the_mouse_and_snaps_to_frames(window: Any) -> None:
    window.desk.document.do(Paint(INFANT, 2 * S, 8 * S, "neu"))
    window.desk.document.do(Paint(INFANT, 8 * S, 12 * S, "pos"))
    QTest.mousePress(window.timeline, Qt.MouseButton.LeftButton, NONE, place(window, INFANT, 8 * S))
    for time_ns in (9 * S, 10 * S):
        QTest.mouseMove(window.timeline, place(window, INFANT, time_ns))
    QTest.mouseRelease(window.timeline, Qt.MouseButton.LeftButton, NONE, place(window, INFANT, 10 * S))
    (first, second) = window.desk.document.lane(INFANT).bouts
    assert first.end_ns == second.onset_ns
    assert abs(first.end_ns - 10 * S) <= 2 * window.timeline.view.ns_per_px + FRAME
    assert first.end_ns % FRAME == 0
    press(window, "Z", held=CTRL)
    assert bouts(window, INFANT) == [(50, 200, "neu"), (200, 300, "pos")]


def test_click_seeks_chooses_and_delete_deletes(window: Any) -> None:
    window.desk.document.do(Paint(INFANT, 2 * S, 8 * S, "neu"))
    QTest.mouseClick(window.timeline, Qt.MouseButton.LeftButton, NONE, place(window, INFANT, 5 * S))
    assert abs(window.desk.playhead.time_ns - 5 * S) <= 2 * window.timeline.view.ns_per_px + FRAME
    assert window.films.shown["front"] == window.desk.playhead.time_ns // FRAME
    press(window, "Delete")
    assert bouts(window, INFANT) == []


def test_a_selection_by_mouse_is_painted_by_one_key(window: Any) -> None:
    window.desk.document.do(Paint(INFANT, 0, 20 * S, "neu"))
    QTest.mousePress(window.timeline, Qt.MouseButton.LeftButton, SHIFT, place(window, INFANT, 4 * S))
    QTest.mouseMove(window.timeline, place(window, INFANT, 6 * S))
    QTest.mouseRelease(window.timeline, Qt.MouseButton.LeftButton, SHIFT, place(window, INFANT, 6 * S))
    low, high = window.desk.selection_ns
    press(window, "D")
    assert [(b.onset_ns, b.end_ns) for b in window.desk.document.lane(INFANT).with_code("pos")] == [
        (low, high)
    ]
    assert len(bouts(window, INFANT)) == 3


def test_what_is_painted_is_the_lane_that_was_dragged_over(window: Any) -> None:
    assert window.desk.document.active == INFANT
    QTest.mousePress(window.timeline, Qt.MouseButton.LeftButton, SHIFT, place(window, CAREGIVER, 4 * S))
    QTest.mouseMove(window.timeline, place(window, CAREGIVER, 6 * S))
    QTest.mouseRelease(window.timeline, Qt.MouseButton.LeftButton, SHIFT, place(window, CAREGIVER, 6 * S))
    press(window, "D")
    assert window.desk.document.active == CAREGIVER
    assert (len(bouts(window, CAREGIVER)), bouts(window, INFANT)) == (1, [])


def test_a_reviewed_lane_is_not_taken_for_ones_own_coding(window: Any) -> None:
    assert window.panel.lane_label.text().startswith("CODING   INFANT")
    window.desk.choose(REVIEWED, None)
    assert window.panel.lane_label.text().startswith("REVIEWED LANE   INFANT")


def test_a_code_is_found_by_asking_for_it(window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for onset_s, code in ((0, "neu"), (4, "pos"), (8, "neu"), (12, "pos")):
        window.desk.document.do(Paint(INFANT, onset_s * S, (onset_s + 4) * S, code))
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_named: ("d", True))
    window.press("Ctrl+F")
    window.press("Ctrl+N")
    assert window.desk.playhead.time_ns == 12 * S
    assert window.panel.said_label.text() == "2 of 2: Positive 0:12.000 to 0:16.000"


def test_the_wheel_zooms_around_the_pointer(window: Any) -> None:
    before = window.timeline.view
    point = QPointF(GUTTER_PX + 300, 60)
    for _ in range(10):
        event = QWheelEvent(
            point, window.timeline.mapToGlobal(point), QPoint(), QPoint(0, 120),
            Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(window.timeline, event)
    after = window.timeline.view
    assert after.ns_per_px < before.ns_per_px / 5
    assert after.ns_at(300) == pytest.approx(before.ns_at(300), abs=before.ns_per_px)
    press(window, "0", held=CTRL)
    assert window.timeline.view == before


def test_30_proposals_are_reviewed_by_one_key_each(window: Any) -> None:
    press(window, "F7")
    assert window.desk.mode == "review"
    assert "REVIEW" in window.panel.lane_label.text()
    first = window.desk.queue.current
    assert window.films.shown["front"] == first.onset_ns // FRAME
    for k in range(30):
        press(window, ("Return", "Backspace", "0", "D", "Return")[k % 5])
    done = window.desk.queue.progress()
    assert (done.n_decided, done.n_all) == (30, 30)
    verdicts = [window.desk.queue.decision(p).verdict for p in window.desk.queue.items]
    assert verdicts.count("reject") == 6
    assert verdicts.count("cant_tell") == 6
    assert window.queue.progress.value() == 30
    assert "Infant · Affect in three levels 100 %" in window.queue.share.text()
    assert len(window.desk.document.lane(REVIEWED).bouts) == 24
    assert bouts(window, INFANT) == []


def test_undo_goes_on_after_a_restart(open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "S", *["Right"] * 10, "D", *["Right"] * 10, "Return")
    window.main.close()
    window = open_window()
    assert bouts(window, INFANT) == [(0, 10, "neu"), (10, 20, "pos")]
    press(window, "Z", "Z", held=CTRL)
    assert [code for *_, code in bouts(window, INFANT)] == ["neu"]
    press(window, "Y", "Y", held=CTRL)
    assert bouts(window, INFANT) == [(0, 10, "neu"), (10, 20, "pos")]


def test_a_state_that_runs_when_the_window_closes_reaches_as_far_as_was_seen(
    open_window: Callable[..., Any],
) -> None:
    window = open_window()
    press(window, "S", *["Right"] * 20)
    window.main.close()
    window = open_window()
    assert bouts(window, INFANT) == [(0, 20, "neu")]
    assert window.desk.document.lane(INFANT).running is not None
    press(window, "Z", held=CTRL)
    assert bouts(window, INFANT) == []


def test_a_kill_in_the_middle_loses_nothing_acknowledged(study: Any, open_window: Callable[..., Any]) -> None:
    script = (
        "import os, sys, signal\n"
        "from pathlib import Path\n"
        "from qtpy.QtCore import Qt\n"
        "from qtpy.QtTest import QTest\n"
        "from qtpy.QtWidgets import QApplication\n"
        "application = QApplication([])\n"
        "from stillface.gui.session_window import open_window\n"
        "from stillface.io.bundle import open_study\n"
        "window = open_window(open_study(Path(sys.argv[1])), 'one', 'AB')\n"
        "for key in (Qt.Key.Key_S, Qt.Key.Key_D, Qt.Key.Key_A, Qt.Key.Key_S):\n"
        "    QTest.keyClick(window.timeline, key)\n"
        "    for _ in range(5): QTest.keyClick(window.timeline, Qt.Key.Key_Right)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(study.root)], env=dict(os.environ), check=False, timeout=120
    )
    assert done.returncode == -9
    window = open_window()
    assert bouts(window, INFANT) == [(0, 5, "neu"), (5, 10, "pos"), (10, 15, "neg"), (15, 16, "neu")]
    assert window.desk.document.lane(INFANT).running is not None


def test_blind_mode_shows_nothing_of_the_machines(open_window: Callable[..., Any]) -> None:
    window = open_window(blind=True)
    assert window.queue is None
    assert {key.kind for key in window.desk.shown_lanes()} == {"human"}
    press(window, "F7")
    assert window.desk.mode == "coding"
    assert "you code blind" in window.panel.said_label.text()


def test_a_full_disk_is_said_and_the_window_does_not_close_silently(
    window: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    press(window, "S")
    log_file = window.desk.document._stores["human"].log._keeper._file

    def full(data: bytes) -> None:
        from stillface.io.durable import storage_error

        raise storage_error(OSError(errno.ENOSPC, "full"), log_file.path, "could not save")

    monkeypatch.setattr(log_file, "append", full)
    press(window, *["Right"] * 5, "D")
    assert window.panel.light.text().endswith("saved on this computer only")
    assert "disk is full" in window.panel.said_label.text()
    assert str(tmp_path) not in window.panel.said_label.text()
    assert len(bouts(window, INFANT)) == 2
    asked = []

    def stay(box: QMessageBox) -> int:
        asked.append(box.text())
        next(b for b in box.buttons() if b.text() == "Stay").click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", stay)
    assert not window.main.close()
    assert "not in the study yet" in asked[0]
    elsewhere = tmp_path / "usb"
    elsewhere.mkdir()
    window.desk.document.save_elsewhere(elsewhere)
    assert window.panel.light.text().endswith(" saved")
    assert window.main.close()
    records, _ = read_log(elsewhere / log_of(window).name)
    assert len(replay(records).bouts) == 2


def test_the_question_mark_shows_every_key(window: Any) -> None:
    press(window, "?", held=SHIFT)
    assert window.sheet.isVisible()
    press(window, "S")
    assert not window.sheet.isVisible()
    assert bouts(window, INFANT) == []


def test_letters_typed_into_a_field_are_no_codes(window: Any) -> None:
    field = QLineEdit(window.main)
    field.show()
    QTest.keyClicks(field, "sad")
    assert field.text() == "sad"
    assert bouts(window, INFANT) == []


def test_code_buttons_do_what_their_keys_do(window: Any) -> None:
    button = window.panel.findChild(object, "code pos")
    assert button.text() == "D  Positive"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert [code for *_, code in bouts(window, INFANT)] == ["pos"]
    assert "key d" in button.toolTip()


def test_the_window_fits_a_small_screen_with_many_codes(window: Any) -> None:
    assert window.main.minimumSizeHint().width() <= 1280
    assert window.main.minimumSizeHint().height() <= 800


def test_starting_from_the_command_line_says_what_is_wrong(
    tmp_path: Path, capsys: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stillface.gui.launch import main
    from stillface.gui.trouble import TroubleBox

    told: list[str] = []
    monkeypatch.setattr(TroubleBox, "exec", lambda box: told.append(box.text()) or 0)
    assert main([str(tmp_path), "one", "--coder", "AB"]) == 3
    assert "no study here" in capsys.readouterr().err
    (text,) = told
    assert "No study here" in text
    assert str(tmp_path) not in text


def test_three_minutes_of_play_are_coded_with_keys_only(
    study: Any, open_window: Callable[..., Any], tmp_path: Path
) -> None:
    """Both lanes of 20 s of film at a tenth of its speed: more than three minutes of the coder's time."""
    window = open_window()
    now = [0]
    window.desk.playhead._now_ns = lambda: now[0]

    def run(n_frames: int) -> None:
        for _ in range(n_frames):
            now[0] += 10 * FRAME
            window._tick()

    script = [("S", 40), ("D", 95), ("A", 60), ("0", 25), ("S", 130), ("D", 45), ("A", 100)]
    press(window, *["BracketLeft"] * 4)
    assert window.desk.playhead.speed == 0.1
    expected = []
    for lane, turn in ((INFANT, script), (CAREGIVER, script[::-1])):
        press(window, "Home", "Space")
        at = 0
        lane_bouts = []
        for key, n in turn:
            press(window, key)
            run(n)
            code = {"S": "neu", "D": "pos", "A": "neg", "0": "usc"}[key]
            lane_bouts.append((at, at + n, code))
            at += n
        press(window, "Space", "Return", "Down")
        expected.append((lane, lane_bouts))
    assert now[0] >= 180 * S
    for lane, lane_bouts in expected:
        assert bouts(window, lane) == lane_bouts
    window.main.close()
    again = open_window()
    for lane, lane_bouts in expected:
        assert bouts(again, lane) == lane_bouts


def test_the_sure_ones_are_accepted_unseen_only_after_asking(
    study: Any, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from stillface.gui import queue_panel

    asked = []

    def answer(*parts: Any) -> Any:
        asked.append(parts[2])
        return queue_panel.QMessageBox.StandardButton.Yes

    monkeypatch.setattr(queue_panel.QMessageBox, "question", answer)
    monkeypatch.setattr(
        "stillface.review.queue.ReviewQueue.__init__.__kwdefaults__",
        {"sure_from": 0.5, "audit_share": 0.2, "seed": 1},
    )
    window = open_window()
    assert not window.queue.rest_button.isVisible()
    press(window, "F7")
    n_rest = window.desk.queue.n_rest()
    assert 0 < n_rest < 15
    assert window.queue.rest_button.text() == f"Accept the other {n_rest} sure ones unseen"
    QTest.mouseClick(window.queue.rest_button, Qt.MouseButton.LeftButton)
    assert "without anybody having looked" in asked[0]
    assert "judged none of the random sample" in asked[0]
    assert len(window.desk.document.lane(REVIEWED).bouts) == n_rest
    assert not window.queue.rest_button.isVisible()
    press(window, "Z", held=CTRL)
    assert window.desk.document.lane(REVIEWED).bouts == ()
