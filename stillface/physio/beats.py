"""R-peaks of an ECG: candidates from three detectors, refined on the raw signal.

The detectors are NeuroKit2's ``neurokit``, ``kalidas2017`` and ``rodrigues2021``: of fourteen tried
on adult, noisy and infant records these keep finding infants' beats (docs/explanation/physiology.md).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.contracts.registry import missing_extra
from stillface.domain.clock import NS_PER_S
from stillface.domain.events import BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.recording import Signal
from stillface.errors import InputError
from stillface.physio.artefacts import classify
from stillface.physio.params import HeartParams

__all__ = ["SOURCE", "find_beats", "missing_intervals"]

SOURCE = "auto:ecg_vote@1"

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_MIN_RATE_HZ = 100.0
# The adaptive thresholds need some beats to settle on.
_MIN_RUN_S = 3.0
_SETTLE_S = 4.0
_QRS_HZ = (5.0, 40.0)
# Detectors may see beats this much closer than the shortest plausible interval.
_REFRACTORY_SHARE = 0.75
_WANDER_HZ = 0.5
_CUT = 1.2
_REFINE_S = 0.040
_SAME_BEAT_S = 0.050
_TEMPLATE_S = 0.060
# A beat that only two detectors saw must look like the others; one that all saw may look a little odd.
_MIN_LIKENESS = {3: 0.6, 2: 0.85}
_TEMPLATE_BEATS = 500


@dataclass(frozen=True, eq=False)
class _Run:
    """A stretch of valid samples with its candidates."""

    first: int
    qrs: Floats
    """Band-passed signal, in phase with the raw one."""
    candidates: Int64
    votes: npt.NDArray[np.int8]


def find_beats(signal: Signal, params: HeartParams) -> BeatSeries:
    """Detect, refine and flag the beats of an ECG.

    Parameters
    ----------
    signal : Signal
        Kind ``ecg``, at least 100 Hz. Invalid stretches are never bridged.
    params : HeartParams

    Returns
    -------
    BeatSeries
        On the session clock; every detected beat is there, none is inserted.

    Raises
    ------
    InputError
        Not an ECG, or sampled too slowly.
    MissingExtraError
        NeuroKit2 is not installed.
    """
    rate_hz = float(signal.clock.rate_hz)
    if signal.kind != "ecg":
        raise InputError("not an ECG", where=f"{signal.role}/{signal.kind}", got=signal.kind, expected="ecg")
    if rate_hz < _MIN_RATE_HZ:
        raise InputError(
            "sampled too slowly to time heart beats",
            where=f"{signal.role}/{signal.kind}",
            got=f"{rate_hz:g} Hz",
            expected=f"at least {_MIN_RATE_HZ:g} Hz",
            fix="check that rate_hz or the time column is in seconds",
        )
    refractory_s = _REFRACTORY_SHARE * params.plausible_ibi_ms[0] / 1000
    runs = [
        _candidates(signal.values[a:b], a, rate_hz, refractory_s) for a, b in _valid_runs(signal, rate_hz)
    ]
    sign = _polarity(runs, rate_hz)
    found = [_refine(run, sign, rate_hz) for run in runs]
    position = np.concatenate([run[0] for run in found]) if found else np.empty(0)
    votes = np.concatenate([run[1] for run in found]) if found else np.empty(0, np.int8)
    snips = np.concatenate([run[2] for run in found]) if found else np.empty((0, 1))
    times_ns = _session_ns(position, signal)
    # Two peaks in one nanosecond cannot be: the refinement met at one place.
    keep = np.concatenate(([True], np.diff(times_ns) > 0)) if times_ns.size else np.empty(0, np.bool_)
    doubtful = _unlike(snips, votes)[keep]
    missing = missing_intervals(signal)
    flags = classify(times_ns[keep], doubtful, missing, params)
    return BeatSeries(signal.role, times_ns[keep], flags, signal.span_ns, SOURCE)


def missing_intervals(signal: Signal) -> Intervals:
    """Give the session time inside the recording for which there are no samples."""
    edges = np.arange(signal.clock.n_samples + 1)
    runs = Intervals.from_mask(edges, ~signal.valid)
    if not len(runs):
        return Intervals.empty()
    at = signal.clock_map.to_session
    return Intervals(at(signal.clock.time_ns(runs.onsets_ns)), at(signal.clock.time_ns(runs.offsets_ns)))


def _valid_runs(signal: Signal, rate_hz: float) -> list[tuple[int, int]]:
    edges = np.arange(signal.clock.n_samples + 1)
    return [
        (a, b)
        for a, b in Intervals.from_mask(edges, signal.valid)
        if b - a >= _MIN_RUN_S * rate_hz and np.ptp(signal.values[a:b]) > 0
    ]


def _candidates(raw: Floats, first: int, rate_hz: float, refractory_s: float) -> _Run:
    from scipy.signal import butter, sosfiltfilt

    sos = butter(3, (_QRS_HZ[0], min(_QRS_HZ[1], 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
    qrs = sosfiltfilt(sos, raw)
    reach = round(_REFINE_S * rate_hz)
    # The thresholds begin at nothing, where anything is a beat: let them settle on a mirror image.
    lead = min(raw.size - 1, round(_SETTLE_S * rate_hz))
    mirrored = np.pad(_levelled(raw, qrs, rate_hz), lead, mode="reflect")
    found = [peaks - lead for peaks in _detect(mirrored, rate_hz, refractory_s)]
    inside = [peaks[(peaks >= 0) & (peaks < raw.size)] for peaks in found]
    seen = [_climb(np.abs(qrs), peaks, reach) for peaks in inside]
    where = np.concatenate(seen)
    who = np.repeat(np.arange(len(seen)), [peaks.size for peaks in seen])
    order = np.argsort(where, kind="stable")
    where, who = where[order], who[order]
    if not where.size:
        return _Run(first, qrs, np.empty(0, np.int64), np.empty(0, np.int8))
    starts = np.flatnonzero(np.diff(where, prepend=-(10**9)) > _SAME_BEAT_S * rate_hz)
    groups = np.split(np.arange(where.size), starts[1:])
    votes = np.array([len(set(who[group].tolist())) for group in groups], np.int8)
    centres = np.array([where[group][np.argmax(np.abs(qrs[where[group]]))] for group in groups], np.int64)
    agreed = votes >= 2
    return _Run(first, qrs, centres[agreed], votes[agreed])


def _levelled(raw: Floats, qrs: Floats, rate_hz: float) -> Floats:
    """Give the signal without its wander, cut where it is larger than beats are.

    After a burst of movement the detectors' thresholds stay high for many beats; cut, it cannot
    raise them. Peaks are timed on the raw signal later.
    """
    from scipy.signal import butter, sosfiltfilt

    level = sosfiltfilt(butter(2, _WANDER_HZ, "highpass", fs=rate_hz, output="sos"), raw)
    second = round(rate_hz)
    usual = float(np.median(np.abs(qrs[: qrs.size // second * second]).reshape(-1, second).max(axis=1)))
    return np.asarray(np.clip(level, -_CUT * usual, _CUT * usual))


def _detect(ecg: Floats, rate_hz: float, refractory_s: float) -> list[Int64]:
    """Give the peaks of each detector as sample addresses, sorted."""
    # The library warns of its own imports, and on flat stretches, where it divides by local spread; what
    # it then finds there is voted down here.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            from neurokit2.ecg import ecg_clean, ecg_findpeaks
        except ModuleNotFoundError as error:
            raise missing_extra(error, needed_for="finding heart beats") from error
        clean = ecg_clean(ecg, sampling_rate=rate_hz, method="neurokit")
        peaks = [
            ecg_findpeaks(clean, sampling_rate=rate_hz, method="neurokit", mindelay=refractory_s),
            # It sees no two beats within its own 0.3 s: a crying infant's every second one. Told a
            # lower rate it waits less; its wavelet counts in samples and does not change.
            ecg_findpeaks(ecg, sampling_rate=rate_hz * refractory_s / 0.3, method="kalidas2017"),
            ecg_findpeaks(clean, sampling_rate=rate_hz, method="rodrigues2021"),
        ]
    return [np.unique(np.asarray(part["ECG_R_Peaks"], dtype=np.int64)) for part in peaks]


def _climb(height: Floats, peaks: Int64, reach: int) -> Int64:
    """Move each peak to the highest sample within ``reach``; duplicates become one."""
    if not peaks.size:
        return peaks
    offsets = np.arange(-reach, reach + 1)
    around = np.clip(peaks[:, None] + offsets, 0, height.size - 1)
    best = np.argmax(height[around], axis=1)
    return np.asarray(np.unique(around[np.arange(peaks.size), best]), dtype=np.int64)


def _polarity(runs: list[_Run], rate_hz: float) -> float:
    """Tell whether the R-wave points up (1) or down (-1): one answer for the whole recording."""
    reach = round(_REFINE_S * rate_hz)
    up, down = [], []
    for run in runs:
        inner = run.candidates[(run.candidates >= reach) & (run.candidates < run.qrs.size - reach)]
        around = run.qrs[inner[:, None] + np.arange(-reach, reach + 1)]
        up.append(around.max(axis=1))
        down.append(-around.min(axis=1))
    if not up or not sum(part.size for part in up):
        return 1.0
    return 1.0 if np.median(np.concatenate(up)) >= np.median(np.concatenate(down)) else -1.0


def _refine(run: _Run, sign: float, rate_hz: float) -> tuple[Floats, npt.NDArray[np.int8], Floats]:
    """Give sub-sample positions, votes and the wave around each beat."""
    height = sign * run.qrs
    peaks = run.candidates
    reach, half = round(_REFINE_S * rate_hz), round(_TEMPLATE_S * rate_hz)
    moved = np.empty_like(peaks)
    for k, peak in enumerate(peaks.tolist()):
        moved[k] = _climb(height, np.array([peak]), reach)[0]
    inner = (moved >= 1) & (moved < height.size - 1)
    moved, votes = moved[inner], run.votes[inner]
    left, middle, right = height[moved - 1], height[moved], height[moved + 1]
    bend = left - 2 * middle + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1.0), 0.0)
    around = np.clip(moved[:, None] + np.arange(-half, half + 1), 0, height.size - 1)
    return run.first + moved + np.clip(shift, -0.5, 0.5), votes, height[around]


def _session_ns(position: Floats, signal: Signal) -> Int64:
    whole = np.floor(position).astype(np.int64)
    part_ns = np.rint((position - whole) * (NS_PER_S / float(signal.clock.rate_hz))).astype(np.int64)
    times: Int64 = signal.clock_map.to_session(signal.clock.time_ns(whole) + part_ns)
    return times


def _unlike(snips: Floats, votes: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Tell which beats do not look like the record's own median beat; shape (n,)."""
    if not votes.size:
        return np.empty(0, np.bool_)
    spaced = np.linspace(0, votes.size - 1, min(votes.size, _TEMPLATE_BEATS)).astype(np.int64)
    template = np.median(snips[spaced], axis=0)
    likeness = _correlation(snips, template)
    needed = np.where(votes >= 3, _MIN_LIKENESS[3], _MIN_LIKENESS[2])
    return np.asarray(likeness < needed)


def _correlation(rows: Floats, template: Floats) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    own = template - template.mean()
    norm = np.linalg.norm(centred, axis=1) * np.linalg.norm(own)
    return np.asarray(np.where(norm > 0, centred @ own / np.where(norm > 0, norm, 1.0), 0.0))
