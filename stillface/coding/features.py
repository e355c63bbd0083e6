"""What a face does in each frame, measured in the face's own frame of reference.

Every distance is taken in three dimensions along axes that turn with the head, in units of the
distance between the outer eye corners, so that neither the size of the face nor (within the limits
of the mesh's depth) its pose moves a feature. Landmark numbers are those of MediaPipe's face mesh;
right and left are the person's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from stillface.domain.faces import FaceTrack

__all__ = ["FaceFeatures", "face_features"]

Float64 = npt.NDArray[np.float64]

# Pairs right, left that lie on bone or at fixed folds of skin: they give the face's own sideways axis.
_SIDES = ((33, 263), (133, 362), (127, 356), (234, 454))
_OUTER_EYES = (33, 263)
_FOREHEAD, _NOSE_BASE = 10, 2
_CORNERS = (61, 291)
# Three pairs: the middle one alone is noisier.
_INNER_LIPS = ((82, 87), (13, 14), (312, 317))
# Upper and lower lid above one another, then the two corners.
_EYES = (
    (((160, 144), (159, 145), (158, 153)), (33, 133)),
    (((387, 373), (386, 374), (385, 380)), (263, 362)),
)
_INNER_BROWS = ((55, 107), (285, 336))
_INNER_EYES = (133, 362)
_USED = tuple(
    sorted(
        {landmark for pair in (*_SIDES, *_INNER_LIPS, *_INNER_BROWS) for landmark in pair}
        | {landmark for lids, ends in _EYES for pair in (*lids, ends) for landmark in pair}
        | {*_OUTER_EYES, *_INNER_EYES, *_CORNERS, _FOREHEAD, _NOSE_BASE}
    )
)


@dataclass(frozen=True, eq=False)
class FaceFeatures:
    """Features per frame, NaN where the frame is not codable; n is the number of frames.

    Unit: distance between the outer eye corners, except ``eye_aperture``.

    Parameters
    ----------
    lift : array of float64, shape (n,)
        Height of the mouth corners against the base of the nose (negative: below). A smile raises
        it, an open cry lowers it. Against the lip midpoint it would rise in both, as the jaw
        falls; against the upper lip a smile that bares the teeth takes its own reference along.
    mouth_open : array of float64, shape (n,)
        Distance of the inner lips.
    mouth_width : array of float64, shape (n,)
        Distance of the mouth corners.
    eye_aperture : array of float64, shape (n,)
        Height of the eye opening over its width, mean of both eyes.
    brow_gap : array of float64, shape (n,)
        Distance of the inner brow ends from each other.
    brow_height : array of float64, shape (n,)
        Height of the inner brow ends over the inner eye corners.
    """

    lift: Float64
    mouth_open: Float64
    mouth_width: Float64
    eye_aperture: Float64
    brow_gap: Float64
    brow_height: Float64

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the features, in declaration order."""
        return tuple(f.name for f in fields(cls))


def face_features(face: FaceTrack) -> FaceFeatures:
    """Measure the features of every codable frame.

    Parameters
    ----------
    face : FaceTrack

    Returns
    -------
    FaceFeatures
        NaN in frames that are not codable.
    """
    codable = face.codable
    # A few of 478 points: an hour of whole meshes in double precision would take over a gigabyte.
    used = face.landmarks_px[np.ix_(np.flatnonzero(codable), np.array(_USED))].astype(np.float64)
    points = {landmark: used[:, k] for k, landmark in enumerate(_USED)}
    across, down = _axes(points)
    scale = np.linalg.norm(points[_OUTER_EYES[0]] - points[_OUTER_EYES[1]], axis=1)
    # A mesh of size zero has no features; it stays NaN like any frame that was not seen.
    scale[scale == 0] = np.nan

    def along(axis: Float64, start: int, end: int) -> Float64:
        return np.asarray(np.einsum("ni,ni->n", points[end] - points[start], axis) / scale)

    def apart(a: int, b: int) -> Float64:
        return np.asarray(np.linalg.norm(points[a] - points[b], axis=1) / scale)

    measured = {
        "lift": np.mean([along(down, corner, _NOSE_BASE) for corner in _CORNERS], axis=0),
        "mouth_open": np.mean([apart(*pair) for pair in _INNER_LIPS], axis=0),
        "mouth_width": apart(*_CORNERS),
        "eye_aperture": np.mean(
            [np.mean([apart(*lids) for lids in eye], axis=0) / apart(*ends) for eye, ends in _EYES], axis=0
        ),
        "brow_gap": np.mean(
            [along(across, right, left) for right, left in zip(*_INNER_BROWS, strict=True)], axis=0
        ),
        "brow_height": np.mean(
            [
                along(down, brow, eye)
                for brows, eye in zip(_INNER_BROWS, _INNER_EYES, strict=True)
                for brow in brows
            ],
            axis=0,
        ),
    }
    return FaceFeatures(**{name: _spread(codable, values) for name, values in measured.items()})


def _axes(points: Mapping[int, Float64]) -> tuple[Float64, Float64]:
    """Give unit vectors from the person's right to left and from forehead to nose, shape (n, 3)."""
    across = np.mean([points[left] - points[right] for right, left in _SIDES], axis=0)
    across = _unit(across)
    down = points[_NOSE_BASE] - points[_FOREHEAD]
    down = _unit(down - np.einsum("ni,ni->n", down, across)[:, None] * across)
    return across, down


def _unit(vectors: Float64) -> Float64:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0))


def _spread(codable: npt.NDArray[np.bool_], values: Float64) -> Float64:
    """Lay values of codable frames out over all frames."""
    out = np.full(codable.size, np.nan)
    out[codable] = values
    return out
