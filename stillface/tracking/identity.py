"""Who is who: faces to people by region, by where each was last, and by what is usual in the film."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from stillface.domain.recording import Region
from stillface.errors import FieldError
from stillface.tracking.boxes import Box, center, overlap, width
from stillface.tracking.detect import Detection, FaceDetector

__all__ = [
    "SAME_FACE",
    "Cluster",
    "affinity",
    "assign",
    "cluster_faces",
    "faces_inside",
    "inside",
    "refuse_shared_regions",
]

Rgb = npt.NDArray[np.uint8]

SAME_FACE = 0.3
"""Boxes that overlap more than this show one and the same face."""

_MOST_CANDIDATES = 4
# Share of a region's size that is looked at around it, so that its border cuts no face in half.
_BORDER = 0.15


@dataclass(frozen=True)
class Cluster:
    """Faces of one place and size in several sampled frames.

    Parameters
    ----------
    box_px : Box
        Middle of the boxes by medians.
    spread_px : Box
        Smallest box that holds all of them.
    frames : int
        Sampled frames in which it was seen.
    score : float
        Mean detector score.
    """

    box_px: Box
    spread_px: Box
    frames: int
    score: float


def refuse_shared_regions(regions: Mapping[str, Region]) -> None:
    """Refuse two people in one and the same region: nothing then says who is who."""
    roles = list(regions)
    for k, role in enumerate(roles):
        for other in roles[k + 1 :]:
            if regions[role] == regions[other]:
                raise FieldError(
                    f"{role} and {other} have the same region",
                    where=f"regions[{other}]",
                    got=regions[other],
                    expected="one region for each person",
                    fix="give each person a region of the picture (stillface add --guess suggests them)",
                )


def inside(box: Box, area_px: tuple[int, int, int, int]) -> bool:
    """Tell whether a face's middle lies in an area, or at most a third of its width beside it."""
    x, y = center(box)
    slack = width(box) / 3
    left, top, right, bottom = area_px
    return left - slack <= x <= right + slack and top - slack <= y <= bottom + slack


def faces_inside(detector: FaceDetector, rgb: Rgb, area_px: tuple[int, int, int, int]) -> list[Detection]:
    """Find the faces whose middle lies in an area, best first; one on its border is seen whole.

    Parameters
    ----------
    detector : FaceDetector
    rgb : array of uint8, shape (height, width, 3)
    area_px : (int, int, int, int)
        Left, top, right, bottom; right and bottom exclusive.
    """
    left, top, right, bottom = area_px
    more_x, more_y = round(_BORDER * (right - left)), round(_BORDER * (bottom - top))
    widened = (
        max(left - more_x, 0),
        max(top - more_y, 0),
        min(right + more_x, rgb.shape[1]),
        min(bottom + more_y, rgb.shape[0]),
    )
    return [face for face in detector.detect(rgb, widened) if inside(face.box_px, area_px)]


def affinity(box: Box, expected: Box | None) -> float:
    """Tell how well a box continues an expected one, in [0, 1]; 0 where nothing is expected."""
    if expected is None:
        return 0.0
    (x, y), (x0, y0) = center(box), center(expected)
    scale = max(width(expected), 1.0)
    near = max(0.0, 1 - math.hypot(x - x0, y - y0) / (3 * scale))
    size = min(width(box), scale) / max(width(box), scale, 1.0)
    return near * size


def assign(
    candidates: Mapping[str, Sequence[Detection]],
    expected: Mapping[str, Box | None],
    taken: Sequence[Box] = (),
) -> dict[str, Detection | None]:
    """Give every person at most one face, and no face to two people.

    Parameters
    ----------
    candidates : mapping of role to detections
        Faces inside each person's region, best score first.
    expected : mapping of role to Box or None
        Where the person was last, or usually is.
    taken : sequence of Box
        Faces of people who are followed already.

    Returns
    -------
    dict of role to Detection or None
        The assignment whose scores and affinities add up highest; the first of equals.
    """
    roles = list(candidates)
    choices: list[list[Detection | None]] = []
    for role in roles:
        free = [face for face in candidates[role] if all(overlap(face.box_px, b) < SAME_FACE for b in taken)]
        choices.append([*free[:_MOST_CANDIDATES], None])

    def value(picked: Iterable[Detection | None]) -> float:
        return sum(
            face.score + 2 * affinity(face.box_px, expected.get(role))
            for role, face in zip(roles, picked, strict=True)
            if face is not None
        )

    allowed = [picked for picked in product(*choices) if _all_different(picked)]
    return dict(zip(roles, max(allowed, key=value), strict=True))


def cluster_faces(faces_by_frame: Sequence[Sequence[Detection]]) -> list[Cluster]:
    """Gather sampled faces into people by place and size, most often seen first.

    Parameters
    ----------
    faces_by_frame : sequence of sequences of Detection
        What was seen in each sampled frame.
    """
    groups: list[list[Detection]] = []
    for faces in faces_by_frame:
        free = list(groups)
        for face in faces:
            best = max(free, key=lambda group: affinity(face.box_px, _middle(group)), default=None)
            if best is not None and affinity(face.box_px, _middle(best)) > 0.25:
                best.append(face)
                # Two faces of one frame are two people.
                free = [group for group in free if group is not best]
            else:
                groups.append([face])
    clusters = [
        Cluster(
            _middle(group),
            (
                min(face.box_px[0] for face in group),
                min(face.box_px[1] for face in group),
                max(face.box_px[2] for face in group),
                max(face.box_px[3] for face in group),
            ),
            len(group),
            sum(face.score for face in group) / len(group),
        )
        for group in groups
    ]
    return sorted(clusters, key=lambda cluster: (-cluster.frames, -cluster.score))


def _middle(group: Sequence[Detection]) -> Box:
    def median(k: int) -> float:
        ordered = sorted(face.box_px[k] for face in group)
        return ordered[len(ordered) // 2]

    return median(0), median(1), median(2), median(3)


def _all_different(picked: tuple[Detection | None, ...]) -> bool:
    boxes = [face.box_px for face in picked if face is not None]
    return all(overlap(a, b) < SAME_FACE for k, a in enumerate(boxes) for b in boxes[k + 1 :])
