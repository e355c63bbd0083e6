"""``stillface open`` hands over to the window's own entry point."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from typer.testing import CliRunner

from stillface.cli import open as open_command
from stillface.cli.app import app
from stillface.errors import MissingExtraError, UsageError


def entry(load: Callable[[], object]) -> Any:
    class Fake(EntryPoint):
        def load(self) -> object:
            return load()

    return Fake("stillface-gui", "stillface.gui.launch:main", "gui_scripts")


def test_what_is_asked_for_reaches_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[list[str]] = []

    def start(words: list[str]) -> int:
        got.append(words)
        return 3

    monkeypatch.setattr(open_command, "entry_points", lambda **_: (entry(lambda: start),))
    done = CliRunner().invoke(app, ["open", "study", "S01", "--coder", "AB", "--keys", "elan", "--blind"])
    assert done.exit_code == 3
    assert got == [["study", "S01", "--coder", "AB", "--keys", "elan", "--blind"]]
    CliRunner().invoke(app, ["open"])
    assert got[1] == []


def test_the_entry_point_is_installed() -> None:
    from importlib.metadata import entry_points

    (found,) = entry_points(group="gui_scripts", name="stillface-gui")
    assert found.value == "stillface.gui.launch:main"


def test_without_the_window_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> object:
        raise ModuleNotFoundError("No module named 'qtpy'", name="qtpy")

    monkeypatch.setattr(open_command, "entry_points", lambda **_: (entry(absent),))
    error = CliRunner().invoke(app, ["open"]).exception
    assert isinstance(error, MissingExtraError)
    assert "stillface[gui]" in str(error)
    monkeypatch.setattr(open_command, "entry_points", lambda **_: ())
    assert isinstance(CliRunner().invoke(app, ["open"]).exception, UsageError)
