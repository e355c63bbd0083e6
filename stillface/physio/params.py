"""Every number that steers the autonomic results, in one place that can be printed and hashed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from stillface.domain import refuse
from stillface.domain.provenance import Json, params_hash
from stillface.errors import FieldError, UsageError

__all__ = ["RSA_PRESETS", "EdaParams", "HeartParams", "RsaPreset", "preset_for_role"]


@dataclass(frozen=True)
class RsaPreset:
    """One form of the Porges-Bohrer filter.

    Parameters
    ----------
    id : str
    rate_hz : float
        Of the even grid that the intervals are laid on.
    mpf_points : int
        Width of the moving cubic polynomial that is taken away; odd.
    taps : int
        Length of the symmetric band-pass (windowed sinc, Hamming); odd.
    band_hz : (float, float)
        Half-amplitude edges of the band-pass.
    """

    id: str
    rate_hz: float
    mpf_points: int
    taps: int
    band_hz: tuple[float, float]

    def __post_init__(self) -> None:
        owner = f"RsaPreset[{self.id}]"
        refuse.identifier("RsaPreset", "id", self.id)
        for name, value, least in (("mpf_points", self.mpf_points, 5), ("taps", self.taps, 3)):
            if value < least or value % 2 == 0:
                raise FieldError(
                    "not a width", where=f"{owner}.{name}", got=value, expected=f"odd, >= {least}"
                )
        low, high = self.band_hz
        if not 0 < low < high < self.rate_hz / 2:
            raise FieldError(
                "not a band",
                where=f"{owner}.band_hz",
                got=f"{low} to {high} Hz",
                expected=f"0 < low < high < {self.rate_hz / 2} Hz",
            )

    @property
    def half_width_s(self) -> float:
        """How far the whole filter reaches to either side."""
        return (self.mpf_points // 2 + self.taps // 2) / self.rate_hz


_INFANT_HZ, _ADULT_HZ = (0.24, 1.04), (0.12, 0.40)
RSA_PRESETS: Mapping[str, RsaPreset] = MappingProxyType(
    {
        preset.id: preset
        for preset in (
            RsaPreset("infant", 4.0, 21, 41, _INFANT_HZ),
            RsaPreset("infant_5hz", 5.0, 27, 51, _INFANT_HZ),
            RsaPreset("adult", 2.0, 21, 31, _ADULT_HZ),
            RsaPreset("abney", 5.0, 51, 51, _INFANT_HZ),
            RsaPreset("abney_adult", 5.0, 51, 77, _ADULT_HZ),
        )
    }
)
_INFANT_IBI_MS, _ADULT_IBI_MS = (260.0, 750.0), (400.0, 1500.0)
_ADULT_ROLES = ("caregiver", "client", "therapist", "partner_a", "partner_b")


def preset_for_role(role: str) -> str:
    """Give the preset that a role implies; a child's depends on age, so it must be declared."""
    if role == "infant":
        return "infant"
    if role in _ADULT_ROLES:
        return "adult"
    raise UsageError(
        "the role does not say which RSA band applies",
        got=role,
        expected="preset " + ", ".join(RSA_PRESETS),
        fix="declare the preset: the infant band to about 4 years, then the adult's",
    )


@dataclass(frozen=True)
class HeartParams:
    """How beats become heart rate and RSA.

    Parameters
    ----------
    rsa : RsaPreset
    plausible_ibi_ms : (float, float)
        An interval outside flags its beat as doubtful; nothing is clamped.
    epoch_s : float
        Length of the windows of RSA.
    max_edited_share : float
        A window with more of its time under no clean interval is dropped.
    max_bridge_s : float
        Holes up to this long are spanned for the filter's sake; beyond, it starts anew.
    min_interior_share : float
        Share of a window's grid points that must lie clear of the filter's edges.
    min_ibi_sd_ms : float
        Intervals of a window that spread less are constant: what is left is how well beats can be
        timed (0.7 ms at 250 Hz with 5 % noise), and there is no RSA.
    min_epochs, min_valid_share : int, float
        An episode has a value with this many valid windows, or this share of its windows.
    """

    rsa: RsaPreset
    plausible_ibi_ms: tuple[float, float]
    epoch_s: float = 30.0
    max_edited_share: float = 0.10
    max_bridge_s: float = 5.0
    min_interior_share: float = 0.5
    min_ibi_sd_ms: float = 1.0
    min_epochs: int = 2
    min_valid_share: float = 0.5

    def __post_init__(self) -> None:
        low, high = self.plausible_ibi_ms
        if not 0 < low < high:
            raise FieldError(
                "not a range",
                where="HeartParams.plausible_ibi_ms",
                got=f"{low} to {high}",
                expected="0 < low < high",
            )
        if self.epoch_s <= 0:
            raise FieldError("not positive", where="HeartParams.epoch_s", got=self.epoch_s, expected="> 0")

    @classmethod
    def for_role(cls, role: str, preset: str | None = None, *, epoch_s: float = 30.0) -> HeartParams:
        """Give the defaults of a role, or of a preset by name."""
        name = preset or preset_for_role(role)
        if name not in RSA_PRESETS:
            raise UsageError("no such RSA preset", got=name, expected="one of " + ", ".join(RSA_PRESETS))
        adult = "adult" in name
        return cls(RSA_PRESETS[name], _ADULT_IBI_MS if adult else _INFANT_IBI_MS, epoch_s=epoch_s)

    def to_json(self) -> dict[str, Json]:
        """Give every number, for tables and keys."""
        return _json(asdict(self))

    @property
    def hash(self) -> str:
        """Stands for these parameters in tables."""
        return params_hash(self.to_json())


@dataclass(frozen=True)
class EdaParams:
    """How skin conductance becomes level and responses.

    Parameters
    ----------
    low_pass_hz : float
        Edge of the smoothing (second order, there and back).
    rate_hz : float
        Grid on which responses are sought.
    min_amplitude_us : float
        Least rise from trough to peak, absolute.
    rise_s : (float, float)
        Shortest and longest rise of a response.
    """

    low_pass_hz: float = 1.0
    rate_hz: float = 10.0
    min_amplitude_us: float = 0.05
    rise_s: tuple[float, float] = (0.5, 5.0)

    def __post_init__(self) -> None:
        if not 0 < self.low_pass_hz < self.rate_hz / 2:
            raise FieldError(
                "not a low-pass",
                where="EdaParams.low_pass_hz",
                got=self.low_pass_hz,
                expected=f"0 to {self.rate_hz / 2} Hz",
            )
        if self.min_amplitude_us <= 0:
            raise FieldError(
                "not positive", where="EdaParams.min_amplitude_us", got=self.min_amplitude_us, expected="> 0"
            )

    def to_json(self) -> dict[str, Json]:
        """Give every number, for tables and keys."""
        return _json(asdict(self))

    @property
    def hash(self) -> str:
        """Stands for these parameters in tables."""
        return params_hash(self.to_json())


def _json(fields: dict[str, object]) -> dict[str, Json]:
    out: dict[str, Json] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            out[name] = _json(value)
        elif isinstance(value, tuple):
            out[name] = [float(part) for part in value]
        elif isinstance(value, (str, int, float)):
            out[name] = value
    return out
