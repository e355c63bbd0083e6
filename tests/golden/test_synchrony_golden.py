"""W5a and W5b of the specification, to the printed digits."""

from __future__ import annotations

import numpy as np

from fixtures import worked_examples as we
from stillface.measures.correlation import cross_correlation
from stillface.measures.series import code_scores, step_series
from stillface.measures.synchrony import Synchrony


def test_w5a_the_first_series_leads_by_one() -> None:
    x = np.array([1, 2, 4, 2, 1, 2, 4, 2, 1, 2], float)
    y = np.concatenate(([2], x[:-1]))
    found = cross_correlation(x, y, 1, min_n=2)
    assert [round(found.at(lag)[0], 4) for lag in (0, 1, -1)] == [-0.0092, 1.0, -0.8837]
    assert found.peak == (1, 1.0)
    assert cross_correlation(y, x, 1, min_n=2).peak == (-1, 1.0)


def test_w5b_valence_of_w2() -> None:
    _, tracks = we.w2()
    first, second = (step_series(t, code_scores(t.scheme), we.S) for t in tracks)
    assert np.isfinite(first).sum() == 18
    found = cross_correlation(first, second, 2, min_n=10)
    values = {lag: (round(found.at(lag)[0], 4), found.at(lag)[1]) for lag in (0, 1, 2, -1)}
    assert values == {0: (0.1921, 18), 1: (0.3853, 17), 2: (0.2582, 16), -1: (-0.0625, 17)}


def test_w5b_as_rows() -> None:
    session, tracks = we.w2()
    rows = {
        row.measure: row
        for row in Synchrony(max_lag_s=2, min_n=10)(session, tracks)
        if row.episode_id == "RE"
    }
    assert (round(rows["synchrony_r0"].value, 4), rows["synchrony_r0"].n) == (0.1921, 18)
    peak = rows["synchrony_peak_lag_s"]
    assert (round(rows["synchrony_peak_r"].value, 4), peak.value, peak.flags) == (
        0.3853,
        1.0,
        ("leads=infant",),
    )
