"""Where the ``stillface`` command starts: turns errors and Ctrl-C into one line at most and an exit code.

Light on purpose: until ``run`` watches for Ctrl-C, a person's interrupt would end in a traceback.
"""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["run"]

IO_ERROR = 4
INTERNAL_ERROR = 70
INTERRUPTED = 130


def run() -> None:
    """Run the command line; the exit codes are those of DESIGN."""
    before = signal.getsignal(signal.SIGINT)
    # Nothing is open yet, and a library interrupted in its import may say anything: leave at once.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        from stillface.cli.app import command_line
        from stillface.cli.console import say_error
        from stillface.errors import StillfaceError
    finally:
        signal.signal(signal.SIGINT, before)
    debug = "--debug" in sys.argv
    try:
        code = command_line()
    except StillfaceError as error:
        if debug:
            raise
        say_error(str(error))
        code = error.exit_code
    except OSError as error:
        if debug:
            raise
        say_error(_in_words(error))
        code = IO_ERROR
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # the last door: a person gets one line, not a traceback
        if debug:
            raise
        say_error(
            f"a fault in stillface ({type(error).__name__}: {error}); run again with --debug and report it"
        )
        code = INTERNAL_ERROR
    sys.exit(code)


def _in_words(error: OSError) -> str:
    """Name the file, what is wrong with the disk and what to do about it."""
    from pathlib import Path

    from stillface.io.durable import storage_error

    name = str(error.filename or "a file of the study")
    return str(storage_error(error, Path(name), "could not read or write"))
