"""How the tests read real ELAN files, against pympi's reading of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.exchange_files import eaf_tier

pytestmark = [pytest.mark.peer, pytest.mark.real]


@pytest.mark.parametrize("name", ["childproject_example_basic.eaf", "childproject_example_solis.eaf"])
def test_tiers_of_child_and_adult_are_those_pympi_reads(ask, shared_data: Path, name: str) -> None:
    path, tiers = shared_data / "exchange" / name, ["CHI", "FA1"]
    theirs = ask("pympi", "ask_pympi.py", {"file": str(path), "tiers": tiers})
    ours = [[list(bout) for bout in eaf_tier(path, tier)] for tier in tiers]
    assert all(ours)
    assert ours == [[bout[:3] for bout in tier] for tier in theirs]
