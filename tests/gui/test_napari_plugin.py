"""The npe2 manifest: valid, and every command that a key or menu names is there."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

pytest.importorskip("npe2", reason="the plugin needs the extra gui")
from npe2 import PluginManifest
from qtpy.QtWidgets import QApplication

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
    from stillface.gui import plugin
    from stillface.gui.launch import parse
    from stillface.gui.sitting import begin

    opened: list[Any] = []

    def choose(_options: object) -> Any:
        opened.append(begin(parse([str(study.root), "one", "--coder", "AB"])).window)

    monkeypatch.setattr(plugin, "begin", choose)
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
    from stillface.gui.trouble import TroubleBox

    def refuse(_options: object) -> None:
        raise InputError(
            "no study here", where="/srv/lab/x", fix="choose the study's folder, not /srv/lab/x/sessions"
        )

    told: list[TroubleBox] = []
    monkeypatch.setattr(plugin, "begin", refuse)
    monkeypatch.setattr(TroubleBox, "exec", lambda box: told.append(box) or 0)
    assert plugin.start() is None
    assert told[0].text() == "No study here. Choose the study's folder, not sessions."
    told[0].copy()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert "/srv/lab/x" in clipboard.text()
    assert "Traceback" in clipboard.text()


def test_what_nobody_foresaw_is_told_without_paths_and_what_is_naparis_is_left_to_it(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stillface.gui import plugin
    from stillface.gui.trouble import TroubleBox

    to_napari: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: to_napari.append(error))
    monkeypatch.setattr(sys, "__excepthook__", lambda *_parts: None)
    told: list[TroubleBox] = []
    monkeypatch.setattr(TroubleBox, "exec", lambda box: told.append(box) or 0)
    monkeypatch.setattr(plugin, "begin", lambda _options: None)
    plugin.start()
    plugin.start()
    for fault in (lambda: int("x"), lambda: plugin.parse(3)):
        try:
            fault()
        except (TypeError, ValueError) as error:
            sys.excepthook(type(error), error, error.__traceback__)
    assert len(told) == len(to_napari) == 1
    assert "should not have" in told[0].text()


def test_the_built_in_dyad_is_read_as_two_pictures() -> None:
    pytest.importorskip("cv2")
    from stillface.gui.plugin import built_in_dyad

    layers = built_in_dyad()
    assert [layer[0].shape for layer in layers] == [(480, 640, 3)] * 2
    assert all("stand-in" in layer[1]["name"] for layer in layers)
