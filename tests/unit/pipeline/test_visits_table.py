"""Many visits from a table: each row whole or not at all, the others go on."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stillface.domain.clock import s_to_ns
from stillface.domain.session import Session
from stillface.domain.study import Person, Study
from stillface.errors import InputError, StorageError
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.session_yaml import session_text
from stillface.pipeline.declare import VisitWords
from stillface.pipeline.visits import AddSummary, add_table, add_visit
from tests.unit.pipeline.test_add import tree

ROW = {
    "session_id": "S01",
    "dyad_id": "D01",
    "family_id": "F01",
    "film": "media/a.mp4",
    "infant_person": "P01",
    "caregiver_person": "P02",
    "infant_age_days": "200",
    "caregiver_age_days": "11000",
    "infant_consent": "private",
    "caregiver_consent": "private",
    "infant_region": "0,0,0.5,1",
    "caregiver_region": "0.5,0,0.5,1",
    "infant_partner": "right",
    "caregiver_partner": "left",
    "infant_ecg": "physio/ecg.csv",
    "infant_ecg_column": "ecg_mv",
    "infant_ecg_time_column": "time_s",
    "infant_ecg_offset_ms": "0",
}
SECOND = {
    "session_id": "S02",
    "dyad_id": "D02",
    "infant_person": "P03",
    "caregiver_person": "P04",
    "family_id": "F02",
}
EPISODES = [
    (session, name, start, start + 120)
    for session in ("S01", "S02", "S03")
    for name, start in (("PL", 0), ("SF", 120), ("RE", 240))
]


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def episodes(tmp_path: Path) -> Path:
    text = "session_id,episode_id,onset_s,offset_s\n"
    (tmp_path / "episodes.csv").write_text(text + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in EPISODES))
    return tmp_path / "episodes.csv"


def added(
    folder: StudyFolder, tmp_path: Path, episodes: Path, *rows: dict[str, str], dry_run: bool = False
) -> AddSummary:
    table = write(tmp_path / "visits.csv", [ROW | row for row in rows])
    return add_table(folder, table, episodes=episodes, dry_run=dry_run)


def test_a_row_gives_the_same_session_as_the_words(
    folder: StudyFolder, words: VisitWords, tmp_path: Path, episodes: Path
) -> None:
    summary = added(folder, tmp_path, episodes, {})
    assert summary.with_outcome("added") == ("S01",)
    assert [f.severity for f in summary.visits[0].findings] == ["note"]
    from_table = session_text(folder.load_session("S01")).replace("film\n", "cam1\n")
    (folder.session_dir("S01") / "session.yaml").unlink()
    add_visit(folder, words, Path())
    assert from_table == session_text(folder.load_session("S01"))


def test_rows_that_are_there_are_skipped_and_new_ones_added(
    folder: StudyFolder, tmp_path: Path, episodes: Path
) -> None:
    added(folder, tmp_path, episodes, {})
    before = tree(folder.root)
    assert added(folder, tmp_path, episodes, {}).with_outcome("there") == ("S01",)
    assert tree(folder.root) == before
    both = added(folder, tmp_path, episodes, {}, SECOND)
    assert (both.with_outcome("there"), both.with_outcome("added")) == (("S01",), ("S02",))


def test_a_bad_row_is_refused_with_its_line_leaves_no_trace_and_the_others_go_on(
    folder: StudyFolder, tmp_path: Path, episodes: Path
) -> None:
    bad = SECOND | {"session_id": "S02", "film": "media/none.mp4"}
    third = SECOND | {"session_id": "S03", "dyad_id": "D03", "infant_person": "P05"}
    summary = added(folder, tmp_path, episodes, {}, bad, third)
    assert summary.with_outcome("added") == ("S01", "S03")
    assert list(summary.refused) == ["S02"]
    assert "visits.csv:3: media/none.mp4: no such file" in summary.refused["S02"]
    study = open_study(folder.root).study
    assert not (folder.root / "sessions" / "S02").exists()
    assert study.person("P03") is None
    assert study.person("P05") is not None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"infant_age_days": "4 months"}, "not whole days"),
        ({"infant_region": "0,0,1"}, "not a region"),
        ({"infant_partner": ""}, "look to see the partner"),
        ({"infant_ecg_column": "none"}, "no such column"),
        ({"infant_person": ""}, "nothing of this name|who is it|for whom"),
        ({"infant_consent": "yes"}, "release_level"),
        ({"session_id": "a/b"}, "cannot name a folder"),
    ],
)
def test_a_bad_cell_refuses_its_row(
    folder: StudyFolder, tmp_path: Path, episodes: Path, change: dict[str, str], text: str
) -> None:
    before = tree(folder.root)
    (reason,) = added(folder, tmp_path, episodes, change).refused.values()
    assert "visits.csv:2: " in reason
    assert re.search(text, reason)
    assert tree(folder.root) == before


def test_a_dry_run_writes_nothing_and_knows_the_rows_before(
    folder: StudyFolder, tmp_path: Path, episodes: Path
) -> None:
    before = tree(folder.root)
    contradicting = {"session_id": "S02", "family_id": "F09"}
    summary = added(folder, tmp_path, episodes, {}, contradicting, dry_run=True)
    assert tree(folder.root) == before
    assert summary.with_outcome("would be added") == ("S01",)
    assert "family_id of P01" in summary.refused["S02"]


def test_a_camera_each_and_a_table_in_another_folder(
    folder: StudyFolder, raw: Path, tmp_path: Path, episodes: Path
) -> None:
    row = {name: cell for name, cell in ROW.items() if "region" not in name and name != "film"}
    row |= {"infant_film": "a.mp4", "caregiver_film": "media/a.mp4", "infant_film_offset_ms": "40"}
    row |= {"infant_partner": "", "caregiver_partner": "", "covariate_time_of_day": "10:30"}
    table = write(raw / "visits.csv", [row])
    summary = add_table(folder, table, episodes=episodes, copy=True)
    table.unlink()
    assert summary.refused == {}
    session = folder.load_session("S01")
    infant, caregiver = session.videos
    assert (infant.id, infant.files, infant.clock_map.offset_ns) == (
        "film_infant", ("media/S01/a.mp4",), s_to_ns("0.04"),
    )  # fmt: skip
    assert (caregiver.files, caregiver.partner_toward) == (("media/a.mp4",), {"caregiver": "camera"})
    assert session.covariates == {"time_of_day": "10:30"}


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([{"session_id": "S01"}], "dyad_id"),
        ([ROW | {"infant_agedays": "3"}], "infant_age_days"),
        ([ROW, ROW | {"dyad_id": "D02"}], r"visits.csv:3: a session twice"),
        ([ROW | {"session_id": ""}], "visits.csv:2: empty cell"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_whole(
    folder: StudyFolder, tmp_path: Path, rows: list[dict[str, str]], text: str
) -> None:
    before = tree(folder.root)
    with pytest.raises(InputError, match=text):
        add_table(folder, write(tmp_path / "visits.csv", rows))
    assert tree(folder.root) == before


def test_an_unknown_episode_refuses_the_table_with_the_line(folder: StudyFolder, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("session_id,episode_id,onset_s,offset_s\nS01,XX,0,120\n")
    with pytest.raises(InputError, match=r"e.csv:2: an episode the protocol does not have"):
        add_table(folder, write(tmp_path / "visits.csv", [ROW]), episodes=tmp_path / "e.csv")


def test_a_corrected_table_replaces_the_rows_that_differ(
    folder: StudyFolder, tmp_path: Path, episodes: Path
) -> None:
    added(folder, tmp_path, episodes, {})
    table = write(tmp_path / "visits.csv", [ROW | {"infant_age_days": "210"}])
    assert "age of P01" in add_table(folder, table, episodes=episodes).refused["S01"]
    (done,) = add_table(folder, table, episodes=episodes, replaces=True).visits
    assert (done.outcome, done.changes) == ("replaced", ("age in days of P01 at S01: 200 -> 210",))
    (again,) = add_table(folder, table, episodes=episodes, replaces=True).visits
    assert again.outcome == "there"


def many(root: Path, count: int) -> list[dict[str, str]]:
    """Rows of visits with a small signal each, all of one length."""
    rows = []
    for number in range(count):
        name = f"physio/{number:03}.csv"
        (root / name).write_text("us\n" + "\n".join(f"{2 + (number + k) % 7}.5" for k in range(40)) + "\n")
        rows.append(
            {
                "session_id": f"S{number:03}",
                "dyad_id": f"D{number:03}",
                "visit_id": f"V{number:03}",
                "infant_person": f"I{number:03}",
                "caregiver_person": f"C{number:03}",
                "infant_age_days": "120",
                "infant_eda": name,
                "infant_eda_column": "us",
                "infant_eda_rate_hz": "4",
            }
        )
    return rows


def test_the_list_of_people_is_written_a_few_times_only(
    folder: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = []
    update = StudyFolder.update_study
    monkeypatch.setattr(StudyFolder, "update_study", lambda *a, **k: writes.append(1) or update(*a, **k))
    done = add_table(folder, write(tmp_path / "visits.csv", many(folder.root, 80)))
    assert len(done.with_outcome("added")) == 80
    assert len(writes) <= 4
    assert len(open_study(folder.root).study.persons) == 160


def test_an_interrupt_in_the_middle_leaves_whole_visits_with_their_people_and_nobody_else(
    folder: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = write(tmp_path / "visits.csv", many(folder.root, 40))
    add_session = StudyFolder.add_session

    def interrupted(self: StudyFolder, session: Session, **kwargs: Any) -> Path:
        if session.session_id == "S020":
            raise KeyboardInterrupt
        return add_session(self, session, **kwargs)

    monkeypatch.setattr(StudyFolder, "add_session", interrupted)
    with pytest.raises(KeyboardInterrupt):
        add_table(folder, table)
    again = open_study(folder.root)
    assert again.sessions() == tuple(f"S{number:03}" for number in range(20))
    assert sorted(path.name for path in (folder.root / "sessions").iterdir()) == list(again.sessions())
    people = {who for name in again.sessions() for who in again.load_session(name).persons.values()}
    assert {person.person_id for person in again.study.persons} == people
    monkeypatch.undo()
    done = add_table(open_study(folder.root), table)
    assert (len(done.with_outcome("there")), len(done.with_outcome("added"))) == (20, 20)


def test_a_visit_that_the_disk_refuses_leaves_no_trace_and_the_others_go_on(
    folder: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_session = StudyFolder.add_session

    def refusing(self: StudyFolder, session: Session, **kwargs: Any) -> Path:
        if session.session_id == "S001":
            raise StorageError("could not write", where="session.yaml")
        return add_session(self, session, **kwargs)

    monkeypatch.setattr(StudyFolder, "add_session", refusing)
    done = add_table(folder, write(tmp_path / "visits.csv", many(folder.root, 3)))
    assert list(done.refused) == ["S001"]
    assert "visits.csv:3: session.yaml: could not write" in done.refused["S001"]
    again = open_study(folder.root)
    assert again.sessions() == ("S000", "S002")
    assert [p.person_id for p in again.study.persons] == ["I000", "C000", "I002", "C002"]
    assert {visit.visit_id for visit in again.study.visits} == {"V000", "V002"}


def test_two_rows_of_one_table_with_one_file_are_said(folder: StudyFolder, tmp_path: Path) -> None:
    rows = many(folder.root, 3)
    (folder.root / rows[2]["infant_eda"]).write_bytes((folder.root / rows[0]["infant_eda"]).read_bytes())
    done = add_table(folder, write(tmp_path / "visits.csv", rows), dry_run=True)
    said = [finding.line for visit in done.visits for finding in visit.findings if "too" in finding.line]
    assert len(said) == 1
    assert "S002: physio/002.csv is a file of S000 too (physio/000.csv)" in said[0]


def test_people_contradicted_meanwhile_keep_out_their_own_visit_only(
    folder: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row | {"infant_sex": "f"} for row in many(folder.root, 3)]
    other = open_study(folder.root)
    update = StudyFolder.update_study

    def meanwhile(self: StudyFolder, *args: Any, **kwargs: Any) -> Study:
        monkeypatch.undo()
        update(other, lambda now: replace(now, persons=(Person("I001", sex="m"),)))
        return self.update_study(*args, **kwargs)

    monkeypatch.setattr(StudyFolder, "update_study", meanwhile)
    done = add_table(folder, write(tmp_path / "visits.csv", rows))
    assert list(done.refused) == ["S001"]
    assert "sex of I001" in done.refused["S001"]
    again = open_study(folder.root)
    assert again.sessions() == ("S000", "S002")
    assert again.study.person("I001") == Person("I001", sex="m")
    assert again.study.person("C001") is None
