"""Carry out a plan: step by step, each result safe on disk before the next begins."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stillface.contracts.tracker import Progress
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.io.durable import storage_error
from stillface.pipeline.at_work import at_work
from stillface.pipeline.ledger import INCOMPLETE
from stillface.pipeline.outputs import (
    statistics_of,
    write_session_page,
    write_study_page,
    write_study_statistics,
    write_tables,
)
from stillface.pipeline.plan import Plan, SessionPlan, open_ledger
from stillface.pipeline.remarks import keep_remarks, kept_remarks
from stillface.pipeline.results import SessionResults, session_results
from stillface.pipeline.runlog import RunLog
from stillface.pipeline.steps import Remarks, Step, Work
from stillface.pipeline.unpaired import study_unpaired
from stillface.pipeline.whose_codes import unsettled_warnings, whose_codes

__all__ = ["Observer", "RunSummary", "SilentObserver", "run_plan"]


class Observer(Protocol):
    """Told what happens, so that a person can watch."""

    def started(self, session_id: str, step: str) -> Progress:
        """Learn that a step began, and give what its progress is told to."""
        ...

    def finished(self, session_id: str, step: str, seconds: float) -> None:
        """Learn that a step ended well."""
        ...

    def failed(self, session_id: str, step: str, reason: str) -> None:
        """Learn that a step failed; other sessions go on."""
        ...


class SilentObserver:
    """Watches nothing."""

    def started(self, session_id: str, step: str) -> Progress:
        """Give a progress that is ignored."""
        return lambda done, total: None

    def finished(self, session_id: str, step: str, seconds: float) -> None:
        """Ignore."""

    def failed(self, session_id: str, step: str, reason: str) -> None:
        """Ignore."""


@dataclass
class RunSummary:
    """What a run did.

    Parameters
    ----------
    done, cached : int
        Steps carried out, and steps whose results were there already.
    failures : dict of str to str
        Reason by ``session/step``.
    notes, warnings : list of str
        What the steps had to say.
    files : list of Path
        Tables and pages written.
    seconds : float
    """

    done: int = 0
    cached: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    seconds: float = 0.0


def run_plan(folder: StudyFolder, plan: Plan, observer: Observer) -> RunSummary:
    """Do what the plan says is to do.

    A session whose step fails is reported and the others go on. An interrupt loses no finished step.
    Tables and pages that rest on a failed step are written but not entered as current, so that the next
    run makes them again.

    Raises
    ------
    StorageError
        Another run of this study is at work, or the log of the run cannot be written.
    """
    summary = RunSummary(cached=plan.n_done)
    asked = (problem for problem in plan.problems if problem.wanted)
    summary.failures.update({problem.session_id: problem.reason for problem in asked})
    began = time.monotonic()
    session_ids = [session.session.session_id for session in plan.sessions]
    with at_work(folder, session_ids, "stillface run") as warnings, RunLog(folder.logs_dir) as log:
        summary.warnings += warnings
        runner = _Runner(folder, plan, observer, log, summary)
        whole = [session for session in plan.sessions if runner.steps(session)]
        runner.outputs(whole)
    summary.seconds = time.monotonic() - began
    return summary


@dataclass
class _Runner:
    folder: StudyFolder
    plan: Plan
    observer: Observer
    log: RunLog
    summary: RunSummary
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def steps(self, session: SessionPlan) -> bool:
        """Do a session's steps if they are wanted; tell whether all are done now."""
        session_id = session.session.session_id
        if not session.wanted:
            return all(step.done for step in session.steps)
        broken: set[str] = set()
        for step in session.steps:
            if step.done:
                continue
            if broken.intersection(step.needs):
                broken.add(step.name)
                continue
            remarks = self._try(session_id, step.name, self._remembering(step))
            if remarks is None:
                broken.add(step.name)
            else:
                self.summary.done += 1
                self.summary.notes += remarks.notes
                self.warnings.setdefault(session_id, []).extend(remarks.warnings)
        return not broken

    def _remembering(self, step: Step) -> Work:
        """Do a step and keep what it said for pages made later."""

        def work(progress: Progress) -> Remarks:
            remarks = step.work(progress)
            keep_remarks(self.folder, step, remarks.warnings)
            return remarks

        return work

    def outputs(self, whole: list[SessionPlan]) -> None:
        """Write what changed of the tables and pages."""
        plan, ledger = self.plan, open_ledger(self.folder)
        complete = len(whole) == len(plan.sessions) and not plan.problems
        if plan.tables_done and plan.report_done and all(s.report_done for s in plan.sessions) and complete:
            return
        results: dict[str, SessionResults] = {}
        lost = {problem.session_id: problem.reason for problem in plan.problems}
        for session in plan.sessions:
            session_id = session.session.session_id
            if not session.wanted and session not in whole:
                lost[session_id] = "not run yet"
                continue

            def page(progress: Progress, session: SessionPlan = session) -> Remarks:
                result = session_results(self.folder, session.session, plan.choice)
                results[session.session.session_id] = result
                if session.report_done or not session.wanted:
                    return Remarks()
                said = kept_remarks(self.folder, session.session.session_id, session.steps)
                said = (*said, *self._failures_of(session))
                path = write_session_page(self.folder, result, plan, said)
                ledger.enter([path], session.key if session in whole else INCOMPLETE)
                self.summary.files.append(path)
                return Remarks(_analysed(result), (*result.session.duration_warnings(), *result.warnings))

            name = "report" if session.wanted else "results"
            found = self._try(session_id, name, page, told=session.wanted)
            if found is None:
                lost[session_id] = "its results could not be computed"
            self.summary.notes += found.notes if found else ()
            mine = [*self.warnings.get(session_id, []), *(found.warnings if found else ())]
            self.summary.warnings += [f"{session_id}: {line}" for line in mine]
        self._study([results[name] for name in results if name not in lost], lost, complete)

    def _study(self, results: list[SessionResults], lost: dict[str, str], complete: bool) -> None:
        plan, ledger = self.plan, open_ledger(self.folder)

        def tables(progress: Progress) -> Remarks:
            files = write_tables(self.folder, results)
            statistics = statistics_of(self.folder, results, plan, lost)
            files += write_study_statistics(self.folder, results, statistics)
            page = write_study_page(self.folder, results, plan, lost, statistics)
            self.summary.files += [*files, page]
            whole = complete and not self.summary.failures and not lost
            ledger.enter([*files, page], plan.key if whole else INCOMPLETE)
            self.summary.warnings += study_unpaired(results, plan.choice.rules)
            self.summary.warnings += unsettled_warnings(results)
            return Remarks()

        self._try("", "tables and study page", tables)

    def _failures_of(self, session: SessionPlan) -> list[str]:
        prefix = f"{session.session.session_id}/"
        return [f"{name}: {why}" for name, why in self.summary.failures.items() if name.startswith(prefix)]

    def _try(self, session_id: str, name: str, work: Work, *, told: bool = True) -> Remarks | None:
        """Do one thing; None when it failed, which is logged and no reason to stop.

        It is ``told`` too, and a failure of the run, but for sessions that were not asked for: the study's
        page alone names those.
        """
        observer = self.observer if told else SilentObserver()
        progress = observer.started(session_id, name)
        began = time.monotonic()
        try:
            remarks = work(progress)
        except StillfaceError as error:
            self._failed(session_id, name, error, str(error), told=told)
            return None
        except OSError as error:
            place = Path(str(error.filename or "a file of the study"))
            refused = storage_error(error, place, "could not read or write")
            self._failed(session_id, name, error, str(refused), told=told)
            return None
        except Exception as error:  # noqa: BLE001  a fault of ours in one visit must not stop hundreds
            # The place makes the fault findable; the file's name alone, for a log holds no machine path.
            last = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{Path(last.filename).name}:{last.lineno}"
            reason = f"a fault in stillface at {line}: {error!r}; please report it"
            self._failed(session_id, name, error, reason, told=told)
            return None
        seconds = time.monotonic() - began
        observer.finished(session_id, name, seconds)
        self.log.write("done", session=session_id, step=name, seconds=round(seconds, 3))
        return remarks

    def _failed(self, session_id: str, name: str, error: Exception, reason: str, *, told: bool) -> None:
        if told:
            self.summary.failures[f"{session_id}/{name}"] = reason
            self.observer.failed(session_id, name, reason)
        self.log.write("failed", session=session_id, step=name, error=type(error).__name__)


def _analysed(result: SessionResults) -> tuple[str, ...]:
    """Say whose codes a page and the tables rest on."""
    streams = whose_codes(result)
    return (f"{result.session.session_id}: codes analysed: {'; '.join(streams)}",) if streams else ()
