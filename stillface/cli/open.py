"""``stillface open``: start the window."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from stillface.contracts.registry import missing_extra
from stillface.errors import UsageError

__all__ = ["open_window"]

_WINDOW = "stillface-gui"


def open_window(
    study: Annotated[Path | None, typer.Argument(help="The study's folder; asked for without it.")] = None,
    session: Annotated[str | None, typer.Argument(help="The session's id; asked for without it.")] = None,
    coder: Annotated[str | None, typer.Option(help="Who you are; asked for without it.")] = None,
    keys: Annotated[str | None, typer.Option(help="Profile of keys.")] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Show nothing of the machine's.")] = False,
    light: Annotated[bool, typer.Option("--light", help="Light colours.")] = False,
) -> None:
    """Open the window in which people code and review."""
    # By its entry point: the window is a program beside this one, and either can be there without the other.
    found = tuple(entry_points(group="gui_scripts", name=_WINDOW))
    if not found:
        raise UsageError("the window is not installed", fix='pip install "stillface[gui]"')
    try:
        start = found[0].load()
    except ModuleNotFoundError as error:
        raise missing_extra(error, needed_for="the window") from error
    words = [str(study)] if study is not None else []
    words += [session] if session is not None else []
    for name, value in (("--coder", coder), ("--keys", keys)):
        words += [name, value] if value is not None else []
    words += ["--blind"] if blind else []
    words += ["--light"] if light else []
    sys.exit(start(words))
