"""Running a study: what is done again, what a run of one session leaves alone, what may not stop it."""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from stillface.cli.run import say_problems
from stillface.domain.clock import ClockMap
from stillface.domain.recording import SignalRecording
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.errors import StorageError
from stillface.io.artefacts import stored_key
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.protocol_yaml import load_protocol
from stillface.pipeline import run as run_room
from stillface.pipeline.accept import accept_files
from stillface.pipeline.at_work import at_work
from stillface.pipeline.measure_study import measure_study
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.raw_files import hash_of, record_raw
from stillface.pipeline.reports import write_reports
from stillface.pipeline.run import RunSummary, SilentObserver, run_plan
from stillface.pipeline.verify import verify_study
from stillface.testing.physiology import ecg_mv

S = 1_000_000_000


@pytest.fixture(scope="module")
def heart() -> str:
    """Give 130 s of an infant's ECG as a table."""
    times = np.arange(0, 130, 1 / 250)
    values = ecg_mv(times, np.arange(0.2, 130, 0.43))
    return "time_s,ecg_mv\n" + "".join(
        f"{t:.3f},{v:.4f}\n" for t, v in zip(times.tolist(), values.tolist(), strict=True)
    )


@pytest.fixture
def folder(tmp_path: Path, heart: str) -> StudyFolder:
    """Make a study of two sessions with an ECG each and some codes of one coder."""
    people = tuple(Person(f"{role}{k}", f"F{k}") for k in (1, 2) for role in ("I", "C"))
    study = create_study(tmp_path / "study", Study("runs", "ffsf_2_2_2", persons=people, coders=("AB",)))
    for k in (1, 2):
        (study.root / "physio" / f"s{k}.csv").write_text(heart)
        study.add_session(
            Session(
                f"S{k}",
                f"D{k}",
                load_protocol("ffsf_2_2_2"),
                (Episode("PL", 0, 60 * S), Episode("SF", 60 * S, 120 * S), Episode("RE", 120 * S, 124 * S)),
                persons={"infant": f"I{k}", "caregiver": f"C{k}"},
                recordings=(
                    SignalRecording(
                        "heart", f"physio/s{k}.csv", "ecg", "infant", "ecg_mv", "time_s",
                        clock_map=ClockMap(0, 0.0, "manual"),
                    ),
                ),
            )
        )  # fmt: skip
        path = study.log_path(f"S{k}", "AB", "here")
        with CodeLog.open(path, coder="AB", install="here", app_version="0.1.0") as log:
            for role in ("infant", "caregiver"):
                for number, code in enumerate(("neu", "pos", "neu", "neg") * 31):
                    bout = LoggedBout(f"{role}/affect3", number * S, (number + 1) * S, code)
                    log.append("add", id=f"{role}{number}", bout=bout)
    return study


def go(folder: StudyFolder, **options: object) -> RunSummary:
    plan = make_plan(folder, RunOptions(workers=1, **options))  # type: ignore[arg-type]
    return run_plan(folder, plan, SilentObserver())


def sessions_in_tables(folder: StudyFolder) -> set[str]:
    with (folder.exports_dir / "measures_long.csv").open(newline="") as file:
        return {row["session_id"] for row in csv.DictReader(file)}


def test_a_second_run_has_nothing_to_do(folder: StudyFolder) -> None:
    first = go(folder)
    assert (first.done, first.failures) == (2, {})
    assert sessions_in_tables(folder) == {"S1", "S2"}
    plan = make_plan(folder, RunOptions(workers=1))
    assert plan.nothing_to_do
    assert verify_study(folder).findings == []


def rows_in(path: Path, **cells: str) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if all(row[k] == v for k, v in cells.items())]


def test_the_heart_around_events_is_in_tables_and_pages(folder: StudyFolder) -> None:
    go(folder)
    event = {"episode_id": "PL", "role": "infant"}
    found = rows_in(
        folder.exports_dir / "measures_long.csv", **event, measure="event_ibi_change_ms",
        code="negative_onset:infant",
    )  # fmt: skip
    # Every fourth second from 3 s on: the window of those from 7 to 47 s lies in the 60 s of play.
    assert [(row["session_id"], row["n"]) for row in found] == [("S1", "11"), ("S2", "11")]
    assert all(abs(float(row["value"])) < 0.1 for row in found)
    assert all(
        {"events=15", "at_edge=4", "windows_overlap=11"} <= set(row["flags"].split(";")) for row in found
    )
    (pooled,) = rows_in(
        folder.exports_dir / "statistics" / "events.csv", **event, event="negative_onset:infant"
    )
    assert (pooled["n_events"], pooled["n_left_out"], pooled["n_families"], pooled["ci_low"]) == (
        "22", "8", "2", "",
    )  # fmt: skip
    changes = rows_in(folder.exports_dir / "statistics" / "autonomic_change.csv", measure="hr_bpm")
    assert {(row["contrast"], row["remark"]) for row in changes} >= {
        ("SF-PL", "not residualised: too few pairs")
    }
    for page in ("S1", "study"):
        text = (folder.reports_dir / f"{page}.html").read_text(encoding="utf-8")
        assert "PL · negative onset of Infant" in text


