"""The doctor says what is wrong with this computer, and works where nothing else would."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from stillface.io.bundle import StudyFolder
from stillface.pipeline import doctor
from stillface.pipeline.doctor import Diagnosis, diagnose


def by_name(study: Path | None = None) -> dict[str, Diagnosis]:
    return {line.name: line for line in diagnose(study)}


def installed(monkeypatch: pytest.MonkeyPatch, **versions: str | None) -> None:
    """Pretend that these packages have these versions, or are absent."""
    real = doctor.version

    def pretended(name: str) -> str:
        found = versions.get(name.replace("-", "_"), "real")
        if found is None:
            raise PackageNotFoundError(name)
        return real(name) if found == "real" else found

    monkeypatch.setattr(doctor, "version", pretended)


def test_the_supported_set_is_what_the_package_itself_asks_for() -> None:
    lines = by_name()
    assert {"python", "numpy", "h5py", "mediapipe", "opencv-python", "av", "neurokit2", "matplotlib"} <= set(
        lines
    )
    assert lines["mediapipe"].what == "0.10.21"
    here = {"disk", "folder", "memory", "cloud"}
    assert not [line for line in lines.values() if line.state == "problem" and line.name not in here]
    assert "cannot be told" in lines["encryption"].what
    assert "not needed" in lines["network"].what


@pytest.mark.parametrize(
    ("package", "number", "spec"),
    [("mediapipe", "1.2.0", "==0.10.21"), ("numpy", "3.0", "<3"), ("numpy", "1.25.2", ">=1.26")],
)
def test_an_unsupported_version_is_a_problem_with_the_command_that_mends_it(
    monkeypatch: pytest.MonkeyPatch, package: str, number: str, spec: str
) -> None:
    installed(monkeypatch, **{package: number})
    line = by_name()[package]
    assert line.state == "problem"
    assert number in line.what
    assert spec in line.what
    assert "pip install" in line.fix


def test_two_versions_of_opencv_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, opencv_contrib_python="4.12.0.88")
    line = by_name()["opencv"]
    assert line.state == "problem"
    assert "4.11.0.86" in line.what
    assert "4.12.0.88" in line.what


def test_a_missing_extra_is_one_warning_that_says_what_it_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, mediapipe=None, opencv_python=None, opencv_contrib_python=None, av=None)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    lines = by_name()
    assert lines["extra track"].state == "warning"
    assert 'pip install "stillface[track]"' in lines["extra track"].fix
    assert not {"mediapipe", "av", "models", "opencv"} & set(lines)


def test_models_that_are_not_in_the_wheel_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(doctor, "find_spec", lambda name: Spec())
    assert by_name()["models"].what.startswith("3 of 3")


def test_little_memory_names_the_workers_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_memory_bytes", lambda: 1_700_000_000)
    monkeypatch.setattr(doctor.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    line = by_name()["memory"]
    assert (line.state, line.fix) == ("warning", "run with --workers 1")


def test_the_folder_of_a_study_is_looked_at(folder: StudyFolder, tmp_path: Path) -> None:
    folder.root.chmod(0o755)
    lines = by_name(folder.root)
    assert lines["folder"].what == "can be written"
    assert lines["readers"].state == "warning"
    folder.root.chmod(0o700)
    assert by_name(folder.root)["readers"].state == "ok"
    assert by_name(tmp_path)["study"].state == "problem"
    assert by_name(tmp_path / "none")["folder"].state == "problem"


def test_a_folder_that_a_cloud_copies_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "OneDrive - University" / "lab"
    folder.mkdir(parents=True)
    line = by_name(folder)["cloud"]
    assert line.state == "problem"
    assert "OneDrive - University" in line.what


def test_a_share_is_told_from_a_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "_file_system", lambda folder: "cifs")
    assert "network share (cifs)" in by_name(tmp_path)["share"].what


def test_little_free_space_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Usage:
        free = 200_000_000

    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: Usage())
    assert by_name(tmp_path)["disk"].state == "problem"


def test_it_runs_where_no_extra_can_be_imported() -> None:
    script = (
        "import sys\n"
        "for name in ('av', 'cv2', 'mediapipe', 'neurokit2', 'matplotlib', 'jinja2', 'scipy', 'pyedflib'):\n"
        "    sys.modules[name] = None\n"
        "sys.argv = ['stillface', 'doctor', '--json']\n"
        "from stillface.cli.main import run\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert '"name": "python"' in done.stdout
