"""The npe2 manifest: valid, and every command that a key or menu names is there."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

pytest.importorskip("npe2", reason="the plugin needs the extra gui")
from npe2 import PluginManifest

from stillface.errors import InputError


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution("stillface")


def test_npe2_finds_nothing_wrong_with_the_manifest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "npe2", "validate", "stillface", "--imports"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Manifest for" in done.stdout
    assert "valid" in done.stdout


def test_every_key_and_menu_has_a_command_that_can_be_imported(manifest: PluginManifest) -> None:
    offered = manifest.contributions
    commands = {command.id: command.python_name for command in offered.commands or ()}
    asked = [part.command for part in (*offered.keybindings, *offered.widgets, *offered.sample_data)]
    assert "stillface.start" in asked
    assert set(asked) <= set(commands)
    for name in commands.values():
        module, _, attribute = str(name).partition(":")
        assert callable(getattr(import_module(module), attribute))


def test_the_panel_opens_what_the_start_command_opens(
    qtbot: Any, study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stillface.gui import launch, plugin

    opened: list[Any] = []

    def choose() -> Any:
        opened.append(launch.choose_and_open([str(study.root), "one", "--coder", "AB"]))
        return opened[0]

    monkeypatch.setattr(plugin, "choose_and_open", choose)
    panel = plugin.StartPanel()
    qtbot.addWidget(panel)
    panel.button.click()
    assert opened[0].desk.document.session.session_id == "one"
    opened[0].main.close()
    assert opened[0].closed


def test_a_study_that_cannot_be_opened_is_told_in_one_line(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stillface.gui import plugin

    def refuse() -> None:
        raise InputError("no study here", where="somewhere", fix="choose the study's folder")

    told = []
    monkeypatch.setattr(plugin, "choose_and_open", refuse)
    monkeypatch.setattr(plugin.QMessageBox, "critical", lambda *parts: told.append(parts[2]))
    assert plugin.start() is None
    assert told == ["no study here; choose the study's folder"]


def test_the_built_in_dyad_is_read_as_two_pictures() -> None:
    pytest.importorskip("cv2")
    from stillface.gui.plugin import built_in_dyad

    layers = built_in_dyad()
    assert [layer[0].shape for layer in layers] == [(480, 640, 3)] * 2
    assert all("stand-in" in layer[1]["name"] for layer in layers)
