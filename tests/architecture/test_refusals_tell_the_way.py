"""Every refusal in the rooms that compute says what was expected or what to do."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import stillface
from stillface import errors

ROOT = Path(stillface.__file__).parent
ERRORS = {
    name
    for name, thing in inspect.getmembers(errors, inspect.isclass)
    if issubclass(thing, errors.StillfaceError) and thing is not errors.MissingExtraError
}
"""A missing extra names its pip install by itself."""


def silent(source: str) -> Iterator[tuple[int, str]]:
    """Give line and text of each error that is made without ``expected`` and without ``fix``."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = {keyword.arg for keyword in node.keywords}
        if name in ERRORS and not given & {"expected", "fix", None}:
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("room", ["measures", "agreement"])
def test_a_refusal_tells_what_was_expected_or_what_to_do(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    found = [
        f"{room}/{path.name}:{line} {text}"
        for path in files
        for line, text in silent(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_walk_finds_what_it_looks_for() -> None:
    source = 'raise FieldError("x", got=1)\nraise errors.InputError("y")\nraise UsageError("z", fix="do")\n'
    assert [line for line, _ in silent(source)] == [1, 2]
    assert {"StillfaceError", "FieldError", "InputError", "UsageError", "StorageError"} <= ERRORS
