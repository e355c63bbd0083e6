"""Moments and ratings of two coders: matched, listed, settled, taken back, and measured from then on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.errors import InputError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.human_codes import read_people
from stillface.review.commands_live import AddPoint
from stillface.review.compare_lanes import PointComparison, RatingComparison
from stillface.review.desk import Desk
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_document
from stillface.review.opening_pair import comparable, open_comparison
from stillface.review.ratings import Rate, RatingUnit
from stillface.review.settling import Comparison
from stillface.review.signoff import sign_off
from tests.lab_schemes import use_schemes
from tests.unit.review.pair_study import HOME, make_study

UNITS = [RatingUnit(*u) for u in (("PL", 0, 120 * S), ("SF", 120 * S, 240 * S), ("RE", 240 * S, 360 * S))]


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    folder = make_study(tmp_path / "study")
    return use_schemes(folder, infant=("bids", "distress"), caregiver=("affect3",))


def mark(study: StudyFolder, coder: str, events: Sequence[tuple[float, str]]) -> None:
    document = open_document(study, "one", coder, HOME, with_auto=False)
    key = LaneKey("infant", "bids", f"human:{coder}")
    for time_s, code in events:
        document.do(AddPoint(key, round(time_s * S), code))
    sign_off(document, key, accept_open=True)
    document.close()


def rate(study: StudyFolder, coder: str, values: Sequence[str | None]) -> None:
    document = open_document(study, "one", coder, HOME, with_auto=False)
    key = LaneKey("infant", "distress", f"human:{coder}")
    for unit, value in zip(UNITS, values, strict=True):
        if value is not None:
            document.do(Rate(key, unit, value))
    document.close()


def compare(study: StudyFolder, scheme_id: str) -> tuple[Desk, Comparison]:
    return open_comparison(study, "one", "infant", scheme_id, ("AB", "CD"), "EF", HOME)


def agreed_lane(pair: Comparison) -> list[tuple[float, str]]:
    return [(bout.onset_ns / S, bout.code) for bout in pair.document.lane(pair.target).bouts]


@pytest.fixture
def events(study: StudyFolder) -> StudyFolder:
    """Give two codings: alike at 10, two codes at 30, AB alone at 50, CD alone at 130, alike at 200."""
    mark(study, "AB", [(10, "bid"), (30, "bid"), (50, "touch"), (200, "bid")])
    mark(study, "CD", [(10.6, "bid"), (30.4, "touch"), (130, "bid"), (199, "bid")])
    return study


def test_events_are_matched_within_the_tolerance(events: StudyFolder) -> None:
    assert comparable(events, "one") == {("infant", "bids"): ("AB", "CD")}
    desk, pair = compare(events, "bids")
    assert isinstance(pair, PointComparison)
    assert [(d.onset_ns // S, d.first, d.second, d.episode, d.kind) for d in pair.all] == [
        (30, "bid", "touch", "PL", "code"),
        (50, "touch", None, "PL", "uncoded"),
        (130, None, "bid", "SF", "uncoded"),
    ]
    text = pair.agreement_text()
    assert "2 of 5 events alike" in text.line
    assert text.by_episode == {"PL": "1 of 3", "SF": "1 of 2", "RE": "0 of 0"}
    narrow = PointComparison(
        pair.document, *(pair.document.lane(LaneKey("infant", "bids", f"human:{c}")) for c in ("AB", "CD")),
        tolerance_ns=S // 2,
    )  # fmt: skip
    assert [d.onset_ns / S for d in narrow.all] == [10, 10.6, 30, 50, 130, 199, 200]
    desk.document.close()


def test_events_are_kept_taken_out_and_called_otherwise(events: StudyFolder) -> None:
    desk, pair = compare(events, "bids")
    assert pair.adopt_agreed()
    assert not pair.adopt_agreed()
    assert agreed_lane(pair) == [(10, "bid"), (200, "bid")]
    pair.go_to(0)
    pair.take("second")
    # The moment is that of the coder who was right.
    assert agreed_lane(pair)[1] == (30.4, "touch")
    pair.go_to(1)
    pair.take("second")
    assert pair.settled_as(pair.all[1]) == "no event"
    pair.go_to(2)
    pair.decide("touch")
    assert agreed_lane(pair) == [(10, "bid"), (30.4, "touch"), (130, "touch"), (200, "bid")]
    assert pair.n_settled == 3
    pair.go_to(0)
    pair.take("first")
    assert agreed_lane(pair)[1] == (30, "bid")
    pair.reopen()
    assert agreed_lane(pair) == [(10, "bid"), (130, "touch"), (200, "bid")]
    assert pair.n_settled == 2
    desk.document.close()


def test_that_there_was_no_event_is_taken_back_and_stands_in_the_next_sitting(events: StudyFolder) -> None:
    desk, pair = compare(events, "bids")
    told: list[int] = []
    pair.changed.connect(lambda: told.append(1))
    pair.go_to(1)
    pair.take("second")
    assert (pair.n_settled, agreed_lane(pair)) == (1, [])
    told.clear()
    desk.document.undo()
    assert pair.n_settled == 0
    assert told
    desk.document.redo()
    desk.document.close()
    desk, pair = compare(events, "bids")
    assert pair.settled_as(pair.all[1]) == "no event"
    desk.document.close()
    records, problem = read_log(events.codes_dir("one") / "consensus" / f"EF.{HOME}.jsonl")
    assert problem is None
    assert [r.why for r in records if r.op == "add"] == ["as CD"]


def test_a_code_settles_the_selection_and_adds_an_event_without_one(events: StudyFolder) -> None:
    desk, pair = compare(events, "bids")
    here = pair.go_to(2)
    assert here is not None
    desk.select((here.onset_ns, here.offset_ns))
    desk.key("T")
    assert pair.settled_as(here) == "touch"
    assert desk.selection_ns is None
    desk.playhead.seek(300 * S)
    desk.key("B")
    assert agreed_lane(pair) == [(130, "touch"), (300, "bid")]
    desk.document.close()


def test_agreed_events_are_what_is_measured(events: StudyFolder) -> None:
    desk, pair = compare(events, "bids")
    pair.adopt_agreed()
    pair.go_to(1)
    pair.take("second")
    desk.document.close()
    found = {p.source: p for p in read_people(events.codes_dir("one"), events.scheme).points}
    assert (found["consensus:EF"].times_ns // S).tolist() == [10, 200]


def test_nobody_saw_an_event_is_an_answer_too(study: StudyFolder) -> None:
    mark(study, "AB", [(10, "bid")])
    mark(study, "CD", [])
    desk, pair = compare(study, "bids")
    assert [(d.first, d.second) for d in pair.all] == [("bid", None)]
    desk.document.close()
    with pytest.raises(InputError, match="EF has not coded this"):
        open_comparison(study, "one", "infant", "bids", ("AB", "EF"), "GH", HOME)


def test_ratings_are_settled_unit_by_unit(study: StudyFolder) -> None:
    # Two neighbours of one value are two units all the same.
    rate(study, "AB", ["some", "some", "much"])
    rate(study, "CD", ["some", "much", None])
    desk, pair = compare(study, "distress")
    assert isinstance(pair, RatingComparison)
    assert [(d.episode, d.first, d.second, d.kind) for d in pair.all] == [
        ("SF", "some", "much", "code"),
        ("RE", "much", None, "uncoded"),
    ]
    # Values 2 2 and 2 3: the first never varies, so chance explains all of it.
    assert pair.agreement_text().line == (
        "<b>1</b> of 2 units alike; weighted kappa <b>0.00</b> quadratic, 0.00 linear; "
        "ICC(2,1) 0.00, ICC(3,1) 0.00; 1 rated by one only"
    )
    assert pair.adopt_agreed()
    assert not pair.adopt_agreed()
    pair.take("second")
    pair.go_to(1)
    with pytest.raises(UsageError, match="CD left this uncoded"):
        pair.take("second")
    here = pair.current
    assert here is not None
    desk.select((here.onset_ns, here.offset_ns))
    desk.key("1")
    assert agreed_lane(pair) == [(0, "some"), (120, "much"), (240, "none")]
    assert pair.n_settled == 2
    pair.reopen()
    assert pair.n_settled == 1
    desk.document.undo()
    assert agreed_lane(pair)[2] == (240, "none")
    desk.document.close()


def test_ratings_of_which_nothing_can_be_said_tell_why(study: StudyFolder) -> None:
    rate(study, "AB", ["some", None, "much"])
    rate(study, "CD", ["much", "some", None])
    desk, pair = compare(study, "distress")
    now = pair.agreement_text()
    assert "ICC(2,1) \u2013, ICC(3,1) \u2013" in now.line
    assert now.reason == "fewer than two rated units"
    desk.document.close()
