"""Without a screen, or without the packages, one line says so; Qt is never let abort."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stillface.errors import MissingExtraError, UsageError
from stillface.gui import display

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X and Wayland are Linux matters")
VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XAUTHORITY")


def started(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("napari", reason="the window needs the extra gui")
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, "-m", "stillface", "open", str(tmp_path), "one", "--coder", "AB"],
        env=environment | {"STILLFACE_HOME": str(tmp_path / "home")} | variables,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@linux
@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "there is no display to show a window on"),
        ({"DISPLAY": ":4711"}, "the display does not answer: got DISPLAY=:4711"),
        ({"WAYLAND_DISPLAY": "nowhere-0"}, "the display does not answer: got WAYLAND_DISPLAY=nowhere-0"),
        ({"QT_QPA_PLATFORM": "teletype"}, "Qt has no such platform: got teletype"),
    ],
)
def test_no_screen_is_one_line_and_exit_2(tmp_path: Path, variables: dict[str, str], says: str) -> None:
    done = started(tmp_path, **variables)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "; " in done.stderr
    assert done.stdout == ""


@linux
def test_without_a_screen_on_purpose_the_study_is_what_is_looked_at(tmp_path: Path) -> None:
    done = started(tmp_path, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 3
    assert "no study here" in done.stderr


@linux
def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "libqxcb.so").write_bytes(b"")
    monkeypatch.setattr(display, "_plugins", lambda: tmp_path)
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    said = "libxcb-cursor.so.0: cannot open shared object file: No such file or directory"

    def load(_path: str) -> None:
        raise OSError(said)

    monkeypatch.setattr(display.ctypes, "CDLL", load)
    with pytest.raises(UsageError, match="apt-get install libxcb-cursor0") as caught:
        display.need_display()
    assert caught.value.got == said


def test_what_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for gone in (("napari",), ("qtpy",), ("PySide6", "PyQt6")):
        monkeypatch.setattr(display, "find_spec", lambda name, gone=gone: None if name in gone else object())
        with pytest.raises(MissingExtraError, match=r'pip install "stillface\[gui\]"'):
            display.need_packages()
