"""Survival curves and transitions of a study as numbers: the worked examples W3 and W4b, and their edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.pipeline.study_people import Participant
from stillface.pipeline.study_survival import survival_rows, survival_table
from stillface.pipeline.study_transitions import transition_rows, transition_table

S = we.S
# W3: 5, 8+, 12, 12, 20, 120+
WAITS = ((5, "OK"), (8, "CENS_GAP"), (12, "OK"), (12, "OK"), (20, "OK"), (120, "CENS_EP_END"))


def waits(groups: str = "", per_family: int = 1) -> tuple[list[Measurement], dict[str, Participant]]:
    rows, people = [], {}
    for k, (value, status) in enumerate((*WAITS, (None, "NA_NOTATRISK"))):
        name = f"s{k}"
        people[name] = Participant(
            name, f"d{k}", f"f{k // per_family}", groups[k % len(groups)] if groups else ""
        )
        rows.append(
            Measurement(
                f"d{k}", name, "p", "RE", "infant", "icep_infant", "AB", "recovery_latency_s", "pos", "",
                value, "s", None, 120.0, 1.0, Status(status),
            )
        )  # fmt: skip
    return rows, people


def test_the_worked_survival_example_stands_in_the_table() -> None:
    rows, people = waits()
    found = list(survival_rows(rows, people))
    assert [(r.time_s, r.at_risk, r.n_now) for r in found] == [(5, 6, 1), (12, 4, 2), (20, 2, 1)]
    assert [r.survival for r in found] == pytest.approx([0.8333, 0.4167, 0.2083], abs=5e-5)
    assert [r.survival_se for r in found] == pytest.approx([0.1521, 0.2218, 0.1844], abs=5e-5)
    assert (found[1].survival_low, found[1].survival_high) == pytest.approx((0.056, 0.767), abs=5e-4)
    whole = {(r.n_waited, r.n_reached, r.n_not_at_risk, r.n_families) for r in found}
    assert whole == {(6, 4, 1, 6)}
    assert {(r.median_s, r.restricted_mean_s, r.until_s) for r in found} == {(12.0, 35.0, 120.0)}
    (line,) = survival_table(we.PROTOCOL, found).rows
    assert line[5:] == ("6", "4", "1", "12.00", "35.00 (120.0)")


def test_a_family_that_comes_twice_is_one_cluster() -> None:
    # Families (5, 8+), (12, 12), (20, 120+). How far each wait moves log S at 12: s0 -1/6, s1 1/5 - 1/6,
    # s2 and s3 1/5 - 1/6 - 1/4, s4 and s5 1/5 - 1/6 + 1/2 - 1/4; a wait's own event moves it by -1/at risk.
    rows, people = waits(per_family=2)
    found = list(survival_rows(rows, people))
    a, b = 1 / 5 - 1 / 6, 1 / 2 - 1 / 4
    expected = np.sqrt((-1 / 6 + a) ** 2 + (2 * (a - 1 / 4)) ** 2 + (2 * (a + b)) ** 2) * 5 / 12
    assert found[1].survival_se == pytest.approx(expected)
    assert [r.survival for r in found] == pytest.approx([0.8333, 0.4167, 0.2083], abs=5e-5)
    apart = list(survival_rows(*waits()))
    assert found[1].survival_low < apart[1].survival_low
    assert {r.n_families for r in found} == {3}


def test_one_or_two_families_that_repeat_have_a_curve_without_limits() -> None:
    rows, people = waits(per_family=4)
    found = list(survival_rows(rows, people))
    assert {(r.survival_se, r.survival_low, r.survival_high) for r in found} == {(None, None, None)}
    assert found[0].survival == pytest.approx(5 / 6)


def test_groups_share_the_end_of_the_restricted_mean() -> None:
    rows, people = waits("ab")
    found = {r.group: r for r in survival_rows(rows, people)}
    # a waits 5, 12, 20 (s0, s2, s4); b 8+, 12, 120+ (s1, s3, s5).
    # Nobody of a waits any longer after 20, so that b alone sets the end.
    assert {r.until_s for r in found.values()} == {120.0}
    assert found["a"].restricted_mean_s == pytest.approx((5 + 12 + 20) / 3)
    assert (found["b"].n_waited, found["b"].n_reached, found["b"].median_s) == (3, 1, 12.0)
    assert found["b"].restricted_mean_s == pytest.approx(12 + 108 * 0.5)
    assert {r.until_s for r in survival_rows(rows[2:5], people)} == {20.0}


def test_a_curve_that_nobody_reached_is_one_row_without_steps() -> None:
    rows, people = waits()
    never = [replace(r, status=Status.CENS_EP_END) if r.value is not None else r for r in rows]
    (found,) = survival_rows(never, people)
    assert (found.n_reached, found.median_s, found.time_s, found.survival) == (0, None, None, None)
    assert found.restricted_mean_s == 120.0
    assert survival_table(we.PROTOCOL, [found]).rows[0][8] == "not reached"
    assert list(survival_rows([r for r in rows if r.value is None], people)) == []


def w4b(counts: list[list[int]]) -> list[tuple[Session, tuple[StateTrack, ...]]]:
    """Give one session that holds these transitions, each pair of bouts apart from the next by a gap."""
    codes = ("N", "S", "P")
    onsets, offsets, names, t = [], [], [], 0
    for a, b in np.argwhere(np.array(counts)).tolist():
        for _ in range(counts[a][b]):
            onsets += [t * S, (t + 1) * S]
            offsets += [(t + 1) * S, (t + 2) * S]
            names += [codes[a], codes[b]]
            t += 3
    session = Session("s0", "d0", we.PROTOCOL, (Episode("PL", 0, t * S),))
    return [(session, (StateTrack.from_bouts(we.INFANT, "infant", "human:AB", onsets, offsets, names),))]


def test_the_worked_transitions_stand_in_the_table() -> None:
    found = {(r.code, r.next_code): r for r in transition_rows(w4b([[0, 8, 2], [3, 0, 7], [6, 4, 0]]))}
    assert len(found) == 6
    first = found["N", "S"]
    assert (first.n_transitions, first.n_given, first.p_next, first.n_sessions) == (8, 10, 0.8, 1)
    assert (first.expected, first.adjusted_residual) == pytest.approx((6.0, 2.2211), abs=5e-5)
    assert first.status == "OK"
    entropies = [found[pair].row_entropy_bit for pair in (("N", "S"), ("S", "N"), ("P", "N"))]
    assert entropies == pytest.approx([0.7219, 0.8813, 0.9710], abs=5e-5)
    assert transition_table(we.PROTOCOL, found.values()).rows[0][3] == "8 of 10"


def test_few_transitions_have_no_residual_and_margins_may_leave_no_freedom() -> None:
    few = {(r.code, r.next_code): r for r in transition_rows(w4b([[0, 8, 2], [3, 0, 7], [2, 1, 0]]))}
    assert (few["P", "N"].status, few["P", "N"].adjusted_residual) == ("MISS_LOWN", None)
    assert few["P", "N"].p_next == pytest.approx(2 / 3)
    two = list(transition_rows(w4b([[0, 9, 0], [9, 0, 0], [0, 0, 0]])))
    assert [(r.status, r.p_next, r.row_entropy_bit) for r in two] == [("NA_CONST", 1.0, 0.0)] * 2
    session, (track,) = w4b([[0, 1, 0], [0, 0, 0], [0, 0, 0]])[0]
    assert list(transition_rows([(session, (track.clip(0, S),))])) == []
