"""A lane being changed: commands move bouts about here, and the log gets one edit per bout that differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from stillface.errors import UsageError
from stillface.io.code_log_record import Edit, LoggedBout
from stillface.review.cameras import FrameGrid
from stillface.review.lanes import RUNNING, Lane, LaneBout

__all__ = ["Draft"]


@dataclass(eq=False)
class Draft:
    """The bouts of one lane, free to be changed until :meth:`edits` tells what became of them."""

    lane: Lane
    grid: FrameGrid

    def __post_init__(self) -> None:
        self._now: dict[str, LaneBout] = {bout.id: bout for bout in self.lane.bouts}
        self._touched: dict[str, None] = {}
        self._n_new = 0

    def add(
        self, onset_ns: int, offset_ns: int | None, code: str, attributes: Mapping[str, str] | None = None
    ) -> LaneBout:
        """Put in a new bout or point and give it; the code must be the scheme's."""
        self.lane.scheme.index(code)
        self._n_new += 1
        new = LaneBout(f"new {self._n_new}", onset_ns, offset_ns, code, dict(attributes or {}))
        self._put(new)
        return new

    def change(self, bout: LaneBout, **parts: object) -> LaneBout:
        """Replace parts of a bout; an unknown code is refused."""
        changed = replace(bout, **parts)  # type: ignore[arg-type]  # the parts are LaneBout's own fields
        self.lane.scheme.index(changed.code)
        self._put(changed)
        return changed

    def remove(self, bout: LaneBout) -> None:
        """Take a bout out."""
        del self._now[bout.id]
        self._touched[bout.id] = None

    def _put(self, bout: LaneBout) -> None:
        self._now[bout.id] = bout
        self._touched[bout.id] = None

    def close(self, bout: LaneBout, offset_ns: int) -> LaneBout:
        """Say where a running bout ended."""
        attributes = {key: value for key, value in bout.attributes.items() if key != RUNNING}
        return self.change(bout, offset_ns=offset_ns, attributes=attributes)

    def clear(self, onset_ns: int, offset_ns: int, *, keep: str | None = None) -> None:
        """Take every state out of a stretch: neighbours are trimmed, one that spans it is cut in two."""
        near = dict.fromkeys([bout.id for bout in self.lane.within(onset_ns, offset_ns)]) | self._touched
        for id_ in near:
            bout = self._now.get(id_)
            if bout is None or id_ == keep or bout.end_ns <= onset_ns or bout.onset_ns >= offset_ns:
                continue
            left, right = bout.onset_ns < onset_ns, bout.end_ns > offset_ns
            if left and right:
                self.add(offset_ns, bout.end_ns, bout.code, bout.attributes)
                self.close(bout, onset_ns)
            elif left:
                self.close(bout, onset_ns)
            elif right:
                self.change(bout, onset_ns=offset_ns)
            else:
                self.remove(bout)

    def join(self, bout: LaneBout, *, only_after: bool = False) -> None:
        """Make one bout of this one and those that touch it and say just the same of their time.

        Bouts that a remark or another attribute sets apart stay apart.

        Parameters
        ----------
        bout : LaneBout
            As it was put in; what became of it since counts, and nothing is done where it is gone.
        only_after : bool
            Join what follows only.
        """
        if bout.id not in self._now:
            return
        bout = self._now[bout.id]
        near = self.lane.within(bout.onset_ns - 1, bout.end_ns + 1)
        ids = dict.fromkeys([held.id for held in near]) | self._touched
        others = [held for id_ in ids if id_ != bout.id and (held := self._now.get(id_)) is not None]
        same = [held for held in others if held.code == bout.code and _said(held) == _said(bout)]
        for held in same:
            if held.end_ns == bout.onset_ns and not only_after:
                self.remove(bout)
                # Whoever says how long it lasted has said that it ended.
                bout = (
                    self.close(held, bout.end_ns)
                    if not bout.running
                    else self.change(held, offset_ns=bout.end_ns, attributes=bout.attributes)
                )
        for held in same:
            if held.onset_ns == bout.end_ns:
                self.remove(held)
                bout = self.change(bout, offset_ns=held.offset_ns, attributes=held.attributes)

    def edits(self) -> tuple[Edit, ...]:
        """Give the log's edits: what went first, then what changed, then what is new."""
        gone, changed, new = [], [], []
        for id_ in self._touched:
            now = self._now.get(id_)
            old = self.lane.bout(id_) if id_ in self.lane else None
            if now == old:
                continue
            if now is None:
                gone.append(Edit("del", id_))
            elif old is None:
                new.append(Edit("add", bout=self._logged(now)))
            else:
                changed.append(Edit("set", id_, self._logged(now)))
        return (*gone, *changed, *new)

    def _logged(self, bout: LaneBout) -> LoggedBout:
        low, high = self.grid.span_ns
        if not low <= bout.onset_ns <= bout.end_ns <= high:
            raise UsageError(
                "outside the session",
                got=f"{bout.onset_ns} to {bout.end_ns} ns",
                expected=f"{low} to {high} ns",
            )
        return LoggedBout(
            self.lane.key.tier,
            bout.onset_ns,
            bout.offset_ns,
            bout.code,
            self.grid.frame_number(bout.onset_ns),
            None if bout.offset_ns is None else self.grid.frame_number(bout.offset_ns),
            bout.attributes,
        )


def _said(bout: LaneBout) -> dict[str, str]:
    """Give what was said of a bout beside its code."""
    return {key: value for key, value in bout.attributes.items() if key != RUNNING}
