"""The desk: whole sittings by keys alone, no window; findings, intervals, keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.errors import UsageError
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_replay import merge
from stillface.io.scheme_yaml import load_scheme, shipped_scheme_ids
from stillface.review.cameras import FrameGrid
from stillface.review.code_finder import CodeFinder
from stillface.review.commands_edit import CommentOn, MoveEdge, Paint
from stillface.review.desk import Desk, clock_text
from stillface.review.interval_mode import Bins
from stillface.review.keymap import Keymap
from stillface.review.keymap_profiles import ACTIONS, PROFILES
from stillface.review.lanes import LaneKey
from stillface.review.signoff import sign_off

INFANT = LaneKey("infant", "affect3", "human:AB")
CAREGIVER = LaneKey("caregiver", "affect3", "human:AB")
REVIEWED = LaneKey("infant", "affect3", "auto_reviewed:AB")


@pytest.fixture
def now(kit: Any) -> Any:
    return kit.clock()


@pytest.fixture
def desk(kit: Any, tmp_path: Path, now: Any) -> Desk:
    return kit.desk(kit.document(tmp_path), now)


def play(desk: Desk, now: Any, seconds: float) -> None:
    end = now.now + round(seconds * S)
    while now.now < end:
        now.now = min(now.now + 40_000_000, end)
        desk.playhead.tick()


def test_coding_while_playing_with_keys_only(kit: Any, desk: Desk, now: Any) -> None:
    desk.key("Space")
    for key, seconds in (("S", 2.0), ("D", 1.2), ("A", 3.0), ("0", 0.8), ("S", 1.0)):
        desk.key(key)
        play(desk, now, seconds)
    desk.key("Return")
    desk.key("Space")
    assert kit.bouts(desk.document, INFANT) == [
        (0, 2, "neu"), (2, 3.2, "pos"), (3.2, 6.2, "neg"), (6.2, 7, "usc"), (7, 8, "neu"),
    ]  # fmt: skip
    desk.key("Ctrl+Z")
    desk.key("Ctrl+Z")
    desk.key("Ctrl+Y")
    assert desk.document.lane(INFANT).bouts[-1].running


def test_pausing_logs_what_was_watched_and_undo_does_not_notice(kit: Any, desk: Desk, now: Any) -> None:
    desk.key("S")
    for _ in range(3):
        desk.key("Space")
        play(desk, now, 1)
        desk.key("Space")
    assert kit.bouts(desk.document, INFANT) == [(0, 3, "neu")]
    desk.key("Ctrl+Z")
    assert kit.bouts(desk.document, INFANT) == []


def test_the_last_bout_reaches_the_end_of_the_film(kit: Any, desk: Desk, now: Any) -> None:
    desk.playhead.seek(39 * S)
    desk.key("S")
    desk.key("Space")
    play(desk, now, 5)
    assert kit.bouts(desk.document, INFANT) == [(39, 40, "neu")]
    desk.key("Return")
    assert desk.document.lane(INFANT).running is None


def test_a_leap_ends_the_running_state_where_it_was_last_seen(kit: Any, desk: Desk, now: Any) -> None:
    desk.key("S")
    desk.key("Space")
    play(desk, now, 2)
    desk.key("Space")
    desk.key("Shift+Right")
    desk.key("Shift+Right")
    desk.key("D")
    assert kit.bouts(desk.document, INFANT)[0] == (0, 4, "neu")
    desk.playhead.seek(30 * S)
    desk.key("A")
    assert kit.bouts(desk.document, INFANT) == [(0, 4, "neu"), (4, 4.04, "pos"), (30, 30.04, "neg")]
    desk.key("Ctrl+Z")
    assert desk.document.lane(INFANT).running is None
    desk.key("Ctrl+Z")
    assert kit.bouts(desk.document, INFANT) == [(0, 2, "neu")]
    assert desk.document.lane(INFANT).running is not None


def test_a_state_runs_on_while_the_coder_goes_on_by_seconds(kit: Any, desk: Desk) -> None:
    desk.key("S")
    for _ in range(12):
        desk.key("Shift+Right")
    desk.key("D")
    assert kit.bouts(desk.document, INFANT) == [(0, 12, "neu"), (12, 12.04, "pos")]


@pytest.mark.parametrize("how", ["playing", "stepping", "by seconds"])
def test_a_long_state_is_on_the_disk_before_anybody_stops(
    kit: Any, desk: Desk, now: Any, how: str, tmp_path: Path
) -> None:
    desk.key("S")
    if how == "playing":
        desk.key("Space")
        play(desk, now, 12)
    else:
        for _ in range(12 if how == "by seconds" else 300):
            desk.key("Shift+Right" if how == "by seconds" else "Right")
    # As after a crash: nothing was paused, ended or closed.
    records, problem = read_log(next(tmp_path.rglob("AB.*.jsonl")))
    assert problem is None
    (bout,) = merge([records]).bouts.values()
    assert bout.offset_ns is not None
    assert 7 * S <= bout.offset_ns <= 12 * S
    desk.key("Ctrl+Z")
    assert kit.bouts(desk.document, INFANT) == []


def test_states_of_two_lanes_run_on_together_and_both_reach_the_disk(kit: Any, desk: Desk, now: Any) -> None:
    desk.key("S")
    desk.document.activate(CAREGIVER)
    desk.key("D")
    desk.key("Space")
    play(desk, now, 7)
    assert kit.bouts(desk.document, INFANT)[0][1] >= 5
    desk.key("A")
    desk.key("Return")
    desk.document.activate(INFANT)
    desk.key("Return")
    assert kit.bouts(desk.document, INFANT) == [(0, 7, "neu")]
    assert kit.bouts(desk.document, CAREGIVER)[0] == (0, 7, "pos")


def test_a_state_left_running_does_not_grow_over_film_seen_for_another_lane(
    kit: Any, desk: Desk, now: Any
) -> None:
    desk.key("S")
    desk.document.activate(CAREGIVER)
    later = kit.desk(desk.document, now)
    later.key("D")
    later.key("Space")
    play(later, now, 12)
    later.key("Space")
    later.document.activate(INFANT)
    later.key("A")
    assert kit.bouts(desk.document, INFANT) == [(0, 0.04, "neu"), (12, 12.04, "neg")]


def test_a_signed_lane_is_left_by_the_key_of_any_other(desk: Desk) -> None:
    desk.key("S")
    desk.key("Return")
    sign_off(desk.document, INFANT, accept_open=True)
    desk.document.activate(INFANT)
    desk.key("Down")
    assert desk.document.active is not None
    assert desk.document.active != INFANT
    assert desk.document.lane(desk.document.active).editable


def test_a_state_that_was_left_behind_is_told_in_the_same_breath(desk: Desk) -> None:
    said: list[str] = []
    desk.said.connect(said.append)
    desk.key("S")
    desk.playhead.seek(30 * S)
    desk.key("A")
    assert said[-1].endswith("; the state before ended at 0:00.040, where you left it")


@pytest.mark.parametrize("away", ["Home", "PageUp", "F8", "Shift+Left", "Left"])
@pytest.mark.parametrize(("on", "n", "reached"), [("Right", 40, 5.6), ("Shift+Right", 2, 6.0)])
def test_what_was_stepped_through_is_kept_when_one_goes_back(
    kit: Any, desk: Desk, on: str, n: int, reached: float, away: str
) -> None:
    said: list[str] = []
    desk.said.connect(said.append)
    desk.playhead.seek(4 * S)
    desk.key("A")
    for _ in range(n):
        desk.key(on)
    if away == "PageUp":
        desk.playhead.seek(S)
    else:
        for _ in range({"Left": 60, "Shift+Left": 4}.get(away, 1)):
            desk.key(away)
    assert kit.bouts(desk.document, INFANT) == [(4, reached, "neg")]
    desk.key("Return")
    assert kit.bouts(desk.document, INFANT) == [(4, reached, "neg")]
    assert said[-1].endswith(f"ended at {clock_text(round(reached * S))}")
    desk.key("Ctrl+Z")
    assert desk.document.lane(INFANT).running is not None
    assert kit.bouts(desk.document, INFANT) == [(4, reached, "neg")]
    desk.key("Ctrl+Z")
    assert kit.bouts(desk.document, INFANT) == []


def test_stepping_back_inside_a_running_state_still_finds_its_end(kit: Any, desk: Desk) -> None:
    desk.key("A")
    for key in ["Right"] * 40 + ["Left"] * 5:
        desk.key(key)
    desk.key("Return")
    assert kit.bouts(desk.document, INFANT) == [(0, 1.4, "neg")]


def test_a_loop_that_begins_anew_keeps_what_it_has_shown(kit: Any, desk: Desk, now: Any) -> None:
    desk.key("A")
    desk.playhead.loop_over(0, 3 * S)
    desk.key("Space")
    play(desk, now, 4)
    desk.key("Space")
    assert kit.bouts(desk.document, INFANT) == [(0, 3, "neg")]


def test_going_to_the_review_keeps_what_was_stepped_through(kit: Any, tmp_path: Path, now: Any) -> None:
    desk = kit.desk(kit.document(tmp_path, tracks=[kit.auto_track()]), now, sure_from=1.01)
    for key in ["A", *["Right"] * 40, "F7"]:
        desk.key(key)
    assert desk.mode == "review"
    assert kit.bouts(desk.document, INFANT) == [(0, 1.6, "neg")]


def test_fast_play_goes_on_with_the_running_state_and_is_not_watching(kit: Any, desk: Desk, now: Any) -> None:
    desk.key("S")
    desk.playhead.set_speed(4.0)
    desk.key("Space")
    play(desk, now, 5)
    desk.key("Space")
    assert kit.bouts(desk.document, INFANT) == [(0, 20, "neu")]
    assert desk.playhead.watched.share(0, 20 * S) == 0


def test_a_film_that_runs_goes_on_around_the_next_proposal(kit: Any, tmp_path: Path, now: Any) -> None:
    desk = kit.desk(kit.document(tmp_path, tracks=[kit.auto_track()]), now, sure_from=1.01)
    desk.key("F7")
    desk.key("Return")
    assert not desk.playhead.playing
    desk.key("Space")
    desk.key("Return")
    assert desk.playhead.playing
    assert desk.playhead.time_ns == desk.playhead.loop_ns[0]  # type: ignore[index]


def test_a_selection_is_painted_by_one_key(kit: Any, desk: Desk) -> None:
    desk.document.do(Paint(INFANT, 0, 10 * S, "neu"))
    desk.playhead.seek(2 * S)
    desk.key("I")
    desk.playhead.seek(4 * S)
    desk.key("O")
    desk.key("D")
    assert kit.bouts(desk.document, INFANT) == [(0, 2, "neu"), (2, 4, "pos"), (4, 10, "neu")]
    assert desk.selection_ns is None
    with pytest.raises(UsageError, match="no beginning"):
        desk.key("O")


def test_lanes_change_by_keys_and_keys_go_to_the_active_one(kit: Any, desk: Desk) -> None:
    desk.key("Down")
    assert desk.document.active == CAREGIVER
    desk.key("D")
    desk.key("Down")
    assert desk.code_of("M") == "mouth"
    assert desk.code_of("D") is None
    desk.key("Up")
    desk.key("Up")
    assert desk.document.active == INFANT
    assert kit.bouts(desk.document, CAREGIVER) == [(0, 0.04, "pos")]
    assert not desk.key("F12")


def test_bouts_are_mended_at_the_playhead(kit: Any, desk: Desk) -> None:
    desk.document.do(Paint(INFANT, 0, 10 * S, "neu"))
    desk.playhead.seek(4 * S)
    for key in ("Ctrl+K", "Shift+Right", "Ctrl+]"):
        desk.key(key)
    assert kit.bouts(desk.document, INFANT) == [(0, 4, "neu"), (4, 5, "neu")]
    desk.choose(INFANT, desk.document.lane(INFANT).bouts[0].id)
    desk.key("Ctrl+M")
    desk.playhead.seek(6 * S)
    desk.key("Ctrl+E")
    assert kit.bouts(desk.document, INFANT) == [(0, 6, "neu")]
    desk.key("Del")
    assert kit.bouts(desk.document, INFANT) == []


def test_interval_mode_scores_bins_one_key_each(kit: Any, desk: Desk) -> None:
    desk.playhead.seek(12 * S)
    desk.key("F6")
    for key in "SSDAX":
        desk.key(key)
    assert kit.bouts(desk.document, INFANT) == [
        (10, 11, "neu"), (11, 12, "neu"), (12, 13, "pos"), (13, 14, "neg"), (14, 15, "usc"),
    ]  # fmt: skip
    assert desk.bins is not None
    assert desk.bins.place == 5
    desk.key("F6")
    assert desk.bins is None


def test_a_bin_plays_once_and_stops_and_one_key_plays_the_next(kit: Any, desk: Desk, now: Any) -> None:
    desk.playhead.seek(10 * S)
    desk.key("F6")
    desk.key("Space")
    play(desk, now, 3)
    assert (desk.playhead.playing, desk.playhead.time_ns) == (False, 11 * S - 40_000_000)
    desk.key("Space")
    assert desk.playhead.time_ns == 10 * S, "again from the bin's onset"
    play(desk, now, 3)
    desk.key("S")
    assert (desk.playhead.playing, desk.playhead.time_ns) == (True, 11 * S)
    play(desk, now, 0.5)
    desk.key("D")
    assert desk.playhead.time_ns == 12 * S
    play(desk, now, 3)
    # Who goes by frames decides when the next bin plays.
    desk.key("Left")
    desk.key("A")
    assert (desk.playhead.playing, desk.playhead.time_ns) == (False, 13 * S)
    assert kit.bouts(desk.document, INFANT) == [(10, 11, "neu"), (11, 12, "pos"), (12, 13, "neg")]
    desk.key("F6")
    desk.key("Space")
    play(desk, now, 2)
    assert desk.playhead.time_ns == 15 * S


def test_a_bout_is_relabelled_from_end_to_end_and_keeps_its_remark(kit: Any, desk: Desk) -> None:
    desk.document.do(Paint(INFANT, 0, 4 * S, "neu"))
    desk.document.do(Paint(INFANT, 4 * S, 8 * S, "pos"))
    bout = desk.document.lane(INFANT).bouts[1]
    desk.document.do(CommentOn(INFANT, bout.id, "look again"))
    desk.playhead.seek(6 * S)
    desk.key("Ctrl+R")
    desk.key("A")
    assert kit.bouts(desk.document, INFANT) == [(0, 4, "neu"), (4, 8, "neg")]
    assert desk.document.lane(INFANT).bouts[1].comment == "look again"
    assert desk.selection_ns is None
    desk.playhead.seek(9 * S)
    desk.cancel()
    with pytest.raises(UsageError, match="no bout here"):
        desk.key("Ctrl+R")


def test_a_code_and_words_of_a_remark_are_found_in_turn(desk: Desk) -> None:
    for onset_s, code in ((0, "neu"), (4, "pos"), (8, "neu"), (12, "pos")):
        desk.document.do(Paint(INFANT, onset_s * S, (onset_s + 4) * S, code))
    desk.document.do(CommentOn(INFANT, desk.document.lane(INFANT).bouts[2].id, "Hiccups"))
    said: list[str] = []
    desk.said.connect(said.append)
    finder = CodeFinder(desk)
    with pytest.raises(UsageError, match="nothing was looked for"):
        finder.go(1)
    visited = []
    finder.find("Positive")
    visited.append(desk.playhead.time_ns // S)
    for direction in (1, 1, -1, -1):
        finder.go(direction)
        visited.append(desk.playhead.time_ns // S)
    assert visited == [4, 12, 4, 12, 4]
    assert said[0] == "1 of 2: Positive 0:04.000 to 0:08.000"
    finder.find("d")
    assert desk.bout()[1].code == "pos"
    finder.find("hiccup")
    assert desk.playhead.time_ns == 8 * S
    assert desk.bout()[1].comment == "Hiccups"
    with pytest.raises(UsageError, match="no Negative in infant affect3"):
        finder.find("Negative")


def test_bins_do_not_drift_and_the_last_may_be_shorter() -> None:
    grid = FrameGrid(np.arange(0, 10 * S, 33_366_667))
    bins = Bins.over(0, 9 * S + S // 4, S, grid)
    assert len(bins) == 10
    assert all(abs(edge - k * S) <= 16_683_334 for k, edge in enumerate(bins.edges_ns[:10]))
    assert bins.at(99).place == 9
    for bin_ns in (S // 5, 16 * S):
        with pytest.raises(UsageError, match=r"0\.25 to 15 s"):
            Bins.over(0, 9 * S, bin_ns, grid)


def test_am_i_finished_lists_what_is_open(desk: Desk) -> None:
    desk.document.do(Paint(INFANT, 0, 4 * S, "neu"))
    desk.document.do(Paint(INFANT, 4 * S, 4 * S + 80_000_000, "pos"))
    desk.document.do(Paint(INFANT, 4 * S + 80_000_000, 10 * S, "usc"))
    desk.document.do(Paint(INFANT, 10 * S, 18 * S, "neu"))
    desk.document.do(Paint(CAREGIVER, 0, 20 * S, "neu"))
    found = [(f.kind, f.onset_ns / S, f.offset_ns / S) for f in desk.findings()]
    assert found == [
        ("missing_episode", 0, 0), ("sliver", 4, 4.08), ("uncodable", 4.08, 10), ("hole", 18, 20),
    ]  # fmt: skip
    said = []
    desk.said.connect(said.append)
    for _ in range(4):
        desk.key("F8")
    assert desk.playhead.time_ns == 18 * S
    assert said[0] == "1 of 1: episode RE was not set"
    assert said[-1] == "Infant · affect3, 3 of 3: in SF: 2.00 s not coded"
    desk.document.do(Paint(INFANT, 18 * S, 19 * S, "neu"))
    desk.playhead.seek(19 * S)
    desk.code("pos")
    assert "running" in [f.kind for f in desk.findings()]


def test_am_i_finished_answers_for_the_lane_that_is_coded_first(desk: Desk) -> None:
    said = []
    desk.said.connect(said.append)
    desk.document.do(Paint(INFANT, 0, 20 * S, "neu"))
    desk.finish.assigned = frozenset({"caregiver/affect3"})
    found = desk.findings()
    assert [f.lane for f in found] == [None, CAREGIVER, CAREGIVER]
    for _ in range(2):
        desk.key("F8")
    assert desk.document.active == CAREGIVER
    assert said[-1] == "Caregiver · affect3, 1 of 2: in PL: 10.00 s not coded"
    desk.key("F8")
    assert said[-1] == "Caregiver · affect3, 2 of 2: in SF: 10.00 s not coded"
    desk.document.do(Paint(CAREGIVER, 0, 20 * S, "neu"))
    assert [f.kind for f in desk.findings()] == ["missing_episode"]


def test_a_lane_that_is_complete_is_said_before_another_is_shown(kit: Any, desk: Desk) -> None:
    session = desk.document.session
    rest = tuple(replace(e, optional=True) for e in session.protocol.episodes)
    desk.document.session = replace(session, protocol=replace(session.protocol, episodes=rest))
    said = []
    desk.said.connect(said.append)
    desk.document.do(Paint(INFANT, 0, 20 * S, "neu"))
    desk.key("F8")
    assert said[-1] == "finished: Infant · affect3: complete in PL, SF"
    desk.finish.assigned = frozenset({"caregiver/affect3"})
    desk.key("F8")
    assert desk.document.active == INFANT
    assert said[-1] == (
        "Infant · affect3: complete in PL, SF. Open elsewhere: Caregiver · affect3 (2); again goes there"
    )
    desk.key("F8")
    assert desk.document.active == CAREGIVER


def test_a_bout_is_marked_by_its_edges_and_painted_to_the_frame(kit: Any, desk: Desk) -> None:
    for low, high, code in ((0, 4, "neu"), (4, 7, "neg"), (7, 10, "neu")):
        desk.document.do(Paint(INFANT, low * S, high * S, code))
    desk.playhead.seek(5 * S)
    for key in ("Ctrl+Left", "I", "Ctrl+Right", "O"):
        desk.key(key)
    assert desk.selection_ns == (4 * S, 7 * S)
    desk.key("D")
    assert kit.bouts(desk.document, INFANT) == [(0, 4, "neu"), (4, 7, "pos"), (7, 10, "neu")]
    # From behind: the selection begins where the second mark is.
    desk.playhead.seek(7 * S)
    for key in ("I", "Ctrl+Left", "O", "A"):
        desk.key(key)
    assert kit.bouts(desk.document, INFANT) == [(0, 4, "neu"), (4, 7, "neg"), (7, 10, "neu")]
    desk.key("I")
    with pytest.raises(UsageError, match="no frame"):
        desk.key("O")
    desk.key("Right")
    desk.key("O")
    assert desk.selection_ns == (4 * S, 4 * S + 40_000_000)


def test_a_selection_reaches_the_last_frame(desk: Desk) -> None:
    for keys in (("I", "End", "O"), ("End", "I", "PgUp", "O")):
        desk.playhead.seek(19 * S)
        for key in keys:
            desk.key(key)
        assert desk.selection_ns is not None
        assert desk.selection_ns[1] == desk.grid.span_ns[1]


def test_painting_what_its_neighbours_are_makes_one_bout_and_undo_three(kit: Any, desk: Desk) -> None:
    for low, high, code in ((0, 4, "pos"), (4, 7, "neg"), (7, 10, "pos"), (10, 12, "neu")):
        desk.document.do(Paint(INFANT, low * S, high * S, code))
    before = kit.bouts(desk.document, INFANT)
    desk.select((4 * S, 7 * S))
    desk.key("D")
    assert kit.bouts(desk.document, INFANT) == [(0, 10, "pos"), (10, 12, "neu")]
    desk.key("Ctrl+Z")
    assert kit.bouts(desk.document, INFANT) == before
    # What a remark sets apart stays apart.
    desk.document.do(CommentOn(INFANT, desk.document.lane(INFANT).bouts[0].id, "hand at the mouth"))
    desk.select((4 * S, 7 * S))
    desk.key("D")
    assert kit.bouts(desk.document, INFANT) == [(0, 4, "pos"), (4, 10, "pos"), (10, 12, "neu")]


def test_what_was_done_is_said_in_words(desk: Desk) -> None:
    said = []
    desk.said.connect(said.append)

    def last(*keys: str) -> str:
        for key in keys:
            desk.key(key)
        return str(said[-1])

    assert last("S") == "infant: Neutral from 0:00.000"
    assert last("Right", "Right", "Return") == "infant: Neutral ended at 0:00.080"
    assert last("Ctrl+Z") == "taken back: infant: Neutral ended at 0:00.080"
    assert last("Ctrl+Y") == "brought back: infant: Neutral ended at 0:00.080"
    assert last("D", "Right", "Return") == "infant: Positive ended at 0:00.120"
    assert last("Home", "Ctrl+M") == "infant: joined: Neutral 0:00.000 to 0:00.120"
    assert last("Right", "Ctrl+K") == "infant: Neutral cut at 0:00.040"
    assert last("Del") == "infant: Neutral 0:00.040 to 0:00.120 deleted"
    assert last("Ctrl+Z") == "taken back: infant: Neutral 0:00.040 to 0:00.120 deleted"
    assert last("I", "Right", "O", "A") == "infant: Negative 0:00.040 to 0:00.080"
    desk.do(MoveEdge(INFANT, desk.document.lane(INFANT).bouts[0].id, "offset", 40_000_000))
    assert said[-1] == "nothing to change here"
    bout = desk.document.lane(INFANT).bouts[1]
    desk.do(CommentOn(INFANT, bout.id, "looks away"))
    assert said[-1] == "infant: remark on Negative 0:00.040 to 0:00.080"


def test_reviewing_by_keys_only(kit: Any, tmp_path: Path, now: Any) -> None:
    document = kit.document(tmp_path, tracks=[kit.auto_track()])
    desk = kit.desk(document, now, sure_from=1.01)
    desk.key("F7")
    assert desk.playhead.time_ns == 4 * S
    assert desk.playhead.loop_ns == (3 * S, 9 * S)
    for key in ("Return", "D", "Backspace", "0"):
        desk.key(key)
    assert kit.bouts(document, REVIEWED) == [(4, 8, "neg"), (8, 12, "usc"), (12, 16, "pos")]
    desk.key("Ctrl+Z")
    assert kit.bouts(document, REVIEWED) == [(4, 8, "neg"), (12, 16, "pos")]
    desk.key("F7")
    assert document.active == INFANT
    assert desk.playhead.loop_ns is None


def test_reviewing_without_proposals_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="nothing to review"):
        desk.key("F7")
    assert desk.mode == "coding"


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_no_profile_collides_with_itself_or_a_shipped_scheme(profile: str) -> None:
    schemes = [load_scheme(name) for name in shipped_scheme_ids()]
    assert Keymap(profile).conflicts(schemes) == ()


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_reaches_what_coding_and_review_need(profile: str) -> None:
    keymap = Keymap(profile)
    needed = {action.id for action in ACTIONS} - {
        "stop",
        "slower",
        "faster",
        "speed_one",
        "loop",
        "jump_back",
    }
    missing = {action for action in needed if not keymap.keys(action)}
    assert missing <= {"shuttle_back", "shuttle_on", "mark_in", "mark_out", "comment", "jump_on", "extend"}


def test_known_hands_find_their_keys() -> None:
    assert Keymap("elan").action("Ctrl+Space", "coding").id == "play_pause"  # type: ignore[union-attr]
    assert Keymap("boris").action("Home", "coding").id == "faster"  # type: ignore[union-attr]
    assert Keymap("datavyu").action("Num+3", "coding").id == "step_on"  # type: ignore[union-attr]
    assert Keymap("datavyu_laptop").action("U", "coding").id == "onset_here"  # type: ignore[union-attr]
    assert Keymap().action("Return", "coding").id == "end_state"  # type: ignore[union-attr]
    assert Keymap().action("Return", "review").id == "accept"  # type: ignore[union-attr]


def test_a_labs_own_keys_are_checked_for_conflicts(kit: Any) -> None:
    keymap = Keymap().with_key("split", "S")
    (conflict,) = keymap.conflicts([kit.affect])
    assert (conflict.key, conflict.claims) == ("S", ("Cut the bout here", "affect3: Neutral"))
    both = Keymap().with_key("split", "Ctrl+M")
    assert [c.key for c in both.conflicts()] == ["Ctrl+M"]
    assert Keymap("boris").with_key("help", "F1").keys("help") == ("F1",)
    for bad in (lambda: Keymap("vim"), lambda: Keymap().with_key("fly", "F")):
        with pytest.raises(UsageError, match="no such"):
            bad()


def test_times_read_as_minutes_and_seconds() -> None:
    assert [clock_text(t) for t in (0, 61_234_000_000, -500_000_000)] == ["0:00.000", "1:01.234", "-0:00.500"]
