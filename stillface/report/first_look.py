"""Chooses the rows that a page shows at once; the others wait in its folded tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stillface.domain.results import Measurement
from stillface.report.tables import AUTONOMIC

__all__ = ["BEHAVIOUR", "first_look"]

BEHAVIOUR = ("frequency", "pct_time", "latency_s", "recovery_latency_s", "recovery_ratio")
_BOUT_MEDIANS = tuple(
    f"{state}_bout{which}_median_s" for state in ("match", "mismatch") for which in ("", "_complete")
)
_VALENCES = ("pct_negative", "pct_neutral", "pct_positive")

Shares = dict[tuple[str, str, str], float | None]


def first_look(rows: Sequence[Measurement]) -> tuple[list[Measurement], list[Measurement]]:
    """Split rows into those of the first look and the rest, both in the order given.

    Parts of the match (one pair of codes each) are of the rest, and so is the recovery ratio of a code
    that is alone in its valence: the valence's own ratio says the same.
    """
    alone = _alone_in_valence(rows)
    first: list[Measurement] = []
    rest: list[Measurement] = []
    for row in rows:
        (first if _wanted(row, alone) else rest).append(row)
    return first, rest


def _wanted(row: Measurement, alone: set[tuple[str, str, str]]) -> bool:
    if row.role == "dyad":
        # Medians of bouts wait beside their means.
        return bool(row.match_rule) and "+" not in row.code and row.measure not in _BOUT_MEDIANS
    if row.measure == "recovery_ratio" and (row.role, row.scheme_id, row.code) in alone:
        return False
    if row.measure == "frequency":
        # Events without duration have no share of time: how many there were stands in its place.
        return row.unit == "events"
    return row.measure in (*BEHAVIOUR, *AUTONOMIC)


def _alone_in_valence(rows: Sequence[Measurement]) -> set[tuple[str, str, str]]:
    """Find codes whose share of time is that of a valence in every session, coder and episode."""
    shares: dict[tuple[str, str], dict[str, Shares]] = {}
    for row in rows:
        name = row.code if row.measure == "pct_time" else row.measure
        if row.measure == "pct_time" or row.measure in _VALENCES:
            stream = shares.setdefault((row.role, row.scheme_id), {})
            stream.setdefault(name, {})[row.session_id, row.coder_id, row.episode_id] = row.value
    return {
        (role, scheme, code)
        for (role, scheme), by_name in shares.items()
        for code in by_name.keys() - set(_VALENCES)
        if any(_same(by_name[code], by_name[valence]) for valence in _VALENCES if valence in by_name)
    }


def _same(one: Shares, other: Shares) -> bool:
    return one.keys() == other.keys() and all(
        value == other[key]
        or (
            value is not None
            and (theirs := other[key]) is not None
            and math.isclose(value, theirs, abs_tol=1e-9)
        )
        for key, value in one.items()
    )
