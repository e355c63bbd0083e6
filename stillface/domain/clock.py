"""Time: one session clock in int64 nanoseconds, and the clocks that turn addresses into it.

Frames and samples are addresses. A :class:`FrameClock` takes a frame's time from the file's own
presentation stamps, a :class:`SampleClock` from an exact rate, and a :class:`ClockMap` moves
either onto the session clock by offset and drift. All intervals are half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction
from typing import overload

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.errors import FieldError

__all__ = ["NS_PER_S", "ClockMap", "FrameClock", "SampleClock", "ns_to_s", "s_to_ns"]

NS_PER_S = 1_000_000_000
Int64 = npt.NDArray[np.int64]

# int64 nanoseconds reach 292 years; a time beyond ten years is a mistake, not a session.
_MAX_S = 10 * 366 * 86_400


def s_to_ns(seconds: float | str | Decimal | Fraction) -> int:
    """Turn seconds into the nearest whole nanosecond, exactly as written.

    Parameters
    ----------
    seconds : float, str, Decimal or Fraction
        A float counts as its shortest decimal form (``0.1`` is 0.1, not its binary neighbour).

    Returns
    -------
    int
        Nanoseconds.

    Raises
    ------
    FieldError
        Not a finite number, or beyond ten years.
    """
    if isinstance(seconds, Fraction):
        exact = seconds
    else:
        try:
            exact = Fraction(Decimal(str(seconds).strip()))
        except (InvalidOperation, ValueError, OverflowError) as error:
            raise FieldError("not a time", where="seconds", got=seconds, expected="finite seconds") from error
    if abs(exact) > _MAX_S:
        raise FieldError("not a time", where="seconds", got=seconds, expected="less than ten years")
    return int(Decimal(round(exact * NS_PER_S)).to_integral_value(ROUND_HALF_EVEN))


@overload
def ns_to_s(ns: int | np.int64) -> float: ...
@overload
def ns_to_s(ns: Int64) -> npt.NDArray[np.float64]: ...
def ns_to_s(ns: int | np.int64 | Int64) -> float | npt.NDArray[np.float64]:
    """Turn nanoseconds into seconds: the nearest double, which prints without noise."""
    if isinstance(ns, np.ndarray):
        return ns / float(NS_PER_S)
    return int(ns) / NS_PER_S


@dataclass(frozen=True, eq=False)
class FrameClock:
    """When each frame of a video begins and ends, from the file's own stamps.

    Parameters
    ----------
    edges_ns : array of int64, shape (n_frames + 1,)
        Onset of every frame and the end of the last, strictly increasing, in the video's own
        time (a :class:`ClockMap` moves it onto the session clock).
    """

    edges_ns: Int64

    def __post_init__(self) -> None:
        edges = refuse.ns_array("FrameClock", "edges_ns", self.edges_ns, increasing=True, at_least=2)
        object.__setattr__(self, "edges_ns", edges)

    @classmethod
    def from_pts(
        cls, pts: npt.ArrayLike, time_base: Fraction, last_duration: int | None = None
    ) -> FrameClock:
        """Build from presentation stamps in units of ``time_base`` seconds, in display order.

        Parameters
        ----------
        pts : array-like of int, shape (n_frames,)
            Strictly increasing.
        time_base : Fraction
            Seconds per unit.
        last_duration : int, optional
            Duration of the last frame in the same units; without it the median spacing (a
            single frame then lasts one unit).
        """
        stamps = refuse.ns_array("FrameClock", "pts", pts, increasing=True, at_least=1)
        if time_base <= 0:
            raise FieldError("not positive", where="FrameClock.time_base", got=time_base, expected="> 0")
        if not last_duration or last_duration < 0:
            last_duration = int(np.median(np.diff(stamps))) if stamps.size > 1 else 1
        all_stamps = [*stamps.tolist(), int(stamps[-1]) + max(last_duration, 1)]
        # Python integers: a 1/90000 base times 1e9 overflows int64 after two hours.
        scale, unit = time_base.numerator * NS_PER_S, time_base.denominator
        return cls(np.array([stamp * scale // unit for stamp in all_stamps], dtype=np.int64))

    @classmethod
    def constant(cls, n_frames: int, rate_hz: Fraction) -> FrameClock:
        """Build for ``n_frames`` at an exact constant rate, the first at 0."""
        if rate_hz <= 0:
            raise FieldError("not positive", where="FrameClock.rate_hz", got=rate_hz, expected="> 0")
        return cls.from_pts(np.arange(n_frames, dtype=np.int64), 1 / Fraction(rate_hz), 1)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.edges_ns.size - 1)

    @property
    def duration_ns(self) -> int:
        """From the first frame's onset to the last frame's end."""
        return int(self.edges_ns[-1] - self.edges_ns[0])

    def onset_ns(self, frame: int) -> int:
        """Give the onset of a frame; an address outside the video is refused."""
        if not 0 <= frame < self.n_frames:
            raise FieldError(
                "no such frame", where="FrameClock.frame", got=frame, expected=f"0 to {self.n_frames - 1}"
            )
        return int(self.edges_ns[frame])

    def frame_at(self, time_ns: int) -> int | None:
        """Give the frame on screen at a time, or None outside the video."""
        frame = int(np.searchsorted(self.edges_ns, time_ns, side="right")) - 1
        return frame if 0 <= frame < self.n_frames else None

    def frames_at(self, times_ns: Int64) -> Int64:
        """Give the frame on screen at each time, -1 outside the video; shape (n,)."""
        frames = np.searchsorted(self.edges_ns, times_ns, side="right") - 1
        return np.where((frames >= 0) & (frames < self.n_frames), frames, -1).astype(np.int64)


@dataclass(frozen=True)
class SampleClock:
    """When each sample of a signal was taken: a start and an exact rate.

    Parameters
    ----------
    start_ns : int
        Time of sample 0 in the device's own time.
    rate_hz : Fraction
        Samples per second, exact.
    n_samples : int
        Number of samples.
    """

    start_ns: int
    rate_hz: Fraction
    n_samples: int

    def __post_init__(self) -> None:
        refuse.times_ns("SampleClock", "start_ns", self.start_ns)
        rate = Fraction(self.rate_hz)
        object.__setattr__(self, "rate_hz", rate)
        if not 0 < rate <= 1_000_000 or rate.numerator * rate.denominator > 9 * NS_PER_S:
            raise FieldError(
                "not a sampling rate",
                where="SampleClock.rate_hz",
                got=str(rate),
                expected="0 to 1,000,000 Hz as a simple fraction",
            )
        if self.n_samples < 0:
            raise FieldError("negative", where="SampleClock.n_samples", got=self.n_samples, expected=">= 0")

    def time_ns(self, sample: int | Int64) -> Int64:
        """Give the time of each sample address; exact, rounded down to the nanosecond."""
        index = np.asarray(sample, dtype=np.int64)
        num, den = self.rate_hz.numerator, self.rate_hz.denominator
        # Whole seconds first: index * 1e9 * den would overflow int64 in a long recording.
        whole, rest = np.divmod(index, num)
        return np.asarray(self.start_ns + whole * (NS_PER_S * den) + rest * (NS_PER_S * den) // num)

    def sample_at(self, time_ns: int) -> int | None:
        """Give the last sample taken at or before a time, or None outside the recording."""
        elapsed = time_ns - self.start_ns
        a, b = NS_PER_S * self.rate_hz.denominator, self.rate_hz.numerator
        index = -((-(elapsed + 1) * b) // a) - 1
        return index if 0 <= index < self.n_samples else None

    @property
    def end_ns(self) -> int:
        """Where the sample after the last would be."""
        return int(self.time_ns(self.n_samples))


@dataclass(frozen=True)
class ClockMap:
    """Offset and drift that carry a device's time onto the session clock.

    ``session = local + offset_ns + local * drift_ppm / 1e6``.

    Parameters
    ----------
    offset_ns : int
        Session time at the device's time 0.
    drift_ppm : float
        How much faster session time runs than the device's, in parts per million.
    method : str
        How the map was found: ``none`` (declared equal), ``manual``, ``clap``, ``led``, ``ttl``, ``marks``.
    n_marks : int
        Sync marks the fit used; one mark gives an offset only.
    residual_ms : float, optional
        Largest distance of a mark from the fitted line; None where nothing could be measured.
    """

    offset_ns: int = 0
    drift_ppm: float = 0.0
    method: str = "none"
    n_marks: int = 0
    residual_ms: float | None = field(default=None)

    METHODS = ("none", "manual", "clap", "led", "ttl", "marks")

    def __post_init__(self) -> None:
        refuse.times_ns("ClockMap", "offset_ns", self.offset_ns)
        drift = refuse.finite("ClockMap", "drift_ppm", self.drift_ppm)
        # A quartz clock is off by tens of ppm, a bad device by a per cent (Movesense, notes: 0.5 %).
        if abs(drift) > 50_000:
            raise FieldError("not a clock", where="ClockMap.drift_ppm", got=drift, expected="within 50,000")
        refuse.one_of("ClockMap", "method", self.method, self.METHODS)
        if self.residual_ms is not None:
            refuse.finite("ClockMap", "residual_ms", self.residual_ms)

    def to_session(self, local_ns: Int64 | int) -> Int64:
        """Carry device times to session times; shape kept."""
        local = np.asarray(local_ns, dtype=np.int64)
        return np.asarray(local + self.offset_ns + np.rint(local * (self.drift_ppm * 1e-6)).astype(np.int64))

    def to_local(self, session_ns: Int64 | int) -> Int64:
        """Carry session times back to device times, to within a nanosecond."""
        shifted = np.asarray(session_ns, dtype=np.int64) - self.offset_ns
        correction = np.rint(shifted * (self.drift_ppm * 1e-6 / (1 + self.drift_ppm * 1e-6)))
        return np.asarray(shifted - correction.astype(np.int64))
