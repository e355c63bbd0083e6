"""What all tests share: where the real recordings are, and a wall against the network."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# An example may take its time: how fast things are is measured in benchmarks, not asserted in tests.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")
# For mutation testing: one failing example is enough, the smallest is not sought.
settings.register_profile(
    "without_shrinking", phases=(Phase.explicit, Phase.generate), database=None, derandomize=True
)

REPO = Path(__file__).resolve().parents[1]
SHARED_DATA = REPO.parent / "shared" / "data"


@pytest.fixture(scope="session")
def repo() -> Path:
    """Give the repository's root."""
    return REPO


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real recordings, or skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real recordings of ../shared/data are not on this machine")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that is not to this machine: nothing may leave the computer."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if self.family in (socket.AF_INET, socket.AF_INET6) and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach the network: {address!r}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def unhurried_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine's disk take its time: a share is silent only where a test makes it so."""
    monkeypatch.setattr("stillface.io.errands.ANSWER_S", 60.0)
