"""Heart rate, variability and RSA per window and per episode."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from stillface.domain.autonomic import AutonomicEpisode, AutonomicValue, HeartEpoch
from stillface.domain.clock import NS_PER_S, ns_to_s, s_to_ns
from stillface.domain.events import BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.results import Status
from stillface.domain.session import Episode
from stillface.physio.artefacts import IbiSeries, ibi_series
from stillface.physio.params import HeartParams
from stillface.physio.rsa import RsaSeries, rsa_series

__all__ = ["heart_epochs", "heart_rate_bpm", "heart_summaries", "rmssd_ms", "whole_windows"]

_MS_PER_MIN = 60_000.0
_MIN_IBIS = 2
# Rounding of the filter itself; its logarithm would be a number without a meaning.
_NOTHING_MS = 1e-6


def heart_rate_bpm(ibi_ms: float) -> float:
    """Give 60000 over the mean interval: weighted by time, not the mean of instantaneous rates."""
    return _MS_PER_MIN / ibi_ms


def rmssd_ms(ibi: IbiSeries, onset_ns: int, offset_ns: int) -> tuple[float | None, int]:
    """Give the root mean square of successive differences, and their number.

    Only pairs of clean intervals that share a beat enter, both wholly inside the window: never
    across a gap or an edited beat.
    """
    inside = ibi.inside(onset_ns, offset_ns)
    # Each interval starts at the beat that ends the one before it.
    pairs = np.flatnonzero(inside[1:] & inside[:-1])
    if not pairs.size:
        return None, 0
    lengths = ibi.ibi_ms
    steps = lengths[pairs + 1] - lengths[pairs]
    return float(np.sqrt(np.mean(steps**2))), int(pairs.size)


def whole_windows(onset_ns: int, offset_ns: int, length_s: float) -> tuple[tuple[int, int], ...]:
    """Cut a stretch into whole windows from its onset; what is left at the end is not used."""
    length = s_to_ns(length_s)
    count = (offset_ns - onset_ns) // length
    return tuple((onset_ns + k * length, onset_ns + (k + 1) * length) for k in range(count))


def heart_epochs(
    beats: BeatSeries, windows: Iterable[tuple[int, int]], missing: Intervals, params: HeartParams
) -> tuple[HeartEpoch, ...]:
    """Compute each window; an interval belongs to it when it lies wholly inside.

    Parameters
    ----------
    beats : BeatSeries
    windows : iterable of (onset_ns, offset_ns)
        On the session clock.
    missing : Intervals
        Session time without samples.
    params : HeartParams
    """
    ibi = ibi_series(beats, missing, params)
    rsa = rsa_series(ibi, params)
    return tuple(_epoch(beats, ibi, rsa, onset, offset, params) for onset, offset in windows)


def heart_summaries(
    beats: BeatSeries, episodes: Iterable[Episode], missing: Intervals, params: HeartParams
) -> tuple[tuple[AutonomicEpisode, ...], tuple[HeartEpoch, ...]]:
    """Summarise each episode: ``hr_bpm``, ``ibi_ms``, ``rmssd_ms``, ``rsa_ln_ms2``.

    Rate and RMSSD use all clean intervals of the episode; RSA is the mean over its valid windows,
    which start at the episode's onset and never cross its end.

    Returns
    -------
    summaries : tuple of AutonomicEpisode
    epochs : tuple of HeartEpoch
        The windows of all episodes, in order.
    """
    ibi = ibi_series(beats, missing, params)
    rsa = rsa_series(ibi, params)
    summaries, all_epochs = [], []
    for episode in episodes:
        windows = whole_windows(episode.onset_ns, episode.offset_ns, params.epoch_s)
        epochs = [_epoch(beats, ibi, rsa, onset, offset, params) for onset, offset in windows]
        values = (*_rate_values(beats, ibi, episode), _rsa_value(beats, epochs, episode, params))
        summaries.append(AutonomicEpisode(beats.role, episode.id, beats.source, values, params.hash))
        all_epochs += epochs
    return tuple(summaries), tuple(all_epochs)


def _epoch(
    beats: BeatSeries, ibi: IbiSeries, rsa: RsaSeries, onset_ns: int, offset_ns: int, params: HeartParams
) -> HeartEpoch:
    inside = ibi.inside(onset_ns, offset_ns)
    n_ibi = int(inside.sum())
    edited = 1 - ibi.clean_ns(onset_ns, offset_ns) / (offset_ns - onset_ns)
    if not _has_beats(beats, onset_ns, offset_ns):
        return HeartEpoch(onset_ns, offset_ns, 0, None, None, None, None, edited, Status.MISS_TECH)
    if edited > params.max_edited_share or n_ibi < _MIN_IBIS:
        return HeartEpoch(onset_ns, offset_ns, n_ibi, None, None, None, None, edited, Status.MISS_LOWCOV)
    mean_ms = float(ibi.ibi_ms[inside].mean())
    rmssd, _ = rmssd_ms(ibi, onset_ns, offset_ns)
    sd_ms, n_points = rsa.spread(onset_ns, offset_ns)
    needed = params.min_interior_share * (offset_ns - onset_ns) / NS_PER_S * params.rsa.rate_hz
    value, status = None, Status.OK
    if n_points < needed:
        status = Status.MISS_LOWN
    elif float(ibi.ibi_ms[inside].std()) < params.min_ibi_sd_ms or sd_ms < _NOTHING_MS:
        status = Status.NA_CONST
    else:
        value = float(np.log(sd_ms**2))
    return HeartEpoch(
        onset_ns, offset_ns, n_ibi, mean_ms, heart_rate_bpm(mean_ms), rmssd, value, edited, status
    )


def _has_beats(beats: BeatSeries, onset_ns: int, offset_ns: int) -> bool:
    a, b = np.searchsorted(beats.times_ns, (onset_ns, offset_ns))
    return bool(b > a)


def _rate_values(beats: BeatSeries, ibi: IbiSeries, episode: Episode) -> tuple[AutonomicValue, ...]:
    window = episode.onset_ns, episode.offset_ns
    scorable_ns = ibi.clean_ns(*window)
    coverage = scorable_ns / episode.duration_ns
    n_ibi = int(ibi.inside(*window).sum())
    rmssd, n_pairs = rmssd_ms(ibi, *window)
    absent = Status.MISS_LOWN if _has_beats(beats, *window) else Status.MISS_TECH
    mean_ms = float(ibi.ibi_ms[ibi.inside(*window)].mean()) if n_ibi >= _MIN_IBIS else None
    rows = (
        ("hr_bpm", None if mean_ms is None else heart_rate_bpm(mean_ms), n_ibi),
        ("ibi_ms", mean_ms, n_ibi),
        ("rmssd_ms", rmssd, n_pairs),
    )
    return tuple(
        AutonomicValue(name, value, n, ns_to_s(scorable_ns), coverage, absent if value is None else Status.OK)
        for name, value, n in rows
    )


def _rsa_value(
    beats: BeatSeries, epochs: list[HeartEpoch], episode: Episode, params: HeartParams
) -> AutonomicValue:
    valid = [epoch.rsa_ln_ms2 for epoch in epochs if epoch.rsa_ln_ms2 is not None]
    enough = len(valid) >= params.min_epochs or (
        bool(valid) and len(valid) >= params.min_valid_share * len(epochs)
    )
    status = Status.OK if enough else _why_no_rsa(beats, epochs, episode)
    scorable_s = len(valid) * params.epoch_s
    coverage = scorable_s / ns_to_s(episode.duration_ns)
    low, high = params.rsa.band_hz
    flags = (f"rsa={params.rsa.id}", f"band={low:g}-{high:g}Hz", f"epochs={len(valid)}/{len(epochs)}")
    value = float(np.mean(valid)) if enough else None
    return AutonomicValue("rsa_ln_ms2", value, len(valid), scorable_s, coverage, status, flags)


def _why_no_rsa(beats: BeatSeries, epochs: list[HeartEpoch], episode: Episode) -> Status:
    if not _has_beats(beats, episode.onset_ns, episode.offset_ns):
        return Status.MISS_TECH
    if epochs and all(epoch.status is Status.NA_CONST for epoch in epochs):
        return Status.NA_CONST
    return Status.MISS_LOWN
