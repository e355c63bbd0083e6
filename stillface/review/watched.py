"""Which stretches of a session were really played, so that a judgement can say what it rests on."""

from __future__ import annotations

import numpy as np

from stillface.domain.intervals import Intervals

__all__ = ["Watched"]

# Joining after every tick would cost more than the tick.
_JOIN_EVERY = 256


class Watched:
    """Played stretches, joined where they touch."""

    def __init__(self) -> None:
        self._joined = Intervals.empty()
        self._recent: list[tuple[int, int]] = []

    def add(self, onset_ns: int, offset_ns: int) -> None:
        """Note that a stretch was on screen."""
        if offset_ns <= onset_ns:
            return
        last = self._recent[-1] if self._recent else None
        if last is not None and last[0] <= onset_ns <= last[1]:
            self._recent[-1] = (last[0], max(last[1], offset_ns))
        else:
            self._recent.append((onset_ns, offset_ns))
        if len(self._recent) >= _JOIN_EVERY:
            self._join()

    @property
    def intervals(self) -> Intervals:
        """Everything that was played."""
        self._join()
        return self._joined

    def reach_ns(self, start_ns: int, time_ns: int, gap_ns: int) -> int:
        """Give how far towards a later time one gets from a start without a leap longer than ``gap_ns``."""
        reach = start_ns
        for onset, offset in self.intervals:
            if offset <= reach:
                continue
            if onset > reach + gap_ns:
                break
            reach = offset
        return time_ns if time_ns <= reach + gap_ns else reach

    def share(self, onset_ns: int, offset_ns: int) -> float:
        """Give the share of a stretch that was played, 0 to 1."""
        stretch = Intervals(np.array([onset_ns], np.int64), np.array([offset_ns], np.int64))
        return self.intervals.intersect(stretch).total_ns / (offset_ns - onset_ns)

    def _join(self) -> None:
        for onset, offset in self._recent:
            one = Intervals(np.array([onset], np.int64), np.array([offset], np.int64))
            self._joined = self._joined.union(one)
        self._recent.clear()
