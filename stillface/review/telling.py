"""What a gesture did, in words: told from what stood before and after, so it holds after a restart too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stillface.domain.scheme import CodingScheme
from stillface.review.clock_text import clock_text
from stillface.review.lanes import Lane, LaneBout, LaneKey

__all__ = ["what_changed", "work_of"]

Lanes = Mapping[LaneKey, Lane]


def work_of(mode: str, active: LaneKey | None) -> str:
    """Name what keys are for beside heart beats: ``the review``, ``settling`` or ``coding``."""
    if mode == "review":
        return "the review"
    return "settling" if active is not None and active.kind == "consensus" else "coding"


def what_changed(before: Lanes, after: Lanes) -> str:
    """Say what happened between two states of the lanes; empty where nothing did.

    Parameters
    ----------
    before, after : mapping of LaneKey to Lane
    """
    told = []
    for key, now in after.items():
        then = before.get(key)
        if then is None or now is then:
            continue
        old, new = {bout.id: bout for bout in then.bouts}, {bout.id: bout for bout in now.bouts}
        if old != new:
            told.append(f"{key.role}: {_Change(now.scheme, old, new).text()}")
    return "; ".join(told)


class _Change:
    """What became of one lane's bouts."""

    def __init__(
        self, scheme: CodingScheme, old: Mapping[str, LaneBout], new: Mapping[str, LaneBout]
    ) -> None:
        self._labels = {code.id: code.label or code.id for code in scheme.codes}
        self._gone = [bout for id_, bout in old.items() if id_ not in new]
        self._added = [bout for id_, bout in new.items() if id_ not in old]
        self._changed = [(old[id_], bout) for id_, bout in new.items() if id_ in old and old[id_] != bout]

    def text(self) -> str:
        """Give the shortest words for it."""
        gone, added, changed = self._gone, self._added, self._changed
        grown = [(then, now) for then, now in changed if _length(now) > _length(then)]
        if added and not gone:
            cut = [now for then, now in changed if now.end_ns == added[0].onset_ns < then.end_ns]
            if cut and cut[0].code == added[0].code:
                return f"{self._named(cut[0])} cut at {clock_text(added[0].onset_ns)}"
            return self._stretches(added)
        if gone and grown and not added:
            return f"joined: {self._stretch(grown[0][1])}"
        if gone and not added:
            return f"{self._stretches(gone)} deleted"
        if added:
            return self._stretches(added)
        return self._altered(*max(changed, key=_weight))

    def _altered(self, then: LaneBout, now: LaneBout) -> str:
        if then.code != now.code:
            return f"{self._stretch(now)} instead of {self._named(then)}"
        if then.comment != now.comment:
            return f"remark {'on' if now.comment else 'taken off'} {self._stretch(now)}"
        if then.running and not now.running:
            return f"{self._named(now)} ended at {clock_text(now.end_ns)}"
        if then.offset_ns is None:
            return f"{self._named(now)} moved to {clock_text(now.onset_ns)}"
        if then.onset_ns != now.onset_ns:
            return f"{self._named(now)} begins at {clock_text(now.onset_ns)}"
        return f"{self._named(now)} ends at {clock_text(now.end_ns)}"

    def _stretches(self, bouts: Iterable[LaneBout]) -> str:
        bouts = sorted(bouts, key=lambda bout: bout.onset_ns)
        if len(bouts) == 1:
            return self._stretch(bouts[0])
        return f"{len(bouts)} bouts {clock_text(bouts[0].onset_ns)} to {clock_text(bouts[-1].end_ns)}"

    def _stretch(self, bout: LaneBout) -> str:
        if bout.offset_ns is None:
            return f"{self._named(bout)} at {clock_text(bout.onset_ns)}"
        if bout.running:
            return f"{self._named(bout)} from {clock_text(bout.onset_ns)}"
        return f"{self._named(bout)} {clock_text(bout.onset_ns)} to {clock_text(bout.end_ns)}"

    def _named(self, bout: LaneBout) -> str:
        return self._labels.get(bout.code, bout.code)


def _length(bout: LaneBout) -> int:
    return bout.end_ns - bout.onset_ns


def _weight(change: tuple[LaneBout, LaneBout]) -> tuple[bool, bool, bool]:
    """Rank what is told where several bouts changed: what one meant before what gave way."""
    then, now = change
    return then.code != now.code, then.comment != now.comment, then.running and not now.running
