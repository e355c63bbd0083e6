"""What a measure gives: a value never without its status, coverage and rule."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from math import isfinite

from stillface.errors import FieldError

__all__ = ["Measurement", "Status"]


class Status(StrEnum):
    """Status codes of SPEC 7.3."""

    OK = "OK"
    CENS_EP_END = "CENS_EP_END"
    CENS_GAP = "CENS_GAP"
    CENS_STOP = "CENS_STOP"
    NA_STRUCT = "NA_STRUCT"
    NA_NOBOUT = "NA_NOBOUT"
    NA_NOTATRISK = "NA_NOTATRISK"
    NA_NOTREACHED = "NA_NOTREACHED"
    NA_CONST = "NA_CONST"
    MISS_UNSCORABLE = "MISS_UNSCORABLE"
    MISS_LOWCOV = "MISS_LOWCOV"
    MISS_LOWN = "MISS_LOWN"
    MISS_TECH = "MISS_TECH"
    MISS_EPISODE = "MISS_EPISODE"
    MISS_NOTCODED = "MISS_NOTCODED"
    WITHHELD_CONSENT = "WITHHELD_CONSENT"
    WITHDRAWN = "WITHDRAWN"

    @property
    def has_value(self) -> bool:
        """Whether the value cell is filled: yes for OK and the censored ones."""
        return self is Status.OK or self.name.startswith("CENS_")

    @property
    def censored(self) -> bool:
        """Whether the value is a censored observation time."""
        return self.name.startswith("CENS_")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of ``measures_long``: session x episode x measure (x role x code).

    Parameters
    ----------
    value : float, optional
        Filled exactly when ``status.has_value``.
    n : int, optional
        Bouts, beats or events behind the value.
    scorable_s, coverage : float, optional
        Scorable time and its share of the actual episode; None where there was no episode.
    flags : tuple of str
        ``at_onset``, ``n_censored=2``, ``low_coverage`` ...
    """

    dyad_id: str
    session_id: str
    protocol_id: str
    episode_id: str
    role: str
    scheme_id: str
    coder_id: str
    measure: str
    code: str
    match_rule: str
    value: float | None
    unit: str
    n: int | None
    scorable_s: float | None
    coverage: float | None
    status: Status
    flags: tuple[str, ...] = ()
    params_hash: str = ""

    def __post_init__(self) -> None:
        if self.status.has_value != (self.value is not None) or not isfinite(self.value or 0.0):
            raise FieldError(
                "value and status disagree",
                where=f"Measurement[{self.session_id}/{self.episode_id}/{self.measure}]",
                got=f"value {self.value}, status {self.status}",
                expected="a finite value exactly for OK and CENS_*",
            )

    @property
    def censored(self) -> int:
        """1 where the value is a censored observation time."""
        return int(self.status.censored)

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Columns of ``measures_long`` in the contract's order (DESIGN)."""
        names = [f.name for f in fields(cls)]
        names.insert(names.index("status") + 1, "censored")
        return (*names, "software_version")
