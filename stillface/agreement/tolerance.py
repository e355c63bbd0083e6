"""Kappa in units of time, and how much of a disagreement is only a shifted border (SPEC 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import Agreement, kappa_from_confusion
from stillface.domain.states import UNCODED, StateTrack, align
from stillface.errors import FieldError

__all__ = ["TolerantKappa", "in_units", "tolerance_curve", "tolerant_confusion", "tolerant_kappa"]

Int64 = npt.NDArray[np.int64]
UnitRule = Literal["majority", "onset", "centre"]


@dataclass(frozen=True)
class TolerantKappa:
    """Kappa where a code counts as agreed if the other coder has it within the tolerance.

    Parameters
    ----------
    tolerance_ns : int
    first_as_reference, second_as_reference : Agreement
        The method is not symmetric.
    mean_kappa : float, optional
        Mean of both; None where either is undefined.
    """

    tolerance_ns: int
    first_as_reference: Agreement
    second_as_reference: Agreement
    mean_kappa: float | None


def in_units(
    track: StateTrack, unit_ns: int, span_ns: tuple[int, int], rule: UnitRule = "majority"
) -> StateTrack:
    """Give every whole unit one code, as programs that count seconds or frames do.

    Parameters
    ----------
    track : StateTrack
    unit_ns : int
        Length of a unit.
    span_ns : (int, int)
        The first unit begins at its start; a last unit that is not whole is left out.
    rule : {'majority', 'onset', 'centre'}
        The code that holds most of the unit (a tie goes to the one that begins earlier in it; uncoded
        time competes like a code), the code at its onset, or at its middle.

    Returns
    -------
    StateTrack
        Same scheme and source; every edge lies on the grid.

    Raises
    ------
    FieldError
        A unit that is not positive, or a span shorter than one.
    """
    start, n_units = span_ns[0], (span_ns[1] - span_ns[0]) // unit_ns if unit_ns > 0 else 0
    if n_units < 1:
        raise FieldError(
            "no whole unit in the span", where="in_units", got=f"{unit_ns} ns in {span_ns}", expected="> 0"
        )
    end = start + n_units * unit_ns
    clipped = track.clip(start, end).merged()
    inner = clipped.edges_ns[1:-1] - start
    # Only units that a border cuts need a decision; all others are runs.
    cut = np.unique((inner // unit_ns)[inner % unit_ns != 0])
    borders = np.unique(np.concatenate(([0, n_units], cut, cut + 1, inner[inner % unit_ns == 0] // unit_ns)))
    starts = borders[:-1] * unit_ns + start
    if rule == "centre":
        starts = starts + unit_ns // 2
    segment = np.searchsorted(clipped.edges_ns, starts, side="right") - 1
    codes = clipped.codes[segment].astype(np.int16)
    if rule == "majority" and cut.size:
        codes[np.searchsorted(borders, cut)] = _majority(clipped, cut * unit_ns + start, unit_ns)
    return StateTrack(track.scheme, track.role, track.source, borders * unit_ns + start, codes).merged()


def _majority(track: StateTrack, onsets: Int64, unit_ns: int) -> npt.NDArray[np.int16]:
    """Give the code that holds most of each unit; a tie goes to the one met first."""
    edges = np.unique(np.concatenate((track.edges_ns, onsets, onsets + unit_ns)))
    segment = np.searchsorted(track.edges_ns, edges[:-1], side="right") - 1
    unit = np.searchsorted(onsets, edges[:-1], side="right") - 1
    inside = (unit >= 0) & (edges[:-1] < onsets[np.clip(unit, 0, None)] + unit_ns)
    n_codes = len(track.scheme.codes) + 1
    held = np.zeros((onsets.size, n_codes), dtype=np.int64)
    met = np.full((onsets.size, n_codes), np.iinfo(np.int64).max)
    place = (unit[inside], track.codes[segment][inside].astype(np.int64) % n_codes)  # uncoded is the last
    np.add.at(held, place, np.diff(edges)[inside])
    np.minimum.at(met, place, edges[:-1][inside])
    best = held == held.max(axis=1, keepdims=True)
    winner = np.argmin(np.where(best, met, np.iinfo(np.int64).max), axis=1)
    return np.where(winner == n_codes - 1, UNCODED, winner).astype(np.int16)


def tolerant_confusion(reference: StateTrack, other: StateTrack, tolerance_ns: int) -> Int64:
    """Give the time in every pair of codes, forgiving what the other coder has within the tolerance.

    For every moment t of the reference: agreed if the other coder has the reference's code anywhere in
    [t - tolerance, t + tolerance], else the pair as it stands. Moments where either is a gap are dropped.
    On tracks of :func:`in_units` and a tolerance of whole units this is exactly the count of units.

    Parameters
    ----------
    reference, other : StateTrack
        Under the same scheme.
    tolerance_ns : int

    Returns
    -------
    array of int64, shape (n_codes, n_codes)
        Nanoseconds; rows are the reference's codes.
    """
    scheme = reference.scheme
    if scheme.code_ids != other.scheme.code_ids or tolerance_ns < 0:
        raise FieldError(
            "two schemes, or a negative tolerance",
            where="tolerant_confusion",
            got=f"{other.scheme.id}, {tolerance_ns} ns",
            expected=f"codes of {scheme.id}, >= 0",
        )
    reference, other = reference.merged(), other.merged()
    both = align(reference, other)
    low, high = int(both.edges_ns[0]), int(both.edges_ns[-1])
    moved = np.concatenate((other.edges_ns - tolerance_ns, other.edges_ns + tolerance_ns))
    edges = np.unique(np.concatenate((both.edges_ns, moved[(moved > low) & (moved < high)])))
    segment = np.searchsorted(both.edges_ns, edges[:-1], side="right") - 1
    a, b = both.codes[0][segment], both.codes[1][segment]
    gap = np.append(scheme.gap_mask, True)
    seen = ~(gap[a] | gap[b])
    starts, a, b, durations = edges[:-1][seen], a[seen], b[seen].copy(), np.diff(edges)[seen]
    for code in np.unique(a).tolist():
        runs = other.codes == code
        onsets, offsets = other.edges_ns[:-1][runs], other.edges_ns[1:][runs]
        mine = np.flatnonzero(a == code)
        if not onsets.size:
            continue
        # The last run that has begun by t + tolerance is also the one that ends last.
        last = np.searchsorted(onsets, starts[mine] + tolerance_ns, side="right") - 1
        near = (last >= 0) & (offsets[np.clip(last, 0, None)] + tolerance_ns > starts[mine])
        b[mine[near]] = code
    table = np.zeros((len(scheme.codes),) * 2, dtype=np.int64)
    np.add.at(table, (a, b), durations)
    return table


def tolerant_kappa(first: StateTrack, second: StateTrack, tolerance_ns: int) -> TolerantKappa:
    """Give kappa with tolerance, each coder as reference and the mean of both."""
    return _of_tables(
        tolerance_ns,
        tolerant_confusion(first, second, tolerance_ns),
        tolerant_confusion(second, first, tolerance_ns),
    )


def tolerance_curve(
    first: StateTrack, second: StateTrack, tolerances_ns: Sequence[int]
) -> tuple[TolerantKappa, ...]:
    """Give kappa at each tolerance, in the order given."""
    return tuple(tolerant_kappa(first, second, tolerance_ns) for tolerance_ns in tolerances_ns)


def _of_tables(tolerance_ns: int, first: Int64, second: Int64) -> TolerantKappa:
    one, other = kappa_from_confusion(first), kappa_from_confusion(second)
    mean = None if one.kappa is None or other.kappa is None else (one.kappa + other.kappa) / 2
    return TolerantKappa(tolerance_ns, one, other, mean)
