"""``stillface verify``: whether every file is still what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.check import FINDINGS, show_findings
from stillface.cli.console import people, write_json

__all__ = ["verify"]


def verify(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Raw file, changed on purpose, to take as right from now on; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON on stdout.")] = False,
) -> None:
    """Read every byte of artefacts, code logs, outputs and raw files and compare it with its hash.

    Exit code 1 when something is not what it was.
    """
    from stillface.io.bundle import open_study
    from stillface.pipeline.verify import accept_file, verify_study

    folder = open_study(study)
    for name in accept or ():
        sessions = accept_file(folder, name)
        people.print(f"{name}: accepted as it is, in {', '.join(sessions)}", markup=False)
    with people.status("reading") as status:
        summary = verify_study(folder, progress=lambda name: status.update(f"reading {name}"))
    if as_json:
        write_json(
            {
                "checked": dict(summary.checked),
                "unrecorded": summary.unrecorded,
                "findings": [finding.to_json() for finding in summary.findings],
            }
        )
    else:
        show_findings(summary.findings)
        read = ", ".join(f"{count} {kind}" for kind, count in summary.checked.items())
        people.print(f"Read {read}: {len(summary.findings)} not as they were.")
        if summary.unrecorded:
            people.print(
                f"{summary.unrecorded} raw files were never hashed (added by hand, not run yet): "
                "a change in them cannot be seen."
            )
    if summary.findings:
        raise typer.Exit(FINDINGS)
