"""A package opened on a computer on which edits for the lab's own study wait, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.errors import StorageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.review.check_in import check_in
from stillface.review.commands_edit import Paint
from stillface.review.install import spool_path
from stillface.review.library import Library
from stillface.review.opening import open_document
from stillface.review.package import check_out, pack_back, unpack

from .pair_study import HOME, code, key_of, make_study, standing


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    study = make_study(tmp_path / "lab")
    code(study, "AB", [(0, 50, "neu")])
    return study


def leave_waiting(study: StudyFolder, onset_s: int) -> Path:
    """Code ten seconds more, and put them where they would be if the disk had not taken them."""
    path = study.log_path("one", "AB", HOME)
    before = path.read_bytes()
    document = open_document(study, "one", "AB", HOME)
    document.do(Paint(key_of("AB"), onset_s * S, (onset_s + 10) * S, "pos"))
    rest = path.read_bytes()[len(before) :]
    document.close()
    path.write_bytes(before)
    study.heads_path(HOME).unlink()
    spool = spool_path(study.study.study_id, "one", "human", "AB", HOME)
    spool.parent.mkdir(parents=True, exist_ok=True)
    spool.write_bytes(rest)
    return spool


def bouts(study: StudyFolder) -> list[tuple[float, float, str]]:
    document = open_document(study, "one", "AB", HOME)
    found = standing(document, key_of("AB"))
    document.close()
    return found


def test_what_waits_for_the_lab_does_not_go_into_a_package_on_the_same_computer(
    lab: StudyFolder, tmp_path: Path
) -> None:
    check_out(lab, "one", "AB", tmp_path / "out.zip")
    away = unpack(tmp_path / "out.zip", tmp_path / "away")
    waiting = leave_waiting(lab, 100)
    assert Library(away, "AB").brought_in == ()
    assert bouts(away) == [(0, 50, "neu")]
    assert waiting.exists()
    assert len(Library(lab, "AB").brought_in) == 1
    assert bouts(lab) == [(0, 50, "neu"), (100, 110, "pos")]


def test_what_waits_for_the_package_is_packed_with_it(lab: StudyFolder, tmp_path: Path) -> None:
    check_out(lab, "one", "AB", tmp_path / "out.zip")
    away = unpack(tmp_path / "out.zip", tmp_path / "away")
    waiting = leave_waiting(away, 200)
    assert Library(lab, "AB").brought_in == ()
    pack_back(away, tmp_path / "back.zip")
    assert not waiting.exists()
    assert check_in(lab, tmp_path / "back.zip").n_records > 0
    assert bouts(lab) == [(0, 50, "neu"), (200, 210, "pos")]


def test_nothing_is_packed_while_edits_wait_that_the_logs_do_not_take(
    lab: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_out(lab, "one", "AB", tmp_path / "out.zip")
    away = unpack(tmp_path / "out.zip", tmp_path / "away")
    waiting = leave_waiting(away, 200)
    monkeypatch.setattr("stillface.review.package.bring_in_waiting", lambda _: ("the disk is full",))
    with pytest.raises(StorageError, match="edits wait on this computer"):
        pack_back(away, tmp_path / "back.zip")
    assert not (tmp_path / "back.zip").exists()
    assert waiting.exists()
    assert read_log(away.log_path("one", "AB", HOME))[1] is None
