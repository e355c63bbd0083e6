"""A study's folder that goes away in the middle of a sitting, and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillface.errors import StorageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_replay import replay
from stillface.review.desk import Desk
from stillface.review.install import spool_path
from stillface.review.library import Library
from stillface.review.opening import open_desk
from stillface.review.waiting import bring_in_waiting
from tests.unit.review.pair_study import HOME, make_study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    return make_study(tmp_path / "share" / "study", ("one", "two"))


def unplug(study: StudyFolder) -> None:
    share = study.root.parent
    share.rename(share.with_name("pulled out"))


def plug_in(study: StudyFolder) -> None:
    share = study.root.parent
    share.with_name("pulled out").rename(share)


def code(desk: Desk, keys: str) -> None:
    """Code a second with each key."""
    for key in keys:
        desk.key(key)
        desk.playhead.jump(1.0)


def stands(study: StudyFolder, session: str = "one") -> list[str]:
    records, problem = read_log(study.log_path(session, "AB", HOME))
    assert problem is None
    return [bout.code for bout in replay(records).bouts.values()]


def test_work_goes_on_and_comes_in_when_the_share_is_back(study: StudyFolder) -> None:
    desk = open_desk(study, "one", "AB", HOME)
    document = desk.document
    statuses = []
    document.status_changed.connect(lambda: statuses.append(document.status))
    code(desk, "S")
    unplug(study)
    code(desk, "DAS")
    assert document.status == "saved here"
    assert document.trouble is not None
    assert "not in the study yet" in document.trouble.what
    assert str(study.root) not in str(document.trouble)
    desk.undo()
    with pytest.raises(StorageError):
        document.close()
    plug_in(study)
    document.retry()
    assert (document.status, document.trouble) == ("saved", None)
    assert "NOT SAVED" not in statuses
    document.close()
    assert stands(study) == ["neu", "pos", "neg"]


def test_the_first_edit_of_all_is_kept_here_too(study: StudyFolder) -> None:
    desk = open_desk(study, "one", "AB", HOME)
    unplug(study)
    code(desk, "S")
    assert desk.document.status == "saved here"
    desk.document.close(abandon=True)
    plug_in(study)
    again = open_desk(study, "one", "AB", HOME)
    assert "in the study now" in again.document.notices[0]
    again.document.close()
    assert stands(study) == ["neu"]


def test_opening_the_study_brings_in_what_waits_of_all_sessions(study: StudyFolder) -> None:
    for session in ("one", "two"):
        desk = open_desk(study, session, "AB", HOME)
        code(desk, "S")
        unplug(study)
        code(desk, "D")
        desk.document.close(abandon=True)
        plug_in(study)
        assert spool_path("lab-1", session, "human", "AB", HOME).is_file()
    assert stands(study) == ["neu"]
    library = Library(study, "CD")
    assert [line.partition(":")[0] for line in library.brought_in] == ["one", "two"]
    assert stands(study) == stands(study, "two") == ["neu", "pos"]
    assert bring_in_waiting(study) == ()
    assert not list(study.codes_dir("one").glob("CD.*"))


def test_while_somebody_has_the_log_open_it_goes_on_waiting(study: StudyFolder) -> None:
    desk = open_desk(study, "one", "AB", HOME)
    unplug(study)
    code(desk, "S")
    plug_in(study)
    (line,) = bring_in_waiting(study)[-1:]
    assert "being edited by AB" in line
    desk.document.retry()
    desk.document.close()
    assert stands(study) == ["neu"]


def test_saved_to_another_folder_it_goes_on_there(study: StudyFolder, tmp_path: Path) -> None:
    desk = open_desk(study, "one", "AB", HOME)
    code(desk, "S")
    unplug(study)
    code(desk, "D")
    (tmp_path / "stick").mkdir()
    desk.document.save_elsewhere(tmp_path / "stick")
    assert desk.document.status == "saved"
    code(desk, "A")
    desk.document.close()
    records, problem = read_log(tmp_path / "stick" / f"AB.{HOME}.jsonl")
    assert problem is None
    assert [b.code for b in replay(records).bouts.values()] == ["neu", "pos", "neg"]
    plug_in(study)
    assert len(bring_in_waiting(study)) == 1
    assert stands(study) == ["neu", "pos"]


def test_undo_takes_the_whole_gesture_back_while_the_share_is_away(study: StudyFolder) -> None:
    desk = open_desk(study, "one", "AB", HOME)
    code(desk, "S")
    lane = desk.document.active
    assert lane is not None
    unplug(study)
    desk.key("D")
    desk.playhead.jump(1.0)
    desk.note_watched()
    assert [record.why for record in desk.document._stores["human"].log.records][-1] == "watched on"
    before = desk.document.lane(lane).bouts
    desk.undo()
    assert [bout.code for bout in desk.document.lane(lane).bouts] == ["neu"]
    desk.redo()
    assert desk.document.lane(lane).bouts == before
    plug_in(study)
    desk.document.retry()
    desk.document.close()
    assert stands(study) == ["neu", "pos"]
