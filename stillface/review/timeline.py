"""The timeline's geometry: session time to pixels and back, rows, what is under the pointer, what snaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.errors import FieldError
from stillface.review.lanes import Lane, LaneBout, LaneKey

__all__ = [
    "Hit",
    "Row",
    "Strip",
    "View",
    "first_showing",
    "height_of",
    "hit",
    "last_first",
    "rows_of",
    "scrolled",
    "snap_ns",
    "strips",
    "ticks",
    "visible",
]

MIN_NS_PER_PX = 50_000.0
"""Closest zoom: a frame of 40 ms is 800 pixels wide."""

_EDGE_PX = 5.0
_TICK_STEPS_S = (0.01, 0.02, 0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True)
class View:
    """What stretch of the session the timeline shows.

    Parameters
    ----------
    span_ns : (int, int)
        The whole session; the view never leaves it.
    width_px : int
    onset_ns : float
        Session time at the left edge.
    ns_per_px : float
    """

    span_ns: tuple[int, int]
    width_px: int
    onset_ns: float
    ns_per_px: float

    @classmethod
    def whole(cls, span_ns: tuple[int, int], width_px: int) -> View:
        """Show the whole session."""
        if span_ns[1] <= span_ns[0] or width_px < 1:
            raise FieldError("nothing to show", where="View", got=(span_ns, width_px), expected="a stretch")
        return cls(span_ns, width_px, float(span_ns[0]), (span_ns[1] - span_ns[0]) / width_px)

    @property
    def offset_ns(self) -> float:
        """Session time at the right edge."""
        return self.onset_ns + self.ns_per_px * self.width_px

    def x_of(self, time_ns: float) -> float:
        """Give the horizontal place of a time, in pixels."""
        return (time_ns - self.onset_ns) / self.ns_per_px

    def xs_of(self, times_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Give the horizontal places of several times."""
        return np.asarray((times_ns - self.onset_ns) / self.ns_per_px, dtype=np.float64)

    def ns_at(self, x: float) -> int:
        """Give the time at a horizontal place, within the session."""
        return min(max(round(self.onset_ns + x * self.ns_per_px), self.span_ns[0]), self.span_ns[1])

    def zoomed(self, factor: float, around_ns: int) -> View:
        """Zoom in (factor > 1) or out; what lies at ``around_ns`` stays where it is."""
        widest = (self.span_ns[1] - self.span_ns[0]) / self.width_px
        ns_per_px = min(max(self.ns_per_px / factor, min(MIN_NS_PER_PX, widest)), widest)
        onset = around_ns - self.x_of(around_ns) * ns_per_px
        return replace(self, ns_per_px=ns_per_px, onset_ns=onset)._kept_inside()

    def panned(self, pixels: float) -> View:
        """Move the view to the right over the session by some pixels."""
        return replace(self, onset_ns=self.onset_ns + pixels * self.ns_per_px)._kept_inside()

    def fitted(self, onset_ns: int, offset_ns: int, margin: float = 0.05) -> View:
        """Show a stretch with a little room at its sides."""
        room = (offset_ns - onset_ns) * (1 + 2 * margin)
        widest = (self.span_ns[1] - self.span_ns[0]) / self.width_px
        ns_per_px = min(max(room / self.width_px, min(MIN_NS_PER_PX, widest)), widest)
        middle = (onset_ns + offset_ns) / 2
        view = replace(self, ns_per_px=ns_per_px, onset_ns=middle - ns_per_px * self.width_px / 2)
        return view._kept_inside()

    def placed(self, onset_ns: float, ns_per_px: float) -> View:
        """Show what begins at a time in a scale, as far as the session allows."""
        widest = (self.span_ns[1] - self.span_ns[0]) / self.width_px
        ns_per_px = min(max(ns_per_px, min(MIN_NS_PER_PX, widest)), widest)
        return replace(self, ns_per_px=ns_per_px, onset_ns=onset_ns)._kept_inside()

    def resized(self, width_px: int) -> View:
        """Keep the scale in a wider or narrower widget; a view of all still shows all."""
        if self.onset_ns <= self.span_ns[0] and self.offset_ns >= self.span_ns[1] - 1:
            return View.whole(self.span_ns, max(width_px, 1))
        return replace(self, width_px=max(width_px, 1))._kept_inside()

    def following(self, time_ns: int) -> View:
        """Give a view that holds a time: page on when it has run out at a side."""
        if self.onset_ns <= time_ns < self.offset_ns - 0.02 * self.width_px * self.ns_per_px:
            return self
        onset = time_ns - 0.1 * self.width_px * self.ns_per_px
        return replace(self, onset_ns=onset)._kept_inside()

    def _kept_inside(self) -> View:
        widest = (self.span_ns[1] - self.span_ns[0]) / self.width_px
        ns_per_px = min(self.ns_per_px, widest)
        latest = self.span_ns[1] - ns_per_px * self.width_px
        onset = min(max(self.onset_ns, float(self.span_ns[0])), max(latest, float(self.span_ns[0])))
        return replace(self, ns_per_px=ns_per_px, onset_ns=onset)


