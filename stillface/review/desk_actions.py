"""What each action of the keymap does at the desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from stillface.errors import UsageError
from stillface.review.breaches import BREACH_CAVEAT, episode_at, episodes_of_lane, is_breach_lane
from stillface.review.clock_text import clock_text
from stillface.review.commands import Command, gap_code
from stillface.review.commands_edit import Delete, ExtendTo, Merge, MoveEdge, Split
from stillface.review.commands_live import CloseRunning
from stillface.review.lanes import Lane, LaneKey
from stillface.review.queue_end import what_next
from stillface.review.queue_filter import Filter

if TYPE_CHECKING:
    from stillface.review.desk import Desk

__all__ = ["actions_of"]

_JUMP_S = 10.0


def actions_of(desk: Desk) -> dict[str, Callable[[], object]]:
    """Give what each action does; what only a window can do (zoom, help) is not here."""
    head, now_ns = desk.playhead, desk.playhead.time_ns
    return {
        "play_pause": head.toggle,
        "stop": head.stop,
        "step_back": lambda: head.step(-1),
        "step_on": lambda: head.step(1),
        "second_back": lambda: head.jump(-1),
        "second_on": lambda: head.jump(1),
        "jump_back": lambda: head.jump(-_JUMP_S),
        "jump_on": lambda: head.jump(_JUMP_S),
        "slower": head.slower,
        "faster": head.faster,
        "speed_one": lambda: head.set_speed(1.0),
        "shuttle_back": lambda: head.shuttle(-1),
        "shuttle_on": lambda: head.shuttle(1),
        "to_start": lambda: head.seek(desk.grid.span_ns[0]),
        "to_end": lambda: head.seek(desk.grid.span_ns[1]),
        "loop": desk.loop,
        "edge_back": lambda: head.to_edge(_edge_lane(desk), -1),
        "edge_on": lambda: head.to_edge(_edge_lane(desk), 1),
        "lane_up": lambda: desk.change_lane(-1),
        "lane_down": lambda: desk.change_lane(1),
        "breaches": lambda: _to_breaches(desk),
        "uncodable": lambda: desk.code(gap_code(desk.active_lane)),
        "end_state": lambda: _end_state(desk),
        "mark_in": lambda: _mark_in(desk),
        "mark_out": lambda: _mark_out(desk),
        "onset_here": lambda: _move_edge(desk, "onset"),
        "offset_here": lambda: _move_edge(desk, "offset"),
        "relabel": lambda: _relabel(desk),
        "split": lambda: _on_bout(desk, lambda key, id_: Split(key, id_, now_ns)),
        "merge": lambda: _on_bout(desk, Merge),
        "extend": lambda: _on_bout(desk, lambda key, id_: ExtendTo(key, id_, now_ns)),
        "delete": lambda: _delete(desk),
        "finished": desk.next_finding,
        "accept": lambda: _accept(desk),
        "reject": lambda: desk.judge(desk.need_queue().reject, "rejected: the stretch is uncoded"),
        "cant_tell": lambda: desk.judge(desk.need_queue().cant_tell, "unscorable for you too"),
        "review_next": lambda: desk.judge(desk.need_queue().next, ""),
        "review_previous": lambda: desk.judge(desk.need_queue().previous, ""),
        "onset_earlier": lambda: _nudge(desk, "onset", -1),
        "onset_later": lambda: _nudge(desk, "onset", 1),
        "offset_earlier": lambda: _nudge(desk, "offset", -1),
        "offset_later": lambda: _nudge(desk, "offset", 1),
        "review_mode": lambda: desk.review(desk.mode != "review"),
        "interval_mode": desk.end_intervals if desk.bins else desk.start_intervals,
        "undo": desk.undo,
        "redo": desk.redo,
        "cancel": desk.cancel,
    }


def _nudge(desk: Desk, side: Literal["onset", "offset"], n_frames: int) -> None:
    edges = desk.need_queue().nudge(side, n_frames)
    desk.playhead.pause()
    desk.playhead.seek(edges[0] if side == "onset" else desk.grid.before(edges[1]))
    desk.changed.emit()


def _end_state(desk: Desk) -> None:
    desk.note_watched()
    if desk.active_lane.running is None:
        raise UsageError("nothing is running in this lane")
    until_ns = desk.meant_ns() if desk.playhead.playing else desk.running.here_ns()
    desk.do(CloseRunning(desk.active_lane.key, until_ns))


def _mark_in(desk: Desk) -> None:
    """Begin a selection with the frame on screen."""
    desk.selection_ns = None
    desk.mark_in_ns = desk.grid.floor(desk.playhead.time_ns)
    desk.said.emit(f"selection from {clock_text(desk.playhead.time_ns)}")
    desk.changed.emit()


def _mark_out(desk: Desk) -> None:
    """End the selection before the frame on screen, as a code's key and ``Return`` end a state.

    So the border where one bout ends and the next begins is both the end of a selection and the beginning of
    one; the session's last frame, after which there is none to stand on, belongs to it.
    """
    if desk.mark_in_ns is None:
        raise UsageError("the selection has no beginning", fix="mark it first")
    grid, last_ns = desk.grid, desk.playhead.last_ns
    low, high = sorted((desk.mark_in_ns, grid.floor(desk.playhead.time_ns)))
    high = grid.span_ns[1] if high >= last_ns else high
    if low == high:
        raise UsageError("a selection of no frame", fix="go to the first frame that is not in it any more")
    desk.select((low, high))
    n_frames = int(np.count_nonzero((grid.edges_ns >= low) & (grid.edges_ns < high)))
    frames = "1 frame" if n_frames == 1 else f"{n_frames} frames"
    desk.said.emit(f"selection {clock_text(low)} to {clock_text(high)}, {frames}: a code's key paints it")


def _move_edge(desk: Desk, side: Literal["onset", "offset"]) -> None:
    key, bout = desk.bout()
    desk.do(MoveEdge(key, bout.id, side, desk.playhead.time_ns))


def _relabel(desk: Desk) -> None:
    """Select the bout that is meant, so that a code's key says what it is from end to end."""
    key, bout = desk.bout()
    lane = desk.document.lane(key)
    if not lane.editable or bout.offset_ns is None:
        raise UsageError(
            "only bouts of your own are relabelled", fix="choose one; delete a moment and set it anew"
        )
    desk.choose(key, bout.id)
    desk.select((bout.onset_ns, bout.end_ns))
    desk.said.emit(
        f"{lane.label(bout.code)} {clock_text(bout.onset_ns)}: which code is it? Its key relabels the bout"
    )


