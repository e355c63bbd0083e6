"""No two files need each other, not even for the names of types: whoever reads one can stop there."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import stillface

ROOT = Path(stillface.__file__).parent


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def needed(path: Path, known: set[str]) -> set[str]:
    """Give the modules of ours that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # ``from package import module`` needs the module, whatever else it takes needs the file named.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & known or {node.module}
    return (found & known) - {module_of(path)}


def test_no_files_import_each_other_in_a_circle() -> None:
    files = {module_of(path): path for path in ROOT.rglob("*.py")}
    graph = {name: needed(path, set(files)) for name, path in files.items()}
    assert len(graph) > 300
    assert "stillface.review.workplace" in graph["stillface.review.desk"]
    # Raises CycleError with the circle that it found.
    tuple(TopologicalSorter(graph).static_order())
