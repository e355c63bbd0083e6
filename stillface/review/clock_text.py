"""Times as a coder reads them."""

from __future__ import annotations

__all__ = ["clock_text"]


def clock_text(time_ns: int) -> str:
    """Give a session time as a coder reads it: minutes, seconds, milliseconds."""
    sign, ms = ("-" if time_ns < 0 else ""), round(abs(time_ns) / 1_000_000)
    return f"{sign}{ms // 60_000}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
