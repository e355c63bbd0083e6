"""Values of a settings file that know their line, and the typed readers over them.

Scalars stay text until a reader asks for a type: see `stillface.io.strict_yaml`, which makes them.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from stillface.errors import FieldError, InputError

__all__ = ["Node", "Plain", "nearest", "resolve", "surprise_in"]

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None
T = TypeVar("T")

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OLD_BOOL = re.compile(r"(?i:yes|no|on|off|y|n)")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_ODD_INT = re.compile(r"[-+]?(0[0-9_]+|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9]+(_[0-9_]*)+)")
_NOT_FINITE = re.compile(r"(?i:[-+]?\.inf|\.nan)")


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file, with its place.

    Attributes
    ----------
    value : str or tuple of Node or dict of str to Node
        Text of a scalar, the items of a list, or the entries of a mapping in file order.
    where : str
        ``file:line`` of the value.
    name : str
        Path of keys from the top (``episodes[2].nominal_s``), used in error lines.
    quoted : bool
        Whether a scalar stood in quotes or in a text block; then it is text and nothing else.
    """

    value: str | tuple[Node, ...] | dict[str, Node]
    where: str
    name: str
    quoted: bool = False

    @property
    def is_null(self) -> bool:
        """Whether the value is empty, ``~`` or ``null``."""
        return self._plain_match(_NULL)

    def fields(self, *, required: Collection[str] = (), optional: Collection[str] = ()) -> dict[str, Node]:
        """Give the entries of a mapping whose keys are known beforehand.

        A key that is missing, or that is neither required nor optional, is an error; the nearest
        known key is suggested. An optional key whose value is null counts as not given.
        """
        entries = self.entries()
        known = [*required, *optional]
        for key, node in entries.items():
            if key not in known:
                raise InputError(
                    f"unknown key in {self.name or 'this file'}",
                    where=node.where,
                    got=key,
                    expected=f"one of {', '.join(known)}",
                    fix=nearest(key, known),
                )
        for key in required:
            if key not in entries:
                raise InputError(
                    f"a key is missing in {self.name or 'this file'}",
                    where=self.where,
                    got=f"keys {', '.join(entries) or '(none)'}",
                    expected=key,
                    fix=f"add the key {key}",
                )
        return {k: n for k, n in entries.items() if k in required or not n.is_null}

    def entries(self) -> dict[str, Node]:
        """Give the entries of a mapping whose keys are free (code names, role names)."""
        if not isinstance(self.value, dict):
            raise self.error("not a mapping", expected="lines of 'key: value'")
        return self.value

    def items(self) -> tuple[Node, ...]:
        """Give the items of a list."""
        if not isinstance(self.value, tuple):
            raise self.error("not a list", expected="a list, [a, b] or lines that start with '-'")
        return self.value

    def text(self) -> str:
        """Give a text; a plain ``1.10``, ``true`` or nothing at all is refused: quote it."""
        if not isinstance(self.value, str):
            raise self.error("not a text", expected="a text")
        if self.quoted:
            return self.value
        if self.is_null:
            raise self.error(
                "no value where a text is expected",
                got="nothing",
                expected="a text",
                fix="write the text; one that starts with # must be in quotes",
            )
        if isinstance(self.plain(), str):
            return self.value
        raise self.error(
            "a number or true/false where a text is expected",
            expected="a text",
            fix=f'quote it: "{self.value}"',
        )

    def texts(self) -> tuple[str, ...]:
        """Give a list of texts."""
        return tuple(item.text() for item in self.items())

    def integer(self) -> int:
        """Give a whole number, written in decimal digits."""
        if not self._plain_match(_INT):
            raise self.error("not a whole number", expected="a whole number such as 120")
        return int(str(self.value))

    def number(self) -> float:
        """Give a finite number; whole numbers are accepted."""
        if not self._plain_match(_FLOAT):
            raise self.error("not a number", expected="a number such as 120 or 0.5")
        return float(str(self.value))

    def boolean(self) -> bool:
        """Give true or false, which must be spelled so."""
        if self._plain_match(_TRUE):
            return True
        if self._plain_match(_FALSE):
            return False
        raise self.error("not true or false", expected="true or false, without quotes")

    def choice(self, allowed: Collection[str]) -> str:
        """Give a text which must be one of `allowed`."""
        value = self.text()
        if value not in allowed:
            raise self.error(
                "not a known value",
                expected=f"one of {', '.join(allowed)}",
                fix=nearest(value, allowed),
            )
        return value

    def plain(self) -> Plain:
        """Give the value as ordinary Python objects, typed as YAML 1.2 would."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value if self.quoted else resolve(self.value)

    def build(self, make: Callable[..., T], /, *args: object, **kwargs: object) -> T:
        """Call `make`; if it refuses a field, put this node's file and line on the error."""
        try:
            return make(*args, **kwargs)
        except FieldError as refused:
            raise InputError(
                f"{refused.what} ({refused.where})" if refused.where else refused.what,
                where=self.where,
                got=refused.got,
                expected=refused.expected,
                fix=refused.fix,
            ) from refused

    def error(
        self, what: str, *, got: object = None, expected: object = None, fix: str | None = None
    ) -> InputError:
        """Make an error that names this value's file, line and key."""
        if got is None:
            got = self.value if isinstance(self.value, str) else _shape(self.value)
        subject = f"{self.name}: {what}" if self.name else what
        return InputError(subject, where=self.where, got=got, expected=expected, fix=fix)

    def _plain_match(self, pattern: re.Pattern[str]) -> bool:
        if self.quoted or not isinstance(self.value, str):
            return False
        return pattern.fullmatch(self.value) is not None


def nearest(name: str, known: Collection[str]) -> str | None:
    """Give "did you mean ...?" for a misspelt name, or None when nothing is near."""
    found = difflib.get_close_matches(name.lower(), [k.lower() for k in known], n=1, cutoff=0.6)
    original = [k for k in known if found and k.lower() == found[0]]
    return f"did you mean {original[0]}?" if original else None


def resolve(text: str) -> bool | int | float | str | None:
    """Type an unquoted scalar as YAML 1.2's core schema does."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def surprise_in(text: str) -> tuple[str, str] | None:
    """Say why an unquoted scalar would be misread, and what to write in its place."""
    if _OLD_BOOL.fullmatch(text):
        return (
            "a word that many YAML readers take for true or false",
            f'write true or false, or quote it: "{text}"',
        )
    if _SEXAGESIMAL.fullmatch(text):
        return (
            "a value that many YAML readers take for a number in base 60",
            f'write seconds as one number, or quote it: "{text}"',
        )
    if _ODD_INT.fullmatch(text):
        return (
            "a number that YAML readers disagree about (leading zero, hexadecimal or underscore)",
            f'write plain decimal digits, or quote it: "{text}"',
        )
    if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and math.isinf(float(text))):
        return ("a number that is not finite", "write null where there is no value")
    return None


def _shape(value: tuple[Node, ...] | dict[str, Node]) -> str:
    kind = "a mapping with" if isinstance(value, dict) else "a list of"
    return f"{kind} {len(value)} entries"
