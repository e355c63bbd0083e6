"""What the body did in a stretch of time: results that physiology gives and measures put in rows."""

from __future__ import annotations

from dataclasses import dataclass

from stillface.domain import refuse
from stillface.domain.results import Status
from stillface.errors import FieldError

__all__ = ["AutonomicEpisode", "AutonomicValue", "HeartEpoch"]


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
