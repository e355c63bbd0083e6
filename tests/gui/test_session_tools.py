"""Around coding: marks on the films, episodes, habits, ratings, the tour, and coming back."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QImage, QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QDialog, QMessageBox, QPushButton

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import FrameClock
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.provenance import Provenance
from stillface.gui.sign_off import SignOffButton
from stillface.gui.timeline_paint import GUTTER_PX, RULER_PX
from stillface.io.artefacts import save_face_track
from stillface.io.bundle import open_study
from stillface.io.durable import storage_error
from stillface.review.episodes import StopSuggestion
from stillface.review.face_marks import MARKS
from stillface.review.habits import Habits
from stillface.review.lanes import LaneKey
from stillface.review.ratings import Rate, rating_units
from tests.lab_schemes import use_schemes

from .conftest import N_FRAMES

FRAME = S // 25
INFANT = LaneKey("infant", "affect3", "human:AB")
CAREGIVER = LaneKey("caregiver", "affect3", "human:AB")
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


def face_track(recording: str, role: str, n_frames: int = N_FRAMES) -> FaceTrack:
    """Give a face whose box begins at (frame mod 50, 10); none in frames 100 to 109."""
    parts = FaceTrack.blank(n_frames)
    k = np.arange(n_frames)
    parts["box_px"][:] = np.stack([k % 50, k * 0 + 10, k % 50 + 40, k * 0 + 50], axis=1)
    parts["landmarks_px"][:, :, :2] = np.random.default_rng(0).uniform(10, 50, (478, 2))
    parts["score"][:] = 0.5
    for name in parts:
        parts[name][100:110] = 0
    parts["status"][100:110] = FaceStatus.NO_FACE
    return FaceTrack(role, recording, FrameClock(np.arange(n_frames + 1) * FRAME), source="t@1", **parts)


@pytest.fixture
def tracked(study: Any) -> Any:
    for recording, role in (("front", "infant"), ("side", "caregiver")):
        path = study.tracks_dir("one") / f"{recording}.{role}.h5"
        save_face_track(path, face_track(recording, role), Provenance("face", {}, {}, "0"))
    return study


def ready(qtbot: Any, window: Any) -> Any:
    qtbot.waitUntil(lambda: window.tools.overlays is not None, timeout=10_000)
    return window.tools.overlays


def press(window: Any, key: str, held: Any = NONE) -> None:
    QTest.keyClick(window.timeline, getattr(Qt.Key, f"Key_{key}"), held)


def button(dialog: QDialog, name: str) -> QPushButton:
    found = dialog.findChild(QPushButton, name)
    assert found is not None, name
    return found


def stored(study: Any) -> list[tuple[str, int, int, str]]:
    session = open_study(study.root).load_session("one")
    return [(e.id, e.onset_ns // FRAME, e.offset_ns // FRAME, e.ended_by) for e in session.episodes]


def test_marks_are_those_of_the_frame_on_screen(
    qtbot: Any, tracked: Any, open_window: Callable[..., Any]
) -> None:
    window = open_window()
    marks = ready(qtbot, window)
    window.desk.playhead.seek(57 * FRAME)
    assert set(marks.drawn) == set(MARKS)
    assert all(marks.drawn.values())
    corner = marks._lines["box"].pos[0]
    assert tuple(corner) == (7.0, 10.0)
    # The other film stands to the right, and is five frames behind.
    side = marks._lines["box"].pos[8]
    assert side[0] == pytest.approx(128 * 1.02 + 2)
    assert marks._text.text == ["infant 0.50", "caregiver 0.50"]
    window.desk.playhead.seek(105 * FRAME)
    assert marks.drawn["score"] == 0 or marks._text.text == ["caregiver 0.50"]


def test_each_mark_can_be_hidden_and_all_by_one_key(
    qtbot: Any, tracked: Any, open_window: Callable[..., Any]
) -> None:
    window = open_window()
    marks = ready(qtbot, window)
    for name in MARKS:
        window.tools.mark_actions[name].setChecked(False)
        assert marks.drawn[name] == 0
        assert name == "score" or not marks._lines[name].visible
    assert not marks._text.visible
    press(window, "F10")
    assert all(marks.drawn.values())
    press(window, "F10")
    assert not any(marks.drawn.values())


def test_a_blind_coder_gets_nothing_of_the_machine(
    qtbot: Any, tracked: Any, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vispy.scene.visuals import Line, Text  # type: ignore[import-untyped]

    from stillface.gui import session_tools

    read = []
    monkeypatch.setattr(session_tools, "load_face_tracks", lambda *parts: read.append(parts))
    window = open_window(blind=True)
    QTest.qWait(300)
    assert read == []
    assert window.tools.overlays is None
    assert window.tools.mark_actions == {}
    press(window, "F10")
    assert "blind" in window.panel.said_label.text()
    nodes, scene = [], [window.viewer.window._qt_viewer.canvas.view.scene]
    while scene:
        node = scene.pop()
        nodes.append(node)
        scene.extend(node.children)
    assert not [node for node in nodes if isinstance(node, Line) or (isinstance(node, Text) and node.visible)]
    assert {key.kind for key in window.desk.document.lanes} == {"human"}
    assert window.queue is None


def test_a_track_of_another_film_is_left_out_and_said(
    qtbot: Any, study: Any, open_window: Callable[..., Any]
) -> None:
    path = study.tracks_dir("one") / "front.infant.h5"
    save_face_track(path, face_track("front", "infant", 300), Provenance("face", {}, {}, "0"))
    window = open_window()
    marks = ready(qtbot, window)
    assert marks.left_out == ("front",)
    assert "changed since it was tracked" in window.panel.said_label.text()
    assert not any(marks.drawn.values())


def test_marks_are_on_screen_at_once_after_reopening(
    qtbot: Any, tracked: Any, open_window: Callable[..., Any]
) -> None:
    def yellow(window: Any) -> int:
        shot = window.canvas.canvas.native.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        held = np.frombuffer(shot.constBits(), np.uint8).reshape(shot.height(), -1)
        rgb = held[:, : shot.width() * 3].reshape(-1, 3).astype(int)
        return int(np.sum((rgb[:, 0] > 200) & (rgb[:, 1] > 190) & (rgb[:, 2] < 120)))

    window = open_window()
    window.desk.playhead.seek(57 * FRAME)
    window.main.close()
    again = open_window()
    ready(qtbot, again)
    assert again.films.shown["front"] == 57
    qtbot.waitUntil(lambda: yellow(again) > 50, timeout=30_000)
    press(again, "F10")
    qtbot.waitUntil(lambda: yellow(again) == 0, timeout=30_000)
    press(again, "F10")
    qtbot.waitUntil(lambda: yellow(again) > 50, timeout=30_000)


def test_an_edge_between_episodes_is_dragged_and_kept(study: Any, open_window: Callable[..., Any]) -> None:
    window = open_window()
    y = RULER_PX + 8

    def at(time_ns: int) -> QPoint:
        return QPoint(round(GUTTER_PX + window.timeline.view.x_of(time_ns)), y)

    QTest.mousePress(window.timeline, LEFT, NONE, at(10 * S))
    for time_ns in (11 * S, 12 * S):
        QTest.mouseMove(window.timeline, at(time_ns))
    QTest.mouseRelease(window.timeline, LEFT, NONE, at(12 * S))
    (first, second) = stored(study)
    assert first[2] == second[1]
    assert abs(first[2] * FRAME - 12 * S) <= 2 * window.timeline.view.ns_per_px + FRAME
    assert window.desk.document.session.episodes[1].onset_ns == second[1] * FRAME
    QTest.mouseClick(window.timeline, LEFT, NONE, at(second[1] * FRAME))
    assert stored(study) == [first, second]


def test_episodes_are_set_to_the_playhead_and_how_they_ended(
    study: Any, open_window: Callable[..., Any]
) -> None:
    window = open_window()
    press(window, "F5")
    dialog = window.tools.episode_dialog
    assert "episode RE was not run" in dialog.problems.text()
    window.desk.playhead.seek(15 * S)
    button(dialog, "end SF").click()
    window.desk.playhead.seek(16 * S)
    button(dialog, "place RE").click()
    ended = dialog.findChild(QComboBox, "ended SF")
    ended.setCurrentIndex(2)
    ended.activated.emit(2)
    assert stored(study) == [
        ("PL", 0, 250, "time"),
        ("SF", 250, 375, "caregiver"),
        ("RE", 400, 500, "time"),
    ]
    window.desk.playhead.seek(12 * S)
    button(dialog, "remove RE").click()
    button(dialog, "place RE").click()
    assert dialog.told.text().startswith("SF is here")
    for _ in range(4):
        dialog.undo_button.click()
    assert stored(study) == [("PL", 0, 250, "time"), ("SF", 250, 500, "time")]
    assert not dialog.undo_button.isEnabled()


def test_a_stop_rule_is_proposed_and_a_person_confirms(
    study: Any, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    proposal = StopSuggestion("SF", 15 * S, "i_pro for 20 s in SF (coded)")
    monkeypatch.setattr(window.tools.episodes, "suggestions", lambda: (proposal,))
    window.tools.show_episodes()
    dialog = window.tools.episode_dialog
    assert stored(study)[1] == ("SF", 250, 500, "time")
    button(dialog, "look SF").click()
    assert window.desk.playhead.time_ns == 15 * S
    button(dialog, "confirm SF").click()
    assert stored(study)[1] == ("SF", 250, 375, "stop_rule")


def test_one_comes_back_to_frame_zoom_lane_habits_and_marks(open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "Down")
    window.desk.playhead.seek(7 * S)
    for _ in range(4):
        window.timeline.zoom(1.5)
    window.desk.set_habits(Habits(pre_roll_ns=S))
    window.tools.mark_actions["mesh"].setChecked(False)
    window.main.resize(1100, 740)
    QApplication.processEvents()
    view, size = window.timeline.view, window.main.size()
    window.main.close()
    again = open_window()
    QTest.qWait(100)
    assert again.main.size() == size
    assert again.desk.playhead.time_ns == 7 * S
    assert again.films.shown["front"] == 175
    assert again.desk.document.active == CAREGIVER
    assert again.timeline.view.ns_per_px == pytest.approx(view.ns_per_px, rel=0.02)
    assert again.timeline.view.onset_ns == pytest.approx(view.onset_ns, abs=3 * view.ns_per_px)
    assert again.desk.habits == Habits(pre_roll_ns=S)
    assert not again.tools.mark_actions["mesh"].isChecked()


def test_a_held_key_codes_as_long_as_it_is_held(open_window: Callable[..., Any]) -> None:
    window = open_window()
    now = [0]
    window.desk.playhead._now_ns = lambda: now[0]
    window.desk.set_habits(Habits(hold=True))

    def run(n_frames: int) -> None:
        for _ in range(n_frames):
            now[0] += FRAME
            window._tick()

    press(window, "Space")
    for key, n in (("S", 20), ("D", 30)):
        run(5)
        code = getattr(Qt.Key, f"Key_{key}")
        QTest.keyPress(window.timeline, code)
        for _ in range(n):
            run(1)
            repeat = QKeyEvent(QEvent.Type.KeyPress, code, NONE, key.lower(), True)
            QApplication.sendEvent(window.timeline, repeat)
        QTest.keyRelease(window.timeline, code)
    bouts = window.desk.document.lane(INFANT).bouts
    assert [(b.onset_ns // FRAME, b.end_ns // FRAME, b.code) for b in bouts] == [
        (5, 25, "neu"),
        (30, 60, "pos"),
    ]


def test_habits_are_asked_for(open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from stillface.gui.habits_dialog import HabitsDialog

    window = open_window()

    def answer(dialog: HabitsDialog) -> int:
        assert dialog.habits == Habits()
        dialog.bin_s.setValue(2.5)
        dialog.reaction_ms.setValue(250)
        return int(HabitsDialog.DialogCode.Accepted.value)

    monkeypatch.setattr(HabitsDialog, "exec", answer)
    window.tools.ask_habits()
    assert window.desk.habits == Habits(bin_ns=2_500_000_000, reaction_ns=250_000_000)
    press(window, "F6")
    press(window, "S")
    (bout,) = window.desk.document.lane(INFANT).bouts
    assert (bout.onset_ns, bout.end_ns) == (0, 62 * FRAME)


def test_the_tour_points_at_real_things_and_is_noted(open_window: Callable[..., Any], tmp_path: Path) -> None:
    window = open_window()
    press(window, "F1")
    tour = window.tools.tour
    seen = []
    for _ in range(20):
        if window.tools.tour is None:
            break
        assert window.main.rect().contains(tour.geometry())
        seen.append(tour.text.text())
        tour.on.click()
    assert len(seen) == len(set(seen)) == 7
    assert window.tools.tour is None
    assert (tmp_path / "home" / "toured").is_file()


def test_the_tour_leaves_the_window_usable(open_window: Callable[..., Any]) -> None:
    window = open_window()
    press(window, "F1")
    press(window, "S")
    press(window, "Right")
    assert len(window.desk.document.lane(INFANT).bouts) == 1
    window.tools.tour.end.click()
    assert window.tools.tour is None


def test_a_share_that_comes_back_is_written_to_without_a_click(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    press(window, "S")
    log_file = window.desk.document._stores["human"].log._keeper._file

    def gone(data: bytes) -> None:
        raise storage_error(OSError(errno.EIO, "gone"), log_file.path, "could not save")

    with monkeypatch.context() as share:
        share.setattr(log_file, "append", gone)
        press(window, "Right")
        press(window, "D")
        assert window.panel.light.text().endswith("saved on this computer only")
        window.guard.retry()
        assert window.desk.document.status == "saved here"
    window.guard.retry()
    assert window.desk.document.status == "saved"
    assert len(window.desk.document.lane(INFANT).bouts) == 2


def test_scales_are_rated_by_episode_with_remarks(study: Any, open_window: Callable[..., Any]) -> None:
    use_schemes(study, infant=("affect3", "distress"), caregiver=("affect3",))
    scale = LaneKey("infant", "distress", "human:AB")
    window = open_window()
    window.desk.document.activate(scale)
    press(window, "2")
    assert "F4 opens its form" in window.panel.said_label.text()
    assert window.desk.document.lane(scale).bouts == ()
    press(window, "F4")
    dialog = window.tools.rating_dialog
    assert list(dialog.values) == [scale]
    assert [dialog.unit.itemText(k) for k in range(dialog.unit.count())] == ["PL", "SF"]
    dialog.unit.setCurrentIndex(1)
    box, remark = dialog.values[scale], dialog.remarks[scale]
    assert not remark.isEnabled()
    box.setCurrentIndex(3)
    box.activated.emit(3)
    QTest.keyClicks(remark, "cried")
    QTest.keyClick(remark, Qt.Key.Key_Return)
    (bout,) = window.desk.document.lane(scale).bouts
    assert (bout.onset_ns, bout.end_ns, bout.code, bout.comment) == (10 * S, 20 * S, "much", "cried")
    dialog.unit.setCurrentIndex(0)
    assert box.currentText() == "not rated"
    dialog.kind.setCurrentIndex(1)
    box.activated.emit(1)
    assert "rated as another unit" in dialog.told.text()
    dialog.kind.setCurrentIndex(0)
    dialog.unit.setCurrentIndex(1)
    assert (box.currentText(), remark.text()) == ("much", "cried")
    box.activated.emit(0)
    assert window.desk.document.lane(scale).bouts == ()


def test_the_tours_study_is_small_and_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    pytest.importorskip("cv2")
    from stillface.gui.first_start import make_tour_study
    from stillface.review import tour_study

    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tour_study, "_SECONDS", 1)
    study = make_tour_study()
    assert study.sessions() == ("tour",)
    films = sorted((study.root / "media").iterdir())
    assert [film.name for film in films] == ["caregiver.mp4", "infant.mp4"]
    before = films[0].stat().st_mtime_ns
    assert make_tour_study().root == study.root
    assert films[0].stat().st_mtime_ns == before
    assert not (tmp_path / "home" / "tour.making").exists()


def test_the_first_start_offers_the_tour_once(
    study: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from stillface.gui import sitting
    from stillface.gui.launch import parse

    asked = []
    monkeypatch.setattr(sitting, "wants_tour", lambda _theme: asked.append(1) or True)
    monkeypatch.setattr(sitting, "make_tour_study", lambda: study)
    monkeypatch.setattr(sitting, "SESSION_ID", "one")
    monkeypatch.setattr(sitting.QFileDialog, "getExistingDirectory", lambda *_: "")
    window = sitting.begin(parse([])).window
    assert window is not None
    assert window.tools.tour is not None
    window.tools.tour.end.click()
    window.main.close()
    QApplication.processEvents()
    assert sitting.begin(parse([])) is None
    assert asked == [1]


def test_an_episode_left_unrated_is_open_at_sign_off_and_the_form_opens_at_it(
    study: Any, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_schemes(study, infant=("distress",), caregiver=("affect3",))
    scale = LaneKey("infant", "distress", "human:AB")
    window = open_window()
    first, second = rating_units(window.desk.document.session, window.desk.grid)["episode"]
    window.desk.do(Rate(scale, first, "much"))
    window.desk.playhead.seek(first.onset_ns)
    told: list[str] = []

    def look(box: QMessageBox) -> int:
        told.append(box.informativeText())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", look)
    monkeypatch.setattr(
        QMessageBox,
        "clickedButton",
        lambda box: next(b for b in box.buttons() if b.text() == "&Look at the first"),
    )
    (button,) = window.panel.findChildren(SignOffButton)
    button.ask(scale)
    assert "in SF: 10.00 s not rated" in told[0]
    assert "F4 opens its form" in window.panel.said_label.text()
    press(window, "F4")
    assert window.tools.rating_dialog.unit.currentText() == second.label
