"""Sequential tables pooled over sessions, with sessions (not seconds) as the units of chance (SPEC 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError
from stillface.measures.two_by_two import TwoByTwo

__all__ = ["PooledTable", "pool_tables", "pooled_permutation_p"]

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PooledTable:
    """One table over sessions.

    Parameters
    ----------
    table : TwoByTwo
        Cells summed.
    low, high : float
        Percentile interval of the log odds ratio when families are drawn with replacement.
    n_sessions, n_clusters, draws, seed : int
    """

    table: TwoByTwo
    low: float
    high: float
    n_sessions: int
    n_clusters: int
    draws: int
    seed: int


def pool_tables(
    tables: Sequence[TwoByTwo], clusters: Sequence[str], *, draws: int = 1000, seed: int = 0
) -> PooledTable:
    """Sum tables over sessions and give a bootstrap interval over families.

    Parameters
    ----------
    tables : sequence of TwoByTwo, length n
    clusters : sequence of str, length n
        Family of each session: sessions of one family are drawn together.

    Raises
    ------
    FieldError
        No table, or lengths that differ.
    """
    if not tables or len(tables) != len(clusters):
        raise FieldError(
            "nothing to pool, or lengths differ",
            where="pool_tables",
            got=f"{len(tables)} tables, {len(clusters)} families",
            expected="at least one table, and a family for each",
        )
    names, index = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    sums = np.zeros((names.size, 2, 2))
    np.add.at(sums, index, np.array([table.cells for table in tables]))
    rng = np.random.default_rng(seed)
    drawn = sums[rng.integers(0, names.size, (draws, names.size))].sum(axis=1)
    low, high = np.quantile(_ln_odds_ratios(drawn), (0.025, 0.975))
    total = TwoByTwo(*(float(cell) for cell in sums.sum(axis=0).ravel()))
    return PooledTable(total, float(low), float(high), len(tables), int(names.size), draws, seed)


def pooled_permutation_p(
    tables: Sequence[TwoByTwo], pseudo: Float, *, draws: int = 1000, seed: int = 0
) -> float:
    """Give a two-sided p for the pooled log odds ratio being that of strangers.

    Parameters
    ----------
    tables : sequence of TwoByTwo, length n
    pseudo : array of float64, shape (n, k, 2, 2)
        Tables of each session's first partner with k strangers; one is drawn for each session.
    """
    if pseudo.shape[0] != len(tables) or pseudo.shape[1:2] == (0,):
        raise FieldError(
            "nothing to compare",
            where="pooled_permutation_p",
            got=pseudo.shape,
            expected=f"({len(tables)}, at least 1, 2, 2): the tables of strangers for each session",
        )
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, pseudo.shape[1], (draws, len(tables)))
    null = _ln_odds_ratios(pseudo[np.arange(len(tables)), picks].sum(axis=1))
    real = _ln_odds_ratios(np.array([table.cells for table in tables]).sum(axis=0)[None])[0]
    centre = float(null.mean())
    extreme = int((np.abs(null - centre) >= abs(real - centre) - 1e-12).sum())
    return (1 + extreme) / (1 + draws)


def _ln_odds_ratios(cells: Float) -> Float:
    """Log odds ratio of each table, one half more in each cell where one is 0; (m, 2, 2) to (m,)."""
    zero = (cells == 0).any(axis=(1, 2))
    safe = cells + 0.5 * zero[:, None, None]
    return np.asarray(np.log(safe[:, 0, 0] * safe[:, 1, 1] / (safe[:, 0, 1] * safe[:, 1, 0])))
