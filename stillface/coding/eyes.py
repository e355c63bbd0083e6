"""Eyes open, blinking or closed, against the person's own open eyes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.coding.smooth import hysteresis, run_bounds

__all__ = ["EyeLimits", "EyeState", "eye_state"]

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EyeLimits:
    """What counts as closed.

    Parameters
    ----------
    closed_below, open_above : float
        Share of the person's own open aperture. Measured on MediaPipe meshes: closed eyes read
        about a third of open ones, a cry's narrowed eyes about .57.
    always_closed_below : float
        Aperture that is closed for anybody (closed eyes read .09 to .12): a person who sleeps
        through the film has no open eyes to compare with.
    blink_max_ms : int
        A closure up to this long is a blink (adult blinks last 100 to 400 ms), a longer one is
        closed eyes.
    """

    closed_below: float = 0.45
    open_above: float = 0.55
    always_closed_below: float = 0.12
    blink_max_ms: int = 400


@dataclass(frozen=True, eq=False)
class EyeState:
    """Per frame; n is the number of frames.

    Parameters
    ----------
    openness : array of float64, shape (n,)
        Aperture over the person's own open aperture; NaN where not seen.
    blink, closed : array of bool, shape (n,)
        Shut for a moment, shut for longer.
    """

    openness: Float64
    blink: Mask
    closed: Mask


def eye_state(aperture: Float64, edges_ns: Int64, limits: EyeLimits) -> EyeState:
    """Tell blinks from closed eyes.

    Parameters
    ----------
    aperture : array of float64, shape (n,)
        ``FaceFeatures.eye_aperture``; NaN where not seen.
    edges_ns : array of int64, shape (n + 1,)
        Frame borders.
    limits : EyeLimits
    """
    seen = np.isfinite(aperture)
    blink, closed = np.zeros(aperture.size, np.bool_), np.zeros(aperture.size, np.bool_)
    if not bool(seen.any()):
        return EyeState(np.full(aperture.size, np.nan), blink, closed)
    # A high percentile: eyes may be closed for most of the film, and wide open only at times.
    open_level = max(
        float(np.percentile(aperture[seen], 80)), limits.always_closed_below / limits.closed_below
    )
    openness = aperture / open_level
    shut = hysteresis(-openness, -limits.closed_below, -limits.open_above)
    for start, stop in zip(*run_bounds(shut), strict=True):
        lasting = edges_ns[stop] - edges_ns[start] > limits.blink_max_ms * 1_000_000
        (closed if lasting else blink)[start:stop] = True
    return EyeState(openness, blink, closed)
