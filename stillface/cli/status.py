"""``stillface status``: how far each session is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillface.cli.console import people, write_json

if TYPE_CHECKING:
    from stillface.pipeline.status import SessionStatus
    from stillface.review.standing import StudyStanding

__all__ = ["status"]

_DONE_AS = {"human": "coded", "auto_reviewed": "reviewed", "consensus": "settled"}
_PASSES = {0: "-", 1: "1st", 2: "2nd"}


def status(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON on stdout.")] = False,
) -> None:
    """Show of each session what is done, how much was seen, who coded how much, what is reviewed and signed.

    First the steps of each session, then each lane: whose it is, how far it is, whether it is signed off.
    """
    from stillface.io.bundle import open_study
    from stillface.pipeline.status import study_status
    from stillface.review.standing import study_standing

    folder = open_study(study)
    states, standing = study_status(folder), study_standing(folder)
    if as_json:
        write_json(
            {
                "study": folder.study.study_id,
                "protocol": folder.study.protocol_id,
                "sessions": [
                    {
                        **state.to_json(),
                        "lanes": [lane.to_json() for lane in standing.lanes.get(state.session_id, ())],
                        "checked_out": list(standing.away.get(state.session_id, ())),
                    }
                    for state in states
                ],
                "problem": standing.problem,
            }
        )
        return
    _show(states)
    _show_lanes(standing)
    _show_remarks(states, standing)


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
            "\n".join(f"{role} {_per_cent(share)}" for role, share in sorted(state.coverage.items())) or "-",
            "\n".join(f"{coder} {_per_cent(share)}" for coder, share in state.coded.items()) or "-",
            "-" if state.reviewed is None else _per_cent(state.reviewed),
        )
    people.print(table)


def _show_lanes(standing: StudyStanding) -> None:
    """Print one line a lane, the session's name on its first, and below how many are in each state."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("session", "role", "scheme", "given", "coder", "as", "share", "state"):
        table.add_column(name, no_wrap=name not in ("session", "scheme"))
    states: Counter[str] = Counter()
    for session_id, lanes in standing.lanes.items():
        name = session_id
        for lane in lanes:
            states[lane.state] += 1
            table.add_row(
                name,
                lane.role,
                lane.scheme_id,
                _PASSES[lane.pass_no],
                lane.coder or "anybody",
                _DONE_AS[lane.kind] if lane.state != "not started" else "-",
                "-" if lane.coded_share is None else _per_cent(lane.coded_share),
                f"{lane.state} {lane.signed_t[:10]}" if lane.state == "signed off" else lane.state,
            )
            name = ""
    if states:
        people.print()
        people.print(table)
        people.print(f"{states.total()} lanes:", ", ".join(f"{n} {state}" for state, n in states.items()))


def _show_remarks(states: tuple[SessionStatus, ...], standing: StudyStanding) -> None:
    for session_id, coders in standing.away.items():
        people.print(f"note: {session_id}: checked out for {', '.join(coders)}", style="dim", markup=False)
    for state in states:
        for remark in state.remarks:
            people.print(f"note: {state.session_id}: {remark}", style="dim", markup=False)
        if state.problem:
            people.print(f"problem: {state.session_id}: {state.problem}", style="bold red", markup=False)
    for session_id, lanes in standing.lanes.items():
        for lane in lanes:
            if lane.problem:
                told = f"{session_id}: {lane.coder}: {lane.role} {lane.scheme_id}, {lane.problem}"
                people.print(f"problem: {told}", style="bold red", markup=False)
    if standing.problem:
        told = f"who was given what is not known: {standing.problem}"
        people.print(f"problem: {told}", style="bold red", markup=False)


def _per_cent(share: float) -> str:
    return f"{100 * share:.0f} %"
