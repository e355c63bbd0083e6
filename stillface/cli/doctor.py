"""``stillface doctor``: whether this computer is fit for the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.check import FINDINGS
from stillface.cli.console import people, write_json

__all__ = ["doctor"]

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    study: Annotated[Path | None, typer.Argument(help="A study's folder; else the current one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON on stdout.")] = False,
) -> None:
    """Look at Python, packages, models, memory, disk and folder; change nothing, fetch nothing.

    Exit code 1 when something wants doing.
    """
    from stillface.pipeline.doctor import diagnose

    lines = diagnose(study)
    if as_json:
        write_json({"lines": [line.to_json() for line in lines]})
    else:
        for line in lines:
            style = _STYLES[line.state]
            text = f"{line.name}: {line.what}" + (f"; {line.fix}" if line.fix else "")
            people.print(f"{line.state:8}", text, style=style, markup=False)
    if any(line.state != "ok" for line in lines):
        raise typer.Exit(FINDINGS)
