"""What to expect of transitions that cannot repeat: iterative proportional fitting (SPEC 3.5, W4b).

A code cannot follow itself, so the diagonal of a table of transitions is 0 by structure and the usual
product of margins expects too little elsewhere. The expected counts keep the margins on the cells that can
occur (the model of quasi-independence), as in the R package LagSequential with ``adjacent=FALSE``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError

__all__ = ["QuasiIndependence", "quasi_independence"]

Float = npt.NDArray[np.float64]

_ROUNDS = 1000
_CLOSE = 1e-10


@dataclass(frozen=True, eq=False)
class QuasiIndependence:
    """A table of transitions beside what its margins alone would give.

    Parameters
    ----------
    observed, expected : array of float64, shape (n, n)
    adjusted_residuals : array of float64, shape (n, n)
        NaN on structural zeros and where the margins leave a cell no freedom.
    g2, x2 : float
        Likelihood-ratio and Pearson's statistic.
    df : int
        Free cells minus fitted margins.
    """

    observed: Float
    expected: Float
    adjusted_residuals: Float
    g2: float
    x2: float
    df: int


def quasi_independence(
    counts: npt.ArrayLike, possible: npt.NDArray[np.bool_] | None = None
) -> QuasiIndependence:
    """Fit row and column totals on the cells that can occur.

    Parameters
    ----------
    counts : array-like, shape (n, n)
        Transitions from row to column.
    possible : array of bool, shape (n, n), optional
        Cells that can occur; all but the diagonal unless given.

    Raises
    ------
    FieldError
        Not a square table of counts, nothing counted, or a count in a cell that cannot occur.
    """
    observed = np.asarray(counts, dtype=np.float64)
    if observed.ndim != 2 or observed.shape[0] != observed.shape[1] or bool((observed < 0).any()):
        raise FieldError(
            "not a square table of counts",
            where="quasi_independence.counts",
            got=observed.shape,
            expected="n x n, every count zero or more",
        )
    mask = ~np.eye(len(observed), dtype=np.bool_) if possible is None else np.asarray(possible)
    if bool((observed[~mask] > 0).any()) or not observed.sum():
        raise FieldError(
            "counts where none can be, or none at all",
            where="quasi_independence.counts",
            got=observed.sum(),
            expected="counts on possible cells only",
        )
    expected = _fitted(observed, mask)
    used = expected > 0
    ratio = np.where(observed > 0, observed, 1.0) / np.where(used, expected, 1.0)
    g2 = float(2 * (observed[used] * np.log(ratio[used])).sum())
    x2 = float(((observed - expected)[used] ** 2 / expected[used]).sum())
    design = _design(used)
    df = int(used.sum() - np.linalg.matrix_rank(design))
    return QuasiIndependence(
        observed, expected, _residuals(observed, expected, used, design), max(g2, 0.0), x2, df
    )


def _fitted(observed: Float, mask: npt.NDArray[np.bool_]) -> Float:
    rows, columns = observed.sum(axis=1, keepdims=True), observed.sum(axis=0, keepdims=True)
    fitted = (mask & (rows > 0) & (columns > 0)).astype(np.float64)
    for _ in range(_ROUNDS):
        before = fitted
        fitted = fitted * _ratio(rows, fitted.sum(axis=1, keepdims=True))
        fitted = fitted * _ratio(columns, fitted.sum(axis=0, keepdims=True))
        if float(np.abs(fitted - before).max()) < _CLOSE:
            break
    return np.asarray(fitted, dtype=np.float64)


def _ratio(wanted: Float, found: Float) -> Float:
    return np.asarray(np.divide(wanted, found, out=np.zeros_like(wanted), where=found > 0))


def _design(used: npt.NDArray[np.bool_]) -> Float:
    """Row and column indicators of the used cells; shape (n_cells, 2 n)."""
    row, column = np.nonzero(used)
    n = len(used)
    design = np.zeros((row.size, 2 * n))
    design[np.arange(row.size), row] = 1
    design[np.arange(row.size), n + column] = 1
    return design


def _residuals(observed: Float, expected: Float, used: npt.NDArray[np.bool_], design: Float) -> Float:
    """Residual / its standard error in the log-linear model (Haberman's adjusted residual)."""
    mu = expected[used]
    weighted = design * np.sqrt(mu)[:, None]
    leverage = np.einsum("ij,ji->i", weighted, np.linalg.pinv(weighted))
    variance = mu * (1 - leverage)
    free = variance > 1e-9 * mu
    residuals = np.full(observed.shape, np.nan)
    z = np.full(mu.size, np.nan)
    z[free] = (observed[used] - mu)[free] / np.sqrt(variance[free])
    residuals[used] = z
    return residuals
