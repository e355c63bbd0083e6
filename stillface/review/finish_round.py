"""Going round what is open: the lane that is coded now comes first, then the coder's other lanes."""

from __future__ import annotations

from collections import Counter

from stillface.review.breaches import episodes_of_lane
from stillface.review.document import Document
from stillface.review.finished import Finding, findings
from stillface.review.lanes import Lane, LaneKey

__all__ = ["FinishRound"]


class FinishRound:
    """Answers "am I finished?", one finding after the other.

    Parameters
    ----------
    document : Document

    Attributes
    ----------
    assigned : frozenset of str
        Tiers that the coder is to code here; others count once they hold something.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self.assigned: frozenset[str] = frozenset()
        self._last: Finding | None = None
        self._complete: LaneKey | None = None

    def lanes(self) -> tuple[Lane, ...]:
        """Give the lanes that are meant: the active one, then those begun or assigned, of its kind."""
        document, active = self._document, self._document.active
        if active is None:
            return ()
        mine = [lane for lane in document.lanes.values() if lane.editable and lane.key.kind == active.kind]
        meant = [lane for lane in mine if lane.bouts or lane.key.tier in self.assigned or lane.key == active]
        place = next((k for k, lane in enumerate(meant) if lane.key == active), 0)
        return (*meant[place:], *meant[:place])

    def findings(self) -> tuple[Finding, ...]:
        """List what is open: episodes that were not set, then lane by lane, each in time order."""
        lanes, session = self.lanes(), self._document.session
        found = [finding for lane in lanes for finding in findings(session, [lane])]
        return tuple(sorted(dict.fromkeys(found), key=lambda finding: finding.lane is not None))

    def next(self) -> tuple[Finding | None, str]:
        """Give the next finding and what to say.

        Where the active lane is complete that is said before it goes on to another lane.
        """
        found, active = self.findings(), self._document.active
        if not found or active is None:
            self._last = None
            return None, f"finished: {self._whole()}" if active is not None else "nothing to code here"
        here = [finding for finding in found if finding.lane in (None, active)]
        if not here and self._complete != active:
            self._complete = active
            return None, f"{self._whole()}. {self._elsewhere(found)}"
        self._complete, self._last = None, self._after(found, here)
        place = [finding for finding in found if finding.lane == self._last.lane]
        where = "" if self._last.lane is None else f"{self._document.lane(self._last.lane).title}, "
        return self._last, f"{where}{place.index(self._last) + 1} of {len(place)}: {self._last.text}"

    def _after(self, found: tuple[Finding, ...], here: list[Finding]) -> Finding:
        """Give the one after the last that was shown, unless the coder has gone to another lane since."""
        active = self._document.active
        if self._last in found and self._last is not None and self._last.lane in (None, active):
            # The active lane comes first in the list: on from its last one is the next lane.
            return found[(found.index(self._last) + 1) % len(found)]
        return here[0] if here else found[0]

    def _whole(self) -> str:
        """Say in which episodes the active lane is complete."""
        if self._document.active is None:
            return ""
        lane = self._document.lane(self._document.active)
        names = ", ".join(e.id for e in episodes_of_lane(self._document.session, lane.key))
        return f"{lane.title}: complete in {names}" if names else f"{lane.title}: complete"

    def _elsewhere(self, found: tuple[Finding, ...]) -> str:
        """Say how much is open in which other lanes."""
        counts = Counter(finding.lane for finding in found if finding.lane is not None)
        named = (f"{self._document.lane(key).title} ({n})" for key, n in counts.items())
        return f"Open elsewhere: {', '.join(named)}; again goes there"
