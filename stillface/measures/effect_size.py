"""How sure a standardised paired difference is: the interval of d_z by the noncentral t (SPEC 3.3)."""

from __future__ import annotations

import math

from stillface.errors import FieldError

__all__ = ["d_z_interval"]

# scipy has no value far out; there t varies by its SD alone, beside which a normal error of 1 is nothing.
_VAST = 1e4


def d_z_interval(d_z: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Give the confidence interval of d_z, mean difference / SD of the differences.

    With normal differences t = d_z sqrt(n) has a noncentral t distribution of n - 1 degrees of freedom
    and noncentrality delta sqrt(n), delta the true d_z. The limits are the two delta under which a t as
    large, or as small, as the one found has probability (1 - level) / 2.

    Parameters
    ----------
    d_z : float
    n : int
        Differences, at least two.
    level : float

    Returns
    -------
    (low, high) : float
        Not symmetric about ``d_z``.

    References
    ----------
    Cumming and Finch (2001), https://doi.org/10.1177/0013164401614002.
    """
    if not (math.isfinite(d_z) and n >= 2 and 0 < level < 1):
        raise FieldError(
            "no interval",
            where="d_z_interval",
            got=(d_z, n, level),
            expected="a finite d_z, n >= 2, level 0 to 1",
        )
    tail = (1 - level) / 2
    # The mirror image of a negative d_z: distribution functions are best kept where t is positive.
    low, high = (_noncentrality(abs(d_z) * n**0.5, n - 1, below) / n**0.5 for below in (1 - tail, tail))
    return (low, high) if d_z >= 0 else (-high, -low)


def _noncentrality(t: float, df: int, below: float) -> float:
    """Give the noncentrality with which a share ``below`` of the distribution lies below ``t``."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, nct, norm

    if t > _VAST:
        return t * math.sqrt(float(chi2.isf(below, df)) / df)

    def beyond(noncentrality: float) -> float:
        return float(nct.cdf(t, df, noncentrality)) - below

    # More than this share lies below 0 already, and t is not below 0.
    first = -1 - float(norm.ppf(below))
    # From t on by its own spread: scipy has no value for what is too far from t.
    last = max(t, first + 1)
    while beyond(last) > 0:
        last += math.sqrt(1 + t**2 / (2 * df))
    return float(brentq(beyond, first, last, xtol=1e-10))
