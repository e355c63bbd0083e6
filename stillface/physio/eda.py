"""Skin conductance: level, and responses counted from trough to peak in absolute microsiemens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.autonomic import AutonomicEpisode, AutonomicValue
from stillface.domain.clock import ns_to_s
from stillface.domain.intervals import Intervals
from stillface.domain.recording import Signal
from stillface.domain.results import Status
from stillface.domain.session import Episode
from stillface.errors import InputError
from stillface.physio.params import EdaParams

__all__ = ["SOURCE", "Responses", "eda_summaries", "find_responses"]

SOURCE = "auto:eda_trough_to_peak@1"

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_MICROSIEMENS = ("us", "µs", "μs", "microsiemens", "usiemens", "µmho", "umho")
# The filter and the search for responses need some seconds of signal.
_MIN_RUN_S = 5.0
# A fall this small a part of the threshold inside a rise is ripple, not its end.
_RIPPLE_SHARE = 0.1
# A response begins where the slope reaches this share of its steepest.
_FOOT_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Responses:
    """Skin conductance responses.

    Parameters
    ----------
    onsets_ns, peaks_ns : array of int64, shape (n,)
        Trough and peak on the session clock.
    amplitudes_us : array of float64, shape (n,)
    """

    onsets_ns: Int64
    peaks_ns: Int64
    amplitudes_us: Floats


def find_responses(signal: Signal, params: EdaParams) -> Responses:
    """Find responses in each stretch of valid samples.

    Parameters
    ----------
    signal : Signal
        Kind ``eda`` in microsiemens.
    params : EdaParams

    Raises
    ------
    InputError
        Another kind or unit: the threshold is absolute.
    """
    _refuse_unit(signal)
    found: list[tuple[int, int, float]] = []
    for first, stop in _valid_runs(signal):
        smooth, step = _smooth(signal, first, stop, params)
        for start, peak in _rises(smooth, params.min_amplitude_us * _RIPPLE_SHARE):
            trough = _foot(smooth, start, peak)
            amplitude = float(smooth[peak] - smooth[trough])
            rise_s = (peak - trough) * step / float(signal.clock.rate_hz)
            if amplitude >= params.min_amplitude_us and params.rise_s[0] <= rise_s <= params.rise_s[1]:
                found.append((first + trough * step, first + peak * step, amplitude))
    samples = np.array([row[:2] for row in found], dtype=np.int64).reshape(-1, 2)
    times = signal.clock_map.to_session(signal.clock.time_ns(samples))
    return Responses(times[:, 0], times[:, 1], np.array([row[2] for row in found]))


def eda_summaries(
    signal: Signal, episodes: Iterable[Episode], params: EdaParams
) -> tuple[AutonomicEpisode, ...]:
    """Summarise each episode: ``scl_us`` (mean level) and ``scr_per_min`` (per valid minute).

    A response belongs to the episode in which it peaks.
    """
    responses = find_responses(signal, params)
    times, out = signal.times_ns, []
    for episode in episodes:
        a, b = np.searchsorted(times, (episode.onset_ns, episode.offset_ns))
        used = signal.valid[a:b]
        n_samples = int(used.sum())
        scorable_s = n_samples / float(signal.clock.rate_hz)
        coverage = min(1.0, scorable_s / ns_to_s(episode.duration_ns))
        level, rate, n_responses, status = None, None, 0, Status.MISS_TECH
        if n_samples:
            status = Status.OK
            level = float(signal.values[a:b][used].mean())
            peaks = responses.peaks_ns
            n_responses = int(((peaks >= episode.onset_ns) & (peaks < episode.offset_ns)).sum())
            rate = 60 * n_responses / scorable_s
        threshold = (f"scr>={params.min_amplitude_us:g}uS",)
        values = (
            AutonomicValue("scl_us", level, n_samples, scorable_s, coverage, status),
            AutonomicValue("scr_per_min", rate, n_responses, scorable_s, coverage, status, threshold),
        )
        out.append(AutonomicEpisode(signal.role, episode.id, SOURCE, values, params.hash))
    return tuple(out)


def _refuse_unit(signal: Signal) -> None:
    where = f"{signal.role}/{signal.kind}"
    if signal.kind != "eda":
        raise InputError("not skin conductance", where=where, got=signal.kind, expected="eda")
    if signal.unit.strip().lower() not in _MICROSIEMENS:
        raise InputError(
            "skin conductance must be in microsiemens",
            where=where,
            got=signal.unit or "no unit",
            expected="uS",
            fix="declare unit: uS, after converting raw counts with the device's own formula",
        )


def _valid_runs(signal: Signal) -> list[tuple[int, int]]:
    edges = np.arange(signal.clock.n_samples + 1)
    least = _MIN_RUN_S * float(signal.clock.rate_hz)
    return [(a, b) for a, b in Intervals.from_mask(edges, signal.valid) if b - a >= least]


def _smooth(signal: Signal, first: int, stop: int, params: EdaParams) -> tuple[Floats, int]:
    """Give the low-passed signal thinned to about ``rate_hz``, and the thinning."""
    from scipy.signal import butter, sosfiltfilt

    rate_hz = float(signal.clock.rate_hz)
    edge_hz = min(params.low_pass_hz, 0.45 * rate_hz)
    sos = butter(2, edge_hz, "lowpass", fs=rate_hz, output="sos")
    step = max(1, int(rate_hz / params.rate_hz))
    return np.asarray(sosfiltfilt(sos, signal.values[first:stop]))[::step], step


def _foot(x: Floats, trough: int, peak: int) -> int:
    """Give where the steep part of a rise begins: a level that drifts upwards is not part of it."""
    slope = np.diff(x[trough : peak + 1])
    steepest = int(np.argmax(slope))
    gentle = np.flatnonzero(slope[:steepest] <= _FOOT_SHARE * slope[steepest])
    return trough + (int(gentle[-1]) + 1 if gentle.size else 0)


def _rises(x: Floats, ripple: float) -> list[tuple[int, int]]:
    """Give ``(trough, peak)`` of every rise that a fall of more than ``ripple`` ends."""
    rises: list[tuple[int, int]] = []
    trough = peak = 0
    rising = False
    for k, value in enumerate(x.tolist()):
        if rising:
            if value >= x[peak]:
                peak = k
            elif x[peak] - value > ripple:
                rises.append((trough, peak))
                rising, trough = False, k
        elif value <= x[trough]:
            trough = k
        elif value - x[trough] > ripple:
            rising, peak = True, k
    return rises
