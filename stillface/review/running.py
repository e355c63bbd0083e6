"""The bout whose end nobody has said yet: it claims what was on screen, and nothing beyond."""

from __future__ import annotations

from stillface.domain.clock import NS_PER_S
from stillface.review.breaches import coded_until_ns
from stillface.review.commands import Command
from stillface.review.commands_live import CloseRunning, WatchedOn
from stillface.review.document import Document
from stillface.review.lanes import Lane, LaneKey
from stillface.review.playhead import Playhead
from stillface.review.stores import PLAYED_ON

__all__ = ["RunningBout"]

# Longer leaps end a running state where it was last seen: nobody saw that it went on.
_LEAP_NS = 5 * NS_PER_S
# This much watching at most is lost where the computer dies. Every undo takes all these records back.
_KEEP_NS = 5 * NS_PER_S


class RunningBout:
    """Follows what runs in the active lane as the film does.

    Parameters
    ----------
    document : Document
    playhead : Playhead
    """

    def __init__(self, document: Document, playhead: Playhead) -> None:
        self._document, self._playhead = document, playhead
        # Lanes coded in this sitting, each with the bout that an earlier sitting left running elsewhere.
        self._in_hand: dict[LaneKey, str | None] = {}
        # How far running bouts were on screen before the coder stepped back, by the bout's id.
        self._furthest: dict[str, int] = {}

    def here_ns(self) -> int:
        """Give where a bout that ends here ends: on the last frame, at the session's end."""
        head = self._playhead
        return self._document.grid.span_ns[1] if head.time_ns >= head.last_ns else head.time_ns

    def reach_ns(self, lane: Lane) -> int | None:
        """Give how far the running bout of a lane can be said to last here; None where none runs."""
        goes_on = self._goes_on(lane)
        if lane.running is None:
            return None
        end_ns = lane.running.end_ns
        until_ns = coded_until_ns(self._document.session, lane, self.here_ns())
        if until_ns <= end_ns or not goes_on:
            return end_ns
        return self._playhead.passed.reach_ns(end_ns, until_ns, _LEAP_NS)

    def left_behind_ns(self, lane: Lane) -> int | None:
        """Give where the running bout ended if the playhead has leapt away from it, else None."""
        reach_ns = self.reach_ns(lane)
        left = reach_ns is not None and reach_ns < self._document.grid.floor(self.here_ns())
        return reach_ns if left else None

    def _goes_on(self, lane: Lane) -> bool:
        """Tell whether what is watched is watched for this lane: film seen for another says nothing."""
        if lane.key == self._document.active and lane.key not in self._in_hand:
            running = lane.running
            far = running is not None and abs(self.here_ns() - running.end_ns) > _LEAP_NS
            self._in_hand[lane.key] = running.id if running is not None and far else None
        left_over = self._in_hand.get(lane.key)
        return lane.key in self._in_hand and (lane.running is None or lane.running.id != left_over)

    def is_due(self) -> bool:
        """Tell whether so much was watched since the log last heard of it that it should be told."""
        return any(
            lane.running is not None
            and self.here_ns() - lane.running.end_ns >= _KEEP_NS
            and self.left_behind_ns(lane) is None
            for lane in self._lanes()
        )

    def _lanes(self) -> list[Lane]:
        """Give the lanes that the coder has in hand, the active one first."""
        active = self._document.active
        keys = [] if active is None else [active, *(key for key in self._in_hand if key != active)]
        lanes = [self._document.lane(key) for key in keys]
        return [lane for lane in lanes if lane.editable]

    def keep(self, to_ns: int, *, by_steps: bool) -> None:
        """Keep what was on screen of the running bouts in hand, before the playhead goes elsewhere.

        Who steps back inside a bout looks for its end, and may still end it there; who leaps, or steps
        back to its onset, has left it, and it lasts at least as far as was seen.

        Parameters
        ----------
        to_ns : int
            Session time gone to.
        by_steps : bool
            By frames or seconds.
        """
        back = to_ns < self.here_ns()
        for lane in self._lanes() if back or not by_steps else ():
            # A lane that nobody had in hand yet is taken up where its first look finds it, not on the way.
            running, known = lane.running, lane.key in self._in_hand
            reach_ns = self.reach_ns(lane) if known else None
            if running is None or reach_ns is None:
                continue
            furthest_ns = max(reach_ns, self._furthest.get(running.id, reach_ns))
            self._furthest[running.id] = furthest_ns
            if not by_steps or to_ns <= running.onset_ns:
                edits = WatchedOn(lane.key, furthest_ns).plan(lane, self._document.grid)
                self._document.log_edits(lane.key.kind, edits, why=PLAYED_ON)

    def note(self) -> tuple[str, int] | None:
        """Let the running bouts of the lanes in hand reach to the playhead: the log holds what was watched.

        After a leap it ends where it was last on screen: what lies between stays uncoded.

        Returns
        -------
        (str, int) or None
            Code and end (ns) of a bout of the active lane that was left behind.
        """
        left = None
        for lane in self._lanes():
            if lane.running is None:
                continue
            left_ns = self.left_behind_ns(lane)
            command: Command = WatchedOn(lane.key, self.here_ns())
            if left_ns is not None:
                command = CloseRunning(lane.key, max(left_ns, lane.running.end_ns))
            if left_ns is not None and lane.key == self._document.active:
                left = (lane.running.code, left_ns)
            self._document.log_edits(lane.key.kind, command.plan(lane, self._document.grid), why=PLAYED_ON)
        return left
