"""A session on a stick: opened in the window of another computer, coded by keys, and back in the study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QMessageBox

from stillface.domain.clock import NS_PER_S as S
from stillface.gui import session_window
from stillface.gui.palette import DARK
from stillface.gui.study_browser import StudyBrowser
from stillface.io.human_codes import read_people
from stillface.review.assignments import Assignment, write_assignments
from stillface.review.check_in import check_in
from stillface.review.episodes import EpisodeEditor
from stillface.review.lanes import LaneKey
from stillface.review.library import Library
from stillface.review.package import check_out, pack_back, study_at

from .conftest import number_in
from .hands import FRAME, INFANT, bouts, press

BREACHES = LaneKey("caregiver", "sf_breach", "human:AB")


def test_a_package_is_coded_on_another_computer_and_checked_in(
    study: Any,
    open_window: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: Any,
) -> None:
    window = open_window()
    press(window, "S", *["Right"] * 10, "Return")
    window.main.close()
    (tmp_path / "laptop").mkdir()
    check_out(study, "one", "AB", tmp_path / "laptop" / "stick.zip")
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "laptop-home"))
    lab = study.root.rename(tmp_path / "out-of-reach")
    away = study_at(tmp_path / "laptop" / "stick.zip")
    there = session_window.open_window(away, "one", "AB")
    qtbot.waitExposed(there.main)
    # Nothing of the machine's leaves the lab unless it is asked to.
    assert {key.kind for key in there.desk.document.lanes} == {"human"}
    assert bouts(there, INFANT) == [(0, 10, "neu")]
    there.desk.playhead.seek(20 * FRAME)
    press(there, "D", *["Right"] * 30, "Return")
    assert number_in(there.films.picture("front")) == 50
    press(there, "F3", "A", *["Right"] * 40, "Return")
    there.main.close()
    pack_back(away, tmp_path / "back.zip")
    lab.rename(study.root)
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    result = check_in(study, tmp_path / "back.zip")
    assert (result.session_id, result.coder, result.n_conflicts) == ("one", "AB", 0)
    again = open_window()
    assert bouts(again, INFANT) == [(0, 10, "neu"), (20, 50, "pos")]
    assert bouts(again, BREACHES) == [(250, 290, "none")]
    tracks = read_people(study.codes_dir("one"), study.scheme).tracks
    assert {(track.role, track.scheme.id, track.source) for track in tracks} == {
        ("infant", "affect3", "human:AB"),
        ("caregiver", "sf_breach", "human:AB"),
    }


def test_the_queue_travels_and_a_task_opens_as_it_does_at_the_lab(
    study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    """The tick box that hides the machine's codes was not touched."""
    write_assignments(
        study,
        [
            Assignment("one", "caregiver", "affect3", "CD"),
            Assignment("one", "infant", "affect3", "AB"),
        ],
    )
    at_the_lab = StudyBrowser(Library(study, "AB"), DARK)
    qtbot.addWidget(at_the_lab)
    at_the_lab.read_all()
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(box.informativeText()) or 0)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "out.zip"), ""))
    at_the_lab.table.choose("one")
    assert not at_the_lab.blind.isChecked()
    at_the_lab.out_button.click()
    assert "AB's queue goes with it" in told[-1]
    assert "without the machine's codes" in told[-1]
    away = study_at(tmp_path / "out.zip")
    there = StudyBrowser(Library(away, "AB"), DARK)
    qtbot.addWidget(there)
    there.show()
    there.read_all()
    queue = [there.queue.item(row).text() for row in range(there.queue.count())]
    assert queue == ["\u25cb one: infant affect3"]
    place = there.queue.visualItemRect(there.queue.item(0)).center()
    QTest.mouseClick(there.queue.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(there.queue.viewport(), Qt.MouseButton.LeftButton, pos=place)
    choice = there.choice
    assert choice is not None
    assert (choice.role, choice.blind, choice.lane) == ("infant", True, ("infant", "affect3"))
    window = session_window.open_window(away, "one", "AB", only_role=choice.role, blind=choice.blind)
    qtbot.waitExposed(window.main)
    assert {key.source for key in window.desk.document.lanes} == {"human:AB"}
    window.main.close()


def test_an_episode_dragged_on_the_road_is_told_at_the_lab_where_somebody_dragged_it_too(
    study: Any,
    open_window: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: Any,
) -> None:
    check_out(study, "one", "AB", tmp_path / "out.zip")
    away = study_at(tmp_path / "out.zip")
    for place, offset_s in ((away, 9), (study, 8)):
        coder = "AB" if place is away else "CD"
        window = session_window.open_window(place, "one", coder)
        EpisodeEditor(place, window.desk.document).move_edge("PL", "offset", offset_s * S)
        window.main.close()
    pack_back(away, tmp_path / "back.zip")
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(box.informativeText()) or 0)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "back.zip")], ""))
    lab = StudyBrowser(Library(study, "M", manager=True), DARK)
    qtbot.addWidget(lab)
    lab.show()
    lab.read_all()
    lab.in_button.click()
    lab.read_all()
    assert "AB: PL was 0:00.000 to 0:09.000 for AB and is 0:00.000 to 0:08.000 here" in told[-1]
    lab.table.choose("one")
    assert "AB: PL was 0:00.000 to 0:09.000 for AB" in lab.detail.text()
    window = open_window()
    EpisodeEditor(study, window.desk.document).move_edge("PL", "offset", 9 * S)
    window.main.close()
    lab.reload()
    lab.read_all()
    lab.table.choose("one")
    assert "AB: PL was" not in lab.detail.text()
