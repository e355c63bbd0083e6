"""Krippendorff's alpha: any number of coders, missing codes allowed (SPEC 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillface.domain.states import StateTrack, align
from stillface.errors import FieldError

__all__ = ["MISSING", "Alpha", "Level", "krippendorff_alpha", "time_alpha"]

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
    per_unit = np.stack([(given == code).sum(axis=0) for code in range(size)]).astype(np.float64)
    coders = per_unit.sum(axis=0)
    pairable = coders >= 2
    if not bool(pairable.any()):
        return Alpha(None, level, 0.0, "no unit that two coders coded")
    per_unit, weight = per_unit[:, pairable], (times / np.maximum(coders - 1, 1))[pairable]
    coincidences = (per_unit * weight) @ per_unit.T - np.diag((per_unit * weight).sum(axis=1))
    used = coincidences.sum(axis=1)
    total = float(used.sum())
    apart = _squared_distances(level, scale[:size], used)
    if total <= 1:
        # Two codes weigh as much as their unit counts: this little is half a unit of time or less.
        return Alpha(None, level, total, "no more than one pairable code: nothing to compare it with")
    expected = float((np.outer(used, used) * apart).sum()) / (total - 1)
    if not expected:
        return Alpha(None, level, total, "all pairable codes are one and the same")
    return Alpha(1 - float((coincidences * apart).sum()) / expected, level, total)


def time_alpha(sessions: Sequence[Sequence[StateTrack]], level: Level, unit_ns: int) -> Alpha:
    """Give alpha of any number of coders, weighted by time without sampling.

    Parameters
    ----------
    sessions : sequence of sequence of StateTrack
        Each session's coders, all under one scheme; a coder's gap is missing for that coder only.
    unit_ns : int
        How much time counts as one unit in the small-sample term; it hardly moves alpha.
    """
    scheme = sessions[0][0].scheme
    gap = np.append(scheme.gap_mask, True)
    most = max(len(tracks) for tracks in sessions)
    columns, counts = [], []
    for tracks in sessions:
        together = align(*tracks)
        codes = np.full((most, together.durations_ns.size), MISSING, dtype=np.int64)
        codes[: len(tracks)] = np.where(gap[together.codes], MISSING, together.codes)
        columns.append(codes)
        counts.append(together.durations_ns / unit_ns)
    values = [k if code.value is None else code.value for k, code in enumerate(scheme.codes)]
    return krippendorff_alpha(np.concatenate(columns, axis=1), level, values, np.concatenate(counts))


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
