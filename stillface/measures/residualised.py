"""Change that its starting level does not foretell (SPEC 5.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError

__all__ = ["Residualised", "residualised_change"]

Float = npt.NDArray[np.float64]

MIN_PAIRS = 3


@dataclass(frozen=True, eq=False)
class Residualised:
    """Least-squares line of the later level on the earlier one.

    Parameters
    ----------
    intercept, slope : float
    residuals : array of float64, shape (n,)
        Later level minus what the line foretells: in the measure's own unit, with mean 0.
    """

    intercept: float
    slope: float
    residuals: Float


def residualised_change(later: npt.ArrayLike, earlier: npt.ArrayLike) -> Residualised:
    """Regress the later level on the earlier one and give what is left.

    Parameters
    ----------
    later, earlier : array-like of float, shape (n,)
        Paired by position.

    Raises
    ------
    FieldError
        Fewer than three pairs (any line fits two points), or all earlier levels are equal.
    """
    y, x = np.asarray(later, dtype=np.float64), np.asarray(earlier, dtype=np.float64)
    if y.shape != x.shape or y.ndim != 1 or y.size < MIN_PAIRS:
        raise FieldError(
            "too few pairs",
            where="residualised_change",
            got=f"{y.shape} and {x.shape}",
            expected=f"{MIN_PAIRS} or more pairs",
        )
    centred = x - x.mean()
    spread = float(centred @ centred)
    # Rounding leaves a tiny spread in equal levels.
    if spread <= 1e-20 * max(1.0, float(x @ x)):
        raise FieldError(
            "the earlier levels do not vary",
            where="residualised_change",
            got=float(x[0]),
            expected="levels that differ",
        )
    slope = float(centred @ y) / spread
    intercept = float(y.mean() - slope * x.mean())
    return Residualised(intercept, slope, np.asarray(y - (intercept + slope * x)))
