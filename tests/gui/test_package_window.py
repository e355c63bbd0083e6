"""A session on a stick: opened in the window of another computer, coded by keys, and back in the study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")

from stillface.gui import session_window
from stillface.io.human_codes import read_people
from stillface.review.check_in import check_in
from stillface.review.lanes import LaneKey
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
