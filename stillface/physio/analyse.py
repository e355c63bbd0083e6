"""One ECG recording without a study: beats, whole windows, and what should make one look twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillface.domain.autonomic import HeartEpoch
from stillface.domain.clock import ns_to_s
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.provenance import Json
from stillface.domain.recording import Signal
from stillface.physio.artefacts import ibi_series
from stillface.physio.beats import find_beats, missing_intervals
from stillface.physio.epochs import heart_epochs, heart_rate_bpm, whole_windows
from stillface.physio.params import HeartParams
from stillface.physio.rsa import filter_gain

__all__ = ["HeartAnalysis", "analyse_recording", "heart_warnings", "method_json"]

_FEW_OK = 0.5
_RHYTHM_S = 20.0
_LEAST_PERIOD_S = 0.025
# Real ECGs stay below 0.2 at lags shorter than a beat; one read ten times too fast reaches 0.4 and more.
_SAME_RHYTHM = 0.35


@dataclass(frozen=True, eq=False)
class HeartAnalysis:
    """What one ECG gives.

    Parameters
    ----------
    beats : BeatSeries
    epochs : tuple of HeartEpoch
        Whole windows from the first sample.
    missing : Intervals
        Session time without samples.
    params : HeartParams
    warnings : tuple of str
        Findings that a person should look at.
    """

    beats: BeatSeries
    epochs: tuple[HeartEpoch, ...]
    missing: Intervals
    params: HeartParams
    warnings: tuple[str, ...]


def analyse_recording(signal: Signal, *, preset: str | None = None, epoch_s: float = 30.0) -> HeartAnalysis:
    """Find the beats of an ECG and compute its whole windows.

    Parameters
    ----------
    signal : Signal
        Kind ``ecg``; its role implies plausible intervals and the RSA band.
    preset : str, optional
        RSA preset by name; required for a role that implies none, such as ``child``.
    epoch_s : float
        Length of a window.

    Raises
    ------
    InputError
        Not an ECG, or sampled too slowly.
    UsageError
        The role implies no preset, or there is none of that name.
    """
    params = HeartParams.for_role(signal.role, preset, epoch_s=epoch_s)
    beats = find_beats(signal, params)
    missing = missing_intervals(signal)
    epochs = heart_epochs(beats, whole_windows(*signal.span_ns, epoch_s), missing, params)
    return HeartAnalysis(beats, epochs, missing, params, heart_warnings(signal, beats, params))


def heart_warnings(signal: Signal, beats: BeatSeries, params: HeartParams) -> tuple[str, ...]:
    """Name what is implausible about an ECG and its beats, with numbers; nothing is changed for it."""
    missing = missing_intervals(signal)
    where, lines = f"{beats.role}/ecg", []
    span_s = ns_to_s(beats.observed_ns[1] - beats.observed_ns[0])
    if len(missing):
        lines.append(f"{where}: {ns_to_s(missing.total_ns):.3f} s of {span_s:.3f} s without samples")
    if beats.times_ns.size < 2:
        lines.append(f"{where}: {beats.times_ns.size} heart beats in {span_s:.1f} s: is this an ECG?")
        return tuple(lines)
    low, high = params.plausible_ibi_ms
    median_ms = float(np.median(np.diff(beats.times_ns))) / 1e6
    if not low <= median_ms <= high:
        lines.append(
            f"{where}: median interval {median_ms:.0f} ms ({heart_rate_bpm(median_ms):.0f} bpm) is outside "
            f"{low:.0f} to {high:.0f} ms: is the sampling rate right, and the role?"
        )
    period_ms = _fast_rhythm_ms(signal, low)
    if period_ms is not None:
        lines.append(
            f"{where}: it repeats every {period_ms:.0f} ms ({heart_rate_bpm(period_ms):.0f} per minute), "
            f"faster than a heart beats (interval at least {low:.0f} ms): is the sampling rate right?"
        )
    n_ok = int((beats.flags == BEAT_FLAGS.index("ok")).sum())
    if n_ok < _FEW_OK * beats.times_ns.size:
        lines.append(f"{where}: only {n_ok} of {beats.times_ns.size} beats are ok: noise, or a wrong rate")
    return tuple(lines)


def _fast_rhythm_ms(signal: Signal, shortest_ms: float) -> float | None:
    """Give the period of a rhythm too fast for a heart, which detectors would skip beats of."""
    from scipy.signal import butter, fftconvolve, sosfiltfilt

    rate_hz = float(signal.clock.rate_hz)
    edges = np.arange(signal.clock.n_samples + 1)
    runs = Intervals.from_mask(edges, signal.valid)
    if not len(runs):
        return None
    first = int(runs.onsets_ns[np.argmax(runs.durations_ns)])
    run = signal.values[first : first + min(int(runs.durations_ns.max()), round(_RHYTHM_S * rate_hz))]
    shortest, longest = round(_LEAST_PERIOD_S * rate_hz), round(0.7 * shortest_ms / 1000 * rate_hz)
    if run.size < 4 * longest or not np.ptp(run) > 0:
        return None
    sos = butter(3, (5.0, min(40.0, 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
    wave = sosfiltfilt(sos, run)
    overlap = fftconvolve(wave, wave[::-1])[wave.size - 1 :][: longest + 1]
    likeness = overlap / overlap[0]
    # A wave is like itself until it first turns over; only what comes back later is a rhythm.
    turned = np.flatnonzero(likeness < 0)
    begin = max(shortest, int(turned[0]) if turned.size else longest)
    best = begin + int(np.argmax(likeness[begin:])) if begin < longest else longest
    return best * 1000 / rate_hz if likeness[best] > _SAME_RHYTHM and best < longest else None


def method_json(beats: BeatSeries, missing: Intervals, params: HeartParams) -> dict[str, Json]:
    """Give what must stand beside every RSA value: source, parameters, and the filter's gain.

    ``gain`` holds pairs of frequency (Hz) and amplitude gain of the whole chain at this record's
    own mean interval.
    """
    ibi = ibi_series(beats, missing, params)
    mean_ms = float(ibi.ibi_ms[ibi.clean].mean()) if ibi.clean.any() else None
    frequencies = np.round(np.arange(0.02, params.rsa.rate_hz / 2, 0.02), 2)
    gain = filter_gain(params.rsa, frequencies, mean_ms)
    table: list[Json] = [[float(f), float(g)] for f, g in zip(frequencies, gain, strict=True)]
    return {
        "source": beats.source,
        "role": beats.role,
        "params": params.to_json(),
        "params_hash": params.hash,
        "mean_ibi_ms": mean_ms,
        "gain": table,
    }
