"""``stillface run``: a plan, checked before it starts, then its steps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillface.cli.console import people, say_warnings, write_json

if TYPE_CHECKING:
    from stillface.io.bundle import StudyFolder
    from stillface.pipeline.plan import Plan
    from stillface.pipeline.run import RunSummary

__all__ = ["PARTIAL", "carry_out", "run"]

PARTIAL = 5


def run(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    session: Annotated[list[str] | None, typer.Option(help="Only this session; may be repeated.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes for tracking.")] = os.cpu_count() or 1,
    include_auto: Annotated[
        bool, typer.Option("--include-auto", help="Analyse machine proposals where no person has coded.")
    ] = False,
    coder: Annotated[
        list[str] | None, typer.Option(help="Of several codings analyse this coder's; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Errors and warnings only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")] = False,
) -> None:
    """Track, propose codes, find beats, measure and report; what is there already is not done again."""
    from stillface.io.bundle import open_study
    from stillface.pipeline.plan import RunOptions, make_plan

    folder = open_study(study)
    options = RunOptions(workers, tuple(session or ()), include_auto, tuple(coder or ()))
    plan = make_plan(folder, options)
    if quiet:
        say_problems(plan)
    else:
        show_plan(plan)
    if dry_run:
        return
    summary = carry_out(folder, plan, quiet=quiet)
    if as_json:
        write_json(
            {
                "done": summary.done,
                "cached": summary.cached,
                "failures": dict(summary.failures),
                "files": [path.relative_to(folder.root).as_posix() for path in summary.files],
                "seconds": round(summary.seconds, 3),
            }
        )
    if summary.failures:
        raise typer.Exit(PARTIAL)


def carry_out(folder: StudyFolder, plan: Plan, *, quiet: bool) -> RunSummary:
    """Do a plan while a person watches, and say what came of it."""
    from stillface.cli.watch import Watcher
    from stillface.pipeline.run import RunSummary, run_plan

    if plan.nothing_to_do and not plan.problems:
        return RunSummary(cached=plan.n_done)
    try:
        with Watcher(quiet=quiet) as watcher:
            summary = run_plan(folder, plan, watcher)
    except KeyboardInterrupt:
        people.print("Interrupted. Finished steps are kept; the same command goes on from here.")
        raise
    if not quiet:
        for note in summary.notes:
            people.print(f"  {note}", markup=False)
        say_warnings(summary.warnings)
        people.print(
            f"{summary.done} steps done, {summary.cached} up to date, {len(summary.failures)} failed, "
            f"{len(summary.files)} tables and pages written, {summary.seconds:.0f} s."
        )
        people.print(f"  tables   {folder.exports_dir}", markup=False)
        people.print(f"  reports  {folder.reports_dir / 'study.html'}", markup=False)
    return summary


def say_problems(plan: Plan) -> None:
    """Say which sessions cannot be run, and why."""
    for problem in (problem for problem in plan.problems if problem.wanted):
        people.print(f"cannot run {problem.session_id}: {problem.reason}", style="bold red", markup=False)


def show_plan(plan: Plan) -> None:
    """Say what is there, what is to do, what is missing, and about how long it will take."""
    say_problems(plan)
    if plan.nothing_to_do:
        people.print(f"Nothing to do: all {plan.n_done} steps, tables and reports are up to date.")
        return
    minutes = plan.estimate_s / 60
    pages = plan.n_pages_to_do
    people.print(
        f"{len(plan.sessions)} sessions: {len(plan.to_do)} steps to do, {plan.n_done} up to date; "
        f"{pages} page{'s' * (pages > 1)} and the tables to write; about {max(minutes, 0.1):.1f} minutes."
    )
    for step in plan.to_do:
        people.print(f"  to do  {step.session_id} {step.name}", markup=False)
