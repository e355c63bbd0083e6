"""Rating forms: one value of a scale for an episode, a segment or the whole session."""

from __future__ import annotations

from dataclasses import dataclass, field

from stillface.domain.clock import NS_PER_S, ns_to_s
from stillface.domain.session import Session
from stillface.errors import UsageError
from stillface.review.cameras import FrameGrid
from stillface.review.commands import RATINGS, LaneCommand, stretch_of
from stillface.review.draft import Draft
from stillface.review.lanes import Lane, LaneBout

__all__ = ["Rate", "RatingUnit", "Unrate", "rating_of", "rating_units"]


@dataclass(frozen=True)
class RatingUnit:
    """A stretch that gets one value.

    Parameters
    ----------
    label : str
        ``SF``, ``SF 0 to 30 s``, ``whole session``.
    onset_ns, offset_ns : int
    """

    label: str
    onset_ns: int
    offset_ns: int


def rating_units(session: Session, grid: FrameGrid) -> dict[str, tuple[RatingUnit, ...]]:
    """Give what can be rated, by ``episode``, ``segment`` and ``session``, on the frames of a film.

    Segments are those of the protocol; where it has none, the list is empty.
    """
    low, high = grid.span_ns
    episodes = tuple(
        RatingUnit(e.id, grid.snap(max(e.onset_ns, low)), grid.snap(min(e.offset_ns, high)))
        for e in session.episodes
        if e.onset_ns < high and e.offset_ns > low
    )
    segments: list[RatingUnit] = []
    for episode in episodes:
        every_s = session.protocol.episode(episode.label).segments_every_s
        step_ns = 0 if not every_s else round(every_s * NS_PER_S)
        if not step_ns:
            continue
        for onset_ns in range(episode.onset_ns, episode.offset_ns, step_ns):
            offset_ns = min(onset_ns + step_ns, episode.offset_ns)
            since = ns_to_s(onset_ns - episode.onset_ns), ns_to_s(offset_ns - episode.onset_ns)
            label = f"{episode.label} {since[0]:g} to {since[1]:g} s"
            segments.append(RatingUnit(label, grid.snap(onset_ns), grid.snap(offset_ns)))
    whole = (RatingUnit("whole session", low, high),)
    return {"episode": episodes, "segment": tuple(segments), "session": whole}


def rating_of(lane: Lane, unit: RatingUnit) -> LaneBout | None:
    """Give the rating of exactly this unit, or None."""
    same = (b for b in lane.bouts if (b.onset_ns, b.end_ns) == (unit.onset_ns, unit.offset_ns))
    return next(same, None)


@dataclass(frozen=True)
class Rate(LaneCommand):
    """Give a unit its value on a scale; one scale is rated by one kind of unit."""

    unit: RatingUnit
    code: str
    attributes: dict[str, str] = field(default_factory=dict)

    kinds = RATINGS

    def change(self, draft: Draft) -> None:
        """Give the value; refused where a rating overlaps this unit without being the same."""
        draft.lane.scheme.index(self.code)
        onset_ns, offset_ns = stretch_of(draft.grid, self.unit.onset_ns, self.unit.offset_ns)
        same = rating_of(draft.lane, self.unit)
        if same is not None:
            draft.change(same, code=self.code, attributes={**same.attributes, **self.attributes})
            return
        if draft.lane.within(onset_ns, offset_ns):
            raise UsageError(
                "part of this was rated as another unit",
                where=draft.lane.key.tier,
                got=self.unit.label,
                fix="take that rating back first, or rate by the same kind of unit",
            )
        draft.add(onset_ns, offset_ns, self.code, self.attributes)


@dataclass(frozen=True)
class Unrate(LaneCommand):
    """Take the value of a unit back."""

    unit: RatingUnit

    kinds = RATINGS

    def change(self, draft: Draft) -> None:
        """Take the rating out; nothing where the unit has none."""
        same = rating_of(draft.lane, self.unit)
        if same is not None:
            draft.remove(same)