def _delete(desk: Desk) -> None:
    key, bout = desk.bout()
    desk.do(Delete(key, bout.id))
    desk.chosen = None
    desk.changed.emit()


def _on_bout(desk: Desk, make: Callable[[LaneKey, str], Command]) -> None:
    key, bout = desk.bout()
    desk.do(make(key, bout.id))


def _edge_lane(desk: Desk) -> Lane:
    lane = desk.scheme_lane()
    return desk.active_lane if lane is None else lane


def _to_breaches(desk: Desk) -> None:
    """Make the lane of breaches the active one and go to its episode; from there go back to the lane before.

    Raises
    ------
    UsageError
        The protocol imposes nothing, no such episode is set, or the lane cannot be edited.
    """
    document, session = desk.document, desk.document.session
    before = document.active
    if before is not None and is_breach_lane(session.protocol, before) and desk.lane_before is not None:
        document.activate(desk.lane_before)
        desk.lane_before = None
        return
    lanes = [
        key
        for key in document.lanes
        if key.kind == "human" and key.source == f"human:{document.coder}" and episodes_of_lane(session, key)
        if is_breach_lane(session.protocol, key)
    ]
    if not lanes:
        raise UsageError("no episode is set in which the protocol wants breaches of a still face coded")
    time_ns = desk.playhead.time_ns
    key = next((k for k in lanes if episode_at(episodes_of_lane(session, k), time_ns)), lanes[0])
    document.activate(key)
    desk.lane_before = before
    episodes = episodes_of_lane(session, key)
    here = episode_at(episodes, time_ns)
    if here is None:
        here = episodes[0]
        desk.playhead.pause()
        desk.playhead.seek(here.onset_ns)
    none = document.lane(key).scheme.default_code
    desk.said.emit(f"{key.role} in {here.id}: begin with the code for no breach ({none}). {BREACH_CAVEAT}")


def _accept(desk: Desk) -> None:
    """Accept the present proposal, or leave it as it was decided; behind the last go to what is open still.

    That is first what was skipped, then the next lane.
    """
    queue = desk.need_queue()
    if queue.current is not None:
        decided = queue.decision(queue.current) is not None
        desk.judge(queue.accept, "kept as you said" if decided else "accepted")
        return
    done = queue.progress()
    if done.n_decided < done.n_all:
        desk.judge(queue.next, "")
        return
    tier = queue.next_tier()
    if tier is None:
        raise UsageError("every proposal is decided", fix=what_next(queue, desk.keymap)[-1])
    queue.set_filter(Filter.of_lane(tier))
    desk.said.emit(f"now {queue.title(tier)}")
    desk.show_proposal()
