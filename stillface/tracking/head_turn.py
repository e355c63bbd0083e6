"""Head turn where no mesh can be laid on the face: by the detector's nose and ears."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stillface.tracking.boxes import Box, Crop, overlap
from stillface.tracking.detect import Detection, FaceDetector
from stillface.tracking.params import TrackingParams

__all__ = ["HeadTurn", "confirmed_turn"]

Rgb = npt.NDArray[np.uint8]

# Sides of the narrow and the wide cut, in face widths. A true profile reads the same in both; with
# hands before it, the narrow one reads the hands (seen: 0 against -.5).
_CUTS_FACES = (2.0, 4.0)


def confirmed_turn(detector: FaceDetector, rgb: Rgb, seen: Detection, params: TrackingParams) -> float | None:
    """Read the turn of a detected face, or say that it cannot be told.

    Parameters
    ----------
    detector : FaceDetector
    rgb : array of uint8, shape (height, width, 3)
    seen : Detection
    params : TrackingParams

    Returns
    -------
    float or None
        In box widths, > 0 to the picture's right: mean of the short-range model's readings in a
        narrow and a wide cut. None where one of them does not see this face or they differ.
    """
    readings = []
    for faces in _CUTS_FACES:
        hits = [
            hit
            for hit in detector.look_close(rgb, Crop.around(seen.box_px, faces))
            if hit.score >= params.min_turn_score and overlap(hit.box_px, seen.box_px) >= params.min_overlap
        ]
        if not hits:
            return None
        readings.append(hits[0].turn)
    if max(readings) - min(readings) > params.max_turn_gap:
        return None
    return sum(readings) / len(readings)


@dataclass(frozen=True)
class _Look:
    frame: int
    box_px: Box
    turn: float | None


class HeadTurn:
    """What the looks at one person through one chunk say of their head's turn.

    As with the mesh, nothing counts that was seen once only: a turn counts from one look to the next
    where both read one on a face in the same place.

    Parameters
    ----------
    params : TrackingParams
    """

    def __init__(self, params: TrackingParams) -> None:
        self._params = params
        self._looks: list[_Look] = []

    def note(self, frame: int, seen: Detection | None, turn: float | None) -> None:
        """Keep what a look in this frame said; nothing seen or read breaks the chain."""
        box = (0.0, 0.0, 0.0, 0.0) if seen is None else seen.box_px
        self._looks.append(_Look(frame, box, turn))

    def due(self, frame: int) -> bool:
        """Whether a head in profile, where the mesh is about to fail, should be looked at again."""
        last = self._looks[-1] if self._looks else None
        return (
            last is not None
            and last.turn is not None
            and abs(last.turn) > self._params.profile_turn
            and frame - last.frame >= self._params.lost_every
        )

    def spans(self) -> Iterator[tuple[int, int, float, float]]:
        """Give every confirmed span: its two looks' frames and turns."""
        for first, second in pairwise(self._looks):
            if first.turn is None or second.turn is None:
                continue
            if overlap(first.box_px, second.box_px) >= self._params.min_overlap:
                yield first.frame, second.frame, first.turn, second.turn
