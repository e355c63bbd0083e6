"""Gaze by the turn of the head alone, for faces in profile that no mesh can read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.coding.limits import above
from stillface.coding.smooth import hysteresis, time_median
from stillface.domain.faces import FaceStatus, FaceTrack

__all__ = ["HeadTurnLimits", "TurnReading", "read_head_turn"]

Float64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Sign of a turn towards the partner; a partner at the camera has none.
_SIDES = {"left": -1.0, "right": 1.0}


@dataclass(frozen=True)
class HeadTurnLimits:
    """How a turn of the head is taken for a direction of gaze.

    Parameters
    ----------
    enter, leave : float
        A head is turned where its turn goes beyond ``leave`` box widths and somewhere in that run
        beyond ``enter``. .35 told heads turned to the partner from others with kappa .81 to 1.00 on
        four persons of public clips, one rater, labels of head direction from thumbnails.
    cap : float
        Highest confidence. It stands for how well a head's turn can be read, and not for gaze: eyes
        may rest on a toy between the two or be closed, and in profile nobody can tell.
    """

    enter: float = 0.40
    leave: float = 0.35
    cap: float = 0.4

    def __post_init__(self) -> None:
        above("HeadTurnLimits", "leave", self.leave, 0)
        above("HeadTurnLimits", "enter", self.enter, self.leave)


@dataclass(frozen=True, eq=False)
class TurnReading:
    """What the head's turn says, per frame; n is the number of frames.

    Parameters
    ----------
    partner, away : array of bool, shape (n,)
        Turned to the partner; turned elsewhere. Both false where it cannot be told.
    margin : array of float64, shape (n,)
        How far beyond the border, in [0, 1].
    """

    partner: Mask
    away: Mask
    margin: Float64


def read_head_turn(
    face: FaceTrack, told: Mask, partner_toward: str, window_ns: int, limits: HeadTurnLimits
) -> TurnReading:
    """Tell from the head's turn whether it faces the partner.

    Parameters
    ----------
    face : FaceTrack
    told : array of bool, shape (n,)
        Frames that mesh and eyes have already told.
    partner_toward : {'camera', 'left', 'right'}
        With the partner at a side, a head turned there faces the partner and any other does not.
        With the partner at the camera, a head turned to either side is away, and one that is not
        turned cannot be told: the mesh failed for another reason.
    window_ns : int
        Median window.
    limits : HeadTurnLimits
    """
    known = (face.turn_known == 1) & np.isin(face.status, (FaceStatus.CODABLE, FaceStatus.TURNED_AWAY))
    turn = np.where(known, face.turn.astype(np.float64), np.nan)
    turn = time_median(turn, face.clock.edges_ns, window_ns)
    side = _SIDES.get(partner_toward)
    amount = np.abs(turn) if side is None else side * turn
    turned = hysteresis(amount, limits.enter, limits.leave)
    free = np.isfinite(amount) & ~told
    partner, away = (turned, ~turned) if side is not None else (np.zeros_like(turned), turned)
    margin = np.clip(np.abs(np.nan_to_num(amount) - limits.leave) / limits.leave, 0, 1)
    return TurnReading(partner & free, away & free, margin)
