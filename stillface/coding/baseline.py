"""The person's own neutral face, to which every feature is compared.

Choice: neutral frames are those whose mouth is least active (closed and narrow: both a smile and a
cry open or widen it), eyes open and head towards the camera, over all the episodes that were given
for learning. A percentile of the corner lift alone would call a smile neutral in a person who
smiles most of the time, and a cry in one who cries; the mouth's activity is high in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.coding.features import FaceFeatures
from stillface.domain.session import Episode

__all__ = ["Neutral", "NeutralLimits", "inside_episodes", "learn_neutral"]

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# The normal distribution's standard deviation over its median absolute deviation.
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class NeutralLimits:
    """How the neutral face is learned.

    Parameters
    ----------
    min_frames : int
        Fewer usable frames than this and there is no neutral face to compare with: nothing is
        coded. With 60, the least active 30 % still are 18.
    least_active_percent : float
        Share of the usable time, that with the least active mouth, that is taken as neutral. As
        the median of these is used, up to 80 % may be spent smiling, talking or crying.
    max_yaw_deg : float
        Head turns beyond this move the features by themselves.
    """

    min_frames: int = 60
    least_active_percent: float = 30.0
    max_yaw_deg: float = 25.0


@dataclass(frozen=True)
class Neutral:
    """A person's neutral face, or why there is none.

    Parameters
    ----------
    n_frames, needed : int
        Usable frames found and the smallest number that would do.
    centre : mapping of str to float
        Median of each feature over the neutral frames; empty when refused.
    spread : mapping of str to float
        Standard deviation of each feature there, from the median absolute deviation.
    """

    n_frames: int
    needed: int
    centre: dict[str, float]
    spread: dict[str, float]

    @property
    def accepted(self) -> bool:
        """Whether there was enough to learn from."""
        return bool(self.centre)

    @property
    def reason(self) -> str:
        """One line for the person who wonders why nothing was coded; empty when accepted."""
        if self.accepted:
            return ""
        return (
            f"no neutral face: {self.n_frames} usable frames (eyes open, facing the camera), "
            f"{self.needed} needed"
        )


def inside_episodes(edges_ns: Int64, episodes: tuple[Episode, ...]) -> Mask:
    """Tell which frames begin inside one of the episodes; all of them where none is given."""
    onsets = edges_ns[:-1]
    if not episodes:
        return np.ones(onsets.size, np.bool_)
    inside = [(onsets >= episode.onset_ns) & (onsets < episode.offset_ns) for episode in episodes]
    return np.asarray(np.logical_or.reduce(inside))


def learn_neutral(
    features: FaceFeatures,
    usable: Mask,
    edges_ns: Int64,
    limits: NeutralLimits,
    mouth_scale: tuple[float, float],
) -> Neutral:
    """Learn the neutral face from usable frames.

    Parameters
    ----------
    features : FaceFeatures
    usable : array of bool, shape (n,)
        Codable, eyes open, towards the camera, inside the episodes for learning.
    edges_ns : array of int64, shape (n + 1,)
        Frame borders: a long frame counts for as much time as it lasts.
    limits : NeutralLimits
    mouth_scale : (float, float)
        What counts as one unit of mouth opening and of mouth width.
    """
    n_frames = int(usable.sum())
    if n_frames < limits.min_frames:
        return Neutral(n_frames, limits.min_frames, {}, {})
    activity = features.mouth_open / mouth_scale[0] + features.mouth_width / mouth_scale[1]
    order = np.flatnonzero(usable)[np.argsort(activity[usable], kind="stable")]
    passed = np.cumsum(np.diff(edges_ns)[order], dtype=np.float64)
    percent = 100 * passed / passed[-1]
    # The frame that reaches into the share belongs to it: a single long one may be all of it.
    band = order[: int(np.searchsorted(percent, limits.least_active_percent)) + 1]
    centre, spread = {}, {}
    for name in FaceFeatures.names():
        values = getattr(features, name)[band]
        centre[name] = float(np.median(values))
        spread[name] = float(_MAD_TO_SD * np.median(np.abs(values - centre[name])))
    return Neutral(n_frames, limits.min_frames, centre, spread)
