"""Which frames a film has, when each is shown, and how its pictures are to be turned."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.clock import FrameClock
from stillface.errors import FieldError

__all__ = ["ORIENTATIONS", "VideoIndex"]

Int64 = npt.NDArray[np.int64]

# How a stored picture becomes upright, as a chain of libavfilter filters; "" is as stored.
ORIENTATIONS = (
    "",
    "hflip",
    "vflip",
    "hflip,vflip",
    "transpose=clock",
    "transpose=cclock",
    "transpose=clock_flip",
    "transpose=cclock_flip",
)


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """The frames of one film file, in display order.

    Parameters
    ----------
    pts : array of int64, shape (n_frames,)
        The file's own presentation stamp of every frame that is shown, in units of ``time_base``.
        Frames that an edit list hides are not among them.
    time_base : Fraction
        Seconds per unit.
    last_duration : int
        Duration of the last frame in the same units; 0 where the file does not say.
    origin_s : Fraction
        Container time at which the film begins (its earliest picture or sound), exact. It is
        time 0 of :attr:`clock`, as in a player, so that picture and sound stay together.
    key_frames : array of int64, shape (n_keys,)
        Frames from which decoding can begin; 0 first.
    stored_size_px : tuple of int
        Width and height as stored.
    sample_aspect : Fraction
        Width of a stored pixel over its height.
    orientation : str
        One of :data:`ORIENTATIONS`.
    interlaced : bool
        Whether the film's first frames hold two fields, taken at two moments.
    codec, container : str
        As libavformat names them.
    creation_time, timecode : str
        As the camera wrote them; empty where it did not.
    n_hidden : int
        Stored frames that are not shown: hidden by an edit list, or not decodable because the
        file begins in the middle of a group of pictures.
    """

    pts: Int64
    time_base: Fraction
    last_duration: int
    origin_s: Fraction
    key_frames: Int64
    stored_size_px: tuple[int, int]
    sample_aspect: Fraction = Fraction(1)
    orientation: str = ""
    interlaced: bool = False
    codec: str = ""
    container: str = ""
    creation_time: str = ""
    timecode: str = ""
    n_hidden: int = 0

    def __post_init__(self) -> None:
        pts = refuse.ns_array("VideoIndex", "pts", self.pts, increasing=True, at_least=1)
        keys = refuse.ns_array("VideoIndex", "key_frames", self.key_frames, increasing=True, at_least=1)
        object.__setattr__(self, "pts", pts)
        object.__setattr__(self, "key_frames", keys)
        if keys[0] != 0 or keys[-1] >= pts.size:
            raise FieldError(
                "not frames of this film",
                where="VideoIndex.key_frames",
                got=f"{keys[0]} to {keys[-1]}",
                expected=f"0 first, below {pts.size}",
            )
        if self.time_base <= 0:
            raise FieldError("not positive", where="VideoIndex.time_base", got=self.time_base, expected="> 0")
        if min(self.stored_size_px) <= 0:
            raise FieldError(
                "not a size", where="VideoIndex.stored_size_px", got=self.stored_size_px, expected="> 0"
            )
        refuse.one_of("VideoIndex", "orientation", self.orientation, ORIENTATIONS)

    @property
    def n_frames(self) -> int:
        """Number of frames that are shown."""
        return int(self.pts.size)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as shown: square pixels, upright."""
        width, height = self.stored_size_px
        width = max(1, round(width * self.sample_aspect))
        return (height, width) if self.orientation.startswith("transpose") else (width, height)

    @cached_property
    def clock(self) -> FrameClock:
        """When each frame begins and ends, in the film's own time."""
        unit = Fraction(1, lcm(self.time_base.denominator, self.origin_s.denominator))
        step, begin = int(self.time_base / unit), int(self.origin_s / unit)
        stamps = [int(stamp) * step - begin for stamp in self.pts]
        return FrameClock.from_pts(np.array(stamps, dtype=np.int64), unit, self._last_duration() * step)

    def _last_duration(self) -> int:
        if self.last_duration > 0:
            return self.last_duration
        return int(np.median(np.diff(self.pts))) if self.n_frames > 1 else 1

    def frame_of(self, pts: int) -> int | None:
        """Give the frame with that stamp, or None."""
        frame = int(np.searchsorted(self.pts, pts))
        return frame if frame < self.n_frames and self.pts[frame] == pts else None

    def key_before(self, frame: int) -> int:
        """Give the position in ``key_frames`` of the last one at or before a frame."""
        return int(np.searchsorted(self.key_frames, frame, side="right")) - 1
