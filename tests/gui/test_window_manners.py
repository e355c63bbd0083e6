"""The window is a coder's, not napari's: menus, saving, the pointer over films, panels, the tour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QPoint, QPointF, QRect, Qt, QTimer
from qtpy.QtGui import QKeySequence, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDockWidget, QLabel

from stillface.domain.clock import NS_PER_S as S
from stillface.gui.bare_window import first_size
from stillface.gui.timeline_paint import GUTTER_PX
from stillface.review.commands_edit import Paint
from stillface.review.keymap_profiles import ACTIONS, PROFILES
from stillface.review.lanes import LaneKey

from .hands import CTRL, INFANT, NONE, bouts, press

CAREGIVER = LaneKey("caregiver", "affect3", "human:AB")
LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def window(open_window: Callable[..., Any]) -> Any:
    return open_window()


def menu_of(window: Any, title: str) -> Any:
    menus = {action.text().replace("&", ""): action.menu() for action in shown_menus(window)}
    menus[title].aboutToShow.emit()
    return menus[title]


def shown_menus(window: Any) -> list[Any]:
    return [action for action in window.main.menuBar().actions() if action.isVisible()]


def lines(menu: Any) -> Iterator[Any]:
    for action in menu.actions():
        if action.menu():
            yield from lines(action.menu())
        elif not action.isSeparator():
            yield action


def camera(window: Any) -> tuple[float, tuple[float, ...]]:
    held = window.viewer.scene.camera
    return float(held.zoom), tuple(float(part) for part in held.center)


def test_the_menus_are_ours_and_name_every_key_of_the_profile(window: Any) -> None:
    titles = [action.text().replace("&", "") for action in shown_menus(window)]
    assert titles == ["Session", "Edit", "Play", "Code", "Review", "View", "Help"]
    found = {line.objectName(): line for title in titles for line in lines(menu_of(window, title))}
    missing = {action.id for action in ACTIONS} - set(found)
    assert missing == {"save", "back_to_study", "quit"}
    for id_, line in found.items():
        keys = window.desk.keymap.keys(id_) if id_ in {action.id for action in ACTIONS} else ()
        if keys:
            assert line.text().endswith(f"\t{keys[0]}"), id_
        assert line.shortcut().isEmpty()
    assert "Is everything saved?\tCtrl+S" in [line.text() for line in lines(menu_of(window, "Session"))]


def test_a_menu_does_what_the_key_does_and_greys_what_cannot_be_done(window: Any) -> None:
    edit, code = menu_of(window, "Edit"), menu_of(window, "Code")
    press(window, "S", *["Right"] * 5)
    next(line for line in lines(code) if line.objectName() == "end_state").trigger()
    assert bouts(window, INFANT) == [(0, 5, "neu")]
    next(line for line in lines(edit) if line.objectName() == "undo").trigger()
    assert window.desk.document.lane(INFANT).running is not None
    review = menu_of(window, "Review")
    accept = next(line for line in lines(review) if line.objectName() == "accept")
    assert not accept.isEnabled()
    next(line for line in lines(review) if line.objectName() == "review_mode").trigger()
    menu_of(window, "Review")
    assert accept.isEnabled()
    assert window.desk.mode == "review"


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_menu_opens_by_its_letter_in_coding_and_in_review(
    open_window: Callable[..., Any], profile: str
) -> None:
    window = open_window(keys=profile)
    window.main.activateWindow()
    # Without an active window no letter opens anything.
    assert QTest.qWaitForWindowActive(window.main)
    for mode in ("coding", "review"):
        if mode == "review":
            window.review()
        assert window.desk.mode == mode
        for action in shown_menus(window):
            letter = action.text()[action.text().index("&") + 1].upper()
            QTest.keyClick(window.timeline, getattr(Qt.Key, f"Key_{letter}"), ALT)
            QApplication.processEvents()
            opened = [a.text() for a in shown_menus(window) if a.menu().isVisible()]
            assert opened == [action.text()], (mode, letter)
            action.menu().close()
            window.focus()


def test_no_default_key_of_napari_does_anything(window: Any) -> None:
    from napari.settings import get_settings

    keys = {str(key) for bound in get_settings().shortcuts.shortcuts.values() for key in bound}
    assert len(keys) > 50
    layers = [(layer.name, layer.visible, layer.opacity) for layer in window.viewer.layers]
    ndisplay, selected = window.viewer.dims.ndisplay, set(window.viewer.layers.selection)
    for key in sorted(keys):
        combination = QKeySequence(key)[0]
        named = QKeySequence(combination).toString()
        if named in {"Ctrl+Q", "Ctrl+W"} or window.meaning(named) is not None:
            continue
        for target in (window.timeline, window.canvas):
            QTest.keyClick(target, combination.key(), combination.keyboardModifiers())
        assert QApplication.activeModalWidget() is None, key
        assert QApplication.activePopupWidget() is None, key
    assert [(layer.name, layer.visible, layer.opacity) for layer in window.viewer.layers] == layers
    assert window.viewer.dims.ndisplay == ndisplay
    assert set(window.viewer.layers.selection) == selected


def test_panels_scroll_in_a_low_window(window: Any) -> None:
    press(window, "F9")
    window.main.resize(1024, 640)
    QTest.qWait(150)
    panel = window.signals.panel
    assert panel.height() >= panel.minimumHeight() > 0
    assert window.queue.height() >= window.queue.minimumSizeHint().height()
    assert window.canvas.height() > 100
    press(window, "Question")
    columns = window.sheet.findChildren(QLabel)
    assert max(label.mapTo(window.sheet, QPoint(label.width(), 0)).x() for label in columns) <= 1024


def test_a_viewer_of_ones_own_keeps_its_menus(study: Any, open_window: Callable[..., Any]) -> None:
    import napari

    own = napari.Viewer(show=False)
    try:
        before = [(a.text(), a.isVisible()) for a in own.window.main_menu.actions()]
        window = open_window()
        assert [(a.text(), a.isVisible()) for a in own.window.main_menu.actions()] == before
        assert not {"File", "Layers"} & {a.text().replace("&", "") for a in shown_menus(window)}
        window.main.close()
        assert [(a.text(), a.isVisible()) for a in own.window.main_menu.actions()] == before
        own.status = "mine"
        assert own.window._status_bar._status.text() == "mine"
    finally:
        own.close()


def test_napari_says_nothing_at_the_foot_and_has_no_activity_dock(window: Any) -> None:
    window.viewer.help = "use <2> for transform"
    window.viewer.status = "camera [1 2]"
    foot = window.viewer.window._status_bar
    assert foot._help.text() == ""
    assert foot._status.text() == ""
    assert not foot._activity_item.isVisible()
    window.note("a remark")
    assert foot.currentMessage() == "a remark"


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_ctrl_s_says_that_all_is_saved(open_window: Callable[..., Any], profile: str) -> None:
    window = open_window(keys=profile)
    press(window, "S", held=CTRL)
    assert window.panel.said_label.text() == "saved already: every edit is on the disk"
    assert QApplication.activeModalWidget() is None


def test_wheel_drag_and_double_click_leave_the_films_where_they_are(qtbot: Any, window: Any) -> None:
    QTest.qWait(150)
    canvas, before = window._canvas.canvas.native, camera(window)

    def wheel(held: Any) -> None:
        point = QPointF(canvas.width() / 3, canvas.height() / 2)
        QApplication.sendEvent(
            canvas,
            QWheelEvent(
                point, canvas.mapToGlobal(point), QPoint(), QPoint(0, 120),
                Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
            ),
        )  # fmt: skip

    def drag() -> None:
        QTest.mousePress(canvas, LEFT, NONE, QPoint(100, 50))
        QTest.mouseMove(canvas, QPoint(160, 90))
        QTest.mouseRelease(canvas, LEFT, NONE, QPoint(160, 90))

    wheel(NONE)
    drag()
    QTest.mouseDClick(canvas, LEFT, NONE, QPoint(100, 50))
    QTest.qWait(50)
    assert camera(window) == before
    for _ in range(3):
        wheel(CTRL)
    near = camera(window)
    assert near[0] == pytest.approx(before[0] * 1.2**3)
    drag()
    assert camera(window)[1] != near[1]
    press(window, "F11")
    assert camera(window)[0] == pytest.approx(before[0])
    assert camera(window)[1] == pytest.approx(before[1])


def test_a_panel_that_was_put_away_comes_back(window: Any) -> None:
    dock = window.main.findChild(QDockWidget, "stillface Review queue")
    dock.close()
    assert not window.queue.isVisible()
    press(window, "F7")
    assert window.desk.mode == "review"
    assert window.queue.isVisible()
    dock.close()
    press(window, "F7")
    assert window.desk.mode == "review"
    assert window.queue.isVisible()
    press(window, "F7")
    assert window.desk.mode == "coding"
    dock.close()
    next(line for line in lines(menu_of(window, "View")) if line.text() == "Review queue").trigger()
    assert window.queue.isVisible()


def test_the_tour_stays_in_its_place_and_has_keys(window: Any) -> None:
    press(window, "F1")
    tour = window.tools.tour
    places = set()
    for k in range(7):
        assert tour.place == k
        corner = tour.on.mapTo(window.main, QPoint(tour.on.width(), tour.on.height()))
        places.add((corner.x(), corner.y()))
        clock = window.panel.time_label
        top = clock.mapTo(window.main, QPoint(0, clock.height())).y()
        assert tour.geometry().top() > top
        press(window, "Return")
    assert len(places) == 1
    assert window.tools.tour is None
    assert bouts(window, INFANT) == []
    press(window, "F1")
    press(window, "Return")
    press(window, "Escape")
    assert window.tools.tour is None
    press(window, "S", "Right", "Return")
    assert bouts(window, INFANT) == [(0, 1, "neu")]


def test_the_frame_of_the_tour_follows_what_it_frames(qtbot: Any, window: Any) -> None:
    press(window, "F1")
    press(window, "Return")
    tour, label = window.tools.tour, window.panel.lane_label
    label.setFixedWidth(label.width() + 150)
    qtbot.waitUntil(lambda: tour._ring.width() == label.width() + 6, timeout=30_000)


def test_edges_by_keys_and_a_code_touch_no_neighbour(window: Any) -> None:
    for low, high, code in ((0, 4, "neu"), (4, 7, "neg"), (7, 10, "neu")):
        window.desk.document.do(Paint(INFANT, low * S, high * S, code))
    window.desk.playhead.seek(5 * S)
    press(window, "Left", held=CTRL)
    press(window, "I")
    press(window, "Right", held=CTRL)
    press(window, "O", "D")
    assert bouts(window, INFANT) == [(0, 100, "neu"), (100, 175, "pos"), (175, 250, "neu")]
    press(window, "Z", held=CTRL)
    assert bouts(window, INFANT) == [(0, 100, "neu"), (100, 175, "neg"), (175, 250, "neu")]
    assert (
        window.panel.said_label.text()
        == "taken back: infant: Positive 0:04.000 to 0:07.000 instead of Negative"
    )


def test_the_playhead_is_on_screen_after_reopening_at_another_width(open_window: Callable[..., Any]) -> None:
    window = open_window()
    window.main.resize(1500, 800)
    QTest.qWait(100)
    for _ in range(4):
        window.timeline.zoom(1.5)
    window.desk.playhead.seek(7 * S)
    view = window.timeline.view
    window.timeline.show_view(view.placed(7 * S - 0.9 * view.width_px * view.ns_per_px, view.ns_per_px))
    window.main.close()
    again = open_window()
    again.main.resize(1000, 700)
    QTest.qWait(100)
    x = again.timeline.view.x_of(again.desk.playhead.time_ns)
    assert 0 <= x < again.timeline.width() - GUTTER_PX


def test_the_terminal_says_where_the_codes_are(
    study: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from stillface.gui import launch, sitting

    begin = sitting.begin

    def begin_and_leave(options: Any) -> Any:
        begun = begin(options)
        QTimer.singleShot(0, begun.window.main.close)
        return begun

    monkeypatch.setattr(sitting, "begin", begin_and_leave)
    launch.main([str(study.root), "one", "--coder", "AB"])
    told = capsys.readouterr().out
    assert str(study.root / "sessions") in told
    assert f"stillface run {study.root}" in told


def test_a_message_uses_the_room_beside_the_clock_and_never_ends_without_a_trace(window: Any) -> None:
    window.main.resize(1280, 800)
    QApplication.processEvents()
    said = window.panel.said_label
    press(window, "I", *["Right"] * 15, "O")
    QApplication.processEvents()
    assert said.text().endswith("15 frames: a code's key paints it")
    assert " ".join(said.lines()) == said.text()
    assert window.main.width() == 1280
    press(window, "F3")
    QApplication.processEvents()
    first, last = said.lines()
    assert said.text().startswith(first)
    assert last.endswith("\u2026")
    assert said.text().startswith(f"{first} {last[:-1]}".rstrip())
    assert said.toolTip() == said.text()
    shown = said.grab().toImage()
    ink = {shown.pixelColor(x, y).name() for x in range(shown.width()) for y in range(shown.height())}
    assert len(ink) > 1
    window.panel._fade.timeout.emit()
    assert (said.text(), said.toolTip(), "".join(said.lines())) == ("", "", "")


def test_the_foot_of_a_window_is_on_a_small_screen_too(window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Small:
        def availableGeometry(self) -> QRect:
            return QRect(0, 0, 1024, 768)

    monkeypatch.setattr(type(window.main), "screen", lambda _main: Small())
    size = first_size(window.main)
    assert (size.width(), size.height()) == (1024, 728)
