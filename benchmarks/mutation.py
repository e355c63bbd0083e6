"""Whether the tests notice when ``measures`` or ``agreement`` are wrong: a seeded sample of mutants.

Run: ``python benchmarks/mutation.py --n 500 --seed 1``. Each mutant is one small change (a comparison, a
sign, a constant, a condition) served in place of one module to a fork of this process, which runs the tests
that import it. Files are never touched. Prints the share killed and every survivor with its line.

Not mutmut: that rewrites every function of the package into a copy with switches, and a sample drawn
from it cannot be repeated by a seed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
ROOMS = ("measures", "agreement")
ALWAYS = ("tests/golden/test_worked_examples.py", "tests/property/test_matching_against_naive.py")
TIMEOUT_S = 120

_COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_BINARY = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.Mod: ast.Add,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the module, the line, what it says, and the mutated source."""

    module: str
    line: int
    what: str
    source: str


def mutants(path: Path) -> Iterator[Mutant]:
    """Give every mutant of a file."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    module = ".".join(path.relative_to(REPO).with_suffix("").parts)
    places = [node for node in _walk(tree) if _change(copy.copy(node))]
    for number, node in enumerate(places):
        twin = ast.parse(text)
        target = [other for other in _walk(twin) if _change(copy.copy(other))][number]
        before = ast.unparse(node)
        _change(target)
        what = f"{before}  ->  {ast.unparse(target)}"
        yield Mutant(module, node.lineno, what.replace("\n", " ")[:150], ast.unparse(twin))


def _walk(tree: ast.AST) -> Iterator[ast.expr]:
    """Walk the expressions that compute: no annotations, imports, decorators or module constants' names."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                if isinstance(child, ast.expr):
                    yield child
                yield from _walk(child)


def _change(node: ast.expr) -> bool:
    """Change a node in place; False where there is nothing to change."""
    match node:
        case ast.Compare() if type(node.ops[0]) in _COMPARE:
            node.ops = [_COMPARE[type(node.ops[0])](), *node.ops[1:]]
        case ast.BinOp() if type(node.op) in _BINARY:
            node.op = _BINARY[type(node.op)]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=int() | float() as number):
            node.value = number + 1
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            node.op = ast.UAdd() if isinstance(node.op, ast.Invert) else ast.Not()
            if isinstance(node.op, ast.Not):
                node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case _:
            return False
    return True


class _Serve(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves the mutated source for one module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == self._mutant.module else None

    def exec_module(self, module: object) -> None:
        exec(compile(self._mutant.source, self._mutant.module, "exec"), module.__dict__)  # noqa: S102


def tests_of(module: str) -> list[str]:
    """Give the test files that name the module, the fast general ones last."""
    room = module.split(".")[1]
    named = [
        path.relative_to(REPO).as_posix()
        for folder in ("tests/golden", "tests/unit", "tests/property")
        for path in sorted((REPO / folder).rglob("test_*.py"))
        if module in path.read_text(encoding="utf-8") and "stream" not in path.name
    ]
    general = [*ALWAYS, "tests/property/test_acceptance_of_measures.py"] if room == "measures" else []
    return list(dict.fromkeys([*named, *general]))


def survives(mutant: Mutant) -> bool:
    """Run the tests of the mutant's module in a fork."""
    child = os.fork()
    if child == 0:
        _run(mutant)
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _run(mutant: Mutant) -> None:
    import pytest
    from hypothesis import Phase, settings

    # A mutant needs one failing case, not the smallest.
    settings.register_profile("mutation", phases=(Phase.explicit, Phase.generate), database=None)
    settings.load_profile("mutation")
    sys.meta_path.insert(0, _Serve(mutant))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    code = 1
    with contextlib.suppress(BaseException):
        # hypothesis was imported before the fork, and warnings are errors in the tests.
        options = ["-x", "-q", "-W", "ignore:Module already imported", "--hypothesis-seed=0"]
        code = int(pytest.main([*options, *tests_of(mutant.module)]))
    os._exit(code)


def _check_that_unchanged_modules_pass(drawn: list[Mutant]) -> None:
    """Stop where the tests fail without any mutant: then every kill would be a lie."""
    for module in sorted({mutant.module for mutant in drawn}):
        source = (REPO / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8")
        if not survives(Mutant(module, 0, "unchanged", source)):
            sys.exit(f"the tests of {module} fail as it is")


def main() -> None:
    """Draw, run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rooms", nargs="*", default=list(ROOMS))
    options = parser.parse_args()
    os.chdir(REPO)
    sys.path.insert(0, str(REPO))
    # Heavy packages once, before the forks; nothing of stillface, which each fork imports with its mutant.
    import hypothesis  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import scipy.signal
    import scipy.stats  # noqa: F401

    found = [
        mutant
        for room in options.rooms
        for path in sorted((REPO / "stillface" / room).glob("*.py"))
        for mutant in mutants(path)
    ]
    drawn = random.Random(options.seed).sample(found, min(options.n, len(found)))  # noqa: S311
    _check_that_unchanged_modules_pass(drawn)
    left = []
    for number, mutant in enumerate(drawn, start=1):
        if survives(mutant):
            left.append(mutant)
            print(f"survived {mutant.module}:{mutant.line}: {mutant.what}", flush=True)
        if number % 25 == 0:
            print(f"{number} of {len(drawn)}: {100 * (1 - len(left) / number):.0f} % killed", flush=True)
    killed = 100 * (1 - len(left) / len(drawn))
    print(f"{len(drawn)} of {len(found)} mutants, seed {options.seed}: {killed:.1f} % killed")


if __name__ == "__main__":
    main()
