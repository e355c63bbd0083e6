"""The ``stillface`` command: registers the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from stillface import __version__
from stillface.cli import add, agreement, check, demo, doctor, measure, new, physio, report, status, verify
from stillface.cli import open as open_command
from stillface.cli import run as run_command
from stillface.cli.console import say_error
from stillface.errors import StillfaceError

__all__ = ["app", "run"]

IO_ERROR = 4
INTERNAL_ERROR = 70

app = typer.Typer(
    name="stillface",
    help="Code, review and measure the Still-Face Paradigm. Everything stays on this computer.",
    no_args_is_help=True,
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
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command; ``--debug`` is read from the arguments by ``run``."""


def run() -> None:
    """Run the command line; the exit codes are those of DESIGN."""
    debug = "--debug" in sys.argv
    try:
        app()
    except StillfaceError as error:
        if debug:
            raise
        say_error(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if debug:
            raise
        say_error(f"{error.filename or 'the disk'}: {error.strerror or error}")
        sys.exit(IO_ERROR)
    except Exception as error:  # the last door: a person gets one line, not a traceback
        if debug:
            raise
        say_error(
            f"a fault in stillface ({type(error).__name__}: {error}); run again with --debug and report it"
        )
        sys.exit(INTERNAL_ERROR)
