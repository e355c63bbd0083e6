"""HDF5 that is hostile, damaged, newer or cut, and disks that fail while it is written."""

from __future__ import annotations

import errno
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from stillface.domain.events import BeatSeries
from stillface.domain.provenance import Provenance
from stillface.errors import InputError, StorageError
from stillface.io import artefacts
from stillface.io.durable import FileSystem, sweep_temps, temp_beside
from stillface.io.h5_seal import SEAL_BYTES, read_seal, seal_image
from stillface.io.hdf5 import open_checked, verify, write_once
from tests.faults.faulty_fs import FaultyFileSystem

MADE = Provenance("beats", {"ecg": "aa"}, {}, "0.1.0")
CANARY = "canary-4711"


def beats(n: int = 500, role: str = "infant") -> BeatSeries:
    return BeatSeries(
        role, np.arange(n, dtype=np.int64) * 430_000_000, np.zeros(n, np.uint8), (0, 10**12), "auto:p@1"
    )


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "beats.h5"
    artefacts.save_beats(path, beats(), MADE)
    return path


def add_external_link(file: h5py.File, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["secret"] = np.frombuffer(CANARY.encode(), np.uint8)
    file["link"] = h5py.ExternalLink("other.h5", "/secret")


def add_external_storage(file: h5py.File, folder: Path) -> None:
    (folder / "secret.txt").write_text(CANARY)
    file.create_dataset(
        "stored", shape=(len(CANARY),), dtype="u1", external=[(str(folder / "secret.txt"), 0, len(CANARY))]
    )


def add_virtual(file: h5py.File, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["secret"] = np.arange(10)
    layout = h5py.VirtualLayout(shape=(10,), dtype="i8")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "secret", shape=(10,))
    file.create_virtual_dataset("virtual", layout)


def add_soft_link(file: h5py.File, _folder: Path) -> None:
    file["soft"] = h5py.SoftLink("/nowhere")


def add_loop(file: h5py.File, _folder: Path) -> None:
    inner = file.create_group("a/b")
    inner["up"] = file["a"]


def add_root_loop(file: h5py.File, _folder: Path) -> None:
    file["root_again"] = file["/"]


def add_second_name(file: h5py.File, _folder: Path) -> None:
    file["again"] = file["times_ns"]


def add_huge(file: h5py.File, _folder: Path) -> None:
    file.create_dataset("huge", shape=(2**40,), dtype="f8", chunks=(2**16,))


def add_bomb(file: h5py.File, _folder: Path) -> None:
    bomb = file.create_dataset(
        "bomb", shape=(512, 2**20), dtype="u1", chunks=(1, 2**20), compression="gzip", compression_opts=9
    )
    for row in range(512):
        bomb[row] = 0


def add_unwritten(file: h5py.File, _folder: Path) -> None:
    file.create_dataset("unwritten", shape=(2**28,), dtype="f8", chunks=(2**16,), fillvalue=7.0)


def add_many(file: h5py.File, _folder: Path) -> None:
    group = file.create_group("many")
    for k in range(10_001):
        group.create_group(str(k))


def add_object_type(file: h5py.File, _folder: Path) -> None:
    file.create_dataset("texts", data=["a", "b"], dtype=h5py.string_dtype())


def add_opaque_data(file: h5py.File, _folder: Path) -> None:
    file["opaque"] = np.void(pickle.dumps(print))


def add_stored_type(file: h5py.File, _folder: Path) -> None:
    file["type"] = np.dtype("f8")


def add_other_filter(file: h5py.File, _folder: Path) -> None:
    file.create_dataset("packed", data=np.arange(1000), compression="lzf")


def sealed_anew(path: Path) -> None:
    """Give a changed file the seal that its author could have given it."""
    seal = read_seal(path)
    path.write_bytes(seal_image(path.read_bytes()[SEAL_BYTES:], kind=seal.kind, key=seal.key))


HOSTILE: list[tuple[Callable[[h5py.File, Path], None], str]] = [
    (add_external_link, "a link to another file: got other.h5"),
    (add_external_storage, "values kept in another file"),
    (add_virtual, "made of other files"),
    (add_soft_link, "a symbolic link"),
    (add_loop, "linked twice"),
    (add_root_loop, "linked twice"),
    (add_second_name, "linked twice"),
    (add_huge, "too large"),
    (add_bomb, "unpacks to far more"),
    (add_unwritten, "unpacks to far more"),
    (add_many, "too many objects"),
    (add_object_type, "not plain numbers"),
    (add_opaque_data, "not plain numbers"),
    (add_stored_type, "a stored type"),
    (add_other_filter, "an unknown packing"),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("add", "message"), HOSTILE, ids=[add.__name__ for add, _ in HOSTILE])
def test_hostile_content_is_refused_before_any_value_is_read(
    good: Path, add: Callable[[h5py.File, Path], None], message: str
) -> None:
    with h5py.File(good, "r+") as file:
        add(file, good.parent)
    sealed_anew(good)
    before = good.read_bytes()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=message) as refused:
        artefacts.load_beats(good)
    assert "\n" not in str(refused.value)
    assert CANARY not in str(refused.value)
    assert refused.value.exit_code == 3
    assert good.read_bytes() == before
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 100_000, "no value may be unpacked"


