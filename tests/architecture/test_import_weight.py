"""``import stillface`` and the command line's start stay light."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "napari",
    "qtpy",
    "mediapipe",
    "av",
    "dask",
    "pandas",
    "neurokit2",
    "cv2",
    "matplotlib",
    "h5py",
    "scipy",
}
LIGHT_MODULES = [
    "stillface",
    "stillface.domain.session",
    "stillface.contracts.registry",
    "stillface.measures.matching",
    "stillface.pipeline.measure_tables",
    "stillface.cli.app",
]


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert not loaded & HEAVY


def test_every_measure_is_found_without_importing_any() -> None:
    code = (
        "import sys; from stillface.contracts.registry import MEASURES; names = MEASURES.names();"
        "assert 'matching' in names, names; assert 'stillface.measures' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
