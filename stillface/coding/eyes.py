"""Eyes open, blinking or closed, against the person's own open eyes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.coding.smooth import run_bounds

__all__ = ["EyeLimits", "EyeState", "eye_state"]

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EyeLimits:
    """What counts as closed.

    Parameters
    ----------
    closed_below : float
        Share of the person's own open aperture. Measured on MediaPipe meshes: closed eyes read a
        third of open ones (a blink at 30 frames per second .42), a cry's narrowed eyes .57.
    lid_travel_ms : int
        How long before and after a closure the lids are on their way and hide part of the iris.
    always_closed_below : float
        Aperture that is closed for anybody (closed eyes read .09 to .12): a person who sleeps
        through the film has no open eyes to compare with.
    blink_max_ms : int
        A closure up to this long is a blink (adult blinks last 100 to 400 ms), a longer one is
        closed eyes.
    """

    closed_below: float = 0.48
    lid_travel_ms: int = 70
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
        Shut for a moment, or on the way there or back; shut for longer.
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
    travel_ns = limits.lid_travel_ms * 1_000_000
    for start, stop in zip(*run_bounds(openness < limits.closed_below), strict=True):
        if edges_ns[stop] - edges_ns[start] > limits.blink_max_ms * 1_000_000:
            closed[start:stop] = True
        first = np.searchsorted(edges_ns[:-1], edges_ns[start] - travel_ns)
        last = np.searchsorted(edges_ns[1:], edges_ns[stop] + travel_ns, side="right")
        blink[first:last] = True
    return EyeState(openness, blink & seen & ~closed, closed)
