"""The commands of ``stillface``, registered; one file a command holds what it does."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stillface import __version__
from stillface.cli import add, agreement, check, demo, doctor, measure, new, physio, report, status, verify
from stillface.cli import open as open_command
from stillface.cli import run as run_command
from stillface.cli.mistyped import Commands, ParserError, usage_error

__all__ = ["app", "command_line"]

MISUSED = 2

app = typer.Typer(
    name="stillface",
    cls=Commands,
    help="Code, review and measure the Still-Face Paradigm. Everything stays on this computer.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("new")(new.new)
app.command("add")(add.add)
app.command("check")(check.check)
app.command("run")(run_command.run)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("physio")(physio.physio)
app.command("measure")(measure.measure)
app.command("agreement")(agreement.agreement)
app.command("open")(open_command.open_window)
app.command("verify")(verify.verify)
app.command("doctor")(doctor.doctor)


def _version(show: bool) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command; ``--debug`` is read from the arguments by ``run``."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(MISUSED)


def command_line() -> int:
    """Run the command that the arguments name.

    Returns
    -------
    int
        The exit code that the command asked for.

    Raises
    ------
    UsageError
        Arguments that the command does not have.
    StillfaceError, OSError, KeyboardInterrupt
        As the command raises them.
    """
    try:
        return app(prog_name="stillface", standalone_mode=False) or 0
    except ParserError as error:
        raise usage_error(error, sys.argv[1:]) from error
    except typer.Abort:  # Ctrl-C, or no more input, at a question
        raise KeyboardInterrupt from None
