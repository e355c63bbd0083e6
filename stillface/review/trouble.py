"""What a coder reads when something fails, and what the lab's manager needs to mend it."""

from __future__ import annotations

import platform
import re
import sys
import traceback
from pathlib import Path

from stillface import __version__
from stillface.errors import StillfaceError
from stillface.io.code_log_record import system_clock

__all__ = ["coder_line", "details", "situation"]

_PATH = re.compile(r"(?<!\w)(?:[A-Za-z]:)?(?:[\\/]{1,2}[^\\/\s'\":;,()]+)+[\\/]([^\\/\s'\":;,()]+)")
_UNEXPECTED = "Something went wrong that should not have. Your saved work is safe."


def coder_line(error: BaseException) -> str:
    """Give one sentence or two for a coder: what is wrong and what to do, without any path."""
    if not isinstance(error, StillfaceError):
        return _UNEXPECTED
    parts = [error.what, error.fix or ""]
    text = ". ".join(part[:1].upper() + part[1:] for part in parts if part)
    return _PATH.sub(r"\1", text) + "."


def details(error: BaseException, doing: str = "") -> str:
    """Give everything a manager needs, as text; the home folder's name is left out.

    Parameters
    ----------
    error : BaseException
    doing : str
        What the coder was doing.
    """
    trace = "".join(traceback.format_exception(error))
    return situation(f"doing: {doing or 'not known'}", f"{type(error).__name__}: {error}", trace)


def situation(*lines: str) -> str:
    """Head lines for the manager with program, system and time; the home folder's name is left out."""
    here = f"stillface {__version__}, Python {platform.python_version()}, {sys.platform}, {system_clock()[0]}"
    return "\n".join((here, *lines)).replace(str(Path.home()), "~")
