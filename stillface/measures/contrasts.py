"""Differences between episodes: still-face effect, reunion effect, carry-over, recovery ratio (SPEC 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement, Status
from stillface.errors import FieldError

__all__ = ["RATIO_EPSILON", "SUBTRACTED", "PairedContrast", "contrast_rows", "paired_contrast"]

RATIO_EPSILON = 5.0
"""Smallest still-face effect, in percentage points, that a recovery ratio may be divided by (SPEC 3.3)."""

# Two shares that differ by exactly five points may come out a rounding apart.
_ROUNDING = 1e-9

# Shares, rates and means can be subtracted; counts depend on length and latencies are censored.
SUBTRACTED = frozenset(
    {
        "pct_time",
        "pct_negative",
        "pct_neutral",
        "pct_positive",
        "rate_per_min",
        "bout_mean_s",
        "pct_match",
        "pct_mismatch",
        "pct_shared_negative",
        "match_bout_mean_s",
        "mismatch_bout_mean_s",
        "repair_rate_per_min",
        "mismatch_onset_rate_per_min",
        "hr_bpm",
        "ibi_ms",
        "rmssd_ms",
        "rsa_ln_ms2",
        "scl_us",
        "scr_per_min",
    }
)
_RATIOS = frozenset({"pct_time", "pct_negative", "pct_neutral", "pct_positive"})


@dataclass(frozen=True)
class PairedContrast:
    """A paired difference over dyads.

    Parameters
    ----------
    mean, sd : float
        Of the differences; SD with n - 1.
    t : float, optional
        Student's t; None where all differences are equal.
    df, n : int
    d_z : float, optional
        Mean difference / SD of the differences.
    d_av : float, optional
        Mean difference / mean of the two conditions' SDs.
    """

    mean: float
    sd: float
    t: float | None
    df: int
    n: int
    d_z: float | None
    d_av: float | None


def paired_contrast(later: npt.ArrayLike, earlier: npt.ArrayLike) -> PairedContrast:
    """Contrast one measure between two episodes over the same dyads.

    Parameters
    ----------
    later, earlier : array-like of float, shape (n_dyads,)
        ``later - earlier``, paired by position; at least two dyads.
    """
    a, b = np.asarray(later, dtype=np.float64), np.asarray(earlier, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or a.size < 2:
        raise FieldError(
            "cannot pair", where="paired_contrast", got=f"{a.shape} and {b.shape}", expected="2 or more pairs"
        )
    difference = a - b
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    average_sd = float((a.std(ddof=1) + b.std(ddof=1)) / 2)
    return PairedContrast(
        mean,
        sd,
        mean / (sd / a.size**0.5) if sd > 0 else None,
        a.size - 1,
        a.size,
        mean / sd if sd > 0 else None,
        mean / average_sd if average_sd > 0 else None,
    )


def contrast_rows(protocol: Protocol, rows: Iterable[Measurement]) -> Iterator[Measurement]:
    """Give the protocol's contrasts of every measure that can be subtracted, and recovery ratios.

    A row of a contrast has ``episode_id`` ``A-B`` (A minus B), the smallest n, scorable time and coverage of
    its parts, and, where either part has no value, the status of one that lacks it: NA_STRUCT before
    MISS_EPISODE, that before other missing data, and that before what merely did not occur (NA_NOBOUT).
    ``recovery_ratio`` = (SF - RE) / (SF - PL) for shares of time; NA_NOTATRISK where the still-face
    effect is smaller than ``RATIO_EPSILON``: there is nothing to recover from.
    """
    by_key: dict[tuple[str, ...], dict[str, Measurement]] = {}
    for row in rows:
        if row.measure in SUBTRACTED:
            key = (
                row.session_id,
                row.role,
                row.scheme_id,
                row.coder_id,
                row.measure,
                row.code,
                row.match_rule,
            )
            by_key.setdefault(key, {})[row.episode_id] = row
    triples = tuple(_ratio_episodes(protocol))
    for parts in by_key.values():
        for contrast in protocol.contrasts:
            minuend, subtrahend = (parts.get(episode) for episode in contrast.minus)
            if minuend is not None and subtrahend is not None:
                yield _difference(contrast.episode_id, minuend, subtrahend)
        for play, still, reunion in triples:
            if all(episode in parts for episode in (play, still, reunion)):
                row = parts[play]
                if row.measure in _RATIOS:
                    yield _ratio(parts[play], parts[still], parts[reunion])


def _difference(episode_id: str, minuend: Measurement, subtrahend: Measurement) -> Measurement:
    parts = (minuend, subtrahend)
    if minuend.value is None or subtrahend.value is None:
        return _joined(episode_id, parts, None, _lack(parts))
    return _joined(episode_id, parts, minuend.value - subtrahend.value, Status.OK)


def _ratio(play: Measurement, still: Measurement, reunion: Measurement) -> Measurement:
    parts = (play, still, reunion)
    episode_id = "-".join(part.episode_id for part in parts)
    value, status = None, Status.NA_NOTATRISK
    if play.value is None or still.value is None or reunion.value is None:
        status = _lack(parts)
    elif abs(still.value - play.value) >= RATIO_EPSILON - _ROUNDING:
        value, status = (still.value - reunion.value) / (still.value - play.value), Status.OK
    row = _joined(episode_id, parts, value, status)
    # The ratio is of the share named by its code, or by the summed valence where there is no code.
    return replace(row, measure="recovery_ratio", code=play.code or play.measure, unit="ratio")


def _lack(parts: tuple[Measurement, ...]) -> Status:
    """Give why a contrast has no value: undefined, then what is missing, then what did not happen.

    That an episode was not run outweighs that a code did not occur in the other: with it there would still
    be nothing to subtract from.
    """
    lacking = [part.status for part in parts if part.value is None]
    for first in (Status.NA_STRUCT, Status.MISS_EPISODE):
        if first in lacking:
            return first
    return next((status for status in lacking if not status.startswith("NA_")), lacking[0])


def _joined(
    episode_id: str, parts: tuple[Measurement, ...], value: float | None, status: Status
) -> Measurement:
    """Give a row with what the parts share, and the smallest n, scorable time and coverage."""
    first = parts[0]
    behind = [part.n for part in parts if part.n is not None]
    scorable = [part.scorable_s for part in parts if part.scorable_s is not None]
    coverage = [part.coverage for part in parts if part.coverage is not None]
    complete = len(scorable) == len(parts)
    return Measurement(
        first.dyad_id,
        first.session_id,
        first.protocol_id,
        episode_id,
        first.role,
        first.scheme_id,
        first.coder_id,
        first.measure,
        first.code,
        first.match_rule,
        value,
        first.unit,
        min(behind) if len(behind) == len(parts) else None,
        min(scorable) if complete else None,
        min(coverage) if complete else None,
        status,
        _shared_flags(parts, measured=value is not None),
        first.params_hash,
    )


def _shared_flags(parts: tuple[Measurement, ...], *, measured: bool) -> tuple[str, ...]:
    """Give what holds for a contrast if for a part: little seen, a machine's share, corrected beats."""
    flags = [flag for part in parts for flag in part.flags]
    kept = [flag for flag in flags if flag.startswith("source=")]
    if measured:
        kept += [flag for flag in flags if flag == "low_coverage"]
        corrected = sum(int(flag.partition("=")[2]) for flag in flags if flag.startswith("beats_corrected="))
        kept += [f"beats_corrected={corrected}"] if corrected else []
    return tuple(dict.fromkeys(kept))


def _ratio_episodes(protocol: Protocol) -> Iterator[tuple[str, str, str]]:
    """Give (reference, still face, reunion) for each declared recovery."""
    for recovery in protocol.recovery:
        still = protocol.perturbation_before(recovery.episode)
        if still is not None:
            yield recovery.reference, still, recovery.episode
