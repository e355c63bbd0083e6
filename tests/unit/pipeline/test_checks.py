"""What check, status and verify see, each cause made on purpose."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import FrameClock, SampleClock
from stillface.domain.events import BeatSeries
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.provenance import Provenance
from stillface.domain.recording import Signal
from stillface.domain.states import StateTrack
from stillface.errors import InputError, UsageError
from stillface.io.artefacts import save_beats, save_face_track, save_signal, save_state_track
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.pipeline.accept import accept_files
from stillface.pipeline.checks import check_study
from stillface.pipeline.declare import VisitWords
from stillface.pipeline.findings import found
from stillface.pipeline.status import study_status
from stillface.pipeline.verify import verify_study
from stillface.pipeline.visits import add_visit
from tests.unit.pipeline.test_add import tree

S = 1_000_000_000
MADE = Provenance("test", {}, {}, "test@1")


@pytest.fixture
def study(folder: StudyFolder, words: VisitWords) -> StudyFolder:
    """One visit without anything to remark."""
    add_visit(folder, words, Path())
    return open_study(folder.root)


def said(study: StudyFolder, severity: str | None = None) -> list[str]:
    findings = check_study(open_study(study.root)).findings
    return [f.line for f in findings if severity in (None, f.severity)]


def one(lines: list[str], text: str) -> str:
    hits = [line for line in lines if text in line]
    assert len(hits) == 1, lines
    return hits[0]


def add(study: StudyFolder, words: VisitWords, **changes: object) -> None:
    """Add a visit with a film and an ECG of its own."""
    name = str(changes["session_id"])
    film, ecg = study.root / "media/a.mp4", study.root / "physio/ecg.csv"
    (study.root / f"media/{name}.mp4").write_bytes(film.read_bytes() + b"\0\0\0\x0bfree" + name.encode())
    (study.root / f"physio/{name}.csv").write_text(ecg.read_text() + f"362.00,0.00{name[1:]}\n")
    changes = {
        "films": (f"cam1=infant+caregiver:media/{name}.mp4",),
        "signals": (f"infant:ecg=physio/{name}.csv",),
    } | changes
    add_visit(open_study(study.root), replace(words, **changes), Path())  # type: ignore[arg-type]


def face(role: str, codable: np.ndarray) -> FaceTrack:
    n = codable.size
    flat = FaceTrack.blank(n)
    flat["status"] = np.where(codable, FaceStatus.CODABLE, FaceStatus.NO_FACE).astype(np.uint8)
    return FaceTrack(role, "cam1", FrameClock.constant(n, Fraction(1)), source="test@1", **flat)  # type: ignore[arg-type]


def code(study: StudyFolder, coder: str, *roles: str, scheme: str = "affect3", what: str = "pos") -> Path:
    path = study.log_path("S01", coder, "test-pc")
    heads = study.heads_path("test-pc")
    log = CodeLog.open(path, coder=coder, install="test-pc", app_version="0", heads=heads)
    for role in roles:
        log.append("add", bout=LoggedBout(f"{role}/{scheme}", 0, 120 * S, what))
    log.close()
    return path


def propose(study: StudyFolder, role: str) -> None:
    track = StateTrack.from_bouts(study.scheme("affect3"), role, "auto:affect@1", [0], [120 * S], ["pos"])
    save_state_track(study.auto_dir("S01") / f"{role}.affect3.h5", track, MADE)


def test_a_sound_study_has_no_findings_and_is_left_as_it_was(study: StudyFolder) -> None:
    before = tree(study.root)
    assert said(study) == []
    after = {name: digest for name, digest in tree(study.root).items() if "index" not in name}
    assert after == before


def test_a_missing_file_is_a_problem(study: StudyFolder) -> None:
    (study.root / "media/a.mp4").unlink()
    assert "media/a.mp4" in one(said(study, "problem"), "not in the study")


def test_a_changed_file_is_a_problem_until_it_is_accepted(study: StudyFolder) -> None:
    path = study.root / "physio/ecg.csv"
    path.write_text(path.read_text().replace("0.00,0.0000", "0.00,0.0001"))
    assert "physio/ecg.csv" in one(said(study, "problem"), "its content has changed")
    assert "its content has changed" in one([f.line for f in verify_study(study).findings], "physio/ecg.csv:")
    command = f'stillface verify {shlex.quote(str(study.root))} --accept physio/ecg.csv --why "..."'
    assert one(said(study, "problem"), "its content has changed").endswith(command)
    (done,) = accept_files(study, ["physio/ecg.csv"], who="MK", why="exported anew")
    assert done.session_id == "S01"
    assert said(study) == []
    assert verify_study(study).findings == []


def test_only_a_file_of_the_study_can_be_accepted(study: StudyFolder) -> None:
    (study.root / "media/other.mp4").write_bytes(b"x")
    with pytest.raises(UsageError, match="no session names this file"):
        accept_files(study, ["media/other.mp4"], who="MK", why="x")
    with pytest.raises(InputError, match="not in the study"):
        accept_files(study, ["media/none.mp4"], who="MK", why="x")


def test_a_film_that_no_longer_opens_is_a_problem(study: StudyFolder) -> None:
    path = study.root / "media/a.mp4"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert len(said(study, "problem")) == 2  # changed, and unreadable


def test_a_broken_session_is_a_problem_and_the_others_are_checked(
    study: StudyFolder, words: VisitWords
) -> None:
    add(study, words, session_id="S02", visit_id="S01", episodes=("PL=0:120", "SF=120:240"))
    yaml = study.session_dir("S01") / "session.yaml"
    yaml.write_text(yaml.read_text().replace("dyad_id", "dyad"))
    lines = said(study)
    assert "session.yaml" in one(lines, "S01")
    assert "S02" in one(lines, "RE was not run")


def test_one_infant_in_two_dyads_is_named_with_both(study: StudyFolder, words: VisitWords) -> None:
    add(study, words, session_id="S02", dyad_id="D02", persons=("infant=P01", "caregiver=P03"), ages=())
    line = one(said(study, "warning"), "P01 is in 2 dyads")
    assert "D01 (S01)" in line
    assert "D02 (S02)" in line


def test_a_parent_of_twins_is_nothing_to_remark_but_a_stranger_is(
    study: StudyFolder, words: VisitWords
) -> None:
    twin = {"session_id": "S02", "dyad_id": "D02", "persons": ("infant=P03", "caregiver=P02")}
    add(study, words, **twin, ages=("infant=200", "caregiver=11000"))
    assert said(study) == []
    other = {"session_id": "S03", "dyad_id": "D03", "persons": ("infant=P04", "caregiver=P02")}
    add(study, words, **other, families=("infant=F02",), ages=("infant=200", "caregiver=11000"))
    assert "P02 is in 3 dyads" in one(said(study, "warning"), "dyads")


def test_one_film_in_two_visits_is_named_with_both(study: StudyFolder, words: VisitWords) -> None:
    people = {"persons": ("infant=P03", "caregiver=P02"), "ages": ("infant=200",)}
    film = ("cam1=infant+caregiver:media/a.mp4",)
    add(study, words, session_id="S02", dyad_id="D02", films=film, **people)
    line = one(said(study, "warning"), "one raw file in several visits")
    assert "S01 (media/a.mp4), S02 (media/a.mp4)" in line


def test_somebody_who_is_infant_here_and_caregiver_there_is_a_problem(
    study: StudyFolder, words: VisitWords
) -> None:
    add(study, words, session_id="S02", persons=("infant=P02", "caregiver=P01"), ages=())
    lines = said(study, "problem")
    assert "caregiver (S02), infant (S01)" in one(lines, "P01 is in several roles")
    assert one(lines, "P02 is in several roles")


def test_notes_alone_are_no_findings(study: StudyFolder, words: VisitWords) -> None:
    add(study, words, session_id="S02", visit_id="V2", persons=("infant=P05", "caregiver=P06"), dyad_id="D02",
        ages=("infant=90", "caregiver=11000"), consents=(), families=())  # fmt: skip
    summary = check_study(open_study(study.root))
    assert not found(summary.findings)
    notes = [f.line for f in summary.findings]
    assert "Face models are trained on adults" in one(notes, "S02 (90 days)")
    assert "unknown for 2: P05, P06" in one(notes, "consent to share is unknown")
    add(study, words, session_id="S03", dyad_id="D03", persons=("infant=P07", "caregiver=P08"), ages=(),
        consents=(), families=())  # fmt: skip
    notes = said(study, "note")
    assert "unknown for 4: P05, P06, P07, P08" in one(notes, "consent to share is unknown")
    assert "S02 (90 days), S03 (age unknown)" in one(notes, "Face models are trained on adults")


@pytest.mark.parametrize(
    ("name", "content", "severity", "text"),
    [
        ("rules/ours.yaml", "rule:\n  id: ours\n", "problem", "a key is missing"),
        ("rules/ours.yaml", "rule:\n  id: other\n", "problem", "the id differs from the file's name"),
        ("schemes/ours.yaml", "scheme: [\n", "problem", "ours.yaml"),
        ("protocols/ours.yaml", "protocol:\n  id: yes\n", "problem", "ours.yaml"),
        ("rules/ours.yml", "", "warning", "only files that end in .yaml"),
    ],
)
def test_a_broken_file_of_the_study_itself_is_named(
    study: StudyFolder, name: str, content: str, severity: str, text: str
) -> None:
    path = study.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    (finding,) = check_study(open_study(study.root)).findings
    assert (finding.severity, text in finding.line) == (severity, True), finding.line
    assert check_study(open_study(study.root), sessions=("S01",)).findings == ()


def test_a_sound_file_of_the_study_itself_is_nothing_to_remark(study: StudyFolder) -> None:
    (study.root / "rules").mkdir()
    rule = 'rule:\n  id: ours\n  version: "1"\n  kind: valence\n  valences: [1]\n'
    (study.root / "rules/ours.yaml").write_text(rule)
    assert said(study) == []


def test_one_session_alone_gives_only_its_own_findings(study: StudyFolder, words: VisitWords) -> None:
    people = {"persons": ("infant=P01", "caregiver=P03"), "ages": (), "consents": ()}
    add(study, words, session_id="S02", dyad_id="D02", episodes=(), **people)
    add(study, words, session_id="S03", persons=("infant=P08", "caregiver=P09"), dyad_id="D03", ages=())
    yaml = study.session_dir("S02") / "session.yaml"
    folder = open_study(study.root)
    assert [f.line for f in check_study(folder, sessions=("S03",)).findings] == [
        one(said(study), "S03 (age unknown)").replace("S02 (age unknown), ", "")
    ]
    assert any("P01 is in 2 dyads" in f.what for f in check_study(folder, sessions=("S01",)).findings)
    yaml.write_text(yaml.read_text().replace("dyad_id", "dyad"))
    assert not [f for f in check_study(folder, sessions=("S03",)).findings if f.severity != "note"]


def test_low_coverage_is_said_by_episode_and_person(study: StudyFolder) -> None:
    seen = np.ones(362, bool)
    seen[120:200] = False
    for role, codable in (("infant", seen), ("caregiver", np.ones(362, bool))):
        save_face_track(study.tracks_dir("S01") / f"cam1.{role}.h5", face(role, codable), MADE)
    assert "infant: face codable in SF 33 %" in one(said(study), "codable")
    state = study_status(study)[0]
    assert state.coverage == {"infant": pytest.approx(282 / 362), "caregiver": 1.0}


@pytest.mark.parametrize(
    ("bpm", "text"), [(75, "median interval 800 ms (75 bpm) is outside 260 to 750 ms"), (140, "")]
)
def test_an_infant_with_an_adults_heart_is_named(study: StudyFolder, bpm: int, text: str) -> None:
    n = 60 * 60
    rng = np.random.default_rng(1)
    clock = SampleClock(0, Fraction(60), n)
    signal = Signal("ecg", "infant", "mV", rng.normal(size=n), np.ones(n, bool), clock)
    times = np.arange(0, 60 * S, round(60 / bpm * S), dtype=np.int64)
    beats = BeatSeries("infant", times, np.zeros(times.size, np.uint8), (0, 60 * S), "auto:test@1")
    save_signal(study.signals_dir("S01") / "infant_ecg.h5", signal, MADE)
    save_beats(study.signals_dir("S01") / "infant_ecg.beats.h5", beats, MADE)
    lines = said(study)
    assert [line for line in lines if "S01/infant_ecg" in line and text in line] if text else lines == []


def test_hearts_that_look_swapped_are_named_with_both_rates(study: StudyFolder, words: VisitWords) -> None:
    yaml = study.session_dir("S01") / "session.yaml"
    text = yaml.read_text()
    start, stop = text.index("- id: infant_ecg"), text.index("episodes:")
    own = text[start:stop]
    other = own.replace("infant", "caregiver")
    yaml.write_text(text[:stop].rstrip() + "\n" + other + text[stop:])
    for role, bpm in (("infant", 90), ("caregiver", 130)):
        clock = SampleClock(0, Fraction(60), 3600)
        values = np.random.default_rng(2).normal(size=3600)
        signal = Signal("ecg", role, "mV", values, np.ones(3600, bool), clock)
        times = np.arange(0, 60 * S, round(60 / bpm * S), dtype=np.int64)
        beats = BeatSeries(role, times, np.zeros(times.size, np.uint8), (0, 60 * S), "auto:test@1")
        save_signal(study.signals_dir("S01") / f"{role}_ecg.h5", signal, MADE)
        save_beats(study.signals_dir("S01") / f"{role}_ecg.beats.h5", beats, MADE)
    line = one(said(study), "swapped?")
    assert "the infant's heart beats 90 per min, the caregiver's 130" in line


def test_a_coder_of_both_roles_is_named(study: StudyFolder) -> None:
    code(study, "AB", "infant", "caregiver")
    assert "AB coded caregiver and infant" in one(said(study, "warning"), "AB")


def test_codes_of_another_roles_scheme_are_named(study: StudyFolder) -> None:
    code(study, "AB", "caregiver", scheme="icep_infant", what="i_pos")
    line = one(said(study, "warning"), "icep_infant")
    assert "codes of icep_infant under the role caregiver, but the scheme is for infant" in line
    code(study, "CD", "infant", scheme="icep_infant", what="i_pos")
    assert len([line for line in said(study, "warning") if "icep_infant" in line]) == 1


def test_a_damaged_log_is_a_problem_for_check_and_verify(study: StudyFolder) -> None:
    path = code(study, "AB", "infant")
    sound = verify_study(study)
    assert (sound.checked["logs"], sound.findings) == (1, [])
    path.write_bytes(path.read_bytes().replace(b'"pos"', b'"neg"', 1))
    assert "damaged" in one(said(study, "problem"), path.name)
    assert any("damaged" in f.what for f in verify_study(study).findings)


def test_lines_cut_from_the_end_of_a_log_are_seen_by_verify(study: StudyFolder) -> None:
    path = code(study, "AB", "infant")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert "missing from the end" in one([f.line for f in verify_study(study).findings], path.name)


def test_the_unreviewed_share_counts_what_nobody_coded(study: StudyFolder) -> None:
    for role in ("infant", "caregiver"):
        propose(study, role)
    assert "100 % of machine-coded time" in one(said(study, "note"), "unreviewed")
    assert study_status(study)[0].reviewed == 0
    code(study, "AB", "infant")
    assert "50 % of machine-coded time is unreviewed; nobody has begun caregiver/affect3" in one(
        said(study, "note"), "unreviewed"
    )
    state = study_status(study)[0]
    assert (state.reviewed, state.coded) == (0.5, {"AB": pytest.approx(120 / (4 * 360))})


@pytest.mark.parametrize("place", [100, 600, -10])
def test_a_flipped_byte_in_an_artefact_is_seen_by_verify(study: StudyFolder, place: int) -> None:
    propose(study, "infant")
    path = study.auto_dir("S01") / "infant.affect3.h5"
    assert verify_study(study).findings == []
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    (finding,) = verify_study(study).findings
    assert path.name in finding.line


def test_outputs_that_were_changed_or_are_gone_are_named(study: StudyFolder) -> None:
    from stillface.pipeline.plan import open_ledger

    pages = [study.reports_dir / name for name in ("a.html", "b.html", "c.html")]
    for page in pages:
        page.write_text("page")
    open_ledger(study).enter(pages, "key")
    assert verify_study(study).findings == []
    pages[0].write_text("pages")
    pages[1].unlink()
    first, second = verify_study(study).findings
    assert ("changed" in first.what, "gone" in second.what) == (True, True)
    (study.logs_dir / "outputs.json").write_text("[")
    assert "damaged" in one([f.line for f in verify_study(study).findings], "ledger")


def test_a_file_that_was_never_hashed_is_counted_and_not_a_finding(study: StudyFolder) -> None:
    (study.session_dir("S01") / "raw.json").unlink()
    summary = verify_study(study)
    assert (summary.checked["raw"], summary.unrecorded, summary.findings) == (2, 2, [])
    place = "media/a.mp4"
    (study.logs_dir / "inputs.json").write_text(json.dumps({place: ["1:2:3", "0" * 64]}))
    summary = verify_study(study)
    assert summary.unrecorded == 1
    assert "media/a.mp4" in one([f.line for f in summary.findings], "changed")


def test_a_session_that_is_not_there_is_refused(study: StudyFolder) -> None:
    with pytest.raises(InputError, match="no such session"):
        check_study(study, sessions=("S09",))
