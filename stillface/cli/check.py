"""``stillface check``: what a person should look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillface.cli.console import people, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillface.pipeline.findings import Finding

__all__ = ["FINDINGS", "check", "show_findings"]

FINDINGS = 1
_MOST_NOTES = 20
_STYLES = {"problem": "bold red", "warning": "yellow", "note": "dim"}


def check(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    session: Annotated[list[str] | None, typer.Option(help="Only this session; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON on stdout.")] = False,
) -> None:
    """Look at files, people, episodes, clocks, coverage, hearts and codes; change nothing.

    Exit code 1 when there are problems or warnings; notes alone give 0.
    """
    from stillface.io.bundle import open_study
    from stillface.pipeline.checks import check_study
    from stillface.pipeline.findings import found

    folder = open_study(study)
    with people.status("looking") as status:
        summary = check_study(
            folder,
            sessions=tuple(session or ()),
            progress=lambda done, total, name: status.update(f"{done + 1} of {total}: {name}"),
        )
    if as_json:
        write_json({"sessions": summary.n_sessions, "findings": [f.to_json() for f in summary.findings]})
    else:
        show_findings(summary.findings)
        counts = [
            f"{sum(f.severity == severity for f in summary.findings)} {severity}s" for severity in _STYLES
        ]
        people.print(f"{summary.n_sessions} sessions: {', '.join(counts)}.")
    if found(summary.findings):
        raise typer.Exit(FINDINGS)


def show_findings(findings: Iterable[Finding]) -> None:
    """Print one line a finding; of notes, the first twenty and how many more there are."""
    shown = list(findings)
    notes = [finding for finding in shown if finding.severity == "note"]
    for finding in shown[: len(shown) - max(0, len(notes) - _MOST_NOTES)]:
        people.print(f"{finding.severity}:", finding.line, style=_STYLES[finding.severity], markup=False)
    if len(notes) > _MOST_NOTES:
        people.print(f"... and {len(notes) - _MOST_NOTES} more notes (--json has all)", style=_STYLES["note"])
