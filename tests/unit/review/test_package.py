"""A session on another computer: what leaves, what comes back, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillface.errors import FieldError, InputError, StillfaceError, StorageError, UsageError
from stillface.io.bundle import open_study
from stillface.io.code_log_chain import read_log
from stillface.io.human_codes import read_people
from stillface.io.lock import FileLock
from stillface.review.assignments import (
    Assignment,
    assignments_to_carry,
    read_assignments,
    write_assignments,
)
from stillface.review.check_in import check_in
from stillface.review.checkouts import checked_out
from stillface.review.opening import open_document
from stillface.review.package import check_out, pack_back, study_at, unpack

from .pair_study import HOME, code, key_of, make_study, standing
from .test_opening import add_proposals

AWAY = "away-2222"


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    study = make_study(tmp_path / "study", ("one", "two"))
    code(study, "AB", [(0, 50, "neu")])
    code(study, "CD", [(0, 10, "pos")])
    return study


def files_below(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def repacked(
    source: Path, target: Path, change: Callable[[dict[str, bytes]], object], *, forge: bool = False
) -> Path:
    """Write a package anew with changed content; ``forge`` also mends its list."""
    with zipfile.ZipFile(source) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    if forge:
        manifest = json.loads(content.pop("package.json"))
        manifest["files"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in content.items()
        }
        content["package.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return target


@pytest.fixture
def back(folder: Any, tmp_path: Path) -> Path:
    """A package on its way home, with 50 s more of coding in it."""
    check_out(folder, "one", "AB", tmp_path / "out.zip")
    away = unpack(tmp_path / "out.zip", tmp_path / "laptop")
    code(away, "AB", [(50, 100, "neg")], install=AWAY)
    pack_back(away, tmp_path / "back.zip")
    return tmp_path / "back.zip"


def test_out_and_in_again_joins_both_computers(folder: Any, back: Path) -> None:
    assert checked_out(folder) == {"one": ("AB",)}
    result = check_in(folder, back)
    assert (result.session_id, result.coder, result.n_conflicts) == ("one", "AB", 0)
    assert result.n_records > 0
    assert checked_out(folder) == {}
    document = open_document(folder, "one", "AB", HOME)
    assert standing(document, key_of("AB")) == [(0, 50, "neu"), (50, 100, "neg")]
    document.close()
    again = files_below(folder.codes_dir("one"))
    assert check_in(folder, back).n_records == 0
    assert files_below(folder.codes_dir("one")) == again


def test_what_leaves_is_only_what_coding_needs(folder: Any, tmp_path: Path) -> None:
    check_out(folder, "one", "AB", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(content) == [
        "package.json", f"sessions/one/codes/AB.{HOME}.jsonl", "sessions/one/session.yaml", "study.yaml",
    ]  # fmt: skip
    for private in (b"two-i", b"preterm", b"F-one", b"10:30", b"CD", str(tmp_path).encode()):
        assert not any(private in data for data in content.values()), private
    assert b"age_days: {}" in content["study.yaml"]


def test_what_the_coder_was_given_goes_with_it_and_nobody_elses(folder: Any, tmp_path: Path) -> None:
    rows = [
        Assignment("two", "infant", "affect3", "AB"),
        Assignment("one", "caregiver", "affect3", "CD"),
        Assignment("one", "infant", "affect3", "CD"),
        Assignment("one", "infant", "affect3", "AB", 2),
        Assignment("one", "caregiver", "affect3", "AB", 2),
    ]
    write_assignments(folder, rows)
    # A package with the infant's films only carries the infant's lanes only.
    carried = assignments_to_carry(folder, "one", "AB", "infant").decode().splitlines()
    assert carried[1:] == ["one,infant,affect3,AB,1"]
    check_out(folder, "one", "AB", tmp_path / "out.zip")
    away = unpack(tmp_path / "out.zip", tmp_path / "laptop")
    # That it is a second coding is not told there either.
    both = [Assignment("one", role, "affect3", "AB", 1) for role in ("infant", "caregiver")]
    assert list(read_assignments(away)) == both
    code(away, "AB", [(50, 100, "neg")], install=AWAY)
    pack_back(away, tmp_path / "back.zip")
    assert check_in(folder, tmp_path / "back.zip").n_records > 0
    assert list(read_assignments(folder)) == rows


def test_given_work_travels_without_the_machine_until_it_is_signed_off(folder: Any, tmp_path: Path) -> None:
    add_proposals(folder, folder.scheme("affect3"))

    def machine_in(name: str, coder: str) -> bool:
        packed = check_out(folder, "one", coder, tmp_path / name, with_auto=True)
        return any(file.endswith(".h5") for file in packed.files)

    assert machine_in("nobody_was_given_anything.zip", "AB")
    write_assignments(folder, [Assignment("one", "infant", "affect3", "AB")])
    assert not machine_in("given.zip", "AB")
    assert machine_in("another.zip", "CD")
    code(folder, "AB", [(50, 360, "neg")], signed=True)
    assert machine_in("signed.zip", "AB")


def test_work_at_both_places_at_once_is_kept_and_counted(folder: Any, back: Path) -> None:
    code(folder, "AB", [(60, 70, "pos")])
    result = check_in(folder, back)
    assert result.n_conflicts == 1
    with pytest.raises(InputError, match="codes of AB"):
        read_people(folder.codes_dir("one"), folder.scheme)


def test_a_second_trip_brings_only_what_is_new(folder: Any, back: Path, tmp_path: Path) -> None:
    first = check_in(folder, back).n_records
    away = open_study(tmp_path / "laptop")
    code(away, "AB", [(100, 120, "pos")], install=AWAY)
    pack_back(away, tmp_path / "again.zip")
    assert 0 < check_in(folder, tmp_path / "again.zip").n_records < first + 3
    # The older package holds nothing that is not there.
    assert check_in(folder, back).n_records == 0


def test_another_study_refuses_it(back: Path, tmp_path: Path) -> None:
    other = make_study(tmp_path / "other")
    before = files_below(other.root)
    with pytest.raises(InputError, match="never checked that package out"):
        check_in(other, back)
    assert files_below(other.root) == before


LOG = f"sessions/one/codes/AB.{AWAY}.jsonl"


def _flip(content: dict[str, bytes]) -> None:
    content[LOG] = content[LOG].replace(b'"neg"', b'"pos"')


def _cut(content: dict[str, bytes]) -> None:
    content[LOG] = content[LOG][:-20]


def _drop_middle(content: dict[str, bytes]) -> None:
    lines = content[LOG].splitlines(keepends=True)
    content[LOG] = b"".join(lines[:1] + lines[2:])


def _rename(content: dict[str, bytes]) -> None:
    content[f"sessions/one/codes/CD.{AWAY}.jsonl"] = content.pop(LOG)


def _other_install(content: dict[str, bytes]) -> None:
    content["sessions/one/codes/AB.elsewhere.jsonl"] = content.pop(LOG)


def _other_session(content: dict[str, bytes]) -> None:
    content[f"sessions/two/codes/AB.{AWAY}.jsonl"] = content.pop(LOG)


def _outside(content: dict[str, bytes]) -> None:
    content["../AB.evil.jsonl"] = content.pop(LOG)


def _not_a_log(content: dict[str, bytes]) -> None:
    content["sessions/one/session.yaml"] = b"x"


def _another_coder(content: dict[str, bytes]) -> None:
    manifest = json.loads(content["package.json"])
    content["package.json"] = json.dumps({**manifest, "coder": "CD"}).encode()


def _another_story(content: dict[str, bytes]) -> None:
    content[f"sessions/one/codes/AB.{HOME}.jsonl"] = content[LOG].replace(AWAY.encode(), HOME.encode())


@pytest.mark.parametrize("forge", [False, True])
@pytest.mark.parametrize(
    "change",
    [_flip, _cut, _drop_middle, _rename, _other_install, _other_session, _outside, _not_a_log, _another_coder,
     _another_story],
)  # fmt: skip
def test_a_changed_package_is_refused_and_nothing_is_written(
    folder: Any, back: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], object], forge: bool
) -> None:
    bad = repacked(back, tmp_path / "bad.zip", change, forge=forge)
    before = files_below(folder.root)
    with pytest.raises(InputError):
        check_in(folder, bad)
    assert files_below(folder.root) == before


def test_the_log_at_home_is_never_replaced_by_a_shorter_or_other_one(
    folder: Any, back: Path, tmp_path: Path
) -> None:
    """Somebody makes a well-formed log of the home computer that leaves out what was coded there."""
    forged_home = make_study(tmp_path / "forged", ("one", "two"))
    code(forged_home, "AB", [(0, 50, "pos")])
    story = forged_home.log_path("one", "AB", HOME).read_bytes()

    def change(content: dict[str, bytes]) -> None:
        content[f"sessions/one/codes/AB.{HOME}.jsonl"] = story

    bad = repacked(back, tmp_path / "bad.zip", change, forge=True)
    with pytest.raises(InputError, match="does not continue"):
        check_in(folder, bad)
    assert b'"neu"' in folder.log_path("one", "AB", HOME).read_bytes()


def test_a_log_in_use_is_left_alone(folder: Any, back: Path, tmp_path: Path) -> None:
    away = open_study(tmp_path / "laptop")
    code(away, "AB", [(100, 120, "pos")], install=HOME)
    pack_back(away, tmp_path / "more.zip")
    path = folder.log_path("one", "AB", HOME)
    before = path.read_bytes()
    lock = FileLock(path.with_name(path.name + ".lock"), who="AB")
    with pytest.raises(StorageError, match="being edited"):
        check_in(folder, tmp_path / "more.zip")
    lock.release()
    assert path.read_bytes() == before
    assert check_in(folder, tmp_path / "more.zip").n_records > 0
    assert path.read_bytes().startswith(before)


def test_an_open_window_keeps_the_package_from_being_made(folder: Any, back: Path, tmp_path: Path) -> None:
    away = open_study(tmp_path / "laptop")
    document = open_document(away, "one", "AB", AWAY)
    with pytest.raises(StorageError, match="being edited"):
        pack_back(away, tmp_path / "more.zip")
    document.close()
    assert not (tmp_path / "more.zip").exists()


def zip_of(target: Path, *infos: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for info, data in infos:
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return target


def _info(name: str, mode: int = stat.S_IFREG | 0o600) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("infos", "told"),
    [
        ([(_info("../x"), b"")], "unfit name"),
        ([(_info("/etc/x"), b"")], "unfit name"),
        ([(_info("C:/x"), b"")], "unfit name"),
        ([(_info("a/CON"), b"")], "unfit name"),
        ([(_info("a", stat.S_IFLNK | 0o777), b"/etc/passwd")], "link"),
        ([(_info("a/"), b"")], "unfit name|link or folder"),
        ([(_info("Film.mp4"), b"1"), (_info("film.mp4"), b"2")], "one file on some computers"),
        ([(_info("bomb"), bytes(50_000_000))], "too tightly"),
        ([(_info("study.yaml"), b"")], "package.json is missing"),
        ([(_info("package.json"), b"[]")], "not a stillface package"),
        ([(_info("package.json"), b'{"format": 9}')], "another version"),
    ],
)
def test_a_zip_from_elsewhere_is_refused_before_it_is_unpacked(
    folder: Any, tmp_path: Path, infos: list[tuple[zipfile.ZipInfo, bytes]], told: str
) -> None:
    bad = zip_of(tmp_path / "bad.zip", *infos)
    for receive in (lambda: unpack(bad, tmp_path / "new"), lambda: check_in(folder, bad)):
        before = files_below(tmp_path)
        with pytest.raises((InputError, FieldError), match=told):
            receive()
        assert files_below(tmp_path) == before
        assert not (tmp_path / "new").exists()


def test_no_zip_and_half_a_zip_are_refused(folder: Any, back: Path, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    (tmp_path / "half.zip").write_bytes(back.read_bytes()[:-30])
    for name in ("no.zip", "half.zip"):
        with pytest.raises(InputError, match="not a package"):
            check_in(folder, tmp_path / name)


def test_bytes_flipped_on_the_way_are_told(folder: Any, tmp_path: Path) -> None:
    check_out(folder, "one", "AB", tmp_path / "out.zip")
    data = bytearray((tmp_path / "out.zip").read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        first = archive.infolist()[0]
    data[first.header_offset + 30 + len(first.filename) + 40] ^= 0xFF
    (tmp_path / "bad.zip").write_bytes(data)
    with pytest.raises(InputError, match="damaged inside the package"):
        unpack(tmp_path / "bad.zip", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))


def test_a_stranger_in_the_package_is_refused(folder: Any, tmp_path: Path) -> None:
    check_out(folder, "one", "AB", tmp_path / "out.zip")

    def change(content: dict[str, bytes]) -> None:
        content["run_me.exe"] = b"MZ"

    bad = repacked(tmp_path / "out.zip", tmp_path / "bad.zip", change, forge=True)
    with pytest.raises(InputError, match="does not belong"):
        unpack(bad, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_two_ways_are_not_mixed_up(folder: Any, back: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="other way"):
        check_in(folder, tmp_path / "out.zip")
    with pytest.raises(InputError, match="other way"):
        unpack(back, tmp_path / "new")


def test_nothing_is_overwritten(folder: Any, tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_text("mine")
    with pytest.raises(UsageError, match="such a file already"):
        check_out(folder, "one", "AB", tmp_path / "out.zip")
    check_out(folder, "one", "AB", tmp_path / "new.zip")
    with pytest.raises(UsageError, match="not empty"):
        unpack(tmp_path / "new.zip", folder.root)
    assert (tmp_path / "out.zip").read_text() == "mine"


def test_only_an_unpacked_session_is_packed_back(folder: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not checked out"):
        pack_back(folder, tmp_path / "back.zip")
    check_out(folder, "two", "AB", tmp_path / "out.zip")
    away = unpack(tmp_path / "out.zip", tmp_path / "laptop")
    with pytest.raises(UsageError, match="nothing has been coded"):
        pack_back(away, tmp_path / "back.zip")


def test_the_chain_goes_on_after_the_check_in(folder: Any, back: Path) -> None:
    check_in(folder, back)
    document = open_document(folder, "one", "AB", AWAY)
    assert document.notices == ()
    document.close()
    assert read_log(folder.log_path("one", "AB", AWAY))[1] is None


def test_a_package_opens_beside_itself_and_goes_on_there(folder: Any, tmp_path: Path) -> None:
    check_out(folder, "one", "AB", tmp_path / "one-AB.zip")
    away = study_at(tmp_path / "one-AB.zip")
    assert away.root == tmp_path / "one-AB"
    code(away, "AB", [(50, 60, "neg")], install=AWAY)
    again = study_at(tmp_path / "one-AB.zip")
    assert len(again.log_paths("one")) == 2
    assert study_at(folder.root).root == folder.root
    (tmp_path / "one-AB.zip").unlink()
    check_out(folder, "two", "AB", tmp_path / "one-AB.zip")
    with pytest.raises(InputError, match="of another one"):
        study_at(tmp_path / "one-AB.zip")
    assert len(again.log_paths("one")) == 2


def test_any_damaged_byte_is_refused_or_does_not_matter(folder: Any, back: Path, tmp_path: Path) -> None:
    """No flipped byte may crash the program or bring in something else than what was packed."""
    data = back.read_bytes()
    home = folder.log_path("one", "AB", HOME).read_bytes()
    away = (tmp_path / "laptop" / LOG).read_bytes()
    bad = tmp_path / "bad.zip"
    refused = 0
    for place in range(0, len(data), 5):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        bad.write_bytes(changed)
        try:
            check_in(folder, bad)
        except StillfaceError:
            refused += 1
        else:
            assert folder.log_path("one", "AB", AWAY).read_bytes() == away
            folder.log_path("one", "AB", AWAY).unlink()
            folder.heads_path(AWAY).unlink()
        assert folder.log_path("one", "AB", HOME).read_bytes() == home
    assert refused > 0.8 * len(range(0, len(data), 5))
