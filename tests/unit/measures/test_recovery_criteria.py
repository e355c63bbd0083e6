"""Who can recover, by which criterion, and the way back to the level before the still face."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixtures import worked_examples as we
from stillface.domain.protocol import Recovery
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.errors import FieldError
from stillface.measures.recovery import RecoveryLatency
from stillface.measures.return_to_baseline import ReturnToBaseline

S = we.S


def session(*, criterion: dict[str, object] | None = None, ended_by: str = "time") -> Session:
    protocol = replace(we.PROTOCOL, recovery=(Recovery("RE", "PL", **(criterion or {})),))  # type: ignore[arg-type]
    episodes = (
        Episode("PL", 0, 60 * S),
        Episode("SF", 60 * S, 120 * S),
        Episode("RE", 120 * S, 180 * S, ended_by),
    )
    return Session("s", "d", protocol, episodes)


def infant(*bouts: tuple[str, float, float]) -> tuple[we.StateTrack, ...]:
    return (we.track(we.INFANT, "infant", bouts),)


def recovery(tracks: tuple[we.StateTrack, ...], target: str = "nonneg", **criterion: object) -> Measurement:
    rows = RecoveryLatency()(session(criterion=criterion), tracks, ())
    return next(row for row in rows if row.code == target)


def test_the_protocol_says_what_counts_as_recovered() -> None:
    tracks = infant(("N", 0, 124), ("S", 124, 128), ("N", 128, 130), ("S", 130, 180))
    assert recovery(tracks).value == 4.0
    late = recovery(tracks, sustain_s=6.0)
    assert (late.value, late.flags) == (10.0, ("sustain_s=6.0", "confirmed_s=16.0"))
    assert late.params_hash != recovery(tracks).params_hash
    rows = list(RecoveryLatency()(session(criterion={"targets": ("pos",)}), tracks, ()))
    assert [row.code for row in rows] == ["pos"]


def test_at_risk_by_distress_at_the_end_of_the_still_face() -> None:
    by_distress = {"at_risk": "neg_at_end_before"}
    calm = infant(("S", 0, 110), ("N", 110, 115), ("S", 115, 122), ("N", 122, 130), ("S", 130, 180))
    assert recovery(calm, **by_distress).status is Status.NA_NOTATRISK
    assert recovery(calm, at_risk_window_s=6.0, **by_distress).value == 10.0
    upset = infant(("S", 0, 110), ("N", 110, 130), ("S", 130, 180))
    assert recovery(upset, **by_distress).value == 10.0
    # Nobody saw the last seconds of the still-face: not at risk would be a guess.
    unseen = infant(("S", 0, 110), ("U", 110, 120), ("N", 120, 130), ("S", 130, 180))
    assert recovery(unseen, **by_distress).status is Status.MISS_UNSCORABLE


def test_a_stopped_reunion_and_a_coder_who_stopped_are_censored_not_absent() -> None:
    crying = infant(("S", 0, 100), ("N", 100, 180))
    rows = list(RecoveryLatency()(session(ended_by="stop_rule"), crying, ()))
    assert {(row.value, row.status) for row in rows} == {(60.0, Status.CENS_STOP)}
    half = infant(("S", 0, 100), ("N", 100, 150))
    rows = list(RecoveryLatency()(session(), half, ()))
    assert {(row.value, row.status) for row in rows} == {(30.0, Status.CENS_GAP)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": ("happy",)},
        {"at_risk": "always"},
        {"gap_policy": "fill"},
        {"sustain_s": 0.0},
        {"at_risk_window_s": -1.0},
    ],
)
def test_a_criterion_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(FieldError):
        Recovery("RE", "PL", **wrong)  # type: ignore[arg-type]


def baseline(tracks: tuple[we.StateTrack, ...], **options: float) -> Measurement:
    (row,) = ReturnToBaseline(**options)(session(), tracks)
    return row


def test_back_when_the_window_is_as_calm_as_play_was() -> None:
    # Play without any negative moment: back means a window of 10 s without one.
    row = baseline(infant(("S", 0, 60), ("N", 60, 140), ("S", 140, 180)))
    assert (row.value, row.status) == (30.0, Status.OK)
    assert row.flags == ("window_s=10.0", "limit_pct=0.0", "sustain_s=3.0", "confirmed_s=33.0")


def test_just_as_long_as_it_must_hold_is_long_enough() -> None:
    # Windows that end at 150 to 153 hold no negative moment.
    calm = (("S", 0, 60), ("N", 60, 140), ("S", 140, 153), ("N", 153, 180))
    assert (baseline(infant(*calm)).value, baseline(infant(*calm)).status) == (30.0, Status.OK)
    shorter = (*calm[:2], ("S", 140, 152.999), ("N", 152.999, 180))
    assert baseline(infant(*shorter)).status is Status.CENS_EP_END


def test_a_limit_above_zero_is_reached_before_the_last_cry_leaves_the_window() -> None:
    tracks = infant(("S", 0, 25), ("N", 25, 31), ("S", 31, 60), ("N", 60, 140), ("S", 140, 180))
    # The rolling share is 0 until 25, climbs to 60 % at 31, stays until 35, is 0 again at 41. Over 50 s its
    # mean is 600 / 50 = 12, that of its square (7200 + 14400 + 7200) / 50 = 576, and 576 - 144 = 432.
    limit = 10.0 + math.sqrt(432)
    row = baseline(tracks)
    # At t the window holds 10 - (t - 20) negative seconds: exactly at 30 - limit / 10 they are at the limit.
    assert row.value == pytest.approx(30 - limit / 10, abs=2e-9)
    assert limit_of(row) == pytest.approx(limit, abs=1e-12)


def test_the_limit_where_less_and_less_is_seen() -> None:
    """By hand: 10 s negative, 10 s calm, then nothing can be seen; windows of 10 s.

    From 10 to 20 the share is 1 - u / 10, u from 0 to 10. From 20 on the window holds 10 - u calm seconds
    until 25, where half of it is unseen. Then it is no value: 15 s count. Mean 5 / 15, square (10 / 3) / 15.
    """
    play = (("N", 0, 10), ("S", 10, 20), ("U", 20, 60))
    row = baseline(infant(*play, ("N", 60, 140), ("S", 140, 180)))
    spread = 100 * math.sqrt(10 / 3 / 15 - (5 / 15) ** 2)
    assert limit_of(row) == pytest.approx(50 + spread, abs=1e-9)


def test_the_limit_where_the_unseen_takes_the_place_of_calm() -> None:
    """By hand: negative to 5, calm to 10, unseen to 14, calm to 60: four seconds leave or lack in turn.

    u seconds after 10 the window holds 5 - u negative of 10 - u seen seconds until 14; then 1 - (u - 4) of
    6 until 15, none of 6 until 20, none of what is then seen up to 60.
    """
    play = (("N", 0, 5), ("S", 5, 10), ("U", 10, 14), ("S", 14, 60))
    row = baseline(infant(*play, ("N", 60, 140), ("S", 140, 180)))
    # (5 - u) / (10 - u) = 1 - 5 / (10 - u): over four seconds 4 - 5 ln(10 / 6), squared
    # 4 - 10 ln(10 / 6) + 25 (1 / 6 - 1 / 10); then a line from 1 / 6 to 0 in a second.
    log = math.log(10 / 6)
    mean = (4 - 5 * log + 1 / 12) / 50
    square = (4 - 10 * log + 25 * (1 / 6 - 1 / 10) + 1 / 108) / 50
    pct = 100 * 5 / 56
    assert limit_of(row) == pytest.approx(pct + 100 * math.sqrt(square - mean**2), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(play=st.lists(st.tuples(st.sampled_from("NSU"), st.integers(1, 150)), min_size=1, max_size=12))
def test_the_limit_is_what_a_walk_in_thousandths_comes_near(play: list[tuple[str, int]]) -> None:
    cells = [code for code, n in play for _ in range(100 * n)][:60000]
    cells += ["S"] * (60000 - len(cells))
    tenths = cells[::100]
    bouts = [(code, k / 10, (k + 1) / 10) for k, code in enumerate(tenths)]
    row = baseline(infant(*bouts, ("N", 120, 140), ("S", 140, 180)))
    negative, seen = (np.concatenate(([0], np.cumsum([c in which for c in cells]))) for which in ("N", "NS"))
    in_window, scored = negative[10000:] - negative[:-10000], seen[10000:] - seen[:-10000]
    enough = scored >= 5000
    # All borders lie on tenths, so a stretch seen enough begins and ends on a thousandth.
    whole = np.flatnonzero(enough[:-1] & enough[1:])
    if row.status in (Status.MISS_LOWN, Status.MISS_UNSCORABLE):
        assert not whole.size
        return
    share = 100 * in_window / np.maximum(scored, 1)
    first, last = share[whole], share[whole + 1]
    mean, square = ((first + last) / 2).mean(), ((first**2 + first * last + last**2) / 3).mean()
    pct = 100 * negative[-1] / seen[-1]
    assert (limit_of(row) - pct) ** 2 == pytest.approx(square - mean**2, rel=1e-4, abs=1e-3)


def limit_of(row: Measurement) -> float:
    return float(next(flag for flag in row.flags if flag.startswith("limit_pct=")).partition("=")[2])


tenths = st.lists(st.tuples(st.sampled_from("NSU"), st.integers(1, 90)), min_size=1, max_size=14)


@settings(max_examples=150, deadline=None)
@given(reunion=tenths)
@example(reunion=[("N", 1), ("U", 51), *[("U", 90)] * 4, ("N", 49), ("U", 90)])
def test_the_return_is_what_a_walk_in_hundredths_finds(reunion: list[tuple[str, int]]) -> None:
    """Between two hundredths the exact time is earlier, by less than one."""
    cells = [code for code, n in reunion for _ in range(10 * n)][:6000]
    cells += ["S"] * (6000 - len(cells))
    bouts = [("S", 0, 25), ("N", 25, 31), ("S", 31, 60)]
    later = [(code, 120 + k / 100, 120 + (k + 1) / 100) for k, code in enumerate(cells)]
    row = baseline(infant(*bouts, *later))
    if row.status is Status.MISS_UNSCORABLE:
        return
    negative, seen = (np.concatenate(([0], np.cumsum([c in which for c in cells]))) for which in ("N", "NS"))
    if row.status is Status.MISS_LOWN:
        assert (seen[1000:] - seen[:-1000]).max() < 500
        return
    limit = limit_of(row)
    back = []
    for t in range(1000, 6001):
        in_window, scored = negative[t] - negative[t - 1000], seen[t] - seen[t - 1000]
        back.append(scored >= 500 and in_window <= limit / 100 * scored + 1e-9)
    if back[0]:
        assert row.status is Status.NA_NOTATRISK
        return
    step = np.diff([0, *back, 0])
    runs = list(zip(np.flatnonzero(step == 1).tolist(), np.flatnonzero(step == -1).tolist(), strict=True))
    # A run of three seconds and less than a hundredth more may hold 300 or 301 of the walk's points.
    sure = next((onset for onset, end in runs if end - onset >= 302), None)
    possible = [onset for onset, end in runs if end - onset >= 300 and (sure is None or onset <= sure)]
    if row.status is Status.OK:
        assert row.value is not None
        assert any((999 + k) / 100 < row.value <= (1000 + k) / 100 + 1e-9 for k in possible)
    else:
        assert sure is None


def test_never_back_calm_already_and_nothing_to_compare_with() -> None:
    never = baseline(infant(("S", 0, 60), ("N", 60, 180)))
    assert (never.value, never.status, never.n) == (60.0, Status.CENS_EP_END, 0)
    short = baseline(infant(("S", 0, 60), ("N", 60, 168), ("S", 168, 180)))
    assert short.status is Status.CENS_EP_END
    assert baseline(infant(("S", 0, 180))).status is Status.NA_NOTATRISK
    assert baseline(infant(("N", 60, 140), ("S", 140, 180))).status is Status.MISS_NOTCODED
    without = Session("s", "d", we.PROTOCOL, (Episode("RE", 120 * S, 180 * S),))
    (row,) = ReturnToBaseline()(without, infant(("N", 120, 140), ("S", 140, 180)))
    assert row.status is Status.MISS_EPISODE


def test_a_window_that_was_hardly_seen_breaks_the_run() -> None:
    tracks = infant(("S", 0, 60), ("N", 60, 140), ("S", 140, 151), ("U", 151, 165), ("S", 165, 180))
    row = baseline(tracks, window_s=10.0)
    # Calm windows end at 150 to 156 (then too little is seen) and again from 170 on: both are long enough.
    assert row.value == 30.0
    tracks = infant(("S", 0, 60), ("N", 60, 145), ("S", 145, 151), ("U", 151, 165), ("S", 165, 180))
    # No negative second is seen in windows from 155 on, but they are seen for 6 to 5 s only until 156.
    assert baseline(tracks).value == 50.0


def test_unscorable_time_at_the_end_is_not_a_coder_who_stopped() -> None:
    """A dyad's own track cannot tell the two apart; the partners' tracks can."""
    rule = replace(we.IDENTITY, schemes=((we.INFANT.id, we.CAREGIVER.id),))
    infant = we.track(we.INFANT, "infant", [("S", 0, 15), ("U", 15, 20)])
    caregiver = we.track(we.CAREGIVER, "caregiver", [("P", 0, 20)])
    stopped = we.track(we.INFANT, "infant", [("S", 0, 15)])
    session = we.session(we.Episode("RE", 1 * we.S, 20 * we.S))
    for tracks, value, status in (
        ((infant, caregiver), 19.0, Status.CENS_EP_END),
        ((stopped, caregiver), 14.0, Status.CENS_GAP),
    ):
        rows = RecoveryLatency()(session, tracks, (rule,))
        (row,) = [r for r in rows if r.code == "match" and r.episode_id == "RE"]
        assert (row.value, row.status) == (value, status)


def test_a_window_of_which_just_half_is_seen_is_seen_enough() -> None:
    halves = [("S" if k % 2 else "U", 120 + 5 * k, 125 + 5 * k) for k in range(12)]
    row = baseline(infant(("N", 0, 20), ("S", 20, 60), ("N", 60, 120), *halves))
    assert (row.status, row.value) == (Status.NA_NOTATRISK, None)
    # Here the first window alone is: it was calm, and no later one is seen enough until the crying.
    first = ("S", 120, 125), ("U", 125, 140), ("N", 140, 180)
    row = baseline(infant(("N", 0, 20), ("S", 20, 60), ("N", 60, 120), *first))
    assert (row.status, row.value) == (Status.NA_NOTATRISK, None)


def test_a_reunion_as_long_as_the_window_has_one_window() -> None:
    tracks = infant(("N", 0, 20), ("S", 20, 60), ("N", 60, 120), ("S", 120, 140))
    short = Session("s", "d", session().protocol, (Episode("PL", 0, 60 * S), Episode("RE", 120 * S, 130 * S)))
    (row,) = ReturnToBaseline()(short, tracks)
    assert row.status is Status.NA_NOTATRISK
    crying = infant(("S", 0, 60), ("N", 60, 140))
    (row,) = ReturnToBaseline()(short, crying)
    assert (row.status, row.value, row.n) == (Status.CENS_EP_END, 10.0, 0)
