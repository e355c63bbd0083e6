"""``stillface status``: how far each session is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillface.cli.console import people, write_json

if TYPE_CHECKING:
    from stillface.pipeline.status import SessionStatus

__all__ = ["status"]


def status(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON on stdout.")] = False,
) -> None:
    """Show of each session what is done, how much was seen, who coded how much, what is reviewed."""
    from stillface.io.bundle import open_study
    from stillface.pipeline.status import study_status

    folder = open_study(study)
    states = study_status(folder)
    if as_json:
        write_json(
            {
                "study": folder.study.study_id,
                "protocol": folder.study.protocol_id,
                "sessions": [state.to_json() for state in states],
            }
        )
        return
    _show(states)


def _show(states: tuple[SessionStatus, ...]) -> None:
    from rich.table import Table

    from stillface.pipeline.status import STEP_KINDS

    names = ("session", "dyad", *STEP_KINDS, "report", "face seen", "coded by", "reviewed")
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, no_wrap=name in ("face seen", "coded by"))
    for state in states:
        steps = [state.steps.get(kind) for kind in STEP_KINDS]
        table.add_row(
            state.session_id,
            state.dyad_id,
            *("-" if step is None else f"{step[0]}/{step[1]}" for step in steps),
            state.report,
            "\n".join(f"{role} {100 * share:.0f} %" for role, share in sorted(state.coverage.items())) or "-",
            "\n".join(f"{coder} {100 * share:.0f} %" for coder, share in state.coded.items()) or "-",
            "-" if state.reviewed is None else f"{100 * state.reviewed:.0f} %",
        )
    people.print(table)
    for state in states:
        for remark in state.remarks:
            people.print(f"note: {state.session_id}: {remark}", style="dim", markup=False)
        if state.problem:
            people.print(f"problem: {state.session_id}: {state.problem}", style="bold red", markup=False)
