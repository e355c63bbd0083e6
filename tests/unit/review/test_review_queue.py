"""The review queue: doubtful first, nothing of the machine's touched, everything known afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.states import StateTrack
from stillface.errors import UsageError
from stillface.review.document import Document
from stillface.review.lanes import LaneKey
from stillface.review.queue import Filter, ReviewQueue, agreement
from stillface.review.reviewed_share import share_reviewed
from stillface.review.watched import Watched

AUTO = LaneKey("infant", "affect3", "auto:affect@1")
REVIEWED = LaneKey("infant", "affect3", "auto_reviewed:AB")


@pytest.fixture
def document(kit: Any, tmp_path: Path) -> Document:
    return kit.document(tmp_path, tracks=[kit.auto_track()])


def queue_of(document: Document, **settings: Any) -> ReviewQueue:
    clock = iter(range(0, 10**15, 10 * S))
    settings = {"seed": 5, "audit_share": 0.0, **settings}
    return ReviewQueue(document, [AUTO], Watched(), lambda: next(clock), **settings)


def many(kit: Any, n: int, confidence: float) -> StateTrack:
    codes = np.arange(n, dtype=np.int16) % 3
    edges = np.arange(n + 1, dtype=np.int64) * 4 * kit.FRAME
    return StateTrack(kit.affect, "infant", "auto:affect@1", edges, codes, np.full(n, confidence, np.float32))


def test_the_doubtful_come_first_the_sure_and_the_uncodable_not_at_all(document: Document) -> None:
    queue = queue_of(document)
    assert [round(p.confidence, 1) for p in queue.items] == [0.3, 0.6]
    assert queue.current is not None
    assert queue.current.onset_ns == 4 * S


def test_every_decision_makes_a_new_track_and_leaves_the_machines(kit: Any, document: Document) -> None:
    machine = document.lane(AUTO).bouts
    queue = queue_of(document, sure_from=1.01)
    queue.accept()
    queue.relabel("pos")
    queue.reject()
    queue.cant_tell()
    assert kit.bouts(document, REVIEWED) == [(4, 8, "neg"), (8, 12, "usc"), (12, 16, "pos")]
    assert [queue.decision(p).verdict for p in queue.items] == ["accept", "accept", "reject", "cant_tell"]  # type: ignore[union-attr]
    assert document.lane(AUTO).bouts == machine
    assert [t.source for t in document.own_tracks()] == ["auto_reviewed:AB"]
    assert share_reviewed(document, AUTO) == pytest.approx(16 / 20)


def test_a_relabel_records_what_the_machine_said(document: Document) -> None:
    queue = queue_of(document)
    queue.relabel("neu")
    record = document._stores["auto_reviewed"].log.records[-1]
    assert record.bout is not None
    held = record.bout.attributes
    assert (record.bout.tier, record.bout.code) == ("infant/review:affect3", "relabel")
    assert (held["proposed"], held["code"], held["confidence"], held["source"]) == (
        "neg",
        "neu",
        "0.3000",
        "auto:affect@1",
    )


def test_accepting_unplayed_is_recorded_as_such(document: Document) -> None:
    queue = queue_of(document)
    queue.accept()
    queue.watched.add(12 * S, 15 * S)
    queue.accept()
    assert [queue.decision(p).played for p in queue.items] == [0.0, 0.75]  # type: ignore[union-attr]


def test_decisions_are_kept_and_the_queue_goes_on_where_it_was(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, tracks=[kit.auto_track()])
    queue_of(document).accept()
    document.close()
    document = kit.document(tmp_path, tracks=[kit.auto_track()])
    queue = queue_of(document)
    assert queue.place == 1
    assert queue.progress().n_decided == 1


def test_deciding_anew_replaces_code_and_decision(kit: Any, document: Document) -> None:
    queue = queue_of(document)
    queue.nudge("offset", 5)
    queue.accept()
    queue.go(0)
    assert queue.edges_ns == (4 * S, 8 * S + 5 * kit.FRAME)
    queue.relabel("pos")
    assert kit.bouts(document, REVIEWED) == [(4, 8.2, "pos")]
    n_records = len(document._stores["auto_reviewed"].log.records)
    queue.go(0)
    queue.accept()
    assert kit.bouts(document, REVIEWED) == [(4, 8.2, "pos")]
    assert len(document._stores["auto_reviewed"].log.records) == n_records
    queue.go(0)
    queue.reject()
    assert kit.bouts(document, REVIEWED) == []


def test_one_undo_takes_code_and_decision_back(kit: Any, document: Document) -> None:
    queue = queue_of(document)
    document.activate(REVIEWED)
    queue.accept()
    document.undo()
    assert kit.bouts(document, REVIEWED) == []
    assert queue.progress().n_decided == 0


def test_a_nudged_edge_is_the_neighbours_too(kit: Any, document: Document) -> None:
    queue = queue_of(document, sure_from=1.01)
    queue.nudge("offset", 5)
    assert queue.edges_ns == (4 * S, 8 * S + 5 * kit.FRAME)
    queue.accept()
    place = next(k for k, p in enumerate(queue.items) if p.onset_ns == 8 * S)
    queue.go(place)
    queue.accept()
    assert kit.bouts(document, REVIEWED) == [(4, 8.2, "neg"), (8.2, 12, "neu")]
    queue.go(place)
    for _ in range(200):
        queue.nudge("onset", 10)
    low, high = queue.edges_ns
    assert high - low == kit.FRAME


def test_filters_and_an_empty_queue(document: Document) -> None:
    queue = queue_of(document)
    queue.set_filter(Filter(codes=frozenset({"pos"})))
    assert [p.code for p in queue.items] == ["pos"]
    queue.set_filter(Filter(episodes=frozenset({"SF"})))
    assert [p.onset_ns // S for p in queue.items] == [12]
    queue.set_filter(Filter(roles=frozenset({"caregiver"})))
    assert queue.current is None
    assert queue.next() is None
    with pytest.raises(UsageError, match="empty"):
        queue.accept()
    queue.set_filter(Filter())
    queue.accept()
    queue.set_filter(Filter(undecided_only=True))
    assert len(queue.items) == 1


def test_the_audit_sample_is_the_same_after_a_restart_and_gives_agreement(kit: Any, tmp_path: Path) -> None:
    track = many(kit, 200, 0.95)
    document = kit.document(tmp_path, tracks=[track])
    queue = ReviewQueue(document, [AUTO], Watched(), lambda: 0, audit_share=0.1)
    assert len(queue.items) == 20
    assert all(p.audit for p in queue.items)
    for k in range(20):
        if k < 5:
            queue.relabel("usc")
        else:
            queue.accept()
    sample = [p.onset_ns for p in queue.items]
    found = agreement(queue)
    assert (found.n_sampled, found.n_judged, found.n_agreed, found.time_share) == (20, 20, 15, 0.75)
    document.close()
    document = kit.document(tmp_path, tracks=[track])
    again = ReviewQueue(document, [AUTO], Watched(), lambda: 0, audit_share=0.5, seed=99)
    assert [p.onset_ns for p in again.items] == sample
    assert again.seed == queue.seed


def test_the_rest_can_be_accepted_and_is_marked_as_bulk(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, tracks=[many(kit, 200, 0.95)])
    queue = ReviewQueue(document, [AUTO], Watched(), lambda: 0, audit_share=0.1)
    assert queue.accept_rest() == 180
    assert len(document.lane(REVIEWED).bouts) == 180
    reasons = {b.attributes["reason"] for _, b in document._decisions.values()}
    assert reasons == {"bulk"}
    assert share_reviewed(document, AUTO) == pytest.approx(0.9)
    document.activate(REVIEWED)
    document.undo()
    assert document.lane(REVIEWED).bouts == ()


def test_minutes_left_come_from_the_pace(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, tracks=[many(kit, 30, 0.5)])
    queue = queue_of(document)
    assert queue.progress().minutes_left is None
    for _ in range(6):
        queue.accept()
    done = queue.progress()
    assert (done.n_decided, done.n_all) == (6, 30)
    assert done.minutes_left == pytest.approx(24 * 10 / 60)


def two_lanes(kit: Any, tmp_path: Path) -> ReviewQueue:
    edges = np.arange(4, dtype=np.int64) * 4 * S
    codes = np.array([2, 0, 1], np.int16)
    other = StateTrack(kit.affect, "caregiver", "auto:affect@1", edges, codes, np.array([0.1, 0.7, 0.65]))
    document = kit.document(tmp_path, tracks=[other, kit.auto_track()])
    lanes = [key for key in document.lanes if key.kind == "auto"]
    return ReviewQueue(document, lanes, Watched(), lambda: 0, seed=5, audit_share=0.0)


def test_review_goes_lane_by_lane_in_the_timelines_order(kit: Any, tmp_path: Path) -> None:
    queue = two_lanes(kit, tmp_path)
    assert queue.tiers == (("infant", "affect3"), ("caregiver", "affect3"))
    assert [(p.lane.role, round(p.confidence, 2)) for p in queue.items] == [
        ("infant", 0.3), ("infant", 0.6), ("caregiver", 0.1), ("caregiver", 0.65), ("caregiver", 0.7),
    ]  # fmt: skip


def test_behind_the_last_nothing_is_decided_twice_and_what_was_left_comes_again(
    kit: Any, tmp_path: Path
) -> None:
    queue = two_lanes(kit, tmp_path)
    queue.set_filter(Filter.of_lane(("caregiver", "affect3")))
    queue.accept()
    assert queue.next() == queue.items[2]
    queue.accept()
    assert queue.at_end
    assert queue.current is None
    with pytest.raises(UsageError, match="behind you"):
        queue.accept()
    assert queue.next() == queue.items[1]
    queue.accept()
    assert queue.previous() == queue.items[1]
    queue.go(2)
    queue.accept()
    assert queue.at_end
    assert queue.next() is None
    assert queue.next_tier() == ("infant", "affect3")
    assert queue.n_open(("infant", "affect3")) == 2
    assert queue.previous() == queue.items[2]


def test_what_a_neighbour_took_since_is_not_shown_as_ours(kit: Any, document: Document) -> None:
    queue = queue_of(document, sure_from=1.01)
    first, second = (next(k for k, p in enumerate(queue.items) if p.onset_ns == s * S) for s in (4, 8))
    queue.go(first)
    queue.nudge("onset", 3)
    queue.accept()
    assert queue.go(first)
    assert queue.edges_ns == (4 * S + 3 * kit.FRAME, 8 * S)
    queue.go(second)
    queue.nudge("onset", -10)
    queue.accept()
    queue.go(first)
    assert queue.edges_ns == (4 * S + 3 * kit.FRAME, 8 * S - 10 * kit.FRAME)
    queue.go(second)
    assert queue.edges_ns == (8 * S - 10 * kit.FRAME, 12 * S)


def test_only_the_filters_sure_ones_are_accepted_unseen(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, tracks=[many(kit, 60, 0.95)])
    queue = ReviewQueue(document, [AUTO], Watched(), lambda: 0, audit_share=0.0)
    queue.set_filter(Filter(codes=frozenset({"pos"})))
    assert queue.n_rest() == 20
    assert queue.accept_rest() == 20
    assert {bout.code for bout in document.lane(REVIEWED).bouts} == {"pos"}
