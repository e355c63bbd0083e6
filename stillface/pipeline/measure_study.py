"""Measure what a study's folder holds, without running or writing anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from stillface.domain.provenance import Json
from stillface.domain.results import Measurement
from stillface.io.bundle import StudyFolder
from stillface.io.measures_table import measure_cells
from stillface.pipeline.measuring import withhold
from stillface.pipeline.outputs import statistics_of
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.results import session_results
from stillface.pipeline.study_files import Statistics
from stillface.pipeline.unpaired import study_unpaired
from stillface.pipeline.whose_codes import unsettled_warnings

__all__ = ["StudyMeasures", "measure_study"]


@dataclass(frozen=True)
class StudyMeasures:
    """What a study's codes and signals give as they stand.

    Parameters
    ----------
    sessions : dict of session_id to tuple of Measurement
        As a run would export them: below the study's coverage limit withheld.
    statistics : Statistics, optional
        None where only some sessions were asked for.
    """

    study_id: str
    sessions: dict[str, tuple[Measurement, ...]]
    statistics: Statistics | None
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """Give it as one object; the columns are those of the tables."""
        columns = Measurement.columns()
        found: dict[str, Json] = {
            "study": self.study_id,
            "sessions": [
                {
                    "session_id": session_id,
                    "rows": [
                        dict(zip(columns, map(_plain, measure_cells(row)), strict=True)) for row in rows
                    ],
                }
                for session_id, rows in self.sessions.items()
            ],
            "warnings": list(self.warnings),
        }
        if self.statistics is not None:
            parts = asdict(self.statistics)
            found["statistics"] = {
                name: [{key: _plain(cell) for key, cell in row.items()} for row in rows]
                for name, rows in parts.items()
            }
        return found


def measure_study(folder: StudyFolder, options: RunOptions) -> StudyMeasures:
    """Measure the sessions of a study, or those that the options name, from the steps that are done.

    Raises
    ------
    InputError
        A session that was asked for is not there, or a file of one is damaged.
    """
    plan = make_plan(folder, options)
    results, warnings = [], [f"{problem.session_id}: {problem.reason}" for problem in plan.problems]
    for session in plan.sessions:
        if session.wanted:
            result = session_results(folder, session.session, plan.choice)
            results.append(result)
            session_id = result.session.session_id
            undone = [f"not done yet: {step.name}" for step in session.steps if not step.done]
            warnings += [f"{session_id}: {line}" for line in (*undone, *result.warnings)]
    warnings += [*study_unpaired(results, plan.choice.rules), *unsettled_warnings(results)]
    limit = folder.study.min_coverage
    failed = {problem.session_id: problem.reason for problem in plan.problems}
    return StudyMeasures(
        folder.study.study_id,
        {r.session.session_id: tuple(withhold(row, limit) for row in r.rows) for r in results},
        None if options.sessions else statistics_of(folder, results, plan, failed),
        tuple(warnings),
    )


def _plain(cell: object) -> Json:
    return cell if cell is None or isinstance(cell, int | float) else str(cell)
