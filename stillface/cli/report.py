"""``stillface report``: write the pages again from what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.console import people, say_warnings

__all__ = ["report"]


def report(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    session: Annotated[list[str] | None, typer.Option(help="Only this session; may be repeated.")] = None,
    include_auto: Annotated[
        bool, typer.Option("--include-auto", help="Analyse machine proposals where no person has coded.")
    ] = False,
    coder: Annotated[
        list[str] | None, typer.Option(help="Of several codings analyse this coder's; may be repeated.")
    ] = None,
) -> None:
    """Write session and study pages from finished steps; nothing is tracked or coded anew."""
    from stillface.io.bundle import open_study
    from stillface.pipeline.plan import RunOptions
    from stillface.pipeline.reports import write_reports

    folder = open_study(study)
    options = RunOptions(1, tuple(session or ()), include_auto, tuple(coder or ()))
    written = write_reports(folder, options)
    say_warnings(written.warnings)
    for path in written.files:
        people.print(f"  {path}", markup=False)
