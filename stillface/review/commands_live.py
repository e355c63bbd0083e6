"""Commands of coding as the film runs: states that begin, run on and end, and points."""

from __future__ import annotations

from dataclasses import dataclass, field

from stillface.errors import UsageError
from stillface.review.commands import ANY_KIND, POINTS, LaneCommand
from stillface.review.draft import Draft
from stillface.review.lanes import RUNNING, Lane, LaneBout

__all__ = ["AddPoint", "CloseRunning", "SetState", "WatchedOn"]


@dataclass(frozen=True)
class SetState(LaneCommand):
    """From here on it is this code.

    In coded time the rest of that bout changes its code. In uncoded time the bout that was running ends
    here and a new one starts to run; it grows with :class:`WatchedOn` and never over a bout that is there
    already. The code that is running already: an exhaustive scheme keeps it, any other switches it off.
    What touches a bout that says just the same goes on with it as one bout: no time lies between, and the
    measures count it once.

    Parameters
    ----------
    lane : LaneKey
    time_ns : int
    code : str
    attributes : mapping of str to str
        For the new bout.
    """

    time_ns: int
    code: str
    attributes: dict[str, str] = field(default_factory=dict)

    def change(self, draft: Draft) -> None:
        """Switch what is there, or start a bout that runs."""
        draft.lane.scheme.index(self.code)
        time_ns = draft.grid.floor(self.time_ns)
        if not draft.grid.span_ns[0] <= self.time_ns < draft.grid.span_ns[1]:
            raise UsageError("outside the session", got=self.time_ns, expected=draft.grid.span_ns)
        here, running = draft.lane.at(time_ns), draft.lane.running
        closed = None
        if running is not None and running is not here and running.onset_ns < time_ns:
            stop_ns = _stop_ns(draft.lane, running, time_ns)
            if stop_ns == time_ns and running.code == self.code and here is None:
                if draft.lane.scheme.exhaustive:
                    draft.change(running, offset_ns=time_ns)
                else:
                    draft.close(running, time_ns)
                return
            closed = draft.close(running, stop_ns)
        given = self._start(draft, time_ns) if here is None else self._switch(draft, here, time_ns)
        if given is not None:
            draft.join(given)
        if closed is not None:
            draft.join(closed, only_after=True)

    def _switch(self, draft: Draft, here: LaneBout, time_ns: int) -> LaneBout | None:
        """Change the code of the rest of the bout here, and give it; None where nothing is new."""
        if here.code == self.code:
            if not draft.lane.scheme.exhaustive:
                draft.clear(time_ns, here.end_ns)
            return None
        if here.onset_ns == time_ns:
            return draft.change(here, code=self.code, attributes={**here.attributes, **self.attributes})
        running = {RUNNING: "yes"} if here.running else {}
        given = draft.add(time_ns, here.offset_ns, self.code, {**self.attributes, **running})
        draft.close(here, time_ns)
        return given

    def _start(self, draft: Draft, time_ns: int) -> LaneBout:
        """Start a bout that runs, one frame long until it is known to have lasted longer."""
        running = draft.lane.running
        if running is not None and running.onset_ns > time_ns:
            draft.close(running, running.end_ns)
        following = draft.lane.next_onset_ns(time_ns)
        offset_ns = draft.grid.after(time_ns)
        if following is not None:
            offset_ns = min(offset_ns, following)
        return draft.add(time_ns, offset_ns, self.code, {**self.attributes, RUNNING: "yes"})


def _stop_ns(lane: Lane, running: LaneBout, time_ns: int) -> int:
    """Give how far a running bout can have lasted by a later time: up to the next bout at most."""
    following = lane.next_onset_ns(running.onset_ns)
    return time_ns if following is None else min(time_ns, following)


@dataclass(frozen=True)
class WatchedOn(LaneCommand):
    """The running bout lasted at least until here: the coder watched on and pressed nothing."""

    time_ns: int

    kinds = ANY_KIND

    def change(self, draft: Draft) -> None:
        """Let what runs reach there; nothing where nothing runs or the time was known already."""
        running, time_ns = draft.lane.running, draft.grid.floor(self.time_ns)
        if running is None or time_ns <= running.end_ns:
            return
        stop_ns = _stop_ns(draft.lane, running, time_ns)
        if stop_ns < time_ns:
            draft.join(draft.close(running, stop_ns), only_after=True)
        else:
            draft.change(running, offset_ns=stop_ns)


@dataclass(frozen=True)
class CloseRunning(LaneCommand):
    """The running bout ended here; before its onset it ends where it is known to have lasted."""

    time_ns: int

    kinds = ANY_KIND

    def change(self, draft: Draft) -> None:
        """End what runs."""
        running, time_ns = draft.lane.running, draft.grid.floor(self.time_ns)
        if running is None:
            raise UsageError("nothing is running in this lane", got=draft.lane.key.tier)
        late = time_ns > running.onset_ns
        stop_ns = _stop_ns(draft.lane, running, time_ns) if late else running.end_ns
        draft.join(draft.close(running, stop_ns), only_after=True)


@dataclass(frozen=True)
class AddPoint(LaneCommand):
    """Something happened at this moment."""

    time_ns: int
    code: str
    attributes: dict[str, str] = field(default_factory=dict)

    kinds = POINTS

    def change(self, draft: Draft) -> None:
        """Put the point in; the same point twice is refused."""
        time_ns = draft.grid.floor(self.time_ns)
        if any(bout.onset_ns == time_ns and bout.code == self.code for bout in draft.lane.bouts):
            raise UsageError("this point is there already", got=self.code)
        draft.add(time_ns, None, self.code, self.attributes)
