"""The study's share goes away while somebody codes: it is said, work goes on, and nothing is lost."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMessageBox

from stillface.io.durable import storage_error
from stillface.review.lanes import LaneKey

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
