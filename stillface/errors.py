"""One family of errors, each saying in one line what, where, got, expected and what to do.

The command line turns ``exit_code`` into the process's exit status, so a caller in a script
and a person at a terminal learn the same thing.
"""

from __future__ import annotations

__all__ = [
    "FieldError",
    "InputError",
    "MissingExtraError",
    "StillfaceError",
    "StorageError",
    "UsageError",
]


class StillfaceError(Exception):
    """Base of every error that stillface raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in a few words.
    where : str, optional
        ``file:line``, record or field; printed first.
    got, expected : object, optional
        The offending value and what would have been accepted.
    fix : str, optional
        What the person can do about it.
    """

    exit_code = 3

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        got: object = None,
        expected: object = None,
        fix: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.got = got
        self.expected = expected
        self.fix = fix
        super().__init__(self._line())

    def _line(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        details = [
            f"{name} {_shown(value)}"
            for name, value in (("got", self.got), ("expected", self.expected))
            if value is not None
        ]
        if details:
            line += ": " + ", ".join(details)
        if self.fix:
            line += f"; {self.fix}"
        return " ".join(line.split())


class InputError(StillfaceError):
    """A file, table or recording that cannot be used as it is (exit 3)."""


class FieldError(InputError, ValueError):
    """A domain object refused a field; ``where`` names ``Class.field`` (exit 3)."""


class UsageError(StillfaceError):
    """A command or call whose arguments do not fit together (exit 2)."""

    exit_code = 2


class StorageError(StillfaceError):
    """The disk, share or lock did not let us read or write (exit 4)."""

    exit_code = 4


class MissingExtraError(StillfaceError, ImportError):
    """A part needs an optional dependency; names the ``pip install`` that brings it (exit 2)."""

    exit_code = 2

    def __init__(self, package: str, extra: str, *, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the package {package!r}, which is not installed",
            fix=f'run: pip install "stillface[{extra}]"',
        )
        self.package = package
        self.extra = extra


def _shown(value: object) -> str:
    """Give a value short enough for one line; strings keep quotes so blanks can be seen."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
