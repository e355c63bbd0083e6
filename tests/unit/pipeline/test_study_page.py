"""The study's statistics in words: chief measures only, reasons first, nothing where there is nothing."""

from __future__ import annotations

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.pipeline.study_files import Statistics, study_statistics
from stillface.pipeline.study_page import page_tables
from stillface.pipeline.study_people import Participant
from stillface.report.data import StudyReport, StudySession
from stillface.report.html import study_report

VALUES = {"PL": (10, 5, 0, 5), "SF": (30, 25, 40, 25), "RE": (20, 15, 25, 10)}


def row(session: str, episode: str, value: float | None, measure: str = "pct_negative") -> Measurement:
    status = Status.OK if value is not None else Status.MISS_UNSCORABLE
    return Measurement(
        f"d{session}", session, "worked", episode, "infant", "icep_infant", "AB", measure, "", "", value, "%",
        None, 60.0, 1.0, status,
    )  # fmt: skip


def rows() -> list[Measurement]:
    found = [
        row(f"s{k}", episode, float(value))
        for episode, values in VALUES.items()
        for k, value in enumerate(values)
    ]
    ratio = row("s0", "PL-SF-RE", None, "recovery_ratio")
    undefined = Measurement(
        *[getattr(ratio, name) for name in Measurement.__slots__[:15]], Status.NA_NOTATRISK
    )
    return [*found, row("s1", "SF", None, "rate_per_min"), undefined]


def statistics(groups: str = "ab") -> Statistics:
    people = {f"s{k}": Participant(f"s{k}", f"ds{k}", f"f{k}", groups[k % len(groups)]) for k in range(4)}
    return study_statistics(we.PROTOCOL, rows(), people, [], (), {"s9": "no film of the infant"})


def test_w3a_as_a_person_reads_it() -> None:
    tables = {table.id: table for table in page_tables(we.PROTOCOL, statistics())}
    assert list(tables) == ["effects", "models", "groups", "exclusions"]
    first = dict(zip(tables["effects"].columns, tables["effects"].rows[0], strict=True))
    assert first == {
        "Contrast": "SF-PL", "Group": "all", "Who": "infant · icep_infant", "Measure": "time negative",
        "Rule": "–", "Difference": "25.00", "t (df)": "5.00 (3)", "p": ".015", "d_z": "2.50", "d_av": "4.48",
        "Families": "4",
    }  # fmt: skip
    assert [line[-1] for line in tables["models"].rows] == ["not fitted: too few to model"]
    assert {line[0] for line in tables["groups"].rows} == {"a", "b"}
    assert tables["exclusions"].rows == (
        ("no film of the infant", "–", "–", "–", "s9", "all"),
        ("missing: nothing scorable", "infant", "icep_infant", "SF", "1", "1"),
        ("no still-face effect to recover from", "infant", "icep_infant", "PL-SF-RE", "1", "1"),
    )


def test_without_groups_there_is_no_table_by_group() -> None:
    assert "groups" not in {table.id for table in page_tables(we.PROTOCOL, statistics("a"))}
    assert page_tables(we.PROTOCOL, Statistics()) == ()


def test_the_page_shows_them_escaped() -> None:
    page = study_report(
        StudyReport(
            "s", we.PROTOCOL, (StudySession("s0", "d0"),), (), None,
            tables=page_tables(we.PROTOCOL, statistics(("<b>", "b"))),
        )
    )  # fmt: skip
    assert "Left out, and why" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
