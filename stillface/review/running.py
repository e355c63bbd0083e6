"""The bout whose end nobody has said yet: it claims what was on screen, and nothing beyond."""

from __future__ import annotations

from stillface.domain.clock import NS_PER_S
from stillface.review.breaches import coded_until_ns
from stillface.review.commands import Command
from stillface.review.commands_live import CloseRunning, WatchedOn
from stillface.review.document import Document
from stillface.review.lanes import Lane
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

    def here_ns(self) -> int:
        """Give where a bout that ends here ends: on the last frame, at the session's end."""
        head = self._playhead
        return self._document.grid.span_ns[1] if head.time_ns >= head.last_ns else head.time_ns

    def reach_ns(self, lane: Lane) -> int | None:
        """Give how far the running bout of a lane can be said to last here; None where none runs."""
        if lane.running is None:
            return None
        end_ns = lane.running.end_ns
        until_ns = coded_until_ns(self._document.session, lane, self.here_ns())
        if until_ns <= end_ns:
            return end_ns
        return self._playhead.passed.reach_ns(end_ns, until_ns, _LEAP_NS)

    def left_behind_ns(self, lane: Lane) -> int | None:
        """Give where the running bout ended if the playhead has leapt away from it, else None."""
        reach_ns = self.reach_ns(lane)
        left = reach_ns is not None and reach_ns < self._document.grid.floor(self.here_ns())
        return reach_ns if left else None

    def is_due(self) -> bool:
        """Tell whether so much was watched since the log last heard of it that it should be told."""
        key = self._document.active
        running = None if key is None else self._document.lane(key).running
        if key is None or running is None or self.here_ns() - running.end_ns < _KEEP_NS:
            return False
        return self.left_behind_ns(self._document.lane(key)) is None

    def note(self) -> tuple[str, int] | None:
        """Let the running bout of the active lane reach to the playhead: the log holds what was watched.

        After a leap it ends where it was last on screen: what lies between stays uncoded.

        Returns
        -------
        (str, int) or None
            Code and end (ns) of a bout that was left behind.
        """
        key = self._document.active
        if key is None or not self._document.lane(key).editable:
            return None
        lane = self._document.lane(key)
        if lane.running is None:
            return None
        left_ns = self.left_behind_ns(lane)
        command: Command = WatchedOn(key, self.here_ns())
        if left_ns is not None:
            command = CloseRunning(key, max(left_ns, lane.running.end_ns))
        self._document.log_edits(key.kind, command.plan(lane, self._document.grid), why=PLAYED_ON)
        return None if left_ns is None else (lane.running.code, left_ns)
