"""The desk: key presses become commands on the active lane, jumps and queue steps. No window needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from stillface.domain.clock import NS_PER_S
from stillface.errors import UsageError
from stillface.review import deeds
from stillface.review.breaches import refuse_outside
from stillface.review.clock_text import clock_text
from stillface.review.commands import gap_code
from stillface.review.commands_edit import ExtendTo, Merge, Paint, Split
from stillface.review.commands_live import AddPoint, CloseRunning, SetState
from stillface.review.habits import Habits
from stillface.review.interval_mode import Bins
from stillface.review.keymap import key_of_code
from stillface.review.lanes import Lane
from stillface.review.queue import ReviewQueue
from stillface.review.queue_end import lane_shown, what_next
from stillface.review.queue_filter import Filter
from stillface.review.telling import what_changed
from stillface.review.workplace import Workplace

__all__ = ["Desk", "actions_of", "clock_text"]

# Room around a proposal when it is played over and over.
_CONTEXT_NS = NS_PER_S
_JUMP_S = 10.0


class Desk(Workplace):
    """One coder at work on one session: what keys do at their :class:`Workplace`."""

    def key(self, key: str) -> bool:
        """Do what a key means here; tell whether it means anything.

        Raises
        ------
        StillfaceError
            It cannot be done; nothing changed.
        """
        code = self.code_of(key)
        if code is not None:
            self.code(code)
            return True
        action = self.keymap.action(key, self.mode)
        handler = None if action is None else actions_of(self).get(action.id)
        if handler is None:
            return False
        handler()
        return True

    def code_of(self, key: str) -> str | None:
        """Give the code that a key stands for in the lane it would go to, or None."""
        lane = self.scheme_lane()
        for code in () if lane is None else lane.scheme.codes:
            if code.key is not None and key_of_code(code.key) == key:
                return code.id
        return None

    def scheme_lane(self) -> Lane | None:
        """Give the lane whose codes the keys stand for: the active one, or the proposal's."""
        if self.mode == "review":
            proposal = self.queue.current if self.queue is not None else None
            return None if proposal is None else self.document.lane(proposal.lane)
        return None if self.document.active is None else self.document.lane(self.document.active)

    def code(self, code: str) -> None:
        """Give a code: to the proposal, the bin, the selection, or from here on."""
        if self.mode == "review":
            lane = self.scheme_lane()
            text = "" if lane is None else f"it is {lane.label(code)}"
            self.judge(lambda: self.need_queue().relabel(code), text)
            return
        if self.settle is not None and self.selection_ns is not None:
            self.settle(code)
            self.select(None)
            return
        lane, time_ns = self.active_lane, self.meant_ns()
        refuse_outside(self.document.session, lane.key, time_ns)
        if lane.scheme.type == "rating":
            key = next(iter(self.keymap.keys("ratings")), "Code > Ratings")
            raise UsageError("a rating scale has no onsets", fix=f"{key} opens its form")
        label = lane.label(code)
        recorded = self.habits.reaction() if time_ns != self.playhead.time_ns else {}
        if lane.is_point:
            self.do(AddPoint(lane.key, time_ns, code, recorded))
        elif self.bins is not None:
            onset_ns, offset_ns = self.bins.current_ns
            self.do(self.bins.score(lane.key, code))
            self.said.emit(f"{lane.key.role}: {label} {clock_text(onset_ns)} to {clock_text(offset_ns)}")
            self._show_bin(self.bins.next())
        elif self.selection_ns is not None:
            low, high = self.selection_ns
            told = f"{lane.key.role}: {label} {clock_text(low)} to {clock_text(high)}"
            self.do(Paint(lane.key, low, high, code, joins=True), told)
            self.select(None)
        else:
            left, left_ns = "", self.running.left_behind_ns(lane)
            if left_ns is not None:
                left = f"; the state before ended at {clock_text(left_ns)}, where you left it"
                self.note_watched()
            self.do(SetState(lane.key, time_ns, code, recorded))
            self.said.emit(f"{lane.key.role}: {label} from {clock_text(self.grid.floor(time_ns))}{left}")
            if self.playhead.playing and not self.habits.hold:
                self._roll_back()

    def set_habits(self, habits: Habits) -> None:
        """Code in another way from here on; the log notes it, since it moves where codes begin and end."""
        if habits == self.habits:
            return
        self.habits = habits
        if self.document.active is not None:
            self.document.note(self.document.active.kind, habits.text())
        if self.bins is not None:
            self.start_intervals()
        self.changed.emit()

    def _roll_back(self) -> None:
        """Play the last moments again, if the coder wants them."""
        if self.habits.pre_roll_ns:
            self.playhead.seek(self.playhead.time_ns - self.habits.pre_roll_ns)

    def release(self, key: str) -> bool:
        """End the state whose key was held, where states last as long as their keys; tell whether it did."""
        if not self.habits.hold or self.mode != "coding" or self.bins is not None:
            return False
        lane, code = self.scheme_lane(), self.code_of(key)
        if lane is None or code is None or lane.running is None or lane.running.code != code:
            return False
        self.note_watched()
        self.do(CloseRunning(lane.key, self.meant_ns()))
        self._roll_back()
        return True

    def undo(self) -> None:
        """Take the last command back."""
        before = self.document.lanes
        self.document.undo()
        if self.mode == "review":
            self.need_queue().previous()
            self.show_proposal()
        told = what_changed(self.document.lanes, before) or "your decision"
        self.said.emit(f"taken back: {told}")

    def redo(self) -> None:
        """Bring the last undone command back."""
        before = self.document.lanes
        self.document.redo()
        told = what_changed(before, self.document.lanes) or "your decision"
        self.said.emit(f"brought back: {told}")

    def start_intervals(self) -> None:
        """Score the episode at the playhead, or the whole session, bin by bin."""
        time_ns = self.playhead.time_ns
        here = [e for e in self.document.session.episodes if e.onset_ns <= time_ns < e.offset_ns]
        stretch = (here[0].onset_ns, here[0].offset_ns) if here else self.grid.span_ns
        bins = Bins.over(*stretch, self.habits.bin_ns, self.grid)
        self._show_bin(bins.first_empty(self.active_lane) or bins)

    def end_intervals(self) -> None:
        """Code freely again."""
        self.bins = None
        self.playhead.end_loop()
        self.changed.emit()

    def _show_bin(self, bins: Bins) -> None:
        head = self.playhead
        # Who plays bin after bin presses one key for each; who goes by frames is left standing.
        runs_on = (head.playing or head.ran_out) and bins != self.bins
        self.bins = bins
        head.pause()
        head.loop_over(*bins.current_ns, once=True)
        head.seek(bins.current_ns[0])
        if runs_on:
            head.play()
        self.changed.emit()

    def review(self, on: bool) -> None:
        """Go to the review queue, or back to coding; refused where decisions could not be logged."""
        if on:
            queue = self.need_queue()
            if not queue.items:
                raise UsageError("nothing to review here", fix="widen the filter")
            self.note_watched()
            before = self.document.active
            self.document.activate((queue.current or queue.items[-1]).reviewed_by(self.document.coder))
            self._coding_lane = before
            self.mode, self.bins = "review", None
            self.show_proposal()
        else:
            self.mode = "coding"
            self.playhead.end_loop()
            if self._coding_lane is not None:
                self.document.activate(self._coding_lane)
            self.changed.emit()

    def show_proposal(self) -> None:
        """Go to the present proposal and loop around it; undo then means the review."""
        queue = self.need_queue()
        lane = lane_shown(queue)
        if lane is not None:
            self.document.activate(lane)
        if queue.current is not None:
            onset_ns, offset_ns = queue.edges_ns
            low, high = self.grid.span_ns
            was_playing = self.playhead.playing
            self.playhead.pause()
            self.playhead.loop_over(max(onset_ns - _CONTEXT_NS, low), min(offset_ns + _CONTEXT_NS, high))
            self.playhead.seek(max(onset_ns - _CONTEXT_NS, low) if was_playing else onset_ns)
            if was_playing:
                self.playhead.play()
        elif queue.at_end:
            self.playhead.pause()
            self.playhead.end_loop()
        self.changed.emit()

    def need_queue(self) -> ReviewQueue:
        """Give the review queue, or refuse where there is none."""
        if self.queue is None:
            if self.document.blind:
                raise UsageError("you code blind: what the machine proposes is hidden")
            raise UsageError("there is nothing to review", fix="run stillface run first")
        return self.queue

    def judge(self, verdict: Callable[[], object], text: str) -> None:
        """Take a decision and show the next proposal; where the film ran, it runs on around that one."""
        queue = self.need_queue()
        before = queue.current
        verdict()
        after = queue.current
        if before is not None and after is not None and after.reviewed_tier != before.reviewed_tier:
            # Keys mean something else from here on.
            text = f"{text}; now {queue.title(after.reviewed_tier)}".removeprefix("; ")
        if text:
            self.said.emit(text)
        self.show_proposal()


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
        "breaches": lambda: deeds.to_breaches(desk),
        "uncodable": lambda: desk.code(gap_code(desk.active_lane)),
        "end_state": lambda: deeds.end_state(desk),
        "mark_in": lambda: deeds.mark_in(desk),
        "mark_out": lambda: deeds.mark_out(desk),
        "onset_here": lambda: deeds.move_edge(desk, "onset"),
        "offset_here": lambda: deeds.move_edge(desk, "offset"),
        "relabel": lambda: deeds.relabel(desk),
        "split": lambda: deeds.on_bout(desk, lambda key, id_: Split(key, id_, now_ns)),
        "merge": lambda: deeds.on_bout(desk, Merge),
        "extend": lambda: deeds.on_bout(desk, lambda key, id_: ExtendTo(key, id_, now_ns)),
        "delete": lambda: deeds.delete(desk),
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


def _edge_lane(desk: Desk) -> Lane:
    lane = desk.scheme_lane()
    return desk.active_lane if lane is None else lane


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
