"""What was recorded: which file is whose, on which clock; and sampled signals in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.clock import ClockMap, SampleClock
from stillface.errors import FieldError

__all__ = ["SIGNAL_KINDS", "Recording", "Region", "Signal", "SignalRecording", "SyncMark", "VideoRecording"]

SIGNAL_KINDS = ("ecg", "eda", "resp", "ibi")


@dataclass(frozen=True)
class Region:
    """A rectangle of the picture as shares of its width and height, so that rescaling keeps it."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        for name in ("x", "y", "width", "height"):
            value = refuse.finite("Region", name, getattr(self, name))
            if not 0 <= value <= 1:
                raise FieldError("outside the picture", where=f"Region.{name}", got=value, expected="0 to 1")
        if self.width <= 0 or self.height <= 0:
            raise FieldError("empty", where="Region", got=f"{self.width} x {self.height}", expected="an area")
        if self.x + self.width > 1 + 1e-9 or self.y + self.height > 1 + 1e-9:
            raise FieldError("outside the picture", where="Region", got=self, expected="x + width <= 1")

    def pixels(self, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        """Give ``(left, top, right, bottom)`` in whole pixels, right and bottom exclusive."""
        left, top = round(self.x * width_px), round(self.y * height_px)
        right = min(width_px, round((self.x + self.width) * width_px))
        bottom = min(height_px, round((self.y + self.height) * height_px))
        return left, top, max(right, left + 1), max(bottom, top + 1)


WHOLE = Region(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class SyncMark:
    """One moment that both a device and the session clock saw."""

    device_ns: int
    session_ns: int


@dataclass(frozen=True)
class VideoRecording:
    """One camera's film.

    Parameters
    ----------
    id : str
        Unique in the session.
    files : tuple of str
        Paths relative to the study; several are chapters that the camera split, joined in order.
    regions : mapping of role to Region
        Who is to be found where in the picture.
    clock_map : ClockMap
        From the film's own time onto the session clock.
    partner_toward : mapping of role to str
        Where the person's partner is, seen from the camera: ``camera`` (the partner sits at or beside this
        camera) or ``left`` / ``right`` of the picture (one side camera films both).
    """

    id: str
    files: tuple[str, ...]
    regions: Mapping[str, Region]
    clock_map: ClockMap = field(default_factory=ClockMap)
    partner_toward: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        owner = f"VideoRecording[{self.id}]"
        refuse.identifier("VideoRecording", "id", self.id)
        if not self.files:
            raise FieldError("no file", where=f"{owner}.files", got=0, expected="at least one")
        refuse.unique(owner, "files", self.files)
        if not self.regions:
            raise FieldError("nobody in it", where=f"{owner}.regions", got=0, expected="at least one role")
        for role, side in self.partner_toward.items():
            refuse.one_of(owner, f"partner_toward[{role}]", side, ("camera", "left", "right"))


@dataclass(frozen=True)
class SignalRecording:
    """One physiological channel of one person.

    Parameters
    ----------
    id : str
        Unique in the session.
    file : str
        Path relative to the study.
    signal : {'ecg', 'eda', 'resp', 'ibi'}
    role : str
        Whose body.
    column : str
        Column or channel name; a file without header has columns 1, 2, ...
    time_column : str, optional
        Column of device times in seconds; without it ``rate_hz`` rules.
    rate_hz : Fraction, optional
        Declared sampling rate; a file that carries its own (EDF) must agree with it.
    unit : str
        As declared: ``mV``, ``uS``, ``ms`` ...
    sync_marks : tuple of SyncMark
        Declared moments seen by both clocks; the clock map is fitted to them.
    clock_map : ClockMap
        Declared map where there are no marks.
    rsa_preset : str
        The RSA band and filter for this person's age; empty where the role implies it.
    """

    id: str
    file: str
    signal: str
    role: str
    column: str = "1"
    time_column: str | None = None
    rate_hz: Fraction | None = None
    unit: str = ""
    sync_marks: tuple[SyncMark, ...] = ()
    clock_map: ClockMap = field(default_factory=ClockMap)
    rsa_preset: str = ""

    def __post_init__(self) -> None:
        owner = f"SignalRecording[{self.id}]"
        refuse.identifier("SignalRecording", "id", self.id)
        refuse.one_of(owner, "signal", self.signal, SIGNAL_KINDS)
        refuse.identifier(owner, "role", self.role)
        if self.rate_hz is not None and self.rate_hz <= 0:
            raise FieldError("not positive", where=f"{owner}.rate_hz", got=str(self.rate_hz), expected="> 0")


Recording = VideoRecording | SignalRecording


@dataclass(frozen=True, eq=False)
class Signal:
    """A sampled signal in memory.

    Parameters
    ----------
    kind : {'ecg', 'eda', 'resp', 'ibi'}
    role : str
    unit : str
    values : array of float64, shape (n,)
        Where ``valid`` is false the value means nothing.
    valid : array of bool, shape (n,)
        Samples that were really recorded.
    clock : SampleClock
        Device time of each sample.
    clock_map : ClockMap
        Device time to session time.
    notes : tuple of str
        What the reader noticed: lost samples, jitter, a rate unlike the declared one.
    """

    kind: str
    role: str
    unit: str
    values: npt.NDArray[np.float64]
    valid: npt.NDArray[np.bool_]
    clock: SampleClock
    clock_map: ClockMap = field(default_factory=ClockMap)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        owner = f"Signal[{self.role}/{self.kind}]"
        refuse.one_of(owner, "kind", self.kind, SIGNAL_KINDS)
        values = np.array(self.values, dtype=np.float64)
        valid = np.array(self.valid, dtype=np.bool_)
        if values.shape != (self.clock.n_samples,) or valid.shape != values.shape:
            raise FieldError(
                "lengths differ",
                where=f"{owner}.values",
                got=f"{values.shape} values, {valid.shape} valid",
                expected=f"({self.clock.n_samples},) as the clock says",
            )
        if not bool(np.all(np.isfinite(values[valid]))):
            k = int(np.flatnonzero(valid & ~np.isfinite(values))[0])
            raise FieldError(
                "not finite", where=f"{owner}.values[{k}]", got=values[k], expected="finite where valid"
            )
        object.__setattr__(self, "values", refuse.frozen(values))
        object.__setattr__(self, "valid", refuse.frozen(valid))

    @property
    def times_ns(self) -> npt.NDArray[np.int64]:
        """Session time of every sample; shape (n,)."""
        return self.clock_map.to_session(self.clock.time_ns(np.arange(self.clock.n_samples)))

    @property
    def span_ns(self) -> tuple[int, int]:
        """Session time from the first sample to just after the last."""
        ends = self.clock_map.to_session(np.array([self.clock.start_ns, self.clock.end_ns]))
        return int(ends[0]), int(ends[1])
