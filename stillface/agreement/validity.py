"""A machine's proposals against a person: validity, never reliability (SPEC 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import Agreement, confusion_ns, kappa_from_confusion
from stillface.domain.clock import NS_PER_S
from stillface.domain.intervals import Intervals
from stillface.domain.states import UNCODED, StateTrack, align
from stillface.errors import FieldError

__all__ = ["CalibrationBin", "CodeValidity", "Validity", "validity"]

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CodeValidity:
    """How well one code is proposed; None where the person or the machine never used it.

    Parameters
    ----------
    precision : float, optional
        Share of the time proposed as this code that the person gave it.
    recall : float, optional
        Share of the person's time in this code that was proposed as such.
    auc : float, optional
        Chance that a moment of this code ranks above another by the machine's confidence.
    human_s, auto_s : float
        Time in this code by either.
    """

    precision: float | None
    recall: float | None
    auc: float | None
    human_s: float
    auto_s: float


@dataclass(frozen=True)
class CalibrationBin:
    """Proposals of like confidence: how sure the machine was, and how often it was right."""

    low: float
    high: float
    mean_confidence: float
    right: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Validity:
    """The machine against the person, over time that both scored.

    Parameters
    ----------
    agreement : Agreement
    table : array of int64, shape (n_codes, n_codes)
        Nanoseconds; rows are the person's codes, columns the machine's.
    tables : tuple of array
        That of each pair, in the order given; they sum to ``table``.
    codes : dict of str to CodeValidity
    calibration : tuple of CalibrationBin
        Empty, with a ``confidence_reason``, where the machine did not give every proposal a confidence;
        then no code has an AUC.
    calibration_error : float, optional
        Mean distance of confidence and share right, weighted by time (ECE).
    human_s : float
        Time that the person scored.
    unproposed : float, optional
        Share of it where the machine proposed nothing: it is not in the table.
    """

    agreement: Agreement
    table: Int64
    tables: tuple[Int64, ...]
    codes: dict[str, CodeValidity]
    calibration: tuple[CalibrationBin, ...]
    calibration_error: float | None
    human_s: float
    unproposed: float | None
    confidence_reason: str | None = None


@dataclass(frozen=True, eq=False)
class _Moments:
    """Stretches that both scored."""

    human: npt.NDArray[np.int16]
    auto: npt.NDArray[np.int16]
    confidence: Float | None
    seconds: Float


def validity(
    pairs: Sequence[tuple[StateTrack, StateTrack]], within: Sequence[Intervals] | None = None
) -> Validity:
    """Compare proposals with persons over any number of sessions, pooled.

    Parameters
    ----------
    pairs : sequence of (person's track, machine's track)
        All under one scheme, one pair a session.
    within : sequence of Intervals, optional
        One set a pair: count this time only (an episode, a quality of picture).

    Raises
    ------
    FieldError
        No pair, several schemes, or as many sets of intervals as there are pairs.
    """
    if not pairs or (within is not None and len(within) != len(pairs)):
        raise FieldError(
            "nothing to compare, or a stretch missing", where="validity", got=len(pairs), expected="pairs"
        )
    scheme = pairs[0][0].scheme
    limited = [
        (human if within is None else _inside(human, within[k]), auto)
        for k, (human, auto) in enumerate(pairs)
    ]
    tables = tuple(confusion_ns(human, auto) for human, auto in limited)
    table = np.sum(tables, axis=0)
    seen = _pool([_moments(human, auto) for human, auto in limited])
    human_s = sum(human.scorable_ns for human, _ in limited) / NS_PER_S
    calibration = () if seen.confidence is None else _calibration(seen, seen.confidence)
    unsure = sum(auto.confidence is None for _, auto in pairs)
    compared_s = float(table.sum()) / NS_PER_S
    binned = sum(item.seconds for item in calibration)
    return Validity(
        kappa_from_confusion(table),
        table,
        tables,
        {
            code: _of_code(k, table, seen)
            for k, code in enumerate(scheme.code_ids)
            if table[k].any() or table[:, k].any()
        },
        calibration,
        sum(abs(item.mean_confidence - item.right) * item.seconds for item in calibration) / binned
        if binned
        else None,
        human_s,
        1 - compared_s / human_s if human_s else None,
        f"{unsure} of {len(pairs)} streams lack confidence in some or all proposals" if unsure else None,
    )


def _inside(track: StateTrack, stretches: Intervals) -> StateTrack:
    """Give the track with everything outside the stretches uncoded."""
    edges = np.unique(np.concatenate((track.edges_ns, stretches.onsets_ns, stretches.offsets_ns)))
    mask = StateTrack(track.scheme, track.role, track.source, edges, np.zeros(edges.size - 1, np.int16))
    codes = align(track, mask).codes[0]
    kept = np.where(stretches.contains(edges[:-1]), codes, UNCODED).astype(np.int16)
    return replace(mask, codes=kept)


def _moments(human: StateTrack, auto: StateTrack) -> _Moments:
    both = align(human, auto)
    gap = np.append(human.scheme.gap_mask, True)
    a, b = both.codes
    seen = ~(gap[a] | gap[b])
    confidence = None
    if auto.confidence is not None:
        segment = np.searchsorted(auto.edges_ns, both.edges_ns[:-1][seen], side="right") - 1
        confidence = auto.confidence[segment].astype(np.float64)
    return _Moments(a[seen], b[seen], confidence, both.durations_ns[seen] / NS_PER_S)


def _pool(parts: Sequence[_Moments]) -> _Moments:
    known = [part.confidence for part in parts if part.confidence is not None]
    return _Moments(
        np.concatenate([part.human for part in parts]),
        np.concatenate([part.auto for part in parts]),
        np.concatenate(known) if len(known) == len(parts) else None,
        np.concatenate([part.seconds for part in parts]),
    )


def _of_code(code: int, table: Int64, seen: _Moments) -> CodeValidity:
    both, human, auto = (float(x) for x in (table[code, code], table[code].sum(), table[:, code].sum()))
    auc = None
    if seen.confidence is not None:
        # Surest of the code first, surest of another last.
        score = np.where(seen.auto == code, seen.confidence, -seen.confidence)
        auc = _auc(score, seen.human == code, seen.seconds)
    return CodeValidity(
        both / auto if auto else None,
        both / human if human else None,
        auc,
        human / NS_PER_S,
        auto / NS_PER_S,
    )


def _auc(score: Float, positive: npt.NDArray[np.bool_], weight: Float) -> float | None:
    """Give the weighted chance that a positive ranks above a negative; ties count half."""
    _, rank = np.unique(score, return_inverse=True)
    with_code = np.bincount(rank, weight * positive)
    without = np.bincount(rank, weight * ~positive)
    if not with_code.sum() or not without.sum():
        return None
    below = np.cumsum(without) - without / 2
    return float((with_code * below).sum() / (with_code.sum() * without.sum()))


def _calibration(seen: _Moments, confidence: Float) -> tuple[CalibrationBin, ...]:
    """Give ten bins of equal width; empty ones are left out."""
    n_bins = 10
    # A float32 of .9 is a hair below .9.
    place = np.minimum((confidence * n_bins + 1e-6).astype(np.int64), n_bins - 1)
    right = (seen.human == seen.auto).astype(np.float64)
    bins = []
    for k in np.unique(place).tolist():
        mine = place == k
        seconds = float(seen.seconds[mine].sum())
        bins.append(
            CalibrationBin(
                k / n_bins,
                (k + 1) / n_bins,
                float((confidence * seen.seconds)[mine].sum()) / seconds,
                float((right * seen.seconds)[mine].sum()) / seconds,
                seconds,
            )
        )
    return tuple(bins)
