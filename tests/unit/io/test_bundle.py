"""A study on disk: what goes in comes out, and the folder may be moved."""

from __future__ import annotations

import shutil
import unicodedata
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.domain.clock import ClockMap
from stillface.domain.recording import Region, SignalRecording, SyncMark, VideoRecording
from stillface.domain.session import ENDED_BY, Episode, Session
from stillface.domain.study import Person, Study, Visit
from stillface.errors import FieldError, InputError, StorageError, UsageError
from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.lock import FileLock
from stillface.io.protocol_yaml import load_protocol
from stillface.io.session_yaml import read_session, session_text
from stillface.io.study_yaml import PrivacyPlan, ReliabilityPlan, StudyFile, read_study

STUDY = Study(
    study_id="lab-1",
    protocol_id="ffsf_2_2_2",
    title="Zwei Minuten: Blick & Affekt",
    schemes={"infant": ("affect3", "gaze"), "caregiver": ("affect3", "gaze")},
    rules=("valence3",),
    persons=(
        Person("I01", "F01", "f", "term", 266, "private"),
        Person("C01", "F01"),
    ),
    visits=(Visit("F01_4mo", {"I01": 124}),),
    coders=("AB", "CD"),
    min_coverage=0.6,
)
VIDEO_FILES = ("media/F01/GH010001.mp4", "media/F01/GH020001.mp4")


