"""One clock map per device from moments that both the device and the session clock saw."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from stillface.domain.clock import NS_PER_S, ClockMap
from stillface.domain.recording import SignalRecording, SyncMark
from stillface.errors import InputError

__all__ = ["SyncFit", "fit_clock_map"]

# A mark is outlying beyond this many robust standard deviations, but never within one video frame.
_OUTLYING_SD = 5.0
_OUTLYING_MS = 40.0
_MAD_TO_SD = 1.4826
_MAX_DRIFT_PPM = 50_000.0
_NS_PER_MS = 1e6


@dataclass(frozen=True)
class SyncFit:
    """A clock map, how far each mark lies from it, and which mark stands out.

    Parameters
    ----------
    clock_map : ClockMap
    residuals_ms : tuple of float
        Session time of each mark minus the map's, in the marks' order.
    notes : tuple of str
        Outlying marks, and what the number of marks left undetermined.
    """

    clock_map: ClockMap
    residuals_ms: tuple[float, ...]
    notes: tuple[str, ...]


def fit_clock_map(recording: SignalRecording) -> SyncFit:
    """Fit offset and drift to a recording's declared marks.

    Two marks or more give both, by the Theil-Sen line, so that one wrong mark moves neither; one
    mark gives the offset and keeps the declared drift; without marks the declared map stands.

    Parameters
    ----------
    recording : SignalRecording

    Returns
    -------
    SyncFit
        ``residual_ms`` of the map is the largest distance of a mark, outlying ones included; None
        below three marks, where a line fits by construction and nothing is measured.

    Raises
    ------
    InputError
        Two marks at one device time, or a drift beyond 5 %: the marks are not paired rightly.
    """
    marks, declared = recording.sync_marks, recording.clock_map
    if not marks:
        return SyncFit(declared, (), ())
    where = f"SignalRecording[{recording.id}].sync_marks"
    if len(marks) == 1:
        unmoved = ClockMap(0, declared.drift_ppm, "marks", 1)
        offset = marks[0].session_ns - int(unmoved.to_session(marks[0].device_ns))
        note = f"{where}: one mark only: offset known, drift not measured"
        return SyncFit(ClockMap(offset, declared.drift_ppm, "marks", 1), (0.0,), (note,))
    drift_ppm = _drift_ppm(marks, where)
    device = np.array([mark.device_ns for mark in marks], dtype=np.int64)
    session = np.array([mark.session_ns for mark in marks], dtype=np.int64)
    apart = session - ClockMap(0, drift_ppm).to_session(device)
    # Small numbers before the median: the offset itself may be years in nanoseconds.
    offset = int(apart[0]) + round(float(np.median(apart - apart[0])))
    residuals = (apart - offset) / _NS_PER_MS
    measured = float(np.abs(residuals).max()) if len(marks) > 2 else None
    fitted = ClockMap(offset, drift_ppm, "marks", len(marks), measured)
    return SyncFit(fitted, tuple(residuals.tolist()), _notes(marks, residuals, where))


def _drift_ppm(marks: tuple[SyncMark, ...], where: str) -> float:
    slopes = []
    for (i, a), (j, b) in combinations(enumerate(marks), 2):
        device_ns = b.device_ns - a.device_ns
        if device_ns == 0:
            raise InputError(
                "two marks at one device time",
                where=f"{where}[{j}]",
                got=f"{b.device_ns / NS_PER_S:g} s, as mark {i}",
                expected="different moments",
            )
        slopes.append((b.session_ns - a.session_ns - device_ns) / device_ns)
    drift_ppm = float(np.median(slopes)) * 1e6
    if abs(drift_ppm) > _MAX_DRIFT_PPM:
        raise InputError(
            "the marks do not fit one clock",
            where=where,
            got=f"drift {drift_ppm:.0f} ppm",
            expected=f"within {_MAX_DRIFT_PPM:.0f} ppm",
            fix="check that device and session times are paired rightly, both in seconds",
        )
    return drift_ppm


def _notes(
    marks: tuple[SyncMark, ...], residuals_ms: np.ndarray[tuple[int], np.dtype[np.float64]], where: str
) -> tuple[str, ...]:
    if len(marks) == 2:
        return (f"{where}: two marks only: offset and drift known, their error is not",)
    spread = _MAD_TO_SD * float(np.median(np.abs(residuals_ms)))
    limit = max(_OUTLYING_SD * spread, _OUTLYING_MS)
    return tuple(
        f"{where}[{k}]: the mark at {marks[k].session_ns / NS_PER_S:.3f} s lies {residual:+.1f} ms "
        "from the line of the others"
        for k, residual in enumerate(residuals_ms.tolist())
        if abs(residual) > limit
    )
