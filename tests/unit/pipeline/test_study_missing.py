"""Missing physiology beside how negative the person was."""

from __future__ import annotations

from stillface.domain.results import Measurement, Status
from stillface.pipeline.study_missing import MissingRow, missing_rows


def row(session: str, measure: str, value: float | None, status: Status = Status.OK, scheme: str = ""):
    return Measurement(
        "d", session, "p", "SF", "infant", scheme, "x", measure, "", "", value, "", None, 1.0, 1.0, status
    )


def test_sessions_with_and_without_a_value_stand_side_by_side():
    rows = [
        row("s1", "rsa_ln_ms2", 3.0),
        row("s2", "rsa_ln_ms2", 4.0),
        row("s3", "rsa_ln_ms2", None, Status.MISS_LOWN),
        row("s4", "rsa_ln_ms2", None, Status.MISS_TECH),
        # Not run is not missing; not coded counts, but has no share of time.
        row("s5", "rsa_ln_ms2", None, Status.MISS_EPISODE),
        row("s1", "pct_negative", 10.0, scheme="affect3"),
        row("s2", "pct_negative", 20.0, scheme="affect3"),
        row("s3", "pct_negative", 80.0, scheme="affect3"),
        row("s4", "pct_negative", None, Status.MISS_NOTCODED, "affect3"),
    ]
    assert list(missing_rows(rows)) == [
        MissingRow("SF", "infant", "rsa_ln_ms2", "affect3", 2, 2, 15.0, 80.0, 2, 1)
    ]


def test_without_codes_there_is_nothing_to_set_beside():
    assert list(missing_rows([row("s1", "scl_us", None, Status.MISS_TECH)])) == []
