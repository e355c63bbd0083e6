"""A session that two people coded stays in the results: whose codes count, and what is said where none do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.io.assignments import Assignment, write_assignments
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.tables import read_table
from stillface.pipeline.measure_study import measure_study
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.reports import write_reports
from stillface.pipeline.run import RunSummary, SilentObserver, run_plan


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """Two sessions; in the first AB and CD coded the infant's affect, AB alone the caregiver's."""
    persons = (Person("p1"), Person("p2"))
    made = create_study(tmp_path / "study", Study("s", "ffsf_2_2_2", persons=persons))
    for name in ("one", "two"):
        made.add_session(
            Session(
                name, "d1", made.protocol(), (Episode("PL", 0, 120 * S),),
                persons={"infant": "p1", "caregiver": "p2"},
            )
        )  # fmt: skip
    code(made, "one", "AB", "infant", 120)
    code(made, "one", "CD", "infant", 60)
    code(made, "one", "AB", "caregiver", 120)
    code(made, "two", "AB", "infant", 120)
    return made


def code(folder: StudyFolder, session_id: str, coder: str, role: str, until_s: int) -> None:
    path = folder.codes_dir(session_id) / f"{coder}.home.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with CodeLog.open(path, coder=coder, install="home", app_version="1") as log:
        log.append("add", bout=LoggedBout(f"{role}/affect3", 0, until_s * S, "neu"))


def ran(folder: StudyFolder, options: RunOptions | None = None) -> RunSummary:
    return run_plan(folder, make_plan(folder, options or RunOptions()), SilentObserver())


def coders(folder: StudyFolder) -> set[tuple[str, str, str]]:
    table = read_table(folder.exports_dir / "measures_long.csv", ("session_id", "role", "coder_id"))
    rows = zip(*(table.filled(name) for name in ("session_id", "role", "coder_id")), strict=True)
    return {(str(a), str(b), str(c)) for a, b, c in rows if b in ("infant", "caregiver")}


def test_the_first_pass_is_analysed_and_a_fuller_second_is_named(folder: StudyFolder) -> None:
    rows = [("CD", 1), ("AB", 2)]
    write_assignments(folder, [Assignment("one", "infant", "affect3", who, n) for who, n in rows])
    summary = ran(folder)
    assert summary.failures == {}
    assert ("one", "infant", "CD") in coders(folder)
    assert ("one", "infant", "AB") not in coders(folder)
    assert any("infant affect3: coder CD (pass 1 of the assignments)" in note for note in summary.notes)
    assert any("coder CD with 60.0 s, while coder AB has 120.0 s" in line for line in summary.warnings)
    page = (folder.reports_dir / "one.html").read_text()
    assert "infant affect3: coder CD (pass 1 of the assignments)" in page


def test_another_first_pass_makes_the_page_old(folder: StudyFolder) -> None:
    ran(folder)
    assert make_plan(folder, RunOptions()).nothing_to_do
    write_assignments(folder, [Assignment("one", "infant", "affect3", "CD")])
    assert not make_plan(folder, RunOptions()).nothing_to_do


def test_what_nobody_was_given_first_is_left_out_alone_with_its_reason(folder: StudyFolder) -> None:
    summary = ran(folder)
    assert summary.failures == {}
    found = coders(folder)
    assert {("one", "caregiver", "AB"), ("two", "infant", "AB")} <= found
    assert not [row for row in found if row[:2] == ("one", "infant")]
    assert any(line.startswith("not analysed: 1 stream of 1 session") for line in summary.warnings)
    (line,) = [w for w in summary.warnings if w.startswith("one: infant affect3: not analysed")]
    assert "got human:AB, human:CD" in line
    assert any("no states of infant are analysed; in one" in w for w in summary.warnings)
    exclusions = (folder.exports_dir / "statistics" / "exclusions.csv").read_text().splitlines()
    assert [row for row in exclusions if row.startswith("one,,infant,affect3,not analysed,")]
    assert "none that counts as the first" in (folder.reports_dir / "study.html").read_text()
    # The other ways to results do not stop there either.
    assert set(measure_study(folder, RunOptions()).sessions) == {"one", "two"}
    assert write_reports(folder, RunOptions()).files


def test_an_expert_s_codes_count_in_a_master_session(folder: StudyFolder) -> None:
    folder.update_reliability(lambda plan: replace(plan, masters={"one": "CD"}))
    write_assignments(folder, [Assignment("one", "infant", "affect3", "AB")])
    ran(folder)
    assert ("one", "infant", "CD") in coders(folder)


def test_a_table_of_assignments_that_cannot_be_read_settles_nothing_and_stops_nothing(
    folder: StudyFolder,
) -> None:
    text = "session_id,role,scheme_id,coder,pass\none,infant,affect3,CD,3\n"
    (folder.root / "assignments.csv").write_text(text)
    summary = ran(folder)
    assert summary.failures == {}
    assert ("two", "infant", "AB") in coders(folder)
    assert any("who codes first is not known" in w and "no such pass" in w for w in summary.warnings)


def test_failures_of_sessions_that_were_not_asked_for_are_not_told(folder: StudyFolder) -> None:
    (folder.root / "sessions" / "two" / "session.yaml").write_text("nonsense: [")
    assert set(ran(folder).failures) == {"two"}
    assert ran(folder, RunOptions(sessions=("one",))).failures == {}
