"""Lanes: what one source says of one role under one scheme, in the form that views and commands read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.events import PointEvents
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import UNCODED, StateTrack
from stillface.errors import FieldError
from stillface.io.code_log_record import LoggedBout

__all__ = ["COMMENT", "RUNNING", "Lane", "LaneBout", "LaneKey"]

RUNNING = "running"
"""Attribute of a bout whose end the coder has not said yet."""

COMMENT = "comment"
"""Attribute that holds a coder's remark."""

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, order=True)
class LaneKey:
    """Whose lane, under which scheme, from which source (``<kind>:<id>``)."""

    role: str
    scheme_id: str
    source: str

    @property
    def tier(self) -> str:
        """How the code log names it."""
        return f"{self.role}/{self.scheme_id}"

    @property
    def kind(self) -> str:
        """``human``, ``auto``, ``auto_reviewed`` or ``consensus``."""
        return self.source.partition(":")[0]


@dataclass(frozen=True)
class LaneBout:
    """One bout, or with ``offset_ns`` None one point event."""

    id: str
    onset_ns: int
    offset_ns: int | None
    code: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    confidence: float | None = None

    @classmethod
    def of_logged(cls, id_: str, bout: LoggedBout) -> LaneBout:
        """Make one of a bout as the log holds it."""
        return cls(id_, bout.onset_ns, bout.offset_ns, bout.code, bout.attributes)

    @property
    def end_ns(self) -> int:
        """Offset, or for a point its moment."""
        return self.onset_ns if self.offset_ns is None else self.offset_ns

    @property
    def running(self) -> bool:
        """Whether its end has not been said yet."""
        return self.attributes.get(RUNNING) == "yes"

    @property
    def comment(self) -> str:
        """The coder's remark."""
        return self.attributes.get(COMMENT, "")


@dataclass(frozen=True, eq=False)
class Lane:
    """Bouts of one lane in time order.

    Parameters
    ----------
    key : LaneKey
    scheme : CodingScheme
        A state scheme must be exclusive: one lane cannot hold two states at once.
    bouts : tuple of LaneBout
        Sorted by onset.
    editable : bool
        False for machine lanes and for other people's.
    """

    key: LaneKey
    scheme: CodingScheme
    bouts: tuple[LaneBout, ...] = ()
    editable: bool = False

    def __post_init__(self) -> None:
        if not self.scheme.exclusive and self.scheme.type != "point":
            raise FieldError(
                "states that may overlap cannot share a lane",
                where=f"CodingScheme[{self.scheme.id}].exclusive",
                got=False,
                expected="one exclusive scheme per stream",
            )
        object.__setattr__(self, "bouts", tuple(sorted(self.bouts, key=attrgetter("onset_ns", "id"))))
        for code in {bout.code for bout in self.bouts}.difference(self.scheme.code_ids):
            raise FieldError(
                "unknown code",
                where=f"lane {self.key.tier}",
                got=code,
                expected="one of " + ", ".join(self.scheme.code_ids),
            )

    @classmethod
    def from_track(cls, track: StateTrack) -> Lane:
        """Make a read-only lane of a state track; uncoded stretches are left out."""
        track = track.merged()
        confidence = track.confidence
        bouts = tuple(
            LaneBout(
                str(k),
                int(track.edges_ns[k]),
                int(track.edges_ns[k + 1]),
                track.scheme.code_ids[int(code)],
                confidence=None if confidence is None else float(confidence[k]),
            )
            for k, code in enumerate(track.codes)
            if code != UNCODED
        )
        return cls(LaneKey(track.role, track.scheme.id, track.source), track.scheme, bouts)

    @cached_property
    def onsets_ns(self) -> Int64:
        """Onset of each bout; shape (n,)."""
        return refuse.frozen(np.array([bout.onset_ns for bout in self.bouts], dtype=np.int64))

    @cached_property
    def ends_ns(self) -> Int64:
        """End of each bout; shape (n,)."""
        return refuse.frozen(np.array([bout.end_ns for bout in self.bouts], dtype=np.int64))

    @cached_property
    def edges_ns(self) -> Int64:
        """Every onset and offset once, sorted: what jumps and snapping look at."""
        return np.unique(np.concatenate((self.onsets_ns, self.ends_ns)))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {bout.id: place for place, bout in enumerate(self.bouts)}

    @cached_property
    def running(self) -> LaneBout | None:
        """The bout whose end has not been said yet."""
        return next((bout for bout in self.bouts if bout.attributes and bout.running), None)

    @property
    def title(self) -> str:
        """Whom and what, as people read it: ``Infant · Affect in three levels``."""
        return f"{self.key.role.capitalize()} · {self.scheme.title or self.key.scheme_id}"

    def label(self, code: str) -> str:
        """Give a code's name for people; its id where the scheme has none."""
        return self.scheme.codes[self.scheme.index(code)].label or code

    @property
    def is_point(self) -> bool:
        """Whether the lane holds moments instead of stretches."""
        return self.scheme.type == "point"

    def __contains__(self, bout_id: str) -> bool:
        return bout_id in self._places

    def bout(self, bout_id: str) -> LaneBout:
        """Give a bout by its id; an id that is not there is refused."""
        if bout_id not in self._places:
            raise FieldError("no such bout", where=f"lane {self.key.tier}", got=bout_id)
        return self.bouts[self._places[bout_id]]

    def at(self, time_ns: int) -> LaneBout | None:
        """Give the bout that holds a time, or None."""
        place = int(np.searchsorted(self.onsets_ns, time_ns, side="right")) - 1
        if place < 0:
            return None
        bout = self.bouts[place]
        return bout if bout.onset_ns <= time_ns < bout.end_ns else None

    def before(self, bout_id: str) -> LaneBout | None:
        """Give the bout before another, or None."""
        place = self._places[self.bout(bout_id).id]
        return self.bouts[place - 1] if place else None

    def after(self, bout_id: str) -> LaneBout | None:
        """Give the bout after another, or None."""
        place = self._places[self.bout(bout_id).id] + 1
        return self.bouts[place] if place < len(self.bouts) else None

    def next_onset_ns(self, time_ns: int) -> int | None:
        """Give the first onset after a time, or None."""
        place = int(np.searchsorted(self.onsets_ns, time_ns, side="right"))
        return int(self.onsets_ns[place]) if place < len(self.bouts) else None

    def within(self, onset_ns: int, offset_ns: int) -> tuple[LaneBout, ...]:
        """Give the bouts that share time with ``[onset, offset)``; points on its onset count."""
        first = int(np.searchsorted(self.ends_ns, onset_ns, side="left" if self.is_point else "right"))
        last = int(np.searchsorted(self.onsets_ns, offset_ns, side="left"))
        return self.bouts[first:last]

    def with_code(self, code: str) -> tuple[LaneBout, ...]:
        """Give the bouts of one code."""
        return tuple(bout for bout in self.bouts if bout.code == code)

    def track(self, span_ns: tuple[int, int]) -> StateTrack:
        """Give the lane as a state track that reaches at least over a span; the rest of it is uncoded.

        Raises
        ------
        FieldError
            Two bouts overlap (the logs of two computers disagree).
        """
        return StateTrack.from_bouts(
            self.scheme,
            self.key.role,
            self.key.source,
            self.onsets_ns,
            self.ends_ns,
            [bout.code for bout in self.bouts],
            span_ns,
        )

    def points(self) -> PointEvents:
        """Give the lane of a point scheme as events."""
        codes = np.array([self.scheme.index(bout.code) for bout in self.bouts], dtype=np.int16)
        return PointEvents(self.scheme, self.key.role, self.key.source, self.onsets_ns, codes)
