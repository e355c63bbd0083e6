"""A coder's place in one session: what is open, where the film stands, what is selected. No window needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from stillface.errors import UsageError
from stillface.review.cameras import FrameGrid
from stillface.review.clock_text import clock_text
from stillface.review.commands import Command
from stillface.review.document import Document
from stillface.review.finish_round import FinishRound
from stillface.review.finished import Finding
from stillface.review.habits import Habits
from stillface.review.interval_mode import Bins
from stillface.review.keymap import Keymap
from stillface.review.lane_order import lanes_in_order
from stillface.review.lanes import Lane, LaneBout, LaneKey
from stillface.review.playhead import Playhead
from stillface.review.queue import ReviewQueue
from stillface.review.running import RunningBout
from stillface.review.signals import Signal
from stillface.review.telling import what_changed

__all__ = ["Workplace"]


class Workplace:
    """One coder before one session.

    Parameters
    ----------
    document : Document
    playhead : Playhead
    keymap : Keymap
    queue : ReviewQueue, optional
        Where there are machine lanes to review.
    film_troubles : tuple of str
        What is wrong with the session's films, a line each.

    Attributes
    ----------
    mark_in_ns : int or None
        Where a selection begins that has no end yet.
    settle : callable or None
        What a code does to the selection, where moments or ratings of two coders are settled.
    running : RunningBout
    changed : Signal
        Called without arguments when mode, selection or the chosen bout changes.
    said : Signal
        Called with one line that tells what a key did.
    lane_before : LaneKey or None
        The lane that was coded before the lane of breaches.
    marked_ns : tuple of (int, int, bool)
        Stretches that the timeline marks, and whether each is still open.
    """

    def __init__(
        self,
        document: Document,
        playhead: Playhead,
        keymap: Keymap,
        queue: ReviewQueue | None = None,
        film_troubles: tuple[str, ...] = (),
    ) -> None:
        self.document, self.playhead, self.keymap, self.queue = document, playhead, keymap, queue
        self.film_troubles = film_troubles
        self.changed: Signal[[]] = Signal()
        self.said: Signal[[str]] = Signal()
        self.mode: Literal["coding", "review"] = "coding"
        self.running = RunningBout(document, playhead)
        self.settle: Callable[[str], None] | None = None
        self.bins: Bins | None = None
        self.habits = Habits()
        self.selection_ns: tuple[int, int] | None = None
        self.marked_ns: tuple[tuple[int, int, bool], ...] = ()
        self.chosen: tuple[LaneKey, str] | None = None
        self.mark_in_ns: int | None = None
        self.finish = FinishRound(document)
        self._coding_lane: LaneKey | None = None
        self.lane_before: LaneKey | None = None
        playhead.played.connect(self._note_running)
        playhead.moved.connect(self._note_now_and_then)
        playhead.leaving.connect(self._keep_running)

    @property
    def grid(self) -> FrameGrid:
        """Where edges may lie."""
        return self.document.grid

    @property
    def active_lane(self) -> Lane:
        """The lane that keys go to; refused where nothing can be edited."""
        if self.document.active is None:
            raise UsageError("there is no lane to code in", fix="name the schemes in study.yaml")
        return self.document.lane(self.document.active)

    def do(self, command: Command, said: str = "") -> bool:
        """Apply a command and say what it did, in these words if given, or that it did nothing."""
        before = self.document.lanes
        done = self.document.do(command)
        told = (said or what_changed(before, self.document.lanes)) if done else "nothing to change here"
        self.said.emit(told)
        return done

    def select(self, stretch_ns: tuple[int, int] | None) -> None:
        """Select a stretch, or nothing."""
        self.selection_ns = None if stretch_ns is None or stretch_ns[0] == stretch_ns[1] else stretch_ns
        self.mark_in_ns = None
        self.changed.emit()

    def choose(self, key: LaneKey, bout_id: str | None) -> None:
        """Choose a bout to be mended, and its lane to be coded in where it is one's own."""
        self.chosen = None if bout_id is None else (key, bout_id)
        if self.document.lane(key).editable:
            self.document.activate(key)
        self.changed.emit()

    def bout(self) -> tuple[LaneKey, LaneBout]:
        """Give the bout that is meant: the chosen one, else the one at the playhead."""
        if self.chosen is not None and self.chosen[1] in self.document.lane(self.chosen[0]):
            return self.chosen[0], self.document.lane(self.chosen[0]).bout(self.chosen[1])
        lane = self.active_lane
        bout = lane.at(self.playhead.time_ns)
        if bout is None and lane.is_point:
            bout = next((b for b in lane.bouts if b.onset_ns == self.playhead.time_ns), None)
        if bout is None:
            raise UsageError("there is no bout here", fix="click one")
        return lane.key, bout

    def findings(self) -> tuple[Finding, ...]:
        """List what is open in the lane that is coded now, then in the other lanes that are one's own."""
        return self.finish.findings()

    def next_finding(self) -> Finding | None:
        """Go to the next thing to look at; None where all is done, or the lane here is."""
        # What was stepped through counts before holes are looked for.
        if self.mode == "coding":
            self.note_watched()
        finding, text = self.finish.next()
        if finding is not None and finding.lane is not None:
            self.document.activate(finding.lane)
            self.playhead.pause()
            self.playhead.seek(finding.onset_ns)
        self.said.emit(text)
        return finding

    def loop(self) -> None:
        """Loop over the selection, else the chosen bout, else the episode here; again ends it."""
        if self.playhead.loop_ns is not None:
            self.playhead.end_loop()
        elif self.selection_ns is not None:
            self.playhead.loop_over(*self.selection_ns)
        elif self.chosen is not None and self.chosen[1] in self.document.lane(self.chosen[0]):
            bout = self.document.lane(self.chosen[0]).bout(self.chosen[1])
            self.playhead.loop_over(bout.onset_ns, bout.end_ns)
        else:
            time_ns = self.playhead.time_ns
            for episode in self.document.session.episodes:
                if episode.onset_ns <= time_ns < episode.offset_ns:
                    self.playhead.loop_over(episode.onset_ns, episode.offset_ns)

    def cancel(self) -> None:
        """End selection, choice and loop."""
        self.chosen = None
        if self.mode == "coding" and self.bins is None:
            self.playhead.end_loop()
        self.select(None)

    def meant_ns(self) -> int:
        """Give the time that a key means: the frame on screen, less the coder's reaction while it plays."""
        head = self.playhead
        if not head.playing or not self.habits.reaction_ns:
            return head.time_ns
        low, high = self.grid.span_ns
        return min(max(head.time_ns - round(self.habits.reaction_ns * head.speed), low), high - 1)

    def note_watched(self) -> None:
        """Let the running bout reach to the playhead; where it was left behind, say where it ended."""
        left = self.running.note()
        if left is not None:
            self.said.emit(f"{left[0]} ended at {clock_text(left[1])}, where you left it")

    def _note_now_and_then(self, _time_ns: int) -> None:
        if self.mode == "coding" and self.running.is_due():
            self.note_watched()

    def _keep_running(self, to_ns: int, by_steps: bool) -> None:
        if self.mode == "coding":
            self.running.keep(to_ns, by_steps=by_steps)

    def _note_running(self) -> None:
        if not self.playhead.playing and self.mode == "coding":
            self.note_watched()

    def shown_lanes(self) -> tuple[LaneKey, ...]:
        """Give the lanes in the order of the timeline."""
        return lanes_in_order(self.document, reviewing=self.mode == "review")

    def change_lane(self, step: int) -> None:
        """Make the lane above or below the active one; reviewed lanes are chosen by the queue."""
        active = self.active_lane.key
        mine = [key for key in self.shown_lanes() if key.kind == active.kind]
        # A signed lane that is looked at is left like any other.
        keys = [key for key in mine if key == active or self.document.lane(key).editable]
        here = keys.index(active)
        self.document.activate(keys[(here + step) % len(keys)])

    @property
    def coding_lane(self) -> LaneKey | None:
        """The lane that is coded, or that was coded before the review began."""
        return self._coding_lane if self.mode == "review" else self.document.active
