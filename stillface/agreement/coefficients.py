"""Coefficients of one table of agreement, beside Cohen's kappa (SPEC 4).

All take a square table, rows the first coder's codes and columns the second's, in any unit: time, units
or bouts. Only :func:`kappa_se` needs a count of independent units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import Agreement, kappa_from_confusion, kappa_per_code
from stillface.errors import FieldError

__all__ = [
    "CodeAgreement",
    "Coefficients",
    "coefficients",
    "kappa_se",
    "per_code",
    "weighted_kappa",
]

Float = npt.NDArray[np.float64]
Weights = Literal["linear", "quadratic"]


@dataclass(frozen=True)
class Coefficients:
    """Every coefficient of one table; None where undefined, with ``reason``.

    Parameters
    ----------
    kappa, agreement : float, optional
        Cohen's kappa and the observed agreement po.
    expected : float, optional
        Agreement pe that the marginals alone would give.
    kappa_max : float, optional
        Largest kappa that these marginals allow: (sum of min(row, column) - pe) / (1 - pe).
    pabak : float, optional
        (q po - 1) / (q - 1) over the q codes that either coder used; prevalence and bias are ignored.
    ac1 : float, optional
        Gwet's AC1: expected agreement is sum of p (1 - p) / (q - 1), p the mean share of a code.
    n_codes : int
        q.
    reason : str, optional
        Why a coefficient is undefined.
    """

    kappa: float | None
    agreement: float | None
    expected: float | None
    kappa_max: float | None
    pabak: float | None
    ac1: float | None
    n_codes: int
    reason: str | None = None


@dataclass(frozen=True)
class CodeAgreement:
    """One code against all others together.

    Parameters
    ----------
    kappa : float, optional
    positive, negative : float, optional
        Agreement on the code's presence 2a / (2a + b + c) and on its absence 2d / (2d + b + c).
    share_first, share_second : float
        Share of the compared whole that each coder gave the code.
    prevalence_index, bias_index : float
        |a - d| / n and |b - c| / n (Byrt, Bishop and Carlin's names).
    reason : str, optional
        Why kappa is undefined.
    """

    kappa: float | None
    positive: float | None
    negative: float | None
    share_first: float
    share_second: float
    prevalence_index: float
    bias_index: float
    reason: str | None = None


def coefficients(table: npt.ArrayLike) -> Coefficients:
    """Give all coefficients of a table.

    Raises
    ------
    FieldError
        Not a square table of numbers that are zero or more.
    """
    cells = _square(table)
    cells = cells[np.ix_(used := _used(cells), used)]
    total, q = float(cells.sum()), len(used)
    basic = kappa_from_confusion(cells)
    if not total or basic.agreement is None:
        return Coefficients(None, None, None, None, None, None, 0, basic.reason)
    po, rows, columns = basic.agreement, cells.sum(axis=1) / total, cells.sum(axis=0) / total
    pe = float(rows @ columns)
    if q == 1:
        return Coefficients(None, po, pe, None, None, None, 1, basic.reason)
    mean = (rows + columns) / 2
    chance = float((mean * (1 - mean)).sum()) / (q - 1)
    return Coefficients(
        basic.kappa,
        po,
        pe,
        (float(np.minimum(rows, columns).sum()) - pe) / (1 - pe),
        (q * po - 1) / (q - 1),
        (po - chance) / (1 - chance),
        q,
    )


def per_code(table: npt.ArrayLike, codes: Sequence[str]) -> dict[str, CodeAgreement]:
    """Give each code's agreement; a code that neither used is left out."""
    cells = _square(table)
    total = float(cells.sum())
    kappas = kappa_per_code(cells, codes)
    found = {}
    for k in _used(cells).tolist():
        both, row, column = (float(x) for x in (cells[k, k], cells[k].sum(), cells[:, k].sum()))
        neither = total - row - column + both
        apart = row + column - 2 * both
        kappa: Agreement = kappas[codes[k]]
        found[codes[k]] = CodeAgreement(
            kappa.kappa,
            2 * both / (row + column),
            2 * neither / (2 * neither + apart) if neither or apart else None,
            row / total,
            column / total,
            abs(both - neither) / total,
            abs(row - column) / total,
            kappa.reason,
        )
    return found


def weighted_kappa(
    table: npt.ArrayLike, weights: Weights, values: Sequence[float] | None = None
) -> Agreement:
    """Give kappa that forgives near misses on an ordered scale.

    kappa_w = 1 - sum(w o) / sum(w e), w the distance of two codes (``linear``) or its square
    (``quadratic``), o and e the observed and expected cells.

    Parameters
    ----------
    table : array-like, shape (n_codes, n_codes)
        Codes in the scale's order.
    weights : {'linear', 'quadratic'}
    values : sequence of float, optional
        Each code's value on the scale; without it the distance of ranks.

    Returns
    -------
    Agreement
        ``agreement`` is the plain share of equal codes; ``compared_s`` takes the table as nanoseconds.
    """
    cells = _square(table)
    plain = kappa_from_confusion(cells)
    if plain.agreement is None or plain.kappa is None:
        return plain
    scale = np.arange(len(cells), dtype=np.float64) if values is None else np.asarray(values, np.float64)
    if scale.shape != (len(cells),) or not bool(np.all(np.isfinite(scale))):
        raise FieldError(
            "not a value for every code", where="weighted_kappa.values", got=scale.shape, expected=len(cells)
        )
    distance = np.abs(scale[:, None] - scale[None, :]) ** (1 if weights == "linear" else 2)
    expected = np.outer(cells.sum(axis=1), cells.sum(axis=0)) / cells.sum()
    apart = float((distance * expected).sum())
    if not apart:
        return Agreement(
            None, plain.agreement, plain.compared_s, "all codes in use have one value on the scale"
        )
    return Agreement(1 - float((distance * cells).sum()) / apart, plain.agreement, plain.compared_s)


def kappa_se(counts: npt.ArrayLike) -> float | None:
    """Give the large-sample standard error of kappa for independent units (Fleiss, Cohen and Everitt).

    Frames and seconds of one film are not independent: for those print the bootstrap over sessions.

    Parameters
    ----------
    counts : array-like of int, shape (n_codes, n_codes)

    Returns
    -------
    float or None
        None where kappa is undefined.
    """
    cells = _square(counts)
    result = coefficients(cells)
    if result.kappa is None or result.agreement is None or result.expected is None:
        return None
    total, kappa, pe = float(cells.sum()), result.kappa, result.expected
    p = cells / total
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    # p_k. pairs with p_.k: the sums run over the other coder's marginal.
    both = columns[:, None] + rows[None, :]
    diagonal = np.diag(p)
    a = float((diagonal * (1 - (rows + columns) * (1 - kappa)) ** 2).sum())
    off = p * both**2
    b = (1 - kappa) ** 2 * float(off.sum() - np.trace(off))
    c = (kappa - pe * (1 - kappa)) ** 2
    return math.sqrt(max(a + b - c, 0.0) / total) / (1 - pe)


def _square(table: npt.ArrayLike) -> Float:
    cells = np.asarray(table, dtype=np.float64)
    if cells.ndim != 2 or cells.shape[0] != cells.shape[1] or not bool(np.all(cells >= 0)):
        raise FieldError(
            "not a table of agreement",
            where="table",
            got=f"shape {cells.shape}",
            expected="a square of numbers that are zero or more",
        )
    return cells


def _used(cells: Float) -> npt.NDArray[np.intp]:
    """Codes that at least one coder used."""
    return np.flatnonzero(cells.sum(axis=0) + cells.sum(axis=1))
