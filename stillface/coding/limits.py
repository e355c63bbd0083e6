"""The checks that both coders' thresholds share."""

from __future__ import annotations

from stillface.domain import refuse
from stillface.errors import FieldError

__all__ = ["above", "at_least_zero"]


def above(owner: str, field: str, value: float, bound: float) -> None:
    """Refuse a threshold that is not above its bound."""
    if refuse.finite(owner, field, value) <= bound:
        raise FieldError("too small", where=f"{owner}.{field}", got=value, expected=f"above {bound:g}")


def at_least_zero(owner: str, **times_ms: int) -> None:
    """Refuse a time below zero."""
    for field, value in times_ms.items():
        if refuse.finite(owner, field, value) < 0:
            raise FieldError("negative", where=f"{owner}.{field}", got=value, expected=">= 0")
