"""A share that does not answer holds nobody up, and whatever it does in the end, every edit is there once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.share_log import NAME, bout, open_log, spool_of
from stillface.errors import StorageError
from stillface.io.code_log import CodeLog
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_replay import replay
from stillface.io.durable import FileSystem
from tests.faults.hanging_share import LIMIT_S, At, HangingShare, Late, until

REPO = Path(__file__).parents[2]
PATIENCE_S = 0.05

AT: tuple[At, ...] = ("open", "write", "fsync")
LATE: tuple[Late, ...] = ("does it", "did it", "refuses", "did it and refuses")


@pytest.fixture
def share(tmp_path: Path) -> Path:
    (tmp_path / "share").mkdir()
    return tmp_path / "share"


@pytest.fixture
def hanging(share: Path) -> Iterator[HangingShare]:
    fs = HangingShare(share)
    yield fs
    fs.answers.set()


def coded(share: Path) -> list[str]:
    records, problem = read_log(share / NAME)
    assert problem is None
    return list(replay(records).bouts)


def fall_silent(log: CodeLog, *silent: HangingShare) -> None:
    """Let the study not answer, and wait for it no longer than a test has time for."""
    log._keeper._study.wait_s = PATIENCE_S
    for fs in silent:
        fs.answers.clear()


def wake_up(log: CodeLog, *silent: HangingShare) -> None:
    """Let it answer, and from then on give it the time that a busy machine takes."""
    for way in (log._keeper._study, log._keeper._here):
        way.wait_s = LIMIT_S
    for fs in silent:
        fs.answers.set()


def add(log: CodeLog, *names: str) -> None:
    """Add bouts to a log whose share does not answer."""
    for name in names:
        with pytest.raises(
            StorageError, match=r"saved on this computer, not in the study yet: .* not answer"
        ):
            log.append("add", id=name, bout=bout(int(name[1:])))
        assert log.kept_here


def comes_in(log: CodeLog) -> bool:
    try:
        log.flush()
    except StorageError:
        return False
    return not log.unsaved


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("first", [True, False])
def test_edits_go_on_and_each_comes_in_once_whatever_the_share_does_in_the_end(
    share: Path, hanging: HangingShare, monkeypatch: pytest.MonkeyPatch, at: At, late: Late, first: bool
) -> None:
    hanging.at, hanging.late = at, late
    log = open_log(share, hanging)
    if not first:
        log.append("add", id="b0", bout=bout(0))
        if at == "open":
            # As after an error: the file is opened anew.
            log._keeper._file.close()
    fall_silent(log, hanging)
    add(log, "b1", "b2", "b3")
    with pytest.raises(StorageError, match="does not answer"):
        log.undo()
    assert "b3" not in log.state.bouts
    until(lambda: hanging.n_hanging)
    assert hanging.n_hanging == 1
    wake_up(log, hanging)
    until(lambda: comes_in(log))
    until(lambda: not spool_of(share).exists())
    log.append("add", id="b4", bout=bout(4))
    log.close()
    assert coded(share) == (["b1", "b2", "b4"] if first else ["b0", "b1", "b2", "b4"])
    records, _ = read_log(share / NAME)
    assert [record.seq for record in records] == list(range(len(records)))


@pytest.mark.parametrize("late", LATE)
def test_closed_while_it_hangs_the_log_stays_locked_until_the_share_answers(
    share: Path, hanging: HangingShare, monkeypatch: pytest.MonkeyPatch, late: Late
) -> None:
    hanging.late = late
    log = open_log(share, hanging)
    log.append("add", id="b0", bout=bout(0))
    fall_silent(log, hanging)
    add(log, "b1", "b2")
    with pytest.raises(StorageError, match="not in the study yet"):
        log.close()
    log.close(abandon=True)
    second = open_log(share)
    assert second.reason is not None
    assert "same program" in second.reason
    second.close()
    hanging.answers.set()
    again = open_log(share)
    while again.read_only:
        again.close()
        again = open_log(share)
    assert list(again.state.bouts) == ["b0", "b1", "b2"]
    assert again.unsaved == ()
    again.append("add", id="b3", bout=bout(3))
    again.close()
    assert coded(share) == ["b0", "b1", "b2", "b3"]
    assert not spool_of(share).exists()


def test_silent_again_before_the_rest_came_in(
    share: Path, hanging: HangingShare, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(share, hanging)
    for k in (0, 2, 4):
        fall_silent(log, hanging)
        n_before = hanging.n_hanging
        add(log, f"b{k}")
        until(lambda n_before=n_before: hanging.n_hanging > n_before)
        hanging.answers.set()
        # The late success is taken note of, and what follows it hangs again.
        until(lambda: log.records[-1].sha in (share / NAME).read_text())
        hanging.answers.clear()
        monkeypatch.setattr("stillface.io.code_log_keep._TRY_AGAIN_NS", -1)
        add(log, f"b{k + 1}")
        assert log.records[-1].sha not in (share / NAME).read_text()
        waiting = spool_of(share).read_text()
        assert log.records[-1].sha in waiting
        wake_up(log, hanging)
        until(lambda: comes_in(log))
    log.close()
    assert coded(share) == [f"b{k}" for k in range(6)]


def test_where_no_disk_answers_edits_are_in_memory_and_come_in_later(
    share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = HangingShare(share.parent)
    log = open_log(share, everything)
    log.append("add", id="b0", bout=bout(0))
    fall_silent(log, everything)
    log._keeper._here.wait_s = PATIENCE_S
    for k in (1, 2, 3):
        with pytest.raises(StorageError, match=r"NOT SAVED .kept in memory.: .* does not answer"):
            log.append("add", id=f"b{k}", bout=bout(k))
        assert not log.kept_here
    wake_up(log, everything)
    until(lambda: comes_in(log))
    log.close()
    assert coded(share) == ["b0", "b1", "b2", "b3"]
    until(lambda: not spool_of(share).exists())


def test_what_waits_here_never_has_a_gap_when_this_disk_hangs_too(
    share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = HangingShare(share.parent / "home")
    study = _Both(HangingShare(share), here)
    log = open_log(share, study)
    log.append("add", id="b0", bout=bout(0))
    fall_silent(log, study.first, here)
    log._keeper._here.wait_s = PATIENCE_S
    with pytest.raises(StorageError, match="kept in memory"):
        log.append("add", id="b1", bout=bout(1))
    # The study took it, late; then it falls silent again and this computer's disk wakes up.
    study.first.answers.set()
    until(lambda: comes_in(log))
    fall_silent(log, study.first)
    here.answers.set()
    with pytest.raises(StorageError):
        log.append("add", id="b2", bout=bout(2))
    monkeypatch.setattr("stillface.io.code_log_keep._TRY_AGAIN_NS", 10**18)
    until(lambda: log.kept_here or comes_in(log))
    log.close(abandon=True)
    study.first.late = "refuses"
    study.first.answers.set()
    again = open_log(share)
    while again.read_only:
        again.close()
        again = open_log(share)
    assert not [notice for notice in again.notices if "do not fit" in notice]
    again.close()
    assert coded(share) == ["b0", "b1", "b2"]


class _Both(FileSystem):
    """Two folders, each with a silence of its own; all other calls go to the first."""

    def __init__(self, first: HangingShare, second: HangingShare) -> None:
        self.first, self.second = first, second

    def _of(self, descriptor: int) -> FileSystem:
        return self.second if descriptor in self.second._inside else self.first

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        inside = self.second.folder in Path(path).parents
        return (self.second if inside else self.first).open(path, flags, mode)

    def close(self, descriptor: int) -> None:
        self._of(descriptor).close(descriptor)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        return self._of(descriptor).write(descriptor, data)


_CODE_ON = """
    import runpy
    import sys
    import threading
    import time
    from pathlib import Path
    from fixtures.share_log import bout, open_log
    from stillface.errors import StorageError
    share = Path(sys.argv[1])
    fs = runpy.run_path(sys.argv[2])["HangingShare"](share, "write", sys.argv[3])
    log = open_log(share, fs)
    log.append("add", id="b0", bout=bout(0))
    fs.answers.clear()
    log._keeper._study.wait_s = 0.05
    for k in range(1, 6):
        try:
            log.append("add", id=f"b{k}", bout=bout(k))
        except StorageError:
            assert log.kept_here
        while not fs.n_hanging:
            time.sleep(0.005)
        print(k, flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("late", ["does it", "did it"])
def test_killed_while_the_share_hangs_nothing_acknowledged_is_lost_or_twice(share: Path, late: str) -> None:
    helper = Path(__file__).with_name("hanging_share.py")
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_CODE_ON), str(share), str(helper), late],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
    )
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(5)]
    child.kill()
    child.wait()
    child.stdout.close()
    assert told == [f"{k}\n" for k in range(1, 6)]
    # With a share that took the write and told nobody the first of them is in the log as well.
    assert coded(share) == (["b0", "b1"] if late == "did it" else ["b0"])
    whole, waiting = (share / NAME).read_bytes(), spool_of(share).read_bytes()
    for torn in (b"", waiting[: len(waiting) // 12]):
        if torn and late == "did it":
            continue
        (share / NAME).write_bytes(whole + torn)
        spool_of(share).write_bytes(waiting)
        open_log(share).close()
        assert coded(share) == [f"b{k}" for k in range(6)]
        assert not spool_of(share).exists()


def test_without_a_place_on_this_computer_the_caller_waits(
    share: Path, hanging: HangingShare, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CodeLog.open(share / NAME, coder="AB", install="aaaa-1111", app_version="0", fs=hanging)
    fall_silent(log, hanging)
    threading.Thread(target=lambda: (until(lambda: hanging.n_hanging), hanging.answers.set())).start()
    log.append("add", id="b0", bout=bout(0))
    assert log.unsaved == ()
    log.close()
