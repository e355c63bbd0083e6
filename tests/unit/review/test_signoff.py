"""Sign-off: what is signed cannot change by accident, and every unlocking has its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillface.errors import StorageError, UsageError
from stillface.io.code_log_record import LoggedBout
from stillface.io.sign_offs import fingerprint, sign_offs
from stillface.review.commands_edit import Paint
from stillface.review.commands_live import SetState
from stillface.review.lanes import LaneKey
from stillface.review.signoff import open_points, sign_off, unlock

INFANT = LaneKey("infant", "affect3", "human:AB")
CAREGIVER = LaneKey("caregiver", "affect3", "human:AB")
TIER = INFANT.tier


@pytest.fixture
def coded(kit: Any, tmp_path: Path) -> Any:
    """A document whose infant track is coded, but for the episode that was never run."""
    document = kit.document(tmp_path)
    document.do(Paint(INFANT, 0, 12 * kit.S, "neu"))
    document.do(Paint(INFANT, 12 * kit.S, 20 * kit.S, "neg"))
    return document


def status(document: Any) -> Any:
    return sign_offs([document._stores["human"].log.records])[TIER]


def test_a_signed_track_refuses_edits_and_others_do_not(kit: Any, coded: Any) -> None:
    sign_off(coded, INFANT, accept_open=True)
    before = kit.bouts(coded, INFANT)
    assert not coded.lane(INFANT).editable
    with pytest.raises(StorageError, match="signed off"):
        coded.do(Paint(INFANT, 0, kit.S, "pos"))
    assert kit.bouts(coded, INFANT) == before
    assert coded.do(Paint(CAREGIVER, 0, kit.S, "pos"))


def test_undo_and_redo_stop_at_a_signed_track(kit: Any, coded: Any) -> None:
    coded.undo()
    coded.redo()
    sign_off(coded, INFANT, accept_open=True)
    before = kit.bouts(coded, INFANT)
    with pytest.raises(UsageError, match="signed off"):
        coded.undo()
    unlock(coded, INFANT, "wrong film")
    coded.undo()
    sign_off(coded, INFANT, accept_open=True)
    with pytest.raises(UsageError, match="signed off"):
        coded.redo()
    assert kit.bouts(coded, INFANT) != before
    coded.do(Paint(CAREGIVER, 0, kit.S, "pos"))
    coded.undo()
    assert kit.bouts(coded, CAREGIVER) == []


def test_the_lock_is_there_after_reopening(kit: Any, coded: Any, tmp_path: Path) -> None:
    sign_off(coded, INFANT, accept_open=True)
    coded.close()
    again = kit.document(tmp_path)
    assert not again.lane(INFANT).editable
    assert again.locked_tiers("human") == {TIER}
    unlock(again, INFANT, "the infant slept from 0:12 on")
    assert again.lane(INFANT).editable
    assert status(again).why == "the infant slept from 0:12 on"
    again.close()


def test_unlocking_without_a_reason_is_refused(coded: Any) -> None:
    sign_off(coded, INFANT, accept_open=True)
    with pytest.raises(UsageError, match="reason"):
        unlock(coded, INFANT, "  ")
    assert not coded.lane(INFANT).editable
    with pytest.raises(UsageError, match="already"):
        sign_off(coded, INFANT)


def test_what_is_open_is_told_before_and_kept_after(kit: Any, coded: Any) -> None:
    assert [finding.kind for finding in open_points(coded, INFANT)] == ["missing_episode"]
    with pytest.raises(UsageError, match="1 places are open, the first: episode RE was not set"):
        sign_off(coded, INFANT)
    assert TIER not in coded.locked_tiers("human")
    sign_off(coded, INFANT, accept_open=True)
    assert status(coded).why == "1 places open"


def test_a_running_bout_is_never_signed(kit: Any, coded: Any) -> None:
    coded.do(SetState(CAREGIVER, 15 * kit.S, "pos"))
    with pytest.raises(UsageError, match="still running"):
        sign_off(coded, CAREGIVER, accept_open=True)


def test_nobody_signs_for_the_machine(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, tracks=[kit.auto_track()])
    with pytest.raises(UsageError, match="only the coder"):
        sign_off(document, LaneKey("infant", "affect3", "auto:affect@1"), accept_open=True)


def test_a_signed_review_takes_no_more_decisions(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, tracks=[kit.auto_track()])
    desk = kit.desk(document, kit.clock())
    desk.review(True)
    desk.queue.accept()
    sign_off(document, LaneKey("infant", "affect3", "auto_reviewed:AB"), accept_open=True)
    before = desk.queue.progress().n_decided
    with pytest.raises(UsageError, match="signed off"):
        desk.queue.accept()
    assert desk.queue.progress().n_decided == before == 1


def test_the_fingerprint_sees_times_codes_and_remarks_only(kit: Any) -> None:
    one, two = LoggedBout(TIER, 0, 5, "neg"), LoggedBout(TIER, 5, 9, "pos", 1, 2)
    assert fingerprint([one, two]) == fingerprint([LoggedBout(TIER, 5, 9, "pos"), one])
    others = [LoggedBout(TIER, 0, 6, "neg"), LoggedBout(TIER, 0, 5, "neu")]
    others.append(LoggedBout(TIER, 0, 5, "neg", attributes={"comment": "loud"}))
    assert len({fingerprint([bout, two]) for bout in [one, *others]}) == 4


def test_a_clock_set_back_does_not_revive_an_older_word(coded: Any) -> None:
    sign_off(coded, INFANT, accept_open=True)
    log = coded._stores["human"].log
    log._clock = lambda: ("2001-01-01T00:00:00.000000Z", 0)
    unlock(coded, INFANT, "checked with the film")
    assert not status(coded).signed
