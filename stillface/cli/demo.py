"""``stillface demo``: the whole job on the built-in dyad, truth against what was found."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.console import people, results, write_json
from stillface.cli.run import PARTIAL, carry_out

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(help="Folder of the demo's study.")] = Path("demo-study"),
    workers: Annotated[int, typer.Option(min=1, help="Processes for tracking.")] = os.cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="Truth against found as JSON on stdout.")] = False,
) -> None:
    """Make a study of the built-in dyad, run the whole job, and compare with the known truth."""
    from stillface.pipeline.demo import SESSION_ID, compare_with_truth, demo_study
    from stillface.pipeline.plan import RunOptions, make_plan
    from stillface.pipeline.results import session_results

    if not (out / "study.yaml").exists():
        people.print("Drawing two films of 120 s and simulating two bodies (about a minute, once) ...")
    folder = demo_study(out)
    plan = make_plan(folder, RunOptions(workers))
    summary = carry_out(folder, plan, quiet=False)
    if summary.failures:
        raise typer.Exit(PARTIAL)
    found = session_results(folder, folder.load_session(SESSION_ID), plan.choice)
    lines = compare_with_truth(found)
    if as_json:
        write_json({line.what: {"truth": line.truth, "found": line.found} for line in lines})
    else:
        _show([(line.what, line.truth, line.found) for line in lines])
    people.print(
        "The stand-ins are drawn: agreement with their script tests the plumbing and is no accuracy on "
        "people."
    )
    people.print(f"Open the report: {(folder.reports_dir / f'{SESSION_ID}.html').resolve()}", markup=False)
    people.print(f"Tables are in:   {folder.exports_dir.resolve()}", markup=False)
    # As it was called: who has not activated the environment could not call it by its name.
    program = "python -m stillface" if sys.argv[0].endswith("__main__.py") else sys.argv[0]
    people.print(f"Code and review: {program} open {out}", markup=False)


def _show(lines: list[tuple[str, str, str]]) -> None:
    from rich.table import Table

    table = Table("what", "truth", "found", title="Built-in dyad: truth against what was found")
    for line in lines:
        table.add_row(*line)
    results.print(table)
