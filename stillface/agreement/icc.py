"""Intraclass correlation of figures that several coders' codes give per session (SPEC 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError

__all__ = ["Icc", "icc"]


@dataclass(frozen=True)
class Icc:
    """The six forms of Shrout and Fleiss, by their mean squares.

    Parameters
    ----------
    icc_1_1, icc_2_1, icc_3_1 : float, optional
        One coder: coders differ from target to target; coders are a sample; these coders are all.
    icc_1_k, icc_2_k, icc_3_k : float, optional
        The mean of the k coders.
    ms_targets, ms_coders, ms_error, ms_within : float, optional
        Mean squares of the two-way table, and within targets (one-way).
    n_targets, n_coders : int
    reason : str, optional
        Why they are undefined.
    """

    icc_1_1: float | None
    icc_2_1: float | None
    icc_3_1: float | None
    icc_1_k: float | None
    icc_2_k: float | None
    icc_3_k: float | None
    ms_targets: float | None
    ms_coders: float | None
    ms_error: float | None
    ms_within: float | None
    n_targets: int
    n_coders: int
    reason: str | None = None


def icc(ratings: npt.ArrayLike, *, targets: str = "sessions") -> Icc:
    """Give ICC(1,1), (2,1), (3,1) and their k forms.

    (2,1) = (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n) and
    (3,1) = (MSR - MSE) / (MSR + (k - 1) MSE), after Shrout and Fleiss (1979).

    Parameters
    ----------
    ratings : array-like of float, shape (n_targets, n_coders)
        A figure per session and coder, none missing: leave incomplete sessions out and say how many.
    targets : str
        What the rows are called in a reason.

    Raises
    ------
    FieldError
        Not a table, or a figure that is not finite.
    """
    x = np.asarray(ratings, dtype=np.float64)
    if x.ndim != 2 or not bool(np.all(np.isfinite(x))):
        raise FieldError(
            "not a complete table of figures",
            where="icc.ratings",
            got=f"shape {x.shape}",
            expected="targets x coders, every figure finite",
        )
    n, k = x.shape
    if n < 2 or k < 2:
        what = f"fewer than two {targets}" if n < 2 else "fewer than two coders"
        return _undefined(n, k, what)
    grand, rows, columns = x.mean(), x.mean(axis=1), x.mean(axis=0)
    msr = k * float(((rows - grand) ** 2).sum()) / (n - 1)
    msc = n * float(((columns - grand) ** 2).sum()) / (k - 1)
    mse = float(((x - rows[:, None] - columns[None, :] + grand) ** 2).sum()) / ((n - 1) * (k - 1))
    msw = float(((x - rows[:, None]) ** 2).sum()) / (n * (k - 1))
    # A table that is constant but for rounding has no variance to divide.
    if float(np.ptp(x)) <= 1e-12 * max(1.0, float(np.abs(x).max())):
        return _undefined(n, k, "all figures are one and the same")
    between = (msc - mse) / n
    return Icc(
        _ratio(msr - msw, msr + (k - 1) * msw),
        _ratio(msr - mse, msr + (k - 1) * mse + k * between),
        _ratio(msr - mse, msr + (k - 1) * mse),
        _ratio(msr - msw, msr),
        _ratio(msr - mse, msr + between),
        _ratio(msr - mse, msr),
        msr,
        msc,
        mse,
        msw,
        n,
        k,
        None if msr else f"the {targets} do not differ in their mean",
    )


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0 else None


def _undefined(n: int, k: int, reason: str) -> Icc:
    return Icc(*(None,) * 10, n, k, reason)
