"""Time to an event when some never have it: Kaplan-Meier, its error and its summaries (SPEC 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError

__all__ = ["SurvivalCurve", "kaplan_meier"]

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """Kaplan-Meier estimate at each time with an event; m is their number.

    Parameters
    ----------
    times_s, survival, se : array of float64, shape (m,)
        S(t) just after each event time and its standard error: Greenwood's, clustered where clusters
        were given.
    at_risk, n_events : array of int64, shape (m,)
    n : int
        Observations, censored ones included.
    """

    times_s: Float
    survival: Float
    se: Float
    at_risk: npt.NDArray[np.int64]
    n_events: npt.NDArray[np.int64]
    n: int

    @property
    def median_s(self) -> float | None:
        """First time with S <= .5, or None where it was not reached."""
        # A product of ratios may miss .5 by rounding: half of the sample is half.
        reached = np.flatnonzero(self.survival <= 0.5 + 1e-12)
        return float(self.times_s[reached[0]]) if reached.size else None

    def restricted_mean_s(self, tau_s: float) -> float:
        """Give the area under S from 0 to ``tau_s``."""
        inside = self.times_s < tau_s
        edges = np.concatenate(([0.0], self.times_s[inside], [tau_s]))
        steps = np.concatenate(([1.0], self.survival[inside]))
        return float((np.diff(edges) * steps).sum())

    def confidence_interval(self, level: float = 0.95) -> tuple[Float, Float]:
        """Give the log-log interval at each event time; where S is 0 or 1 it is S itself."""
        from scipy.stats import norm

        s, se = self.survival, self.se
        inner = (s > 0) & (s < 1)
        low, high = s.copy(), s.copy()
        log_s = np.log(s[inner])
        half = norm.ppf(0.5 + level / 2) * se[inner] / (s[inner] * np.abs(log_s))
        low[inner] = s[inner] ** np.exp(half)
        high[inner] = s[inner] ** np.exp(-half)
        return low, high


def kaplan_meier(
    durations_s: npt.ArrayLike, observed: npt.ArrayLike, clusters: npt.ArrayLike | None = None
) -> SurvivalCurve:
    """Estimate survival from durations of which some were censored.

    The clustered error is the grouped infinitesimal jackknife: the squared sums, over clusters, of how much
    each observation moves S(t). Where each cluster has one observation it is Greenwood's.

    Parameters
    ----------
    durations_s : array-like of float, shape (n,)
        Time to the event or to the end of observation; an observation censored at an event time was
        at risk there.
    observed : array-like of bool, shape (n,)
        Whether the event was seen.
    clusters : array-like, shape (n,), optional
        Observations with one name here depend on each other: the sessions of a family.

    Raises
    ------
    FieldError
        No observation, lengths that differ, or a negative or non-finite duration.

    References
    ----------
    Lin and Wei (1989), https://doi.org/10.1080/01621459.1989.10478874; checked against R's
    ``survfit(cluster=)``.
    """
    durations, events = np.asarray(durations_s, dtype=np.float64), np.asarray(observed, dtype=np.bool_)
    if durations.size == 0 or durations.shape != events.shape:
        raise FieldError(
            "lengths differ or nothing observed",
            where="kaplan_meier",
            got=f"{durations.shape} durations, {events.shape} marks",
            expected="the same length, at least 1",
        )
    if not bool(np.all(np.isfinite(durations) & (durations >= 0))):
        raise FieldError("not a duration", where="kaplan_meier.durations_s", expected="finite, >= 0")
    times, n_events = np.unique(durations[events], return_counts=True)
    n = int(durations.size)
    at_risk = np.asarray(n - np.searchsorted(np.sort(durations), times, side="left"), dtype=np.int64)
    survival = np.cumprod(1 - n_events / at_risk)
    left = at_risk - n_events
    # Greenwood's term is infinite once nobody is left; S is then 0 and so is its error.
    terms = np.divide(n_events, at_risk * left, out=np.zeros(times.size), where=left > 0)
    variance = np.cumsum(terms)
    if clusters is not None:
        variance += _shared(durations, events, np.asarray(clusters), times, (at_risk, left))
    se = survival * np.sqrt(np.maximum(variance, 0.0))
    return SurvivalCurve(times, survival, se, at_risk, n_events.astype(np.int64), n)


def _shared(
    durations: Float,
    events: npt.NDArray[np.bool_],
    clusters: npt.NDArray[Any],
    times: Float,
    counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> Float:
    """Give what the variance of log S gains from observations of one cluster; shape (m,).

    An observation that is at risk at an event time moves log S by 1 / left - 1 / at risk there, one that
    has its event by -1 / at risk.
    """
    if clusters.shape != durations.shape:
        raise FieldError(
            "not a cluster for every duration", where="kaplan_meier.clusters", got=clusters.shape,
            expected=durations.shape,
        )  # fmt: skip
    at_risk, left = counts
    to_left = np.divide(1.0, left, out=np.zeros(times.size), where=left > 0)
    passed = np.cumsum(np.where(left > 0, to_left - 1 / at_risk, 0.0))
    gained = np.zeros(times.size)
    names, of = np.unique(clusters, return_inverse=True)
    order = np.argsort(of, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(of, minlength=names.size))[:-1]):
        if members.size > 1:
            moved = np.stack([_moved(durations[k], bool(events[k]), times, passed, to_left) for k in members])
            gained += moved.sum(axis=0) ** 2 - (moved**2).sum(axis=0)
    return gained


def _moved(duration: float, event: bool, times: Float, passed: Float, to_left: Float) -> Float:
    """Give how much one observation moves log S at each event time."""
    last = int(np.searchsorted(times, duration, side="right")) - 1
    if last < 0:
        return np.zeros(times.size)
    moved: Float = passed[np.minimum(np.arange(times.size), last)]
    if event:
        moved[last:] -= to_left[last]
    return moved
