"""Programs under the GPL that we measure ourselves against: run outside, in their own environments."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PEERS = Path(os.environ.get("STILLFACE_PEERS", REPO / ".peers"))
PACKAGES = {
    "boris": "boris-behav-obs==8.27.4",
    "boris9": "boris-behav-obs==9.15.0",  # needs Python 3.12
    "pympi": "pympi-ling==1.71",
    "statistics": "krippendorff==0.9.0 pingouin==0.7.0",
}

Ask = Callable[..., object]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of this folder."""
    config.addinivalue_line("markers", "peer: runs another program in its own environment")


@pytest.fixture
def ask() -> Ask:
    """Give a function that runs a script of this folder in a peer's environment and reads its JSON."""

    def run(peer: str, script: str, question: object) -> object:
        python = PEERS / peer / "bin" / "python"
        if not python.exists():
            pytest.skip(
                f"no environment of {peer}: python -m venv .peers/{peer} && "
                f".peers/{peer}/bin/pip install {PACKAGES[peer]}"
            )
        done = subprocess.run(
            [str(python), str(Path(__file__).parent / script)],
            input=json.dumps(question), capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run
