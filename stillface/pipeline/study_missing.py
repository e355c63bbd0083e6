"""Whether missing physiology goes with distress: whoever cries moves, and loses electrodes (SPEC 5.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stillface.domain.results import Measurement, Status
from stillface.measures.autonomic import EDA_MEASURES, HEART_MEASURES

__all__ = ["MissingRow", "missing_rows"]

_BODY = (*HEART_MEASURES, *EDA_MEASURES)
_NOT_MISSING = (Status.MISS_EPISODE, Status.WITHHELD_CONSENT, Status.WITHDRAWN)


@dataclass(frozen=True)
class MissingRow:
    """Sessions with and without a value of the body, and how much of the episode that person was negative.

    ``negative_with`` and ``negative_without`` are means over sessions of ``pct_negative`` under one scheme; a
    session without that coding counts in ``n_with`` and ``n_without`` only.
    """

    episode_id: str
    role: str
    measure: str
    scheme_id: str
    n_with: int
    n_without: int
    negative_with: float | None
    negative_without: float | None
    n_coded_with: int
    n_coded_without: int


def missing_rows(rows: Sequence[Measurement]) -> Iterator[MissingRow]:
    """Give a row for each episode, body measure and scheme with valences of the same person.

    An episode that was not run is not missing physiology.
    """
    negative: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    bodies: dict[tuple[str, str, str], dict[str, bool]] = {}
    for row in rows:
        place = row.episode_id, row.role
        if row.measure == "pct_negative" and row.value is not None:
            negative.setdefault(place, {}).setdefault(row.scheme_id, {})[row.session_id] = row.value
        elif row.measure in _BODY and "-" not in row.episode_id and row.status not in _NOT_MISSING:
            bodies.setdefault((*place, row.measure), {})[row.session_id] = row.value is not None
    for (episode_id, role, measure), there in bodies.items():
        for scheme_id, levels in negative.get((episode_id, role), {}).items():
            known = {
                side: [levels[name] for name, has in there.items() if has is side and name in levels]
                for side in (True, False)
            }
            n_with = sum(there.values())
            yield MissingRow(
                episode_id, role, measure, scheme_id, n_with, len(there) - n_with, _mean(known[True]),
                _mean(known[False]), len(known[True]), len(known[False]),
            )  # fmt: skip


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
