"""Things that happen at an instant: coded point events and heart beats."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.intervals import Intervals
from stillface.domain.scheme import CodingScheme
from stillface.errors import FieldError

__all__ = ["BEAT_FLAGS", "BeatSeries", "PointEvents"]

Int64 = npt.NDArray[np.int64]

_ALWAYS_NS = 2**61

BEAT_FLAGS = ("ok", "doubtful", "ectopic", "extra")


def _always() -> Intervals:
    """From before any recording until after it: longer than a century either way."""
    return Intervals(np.array([-_ALWAYS_NS]), np.array([_ALWAYS_NS]))


@dataclass(frozen=True, eq=False)
class PointEvents:
    """Events without duration of one role, scheme and source.

    Parameters
    ----------
    times_ns : array of int64, shape (n,)
        On the session clock, not decreasing.
    codes : array of int16, shape (n,)
        Index into the scheme's codes.
    watched : Intervals
        When somebody looked for such events; always, unless told otherwise. Nothing is absent outside it.
    """

    scheme: CodingScheme
    role: str
    source: str
    times_ns: Int64
    codes: npt.NDArray[np.int16]
    watched: Intervals = field(default_factory=_always)

    def __post_init__(self) -> None:
        owner = f"PointEvents[{self.role}/{self.scheme.id}]"
        times = refuse.ns_array(owner, "times_ns", self.times_ns)
        codes = np.array(self.codes, dtype=np.int16)
        if codes.shape != times.shape:
            raise FieldError("lengths differ", where=f"{owner}.codes", got=codes.shape, expected=times.shape)
        if times.size and bool(np.any(np.diff(times) < 0)):
            raise FieldError("not in time order", where=f"{owner}.times_ns", expected="sorted times")
        if bool(np.any((codes < 0) | (codes >= len(self.scheme.codes)))):
            raise FieldError("no such code", where=f"{owner}.codes", expected="codes of the scheme")
        if not bool(self.watched.contains(times).all()):
            raise FieldError("an event while nobody watched", where=f"{owner}.times_ns")
        object.__setattr__(self, "times_ns", times)
        object.__setattr__(self, "codes", refuse.frozen(codes))

    @classmethod
    def uncoded(cls, scheme: CodingScheme, role: str) -> PointEvents:
        """Give the stream of a session in which nobody looked for these events."""
        none = np.empty(0, np.int64)
        return cls(scheme, role, "human:uncoded", none, none.astype(np.int16), Intervals.empty())

    @staticmethod
    def watched_except(gaps: Intervals) -> Intervals:
        """Give all time but these stretches."""
        return _always().minus(gaps)

    @property
    def unwatched(self) -> Intervals:
        """The stretches between those that were watched."""
        return Intervals(self.watched.offsets_ns[:-1], self.watched.onsets_ns[1:])

    @property
    def source_kind(self) -> str:
        """``human``, ``auto``, ``auto_reviewed`` or ``consensus``."""
        return self.source.partition(":")[0]

    @property
    def coder_id(self) -> str:
        """Who made it: what follows the kind in ``source``."""
        return self.source.partition(":")[2]


@dataclass(frozen=True, eq=False)
class BeatSeries:
    """Detected heart beats of one person; every detected beat is kept, none is inserted.

    Parameters
    ----------
    role : str
        Whose heart.
    times_ns : array of int64, shape (n,)
        Refined R-peak times on the session clock, strictly increasing.
    flags : array of uint8, shape (n,)
        Index into BEAT_FLAGS.
    observed_ns : (int, int)
        The stretch of session time that the signal covers.
    source : str
        ``auto:<detector>@<version>`` or ``human:<id>``.
    """

    role: str
    times_ns: Int64
    flags: npt.NDArray[np.uint8]
    observed_ns: tuple[int, int]
    source: str

    def __post_init__(self) -> None:
        owner = f"BeatSeries[{self.role}]"
        refuse.identifier("BeatSeries", "role", self.role)
        times = refuse.ns_array(owner, "times_ns", self.times_ns, increasing=True)
        flags = np.array(self.flags, dtype=np.uint8)
        if flags.shape != times.shape:
            raise FieldError("lengths differ", where=f"{owner}.flags", got=flags.shape, expected=times.shape)
        if bool(np.any(flags >= len(BEAT_FLAGS))):
            raise FieldError("no such flag", where=f"{owner}.flags", expected=", ".join(BEAT_FLAGS))
        object.__setattr__(self, "times_ns", times)
        object.__setattr__(self, "flags", refuse.frozen(flags))
