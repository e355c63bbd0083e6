"""What the body did in a stretch of time: results that physiology gives and measures put in rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.clock import NS_PER_S
from stillface.domain.intervals import Intervals
from stillface.domain.results import Status
from stillface.errors import FieldError

__all__ = ["BODY_QUANTITIES", "AutonomicEpisode", "AutonomicValue", "BodySeries", "HeartEpoch"]

BODY_QUANTITIES = ("ibi_ms", "scl_us", "rsa_ln_ms2")

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeartEpoch:
    """Heart rate, its variability and RSA of one window, ``[onset, offset)``.

    Parameters
    ----------
    onset_ns, offset_ns : int
        On the session clock.
    n_ibi : int
        Clean inter-beat intervals that lie wholly inside.
    ibi_ms, hr_bpm, rmssd_ms, rsa_ln_ms2 : float, optional
        None where not defined; ``rsa_ln_ms2`` is filled exactly when ``status`` is OK.
    edited_share : float
        Share of the window, 0 to 1, that no clean interval covers.
    status : Status
        OK; NA_CONST (no RSA at all, the rest stands); MISS_LOWN (too little filtered signal for
        RSA, the rest stands); MISS_LOWCOV (too much edited); MISS_TECH (no signal, or no beat).
    """

    onset_ns: int
    offset_ns: int
    n_ibi: int
    ibi_ms: float | None
    hr_bpm: float | None
    rmssd_ms: float | None
    rsa_ln_ms2: float | None
    edited_share: float
    status: Status

    def __post_init__(self) -> None:
        if self.offset_ns <= self.onset_ns:
            raise FieldError(
                "a window must last",
                where="HeartEpoch.offset_ns",
                got=f"[{self.onset_ns}, {self.offset_ns}) ns",
                expected="offset after onset",
            )
        if (self.status is Status.OK) != (self.rsa_ln_ms2 is not None):
            raise FieldError(
                "RSA and status disagree",
                where="HeartEpoch.rsa_ln_ms2",
                got=f"{self.rsa_ln_ms2}, status {self.status}",
                expected="a value exactly for OK",
            )
        if not 0 <= refuse.finite("HeartEpoch", "edited_share", self.edited_share) <= 1:
            raise FieldError(
                "not a share", where="HeartEpoch.edited_share", got=self.edited_share, expected="0 to 1"
            )


@dataclass(frozen=True, slots=True)
class AutonomicValue:
    """One quantity of one person in one episode.

    Parameters
    ----------
    measure : str
        ``hr_bpm``, ``ibi_ms``, ``rmssd_ms``, ``rsa_ln_ms2``, ``scl_us`` or ``scr_per_min``.
    value : float, optional
        Filled exactly when ``status.has_value``.
    n : int
        Intervals, successive differences, RSA epochs, samples or responses behind it.
    scorable_s, coverage : float
        Time that entered, and its share of the episode.
    flags : tuple of str
        What must be read beside the number: ``rsa=infant``, ``scr>=0.05uS`` ...
    """

    measure: str
    value: float | None
    n: int
    scorable_s: float
    coverage: float
    status: Status
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where = f"AutonomicValue[{self.measure}]"
        if self.status.has_value != (self.value is not None):
            raise FieldError(
                "value and status disagree",
                where=where,
                got=f"value {self.value}, status {self.status}",
                expected="a value exactly for OK and CENS_*",
            )
        if self.value is not None:
            refuse.finite(where, "value", self.value)


@dataclass(frozen=True, slots=True)
class AutonomicEpisode:
    """All quantities that one source gives for one person in one episode.

    Parameters
    ----------
    role, episode_id : str
    source : str
        Of the beats or of the signal: ``auto:<detector>@<version>``.
    values : tuple of AutonomicValue
    params_hash : str
        Of every number that steered the computation.
    """

    role: str
    episode_id: str
    source: str
    values: tuple[AutonomicValue, ...]
    params_hash: str

    def __post_init__(self) -> None:
        owner = f"AutonomicEpisode[{self.role}/{self.episode_id}]"
        refuse.identifier("AutonomicEpisode", "role", self.role)
        refuse.identifier(owner, "episode_id", self.episode_id)
        refuse.unique(owner, "values", (value.measure for value in self.values))


@dataclass(frozen=True, eq=False)
class BodySeries:
    """One quantity of one person over time; each value holds for its stretch, elsewhere nothing is known.

    Parameters
    ----------
    role : str
    quantity : {'ibi_ms', 'scl_us', 'rsa_ln_ms2'}
    source : str
        Of the beats or of the signal.
    onsets_ns, offsets_ns : array of int64, shape (n,)
        Stretches on the session clock, in order; two may touch, never overlap.
    values : array of float64, shape (n,)
        Clean intervals between beats; valid samples of skin conductance; RSA in a moving window.
    params_hash : str
        Of every number that steered the computation.
    window_s : float
        Length of the moving window around each value; 0 where there is none.
    corrected : mapping of str to int
        By episode, how many corrections of beats a person made.
    sync_error_ms : float, optional
        Largest distance of a sync mark from the device's clock map; None where it was not measured.
    """

    role: str
    quantity: str
    source: str
    onsets_ns: Int64
    offsets_ns: Int64
    values: Float
    params_hash: str
    window_s: float = 0.0
    corrected: Mapping[str, int] = field(default_factory=dict)
    sync_error_ms: float | None = None

    def __post_init__(self) -> None:
        owner = f"BodySeries[{self.role}/{self.quantity}]"
        refuse.identifier("BodySeries", "role", self.role)
        refuse.one_of(owner, "quantity", self.quantity, BODY_QUANTITIES)
        stretches = Intervals(self.onsets_ns, self.offsets_ns)
        values = np.array(self.values, dtype=np.float64)
        if values.shape != stretches.onsets_ns.shape or not bool(np.isfinite(values).all()):
            raise FieldError(
                "not a value for every stretch",
                where=f"{owner}.values",
                got=f"{values.shape}, {int(np.isfinite(values).sum())} finite",
                expected=f"{stretches.onsets_ns.shape}, all finite",
            )
        object.__setattr__(self, "onsets_ns", stretches.onsets_ns)
        object.__setattr__(self, "offsets_ns", stretches.offsets_ns)
        object.__setattr__(self, "values", refuse.frozen(values))

    @classmethod
    def nothing(cls, role: str, quantity: str) -> BodySeries:
        """Give the series of a channel that was declared and gave nothing."""
        none = np.empty(0, np.int64)
        return cls(role, quantity, "", none, none, np.empty(0), "")

    def means(self, onsets_ns: Int64, offsets_ns: Int64) -> tuple[Float, Float]:
        """Average over windows, weighted by time; exact, whatever falls into a window.

        Parameters
        ----------
        onsets_ns, offsets_ns : array of int64, any one shape

        Returns
        -------
        means : array of float64, shape of the windows
            NaN where nothing is known.
        known_s : array of float64, shape of the windows
            Time of each window that has a value.
        """
        known, total = (
            self._integral(weights, offsets_ns) - self._integral(weights, onsets_ns)
            for weights in (np.ones(self.values.size), self.values)
        )
        means = np.divide(total, known, out=np.full(known.shape, np.nan), where=known > 0)
        return np.asarray(means), np.asarray(known / NS_PER_S)

    def _integral(self, weights: Float, times_ns: Int64) -> Float:
        """Integrate from the first stretch to each time."""
        times = np.asarray(times_ns)
        if not weights.size:
            return np.zeros(times.shape)
        lengths = weights * (self.offsets_ns - self.onsets_ns)
        before = np.concatenate(([0.0], np.cumsum(lengths)))
        index = np.searchsorted(self.onsets_ns, times, side="right") - 1
        at = np.maximum(index, 0)
        inside = np.clip(times - self.onsets_ns[at], 0, self.offsets_ns[at] - self.onsets_ns[at])
        return np.where(index < 0, 0.0, before[at] + weights[at] * inside)
