"""Where exactly the beat is that a person points at: the same refinement as for detected beats."""

from __future__ import annotations

import numpy as np

from stillface.domain.clock import NS_PER_S
from stillface.domain.events import BeatSeries
from stillface.domain.recording import Signal
from stillface.physio.beats import _QRS_HZ, _polarity, _refine, _Run, _session_ns

__all__ = ["place_beat"]

# Far enough for the band-pass to have forgotten where the piece was cut out.
_AROUND_S = 4.0


def place_beat(signal: Signal, time_ns: int, beats: BeatSeries) -> int | None:
    """Give the time of the R-peak within 40 ms of a place.

    Parameters
    ----------
    signal : Signal
        Kind ``ecg``.
    time_ns : int
        Session time that was pointed at.
    beats : BeatSeries
        Beats nearby tell whether the R-wave points up or down.

    Returns
    -------
    int or None
        None where the signal has no samples, or no peak.
    """
    from scipy.signal import butter, sosfiltfilt

    rate_hz = float(signal.clock.rate_hz)
    sample = signal.clock.sample_at(int(signal.clock_map.to_local(time_ns)))
    if sample is None or not signal.valid[sample]:
        return None
    reach = round(_AROUND_S * rate_hz)
    low, high = max(0, sample - reach), min(signal.clock.n_samples, sample + reach)
    holes = np.flatnonzero(~signal.valid[low:high]) + low
    first = int(holes[holes < sample].max(initial=low - 1)) + 1
    last = int(holes[holes > sample].min(initial=high))
    raw = signal.values[first:last]
    if raw.size < round(rate_hz) or not np.ptp(raw) > 0:
        return None
    sos = butter(3, (_QRS_HZ[0], min(_QRS_HZ[1], 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
    qrs = sosfiltfilt(sos, raw)
    local = np.asarray(signal.clock_map.to_local(beats.times_ns)) - signal.clock.start_ns
    known = np.rint(local * (rate_hz / NS_PER_S)).astype(np.int64) - first
    votes = np.full(1, 3, np.int8)
    near = known[(known >= 0) & (known < qrs.size)]
    sign = _polarity([_Run(first, qrs, near, np.full(near.size, 3, np.int8))], rate_hz)
    found, _, _ = _refine(_Run(first, qrs, np.array([sample - first]), votes), sign, rate_hz)
    return int(_session_ns(found, signal)[0]) if found.size else None
