"""How one coder likes to code; every habit that moves a code's time is recorded with the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from stillface.domain.clock import NS_PER_S
from stillface.errors import UsageError

__all__ = ["REACTION", "Habits"]

REACTION = "reaction_ms"
"""Attribute of bouts and points whose beginning was set earlier than the key was pressed."""

_NS_PER_MS = 1_000_000
_LIMITS_NS = {
    "pre_roll_ns": (0, 10 * NS_PER_S),
    "reaction_ns": (0, NS_PER_S),
    "bin_ns": (NS_PER_S // 4, 15 * NS_PER_S),
}


@dataclass(frozen=True)
class Habits:
    """A coder's choices.

    Parameters
    ----------
    pre_roll_ns : int
        How far the film goes back after each code while it plays; 0 is off.
    reaction_ns : int
        How much earlier than the key a code begins while the film plays; 0, the default, is off.
    hold : bool
        A code lasts as long as its key is held.
    bin_ns : int
        Length of a bin in interval mode.
    """

    pre_roll_ns: int = 0
    reaction_ns: int = 0
    hold: bool = False
    bin_ns: int = NS_PER_S

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS_NS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(
                    "not a habit one can have",
                    where=name.removesuffix("_ns"),
                    got=f"{value / NS_PER_S} s",
                    expected=f"{low / NS_PER_S:g} to {high / NS_PER_S:g} s",
                )

    def reaction(self) -> dict[str, str]:
        """Give the attributes that record the correction; none where it is off."""
        return {REACTION: f"{self.reaction_ns / _NS_PER_MS:g}"} if self.reaction_ns else {}

    def text(self) -> str:
        """Give the line that the code log keeps."""
        pre_roll_s, reaction_ms = self.pre_roll_ns / NS_PER_S, self.reaction_ns / _NS_PER_MS
        keys, bin_s = "hold" if self.hold else "switch", self.bin_ns / NS_PER_S
        return f"habits: pre-roll {pre_roll_s:g} s, reaction {reaction_ms:g} ms, {keys}, bin {bin_s:g} s"

    def as_plain(self) -> dict[str, int | bool]:
        """Give what a file holds."""
        return asdict(self)

    @classmethod
    def of_plain(cls, held: Mapping[str, object]) -> Habits:
        """Read what :meth:`as_plain` gave; raises UsageError."""
        times = {name: held.get(name) for name in _LIMITS_NS}
        hold = held.get("hold")
        if not isinstance(hold, bool) or not all(type(value) is int for value in times.values()):
            raise UsageError("not habits", got=sorted(held))
        return cls(hold=hold, **{name: int(str(value)) for name, value in times.items()})
