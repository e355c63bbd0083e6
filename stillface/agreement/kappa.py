"""Cohen's kappa weighted by time: exact, without sampling (SPEC 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.domain.states import StateTrack, align
from stillface.errors import FieldError

__all__ = ["Agreement", "confusion_ns", "kappa_from_confusion", "kappa_per_code", "pooled", "time_kappa"]

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """Agreement of two tracks over the time that both coded.

    Parameters
    ----------
    kappa, agreement : float, optional
        None with a ``reason`` where undefined.
    compared_s : float
        Time that both coded with something other than a gap.
    reason : str, optional
        Why a figure is undefined.
    """

    kappa: float | None
    agreement: float | None
    compared_s: float
    reason: str | None = None


def confusion_ns(first: StateTrack, second: StateTrack) -> Int64:
    """Give the time spent in every pair of codes.

    Parameters
    ----------
    first, second : StateTrack
        Under the same scheme.

    Returns
    -------
    array of int64, shape (n_codes, n_codes)
        Nanoseconds; rows are the first track's codes. Time where either is a gap is left out.
    """
    if first.scheme.code_ids != second.scheme.code_ids:
        raise FieldError(
            "two schemes", where="confusion_ns", got=second.scheme.id, expected=f"codes of {first.scheme.id}"
        )
    both = align(first, second)
    size = len(first.scheme.codes)
    gap = np.append(first.scheme.gap_mask, True)  # the last stands for uncoded, index -1
    a, b = both.codes
    seen = ~(gap[a] | gap[b])
    table = np.zeros((size, size), dtype=np.int64)
    np.add.at(table, (a[seen], b[seen]), both.durations_ns[seen])
    return table


def time_kappa(first: StateTrack, second: StateTrack) -> Agreement:
    """Give kappa and agreement of two tracks, weighted by time."""
    return kappa_from_confusion(confusion_ns(first, second))


def kappa_from_confusion(table: npt.ArrayLike) -> Agreement:
    """Give kappa = (po - pe) / (1 - pe) of a square table of nanoseconds.

    Undefined with a reason where nothing was compared, or where both used one and the same code
    throughout (pe = 1: any kappa would be an accident of rounding).
    """
    return pooled((table,))


def pooled(tables: Iterable[npt.ArrayLike]) -> Agreement:
    """Pool tables of different schemes: observed and expected agreement within each, weighted by time."""
    agreed = expected = total = 0.0
    constant = True
    for table in tables:
        cells = np.asarray(table, dtype=np.float64)
        here = float(cells.sum())
        if not here:
            continue
        rows, columns = cells.sum(axis=1), cells.sum(axis=0)
        agreed += float(np.trace(cells))
        expected += float(rows @ columns) / here
        total += here
        constant = constant and np.count_nonzero(rows) == 1 and bool(np.all((rows > 0) == (columns > 0)))
    compared_s = total / NS_PER_S
    if not total:
        return Agreement(None, None, 0.0, "no time that both coded")
    if constant:
        return Agreement(None, agreed / total, compared_s, "both used one and the same code throughout")
    return Agreement((agreed - expected) / (total - expected), agreed / total, compared_s)


def kappa_per_code(table: npt.ArrayLike, codes: Sequence[str]) -> dict[str, Agreement]:
    """Give the kappa of each code against all others together."""
    cells = np.asarray(table, dtype=np.float64)
    result = {}
    for k, code in enumerate(codes):
        both, row, column = cells[k, k], cells[k].sum(), cells[:, k].sum()
        rest = cells.sum() - row - column + both
        result[code] = kappa_from_confusion(np.array([[both, row - both], [column - both, rest]]))
    return result
