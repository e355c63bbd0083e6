"""Heart and skin as values over time, for whatever asks what the body did around a moment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stillface.domain.autonomic import BodySeries
from stillface.domain.clock import s_to_ns
from stillface.domain.events import BeatSeries
from stillface.domain.recording import Signal
from stillface.physio.artefacts import IbiSeries
from stillface.physio.eda import SOURCE as EDA_SOURCE
from stillface.physio.params import EdaParams, HeartParams
from stillface.physio.rsa import rsa_series

__all__ = ["RSA_WINDOW_S", "ibi_over_time", "rsa_over_time", "scl_over_time"]

RSA_WINDOW_S = 15.0
"""Moving window of RSA; ten breaths of an infant (SPEC 5.1 asks that it be printed)."""

_STEP_S = 1.0
# Rounding of the filter itself; its logarithm would be a number without a meaning.
_NOTHING_MS = 1e-6


def ibi_over_time(
    beats: BeatSeries, ibi: IbiSeries, params: HeartParams, corrected: Mapping[str, int]
) -> BodySeries:
    """Give the clean intervals, each for as long as it lasts; a hole stays a hole.

    Parameters
    ----------
    corrected : mapping of episode id to int
        How many corrections of beats a person made.
    """
    clean = ibi.clean
    return BodySeries(
        beats.role,
        "ibi_ms",
        beats.source,
        ibi.onsets_ns[clean],
        ibi.offsets_ns[clean],
        ibi.ibi_ms[clean],
        params.hash,
        corrected=corrected,
    )


def rsa_over_time(
    beats: BeatSeries, ibi: IbiSeries, params: HeartParams, corrected: Mapping[str, int]
) -> BodySeries:
    """Give RSA in a moving window of ``RSA_WINDOW_S``, a value for each second in its middle.

    The same filter, and the same share that may be edited, as the windows of an episode.
    """
    filtered = rsa_series(ibi, params)
    half = s_to_ns(RSA_WINDOW_S / 2)
    step = s_to_ns(_STEP_S)
    first, last = (
        (int(filtered.times_ns[0]), int(filtered.times_ns[-1])) if filtered.times_ns.size else (0, 0)
    )
    centres = np.arange(first + half, last - half + 1, step, dtype=np.int64)
    begin, end = (np.searchsorted(filtered.times_ns, centres + side) for side in (-half, half))
    sums = np.concatenate(([0.0], np.cumsum(filtered.values_ms)))
    squares = np.concatenate(([0.0], np.cumsum(filtered.values_ms**2)))
    n = np.maximum(end - begin, 1)
    variance = (squares[end] - squares[begin]) / n - ((sums[end] - sums[begin]) / n) ** 2
    _, clean_s = ibi_over_time(beats, ibi, params, {}).means(centres - half, centres + half)
    least = 1 - params.max_edited_share
    # A window that reaches over a hole of the filter has too few points.
    whole = n >= least * RSA_WINDOW_S * params.rsa.rate_hz
    good = whole & (clean_s >= least * RSA_WINDOW_S) & (variance > _NOTHING_MS**2)
    kept = centres[good]
    return BodySeries(
        beats.role,
        "rsa_ln_ms2",
        beats.source,
        kept - step // 2,
        kept + step // 2,
        np.log(variance[good]),
        params.hash,
        RSA_WINDOW_S,
        corrected,
    )


def scl_over_time(signal: Signal, params: EdaParams) -> BodySeries:
    """Give the valid samples of skin conductance, each until the next."""
    ticks = np.append(signal.clock.time_ns(np.arange(signal.clock.n_samples)), signal.clock.end_ns)
    edges = signal.clock_map.to_session(ticks)
    valid = signal.valid
    return BodySeries(
        signal.role,
        "scl_us",
        EDA_SOURCE,
        edges[:-1][valid],
        edges[1:][valid],
        signal.values[valid],
        params.hash,
    )