def test_a_lost_table_of_the_statistics_is_made_again_and_the_same(folder: StudyFolder) -> None:
    go(folder)
    before = {path.name: path.read_bytes() for path in (folder.exports_dir / "statistics").iterdir()}
    assert {"effects.csv", "contingency.csv", "exclusions.csv", "analysis.R", "analysis.sps"} <= set(before)
    (folder.exports_dir / "statistics" / "effects.csv").unlink()
    plan = make_plan(folder, RunOptions(workers=1))
    assert not plan.tables_done
    run_plan(folder, plan, SilentObserver())
    again = {path.name: path.read_bytes() for path in (folder.exports_dir / "statistics").iterdir()}
    assert again == before
    assert make_plan(folder, RunOptions(workers=1)).nothing_to_do


def test_a_group_or_covariate_named_later_makes_the_tables_anew(folder: StudyFolder) -> None:
    from stillface.io.bundle import open_study

    go(folder)
    path = folder.root / "study.yaml"
    text = path.read_text()
    assert "person_id: I1\n" in text
    path.write_text(text.replace("person_id: I1\n", "person_id: I1\n  group: term\n"))
    grouped = open_study(folder.root)
    assert not make_plan(grouped, RunOptions(workers=1)).tables_done
    go(grouped)
    assert ",term," in (folder.exports_dir / "sessions.csv").read_text()
    path.write_text(path.read_text().replace("min_coverage: 0.5", "min_coverage: 0.5\n  covariates: [site]"))
    asked = open_study(folder.root)
    assert asked.study.covariates == ("site",)
    assert not make_plan(asked, RunOptions(workers=1)).tables_done


def test_a_new_code_changes_only_that_session(folder: StudyFolder) -> None:
    go(folder)
    other = (folder.reports_dir / "S2.html").stat().st_mtime_ns
    path = folder.log_path("S1", "AB", "here")
    with CodeLog.open(path, coder="AB", install="here", app_version="0.1.0") as log:
        log.append("del", id="infant3")
    plan = make_plan(folder, RunOptions(workers=1))
    assert [s.report_done for s in plan.sessions] == [False, True]
    assert not plan.to_do
    run_plan(folder, plan, SilentObserver())
    assert (folder.reports_dir / "S2.html").stat().st_mtime_ns == other


def test_running_one_session_keeps_the_others_in_the_tables(folder: StudyFolder) -> None:
    go(folder)
    (folder.reports_dir / "S1.html").unlink()
    summary = go(folder, sessions=("S1",))
    assert summary.failures == {}
    assert sessions_in_tables(folder) == {"S1", "S2"}
    assert "S2.html" in (folder.reports_dir / "study.html").read_text()
    assert make_plan(folder, RunOptions(workers=1)).nothing_to_do


def test_a_session_that_was_never_run_is_named_and_not_counted(folder: StudyFolder) -> None:
    go(folder, sessions=("S1",))
    assert sessions_in_tables(folder) == {"S1"}
    page = (folder.reports_dir / "study.html").read_text()
    assert "not run yet" in page
    assert not make_plan(folder, RunOptions(workers=1)).nothing_to_do
    assert verify_study(folder).findings == []


def test_reports_of_one_session_leave_the_study_page_whole(folder: StudyFolder) -> None:
    go(folder)
    write_reports(folder, RunOptions(workers=1, sessions=("S1",)))
    assert "S2.html" in (folder.reports_dir / "study.html").read_text()
    assert verify_study(folder).findings == []


def test_a_run_makes_lost_folders_and_is_refused_while_another_one_is_at_work(folder: StudyFolder) -> None:
    for place in (folder.exports_dir, folder.reports_dir, folder.auto_dir("S1")):
        place.rmdir()
    with at_work(folder, (), "stillface run"), pytest.raises(StorageError, match="another run is at work"):
        go(folder)
    assert not list(folder.reports_dir.iterdir())
    assert go(folder).failures == {}
    assert sessions_in_tables(folder) == {"S1", "S2"}


def test_a_full_disk_in_a_step_names_the_file_and_is_no_fault_of_ours(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.root / "signals" / "heart.h5"))

    monkeypatch.setattr("stillface.pipeline.steps.save_signal", full)
    failures = go(folder).failures
    expected = "heart.h5: could not read or write: the disk is full; free some space, then save again"
    assert failures == {f"S{k}/signal:heart": expected for k in (1, 2)}


