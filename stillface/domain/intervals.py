"""Sets of half-open time intervals ``[onset, offset)``: sorted, disjoint, exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.errors import FieldError

__all__ = ["Intervals"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Sorted, disjoint, non-empty half-open intervals in nanoseconds.

    Parameters
    ----------
    onsets_ns, offsets_ns : array of int64, shape (n,)
        Two intervals may touch, never overlap.
    """

    onsets_ns: Int64
    offsets_ns: Int64

    def __post_init__(self) -> None:
        onsets = refuse.ns_array("Intervals", "onsets_ns", self.onsets_ns, increasing=True)
        offsets = refuse.ns_array("Intervals", "offsets_ns", self.offsets_ns, increasing=True)
        if onsets.size != offsets.size:
            raise FieldError(
                "lengths differ", where="Intervals.offsets_ns", got=offsets.size, expected=onsets.size
            )
        empty = np.flatnonzero(offsets <= onsets)
        if empty.size:
            k = int(empty[0])
            raise FieldError(
                "ends before it begins",
                where=f"Intervals[{k}]",
                got=f"[{onsets[k]}, {offsets[k]}) ns",
                expected="offset after onset",
            )
        overlap = np.flatnonzero(onsets[1:] < offsets[:-1])
        if overlap.size:
            k = int(overlap[0])
            raise FieldError(
                "overlap",
                where=f"Intervals[{k + 1}]",
                got=f"onset {onsets[k + 1]} ns before offset {offsets[k]} ns",
                expected="disjoint intervals",
            )
        object.__setattr__(self, "onsets_ns", onsets)
        object.__setattr__(self, "offsets_ns", offsets)

    @classmethod
    def empty(cls) -> Intervals:
        """Give no interval at all."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def from_mask(cls, edges_ns: Int64, mask: npt.NDArray[np.bool_]) -> Intervals:
        """Give the maximal runs of true segments between ``edges_ns`` (n+1,) and ``mask`` (n,)."""
        step = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
        return cls(edges_ns[:-1][step[:-1] == 1], edges_ns[1:][step[1:] == -1])

    def __len__(self) -> int:
        return int(self.onsets_ns.size)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self.onsets_ns.tolist(), self.offsets_ns.tolist(), strict=True))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Intervals)
            and np.array_equal(self.onsets_ns, other.onsets_ns)
            and np.array_equal(self.offsets_ns, other.offsets_ns)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equality yes, hashing no

    @property
    def durations_ns(self) -> Int64:
        """Duration of each interval; shape (n,)."""
        return np.asarray(self.offsets_ns - self.onsets_ns)

    @property
    def total_ns(self) -> int:
        """Summed duration."""
        return int(self.durations_ns.sum())

    def contains(self, times_ns: Int64) -> npt.NDArray[np.bool_]:
        """Tell for each time whether it lies inside an interval; shape kept."""
        index = np.searchsorted(self.onsets_ns, times_ns, side="right") - 1
        inside = index >= 0
        ends = self.offsets_ns[np.clip(index, 0, None)] if len(self) else np.zeros_like(index)
        return np.asarray(inside & (np.asarray(times_ns) < ends))

    def intersect(self, other: Intervals) -> Intervals:
        """Give the time inside both."""
        return self._combine(other, np.logical_and)

    def union(self, other: Intervals) -> Intervals:
        """Give the time inside either; touching intervals are joined."""
        return self._combine(other, np.logical_or)

    def minus(self, other: Intervals) -> Intervals:
        """Give the time inside this set and not in the other."""
        return self._combine(other, lambda a, b: a & ~b)

    def shift(self, by_ns: int) -> Intervals:
        """Move all intervals by a constant."""
        return Intervals(self.onsets_ns + by_ns, self.offsets_ns + by_ns)

    def _combine(self, other: Intervals, rule: Callable[[Mask, Mask], Mask]) -> Intervals:
        edges = np.unique(
            np.concatenate((self.onsets_ns, self.offsets_ns, other.onsets_ns, other.offsets_ns))
        )
        if edges.size < 2:
            return Intervals.empty()
        starts = edges[:-1]
        return Intervals.from_mask(edges, rule(self.contains(starts), other.contains(starts)))
