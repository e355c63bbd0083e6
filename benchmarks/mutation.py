"""Whether the tests notice when ``measures`` or ``agreement`` are wrong: a seeded sample of mutants.

Run: ``make mutation``, or ``python benchmarks/mutation.py --n 600 --seed 1``. mutmut makes the mutants and
runs, for each, the tests that reach its function ([tool.mutmut] in pyproject.toml says which); this draws
the sample, tells the share killed for each module, and shows every survivor with its line. Mutants and
results stay in ``mutants/``: a stopped run goes on where it was, and the folder is removed to start afresh.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
MUTMUT = Path(sys.executable).with_name("mutmut")
CAUGHT = {"killed", "timeout", "segfault", "suspicious"}


def mutmut(*words: str) -> str:
    """Run mutmut in the repository and give what it prints."""
    # Tests of one mutant are kept in a set: without this each run would have an order of its own.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [str(MUTMUT), *words], cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout[-4000:] + done.stderr[-4000:])
    return done.stdout


def results() -> dict[str, str]:
    """Give each mutant's name and what became of it."""
    lines = mutmut("results", "--all", "true").splitlines()
    pairs = [line.strip().rpartition(": ") for line in lines if "__mutmut_" in line]
    return {name: status for name, _, status in sorted(pairs)}


def module_of(name: str) -> str:
    """Give the module of a mutant: stillface.measures.fidelity."""
    return name.rpartition(".")[0]


class Reader:
    """Reads mutants: their line in the source, what they change, and whether it is inside a ``raise``."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[dict[str, ast.FunctionDef], dict[str, int]]] = {}

    def __call__(self, name: str) -> tuple[int, str, bool]:
        """Give the line, the change as one line, and whether it only changes an error that is raised."""
        module, _, mutant = name.rpartition(".")
        functions, starts = self._file(module)
        mangled = mutant.partition("__mutmut_")[0]
        before, after = functions[f"{mangled}__mutmut_orig"], functions[mutant]
        after.name = before.name
        path = list(_difference(before, after))
        was, became = path[-1]
        told = any(isinstance(node, ast.Raise) for node, _ in path)
        place = next(node for node, _ in reversed(path) if hasattr(node, "lineno"))
        line = starts[mangled] + place.lineno - before.lineno
        return line, f"{_said(was)}  ->  {_said(became)}", told

    def _file(self, module: str) -> tuple[dict[str, ast.FunctionDef], dict[str, int]]:
        if module not in self._files:
            path = Path(*module.split(".")).with_suffix(".py")
            changed = ast.parse((REPO / "mutants" / path).read_text(encoding="utf-8"))
            functions = {node.name: node for node in ast.walk(changed) if isinstance(node, ast.FunctionDef)}
            source = ast.parse((REPO / path).read_text(encoding="utf-8"))
            starts = {}
            for node in source.body:
                if isinstance(node, ast.ClassDef):
                    starts.update({f"xǁ{node.name}ǁ{f.name}": f.lineno for f in _functions(node)})
            starts.update({f"x_{f.name}": f.lineno for f in _functions(source)})
            self._files[module] = (functions, starts)
        return self._files[module]


def _functions(holder: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (node for node in holder.body if isinstance(node, ast.FunctionDef))


def _difference(before: ast.AST, after: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Walk down from two unlike trees to the smallest pair of nodes that holds all that differs."""
    yield before, after
    if type(before) is not type(after):
        return
    pairs = list(zip(ast.iter_child_nodes(before), ast.iter_child_nodes(after), strict=False))
    unlike = [(one, two) for one, two in pairs if ast.dump(one) != ast.dump(two)]
    same_length = len(list(ast.iter_child_nodes(before))) == len(list(ast.iter_child_nodes(after)))
    if len(unlike) == 1 and same_length and hasattr(unlike[0][0], "lineno"):
        yield from _difference(*unlike[0])


def _said(node: ast.AST) -> str:
    return ast.unparse(node).replace("\n", " ")[:160]


def show(drawn: dict[str, str]) -> None:
    """Print the survivors with their lines, then the share killed in each module and in all."""
    reader = Reader()
    killed: dict[str, list[bool]] = {}
    for name, status in drawn.items():
        line, what, told = reader(name)
        caught = status in CAUGHT
        for heap in (
            module_of(name),
            "only what an error says" if told else "all but what errors say",
            "all",
        ):
            killed.setdefault(heap, []).append(caught)
        if not caught:
            kind = "error text" if told else "survived"
            print(f"{kind} {module_of(name)}:{line}: {what}  [{name.rpartition('.')[2]}, {status}]")
    for heap, hits in sorted(killed.items(), key=lambda item: (not item[0].startswith("stillface"), item[0])):
        print(f"{heap}: {sum(hits)} of {len(hits)} killed, {100 * sum(hits) / len(hits):.1f} %")


def main() -> None:
    """Draw, run what has not been run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not (REPO / "mutants").is_dir():
        # mutmut has no command that only makes the mutants: those of one small function are run.
        mutmut("run", "--max-children", "1", "*.two_by_two.*ln_odds_ratio_ci*")
    found = results()
    drawn = random.Random(options.seed).sample(list(found), min(options.n, len(found)))  # noqa: S311
    if left := [name for name in drawn if found[name] == "not checked"]:
        mutmut("run", "--max-children", "1", *left)
        found = results()
    show({name: found[name] for name in drawn})
    print(f"sample of {len(drawn)} from {len(found)} mutants, seed {options.seed}")


if __name__ == "__main__":
    main()