def test_an_opaque_attribute_is_ignored_and_named(good: Path, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "harm",))

    with h5py.File(good, "r+") as file:
        file.attrs["pickled"] = np.void(pickle.dumps(Harmful()))
        file["times_ns"].attrs["pickled"] = np.void(pickle.dumps(Harmful()))
    sealed_anew(good)
    with pytest.warns(UserWarning, match="'pickled' is not plain and is ignored"):
        artefacts.load_beats(good)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_a_cut_file_is_an_error_with_a_hint(good: Path, share: float) -> None:
    data = good.read_bytes()
    good.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"(empty|cut short|damaged).*make it anew"):
        artefacts.load_beats(good)


def test_a_file_left_open_by_a_stopped_writer_is_an_error_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "left.h5"
    script = (
        "import h5py, os, sys\n"
        "f = h5py.File(sys.argv[1], 'w', libver='latest')\n"
        "f.create_dataset('x', shape=(10,), maxshape=(None,), chunks=(10,))\n"
        "f.swmr_mode = True\n"
        "f.flush()\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"copy the file, then run 'h5clear -s' on the copy"):
        artefacts.load_beats(path)
    assert path.read_bytes() == before


def test_every_flipped_byte_is_seen_before_hdf5_gets_the_file(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On such files the HDF5 library was seen to crash the process, and to hang.
    data = good.read_bytes()
    monkeypatch.setattr("h5py.File", None)
    for place in [*range(SEAL_BYTES), *range(SEAL_BYTES, len(data), 97), len(data) - 1]:
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        good.write_bytes(bytes(flipped))
        with pytest.raises(InputError, match=r"damaged|cut short|longer"):
            artefacts.load_beats(good)


def test_a_block_damaged_under_a_fitting_seal_is_named(good: Path) -> None:
    data = bytearray(good.read_bytes())
    with h5py.File(good) as file:
        place = file["times_ns"].id.get_chunk_info(0).byte_offset + SEAL_BYTES
    data[place + 20] ^= 0xFF
    good.write_bytes(bytes(data))
    sealed_anew(good)
    with pytest.raises(InputError, match=r"damaged inside.*make it anew"):
        artefacts.load_beats(good)


def test_hdf5_of_another_program_is_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(InputError, match="of another program"):
        artefacts.load_beats(tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("attrs", "message"),
    [
        ({"stillface_schema": 99, "made_by": "9.2.0"}, "made by a newer stillface, 9.2.0"),
        ({"stillface_schema": "one"}, "not made by stillface"),
        ({"stillface_schema": None}, "not made by stillface"),
        ({"key": None}, "missing or no text.*key"),
        ({"kind": 4}, "missing or no text.*kind"),
        ({"role": None}, "a part is missing"),
        ({"role": ""}, "unfit content"),
        ({"flag_names": ["ok", "extra"]}, "have changed since"),
        ({"observed_ns": "soon"}, "unfit content"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(good: Path, attrs: dict[str, object], message: str) -> None:
    with h5py.File(good, "r+") as file:
        for name, value in attrs.items():
            del file.attrs[name]
            if value is not None:
                file.attrs[name] = value
    sealed_anew(good)
    with pytest.raises(InputError, match=message):
        artefacts.load_beats(good)


def test_missing_and_inconsistent_arrays_are_refused(good: Path) -> None:
    with h5py.File(good, "r+") as file:
        del file["flags"]
    sealed_anew(good)
    with pytest.raises(InputError, match="a part is missing"):
        artefacts.load_beats(good)
    with h5py.File(good, "r+") as file:
        file["flags"] = np.zeros(3, np.uint8)
    sealed_anew(good)
    with pytest.raises(InputError, match="unfit content"):
        artefacts.load_beats(good)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + bytes(2000)])
def test_no_hdf5_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.h5"), open_checked(path):
        pass


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for_ever"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full", "io_error"])
@pytest.mark.parametrize("old", [False, True], ids=["new_file", "replacing"])
def test_a_fault_at_every_call_leaves_the_old_file_or_the_new(
    tmp_path: Path, *, for_ever: bool, code: int, old: bool
) -> None:
    path = tmp_path / "beats.h5"

    def attempt(fs: FileSystem) -> bool:
        path.unlink(missing_ok=True)
        if old:
            artefacts.save_beats(path, beats(role="caregiver"), MADE)
        try:
            artefacts.save_beats(path, beats(), MADE, overwrite=True, fs=fs)
        except StorageError:
            return False
        return True

    counting = FaultyFileSystem()
    assert attempt(counting)
    assert counting.calls > 5
    outcomes = set()
    for n in range(1, counting.calls + 1):
        saved = attempt(FaultyFileSystem(n, code, for_ever=for_ever))
        role = artefacts.load_beats(path).role if path.exists() else None
        assert role in ({"infant", "caregiver"} if old else {"infant", None})
        assert role == "infant" or not saved
        assert not path.exists() or verify(path) is None
        outcomes.add(saved)
    assert False in outcomes
    left = [p for p in tmp_path.iterdir() if p != path]
    assert set(sweep_temps(tmp_path, older_than_s=-1)) == {p.name for p in left}


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    class Nearly(FileSystem):
        def free_bytes(self, folder: Path) -> int:
            return 1000

    with pytest.raises(StorageError, match="not enough free space") as refused:
        artefacts.save_beats(tmp_path / "b.h5", beats(), MADE, fs=Nearly())
    assert refused.value.exit_code == 4
    assert list(tmp_path.iterdir()) == []


def test_a_failing_maker_leaves_nothing(tmp_path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["x"] = np.arange(10)
        raise InputError("no such thing")

    with pytest.raises(InputError):
        write_once(tmp_path / "x.h5", fill, kind="t", key="k", provenance="{}", made_by="0")
    assert list(tmp_path.iterdir()) == []


def test_only_our_own_old_temporary_files_are_swept(tmp_path: Path) -> None:
    folder = tmp_path / "sessions" / "s1"
    folder.mkdir(parents=True)
    orphan = temp_beside(folder / "infant.h5")
    others = [
        folder / ".hidden.tmp",
        folder / "a.stillface-0123456789ab.tmp.h5",
        folder / ".x.stillface-zz.tmp",
    ]
    for path in (orphan, *others):
        path.write_bytes(b"x")
    assert sweep_temps(tmp_path) == (), "a young one may be in the making"
    assert sweep_temps(tmp_path, now=lambda: time.time() + 3601) == (orphan.relative_to(tmp_path).as_posix(),)
    assert all(path.exists() for path in others)
