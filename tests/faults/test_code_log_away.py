"""A study that takes nothing from the start: edits wait on this computer, and two writers are kept apart."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillface.errors import StorageError
from stillface.io.code_log import CodeLog
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_record import LoggedBout
from stillface.io.code_log_replay import replay
from stillface.io.durable import FileSystem
from stillface.io.lock import FileLock

NAME = "AB.aaaa-1111.jsonl"


class Study(FileSystem):
    """A folder that takes nothing, not even a lock file, while it is read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read_only = True
        self._open = os.open

    def refuse(self, path: Path | str, flags: int) -> None:
        writes = flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT)
        if self.read_only and writes and str(path).startswith(str(self.folder)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def open_any(self, path: Path | str, flags: int, mode: int = 0o777) -> int:
        self.refuse(path, flags)
        return self._open(path, flags, mode)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    folder = tmp_path / "share"
    folder.mkdir()
    study = Study(folder)
    monkeypatch.setattr(os, "open", study.open_any)
    yield study
    study.read_only = False


def bout(k: int) -> LoggedBout:
    return LoggedBout("infant/affect3", 10 * k, 10 * k + 5, "neg")


def spool_of(study: Study) -> Path:
    return study.folder.parent / "home" / "spool" / NAME


def open_log(study: Study, *, spool: bool = True) -> CodeLog:
    return CodeLog.open(
        study.folder / NAME,
        coder="AB",
        install="aaaa-1111",
        app_version="0",
        heads=study.folder / "heads.jsonl",
        spool=spool_of(study) if spool else None,
    )


def add(log: CodeLog, *names: str) -> None:
    for name in names:
        with pytest.raises(
            StorageError, match="saved on this computer, not in the study yet: the disk is read"
        ):
            log.append("add", id=name, bout=bout(int(name[1:])))
        assert log.kept_here


def coded(study: Study) -> list[str]:
    records, problem = read_log(study.folder / NAME)
    assert problem is None
    return list(replay(records).bouts)


def test_it_is_coded_here_and_comes_in_when_the_study_takes_it(study: Study) -> None:
    log = open_log(study)
    assert not log.read_only
    assert log.away is not None
    assert "kept on this computer" in log.notices[-1]
    add(log, "b0", "b1")
    assert list(study.folder.iterdir()) == []
    study.read_only = False
    log.flush()
    assert log.away is None
    log.append("add", id="b2", bout=bout(2))
    log.close()
    assert coded(study) == ["b0", "b1", "b2"]
    assert not spool_of(study).exists()


def test_it_is_coded_here_in_two_sittings(study: Study) -> None:
    for name in ("b0", "b1"):
        log = open_log(study)
        add(log, name)
        with pytest.raises(StorageError):
            log.close()
        log.close(abandon=True)
    study.read_only = False
    with open_log(study) as log:
        assert "2 edits that waited on this computer are in the study now" in log.notices
    assert coded(study) == ["b0", "b1"]


def test_looking_leaves_nothing_that_waits(study: Study) -> None:
    open_log(study).close()
    assert not spool_of(study).exists()
    assert list(study.folder.iterdir()) == []


def test_without_a_place_on_this_computer_it_is_only_shown(study: Study) -> None:
    log = open_log(study, spool=False)
    assert log.reason is not None
    assert "read-only" in log.reason
    log.close()


def test_a_second_window_of_this_computer_is_kept_away_whether_the_study_takes_something_or_not(
    study: Study,
) -> None:
    log = open_log(study)
    add(log, "b0")
    for study.read_only in (True, False):
        second = open_log(study)
        assert second.reason is not None
        assert "same program" in second.reason
        assert list(second.state.bouts) == ["b0"]
        second.close()
        assert not (study.folder / NAME).exists()
    log.close()
    assert coded(study) == ["b0"]


def test_while_somebody_else_holds_the_log_it_goes_on_waiting(study: Study) -> None:
    log = open_log(study)
    add(log, "b0")
    study.read_only = False
    other = FileLock(study.folder / f"{NAME}.lock", who="CD")
    with pytest.raises(StorageError, match="not in the study yet: being edited by CD"):
        log.flush()
    assert log.kept_here
    other.release()
    log.close()
    assert coded(study) == ["b0"]


def test_a_log_that_became_another_meanwhile_is_not_written_to(study: Study) -> None:
    log = open_log(study)
    add(log, "b0")
    study.read_only = False
    (study.folder / NAME).write_bytes(b"another\n")
    with pytest.raises(StorageError, match="another program"):
        log.flush()
    assert log.kept_here
    log.close(abandon=True)
    assert (study.folder / NAME).read_bytes() == b"another\n"
    assert spool_of(study).exists()
