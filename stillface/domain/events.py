"""Things that happen at an instant: coded point events and heart beats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.scheme import CodingScheme
from stillface.errors import FieldError

__all__ = ["BEAT_FLAGS", "BeatSeries", "PointEvents"]

Int64 = npt.NDArray[np.int64]

BEAT_FLAGS = ("ok", "doubtful", "ectopic", "extra")


@dataclass(frozen=True, eq=False)
class PointEvents:
    """Events without duration of one role, scheme and source.

    Parameters
    ----------
    times_ns : array of int64, shape (n,)
        On the session clock, not decreasing.
    codes : array of int16, shape (n,)
        Index into the scheme's codes.
    """

    scheme: CodingScheme
    role: str
    source: str
    times_ns: Int64
    codes: npt.NDArray[np.int16]

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
        object.__setattr__(self, "times_ns", times)
        object.__setattr__(self, "codes", refuse.frozen(codes))


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
