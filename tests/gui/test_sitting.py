"""From the browser to a window and back, by real keys, until one has had enough."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QMessageBox

from stillface.domain.clock import NS_PER_S as S
from stillface.gui import sitting as module
from stillface.gui.launch import parse
from stillface.gui.sitting import Sitting
from stillface.gui.study_browser import StudyBrowser
from stillface.gui.trouble import TroubleBox
from stillface.io.durable import storage_error
from stillface.review.commands_edit import Paint
from stillface.review.install import install_id, remember_coder
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_document

CTRL = Qt.KeyboardModifier.ControlModifier
INFANT = LaneKey("infant", "affect3", "human:AB")


class Person:
    """Stands before the browser each time it is shown, and does what is next on the list."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.does: list[Callable[[StudyBrowser], object]] = []
        self.saw: list[tuple[str, str]] = []
        monkeypatch.setattr(StudyBrowser, "exec", lambda shown: self.look(shown))

    def look(self, shown: StudyBrowser) -> int:
        shown.setResult(0)
        row = shown.table.currentRow()
        self.saw.append((shown.session_id, shown.table.item(row, 2).text() if row >= 0 else ""))
        shown.read_all()
        self.does.pop(0)(shown)
        return shown.result()


def opens(session_id: str) -> Callable[[StudyBrowser], object]:
    def act(shown: StudyBrowser) -> None:
        shown.table.choose(session_id)
        shown.open_button.click()

    return act


@pytest.fixture
def two(study: Any) -> Any:
    from dataclasses import replace

    study.add_session(replace(study.load_session("one"), session_id="two"))
    return study


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(monkeypatch)


@pytest.fixture
def begin(two: Any, qtbot: Any) -> Iterator[Callable[..., Any]]:
    begun: list[Any] = []

    def begin_(*words: str) -> Any:
        found = module.begin(parse([str(two.root), *words, "--coder", "AB"]))
        begun.append(found)
        return found

    yield begin_
    for found in begun:
        if found is not None and found.window is not None:
            found.window.desk.document.close(abandon=True)
            found.quit()
    QApplication.processEvents()


def press(window: Any, key: Any, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.timeline, key, held)


def settle(qtbot: Any, met: Callable[[], bool]) -> None:
    qtbot.waitUntil(met, timeout=20_000)


def test_ctrl_w_goes_back_to_the_row_just_coded_and_on_to_the_next(
    person: Person, begin: Callable[..., Any], qtbot: Any
) -> None:
    person.does = [opens("two"), opens("one"), lambda shown: shown.reject()]
    ends: list[int] = []
    sitting = begin()
    sitting.ended.connect(lambda: ends.append(1))
    first = sitting.window
    assert first.desk.document.session.session_id == "two"
    first.desk.document.do(Paint(INFANT, 0, 20 * S, "neu"))
    press(first, Qt.Key.Key_W, CTRL)
    settle(qtbot, lambda: sitting.window not in (None, first))
    assert first.closed
    assert person.saw[1] == ("two", "\u25d0 in progress")
    assert sitting.window.desk.document.session.session_id == "one"
    assert ends == []
    press(sitting.window, Qt.Key.Key_W, CTRL)
    settle(qtbot, lambda: bool(ends))
    assert person.saw[2] == ("one", "\u25cb not started")
    assert sitting.window is None
    assert sitting not in module._LIVE


