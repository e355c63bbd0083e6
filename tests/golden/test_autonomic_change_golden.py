"""Residualised change and the suppressor's mark, by hand (SPEC 5.2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress

from stillface.domain.protocol import Contrast, EpisodeSpec, Protocol, Role
from stillface.domain.results import Measurement, Status
from stillface.errors import FieldError
from stillface.measures.contrasts import contrast_rows
from stillface.measures.residualised import residualised_change
from stillface.pipeline.study_change import change_rows

PROTOCOL = Protocol(
    "sf",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (EpisodeSpec("PL", "interaction"), EpisodeSpec("SF", "perturbation"), EpisodeSpec("RE", "reunion")),
    contrasts=(Contrast("a", ("SF", "PL")), Contrast("b", ("RE", "SF")), Contrast("c", ("RE", "PL"))),
    physio_baseline=("PL",),
)
# Play and still face of four infants. Means 4 and 3; products of the deviations -1 * 0, -1 * -1, 1 * 1,
# 1 * 0: sum 2 over 4, slope .5, intercept 3 - .5 * 4 = 1.
PL, SF = [3.0, 3.0, 5.0, 5.0], [3.0, 2.0, 4.0, 3.0]


def rsa(session: str, episode: str, value: float | None, measure: str = "rsa_ln_ms2") -> Measurement:
    status = Status.MISS_LOWN if value is None else Status.OK
    return Measurement(
        f"d{session}", session, "sf", episode, "infant", "", "x", measure, "", "", value, "ln(ms2)", 4, 120.0,
        1.0, status,
    )  # fmt: skip


def table(later: list[float | None]) -> list[Measurement]:
    rows = [rsa(f"s{k}", "PL", value) for k, value in enumerate(PL)]
    rows += [rsa(f"s{k}", "SF", value) for k, value in enumerate(later)]
    return [*rows, *contrast_rows(PROTOCOL, rows)]


def test_by_hand():
    line = residualised_change(SF, PL)
    assert (line.slope, line.intercept) == (pytest.approx(0.5), pytest.approx(1.0))
    assert line.residuals.tolist() == pytest.approx([0.5, -0.5, 0.5, -0.5])


def test_change_stands_first_and_the_mark_last():
    rows = list(change_rows(PROTOCOL, table(list(SF))))
    assert [row.contrast for row in rows] == ["SF-PL"] * 4
    assert [row.change for row in rows] == [0.0, -1.0, -1.0, -2.0]
    assert [row.residual for row in rows] == pytest.approx([0.5, -0.5, 0.5, -0.5])
    # No change is no suppression; the threshold is the protocol's.
    assert [row.suppressor for row in rows] == [0, 1, 1, 1]
    strict = replace(PROTOCOL, suppressor_below=-1.5)
    assert [(row.suppressor, row.threshold) for row in change_rows(strict, table(list(SF)))] == [
        (0, -1.5), (0, -1.5), (0, -1.5), (1, -1.5),
    ]  # fmt: skip


def test_who_lacks_a_part_is_in_no_line():
    rows = list(change_rows(PROTOCOL, table([3.0, None, 4.0, 3.0])))
    assert [row.session_id for row in rows] == ["s0", "s2", "s3"]
    assert {row.n_sessions for row in rows} == {3}


def test_two_sessions_have_changes_and_no_line():
    rows = list(change_rows(PROTOCOL, table([3.0, None, 4.0, None])))
    assert [row.change for row in rows] == [0.0, -1.0]
    assert {(row.residual, row.slope, row.remark) for row in rows} == {
        (None, None, "not residualised: too few pairs")
    }


def test_only_rsa_from_baseline_to_perturbation_is_marked():
    rows = [rsa(f"s{k}", name, 4.0 + k, "hr_bpm") for k in range(3) for name in ("PL", "SF")]
    rows += [rsa(f"s{k}", name, 4.0 + k) for k in range(3) for name in ("SF", "RE")]
    found = list(change_rows(PROTOCOL, [*rows, *contrast_rows(PROTOCOL, rows)]))
    assert {(row.measure, row.contrast, row.suppressor) for row in found} == {
        ("hr_bpm", "SF-PL", None), ("rsa_ln_ms2", "RE-SF", None),
    }  # fmt: skip


def test_equal_starting_levels_foretell_nothing():
    with pytest.raises(FieldError, match="do not vary"):
        residualised_change([1.0, 2.0, 3.0], [0.1 + 0.2, 0.3, 0.3])


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=30))
def test_scipy_gives_the_same(pairs):
    later, earlier = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
    if np.ptp(earlier) == 0:
        return
    line, other = residualised_change(later, earlier), linregress(earlier, later)
    assert line.slope == pytest.approx(other.slope, abs=1e-9)
    assert line.residuals == pytest.approx(later - other.intercept - other.slope * earlier, abs=1e-9)
    assert float(line.residuals.sum()) == pytest.approx(0, abs=1e-9)
    assert float(line.residuals @ earlier) == pytest.approx(0, abs=1e-6)
