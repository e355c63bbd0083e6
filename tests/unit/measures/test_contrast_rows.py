"""Contrast rows and recovery ratios of the protocol (W3a), and who has none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.measures.contrasts import contrast_rows


def share(episode: str, value: float | None, coverage: float = 1.0) -> Measurement:
    status = Status.OK if value is not None else Status.MISS_EPISODE
    flags = ("low_coverage",) if coverage < 0.8 else ()
    return Measurement(
        "d", "s", "worked", episode, "infant", "icep_infant", "AB", "pct_negative", "", "", value, "%", None,
        60.0 * coverage, coverage, status, flags,
    )  # fmt: skip


def contrasts(play: float | None, still: float | None, reunion: float | None) -> dict[str, Measurement]:
    rows = [share("PL", play), share("SF", still, 0.7), share("RE", reunion, 0.9)]
    return {row.episode_id: row for row in contrast_rows(we.PROTOCOL, rows)}


@pytest.mark.parametrize(
    ("play", "still", "reunion", "ratio"),
    [(10, 30, 20, 0.5), (5, 25, 15, 0.5), (0, 40, 25, 0.375), (5, 25, 10, 0.75)],
)
def test_w3a_ratios(play: float, still: float, reunion: float, ratio: float) -> None:
    rows = contrasts(play, still, reunion)
    assert rows["SF-PL"].value == still - play
    assert rows["RE-SF"].value == reunion - still
    row = rows["PL-SF-RE"]
    assert (row.measure, row.code, row.unit, row.value) == ("recovery_ratio", "pct_negative", "ratio", ratio)
    assert (row.scorable_s, row.coverage, row.flags) == (42.0, 0.7, ("low_coverage",))
    assert (rows["RE-SF"].coverage, rows["SF-PL"].coverage) == (0.7, 0.7)


def test_a_contrast_is_of_the_same_partner_scheme_and_coder() -> None:
    for row in contrasts(10, 30, 20).values():
        assert (row.dyad_id, row.session_id, row.protocol_id, row.role) == ("d", "s", "worked", "infant")
        assert (row.scheme_id, row.coder_id, row.match_rule, row.n) == ("icep_infant", "AB", "", None)
        assert (row.params_hash, row.status) == ("", Status.OK)
    difference = contrasts(10, 30, 20)["SF-PL"]
    assert (difference.measure, difference.code, difference.unit) == ("pct_negative", "", "%")


@pytest.mark.parametrize(
    ("still", "status"), [(15.0, Status.OK), (14.9, Status.NA_NOTATRISK), (5.0, Status.OK)]
)
def test_a_ratio_needs_a_still_face_effect_of_five_points(still: float, status: Status) -> None:
    assert contrasts(10.0, still, 12.0)["PL-SF-RE"].status is status


def test_the_part_that_is_missing_gives_its_reason() -> None:
    rows = contrasts(10.0, None, 12.0)
    assert {row.status for row in rows.values()} == {Status.MISS_EPISODE}
    assert all(row.value is None for row in rows.values())


@pytest.mark.parametrize(
    ("minuend", "subtrahend", "expected"),
    [
        (Status.NA_NOBOUT, Status.MISS_EPISODE, Status.MISS_EPISODE),
        (Status.MISS_EPISODE, Status.NA_NOBOUT, Status.MISS_EPISODE),
        (Status.NA_NOBOUT, Status.MISS_UNSCORABLE, Status.MISS_UNSCORABLE),
        (Status.MISS_NOTCODED, Status.MISS_EPISODE, Status.MISS_EPISODE),
        (Status.MISS_EPISODE, Status.NA_STRUCT, Status.NA_STRUCT),
        (Status.NA_NOBOUT, Status.OK, Status.NA_NOBOUT),
    ],
)
def test_a_missing_episode_outweighs_a_code_that_did_not_occur(
    minuend: Status, subtrahend: Status, expected: Status
) -> None:
    rows = [
        replace(share(name, 3.0 if status is Status.OK else None), measure="bout_mean_s", status=status)
        for name, status in (("RE", minuend), ("SF", subtrahend))
    ]
    (row,) = contrast_rows(we.PROTOCOL, rows)
    assert (row.episode_id, row.value, row.status) == ("RE-SF", None, expected)