def test_the_cross_of_the_window_goes_back_too_and_asks_nothing_of_naparis(
    person: Person, begin: Callable[..., Any], qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari._qt.dialogs.confirm_close_dialog import ConfirmCloseDialog

    asked: list[int] = []
    monkeypatch.setattr(ConfirmCloseDialog, "exec_", lambda _dialog: asked.append(1) or 0)
    monkeypatch.setattr(QCloseEvent, "spontaneous", lambda _event: True)
    person.does = [opens("one"), lambda shown: shown.reject()]
    sitting = begin()
    window = sitting.window
    QApplication.sendEvent(window.main, QEvent(QEvent.Type.Close))
    settle(qtbot, lambda: len(person.saw) == 2)
    assert asked == []
    assert window.closed


def test_a_session_that_was_named_ends_the_sitting_but_ctrl_w_still_shows_the_study(
    person: Person, begin: Callable[..., Any], qtbot: Any
) -> None:
    ends: list[int] = []
    sitting = begin("one")
    sitting.ended.connect(lambda: ends.append(1))
    sitting.window.main.close()
    settle(qtbot, lambda: bool(ends))
    assert person.saw == []
    person.does = [lambda shown: shown.reject()]
    again = begin("one")
    press(again.window, Qt.Key.Key_W, CTRL)
    settle(qtbot, lambda: len(person.saw) == 1)
    assert person.saw == [("one", "\u25cb not started")]


def test_ctrl_q_quits_from_anywhere(person: Person, begin: Callable[..., Any], qtbot: Any) -> None:
    person.does = [opens("one")]
    ends: list[int] = []
    sitting = begin()
    sitting.ended.connect(lambda: ends.append(1))
    press(sitting.window, Qt.Key.Key_Q, CTRL)
    settle(qtbot, lambda: bool(ends))
    assert len(person.saw) == 1


def test_unsaved_work_keeps_the_window_and_the_way_back(
    person: Person, begin: Callable[..., Any], two: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.does = [opens("one"), lambda shown: shown.reject()]
    sitting = begin()
    window = sitting.window

    def refuse(**_settings: object) -> None:
        raise storage_error(OSError(errno.ENOSPC, "full"), two.root, "could not save")

    def stay(box: QMessageBox) -> int:
        next(b for b in box.buttons() if b.text() == "Stay").click()
        return 0

    with monkeypatch.context() as full:
        full.setattr(QMessageBox, "exec", stay)
        full.setattr(window.desk.document, "close", refuse)
        press(window, Qt.Key.Key_Q, CTRL)
        assert not window.closed
        with qtbot.capture_exceptions() as faults:
            full.setattr(window.desk.document, "close", lambda **_settings: 1 / 0)
            assert not window.main.close()
            QApplication.processEvents()
        assert [kind for kind, *_ in faults] == [ZeroDivisionError]
        assert not window.closed
    window.main.close()
    settle(qtbot, lambda: len(person.saw) == 2)


def test_a_browser_that_cannot_be_shown_is_tried_twice_and_not_for_ever(qtbot: Any) -> None:
    tries: list[int] = []

    def broken() -> StudyBrowser:
        tries.append(1)
        raise ZeroDivisionError

    sitting = Sitting(lambda _choice: None, broken)  # type: ignore[arg-type,return-value]
    sitting._goes_back = True
    ended: list[bool] = []
    sitting.ended.connect(lambda: ended.append(True))
    with qtbot.capture_exceptions() as faults:
        QTimer.singleShot(0, sitting._left)
        qtbot.waitUntil(lambda: bool(ended), timeout=30_000)
    assert (len(tries), len(faults)) == (2, 2)


def test_a_session_that_cannot_be_opened_is_told_over_the_browser(
    person: Person, begin: Callable[..., Any], two: Any, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    told: list[str] = []
    monkeypatch.setattr(TroubleBox, "exec", lambda box: told.append(box.text()) or 0)

    def gone(shown: StudyBrowser) -> None:
        (two.root / "sessions" / "one" / "session.yaml").write_text("schema_version: 1\nnonsense: 2\n")
        opens("one")(shown)

    person.does = [gone, lambda shown: shown.reject()]
    assert begin() is None
    assert len(told) == 1
    assert str(two.root) not in told[0]


def test_a_comparison_goes_back_to_the_study_too(two: Any, person: Person, qtbot: Any) -> None:
    for coder in ("AB", "CD"):
        document = open_document(two, "one", coder, install_id(), with_auto=False)
        document.do(Paint(LaneKey("infant", "affect3", f"human:{coder}"), 0, 20 * S, "neu"))
        document.close()

    def compares(shown: StudyBrowser) -> None:
        shown.library.manager = True
        shown.table.choose("one")
        shown.show_detail()
        shown.pair_button.click()

    person.does = [compares, lambda shown: shown.reject()]
    remember_coder(two.study.study_id, "EF")
    sitting = module.begin(parse([str(two.root), "--coder", "EF"]))
    window = sitting.window
    lines = [line.text().split("\t")[0] for line in window.menu.menu.actions()]
    assert {"Next open", "Is everything saved?", "Sign off, unlock", "Back to the study", "Quit"} <= set(
        lines
    )
    assert "Copy details for the lab manager" in [line.text() for line in window.menus.help.actions()]
    window.menu.copy_details()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert "session one, coder EF" in clipboard.text()
    press(window, Qt.Key.Key_W, CTRL)
    settle(qtbot, lambda: len(person.saw) == 2)
    assert person.saw[1][0] == "one"


def test_windows_one_after_the_other_leave_nothing_behind(
    person: Person, begin: Callable[..., Any], qtbot: Any
) -> None:
    import napari

    person.does = [opens(("one", "two")[k % 2]) for k in range(4)] + [lambda shown: shown.reject()]
    sitting, before = begin(), None
    for n in range(4):
        settle(
            qtbot,
            lambda n=n, before=before: len(person.saw) == n + 1 and sitting.window not in (None, before),
        )
        before = sitting.window
        before.main.close()
    settle(qtbot, lambda: len(person.saw) == 5)
    QApplication.processEvents()
    assert len(napari.Viewer._instances) == 0
