"""Confidence intervals over sessions: frames of one film are not independent of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import kappa_from_confusion
from stillface.errors import FieldError

__all__ = ["DEFAULT_SEED", "BootstrapInterval", "bootstrap", "bootstrap_all", "kappa_interval"]

Int64 = npt.NDArray[np.int64]
DEFAULT_SEED = 20240229
_FEW = 10
# Of two sessions an interval would span the two, no more.
_FEWEST = 3


@dataclass(frozen=True)
class BootstrapInterval:
    """Percentile interval over resampled sessions.

    Parameters
    ----------
    low, high : float, optional
        None with a ``reason`` where undefined.
    level : float
    n_sessions, n_resamples, n_undefined : int
        Sessions drawn from, resamples drawn, and those whose statistic was undefined: they are left out.
    seed : int
        Stored, so that the same data give the same interval.
    reason : str, optional
        Why there is none, or why it should be read with care.
    """

    low: float | None
    high: float | None
    level: float
    n_sessions: int
    n_resamples: int
    n_undefined: int
    seed: int
    reason: str | None = None


def bootstrap(
    n_sessions: int,
    statistic: Callable[[Int64], float | None],
    *,
    seed: int = DEFAULT_SEED,
    n_resamples: int = 2000,
    level: float = 0.95,
) -> BootstrapInterval:
    """Resample sessions with replacement and give the percentile interval of a statistic.

    Parameters
    ----------
    n_sessions : int
        Of fewer than three there is no interval.
    statistic : callable
        Takes session indices, shape (n_sessions,), and gives a number or None where it is undefined.
    """
    found = bootstrap_all(
        n_sessions,
        ("",),
        lambda drawn: {"": statistic(drawn)},
        seed=seed,
        n_resamples=n_resamples,
        level=level,
    )
    return found[""]


def bootstrap_all(
    n_sessions: int,
    names: Sequence[str],
    statistics: Callable[[Int64], Mapping[str, float | None]],
    *,
    seed: int = DEFAULT_SEED,
    n_resamples: int = 2000,
    level: float = 0.95,
) -> dict[str, BootstrapInterval]:
    """Give the interval of several statistics of the same resamples, as :func:`bootstrap` does of one.

    Parameters
    ----------
    n_sessions : int
    names : sequence of str
        What ``statistics`` gives for each draw.
    statistics : callable
        Takes session indices, shape (n_sessions,), and gives each statistic, None where it is undefined.
    """
    if not 0 < level < 1 or n_resamples < 1:
        raise FieldError(
            "not a level or number of resamples",
            where="bootstrap",
            got=(level, n_resamples),
            expected="0 to 1, >= 1",
        )
    if n_sessions < _FEWEST:
        none = BootstrapInterval(None, None, level, n_sessions, 0, 0, seed, "fewer than three sessions")
        return dict.fromkeys(names, none)
    rng = np.random.default_rng(seed)
    drawn = [statistics(rng.integers(0, n_sessions, n_sessions)) for _ in range(n_resamples)]
    return {name: _interval([found[name] for found in drawn], level, n_sessions, seed) for name in names}


def _interval(found: Sequence[float | None], level: float, n_sessions: int, seed: int) -> BootstrapInterval:
    """Give the quantiles of what the resamples gave."""
    defined = np.array([value for value in found if value is not None], dtype=np.float64)
    undefined = len(found) - defined.size
    if undefined > len(found) // 2:
        reason = "undefined in most resamples"
        return BootstrapInterval(None, None, level, n_sessions, len(found), undefined, seed, reason)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2]).tolist()
    few = f"only {n_sessions} sessions: the interval is rough" if n_sessions < _FEW else None
    return BootstrapInterval(low, high, level, n_sessions, len(found), undefined, seed, few)


def kappa_interval(
    tables: Sequence[npt.ArrayLike], *, seed: int = DEFAULT_SEED, n_resamples: int = 2000
) -> BootstrapInterval:
    """Give the interval of the kappa of the summed tables, one table a session of one scheme."""
    cells = np.array([np.asarray(table, dtype=np.float64) for table in tables])

    def statistic(drawn: Int64) -> float | None:
        return kappa_from_confusion(cells[drawn].sum(axis=0)).kappa

    return bootstrap(len(cells), statistic, seed=seed, n_resamples=n_resamples)
