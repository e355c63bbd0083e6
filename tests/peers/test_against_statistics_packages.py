"""Alpha against krippendorff, ICC against pingouin, on random tables with gaps."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.agreement.alpha import krippendorff_alpha
from stillface.agreement.icc import icc

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]


def test_alpha_equals_krippendorff(ask) -> None:
    rng = np.random.default_rng(2)
    tables = []
    for _ in range(40):
        table = rng.integers(0, rng.integers(2, 6), (rng.integers(2, 5), rng.integers(6, 40)))
        tables.append(np.where(rng.random(table.shape) < 0.15, -1, table))
    levels = ["nominal", "ordinal", "interval"]
    questions = [
        {"what": "alpha", "level": level, "codes": [[None if c < 0 else int(c) for c in row] for row in t]}
        for t in tables
        for level in levels
    ]
    answers = ask("statistics", "ask_statistics.py", questions)
    ours = [krippendorff_alpha(table, level).alpha for table in tables for level in levels]
    assert ours == pytest.approx(answers, abs=1e-9)


def test_icc_equals_pingouin(ask) -> None:
    rng = np.random.default_rng(4)
    tables = []
    for _ in range(20):
        n, k = rng.integers(5, 20), rng.integers(2, 5)
        tables.append(rng.normal(0, 1, (n, 1)) * 2 + rng.normal(0, 1, (n, k)) + rng.normal(0, 0.5, (1, k)))
    questions = [{"what": "icc", "ratings": table.tolist()} for table in tables]
    for table, theirs in zip(tables, ask("statistics", "ask_statistics.py", questions), strict=True):
        ours = icc(table)
        mine = [ours.icc_1_1, ours.icc_2_1, ours.icc_3_1, ours.icc_1_k, ours.icc_2_k, ours.icc_3_k]
        assert sorted(mine) == pytest.approx(sorted(theirs.values()), abs=1e-6)
