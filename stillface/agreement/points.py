"""Agreement on events without duration: the same event, within a tolerance of time (SPEC 4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillface.agreement.align_events import (
    EventAgreement,
    EventRule,
    cheapest_pairs,
    near_onsets,
    nil_kappa,
    table_of_pairs,
)
from stillface.domain.events import PointEvents
from stillface.errors import FieldError

__all__ = ["point_kappa", "points_agreement", "positive_agreement", "presence"]

Int64 = npt.NDArray[np.int64]


def points_agreement(table: Int64) -> tuple[float | None, float | None, float | None, str | None]:
    """Give kappa, agreement, expected agreement and reason of a table of events.

    As `nil_kappa`; but where only one code was used kappa is undefined: expected agreement then follows from
    the number of partners alone, and kappa would be 0 whatever coders did. Positive agreement remains.
    """
    kappa, agreed, expected, reason = nil_kappa(table)
    used = int(((table[:-1].sum(axis=1) + table[:, :-1].sum(axis=0)) > 0).sum())
    if kappa is not None and used == 1:
        return None, agreed, expected, "one code only: chance says nothing, read agreement on presence"
    return kappa, agreed, expected, reason


def point_kappa(first: PointEvents, second: PointEvents, rule: EventRule | None = None) -> EventAgreement:
    """Align two coders' events by least cost, as bouts are, and give the kappa of the alignment.

    Two events may be a pair, with one code or two, if they lie no further apart than ``rule.onset_ns``.
    Events in time that the other did not watch are left out: they are no omission.

    Parameters
    ----------
    first, second : PointEvents
        Under the same scheme.
    rule : EventRule, optional
        Within 2 s without it.
    """
    if first.scheme.code_ids != second.scheme.code_ids:
        raise FieldError(
            "two schemes", where="point_kappa", got=second.scheme.id, expected=f"codes of {first.scheme.id}"
        )
    rule = rule or EventRule()
    both = first.watched.intersect(second.watched)
    one, other = (both.contains(events.times_ns) for events in (first, second))
    times, codes = (first.times_ns[one], second.times_ns[other]), (first.codes[one], second.codes[other])
    i, j = near_onsets(*times, rule.onset_ns)
    pairs = cheapest_pairs(i, j, codes[0][i] == codes[1][j], np.abs(times[0][i] - times[1][j]), rule)
    table = table_of_pairs(*codes, pairs, len(first.scheme.codes))
    kappa, agreed, expected, reason = points_agreement(table)
    return EventAgreement(kappa, agreed, expected, table, pairs, reason)


def positive_agreement(table: Int64, code: int) -> float | None:
    """Give 2 x agreed / all events of one code by either; None where neither used it."""
    whole = int(table[code].sum() + table[:, code].sum())
    return 2 * int(table[code, code]) / whole if whole else None


def presence(table: npt.ArrayLike) -> float | None:
    """Give 2 x agreed / all events of both, over all codes; None where neither saw an event."""
    cells = np.asarray(table)
    whole = float(cells[:-1].sum() + cells[:, :-1].sum())
    return 2 * float(np.trace(cells[:-1, :-1])) / whole if whole else None
