"""Write the pages of a study again, from the steps that are finished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillface.io.bundle import StudyFolder
from stillface.pipeline.outputs import write_session_page, write_study_page
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.results import session_results

__all__ = ["Written", "write_reports"]


@dataclass(frozen=True)
class Written:
    """Pages written, and what a person should read."""

    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def write_reports(folder: StudyFolder, options: RunOptions) -> Written:
    """Write each session's page and the study's; steps that are not done are named on the page."""
    plan = make_plan(folder, options)
    results, files, warnings = [], [], []
    for session in plan.sessions:
        result = session_results(folder, session.session, plan.choice)
        undone = [f"not done yet: {step.name}" for step in session.steps if not step.done]
        files.append(write_session_page(folder, result, plan, undone))
        results.append(result)
        warnings += [f"{session.session.session_id}: {line}" for line in undone] + list(result.warnings)
    failed = {problem.session_id: problem.reason for problem in plan.problems}
    files.append(write_study_page(folder, results, plan, failed))
    return Written(tuple(files), tuple(warnings))