@dataclass(frozen=True)
class Row:
    """Where one lane is drawn."""

    key: LaneKey
    top_px: float
    height_px: float

    @property
    def bottom_px(self) -> float:
        """Lower border."""
        return self.top_px + self.height_px


def rows_of(
    keys: Iterable[LaneKey], top_px: float, height_px: float, gap_px: float, least_px: float = 0.0
) -> tuple[Row, ...]:
    """Stack lanes from the top; machine lanes are two thirds as high as a person's, at least ``least_px``."""
    rows = []
    for key in keys:
        height = height_px if key.kind != "auto" else max(round(height_px * 2 / 3), least_px)
        rows.append(Row(key, top_px, height))
        top_px += height + gap_px
    return tuple(rows)


def height_of(
    keys: Sequence[LaneKey], room_px: float, gap_px: float, least_px: float, most_px: float
) -> float:
    """Give the height of a person's lane where all lanes share the room, within these limits."""
    n_machine = sum(key.kind == "auto" for key in keys)
    n_own, room_px = len(keys) - n_machine, room_px - gap_px * len(keys)
    height = room_px / max(n_own + n_machine * 2 / 3, 1)
    if height * 2 / 3 < least_px and n_own:
        height = (room_px - n_machine * least_px) / n_own
    return float(int(min(max(height, least_px), most_px)))


def scrolled(rows: Sequence[Row], first: int, room_px: float) -> tuple[Row, ...]:
    """Give the rows from one on, moved to the top, as many as lie wholly in the room; at least that one."""
    up_px = rows[first].top_px - rows[0].top_px if rows else 0.0
    moved = tuple(replace(row, top_px=row.top_px - up_px) for row in rows[first:])
    return tuple(row for row in moved if row is moved[0] or row.bottom_px <= rows[0].top_px + room_px)


def last_first(rows: Sequence[Row], room_px: float) -> int:
    """Give how many rows have to be scrolled away for the last one to be seen."""
    fits = (k for k in range(len(rows)) if len(scrolled(rows, k, room_px)) == len(rows) - k)
    return next(fits, 0)


def first_showing(rows: Sequence[Row], first: int, wanted: int, room_px: float) -> int:
    """Give the row to begin with so that a wanted one is seen, the nearest one to ``first``."""
    first = min(first, wanted)
    while first + len(scrolled(rows, first, room_px)) <= wanted:
        first += 1
    return first


def visible(lane: Lane, view: View) -> tuple[LaneBout, ...]:
    """Give the bouts that the view shows, found by bisection."""
    return lane.within(int(view.onset_ns), int(view.offset_ns) + 1)


@dataclass(frozen=True)
class Strip:
    """A rectangle to be drawn: one bout, or where bouts are narrower than a pixel what lies under it."""

    x_px: float
    width_px: float
    code: str
    bout: LaneBout | None


