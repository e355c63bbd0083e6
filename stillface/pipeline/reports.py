"""Write the pages of a study again, from the steps that are finished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillface.io.bundle import StudyFolder
from stillface.pipeline.at_work import at_work
from stillface.pipeline.ledger import INCOMPLETE, Ledger
from stillface.pipeline.outputs import statistics_of, write_session_page, write_study_page
from stillface.pipeline.plan import Plan, RunOptions, make_plan, open_ledger
from stillface.pipeline.remarks import kept_remarks
from stillface.pipeline.results import session_results

__all__ = ["Written", "write_reports"]


@dataclass(frozen=True)
class Written:
    """Pages written, and what a person should read."""

    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def write_reports(folder: StudyFolder, options: RunOptions) -> Written:
    """Write each wanted session's page and the study's; steps that are not done are named on the page."""
    plan, ledger = make_plan(folder, options), open_ledger(folder)
    failed = {problem.session_id: problem.reason for problem in plan.problems}
    session_ids = [session.session.session_id for session in plan.sessions]
    with at_work(folder, session_ids, "stillface report") as warnings:
        written = _write(folder, plan, ledger, failed)
    told = [f"{session_id}: {reason}" for session_id, reason in failed.items()]
    return Written(written.files, (*warnings, *told, *written.warnings))


def _write(folder: StudyFolder, plan: Plan, ledger: Ledger, failed: dict[str, str]) -> Written:
    results, files, warnings = [], [], []
    whole = not plan.problems
    for session in plan.sessions:
        result = session_results(folder, session.session, plan.choice)
        results.append(result)
        undone = [f"not done yet: {step.name}" for step in session.steps if not step.done]
        whole = whole and not undone
        if not session.wanted:
            continue
        said = kept_remarks(folder, session.session.session_id, session.steps)
        files.append(write_session_page(folder, result, plan, [*said, *undone]))
        ledger.enter(files[-1:], INCOMPLETE if undone else session.key)
        warnings += [f"{session.session.session_id}: {line}" for line in undone] + list(result.warnings)
    statistics = statistics_of(folder, results, plan, failed)
    files.append(write_study_page(folder, results, plan, failed, statistics))
    ledger.enter(files[-1:], plan.key if whole else INCOMPLETE)
    return Written(tuple(files), tuple(warnings))
