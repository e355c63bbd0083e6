"""Commands: what a coder relies on; any sequence can be taken back and comes back from the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.errors import FieldError, UsageError
from stillface.review.commands import Command, gap_code
from stillface.review.commands_edit import (
    CommentOn,
    Delete,
    Erase,
    ExtendTo,
    Merge,
    MoveEdge,
    MovePoint,
    Paint,
    Relabel,
    Split,
    edge_limits_ns,
)
from stillface.review.commands_live import AddPoint, CloseRunning, SetState, WatchedOn
from stillface.review.document import Document
from stillface.review.lanes import LaneKey

INFANT = LaneKey("infant", "affect3", "human:AB")
HANDS = LaneKey("infant", "oral", "human:AB")
BIDS = LaneKey("infant", "bids", "human:AB")


@pytest.fixture
def document(kit: Any, tmp_path: Path) -> Document:
    return kit.document(tmp_path)


def painted(document: Document, *bouts: tuple[float, float, str]) -> list[str]:
    for onset, offset, code in bouts:
        document.do(Paint(INFANT, round(onset * S), round(offset * S), code))
    return [bout.id for bout in document.lane(INFANT).bouts]


def test_an_exclusive_scheme_closes_the_running_bout(kit: Any, document: Document) -> None:
    document.do(SetState(INFANT, 1 * S, "neu"))
    document.do(SetState(INFANT, 3 * S, "pos"))
    document.do(SetState(INFANT, 3 * S + 7, "pos"))
    document.do(SetState(INFANT, 5 * S, "usc"))
    document.do(CloseRunning(INFANT, 6 * S))
    assert kit.bouts(document, INFANT) == [(1, 3, "neu"), (3, 5, "pos"), (5, 6, "usc")]
    assert document.lane(INFANT).running is None


def test_a_running_bout_claims_only_what_was_watched(kit: Any, document: Document) -> None:
    document.do(SetState(INFANT, 1 * S, "neu"))
    assert kit.bouts(document, INFANT) == [(1, 1.04, "neu")]
    document.do(WatchedOn(INFANT, 4 * S))
    assert not document.do(WatchedOn(INFANT, 2 * S))
    assert kit.bouts(document, INFANT) == [(1, 4, "neu")]
    assert document.lane(INFANT).running is not None


def test_the_same_key_again_ends_a_state_only_where_the_scheme_has_absences(
    kit: Any, document: Document
) -> None:
    for key, code in ((INFANT, "neu"), (HANDS, "mouth")):
        document.do(SetState(key, 1 * S, code))
        document.do(SetState(key, 2 * S, code))
    assert document.lane(INFANT).running is not None
    assert document.lane(HANDS).running is None
    assert kit.bouts(document, INFANT) == [(1, 2, "neu")]
    assert kit.bouts(document, HANDS) == [(1, 2, "mouth")]


def test_a_running_bout_never_grows_over_one_that_is_there(kit: Any, document: Document) -> None:
    painted(document, (4, 6, "pos"))
    document.do(SetState(INFANT, 1 * S, "neu"))
    document.do(SetState(INFANT, 8 * S, "neg"))
    assert kit.bouts(document, INFANT) == [(1, 4, "neu"), (4, 6, "pos"), (8, 8.04, "neg")]
    document.do(WatchedOn(INFANT, 9 * S))
    assert kit.bouts(document, INFANT)[-1] == (8, 9, "neg")


def test_a_key_inside_a_bout_changes_the_rest_of_it(kit: Any, document: Document) -> None:
    painted(document, (1, 6, "neu"))
    document.do(SetState(INFANT, 4 * S, "neg"))
    document.do(SetState(INFANT, 1 * S, "pos"))
    assert kit.bouts(document, INFANT) == [(1, 4, "pos"), (4, 6, "neg")]


def test_going_back_to_a_hole_leaves_one_running_bout(kit: Any, document: Document) -> None:
    document.do(SetState(INFANT, 5 * S, "neu"))
    document.do(WatchedOn(INFANT, 7 * S))
    document.do(SetState(INFANT, 2 * S, "pos"))
    assert [bout.running for bout in document.lane(INFANT).bouts] == [True, False]
    document.do(CloseRunning(INFANT, 9 * S))
    assert kit.bouts(document, INFANT) == [(2, 5, "pos"), (5, 7, "neu")]


def test_times_snap_to_the_frame_on_screen_and_its_number_is_kept(document: Document) -> None:
    document.do(SetState(INFANT, 1 * S + 39_999_999, "neu"))
    bout = document.lane(INFANT).bouts[0]
    assert bout.onset_ns == 1 * S
    record = document._stores["human"].log.records[-1]
    assert record.bout is not None
    assert (record.bout.onset_frame, record.bout.offset_frame) == (25, 26)


def test_painting_makes_neighbours_give_way(kit: Any, document: Document) -> None:
    painted(document, (0, 10, "neu"), (4, 6, "pos"))
    assert kit.bouts(document, INFANT) == [(0, 4, "neu"), (4, 6, "pos"), (6, 10, "neu")]
    painted(document, (3, 7, "neg"))
    assert kit.bouts(document, INFANT) == [(0, 3, "neu"), (3, 7, "neg"), (7, 10, "neu")]
    document.do(Erase(INFANT, 2 * S, 8 * S))
    assert kit.bouts(document, INFANT) == [(0, 2, "neu"), (8, 10, "neu")]
    document.do(Paint(INFANT, 9 * S, 1 * S, "pos"))
    assert kit.bouts(document, INFANT) == [(0, 1, "neu"), (1, 9, "pos"), (9, 10, "neu")]


def test_a_shared_edge_moves_both_bouts_and_stops_a_frame_short(kit: Any, document: Document) -> None:
    first, second = painted(document, (0, 4, "neu"), (4, 8, "pos"))
    document.do(MoveEdge(INFANT, first, "offset", 5 * S))
    document.do(MoveEdge(INFANT, second, "offset", 9 * S + 3))
    assert kit.bouts(document, INFANT) == [(0, 5, "neu"), (5, 9, "pos")]
    assert edge_limits_ns(document.lane(INFANT), second, "onset", document.grid) == (
        kit.FRAME,
        9 * S - kit.FRAME,
    )
    with pytest.raises(UsageError, match="cannot go there"):
        document.do(MoveEdge(INFANT, second, "onset", 9 * S))
    painted(document, (20, 22, "neg"))
    with pytest.raises(UsageError, match="cannot go there"):
        document.do(MoveEdge(INFANT, second, "offset", 21 * S))


def test_split_merge_relabel_extend_delete(kit: Any, document: Document) -> None:
    (bout,) = painted(document, (2, 8, "neu"))
    document.do(Split(INFANT, bout, 5 * S))
    document.do(Relabel(INFANT, bout, "neg"))
    assert kit.bouts(document, INFANT) == [(2, 5, "neg"), (5, 8, "neu")]
    document.do(CommentOn(INFANT, document.lane(INFANT).bouts[1].id, "yawn"))
    document.do(Merge(INFANT, bout))
    assert kit.bouts(document, INFANT) == [(2, 8, "neg")]
    assert document.lane(INFANT).bouts[0].comment == "yawn"
    painted(document, (9, 10, "pos"))
    document.do(ExtendTo(INFANT, bout, 9 * S + 520_000_000))
    document.do(ExtendTo(INFANT, bout, 1 * S))
    assert kit.bouts(document, INFANT) == [(1, 9.52, "neg"), (9.52, 10, "pos")]
    document.do(Delete(INFANT, bout))
    assert kit.bouts(document, INFANT) == [(9.52, 10, "pos")]


def test_points_are_added_moved_and_not_doubled(document: Document) -> None:
    document.do(AddPoint(BIDS, 3 * S, "bid"))
    document.do(AddPoint(BIDS, 3 * S, "touch"))
    with pytest.raises(UsageError, match="there already"):
        document.do(AddPoint(BIDS, 3 * S + 1, "bid"))
    document.do(MovePoint(BIDS, document.lane(BIDS).bouts[0].id, 4 * S))
    events = document.lane(BIDS).points()
    assert events.times_ns.tolist() == [3 * S, 4 * S]
    with pytest.raises(UsageError, match="kind of scheme"):
        document.do(SetState(BIDS, 0, "bid"))
    with pytest.raises(UsageError, match="kind of scheme"):
        document.do(AddPoint(INFANT, 0, "neu"))


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (SetState(INFANT, 99 * S, "neu"), UsageError),
        (SetState(INFANT, 1, "smile"), FieldError),
        (Paint(INFANT, 2 * S, 2 * S + 1, "neu"), UsageError),
        (Relabel(INFANT, "nobody", "neu"), FieldError),
        (CloseRunning(INFANT, 1 * S), UsageError),
        (SetState(LaneKey("dog", "affect3", "human:AB"), 0, "neu"), UsageError),
    ],
)
def test_what_cannot_be_done_changes_nothing(document: Document, command: Command, error: type) -> None:
    painted(document, (0, 1, "neu"))
    before = document.lane(INFANT).bouts
    with pytest.raises(error):
        document.do(command)
    assert document.lane(INFANT).bouts == before


def test_uncodable_needs_a_code_for_it(document: Document) -> None:
    assert gap_code(document.lane(INFANT)) == "usc"
    with pytest.raises(UsageError, match="no code for unscorable"):
        gap_code(document.lane(BIDS))


TIME = st.integers(0, 39 * S)
CODE = st.sampled_from(["neg", "neu", "pos", "usc"])
PICK = st.integers(0, 20)
GESTURES = st.one_of(
    st.tuples(st.just("set"), TIME, CODE),
    st.tuples(st.just("watched"), TIME),
    st.tuples(st.just("close"), TIME),
    st.tuples(st.just("paint"), TIME, TIME, CODE),
    st.tuples(st.just("erase"), TIME, TIME),
    st.tuples(st.just("edge"), PICK, st.sampled_from(["onset", "offset"]), TIME),
    st.tuples(st.just("split"), PICK, TIME),
    st.tuples(st.just("merge"), PICK),
    st.tuples(st.just("relabel"), PICK, CODE),
    st.tuples(st.just("delete"), PICK),
    st.tuples(st.just("extend"), PICK, TIME),
    st.tuples(st.just("comment"), PICK, st.sampled_from(["", "yawn"])),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
)


def command_of(document: Document, gesture: tuple[Any, ...]) -> Command | None:
    name, *parts = gesture
    free = {"set": SetState, "watched": WatchedOn, "close": CloseRunning, "paint": Paint, "erase": Erase}
    if name in free:
        return free[name](INFANT, *parts)
    bouts = document.lane(INFANT).bouts
    if not bouts:
        return None
    on_bout = {
        "edge": MoveEdge,
        "split": Split,
        "merge": Merge,
        "relabel": Relabel,
        "delete": Delete,
        "extend": ExtendTo,
        "comment": CommentOn,
    }
    return on_bout[name](INFANT, bouts[parts[0] % len(bouts)].id, *parts[1:])


def content(document: Document) -> list[tuple[Any, ...]]:
    bouts = document.lane(INFANT).bouts
    return [(b.id, b.onset_ns, b.offset_ns, b.code, tuple(sorted(b.attributes.items()))) for b in bouts]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gestures=st.lists(GESTURES, max_size=18))
def test_any_work_can_be_taken_back_brought_back_and_reopened(
    kit: Any, tmp_path_factory: pytest.TempPathFactory, gestures: list[tuple[Any, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("codes")
    document = kit.document(folder)
    for gesture in gestures:
        try:
            if gesture == ("undo",):
                document.undo()
            elif gesture == ("redo",):
                document.redo()
            elif (command := command_of(document, gesture)) is not None:
                document.do(command)
        except UsageError:
            pass
        lane = document.lane(INFANT)
        assert (lane.onsets_ns[1:] >= lane.ends_ns[:-1]).all()
        assert (lane.ends_ns > lane.onsets_ns).all()
        assert sum(bout.running for bout in lane.bouts) <= 1
    done = content(document)
    document.close()
    document = kit.document(folder)
    assert content(document) == done
    undone = []
    while document.can_undo:
        undone.append(content(document))
        document.undo()
    assert content(document) == []
    for expected in reversed(undone):
        document.redo()
        assert content(document) == expected
    assert content(document) == done
    document.close()
