"""Two bouts of one code that touch are one bout when keys made them; a cut and a remark keep them apart."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.review.commands import Command
from stillface.review.commands_edit import CommentOn, Erase, Paint, Split
from stillface.review.commands_live import CloseRunning, SetState, WatchedOn
from stillface.review.document import Document
from stillface.review.lanes import RUNNING, LaneKey

INFANT = LaneKey("infant", "affect3", "human:AB")
HANDS = LaneKey("infant", "oral", "human:AB")


@pytest.fixture
def document(kit: Any, tmp_path: Path) -> Document:
    return kit.document(tmp_path)


def all_of(document: Document, key: LaneKey = INFANT) -> list[tuple[str, int, int, str, dict[str, str]]]:
    return [(b.id, b.onset_ns, b.end_ns, b.code, dict(b.attributes)) for b in document.lane(key).bouts]


def undone(document: Document, before: object) -> None:
    after = all_of(document)
    document.undo()
    assert all_of(document) == before
    document.redo()
    assert all_of(document) == after


def test_a_state_that_was_ended_here_goes_on_with_its_key(kit: Any, document: Document) -> None:
    document.do(SetState(INFANT, 1 * S, "neu"))
    document.do(CloseRunning(INFANT, 4 * S))
    before = all_of(document)
    document.do(SetState(INFANT, 4 * S, "neu"))
    assert document.lane(INFANT).running is not None
    undone(document, before)
    document.do(WatchedOn(INFANT, 6 * S))
    document.do(CloseRunning(INFANT, 7 * S))
    assert kit.bouts(document, INFANT) == [(1, 7, "neu")]


def test_the_rest_of_a_bout_joins_what_follows_and_says_the_same(kit: Any, document: Document) -> None:
    for onset, offset, code in ((0, 10, "pos"), (10, 20, "neu")):
        document.do(Paint(INFANT, onset * S, offset * S, code))
    before = all_of(document)
    document.do(SetState(INFANT, 6 * S, "neu"))
    assert kit.bouts(document, INFANT) == [(0, 6, "pos"), (6, 20, "neu")]
    undone(document, before)
    document.do(SetState(INFANT, 0, "neu"))
    assert kit.bouts(document, INFANT) == [(0, 20, "neu")]


def test_a_running_bout_that_meets_its_own_code_becomes_one_with_it(kit: Any, document: Document) -> None:
    document.do(Paint(INFANT, 5 * S, 9 * S, "neu"))
    document.do(SetState(INFANT, 1 * S, "neu"))
    before = all_of(document)
    document.do(WatchedOn(INFANT, 6 * S))
    assert kit.bouts(document, INFANT) == [(1, 9, "neu")]
    assert document.lane(INFANT).running is None
    undone(document, before)


def test_a_new_code_joins_what_ran_up_to_the_bout_it_stands_in(kit: Any, document: Document) -> None:
    document.do(Paint(INFANT, 5 * S, 9 * S, "neu"))
    document.do(SetState(INFANT, 1 * S, "neu"))
    document.do(WatchedOn(INFANT, 4 * S))
    before = all_of(document)
    document.do(SetState(INFANT, 7 * S, "pos"))
    assert kit.bouts(document, INFANT) == [(1, 7, "neu"), (7, 9, "pos")]
    undone(document, before)


def test_a_cut_a_remark_and_time_between_keep_them_apart(kit: Any, document: Document) -> None:
    document.do(Paint(INFANT, 0, 10 * S, "neu"))
    document.do(Split(INFANT, document.lane(INFANT).bouts[0].id, 4 * S))
    document.do(SetState(INFANT, 8 * S, "pos"))
    assert kit.bouts(document, INFANT) == [(0, 4, "neu"), (4, 8, "neu"), (8, 10, "pos")]
    document.do(CommentOn(INFANT, document.lane(INFANT).bouts[1].id, "a sigh"))
    document.do(Erase(INFANT, 8 * S, 10 * S))
    document.do(SetState(INFANT, 8 * S, "neu"))
    document.do(CloseRunning(INFANT, 9 * S))
    document.do(SetState(INFANT, 9 * S + S // 25, "neu"))
    document.do(CloseRunning(INFANT, 10 * S))
    assert kit.bouts(document, INFANT) == [
        (0, 4, "neu"), (4, 8, "neu"), (8, 9, "neu"), (9.04, 10, "neu"),
    ]  # fmt: skip


moments = st.integers(0, 499).map(lambda frame: frame * S // 25)
keys = st.one_of(
    st.builds(SetState, st.just(INFANT), moments, st.sampled_from(("neg", "neu"))),
    st.builds(SetState, st.just(HANDS), moments, st.sampled_from(("mouth", "usc"))),
    st.builds(WatchedOn, st.sampled_from((INFANT, HANDS)), moments),
    st.builds(CloseRunning, st.sampled_from((INFANT, HANDS)), moments),
)


@settings(max_examples=60, deadline=None)
@given(commands=st.lists(keys, max_size=14))
def test_no_keys_leave_two_bouts_where_one_is_meant(kit: Any, commands: list[Command]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = kit.document(Path(folder))
        for command in commands:
            if isinstance(command, CloseRunning) and document.lane(command.lane).running is None:
                continue
            document.do(command)
            bouts = document.lane(command.lane).bouts
            for one, two in pairwise(bouts):
                assert one.end_ns <= two.onset_ns
                # What runs still may touch what it has not been seen to reach.
                same = one.code == two.code and one.end_ns == two.onset_ns and RUNNING not in one.attributes
                assert not same, command
        document.close()
