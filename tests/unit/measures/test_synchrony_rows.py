"""Rows of synchrony: n at each lag, windows of another step, partners in step, partners who never change."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode
from stillface.io.codebook import measure_entry
from stillface.measures.synchrony import Synchrony

S = we.S


def letters(seed: int, n: int = 40, hold: int = 3) -> str:
    rng = np.random.default_rng(seed)
    return "".join(str(rng.choice(list("NSP"))) * hold for _ in range(n))


def measured(infant: str, caregiver: str, **options: float) -> dict[str, Measurement]:
    tracks = (
        we.seconds_track(we.INFANT, "infant", infant),
        we.seconds_track(we.CAREGIVER, "caregiver", caregiver),
    )
    session = we.session(Episode("RE", 0, len(infant) * S))
    rows = {r.measure: r for r in Synchrony(**options)(session, tracks) if r.episode_id == "RE"}  # type: ignore[arg-type]
    for row in rows.values():
        entry = measure_entry(row.measure)
        assert entry is not None
        assert row.unit == entry.unit
    return rows


def test_a_lag_leaves_fewer_pairs() -> None:
    infant = letters(5)
    rows = measured(infant, "SS" + infant[:-2])
    assert (rows["synchrony_r0"].n, rows["synchrony_n_effective"].n, rows["synchrony_r0_null"].n) == (
        120,
    ) * 3
    assert (rows["synchrony_peak_lag_s"].value, rows["synchrony_peak_lag_s"].n) == (2.0, 118)
    assert (rows["synchrony_peak_r"].value, rows["synchrony_peak_r"].n) == (pytest.approx(1.0), 118)


def test_a_caregiver_who_is_ahead_leads() -> None:
    infant = letters(5)
    rows = measured("SS" + infant[:-2], infant)
    peak = rows["synchrony_peak_lag_s"]
    assert (peak.value, peak.flags) == (-2.0, ("leads=caregiver",))
    assert rows["wcc_lead_share_caregiver"].value > 0.9
    assert rows["wcc_lead_share_infant"].value == 0.0


def test_partners_in_step_have_no_leader() -> None:
    infant = letters(6)
    rows = measured(infant, infant)
    assert (rows["synchrony_peak_lag_s"].value, rows["synchrony_peak_lag_s"].flags) == (0.0, ("leads=none",))
    assert rows["wcc_lead_share_infant"].value == rows["wcc_lead_share_caregiver"].value == 0.0
    assert rows["in_phase_share"].value == 1.0


def test_lags_and_windows_are_seconds_whatever_the_step() -> None:
    infant = letters(5)
    rows = measured(infant, "SS" + infant[:-2], step_s=0.5)
    assert (rows["synchrony_peak_lag_s"].value, rows["synchrony_peak_lag_s"].n) == (2.0, 236)
    # Windows of 20 s, 5 s apart, with 5 s of room for the lag at either end: from 5 to 95 s.
    assert rows["wcc_lead_share_infant"].n == 19
    assert rows["wcc_lead_share_infant"].value > 0.9


def test_partners_who_never_change_have_no_correlation() -> None:
    rows = measured("S" * 60, letters(7, 20))
    assert {row.status for row in rows.values()} == {Status.NA_CONST, Status.MISS_LOWN}
    assert {name for name, row in rows.items() if row.status is Status.MISS_LOWN} == {
        "wcc_lead_share_infant",
        "wcc_lead_share_caregiver",
    }
    assert {row.value for row in rows.values()} == {None}
    assert {rows[name].n for name in ("synchrony_r0", "synchrony_peak_r", "synchrony_peak_lag_s")} == {60}
