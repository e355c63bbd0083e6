"""The floors of DESIGN hold, and the contracts that hold them fail on every planted violation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Where a forbidden import is planted, and what it must break.
PLANTED = [
    ("domain/clock.py", "import scipy", "The domain knows numpy"),
    ("domain/clock.py", "from stillface.contracts import registry", "An arrow goes down only"),
    ("contracts/reader.py", "import stillface.io.tables", "An arrow goes down only"),
    ("measures/latency.py", "import stillface.agreement.kappa", "An arrow goes down only"),
    ("tracking/head_pose.py", "import stillface.video", "An arrow goes down only"),
    ("physio/rsa.py", "import stillface.measures.contrasts", "An arrow goes down only"),
    ("measures/latency.py", "import stillface.pipeline.choose", "An arrow goes down only"),
    ("pipeline/choose.py", "import stillface.cli.main", "An arrow goes down only"),
    ("coding/__init__.py", "import mediapipe", "mediapipe only in tracking"),
    ("tracking/head_pose.py", "import av", "av only in video"),
    ("pipeline/choose.py", "import yaml", "yaml only in io"),
    ("report/html.py", "import napari", "napari, Qt and their friends only in gui"),
    ("cli/measure.py", "from qtpy import QtCore", "napari, Qt and their friends only in gui"),
    ("io/tables.py", "import dask", "dask only in pipeline"),
    ("review/document.py", "from qtpy import QtCore", "napari, Qt and their friends only in gui"),
    ("review/document.py", "import stillface.gui.window", "An arrow goes down only"),
    ("review/document.py", "import stillface.pipeline.choose", "An arrow goes down only"),
    ("gui/window.py", "import mediapipe", "mediapipe only in tracking"),
    ("gui/window.py", "import stillface.cli.main", "An arrow goes down only"),
]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command;"
        "lint_imports_command(['--no-cache'])"
    )
    return subprocess.run(
        [sys.executable, "-c", command], cwd=root, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("house")
    shutil.copy(repo / "pyproject.toml", root)
    shutil.copytree(repo / "stillface", root / "stillface", ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_the_floors_hold(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("file", "line", "broken"), PLANTED, ids=[f"{f}: {x}" for f, x, _ in PLANTED])
def test_a_planted_violation_is_caught(copy: Path, file: str, line: str, broken: str) -> None:
    path = copy / "stillface" / file
    original = path.read_text()
    path.write_text(original + f"\n{line}\n")
    try:
        result = lint(copy)
    finally:
        path.write_text(original)
    assert result.returncode != 0
    assert any(broken in text and "BROKEN" in text for text in result.stdout.splitlines()), (
        result.stdout + result.stderr
    )


def test_a_new_room_without_a_floor_is_caught(copy: Path) -> None:
    room = copy / "stillface" / "attic"
    room.mkdir()
    (room / "__init__.py").write_text('"""A room nobody gave a floor."""\n')
    try:
        result = lint(copy)
    finally:
        shutil.rmtree(room)
    assert result.returncode != 0
    assert "attic" in result.stdout
