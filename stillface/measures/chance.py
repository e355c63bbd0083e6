"""What match and repair would be if two partners with these codes did not attend to each other (SPEC 3.2).

Both expectations are exact means over all ways to slide one partner's track against the other's, so they
keep every partner's own shares of time, bouts and transitions. They need no surrogate and hold for a single
dyad; pseudo-dyads (`stillface.measures.pseudo_dyads`) add a band where a study has enough dyads.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillface.domain.scheme import MATCH, MISMATCH
from stillface.measures.slices import DyadSlice

__all__ = ["expected_pct_match", "expected_repairs"]

Float = npt.NDArray[np.float64]


def expected_pct_match(dyad: DyadSlice) -> float:
    """Give 100 * sum over matched pairs of the product of both shares of dyad scorable time."""
    first, second = _times(dyad)
    return float(100 * (np.outer(first / first.sum(), second / second.sum()) * (dyad.table == MATCH)).sum())


def expected_repairs(dyad: DyadSlice) -> float:
    """Give the expected number of mismatch-to-match changes in the dyad's scorable time.

    One partner's change from a to a' repairs where the other is in a code b with (a, b) a mismatch and
    (a', b) a match. How often that is follows from the other's shares of time; that both change at the
    same edge follows from the grid the codes were made on (whole seconds, frames): in finely timed
    codes it hardly ever happens, in codes by the second often.
    """
    mismatch, match = (dyad.table == state for state in (MISMATCH, MATCH))
    grid_ns = int(np.gcd.reduce(dyad.durations_ns[dyad.defined]))
    n = dyad.scorable_ns / grid_ns
    changes = [_transitions(dyad, side) for side in (0, 1)]
    # At a random point of the grid: in this code and not just about to change.
    still = [
        np.maximum(time / grid_ns - moved.sum(axis=1), 0.0) / n
        for time, moved in zip(_times(dyad), changes, strict=True)
    ]
    by_first = changes[0].T @ (mismatch * still[1][None, :])
    by_second = (mismatch * still[0][:, None]) @ changes[1]
    at_once = changes[0].T @ mismatch @ changes[1] / n
    return float(((by_first + by_second + at_once) * match).sum())


def _times(dyad: DyadSlice) -> tuple[Float, Float]:
    """Scorable ns of the dyad in each code of both partners."""
    weights = dyad.durations_ns[dyad.defined].astype(np.float64)
    a, b = (
        np.bincount(codes[dyad.defined], weights=weights, minlength=size).astype(np.float64)
        for codes, size in zip(dyad.codes, dyad.table.shape, strict=True)
    )
    return a, b


def _transitions(dyad: DyadSlice, side: int) -> Float:
    """Count one partner's changes of code inside dyad scorable time; shape (n_codes, n_codes)."""
    before, after = dyad.codes[side, :-1], dyad.codes[side, 1:]
    seen = dyad.defined[1:] & dyad.defined[:-1] & (before != after)
    counts = np.zeros((dyad.table.shape[side],) * 2)
    np.add.at(counts, (before[seen], after[seen]), 1)
    return counts
