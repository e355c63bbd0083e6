"""Krippendorff's alpha: any number of coders, missing codes allowed (SPEC 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack, align
from stillface.errors import FieldError

__all__ = [
    "MISSING",
    "Alpha",
    "Level",
    "alpha_of_coincidences",
    "krippendorff_alpha",
    "time_alpha",
    "time_coincidences",
    "time_scale",
]

Level = Literal["nominal", "ordinal", "interval"]
Float = npt.NDArray[np.float64]
MISSING = -1
"""A unit that a coder did not code."""


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha of one level of measurement.

    Parameters
    ----------
    alpha : float, optional
        None with a ``reason`` where undefined.
    n_pairable : float
        Codes in units that at least two coders coded.
    """

    alpha: float | None
    level: Level
    n_pairable: float
    reason: str | None = None


def krippendorff_alpha(
    codes: npt.ArrayLike,
    level: Level,
    values: Sequence[float] | None = None,
    counts: npt.ArrayLike | None = None,
) -> Alpha:
    """Give alpha = 1 - Do / De.

    Do is the mean squared distance of two codes of one unit, De that of any two pairable codes.

    Parameters
    ----------
    codes : array-like of int, shape (n_coders, n_units)
        Index of the code, MISSING (-1) where a coder has none.
    level : {'nominal', 'ordinal', 'interval'}
        Distance: unequal or not; codes in between, by how often they are used; difference of values.
    values : sequence of float, optional
        Value of each code, for ``interval``, and their order for ``ordinal``; without it the index.
    counts : array-like of float, shape (n_units,), optional
        How many equal units each column stands for.

    References
    ----------
    Formulas of Krippendorff's coincidence matrix; checked against the package krippendorff.
    """
    given = np.asarray(codes)
    if given.ndim != 2 or not np.issubdtype(given.dtype, np.integer) or bool(np.any(given < MISSING)):
        raise FieldError(
            "not a table of codes",
            where="krippendorff_alpha.codes",
            got=f"{given.dtype} {given.shape}",
            expected="whole numbers from -1, coders x units",
        )
    times = np.ones(given.shape[1]) if counts is None else np.asarray(counts, dtype=np.float64)
    size = max(int(given.max(initial=-1)) + 1, 1)
    scale = np.arange(size, dtype=np.float64) if values is None else np.asarray(values, dtype=np.float64)
    return alpha_of_coincidences(_coincidences(given, times, size), level, scale[:size])


def _coincidences(codes: npt.NDArray[Any], times: Float, size: int) -> Float:
    """Count pairs of codes of one unit; a unit of k codes counts 1 / (k - 1)."""
    per_unit = np.stack([(codes == code).sum(axis=0) for code in range(size)]).astype(np.float64)
    coders = per_unit.sum(axis=0)
    pairable = coders >= 2
    per_unit, weight = per_unit[:, pairable], (times / np.maximum(coders - 1, 1))[pairable]
    return np.asarray((per_unit * weight) @ per_unit.T - np.diag((per_unit * weight).sum(axis=1)))


def alpha_of_coincidences(coincidences: npt.ArrayLike, level: Level, values: npt.ArrayLike) -> Alpha:
    """Give alpha of a matrix of coincidences; those of several sessions may be summed.

    Parameters
    ----------
    coincidences : array-like of float, shape (n_codes, n_codes)
        How often two codes stand at one unit, as :func:`time_coincidences` counts.
    level : {'nominal', 'ordinal', 'interval'}
    values : array-like of float, shape (n_codes,)
    """
    together, scale = np.asarray(coincidences, np.float64), np.asarray(values, np.float64)
    used = together.sum(axis=1)
    total = float(used.sum())
    if not total:
        return Alpha(None, level, 0.0, "no unit that two coders coded")
    apart = _squared_distances(level, scale, used)
    if total <= 1:
        # Two codes weigh as much as their unit counts: this little is half a unit of time or less.
        return Alpha(None, level, total, "no more than one pairable code: nothing to compare it with")
    expected = float((np.outer(used, used) * apart).sum()) / (total - 1)
    if not expected:
        return Alpha(None, level, total, "all pairable codes are one and the same")
    return Alpha(1 - float((together * apart).sum()) / expected, level, total)


def time_alpha(sessions: Sequence[Sequence[StateTrack]], level: Level, unit_ns: int) -> Alpha:
    """Give alpha of any number of coders, weighted by time without sampling.

    Parameters
    ----------
    sessions : sequence of sequence of StateTrack
        Each session's coders, all under one scheme; a coder's gap is missing for that coder only.
    unit_ns : int
        How much time counts as one unit in the small-sample term; it hardly moves alpha.
    """
    together = np.sum([time_coincidences(tracks, unit_ns) for tracks in sessions], axis=0)
    return alpha_of_coincidences(together, level, time_scale(sessions[0][0].scheme))


def time_coincidences(tracks: Sequence[StateTrack], unit_ns: int) -> Float:
    """Give the coincidences of one stream's coders in units of time; shape (n_codes, n_codes)."""
    scheme = tracks[0].scheme
    together = align(*tracks)
    gap = np.append(scheme.gap_mask, True)  # the last stands for uncoded, index -1
    codes = np.where(gap[together.codes], MISSING, together.codes)
    return _coincidences(codes, together.durations_ns / unit_ns, len(scheme.codes))


def time_scale(scheme: CodingScheme) -> tuple[float, ...]:
    """Give each code's value, its place where it has none."""
    return tuple(float(k) if code.value is None else code.value for k, code in enumerate(scheme.codes))


def _squared_distances(level: Level, values: Float, used: Float) -> Float:
    if level == "nominal":
        return 1.0 - np.eye(values.size)
    if level == "interval":
        return np.asarray((values[:, None] - values[None, :]) ** 2)
    # Ordinal: all codes from one to the other, the two ends by half.
    order = np.argsort(values, kind="stable")
    reached = np.empty(values.size)
    reached[order] = np.cumsum(used[order]) - used[order] / 2
    return np.asarray((reached[:, None] - reached[None, :]) ** 2)
