"""Every example plugin's entry points name something that can be loaded and fulfils its contract."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

from stillface.contracts.registry import CODERS, EXPORTERS, MEASURES, READERS, TRACKERS

PLUGINS = sorted((Path(__file__).resolve().parents[2] / "plugins").glob("*/pyproject.toml"))
REGISTRIES = {registry.group: registry for registry in (READERS, TRACKERS, CODERS, MEASURES, EXPORTERS)}


@pytest.mark.parametrize("pyproject", PLUGINS, ids=[path.parent.name for path in PLUGINS])
def test_entry_points_load(pyproject: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(pyproject.parent)
    groups = tomllib.loads(pyproject.read_text())["project"]["entry-points"]
    assert set(groups) <= set(REGISTRIES)
    for group, entries in groups.items():
        for target in entries.values():
            module, _, name = target.partition(":")
            part = getattr(importlib.import_module(module), name)()
            assert isinstance(part, REGISTRIES[group].contract)


def test_there_is_an_example() -> None:
    assert PLUGINS
