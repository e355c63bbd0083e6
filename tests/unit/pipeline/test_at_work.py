"""Who runs a study holds it against another run, on disks that give no locks or take nothing too."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stillface.cli.main import run as command
from stillface.domain.study import Study
from stillface.errors import StorageError
from stillface.io import lock as lock_room
from stillface.io.bundle import StudyFolder, create_study
from stillface.pipeline import plan as plan_room
from stillface.pipeline.at_work import at_work
from stillface.pipeline.inputs import FileHashes
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.reports import write_reports
from stillface.pipeline.runlog import RunLog

HOLDER = """
import sys
from pathlib import Path
from stillface.io.bundle import open_study
from stillface.pipeline.at_work import at_work
with at_work(open_study(Path(sys.argv[1])), (), "stillface run"):
    print("at work", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return create_study(tmp_path / "study", Study("locked", "ffsf_2_2_2"))


@pytest.mark.parametrize("ends", ["by itself", "killed"])
def test_a_second_run_is_told_who_is_at_work_and_begins_once_that_one_ended(
    study: StudyFolder, ends: str
) -> None:
    arguments = [sys.executable, "-c", HOLDER, str(study.root)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "at work\n"
        with pytest.raises(StorageError, match="another run is at work on this study") as refused:
            write_reports(study, RunOptions(workers=1))
        assert f"process {other.pid})" in str(refused.value)
        assert not list(study.reports_dir.iterdir())
        if ends == "killed":
            other.kill()
        else:
            other.communicate("")
        other.wait()
    with at_work(study, (), "stillface run") as warnings:
        assert warnings == ()


def test_folders_of_results_that_are_gone_are_made(study: StudyFolder) -> None:
    for place in (study.logs_dir, study.exports_dir, study.reports_dir):
        place.rmdir()
    with at_work(study, ("S1",), "stillface run"):
        assert study.logs_dir.is_dir()
        assert study.exports_dir.is_dir()
        assert study.reports_dir.is_dir()
        assert study.auto_dir("S1").is_dir()


def test_a_disk_without_locks_is_warned_of_and_not_refused(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock_room, "_lock", none)
    with at_work(study, (), "stillface run") as warnings:
        assert len(warnings) == 1
        assert "nobody else runs this study" in warnings[0]


def test_a_study_that_cannot_be_written_can_still_be_planned(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = study.root / "physio" / "a.csv"
    raw.write_text("t,x\n")

    def refuse(path: Path, data: bytes) -> None:
        raise StorageError("could not save: the disk is read-only", where=path.name)

    monkeypatch.setattr("stillface.pipeline.inputs.write_atomic", refuse)
    hashes = FileHashes(study.root, study.logs_dir / "inputs.json")
    digest = hashes.of(raw)
    hashes.save()
    assert not (study.logs_dir / "inputs.json").exists()
    assert hashes.of(raw) == digest
    assert make_plan(study, RunOptions(workers=1)).problems == ()


class FullDisk(io.StringIO):
    """Takes nothing; closing it tries once more, as a file with something left to write does."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        self.flush()


def test_a_full_disk_is_named_with_the_file_and_what_to_do(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "open", lambda *_, **__: FullDisk())
    with pytest.raises(StorageError, match=r"run-.*\.jsonl: .*the disk is full; free some space"):
        RunLog(study.logs_dir)


def test_whatever_file_a_full_disk_stops_the_command_names_it(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(study.root / "logs" / "x.json"))

    monkeypatch.setattr(plan_room, "make_plan", full)
    monkeypatch.setattr(sys, "argv", ["stillface", "run", str(study.root)])
    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 4
    said = " ".join(capsys.readouterr().err.split())
    assert "error: x.json: could not read or write: the disk is full; free some space" in said
