"""The checks that constructors share; each raises one error naming field, got and expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError

__all__ = ["finite", "frozen", "identifier", "ns_array", "one_of", "times_ns", "unique"]

T = TypeVar("T")
A = TypeVar("A", bound=npt.NDArray[Any])
Int64 = npt.NDArray[np.int64]


def identifier(owner: str, field: str, value: object) -> str:
    """Accept a non-empty string without control characters or surrounding blanks."""
    if not isinstance(value, str) or not value or value != value.strip() or not value.isprintable():
        raise FieldError(
            "not an identifier", where=f"{owner}.{field}", got=value, expected="a non-empty, printable word"
        )
    return value


def one_of(owner: str, field: str, value: T, allowed: Iterable[T]) -> T:
    """Accept a member of ``allowed``."""
    options = tuple(allowed)
    if value not in options:
        raise FieldError(
            "unknown value",
            where=f"{owner}.{field}",
            got=value,
            expected="one of " + ", ".join(str(option) for option in options),
        )
    return value


def unique(owner: str, field: str, values: Iterable[object]) -> None:
    """Refuse a repeated member, naming it."""
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise FieldError("named twice", where=f"{owner}.{field}", got=value, expected="unique names")
        seen.add(value)


def finite(owner: str, field: str, value: float) -> float:
    """Accept a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise FieldError("not a number", where=f"{owner}.{field}", got=value, expected="a finite number")
    number = float(value)
    if not np.isfinite(number):
        raise FieldError("not finite", where=f"{owner}.{field}", got=value, expected="a finite number")
    return number


def times_ns(owner: str, field: str, value: object) -> int:
    """Accept an integer number of nanoseconds; a float would already have lost exactness."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise FieldError("not whole nanoseconds", where=f"{owner}.{field}", got=value, expected="an integer")
    return int(value)


def ns_array(
    owner: str, field: str, values: npt.ArrayLike, *, increasing: bool = False, at_least: int = 0
) -> Int64:
    """Accept a 1-d integer array of nanoseconds and give a frozen int64 copy.

    Parameters
    ----------
    owner, field : str
        Named in the error.
    values : array-like of int, shape (n,)
        Times in nanoseconds.
    increasing : bool
        Whether each time must be later than the one before.
    at_least : int
        Smallest allowed length.
    """
    where = f"{owner}.{field}"
    array = np.asarray(values)
    if array.ndim != 1:
        raise FieldError("wrong shape", where=where, got=array.shape, expected="one dimension")
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise FieldError("not whole nanoseconds", where=where, got=array.dtype.name, expected="integers")
    if array.size < at_least:
        raise FieldError("too short", where=where, got=array.size, expected=f"at least {at_least} values")
    array = array.astype(np.int64)
    if increasing and array.size > 1:
        backward = np.flatnonzero(np.diff(array) <= 0)
        if backward.size:
            k = int(backward[0])
            raise FieldError(
                "times do not increase",
                where=f"{where}[{k + 1}]",
                got=f"{array[k + 1]} ns after {array[k]} ns",
                expected="each later than the one before",
            )
    return frozen(array)


def frozen(array: A) -> A:
    """Give the array with writing switched off, so that a frozen object really is."""
    array.setflags(write=False)
    return array