def strips(lane: Lane, view: View) -> tuple[Strip, ...]:
    """Give what is to be drawn of a lane: never more rectangles than pixels, however many bouts."""
    bouts = visible(lane, view)
    if len(bouts) <= view.width_px // 2 or lane.is_point:
        return tuple(
            Strip(view.x_of(b.onset_ns), (b.end_ns - b.onset_ns) / view.ns_per_px, b.code, b) for b in bouts
        )
    centres = view.onset_ns + (np.arange(view.width_px) + 0.5) * view.ns_per_px
    place = np.searchsorted(lane.onsets_ns, centres, side="right") - 1
    inside = (place >= 0) & (centres < lane.ends_ns[np.maximum(place, 0)])
    place = np.where(inside, place, -1)
    starts = np.flatnonzero(np.concatenate(([True], place[1:] != place[:-1])))
    ends = np.append(starts[1:], place.size)
    return tuple(
        Strip(float(x), float(end - x), lane.bouts[int(place[x])].code, None)
        for x, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if place[x] >= 0
    )


def ticks(view: View, min_px: float = 70) -> tuple[tuple[int, str], ...]:
    """Give times for the ruler with their labels, at least ``min_px`` apart."""
    needed_s = min_px * view.ns_per_px / NS_PER_S
    step_s = next((step for step in _TICK_STEPS_S if step >= needed_s), _TICK_STEPS_S[-1])
    step_ns = round(step_s * NS_PER_S)
    first = -(-int(view.onset_ns) // step_ns) * step_ns
    times = range(first, int(view.offset_ns) + 1, step_ns)
    return tuple((time, _label(time, step_s)) for time in times)


def _label(time_ns: int, step_s: float) -> str:
    digits = 0 if step_s >= 1 else 1 if step_s >= 0.1 else 2
    sign, total = ("-" if time_ns < 0 else ""), abs(time_ns) / NS_PER_S
    minutes, seconds = divmod(round(total, digits), 60)
    width = 2 if digits == 0 else 3 + digits
    return f"{sign}{int(minutes)}:{seconds:0{width}.{digits}f}"


@dataclass(frozen=True)
class Hit:
    """What is under the pointer."""

    key: LaneKey
    bout_id: str | None
    part: Literal["onset", "offset", "body", "empty"]


def hit(rows: Sequence[Row], lanes: dict[LaneKey, Lane], view: View, x: float, y: float) -> Hit | None:
    """Tell which bout, and which part of it, lies at a place; None outside every row.

    The nearer of two edges wins; a touching edge belongs to the bout on the pointer's side.
    """
    row = next((row for row in rows if row.top_px <= y < row.bottom_px), None)
    if row is None:
        return None
    reach = _EDGE_PX * view.ns_per_px
    time_ns = view.onset_ns + x * view.ns_per_px
    near = lanes[row.key].within(int(time_ns - reach), int(time_ns + reach) + 1)
    best: tuple[float, int, Hit] | None = None
    for bout in near:
        inside = bout.onset_ns <= time_ns < bout.end_ns
        if lanes[row.key].is_point:
            sides: tuple[tuple[Literal["onset", "offset"], int], ...] = (("onset", bout.onset_ns),)
        else:
            # An edge grabs at most a third of its bout, so that a short one can still be clicked.
            sides = (("onset", bout.onset_ns), ("offset", bout.end_ns))
        grip = reach if lanes[row.key].is_point else min(reach, max((bout.end_ns - bout.onset_ns) / 3, 1))
        for part, edge in sides:
            distance = abs(edge - time_ns)
            limit = grip if inside else reach
            if distance <= limit and (best is None or (distance, not inside) < best[:2]):
                best = (distance, not inside, Hit(row.key, bout.id, part))
    if best is not None:
        return best[2]
    body = lanes[row.key].at(int(time_ns))
    return Hit(row.key, body.id, "body") if body is not None else Hit(row.key, None, "empty")


def snap_ns(time_ns: int, candidates: npt.NDArray[np.int64], reach_ns: float) -> int:
    """Give the nearest candidate within reach, else the time itself; candidates are sorted."""
    if not candidates.size:
        return time_ns
    right = int(np.clip(np.searchsorted(candidates, time_ns), 1, max(candidates.size - 1, 1)))
    near = candidates[max(right - 1, 0) : right + 1]
    best = int(near[np.argmin(np.abs(near - time_ns))])
    return best if abs(best - time_ns) <= reach_ns else time_ns
