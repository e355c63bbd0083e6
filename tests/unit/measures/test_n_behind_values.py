"""What n counts beside each value: a number without it cannot be weighed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.io.codebook import column_entry
from stillface.measures.contrasts import contrast_rows
from stillface.measures.matching import Matching
from stillface.measures.occupancy import Occupancy
from stillface.measures.slopes import Slopes


def test_summed_valences_count_the_bouts_of_all_their_codes() -> None:
    session, track = we.w1()
    for bridge_ms, neutral in ((0, 4), (5000, 3)):
        rows = list(Occupancy(bridge_gap_ms=bridge_ms)(session, (track,)))
        n = {row.measure: row.n for row in rows if row.episode_id == "SF" and row.code == ""}
        # PRO twice; SOC twice and OBJ twice, or once where the gap is bridged; POS once.
        assert n == {"pct_negative": 2, "pct_neutral": neutral, "pct_positive": 1}


def test_slopes_count_the_stretches_in_which_the_code_was_on() -> None:
    session, track = we.w1()
    n = {row.code: row.n for row in Slopes()(session, (track,)) if row.episode_id == "SF"}
    assert {code: n[code] for code in ("PRO", "SOC", "OBJ", "POS", "WIT")} == {
        "PRO": 2, "SOC": 2, "OBJ": 2, "POS": 1, "WIT": 0,
    }  # fmt: skip


def test_pairs_of_codes_and_chance_count_stretches_of_w2() -> None:
    session, tracks = we.w2()
    rule = replace(we.IDENTITY, schemes=((we.INFANT.id, we.CAREGIVER.id),))
    found = {
        (row.measure, row.code): row.n
        for row in Matching()(session, tracks, (rule,))
        if row.episode_id == "RE"
    }
    assert [found["pct_match", pair] for pair in ("S+S", "P+P", "O+O")] == [3, 3, 1]
    # The 14 visits of W5c: the stretches in which nobody changes, the gap not counted.
    assert found["pct_match_expected", ""] == found["repair_rate_expected_per_min", ""] == 14
    assert found["pct_match", ""] == 6


def share(episode: str, value: float | None, n: int | None) -> Measurement:
    status = Status.OK if value is not None else Status.MISS_EPISODE
    return Measurement(
        "d", "s", "worked", episode, "infant", "icep_infant", "AB", "pct_negative", "", "", value, "%", n,
        60.0, 1.0, status,
    )  # fmt: skip


@pytest.mark.parametrize(("play", "still", "behind"), [(4, 9, 4), (9, 4, 4), (0, 7, 0), (None, 3, None)])
def test_a_contrast_rests_on_as_little_as_its_weaker_part(
    play: int | None, still: int, behind: int | None
) -> None:
    rows = [share("PL", 10.0, play), share("SF", 30.0, still), share("RE", 20.0, 8)]
    found = {row.episode_id: row.n for row in contrast_rows(we.PROTOCOL, rows)}
    weakest = None if behind is None else min(behind, still, 8)
    assert found == {"SF-PL": behind, "RE-SF": min(still, 8), "PL-SF-RE": weakest}


def test_what_has_no_value_may_have_no_n() -> None:
    rows = [share("PL", 10.0, 4), share("SF", 30.0, 9), replace(share("RE", None, None), scorable_s=None)]
    found = {row.episode_id: (row.n, row.status) for row in contrast_rows(we.PROTOCOL, rows)}
    assert found["RE-SF"] == (None, Status.MISS_EPISODE)
    assert found["SF-PL"] == (4, Status.OK)


def test_the_codebook_says_what_n_is() -> None:
    entry = column_entry("n")
    assert entry is not None
    assert "contrast" in entry.definition
