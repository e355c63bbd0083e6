"""Adding one visit: what is written, what is refused, and that a refusal leaves no trace."""

from __future__ import annotations

import errno
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from stillface.domain.study import Person
from stillface.errors import InputError, StillfaceError, StorageError, UsageError
from stillface.io.bundle import StudyFolder, open_study
from stillface.pipeline.add import prepare_visit
from stillface.pipeline.declare import VisitWords, declare
from stillface.pipeline.known_study import KnownStudy
from stillface.pipeline.raw_files import recorded_raw
from stillface.pipeline.visits import add_visit
from stillface.pipeline.write_visits import write_visits
from tests.faults.faulty_fs import FaultyFileSystem


def tree(root: Path) -> dict[str, str]:
    """Every file and folder with its content; locks and swept temporary files are no content."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(root.rglob("*"))
        if path.suffix not in (".lock", ".tmp")
    }


def lines(folder: StudyFolder, words: VisitWords, base: Path | None = None) -> list[str]:
    return [f.line for f in add_visit(folder, words, base or folder.root, dry_run=True).findings]


def test_a_visit_is_added_with_its_people_and_the_hashes_of_its_files(
    folder: StudyFolder, words: VisitWords, raw: Path
) -> None:
    added = add_visit(folder, words, Path())
    assert (added.outcome, added.copied) == ("added", ())
    assert [f.line for f in added.findings] == [
        "S01/cam1: films from the side give few codable frames for affect; check coverage after run"
    ]
    again = open_study(folder.root)
    session = again.load_session("S01")
    assert session.persons == {"infant": "P01", "caregiver": "P02"}
    assert again.study.person("P01") == Person("P01", "F01", release_level="private")
    assert again.study.visits[0].age_days == {"P01": 200, "P02": 11000}
    assert recorded_raw(again, "S01") == {
        "media/a.mp4": hashlib.sha256((raw / "a.mp4").read_bytes()).hexdigest(),
        "physio/ecg.csv": hashlib.sha256((raw / "ecg.csv").read_bytes()).hexdigest(),
    }


def test_the_same_again_is_there_and_another_is_refused(folder: StudyFolder, words: VisitWords) -> None:
    add_visit(folder, words, Path())
    before = tree(folder.root)
    assert add_visit(folder, words, Path()).outcome == "there"
    assert tree(folder.root) == before
    with pytest.raises(UsageError, match=r"another session of this id.*dyad: D01 -> D02.*--replace"):
        add_visit(folder, replace(words, dyad_id="D02"), Path())
    assert tree(folder.root) == before


def corrected(words: VisitWords) -> VisitWords:
    """The visit with another onset, rate, region, age and sex."""
    return replace(
        words,
        episodes=("PL=0:120", "SF=121:240", "RE=240:360"),
        regions=("infant=0,0,0.4,1", "caregiver=0.5,0,0.5,1"),
        ages=("infant=210", "caregiver=11000"),
        sexes=("infant=f",),
        units=("mV",),
    )


CHANGES = (
    "episode SF: 120 to 240 s, ended by time -> 121 to 240 s, ended by time",
    "cam1 region of infant: 0,0,0.5,1 -> 0,0,0.4,1",
    "infant_ecg unit: nothing -> mV",
    "age in days of P01 at S01: 200 -> 210",
)


def test_a_wrong_visit_is_corrected_and_what_changed_is_listed(
    folder: StudyFolder, words: VisitWords
) -> None:
    add_visit(folder, words, Path())
    home = folder.session_dir("S01")
    old = (home / "session.yaml").read_bytes()
    for place in ("codes/AB.test-pc.jsonl", "tracks/cam1.infant.h5", "signals/infant_ecg.h5"):
        (home / place).write_bytes(b"kept")
    before = tree(folder.root)
    tried = add_visit(folder, corrected(words), Path(), replaces=True, dry_run=True)
    assert (tried.outcome, tried.changes) == ("would be replaced", CHANGES)
    assert tree(folder.root) == before
    done = add_visit(folder, corrected(words), Path(), replaces=True)
    assert (done.outcome, done.changes) == ("replaced", CHANGES)
    assert any("AB coded the visit as it was" in finding.what for finding in done.findings)
    assert (home / "session.replaced-1.yaml").read_bytes() == old
    again = open_study(folder.root)
    assert again.sessions() == ("S01",)
    assert again.load_session("S01").episodes[1].onset_ns == 121 * 10**9
    assert again.study.visits[0].age_days["P01"] == 210
    assert again.study.person("P01").sex == "f"  # type: ignore[union-attr]
    after = tree(folder.root)
    assert {n for n in before if before[n] != after.get(n)} == {"study.yaml", "sessions/S01/session.yaml"}
    assert add_visit(folder, corrected(words), Path(), replaces=True).outcome == "there"
    assert add_visit(folder, words, Path(), replaces=True).outcome == "replaced"
    assert (home / "session.replaced-2.yaml").is_file()


def test_a_correction_does_not_touch_what_another_visit_says_of_a_person(
    folder: StudyFolder, words: VisitWords
) -> None:
    add_visit(folder, words, Path())
    add_visit(folder, replace(words, session_id="S02", visit_id="V2", sexes=("infant=m",)), Path())
    before = tree(folder.root)
    with pytest.raises(InputError, match="sex of P01"):
        add_visit(folder, corrected(words), Path(), replaces=True)
    assert tree(folder.root) == before


def test_a_visit_that_is_not_there_is_not_replaced(folder: StudyFolder, words: VisitWords) -> None:
    with pytest.raises(UsageError, match="no such session to replace"):
        add_visit(folder, words, Path(), replaces=True)


def test_a_session_file_that_cannot_be_read_may_be_replaced(folder: StudyFolder, words: VisitWords) -> None:
    add_visit(folder, words, Path())
    yaml = folder.session_dir("S01") / "session.yaml"
    yaml.write_text(yaml.read_text().replace("dyad_id", "dyad"))
    with pytest.raises(UsageError, match="cannot be used"):
        add_visit(folder, words, Path())
    assert add_visit(folder, words, Path(), replaces=True).outcome == "replaced"
    assert open_study(folder.root).load_session("S01").dyad_id == "D01"


def test_a_file_that_changed_since_it_was_added_is_not_accepted_by_a_correction(
    folder: StudyFolder, words: VisitWords
) -> None:
    add_visit(folder, words, Path())
    recorded = recorded_raw(folder, "S01")
    path = folder.root / "physio/ecg.csv"
    path.write_text(path.read_text().replace("0.00,0.0000", "0.00,0.0001"))
    add_visit(folder, corrected(words), Path(), replaces=True)
    assert recorded_raw(folder, "S01") == recorded


def test_a_dry_run_writes_nothing_and_finds_the_same(folder: StudyFolder, words: VisitWords) -> None:
    before = tree(folder.root)
    short = replace(words, episodes=("PL=0:60",))
    tried = add_visit(folder, short, Path(), dry_run=True)
    assert tree(folder.root) == before
    assert tried.outcome == "would be added"
    assert add_visit(folder, short, Path()).findings == tried.findings != ()


def test_a_file_outside_is_refused_unless_copied_and_the_original_stays(
    folder: StudyFolder, words: VisitWords, raw: Path
) -> None:
    outside = replace(words, films=(f"cam1=infant+caregiver:{raw / 'a.mp4'}",))
    before, original = tree(folder.root), (raw / "a.mp4").stat()
    with pytest.raises(InputError, match=r"lies outside the study.*--copy"):
        add_visit(folder, outside, Path())
    assert tree(folder.root) == before
    assert add_visit(folder, outside, Path(), copy=True).copied == ("media/S01/a.mp4",)
    assert (folder.root / "media/S01/a.mp4").read_bytes() == (raw / "a.mp4").read_bytes()
    assert (raw / "a.mp4").stat().st_mtime_ns == original.st_mtime_ns
    assert folder.load_session("S01").videos[0].files == ("media/S01/a.mp4",)
    assert add_visit(folder, outside, Path(), copy=True).outcome == "there"


def test_names_count_from_the_study_first_and_then_from_here(
    folder: StudyFolder, words: VisitWords, raw: Path
) -> None:
    assert add_visit(folder, words, raw, dry_run=True).copied == ()
    here = replace(words, films=("cam1=infant+caregiver:a.mp4",))
    assert add_visit(folder, here, raw, copy=True, dry_run=True).copied == ("media/S01/a.mp4",)
    inside = add_visit(folder, here, folder.root / "media", dry_run=True)
    assert inside.copied == ()


@pytest.mark.parametrize(
    "name",
    ["../../a.mp4", "\\\\host\\share\\a.mp4", "C:\\films\\a.mp4", "CON", "a" * 300 + ".mp4", "no", "media"],
)  # fmt: skip
def test_a_name_that_leads_nowhere_good_is_refused(folder: StudyFolder, words: VisitWords, name: str) -> None:
    before = tree(folder.root)
    with pytest.raises(StillfaceError) as caught:
        add_visit(folder, replace(words, films=(f"cam1=infant+caregiver:{name}",)), Path(), copy=True)
    assert "\n" not in str(caught.value)
    assert tree(folder.root) == before


def test_a_link_out_of_the_study_is_refused(folder: StudyFolder, words: VisitWords, raw: Path) -> None:
    (folder.root / "media" / "link.mp4").symlink_to(raw / "a.mp4")
    with pytest.raises(InputError, match="leads out of the study"):
        add_visit(folder, replace(words, films=("cam1=infant+caregiver:media/link.mp4",)), Path())


@pytest.mark.parametrize("name", ["a\u202egpm.mp4", "a?.mp4", " a.mp4"])
def test_a_name_that_cannot_exist_everywhere_is_refused_even_when_it_is_here(
    folder: StudyFolder, words: VisitWords, raw: Path, name: str
) -> None:
    (folder.root / "media" / name).write_bytes((raw / "a.mp4").read_bytes())
    with pytest.raises(InputError, match="not a path inside the study"):
        add_visit(folder, replace(words, films=(f"cam1=infant+caregiver:media/{name}",)), Path())


@pytest.mark.parametrize(
    ("on_disk", "typed"), [("бэби 👶.mp4", "бэби 👶.mp4"), ("e\u0301.mp4", "\u00e9.mp4")]
)
def test_every_script_emoji_and_either_form_of_accents_work(
    folder: StudyFolder, words: VisitWords, raw: Path, on_disk: str, typed: str
) -> None:
    (folder.root / "media" / on_disk).write_bytes((raw / "a.mp4").read_bytes())
    add_visit(folder, replace(words, films=(f"cam1=infant+caregiver:media/{typed}",)), Path())
    assert folder.path_of(folder.load_session("S01").videos[0].files[0]).is_file()


@pytest.mark.parametrize(
    ("target", "content", "text"),
    [
        ("media/a.mp4", b"", "media/a.mp4|a.mp4"),
        ("media/a.mp4", b"#EXTM3U\n/etc/passwd\n", "a.mp4"),
        ("physio/ecg.csv", b"time_s,ecg_mv\n0,1\n1,nan\n", "ecg.csv:3"),
        ("physio/ecg.csv", b"time_s,hr\n0,1\n1,2\n", "ecg_mv"),
    ],
)
def test_a_file_that_does_not_open_forbids_the_visit(
    folder: StudyFolder, words: VisitWords, target: str, content: bytes, text: str
) -> None:
    (folder.root / target).write_bytes(content)
    before = tree(folder.root)
    with pytest.raises(InputError, match=text):
        add_visit(folder, words, Path())
    assert tree(folder.root) == before


def test_a_person_may_be_completed_but_not_contradicted(folder: StudyFolder, words: VisitWords) -> None:
    add_visit(folder, words, Path())
    later = replace(words, session_id="S02", ages=(), families=())
    add_visit(folder, replace(later, sexes=("infant=f",)), Path())
    assert open_study(folder.root).study.person("P01") == Person("P01", "F01", "f", release_level="private")
    before = tree(folder.root)
    for change, text in (
        ({"sexes": ("infant=m",)}, "sex of P01"),
        ({"families": ("F02",)}, "family_id of P01"),
        ({"visit_id": "S01", "ages": ("infant=90",)}, "age of P01 at S01"),
    ):
        with pytest.raises(InputError, match=text):
            add_visit(folder, replace(later, session_id="S03", **change), Path())  # type: ignore[arg-type]
    assert tree(folder.root) == before


@pytest.mark.parametrize("field", ["session_id", "person"])
def test_an_id_that_cannot_name_a_folder_is_refused(
    folder: StudyFolder, words: VisitWords, field: str
) -> None:
    bad = (
        replace(words, session_id="CON")
        if field == "session_id"
        else replace(words, persons=("infant=../x",))
    )
    bad = replace(bad, films=(), regions=(), partners=(), ages=(), consents=())
    with pytest.raises(InputError, match="cannot name a folder"):
        add_visit(folder, bad, Path())


REMARKS: dict[str, tuple[dict[str, object], str]] = {
    "short": ({"episodes": ("PL=0:60", "SF=120:240", "RE=240:360")}, "PL lasted 60 s, planned 120 s"),
    "missing": ({"episodes": ("PL=0:120", "SF=120:240")}, "RE was not run"),
    "none": ({"episodes": ()}, "no episodes"),
    "order": ({"episodes": ("SF=0:120", "PL=120:240", "RE=240:360")}, "SF, PL, RE instead of PL, SF, RE"),
    "beyond": ({"offsets_ms": ("cam1=30000", "infant_ecg=0")}, "PL has 30.0 s that the recording"),
    "no sync": ({"offsets_ms": ()}, "no marks and no offset"),
    "nobody": ({"persons": ("infant=P01",), "consents": (), "ages": (), "films": ("c=infant:media/a.mp4",),
                "regions": (), "partners": ()}, "nobody is named as caregiver"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REMARKS))
def test_what_looks_wrong_is_said_with_numbers(folder: StudyFolder, words: VisitWords, case: str) -> None:
    changes, text = REMARKS[case]
    assert any(text in line for line in lines(folder, replace(words, **changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        ("1,1\n", "one mark only"),
        ("1,1\n300,300\n", "two marks only"),
        ("1,1\n100,100\n200,200.09\n300,300\n", "up to 90.0 ms from their line"),
    ],
)
def test_poor_sync_is_said(
    folder: StudyFolder, words: VisitWords, marks: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / "sync.csv").write_text("device_s,session_s\n" + marks)
    marked = replace(words, marks=(f"infant_ecg={tmp_path / 'sync.csv'}",), offsets_ms=())
    assert any(text in line for line in lines(folder, marked))


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "swapped": ({"ages": ("infant=11000", "caregiver=200")}, "is 11000 days old and the caregiver 200"),
    "one person": ({"persons": ("infant=P01", "caregiver=P01"), "consents": (), "ages": ()}, "several roles"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_people_who_cannot_be_right_forbid_the_visit(
    folder: StudyFolder, words: VisitWords, case: str
) -> None:
    changes, text = REFUSED[case]
    before = tree(folder.root)
    with pytest.raises(InputError, match=text):
        add_visit(folder, replace(words, **changes), Path())  # type: ignore[arg-type]
    assert tree(folder.root) == before


def test_a_rate_that_the_heart_contradicts_is_said_where_no_length_tells(
    folder: StudyFolder, words: VisitWords
) -> None:
    alone = replace(words, films=(), regions=(), partners=(), episodes=(), time_columns=())
    for rate, text in (("1000", "faster than a heart beats"), ("10", "at least 100"), ("100", "")):
        found = [line for line in lines(folder, replace(alone, rates_hz=(rate,))) if "S01/infant_ecg" in line]
        assert any(text in line for line in found) if text else not found


def test_films_of_each_face_need_no_word_about_the_side(folder: StudyFolder, words: VisitWords) -> None:
    split = replace(words, partners=("infant=camera", "caregiver=camera"))
    assert lines(folder, split) == []


def test_a_raw_file_of_another_visit_is_said_by_name_and_by_content(
    folder: StudyFolder, words: VisitWords, raw: Path
) -> None:
    add_visit(folder, words, Path())
    (folder.root / "media/b.mp4").write_bytes((raw / "a.mp4").read_bytes())
    copied = replace(words, session_id="S02", visit_id="V2", films=("cam1=infant+caregiver:media/b.mp4",))
    found = [line for line in lines(folder, copied) if "of S01 too" in line]
    assert len(found) == 2
    assert "media/b.mp4 is a file of S01 too (media/a.mp4)" in found[0]
    assert "physio/ecg.csv is a file of S01 too;" in found[1]
    assert not [line for line in lines(folder, replace(copied, visit_id="S01")) if "of S01 too" in line]


@pytest.mark.parametrize("rate", ["10", "1000"])
def test_a_rate_wrong_by_ten_is_said_with_both_lengths(
    folder: StudyFolder, words: VisitWords, rate: str
) -> None:
    wrong = replace(words, time_columns=(), rates_hz=(rate,))
    found = [line for line in lines(folder, wrong) if "wrong by ten" in line]
    assert len(found) == 1
    assert ("3620.0 s" if rate == "10" else "36.2 s") in found[0]
    assert not [line for line in lines(folder, replace(wrong, rates_hz=("100",))) if "wrong by ten" in line]


def written(root: Path, words: VisitWords, fs: FaultyFileSystem, *, replaces: bool = False) -> None:
    folder = open_study(root)
    declared = declare(words, folder.protocol(), Path())
    prepared = prepare_visit(folder, KnownStudy(folder), declared, Path(), copy=True, replaces=replaces)
    for error in write_visits(folder, [prepared], fs=fs).values():
        raise error


def test_a_full_disk_at_any_call_of_a_correction_leaves_the_old_visit_or_the_new(
    folder: StudyFolder, words: VisitWords, raw: Path, tmp_path: Path
) -> None:
    add_visit(folder, words, Path())
    copied = replace(corrected(words), films=(f"cam1=infant+caregiver:{raw / 'a.mp4'}",))
    before = tree(folder.root)
    counting = FaultyFileSystem()
    whole = tmp_path / "whole" / "lab"
    shutil.copytree(folder.root, whole)
    written(whole, copied, counting, replaces=True)
    assert tree(whole) != before
    refused = 0
    for call in range(1, counting.calls + 1):
        root = tmp_path / str(call) / "lab"
        shutil.copytree(folder.root, root)
        try:
            written(root, copied, FaultyFileSystem(call, errno.ENOSPC), replaces=True)
        except StorageError:
            refused += 1
            assert tree(root) == before
        else:
            assert tree(root) == tree(whole)
    assert refused > 15


@pytest.mark.parametrize("for_ever", [False, True])
def test_a_full_disk_at_any_call_leaves_the_whole_visit_or_no_trace(
    folder: StudyFolder, words: VisitWords, raw: Path, tmp_path: Path, for_ever: bool
) -> None:
    copied = replace(words, films=(f"cam1=infant+caregiver:{raw / 'a.mp4'}",))
    before = tree(folder.root)
    counting = FaultyFileSystem()
    whole = tmp_path / "whole" / "lab"
    shutil.copytree(folder.root, whole)
    written(whole, copied, counting)
    assert tree(whole) != before
    refused = 0
    for call in range(1, counting.calls + 1):
        root = tmp_path / str(call) / "lab"
        shutil.copytree(folder.root, root)
        try:
            written(root, copied, FaultyFileSystem(call, errno.ENOSPC, for_ever=for_ever))
        except StorageError:
            refused += 1
            assert tree(root) == before
        else:
            assert tree(root) == tree(whole)
        assert open_study(root).sessions() in ((), ("S01",))
    assert refused > 15


def test_an_interrupt_leaves_no_trace(
    folder: StudyFolder, words: VisitWords, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(folder.root)

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StudyFolder, "add_session", interrupted)
    copied = replace(words, films=(f"cam1=infant+caregiver:{raw / 'a.mp4'}",))
    with pytest.raises(KeyboardInterrupt):
        add_visit(folder, copied, Path(), copy=True)
    assert tree(folder.root) == before
