"""What a lab may set of the families of measures; what is given here is what all of them start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeAlias

from stillface.domain import refuse
from stillface.errors import FieldError

__all__ = [
    "FAMILY_PARAMS",
    "USUAL",
    "ContingencyParams",
    "MeasureParams",
    "OccupancyParams",
    "ReturnToBaselineParams",
    "SynchronyParams",
]

_LEAST_PAIRS = 4
_LEAST_WINDOW = 3


def _above_zero(name: str, value: float) -> None:
    owner, _, part = name.partition(".")
    if refuse.finite(owner, part, value) <= 0:
        raise FieldError("not a duration", where=name, got=value, expected="> 0")


def _at_least(name: str, value: float, least: int) -> None:
    owner, _, part = name.partition(".")
    if refuse.finite(owner, part, value) < least:
        raise FieldError("too small", where=name, got=value, expected=f"at least {least}")


@dataclass(frozen=True)
class OccupancyParams:
    """How bouts are counted.

    Parameters
    ----------
    bridge_gap_ms : int
        Join equal codes across gaps up to this long before bouts are counted; shares of time keep
        their denominators (SPEC 3.0 c).
    """

    bridge_gap_ms: int = 0

    def __post_init__(self) -> None:
        _at_least("occupancy.bridge_gap_ms", self.bridge_gap_ms, 0)


@dataclass(frozen=True)
class ReturnToBaselineParams:
    """Over what the share of negative time rolls.

    Parameters
    ----------
    window_s : float
        Length of the rolling window.
    """

    window_s: float = 10.0

    def __post_init__(self) -> None:
        _above_zero("return_to_baseline.window_s", self.window_s)


@dataclass(frozen=True)
class ContingencyParams:
    """Time-window sequential analysis.

    Parameters
    ----------
    window_s : float
        Length of the window after a given onset; it is cut where dyad scorable time ends.
    unit_s : float
        Unit in which time is counted.
    """

    window_s: float = 3.0
    unit_s: float = 1.0

    def __post_init__(self) -> None:
        _above_zero("contingency.window_s", self.window_s)
        _above_zero("contingency.unit_s", self.unit_s)


@dataclass(frozen=True)
class SynchronyParams:
    """Cross-correlation of two series at even steps.

    Parameters
    ----------
    step_s : float
        Step of the series.
    max_lag_s, window_s : float
        Largest lag, and length of the moving window (moved by a quarter of it).
    min_n : int
        Fewer pairs: MISS_LOWN.
    detrend, prewhiten : bool
        Take out a straight line, or what the series' own past foretells, before correlating.
    """

    step_s: float = 1.0
    max_lag_s: float = 5.0
    window_s: float = 20.0
    min_n: int = 20
    detrend: bool = False
    prewhiten: bool = False

    def __post_init__(self) -> None:
        _above_zero("synchrony.step_s", self.step_s)
        _at_least("synchrony.max_lag_s", self.max_lag_s, 0)
        _at_least("synchrony.min_n", self.min_n, _LEAST_PAIRS)
        if round(refuse.finite("synchrony", "window_s", self.window_s) / self.step_s) < _LEAST_WINDOW:
            raise FieldError(
                "a window too short for its steps",
                where="synchrony.window_s",
                got=f"{self.window_s:g} s in steps of {self.step_s:g} s",
                expected=f"at least {_LEAST_WINDOW} steps",
            )


@dataclass(frozen=True)
class MeasureParams:
    """The parameters of every family that has some, by the family's name."""

    occupancy: OccupancyParams = field(default_factory=OccupancyParams)
    return_to_baseline: ReturnToBaselineParams = field(default_factory=ReturnToBaselineParams)
    contingency: ContingencyParams = field(default_factory=ContingencyParams)
    synchrony: SynchronyParams = field(default_factory=SynchronyParams)

    def changed(self, family: str) -> Mapping[str, bool | int | float]:
        """Give what of a family is not as usual; nothing for one that has no parameters here."""
        if family not in FAMILY_PARAMS:
            return {}
        usual = asdict(FAMILY_PARAMS[family]())
        return {name: value for name, value in asdict(getattr(self, family)).items() if value != usual[name]}


Params: TypeAlias = OccupancyParams | ReturnToBaselineParams | ContingencyParams | SynchronyParams

FAMILY_PARAMS: Mapping[str, Callable[..., Params]] = {
    "occupancy": OccupancyParams,
    "return_to_baseline": ReturnToBaselineParams,
    "contingency": ContingencyParams,
    "synchrony": SynchronyParams,
}
"""Makes the parameters of each family; what is not given is as usual."""

USUAL = MeasureParams()
"""What is used where nobody sets anything."""
