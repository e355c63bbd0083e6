"""Where the partner is, in the person's own gaze directions: learned from the play episode, or a prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.errors import UsageError

__all__ = ["PartnerDirection", "PartnerLimits", "learn_partner"]

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PartnerLimits:
    """How the partner's direction is learned.

    Parameters
    ----------
    reference_episodes : tuple of str
        Episodes preferred for learning: during play most looking is at the partner, in the still
        face it need not be. Where none of them was run, all episodes given.
    min_frames : int
        Fewer usable frames than this and nothing is coded.
    side_deg : float
        Prior for a partner at the side of the picture; a mesh reads turned heads short.
    window_deg : float
        Width of the window whose share of time is a direction's weight.
    min_share : float
        The commonest direction must hold at least this share of the time ...
    max_rival_share : float
        ... and no direction more than ``rival_apart_deg`` from it more than this share of that:
        otherwise it is not separate, and the prior stands.
    rival_apart_deg : float
    reach_deg : float
        A mode further than this from the prior is something else that the person looks at.
    """

    reference_episodes: tuple[str, ...] = ("PL",)
    min_frames: int = 60
    side_deg: float = 40.0
    window_deg: float = 12.0
    min_share: float = 0.35
    max_rival_share: float = 0.6
    rival_apart_deg: float = 20.0
    reach_deg: float = 20.0


@dataclass(frozen=True)
class PartnerDirection:
    """Direction of the partner on the scale of the person's own gaze readings.

    Parameters
    ----------
    yaw_deg, pitch_deg : float
        0 and not to be used where not accepted.
    learned : bool
        From the film, or the prior of geometry.
    n_frames, needed : int
        Usable frames, and the smallest number that would do.
    reason : str
        Why the prior stands, or why eyes and mesh tell nothing; empty when learned.
    """

    yaw_deg: float
    pitch_deg: float
    learned: bool
    n_frames: int
    needed: int
    reason: str

    @property
    def accepted(self) -> bool:
        """Whether there were enough frames to code by eyes and mesh."""
        return self.n_frames >= self.needed


def learn_partner(
    yaw_deg: Float64, pitch_deg: Float64, durations_ns: Int64, partner_toward: str, limits: PartnerLimits
) -> PartnerDirection:
    """Find the direction in which the person looks most, and judge whether it can be the partner.

    Parameters
    ----------
    yaw_deg, pitch_deg : array of float64, shape (n,)
        Finite gaze directions of the usable frames.
    durations_ns : array of int64, shape (n,)
        How long each frame lasts.
    partner_toward : {'camera', 'left', 'right'}
    limits : PartnerLimits

    Raises
    ------
    UsageError
        ``partner_toward`` is none of the three.
    """
    priors = {"camera": 0.0, "left": -limits.side_deg, "right": limits.side_deg}
    if partner_toward not in priors:
        raise UsageError(
            "no such place for the partner",
            where="partner_toward",
            got=partner_toward,
            expected="camera, left or right",
        )
    prior, n = priors[partner_toward], int(yaw_deg.size)
    if n < limits.min_frames:
        reason = f"too few frames to read gaze: {n} usable (eyes open), {limits.min_frames} needed"
        return PartnerDirection(0.0, 0.0, False, n, limits.min_frames, reason)
    mode, reason = _mode(yaw_deg, durations_ns, prior, limits)
    if reason:
        # Pitch has no prior worth the name: a camera above or below the partner shifts it.
        level = float(np.median(pitch_deg))
        return PartnerDirection(prior, level, False, n, limits.min_frames, reason)
    near = np.abs(yaw_deg - mode) <= limits.window_deg / 2
    centre, level = float(np.median(yaw_deg[near])), float(np.median(pitch_deg[near]))
    return PartnerDirection(centre, level, True, n, limits.min_frames, "")


def _mode(yaw_deg: Float64, durations_ns: Int64, prior: float, limits: PartnerLimits) -> tuple[float, str]:
    """Give the commonest direction, and why it cannot be the partner's (empty if it can)."""
    order = np.argsort(yaw_deg, kind="stable")
    yaw = yaw_deg[order]
    passed = np.concatenate(([0.0], np.cumsum(durations_ns[order], dtype=np.float64)))
    low = np.searchsorted(yaw, yaw - limits.window_deg / 2, side="left")
    high = np.searchsorted(yaw, yaw + limits.window_deg / 2, side="right")
    share = (passed[high] - passed[low]) / passed[-1]
    best = int(np.argmax(share))
    mode, held = float(yaw[best]), float(share[best])
    rivals = share[np.abs(yaw - mode) > limits.rival_apart_deg]
    rival = float(rivals.max()) if rivals.size else 0.0
    if held < limits.min_share:
        return mode, f"no direction is common: the commonest holds {held:.0%} of the time"
    if rival > limits.max_rival_share * held:
        return mode, f"two directions are common: {held:.0%} and {rival:.0%} of the time"
    off = abs(mode - prior)
    if off > limits.reach_deg:
        return mode, f"the commonest direction is {off:.0f} degrees from where the partner is said to be"
    return mode, ""
