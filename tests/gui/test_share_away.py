"""The study's share goes away while somebody codes: it is said, work goes on, and nothing is lost."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMessageBox

from stillface.io.code_log_chain import read_log
from stillface.io.code_log_replay import replay
from stillface.io.durable import storage_error
from stillface.io.lock import FileLock
from stillface.review.lanes import LaneKey
from tests.faults.hanging_share import LIMIT_S, HangingShare, until

from .conftest import number_in

INFANT = LaneKey("infant", "affect3", "human:AB")


def test_closed_while_the_share_is_away_and_opened_when_it_is_back(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    file = window.desk.document._stores["human"].log._keeper._file

    def away(_data: bytes) -> None:
        raise storage_error(OSError(errno.EIO, "gone"), file.path, "NOT SAVED (kept in memory)")

    monkeypatch.setattr(file, "append", away)
    for key in ("S", "Right", "Right", "D"):
        window.press(key)
    assert "saved on this computer only" in window.panel.light.text()
    assert "not in the study yet" in window.panel.said_label.text()
    assert "memory" not in window.panel.said_label.text()
    before = [(b.onset_ns, b.code) for b in window.desk.document.lane(INFANT).bouts]
    assert [code for _, code in before] == ["neu", "pos"]
    asked: list[str] = []

    def choose(label: str) -> Callable[[QMessageBox], int]:
        def answer(box: QMessageBox) -> int:
            asked.append(box.text() + box.informativeText())
            next(b for b in box.buttons() if b.text() == label).click()
            return 0

        return answer

    monkeypatch.setattr(QMessageBox, "exec", choose("Stay"))
    assert not window.main.close()
    monkeypatch.setattr(QMessageBox, "exec", choose("Close, and bring them in later"))
    assert window.main.close()
    assert window.closed
    assert all("on this computer" in text and "NOT SAVED" not in text for text in asked)
    QTest.qWait(10)
    again = open_window()
    assert again.desk.document.status == "saved"
    assert [(b.onset_ns, b.code) for b in again.desk.document.lane(INFANT).bouts] == before
    assert "are in the study now" in again.desk.document.notices[0]


def test_five_bouts_while_the_share_does_not_answer_are_in_the_log_once_when_it_does(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    log = window.desk.document._stores["human"].log
    share = HangingShare(log.path.parent, late="did it")
    monkeypatch.setattr(log._keeper._file, "_fs", share)
    log._keeper._study.wait_s = 0.05
    share.answers.clear()
    try:
        for key in "SDASD":
            QTest.keyClick(window.timeline, getattr(Qt.Key, f"Key_{key}"))
            assert "NOT SAVED in the study" in window.panel.light.text()
            QTest.keyClick(window.timeline, Qt.Key.Key_Right)
        until(lambda: share.n_hanging)
        assert share.n_hanging == 1
        assert "does not answer" in window.panel.said_label.text()
        coded = [(b.onset_ns, b.code) for b in window.desk.document.lane(INFANT).bouts]
        assert [code for _, code in coded] == ["neu", "pos", "neg", "neu", "pos"]
    finally:
        share.answers.set()
    log._keeper._study.wait_s = LIMIT_S
    said = window.panel.said_label.text()
    until(lambda: (window.guard.retry(), QTest.qWait(1), window.desk.document.status == "saved")[-1])
    assert "pos" in said.casefold()
    assert window.panel.light.text().endswith(" saved")
    assert window.panel.said_label.text() == "everything is saved now"
    records, problem = read_log(log.path)
    assert problem is None
    assert list(replay(records).bouts) == list(log.state.bouts)
    assert len({record.sha for record in records}) == len(records) == len(log.records)
    assert window.main.close()


def test_closed_while_the_share_does_not_answer_nobody_waits_and_it_comes_in_later(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    log = window.desk.document._stores["human"].log
    share = HangingShare(log.path.parent)
    monkeypatch.setattr(log._keeper._file, "_fs", share)
    log._keeper._study.wait_s = 0.05
    share.answers.clear()

    def later(box: QMessageBox) -> int:
        next(b for b in box.buttons() if b.text() == "Close, and bring them in later").click()
        return 0

    try:
        for key in ("S", "Right", "Right", "D"):
            window.press(key)
        monkeypatch.setattr(QMessageBox, "exec", later)
        assert window.main.close()
        assert window.closed
        QTest.qWait(10)
    finally:
        share.answers.set()
    lock = os.path.realpath(f"{log.path}.lock")
    until(lambda: lock not in FileLock._held_here)
    again = open_window()
    assert again.desk.document.status == "saved"
    assert [b.code for b in again.desk.document.lane(INFANT).bouts] == ["neu", "pos"]
    assert "in the study now" in again.desk.document.notices[0]


def test_a_study_that_takes_nothing_from_the_start_is_coded_here(
    open_window: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    refusing = no_lock()
    request.addfinalizer(refusing.undo)
    window = open_window()
    assert "the study takes nothing now" in window.panel.light.text()
    assert "kept on this computer" in window.desk.document.notices[0]
    for key in ("S", "Right", "Right", "D"):
        window.press(key)
    assert "NOT SAVED in the study" in window.panel.light.text()
    assert len(window.desk.document.lane(INFANT).bouts) == 2
    refusing.undo()
    until(lambda: (window.guard.retry(), window.desk.document.status == "saved")[-1])
    assert window.desk.document.away is None
    assert window.panel.light.text().endswith(" saved")
    log = window.desk.document._stores["human"].log
    records, problem = read_log(log.path)
    assert problem is None
    assert [b.code for b in replay(records).bouts.values()] == ["neu", "pos"]


def no_lock() -> pytest.MonkeyPatch:
    """Let no lock file of a study be written, as on a read-only disk, until what is given is undone."""
    real = os.open

    def refuse(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).endswith(".lock") and "spool" not in str(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, flags, *more, **named)

    patch = pytest.MonkeyPatch()
    patch.setattr("stillface.io.lock.os.open", refuse)
    return patch


def test_films_that_do_not_answer_are_blank_while_one_codes_on_and_come_back_by_themselves(
    open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    answers = threading.Event()
    for source in window.films._sources.values():
        real = source._source.frame

        def silent(index: int, real: Callable[[int], Any] = real) -> Any:
            answers.wait()
            return real(index)

        monkeypatch.setattr(source._source, "frame", silent)
        source._wait_s = 0.01
    try:
        for _ in range(3):
            QTest.keyClick(window.timeline, Qt.Key.Key_Right)
        assert set(window.films.shown.values()) == {None}
        assert "does not answer" in window.panel.said_label.text()
        QTest.keyClick(window.timeline, Qt.Key.Key_S)
        assert [b.code for b in window.desk.document.lane(INFANT).bouts] == ["neu"]
    finally:
        answers.set()
    due = window.desk.playhead.frames()
    until(lambda: (QTest.qWait(10), dict(window.films.shown) == dict(due))[-1])
    assert not window.films.trouble
    running = {id_: frame for id_, frame in due.items() if frame is not None}
    assert running
    assert {id_: number_in(window.films.picture(id_)) for id_ in running} == running