@pytest.fixture
def swapped(folder: StudyFolder) -> StudyFolder:
    """Run a study whose raw files are recorded, then put another heart in the place of S2's."""
    for k in (1, 2):
        name = f"physio/s{k}.csv"
        record_raw(folder, f"S{k}", {name: hash_of(folder.path_of(name))})
    assert go(folder).failures == {}
    raw = folder.root / "physio" / "s2.csv"
    raw.write_text(raw.read_text().replace(",0.0", ",0.1"))
    return folder


def test_another_raw_file_stops_its_session_until_it_is_accepted(
    swapped: StudyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = stored_key(swapped.signals_dir("S2") / "heart.h5")
    say_problems(make_plan(swapped, RunOptions(workers=1)))
    assert "cannot run S2: physio/s2.csv" in capsys.readouterr().err
    summary = go(swapped)
    assert list(summary.failures) == ["S2"]
    assert "physio/s2.csv: not the file that was added" in summary.failures["S2"]
    assert "stillface verify STUDY --accept physio/s2.csv --why" in summary.failures["S2"]
    assert sessions_in_tables(swapped) == {"S1"}
    page = (swapped.reports_dir / "study.html").read_text()
    assert "not the file that was added" in page
    assert "s2.csv" not in page
    assert stored_key(swapped.signals_dir("S2") / "heart.h5") == kept
    accept_files(swapped, ["physio/s2.csv"], who="LM", why="the first export was cut")
    summary = go(swapped)
    assert (summary.done, summary.failures) == (1, {})
    assert sessions_in_tables(swapped) == {"S1", "S2"}
    assert stored_key(swapped.signals_dir("S2") / "heart.h5") != kept


def test_reports_and_measures_leave_out_a_session_with_another_raw_file(swapped: StudyFolder) -> None:
    written = write_reports(swapped, RunOptions(workers=1))
    assert [path.name for path in written.files] == ["S1.html", "study.html"]
    assert [line for line in written.warnings if line.startswith("S2: physio/s2.csv: not the file")]
    measured = measure_study(swapped, RunOptions(workers=1))
    assert list(measured.sessions) == ["S1"]
    assert [line for line in measured.warnings if line.startswith("S2: physio/s2.csv: not the file")]


def test_unchanged_raw_files_are_not_read_again(
    swapped: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_plan(swapped, RunOptions(workers=1))
    opened: list[str] = []
    real = Path.open

    def watched(self: Path, *arguments: object, **more: object) -> object:
        opened.append(self.name)
        return real(self, *arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", watched)
    assert [problem.session_id for problem in make_plan(swapped, RunOptions(workers=1)).problems] == ["S2"]
    assert not [name for name in opened if name.endswith(".csv")]


def test_a_broken_signal_stops_only_its_session(folder: StudyFolder) -> None:
    (folder.root / "physio" / "s1.csv").write_text("time_s,ecg_mv\n0.0,0.1\n0.004,off\n")
    summary = go(folder)
    assert list(summary.failures) == ["S1/signal:heart"]
    assert "s1.csv:3" in summary.failures["S1/signal:heart"]
    assert sessions_in_tables(folder) == {"S1", "S2"}
    assert "s1.csv:3" not in (folder.reports_dir / "S1.html").read_text(), "no file name on a page"
    assert not make_plan(folder, RunOptions(workers=1)).nothing_to_do
    outputs = [f for f in verify_study(folder).findings if "changed after it was written" in f.what]
    assert outputs == []


def test_a_fault_of_ours_in_one_session_does_not_stop_the_others(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run_room.session_results

    def faulty(study: StudyFolder, session: Session, choice: object) -> object:
        if session.session_id == "S1":
            raise ZeroDivisionError("division by zero")
        return real(study, session, choice)  # type: ignore[arg-type]

    monkeypatch.setattr(run_room, "session_results", faulty)
    summary = go(folder)
    assert "a fault in stillface at test_run.py:" in summary.failures["S1/report"]
    assert sessions_in_tables(folder) == {"S2"}


@contextmanager
def interrupted_at(monkeypatch: pytest.MonkeyPatch, call: int) -> Iterator[None]:
    made = run_room.write_session_page
    calls = 0

    def page(*arguments: object) -> Path:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        return made(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(run_room, "write_session_page", page)
        yield


def test_an_interrupt_loses_no_finished_step(folder: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with interrupted_at(monkeypatch, 2), pytest.raises(KeyboardInterrupt):
        go(folder)
    plan = make_plan(folder, RunOptions(workers=1))
    assert not plan.to_do
    assert [session.report_done for session in plan.sessions] == [True, False]
    assert go(folder).done == 0
    assert make_plan(folder, RunOptions(workers=1)).nothing_to_do


def test_a_moved_study_has_nothing_to_do(folder: StudyFolder, tmp_path: Path) -> None:
    from stillface.io.bundle import open_study

    go(folder)
    moved = folder.root.rename(tmp_path / "elsewhere")
    assert make_plan(open_study(moved), RunOptions(workers=1)).nothing_to_do
