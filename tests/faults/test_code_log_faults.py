"""What becomes of a code log when writing is cut, bytes change, disks fill and programs die."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stillface.errors import StorageError
from stillface.io.code_log import CodeLog
from stillface.io.code_log_chain import read_log, scan
from stillface.io.code_log_record import Edit, LoggedBout, Record, decode_line, encode_line, seal
from stillface.io.code_log_replay import replay
from stillface.io.durable import OS_FS, FileSystem
from tests.faults.faulty_fs import FaultyFileSystem

NAME = "AB.aaaa-1111.jsonl"


def bout(k: int, code: str = "neg") -> LoggedBout:
    return LoggedBout("infant/affect3", 10 * k, 10 * k + 5, code)


def open_log(folder: Path, *, fs: FileSystem = OS_FS, heads: Path | None = None) -> CodeLog:
    return CodeLog.open(
        folder / NAME, coder="AB", install="aaaa-1111", app_version="0.1.0", fs=fs, heads=heads
    )


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    """Give the lines of a log of eight records, one command of two among them."""
    folder = tmp_path / "made"
    folder.mkdir()
    with open_log(folder) as log:
        for k in range(4):
            log.append("add", id=f"b{k}", bout=bout(k), why="größer als ½")
        log.append_group([Edit("set", "b0", bout(0, "pos")), Edit("del", "b1")])
    return (folder / NAME).read_bytes().splitlines(keepends=True)


class Unsynced(FileSystem):
    """Leaves the syncing out, where a thousand files are opened and none is at risk."""

    def fsync(self, descriptor: int) -> None:
        pass

    def fsync_folder(self, folder: Path) -> None:
        pass


def reopened(folder: Path, data: bytes) -> tuple[list[Record], CodeLog]:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / NAME).write_bytes(data)
    log = open_log(folder, fs=Unsynced())
    log.close()
    return list(log.records), log


def test_cut_at_every_byte_gives_the_commands_before_the_cut(tmp_path: Path, lines: list[bytes]) -> None:
    whole = b"".join(lines)
    kept_start = len(b"".join(lines[:-3]))
    starts = [len(b"".join(lines[:k])) for k in range(len(lines) + 1)]
    # Lines 5 and 6 are one command: a cut between them takes both.
    for cut in range(kept_start, len(whole)):
        records, log = reopened(tmp_path / "cut", whole[:cut])
        count = max(k for k, start in enumerate(starts) if start <= cut)
        expected = 5 if count == 6 else count
        assert len(records) == expected
        assert not log.read_only
        rest = whole[starts[expected] : cut]
        aside = [path for path in (tmp_path / "cut").iterdir() if ".torn-" in path.name]
        assert [path.read_bytes() for path in aside] == ([rest] if rest else [])
        assert (tmp_path / "cut" / NAME).read_bytes() == whole[: starts[expected]]
        assert bool(log.notices) == bool(rest)


def test_a_torn_log_can_be_continued(tmp_path: Path, lines: list[bytes]) -> None:
    reopened(tmp_path / "torn", b"".join(lines)[:-7])
    with open_log(tmp_path / "torn") as log:
        log.append("add", id="after", bout=bout(9))
    records, problem = read_log(log.path)
    assert problem is None
    assert "after" in replay(records).bouts


def test_an_end_of_zeros_is_torn(tmp_path: Path, lines: list[bytes]) -> None:
    whole = b"".join(lines)
    last = len(whole) - len(lines[-1])
    for zeros_from in (0, *range(last, len(whole), 7), len(whole)):
        data = whole[:zeros_from] + bytes(len(whole) - zeros_from + 4096)
        records, log = reopened(tmp_path / "zeros", data)
        assert not log.read_only
        assert len(records) == sum(len(b"".join(lines[: k + 1])) <= zeros_from for k in range(len(lines)))
        assert "incomplete" in log.notices[0]


def test_every_flipped_byte_of_an_earlier_record_is_seen(tmp_path: Path, lines: list[bytes]) -> None:
    whole = b"".join(lines)
    rng = random.Random(1)  # noqa: S311  # a seeded choice of bits, nothing secret
    # Without the line feed before the last line: flipped, it makes one torn line of two, which is
    # set aside whole (and is damage when the length of the log is anchored).
    for place in range(len(whole) - len(lines[-1]) - 1):
        data = bytearray(whole)
        data[place] ^= 1 << rng.randrange(8)
        found = scan(bytes(data))
        assert found.problem is not None, place
        assert not found.torn
        number = whole[:place].count(b"\n")
        assert len(found.records) <= number
        assert str(number) in found.problem or str(number + 1) in found.problem


def test_every_flipped_byte_of_the_last_record_is_seen(lines: list[bytes]) -> None:
    whole = b"".join(lines)
    for place in range(len(whole) - len(lines[-1]), len(whole)):
        for bit in range(8):
            data = bytearray(whole)
            data[place] ^= 1 << bit
            found = scan(bytes(data))
            assert len(found.records) == len(lines) - 1
            assert found.torn or found.problem


@pytest.mark.parametrize("missing", [1, 3, 6])
def test_a_missing_line_opens_read_only_and_nothing_is_repaired(
    tmp_path: Path, lines: list[bytes], missing: int
) -> None:
    data = b"".join(lines[:missing] + lines[missing + 1 :])
    records, log = reopened(tmp_path / "missing", data)
    assert log.read_only
    assert f"record {missing}" in str(log.reason)
    assert len(records) == (5 if missing == 6 else missing)
    assert {path.name for path in (tmp_path / "missing").iterdir()} == {NAME, NAME + ".lock"}
    assert log.path.read_bytes() == data
    with pytest.raises(StorageError, match="read-only"):
        log.append("add", bout=bout(9))


def test_swapped_repeated_and_padded_lines_are_damage(lines: list[bytes]) -> None:
    for data in (
        [*lines[:2], lines[3], lines[2], *lines[4:]],
        [*lines[:3], lines[2], *lines[3:]],
        [*lines[:3], b"\n", *lines[3:]],
        [b" " + lines[0], *lines[1:]],
        [*lines[:2], lines[2].replace(b",", b", ", 1), *lines[3:]],
    ):
        assert scan(b"".join(data)).problem is not None


def resealed(line: bytes, **changes: object) -> bytes:
    return encode_line(seal(replace(decode_line(line), **changes)))  # type: ignore[arg-type]


def test_a_line_with_a_good_hash_but_a_wrong_place_is_damage_even_at_the_end(lines: list[bytes]) -> None:
    for forged in (resealed(lines[-1], seq=99), resealed(lines[-1], prev="1" * 64)):
        found = scan(b"".join([*lines[:-1], forged]))
        assert not found.torn
        assert f"record {len(lines) - 1}" in str(found.problem)


@pytest.mark.parametrize("place", [0, 4, -1])
def test_a_log_of_a_newer_version_is_only_read(tmp_path: Path, lines: list[bytes], place: int) -> None:
    newer = list(lines)
    newer[place] = newer[place].replace(b'"app":"0.1.0"', b'"app":"9.2.0"').replace(b'"v":1', b'"v":2')
    records, log = reopened(tmp_path / "newer", b"".join(newer))
    assert log.read_only
    assert "9.2.0" in str(log.reason)
    assert len(records) == place % len(lines)
    assert log.path.read_bytes() == b"".join(newer)


HOSTILE_LINES = {
    "not_json": b"hello\n",
    "nan": b'{"v":NaN}\n',
    "infinite": b'{"v":1e999}\n',
    "a_list": b"[1,2]\n",
    "deep": b"[" * 100_000 + b"\n",
    "long_number": b'{"v":' + b"9" * 10_000 + b"}\n",
    "utf16": '{"v":1}\n'.encode("utf-16"),
    "byte_ff": b"\xff\xfe\xff\n",
}


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_a_hostile_line_in_the_middle_is_damage(lines: list[bytes], name: str) -> None:
    found = scan(b"".join([*lines[:3], HOSTILE_LINES[name], *lines[3:]]))
    assert len(found.records) == 3
    assert "record 3" in str(found.problem)


def test_a_second_instance_reads_only_and_names_the_holder(tmp_path: Path) -> None:
    with open_log(tmp_path) as first:
        first.append("add", id="x", bout=bout(0))
        second = open_log(tmp_path)
        assert second.read_only
        assert "AB" in str(second.reason)
        assert "x" in second.state.bouts
        other = run_python(tmp_path, "print(log.read_only, log.reason)")
        assert other.startswith("True")
        assert str(os.getpid()) in other
        assert "AB" in other
    assert run_python(tmp_path, "print(log.read_only)") == "False"


def test_reading_the_log_through_another_descriptor_keeps_the_lock(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append("add", bout=bout(0))
        read_log(log.path)
        log.path.read_bytes()
        open_log(tmp_path).close()
        assert run_python(tmp_path, "print(log.read_only)") == "True"
        log.append("add", bout=bout(1))


def test_a_second_instance_leaves_a_torn_end_to_the_writer(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append("add", bout=bout(0))
        with log.path.open("ab") as file:
            file.write(b'{"half')
        second = open_log(tmp_path)
        assert second.read_only
        assert len(second.records) == 2
        assert log.path.read_bytes().endswith(b'{"half')
        with pytest.raises(StorageError, match="another program"):
            log.append("add", bout=bout(1))
        assert len(log.unsaved) == 1
        log.save_copy(tmp_path / "copy.jsonl")
        log.close(abandon=True)
    records, problem = read_log(tmp_path / "copy.jsonl")
    assert problem is None
    assert len(records) == 3


def test_a_log_replaced_while_open_is_not_written_to(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append("add", bout=bout(0))
        copy = tmp_path / "synced"
        copy.write_bytes(log.path.read_bytes())
        copy.replace(log.path)
        with pytest.raises(StorageError, match="another program"):
            log.append("add", bout=bout(1))
        log.close(abandon=True)
    assert len(read_log(log.path)[0]) == 2


def calls_of_a_sitting(folder: Path) -> int:
    fs = FaultyFileSystem()
    a_sitting(folder, fs)
    return fs.calls


def a_sitting(folder: Path, fs: FileSystem) -> tuple[list[int], bool]:
    """Open, do three commands, close; give how many records each acknowledged command left."""
    acknowledged = [len(read_log(folder / NAME)[0]) if (folder / NAME).exists() else 0]
    clean = True
    try:
        log = open_log(folder, fs=fs, heads=folder / "heads.jsonl")
    except StorageError:
        return acknowledged, False
    for edits in ([Edit("add", bout=bout(1))], [Edit("add", bout=bout(2)), Edit("add", bout=bout(3))]):
        try:
            log.append_group(edits)
            acknowledged.append(len(log.records))
        except StorageError:
            clean = False
            assert log.read_only or log.unsaved
    try:
        log.close()
    except StorageError:
        clean = False
        log.close(abandon=True)
    return acknowledged, clean


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for_ever"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full", "io_error"])
@pytest.mark.parametrize("torn", [False, True], ids=["clean_start", "torn_start"])
def test_a_fault_at_every_call_leaves_before_or_after(
    tmp_path: Path, lines: list[bytes], *, for_ever: bool, code: int, torn: bool
) -> None:
    start = b"".join(lines)[: -5 if torn else None]
    before = 7 if torn else 8
    dry = tmp_path / "dry"
    dry.mkdir()
    (dry / NAME).write_bytes(start)
    total = calls_of_a_sitting(dry)
    assert total > 10
    for n in range(1, total + 1):
        folder = tmp_path / f"{n}"
        folder.mkdir()
        (folder / NAME).write_bytes(start)
        acknowledged, clean = a_sitting(folder, FaultyFileSystem(n, code, for_ever=for_ever))
        records, problem = read_log(folder / NAME)
        assert problem in (None, "the last edit is incomplete")
        assert len(records) >= max(acknowledged), f"call {n}: an acknowledged edit is lost"
        # Never between: an opening, a command of one line, one of two, a closing. The opening may
        # stand alone where a dead disk took it, half of the command, and then not even the cut.
        assert len(records) - before in ((0, 1, 2, 4, 5) if for_ever else (0, 2, 4, 5))
        assert [encode_line(r) for r in records[:before]] == lines[:before]
        with open_log(folder, heads=folder / "heads.jsonl") as log:
            assert not log.read_only
            log.append("add", id="later", bout=bout(50))
        assert read_log(folder / NAME)[1] is None
        if not clean:
            continue
        assert len(records) == before + 5


def test_an_edit_refused_by_a_full_disk_is_saved_when_there_is_room_again(tmp_path: Path) -> None:
    fs = FaultyFileSystem()
    log = open_log(tmp_path, fs=fs)
    log.append("add", id="saved", bout=bout(0))
    fs.fail_at, fs.for_ever = fs.calls + 1, True
    for k in (1, 2):
        with pytest.raises(StorageError, match=r"NOT SAVED.*disk is full") as refused:
            log.append("add", id=f"b{k}", bout=bout(k))
        assert refused.value.exit_code == 4
    with pytest.raises(StorageError, match="NOT SAVED"):
        log.close()
    assert list(log.state.bouts) == ["saved", "b1", "b2"]
    assert len(read_log(log.path)[0]) == 2
    assert open_log(tmp_path).read_only, "the lock must stay while edits are unsaved"
    fs.fail_at = None
    log.flush()
    assert log.unsaved == ()
    log.close()
    assert list(replay(read_log(log.path)[0]).bouts) == ["saved", "b1", "b2"]


def test_a_disk_that_is_nearly_full_is_told_at_the_opening(tmp_path: Path) -> None:
    class Nearly(FileSystem):
        def free_bytes(self, folder: Path) -> int:
            return 400_000_000

    with open_log(tmp_path, fs=Nearly()) as log:
        assert log.notices == ("only 400.0 MB free on this disk: save and make room soon",)
        log.append("add", bout=bout(0))


def test_a_real_full_disk_keeps_every_acknowledged_edit(tmp_path: Path) -> None:
    # The file size limit of the system stands for a full disk: write() takes a part, then fails.
    script = """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        count = 0
        try:
            while True:
                log.append("add", bout=bout(count))
                count += 1
        except StorageError as error:
            print(count, error)
        log.close(abandon=True)
    """
    count, message = run_python(tmp_path, script).split(" ", 1)
    assert "NOT SAVED" in message
    records, problem = read_log(tmp_path / NAME)
    assert problem is None
    assert len(records) == int(count) + 1
    with open_log(tmp_path) as log:
        assert not log.read_only


def test_killed_writers_lose_no_acknowledged_edit(tmp_path: Path) -> None:
    script = """
        k = len(log.records)
        while True:
            print(log.append("add", bout=bout(k)).seq, flush=True)
            k += 1
    """
    rng = random.Random(7)  # noqa: S311  # when to kill, nothing secret
    for _ in range(10):
        process = start_python(tmp_path, script)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        last = [int(text) for text in rest.split("\n")[:-1]][-1:]
        records, problem = read_log(tmp_path / NAME)
        assert problem in (None, "the last edit is incomplete")
        # At most one edit more than was acknowledged: written, its answer cut off.
        if last:
            assert last[0] + 1 <= len(records) <= last[0] + 2
    with open_log(tmp_path) as log:
        assert not log.read_only


def test_a_folder_without_write_permission_is_read_only(tmp_path: Path, lines: list[bytes]) -> None:
    (tmp_path / NAME).write_bytes(b"".join(lines))
    if os.geteuid() == 0:
        # Root ignores permissions; a folder in the lock's place refuses anybody.
        (tmp_path / (NAME + ".lock")).mkdir()
    else:
        tmp_path.chmod(0o500)
    try:
        log = open_log(tmp_path)
        assert log.read_only
        assert "lock file cannot be written" in str(log.reason)
        assert len(log.records) == len(lines)
    finally:
        tmp_path.chmod(0o700)


PRELUDE = """
import sys
from pathlib import Path
from stillface.errors import StorageError
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout

def bout(k):
    return LoggedBout("infant/affect3", 10 * k, 10 * k + 5, "neg")

log = CodeLog.open(Path(sys.argv[1]), coder="AB", install="aaaa-1111", app_version="0.1.0")
"""


def start_python(folder: Path, script: str) -> subprocess.Popen[str]:
    code = PRELUDE + textwrap.dedent(script)
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder / NAME)], stdout=subprocess.PIPE, text=True, cwd=root
    )


def run_python(folder: Path, script: str) -> str:
    process = start_python(folder, script)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output.strip()
