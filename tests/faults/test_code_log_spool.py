"""While the study's disk is away, edits are on this computer; they come into the log when it is back."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.share_log import NAME, Share, bout, open_log, spool_of
from stillface.errors import StorageError
from stillface.io.code_log import CodeLog
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_record import encode_line, seal
from stillface.io.code_log_replay import replay

REPO = Path(__file__).parents[2]


class AwayFolder(Share):
    """One folder that refuses every write while it is away; all else goes on."""

    def __init__(self, folder: Path, code: int = errno.ENOSPC) -> None:
        super().__init__(folder)
        self.code = code
        self.away = False

    def _refuse(self) -> None:
        if self.away:
            raise OSError(self.code, os.strerror(self.code))

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        inside = self.folder in Path(path).parents
        if inside and (self.code == errno.ENOENT or flags & (os.O_RDWR | os.O_WRONLY)):
            self._refuse()
        return self._opened(path, super().open(path, flags, mode))

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if descriptor in self._inside and self.away:
            super().write(descriptor, bytes(data)[: len(data) // 2])
            self._refuse()
        return super().write(descriptor, data)

    def truncate(self, descriptor: int, size: int) -> None:
        # Not even what was half written can be taken back on a share that is gone.
        if descriptor in self._inside and self.code != errno.ENOSPC:
            self._refuse()
        super().truncate(descriptor, size)


@pytest.fixture
def share(tmp_path: Path) -> Path:
    (tmp_path / "share").mkdir()
    return tmp_path / "share"


def coded(share: Path) -> list[str]:
    records, problem = read_log(share / NAME)
    assert problem is None
    return list(replay(records).bouts)


def add(log: CodeLog, *names: str) -> None:
    """Add bouts to a log whose disk refuses."""
    for name in names:
        with pytest.raises(StorageError, match="saved on this computer, not in the study yet"):
            log.append("add", id=name, bout=bout(int(name[1:])))


def go_away(share: Path, fs: AwayFolder) -> CodeLog:
    """Give a log with one bout in it whose disk is now away."""
    log = open_log(share, fs)
    log.append("add", id="b0", bout=bout(0))
    fs.away = True
    return log


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ENOENT, errno.EACCES])
def test_editing_goes_on_here_and_comes_into_the_log_when_the_disk_is_back(share: Path, code: int) -> None:
    fs = AwayFolder(share, code)
    log = go_away(share, fs)
    assert not spool_of(share).exists()
    add(log, "b1", "b2")
    assert log.kept_here
    with pytest.raises(StorageError, match="this computer"):
        log.undo()
    assert list(log.state.bouts) == ["b0", "b1"]
    with pytest.raises(StorageError, match="not in the study yet"):
        log.close()
    fs.away = False
    log.flush()
    assert (log.unsaved, log.kept_here) == ((), False)
    assert not spool_of(share).exists()
    log.append("add", id="b3", bout=bout(3))
    log.close()
    assert coded(share) == ["b0", "b1", "b3"]


def test_what_waits_here_is_for_this_user_only(share: Path) -> None:
    log = go_away(share, AwayFolder(share))
    add(log, "b1")
    if sys.platform != "win32":
        assert stat.S_IMODE(spool_of(share).stat().st_mode) == 0o600
        assert stat.S_IMODE(spool_of(share).parent.stat().st_mode) == 0o700
    log.close(abandon=True)


def test_a_later_sitting_brings_it_in(share: Path) -> None:
    log = go_away(share, AwayFolder(share))
    add(log, "b1", "b2")
    log.close(abandon=True)
    assert coded(share) == ["b0"]
    with open_log(share) as again:
        assert list(again.state.bouts) == ["b0", "b1", "b2"]
        assert again.unsaved == ()
        assert again.notices == ("2 edits that waited on this computer are in the study now",)
        again.undo()
    assert coded(share) == ["b0", "b1"]
    assert not spool_of(share).exists()


def test_a_later_sitting_goes_on_while_the_disk_is_still_away(share: Path) -> None:
    fs = AwayFolder(share)
    log = go_away(share, fs)
    add(log, "b1")
    log.close(abandon=True)
    again = open_log(share, fs)
    assert "this computer" in again.notices[0]
    assert list(again.state.bouts) == ["b0", "b1"]
    assert again.kept_here
    add(again, "b2")
    again.close(abandon=True)
    fs.away = False
    open_log(share).close()
    assert coded(share) == ["b0", "b1", "b2"]


def test_where_this_computer_refuses_too_it_is_in_memory_and_said(share: Path) -> None:
    class Everything(AwayFolder):
        def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
            if flags & (os.O_RDWR | os.O_WRONLY):
                self._refuse()
            return super().open(path, flags, mode)

    fs = Everything(share)
    log = go_away(share, fs)
    with pytest.raises(StorageError, match="kept in memory"):
        log.append("add", id="b1", bout=bout(1))
    assert log.unsaved
    assert not log.kept_here
    fs.away = False
    log.append("add", id="b2", bout=bout(2))
    log.close()
    assert coded(share) == ["b0", "b1", "b2"]


def test_died_after_the_log_took_it_and_before_it_was_forgotten_here(share: Path) -> None:
    log = go_away(share, AwayFolder(share))
    add(log, "b1", "b2")
    log.close(abandon=True)
    waiting = spool_of(share).read_bytes()
    lines = waiting.splitlines(keepends=True)
    whole = (share / NAME).read_bytes()
    for taken in range(len(lines) + 1):
        (share / NAME).write_bytes(whole + b"".join(lines[:taken]))
        spool_of(share).write_bytes(waiting)
        again = open_log(share)
        assert list(again.state.bouts) == ["b0", "b1", "b2"], taken
        again.close()
        assert (share / NAME).read_bytes() == whole + waiting
        assert not spool_of(share).exists()


def test_cut_at_every_byte_of_the_last_line_only_that_edit_is_missing(share: Path) -> None:
    log = go_away(share, AwayFolder(share))
    add(log, "b1", "b2")
    log.close(abandon=True)
    waiting, whole = spool_of(share).read_bytes(), (share / NAME).read_bytes()
    start = waiting.rindex(b"\n", 0, -1) + 1
    for cut in range(start, len(waiting), 37):
        (share / NAME).write_bytes(whole)
        spool_of(share).write_bytes(waiting[:cut])
        open_log(share).close()
        assert coded(share) == ["b0", "b1"]


def test_what_does_not_continue_the_log_is_kept_aside_and_told(share: Path) -> None:
    log = go_away(share, AwayFolder(share))
    add(log, "b1")
    log.close(abandon=True)
    waiting = spool_of(share).read_bytes()
    spool_of(share).rename(share / "elsewhere")
    with open_log(share) as other:
        other.append("add", id="b9", bout=bout(9))
    (share / "elsewhere").rename(spool_of(share))
    with open_log(share) as again:
        assert "do not fit this log" in again.notices[0]
        again.append("add", id="b8", bout=bout(8))
    assert coded(share) == ["b0", "b9", "b8"]
    (aside,) = spool_of(share).parent.glob("*.aside-1")
    assert aside.read_bytes() == waiting


def test_a_forged_line_that_waits_does_not_come_into_the_log(share: Path) -> None:
    log = go_away(share, AwayFolder(share))
    add(log, "b1")
    forged = seal(replace(log.unsaved[-1], who="CD", sha=""))
    log.close(abandon=True)
    spool_of(share).write_bytes(encode_line(forged))
    with open_log(share) as again:
        assert "do not fit this log" in again.notices[0]
    assert coded(share) == ["b0"]


def test_a_second_window_shows_what_waits_and_leaves_it_there(share: Path) -> None:
    fs = AwayFolder(share)
    log = go_away(share, fs)
    add(log, "b1")
    second = open_log(share, fs)
    assert second.read_only
    assert list(second.state.bouts) == ["b0", "b1"]
    assert second.kept_here
    second.close()
    assert spool_of(share).exists()
    fs.away = False
    log.close()
    assert coded(share) == ["b0", "b1"]


def test_a_log_that_somebody_changed_meanwhile_is_not_written_to(share: Path) -> None:
    fs = AwayFolder(share)
    log = go_away(share, fs)
    add(log, "b1")
    with (share / NAME).open("ab") as file:
        file.write(b"not by us\n")
    fs.away = False
    with pytest.raises(StorageError, match="another program"):
        log.flush()
    assert log.kept_here
    log.close(abandon=True)
    assert (share / NAME).read_bytes().endswith(b"not by us\n")
    assert spool_of(share).exists()


_CODE_ON = """
    import runpy
    import sys
    from pathlib import Path
    from fixtures.share_log import bout, open_log
    from stillface.errors import StorageError
    from stillface.io.code_log_record import Edit
    parts = runpy.run_path(sys.argv[3])
    share = Path(sys.argv[1])
    fs = parts["AwayFolder"](share)
    log = open_log(share, fs)
    k = len(log.state.bouts)
    while True:
        if k == int(sys.argv[2]):
            fs.away = True
        try:
            log.append_group([Edit("add", f"b{k}", bout(k)), Edit("add", f"c{k}", bout(k))])
        except StorageError:
            assert log.kept_here
        print(k, flush=True)
        k += 1
"""


@pytest.mark.parametrize("n_before_kill", [3, 11, 29])
def test_killed_while_the_disk_is_away_nothing_acknowledged_is_lost(share: Path, n_before_kill: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_CODE_ON), str(share), "2", __file__],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPO,
    )
    assert child.stdout is not None
    last = -1
    for line in child.stdout:
        last = int(line)
        if last >= n_before_kill:
            child.kill()
            break
    last = max([last, *(int(line) for line in child.stdout)])
    child.wait()
    child.stdout.close()
    assert len(coded(share)) == 4
    with open_log(share) as again:
        there = set(again.state.bouts)
    acknowledged = {f"{letter}{k}" for k in range(last + 1) for letter in "bc"}
    assert acknowledged <= there
    # A command is there whole or not at all.
    assert {name[1:] for name in there if name[0] == "b"} == {name[1:] for name in there if name[0] == "c"}
    assert set(coded(share)) == there
