"""Statistics of a 2x2 table: odds ratio, Yule's Q, phi, adjusted residual (SPEC 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import numpy.typing as npt

from stillface.domain.results import Status
from stillface.errors import FieldError

__all__ = ["LOW_N", "TwoByTwo"]

LOW_N = 5.0
"""Smallest row or column total that is reported (rule of thumb of sequential analysis)."""


@dataclass(frozen=True)
class TwoByTwo:
    """Counts of a given (rows: present, absent) against a target (columns: present, absent).

    Parameters
    ----------
    a, b, c, d : float
        Given and target; given only; target only; neither. Events are whole, time counted in units
        need not be.
    """

    a: float
    b: float
    c: float
    d: float

    def __post_init__(self) -> None:
        cells = self.cells
        if not bool(np.all(np.isfinite(cells) & (cells >= 0))) or self.n <= 0:
            raise FieldError(
                "not a table of counts",
                where="TwoByTwo",
                got=tuple(cells.ravel().tolist()),
                expected="finite cells, 0 or more, not all 0",
            )

    @property
    def cells(self) -> npt.NDArray[np.float64]:
        """``[[a, b], [c, d]]``; shape (2, 2)."""
        return np.array([[self.a, self.b], [self.c, self.d]], dtype=np.float64)

    @property
    def n(self) -> float:
        """Grand total."""
        return self.a + self.b + self.c + self.d

    @property
    def status(self) -> Status:
        """MISS_LOWN where a row or column total is below ``LOW_N``, else OK."""
        totals = (self.a + self.b, self.c + self.d, self.a + self.c, self.b + self.d)
        return Status.MISS_LOWN if min(totals) < LOW_N else Status.OK

    @property
    def haldane(self) -> bool:
        """Whether a cell is 0, so that the log odds ratio takes one half more in each cell."""
        return not bool(self.cells.all())

    @property
    def odds_ratio(self) -> float | None:
        """``ad / bc``; None where ``bc`` is 0."""
        return self.a * self.d / (self.b * self.c) if self.b * self.c else None

    @property
    def _smoothed(self) -> tuple[float, float, float, float]:
        half = 0.5 if self.haldane else 0.0
        return self.a + half, self.b + half, self.c + half, self.d + half

    @property
    def ln_odds_ratio(self) -> float:
        """Natural logarithm of the odds ratio, with one half more in each cell where one is 0."""
        a, b, c, d = self._smoothed
        return log(a * d / (b * c))

    @property
    def ln_odds_ratio_se(self) -> float:
        """Root of the summed reciprocals of the same cells."""
        return sqrt(sum(1 / cell for cell in self._smoothed))

    def ln_odds_ratio_ci(self, level: float = 0.95) -> tuple[float, float]:
        """Give the normal interval around the log odds ratio."""
        from scipy.stats import norm

        half = float(norm.ppf(0.5 + level / 2)) * self.ln_odds_ratio_se
        return self.ln_odds_ratio - half, self.ln_odds_ratio + half

    @property
    def yule_q(self) -> float | None:
        """``(ad - bc) / (ad + bc)``; None where both products are 0."""
        with_target, without = self.a * self.d, self.b * self.c
        return (with_target - without) / (with_target + without) if with_target + without else None

    @property
    def phi(self) -> float | None:
        """Correlation of the two; None where a row or column is empty."""
        (r1, r2), (k1, k2) = self.cells.sum(axis=1), self.cells.sum(axis=0)
        scale = r1 * r2 * k1 * k2
        return float((self.a * self.d - self.b * self.c) / sqrt(scale)) if scale else None

    @property
    def expected(self) -> float:
        """Cell ``a`` if given and target were independent."""
        return (self.a + self.b) * (self.a + self.c) / self.n

    @property
    def adjusted_residual(self) -> float | None:
        """``z`` of cell ``a``; its square is Pearson's chi-squared. None where a row or column is empty."""
        phi = self.phi
        return None if phi is None else phi * sqrt(self.n)

    @property
    def p_target_given(self) -> float | None:
        """Share of the given that met the target; None without a given."""
        return self.a / (self.a + self.b) if self.a + self.b else None

    @property
    def p_target(self) -> float:
        """Share of all that met the target."""
        return (self.a + self.c) / self.n