def session(files: tuple[str, ...] = VIDEO_FILES) -> Session:
    return Session(
        session_id="F01_4mo",
        dyad_id="F01",
        protocol=load_protocol("ffsf_2_2_2"),
        episodes=(
            Episode("PL", 1_500_000_001, 121_500_000_000),
            Episode("SF", 121_500_000_000, 190_250_000_000, "stop_rule"),
            Episode("RE", 191_000_000_000, 311_000_000_000),
        ),
        persons={"infant": "I01", "caregiver": "C01"},
        visit_id="F01_4mo",
        recordings=(
            VideoRecording(
                "cam1",
                files,
                {"infant": Region(0.5, 0, 0.5, 1), "caregiver": Region(0, 0, 1, 1)},
                ClockMap(-1_834_000_001, 80.125, "clap", 2, 3.5),
                {"infant": "left", "caregiver": "camera"},
            ),
            SignalRecording(
                "ecg_i",
                "physio/F01 ecg.csv",
                "ecg",
                "infant",
                "ecg_mv",
                "time_s",
                Fraction(1000, 3),
                "mV",
                (SyncMark(2_000_000_000, 100_000_000), SyncMark(302_024_000_000, 300_000_000_007)),
            ),
            SignalRecording("eda_c", "physio/eda.txt", "eda", "caregiver", "2", None, Fraction(1000)),
        ),
        covariates={"time_of_day": "10:30", "feeding": "no", "age": "0123"},
    )


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Give a new study with the raw files of one session in place."""
    folder = create_study(tmp_path / "my study é", STUDY)
    for name in (*VIDEO_FILES, "physio/F01 ecg.csv", "physio/eda.txt"):
        path = folder.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"raw")
    return folder


def same(one: Session, other: Session) -> bool:
    names = (
        "session_id",
        "dyad_id",
        "protocol",
        "episodes",
        "persons",
        "visit_id",
        "recordings",
        "covariates",
    )
    return all(getattr(one, name) == getattr(other, name) for name in names)


def test_a_new_study_has_the_folders_of_the_manual_and_reads_back(study: StudyFolder) -> None:
    assert {path.name for path in study.root.iterdir()} == {
        "study.yaml", "media", "physio", "sessions", "exports", "reports", "logs", "models",
    }  # fmt: skip
    again = open_study(study.root)
    assert again.study == STUDY
    assert again.reliability == ReliabilityPlan(0.2, ())
    assert again.sessions() == ()
    assert again.protocol().id == "ffsf_2_2_2"
    assert again.scheme("gaze").id == "gaze"


def test_the_plans_read_back(tmp_path: Path) -> None:
    content = StudyFile(STUDY, ReliabilityPlan(0.25, ("group", "age")), PrivacyPlan(10, True))
    create_study(tmp_path / "s", content)
    assert read_study(tmp_path / "s" / "study.yaml") == content


def test_a_session_reads_back_exactly(study: StudyFolder) -> None:
    folder = study.add_session(session())
    assert {p.name for p in folder.iterdir()} == {"session.yaml", "tracks", "signals", "codes"}
    assert study.auto_dir("F01_4mo").is_dir()
    again = open_study(study.root).load_session("F01_4mo")
    assert same(again, session())
    assert study.sessions() == ("F01_4mo",)


def test_session_yaml_is_the_same_text_every_time_and_readable(study: StudyFolder) -> None:
    study.add_session(session())
    path = study.session_dir("F01_4mo") / "session.yaml"
    text = path.read_text(encoding="utf-8")
    assert text == session_text(session()) == session_text(study.load_session("F01_4mo"))
    for line in (
        "  onset_s: 1.500000001",
        "  offset_s: 121.5",
        "  ended_by: stop_rule",
        "  rate_hz: 1000/3",
        "    offset_ms: -1834.000001",
        "    caregiver: whole",
        '  time_of_day: "10:30"',
    ):
        assert line in text.splitlines()


def test_moving_the_folder_breaks_nothing(study: StudyFolder, tmp_path: Path) -> None:
    study.add_session(session())
    heads = study.heads_path("aaaa-1111")

    def log_of(folder: StudyFolder) -> CodeLog:
        return CodeLog.open(
            folder.log_path("F01_4mo", "AB", "aaaa-1111"),
            coder="AB",
            install="aaaa-1111",
            app_version="0",
            heads=folder.heads_path("aaaa-1111"),
        )

    with log_of(study) as log:
        log.append("add", id="b", bout=LoggedBout("infant/gaze", 0, 5, "away"))
    assert heads.exists()
    target = tmp_path / "elsewhere" / "deep"
    shutil.move(study.root, target)
    moved = open_study(target)
    assert same(moved.load_session("F01_4mo"), session())
    assert moved.path_of(VIDEO_FILES[0]).read_bytes() == b"raw"
    assert [path.name for path in moved.log_paths("F01_4mo")] == ["AB.aaaa-1111.jsonl"]
    with log_of(moved) as log:
        assert not log.read_only
        assert list(log.state.bouts) == ["b"]
    for path in target.rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes(), (
                f"{path.name} holds a path of this machine"
            )


def test_a_session_is_added_once_and_replaced_on_purpose(study: StudyFolder) -> None:
    study.add_session(session())
    with pytest.raises(UsageError, match="already"):
        study.add_session(session())
    shorter = replace(session(), episodes=session().episodes[:1])
    study.save_session(shorter)
    assert same(study.load_session("F01_4mo"), shorter)
    with pytest.raises(UsageError, match="add it first"):
        study.save_session(replace(session(), session_id="other"))


def test_comments_a_person_wrote_are_kept_when_the_file_is_written_anew(study: StudyFolder) -> None:
    study.add_session(session())
    path = study.session_dir("F01_4mo") / "session.yaml"
    edited = path.read_text(encoding="utf-8").replace("stop_rule", "caregiver  # asked to stop")
    path.write_text(edited, encoding="utf-8")
    study.save_session(study.load_session("F01_4mo"))
    kept = path.with_name("session.hand-edited-1.yaml")
    assert kept.read_text(encoding="utf-8") == edited
    study.save_session(study.load_session("F01_4mo"))
    assert not path.with_name("session.hand-edited-2.yaml").exists()
    assert study.load_session("F01_4mo").episodes[1].ended_by == "caregiver"


def test_the_study_is_changed_as_it_stands_on_the_disk(study: StudyFolder) -> None:
    other = open_study(study.root)
    study.update_study(lambda now: replace(now, persons=(*now.persons, Person("I02"))))
    other.update_study(lambda now: replace(now, persons=(*now.persons, Person("I03"))))
    assert [p.person_id for p in open_study(study.root).study.persons] == ["I01", "C01", "I02", "I03"]
    lock = FileLock(study.root / "study.yaml.lock", who="other")
    try:
        with pytest.raises(StorageError, match="being edited by other"):
            study.update_study(lambda now: replace(now, title="x"))
    finally:
        lock.release()
    assert open_study(study.root).study.title == STUDY.title


def test_a_labs_own_protocol_and_scheme_win(study: StudyFolder, repo: Path) -> None:
    for kind, name in (("protocols", "ffsf_2_2_2"), ("schemes", "gaze")):
        source = repo / "protocols" / (f"{name}.yaml" if kind == "protocols" else f"{kind}/{name}.yaml")
        target = study.root / kind / source.name
        target.parent.mkdir()
        text = source.read_text(encoding="utf-8")
        target.write_text(text.replace("title: ", "title: Our own ", 1), encoding="utf-8")
    assert study.protocol().title.startswith("Our own")
    assert study.scheme("gaze").title.startswith("Our own")


def test_names_in_any_script_and_either_accent_form_find_their_file(study: StudyFolder) -> None:
    for name in ("media/ילדה 👶🏽.mp4", "media/größe.mp4", "media/" + "n" * 200 + ".mp4"):
        (study.root / name).write_bytes(b"x")
        assert study.path_of(name).read_bytes() == b"x"
    decomposed = unicodedata.normalize("NFD", "media/größe.mp4")
    assert decomposed != "media/größe.mp4"
    assert study.path_of(decomposed).read_bytes() == b"x"


def test_a_link_inside_the_study_is_followed(study: StudyFolder) -> None:
    (study.root / "media" / "alias.mp4").symlink_to(study.root / VIDEO_FILES[0])
    assert study.path_of("media/alias.mp4").read_bytes() == b"raw"
    assert study.relative(study.root / VIDEO_FILES[0]) == VIDEO_FILES[0]
    with pytest.raises(FieldError, match="outside the study"):
        study.relative(study.root.parent / "else.mp4")


def test_a_time_that_could_not_be_written_exactly_is_refused() -> None:
    far = 10**17 + 1
    odd = replace(session(), episodes=(Episode("PL", far, far + 10**9),))
    with pytest.raises(FieldError, match="too far from zero"):
        session_text(odd)


@settings(max_examples=40, deadline=None)
@given(
    times=st.lists(st.integers(-(10**14), 10**14), min_size=6, max_size=6, unique=True).map(sorted),
    offset_ns=st.integers(-(10**13), 10**13),
    drift=st.floats(-40_000, 40_000),
    ended=st.sampled_from(ENDED_BY),
    rate=st.fractions(Fraction(1, 1000), 5000, max_denominator=9999),
    text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
)
def test_any_session_reads_back_exactly(
    times: list[int],
    offset_ns: int,
    drift: float,
    ended: str,
    rate: Fraction,
    text: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    base = session()
    one = replace(
        base,
        episodes=tuple(
            Episode(name, *times[2 * k : 2 * k + 2], ended) for k, name in enumerate(("PL", "SF", "RE"))
        ),
        recordings=(
            replace(base.videos[0], clock_map=ClockMap(offset_ns, drift, "marks", 2, None)),
            replace(base.channels[0], rate_hz=rate),
        ),
        covariates={"free": text},
    )
    path = tmp_path_factory.mktemp("s") / "session.yaml"
    path.write_text(session_text(one), encoding="utf-8")
    assert same(read_session(path, load_protocol), one)


def test_an_unknown_session_names_those_there_are(study: StudyFolder) -> None:
    study.add_session(session())
    with pytest.raises(InputError, match=r"no such session.*expected F01_4mo"):
        study.load_session("F09")
