"""Study and session files that are wrong, hostile, of a newer version, or lead out of the study."""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from stillface.domain.recording import WHOLE, VideoRecording
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study, Visit
from stillface.errors import FieldError, InputError, StillfaceError, StorageError, UsageError
from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.protocol_yaml import load_protocol
from stillface.io.safe_paths import check_name, check_relative
from stillface.io.session_yaml import session_text
from tests.faults.faulty_fs import FaultyFileSystem

STUDY = Study(
    "s1",
    "ffsf_2_2_2",
    schemes={"infant": ("affect3",)},
    persons=(Person("I01", "F01"), Person("C01", "F01")),
    visits=(Visit("V1", {"I01": 120}),),
)


def session(file: str = "media/a.mp4") -> Session:
    return Session(
        "F01_V1",
        "F01",
        load_protocol("ffsf_2_2_2"),
        (Episode("PL", 0, 120_000_000_000),),
        {"infant": "I01", "caregiver": "C01"},
        "V1",
        (VideoRecording("cam1", (file,), {"infant": WHOLE}),),
    )


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Give a study with one session."""
    folder = create_study(tmp_path / "study", STUDY)
    (folder.root / "media" / "a.mp4").write_bytes(b"raw")
    folder.add_session(session())
    return folder


def refused(folder: StudyFolder) -> str:
    """Open the study and its session, expect one line, and nothing changed on the disk."""
    before = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}
    with pytest.raises(StillfaceError) as error:
        open_study(folder.root).load_session("F01_V1")
    assert error.value.exit_code == 3
    assert "\n" not in str(error.value)
    assert {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()} == before
    return str(error.value)


STUDY_SLIPS = [
    ("schema_version: 1", "schema_version: 2", "study.yaml:2: made by a newer stillface"),
    ("schema_version: 1\n", "", "no version"),
    ("schema_version: 1", "schema_version: 0", "no such version"),
    ("protocol: ffsf_2_2_2", "protocoll: ffsf_2_2_2", "did you mean protocol?"),
    ("protocol: ffsf_2_2_2", "protocol: ffsf_2_2", "did you mean ffsf_2_2_2?"),
    ("- affect3", "- affect4", "did you mean affect3?"),
    ("rules: []", "rules: [icep]", "no rule of this id"),
    ("study_id: s1", "study_id: ../s1", "cannot name a folder"),
    ("study_id: s1", "study_id: CON", "cannot name a folder"),
    ("min_coverage: 0.5", "min_coverage: 50", "not a share"),
    ("min_coverage: 0.5", 'min_coverage: "0.5"', "not a number"),
    ("  - consensus", "  - consensys", "did you mean consensus?"),
    ("person_id: C01", "person_id: I01", "named twice"),
    ("release_level: unknown", "release_level: publik", "did you mean public?"),
    ("release_level: unknown", "born: 2020-01-01", "unknown key"),
    ("I01: 120", "I01: -3", "not an age"),
    ("I01: 120", "I09: 120", "nobody of this id"),
    ("share: 0.2", "share: 20", "not a share"),
    ("audio: false", "audio: no", "true or false"),
    ("min_cell: 5", "min_cell: 0", "too small"),
    ("title: null", "title: [a]", "not a text"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), STUDY_SLIPS)
def test_a_slip_in_study_yaml_is_told_at_its_line(
    study: StudyFolder, right: str, wrong: str, message: str
) -> None:
    slip(study.root / "study.yaml", right, wrong)
    told = refused(study)
    assert message in told
    assert "yaml:" in told


SESSION_SLIPS = [
    ("schema_version: 1", "schema_version: 7", "made by a newer stillface"),
    ("dyad_id: F01", "dyad: F01", "did you mean dyad_id?"),
    ("dyad_id: F01", "dyad_id: F01\ndyad_id: F02", "same key twice"),
    ("session_id: F01_V1", "session_id: F01_V2", "differs from its folder"),
    ("visit_id: V1", "visit_id: V2", "no such visit"),
    ("infant: I01", "infant: I77", "nobody of this study"),
    ("infant: I01", "mother: I01", "a role that the protocol does not have"),
    ("infant: whole", "baby: whole", "a role that the protocol does not have"),
    ("infant: whole", "infant: half", "expected one of whole"),
    ("infant: whole", "infant: {left: 0.8, top: 0, width: 0.5, height: 1}", "outside the picture"),
    ("onset_s: 0", "onset_s: 1:30", "base 60"),
    ("onset_s: 0", "onset_s: .nan", "not finite"),
    ("onset_s: 0", "onset_s: 1e999", "not finite"),
    ("onset_s: 0", "onset_s: 1e300", "not a time"),
    ("onset_s: 0", "onset_s: 120", "an episode must last"),
    ("onset_s: 0", "onset_s: 200", "an episode must last"),
    ("- id: PL", "- id: XX", "expected one of"),
    ("ended_by: time", "ended_by: timer", "did you mean time?"),
    ("offset_ms: 0", "offset_ms: soon", "not a number"),
    ("drift_ppm: 0", "drift_ppm: 900000", "not a clock"),
    ("method: none", "method: guess", "not a known value"),
    ("covariates: {}", "covariates: {a: [1]}", "not one value"),
    ("signals: []", "signals: [{id: e, file: physio/a, signal: ecg, role: infant, column: 1, rate_hz: 0}]",
     "not a rate"),
    ("signals: []",
     'signals: [{id: e, file: p, signal: ecg, role: infant, column: 1, rate_hz: "1e999999999"}]',
     "not a rate"),
    ("onset_s: 0", 'onset_s: "1e999999999"', "not a number"),
    ("signals: []", "signals: [{id: cam1, file: p/a, signal: ecg, role: infant, column: 1}]", "named twice"),
    ("signals: []", "signals: [{id: e, file: p, signal: ekg, role: infant, column: 1}]", "did you mean ecg?"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "message"), SESSION_SLIPS)
def test_a_slip_in_session_yaml_is_told_at_its_line(
    study: StudyFolder, right: str, wrong: str, message: str
) -> None:
    slip(study.session_dir("F01_V1") / "session.yaml", right, wrong)
    told = refused(study)
    assert message in told
    assert "session.yaml:" in told


def slip(path: Path, right: str, wrong: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert right in text, f"{right!r} is not in {path.name}"
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")


BAD_PATHS = {
    "parent": "../outside.mp4",
    "parent_inside": "media/../../outside.mp4",
    "absolute": "/etc/passwd",
    "share": "\\\\host\\share\\a.mp4",
    "share_slash": "//host/share/a.mp4",
    "drive": "C:/a.mp4",
    "drive_backslash": "C:\\a.mp4",
    "drive_relative": "c:a.mp4",
    "stream": "media/a.mp4:secret",
    "device": "media/CON",
    "device_suffix": "media/nul.mp4",
    "device_lpt": "LPT1/a.mp4",
    "long": "media/" + "a" * 300 + ".mp4",
    "very_long": "media/" + "a/" * 600 + "b.mp4",
    "right_to_left": "media/a\u202e4pm.exe",
    "isolate": "media/a\u2066b.mp4",
    "control": "media/a\u0007b.mp4",
    "line_feed": "media/a\nb.mp4",
    "nul": "media/a\0b.mp4",
    "surrogate": "media/\ud800.mp4",
    "dot": "./media/a.mp4",
    "empty_part": "media//a.mp4",
    "trailing_dot": "media/a.mp4.",
    "trailing_blank": "media/a.mp4 ",
    "wildcard": "media/*.mp4",
    "empty": "",
}


@pytest.mark.parametrize("name", BAD_PATHS)
def test_a_path_out_of_the_study_or_not_for_every_system_is_refused(study: StudyFolder, name: str) -> None:
    with pytest.raises(FieldError, match="not a path inside the study") as error:
        check_relative(BAD_PATHS[name])
    assert str(error.value).isprintable()
    with pytest.raises(StillfaceError):
        session_text(session(BAD_PATHS[name]))
    (study.root.parent / "outside.mp4").write_bytes(b"x")
    with pytest.raises(StillfaceError):
        study.add_session(replace(session(BAD_PATHS[name]), session_id="other"))
    assert study.sessions() == ("F01_V1",)


@pytest.mark.parametrize("value", ["../../outside.mp4", "/etc/passwd", '"C:\\\\a.mp4"', "media/CON.mp4"])
def test_a_bad_path_in_session_yaml_is_told_at_its_line(study: StudyFolder, value: str) -> None:
    slip(study.session_dir("F01_V1") / "session.yaml", "media/a.mp4", value)
    told = refused(study)
    assert "session.yaml:" in told
    assert "not a path inside the study" in told


def test_a_link_out_of_the_study_is_not_followed(study: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "b.mp4").write_bytes(b"secret")
    (study.root / "media" / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (study.root / "media" / "folder").symlink_to(tmp_path / "secrets")
    (study.root / "media" / "loop.mp4").symlink_to(study.root / "media" / "loop.mp4")
    for name in ("media/link.mp4", "media/folder/b.mp4"):
        with pytest.raises(InputError, match="leads out of the study"):
            study.path_of(name)
    with pytest.raises(InputError, match="not in the study"):
        study.path_of("media/loop.mp4")


def test_two_names_that_look_the_same_are_not_guessed_between(study: StudyFolder) -> None:
    # Three spellings of one look: composed, decomposed, and the ohm-like sign that both become.
    for name in ("\u212b.mp4", "A\u030a.mp4"):
        (study.root / "media" / name).write_bytes(name.encode())
    with pytest.raises(InputError, match="look the same"):
        study.path_of("media/\u00c5.mp4")


@pytest.mark.parametrize("value", ["", "..", "a/b", "a b", "CON", "aux.txt", "x.", "é", "a" * 65, "-a", ".a"])
def test_an_id_that_cannot_name_a_folder_everywhere(value: str) -> None:
    with pytest.raises(FieldError, match="cannot name a folder"):
        check_name("session_id", value)


def test_a_folder_without_a_study(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no study here: study\.yaml is missing"):
        open_study(tmp_path)


def test_a_study_is_not_made_over_something(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        create_study(tmp_path, STUDY)
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]
    for wrong in (replace(STUDY, protocol_id="none"), replace(STUDY, schemes={"infant": ("none",)})):
        with pytest.raises(InputError, match="of this id"):
            create_study(tmp_path / "new", wrong)
    assert not (tmp_path / "new").exists()


def test_a_session_whose_files_are_absent_is_not_added(study: StudyFolder) -> None:
    with pytest.raises(InputError, match="not in the study"):
        study.add_session(replace(session("media/b.mp4"), session_id="other"))
    assert study.sessions() == ("F01_V1",)


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for_ever"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full", "io_error"])
def test_a_fault_at_every_call_leaves_the_old_settings_or_the_new(
    study: StudyFolder, *, for_ever: bool, code: int
) -> None:
    backup = study.root.parent / "backup"
    shutil.copytree(study.root, backup)
    longer = replace(session(), episodes=(Episode("PL", 0, 130_000_000_000),))

    def work(fs: FaultyFileSystem) -> None:
        folder = open_study(study.root)
        folder.save_session(longer, fs=fs)
        folder.update_study(lambda now: replace(now, title="new"), fs=fs)

    counting = FaultyFileSystem()
    work(counting)
    for n in range(1, counting.calls + 1):
        shutil.rmtree(study.root)
        shutil.copytree(backup, study.root)
        with suppress(StorageError):
            work(FaultyFileSystem(n, code, for_ever=for_ever))
        again = open_study(study.root)
        assert again.study.title in ("", "new")
        assert again.load_session("F01_V1").episodes[0].offset_ns in (120_000_000_000, 130_000_000_000)


def test_a_fault_while_a_study_is_made_leaves_no_half_of_it(tmp_path: Path) -> None:
    counting = FaultyFileSystem()
    create_study(tmp_path / "dry", STUDY, fs=counting)
    for n in range(1, counting.calls):
        root = tmp_path / str(n)
        try:
            create_study(root, STUDY, fs=FaultyFileSystem(n, for_ever=True))
        except StorageError:
            assert not root.exists()
        else:
            assert open_study(root).study == STUDY
