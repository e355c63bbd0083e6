"""The shape of the animated stand-ins: one symmetric face mesh, proportions, and expressions.

The mesh has the vertex numbering of MediaPipe's FaceMesh (468 points), so that the scripted
movement can be compared with the landmarks a tracker returns. Units are pixels of a 640x480
frame, x to the right, y down, z away from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BROWS",
    "EXPRESSIONS",
    "EYES",
    "FACE_OVAL",
    "INNER_LIPS",
    "N_FACE",
    "OUTER_LIPS",
    "HeadShape",
    "Proportions",
    "build_head",
]

N_FACE = 468

# Vertex loops of FaceMesh. Right and left are the subject's; every loop starts at the outer corner.
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_RIGHT_UPPER_LID = (246, 161, 160, 159, 158, 157, 173)
_RIGHT_LOWER_LID = (7, 163, 144, 145, 153, 154, 155)
_LEFT_UPPER_LID = (466, 388, 387, 386, 385, 384, 398)
_LEFT_LOWER_LID = (249, 390, 373, 374, 380, 381, 382)
# (outer corner, upper lid, inner corner, lower lid) of the subject's right and left eye.
EYES = (
    (33, _RIGHT_UPPER_LID, 133, _RIGHT_LOWER_LID),
    (263, _LEFT_UPPER_LID, 362, _LEFT_LOWER_LID),
)
OUTER_LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)  # fmt: skip
INNER_LIPS = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)  # fmt: skip
# Upper edge outside to inside, then lower edge back.
BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
_CHEEKS = (50, 280, 205, 425)
_STILL = (168, 6, 197, 195, 5, 4, 1, 2, 48, 278, 98, 327)
EXPRESSIONS = ("smile", "distress", "mouth_open", "eyes_closed", "brow_raise")

_RINGS = 4


@dataclass(frozen=True, slots=True)
class Proportions:
    """What makes one head look unlike another; all numbers are factors or pixels.

    Parameters
    ----------
    width, height : float
        Factors on the whole face.
    eye, mouth, nose : float
        Factors on the size of the eyes, the mouth and the nose about their own middles.
    features_down_px : float
        How far eyes, nose and mouth sit lower than in the common mesh; a high forehead.
    cheek_px : float
        How far the lower cheeks are pushed out sideways.
    crown_px, temple_px : float
        Height of the crown over the hairline and width of the skull beyond the face.
    """

    width: float = 1.0
    height: float = 1.0
    eye: float = 1.0
    mouth: float = 1.0
    nose: float = 1.0
    features_down_px: float = 0.0
    cheek_px: float = 0.0
    crown_px: float = 58.0
    temple_px: float = 22.0


@dataclass(frozen=True, slots=True, eq=False)
class HeadShape:
    """A head at rest and what each expression adds to it.

    Attributes
    ----------
    vertices : ndarray of float64, shape (n, 3)
        The 468 face vertices first, then the rings that close the skull.
    triangles : ndarray of int32, shape (m, 3)
    shapes : dict of str to ndarray, shape (n, 3)
        Displacement of every vertex at full strength, by expression name.
    eye_centres : ndarray of float64, shape (2, 3)
    eye_radii_px : ndarray of float64, shape (2,)
        Radius of the iris.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    shapes: dict[str, NDArray[np.float64]]
    eye_centres: NDArray[np.float64]
    eye_radii_px: NDArray[np.float64]


@lru_cache(maxsize=1)
def _common_mesh() -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Read the stored mesh: vertices (468, 3) and triangles (852, 3)."""
    with (
        resources.files("stillface.testing").joinpath("face_mesh.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as stored,
    ):
        return stored["vertices"].astype(np.float64), stored["triangles"].astype(np.int32)


def build_head(proportions: Proportions) -> HeadShape:
    """Give the common mesh the proportions of one head and work out its expressions.

    Parameters
    ----------
    proportions : Proportions

    Returns
    -------
    HeadShape
    """
    face, triangles = _common_mesh()
    solver = _smooth_spread(triangles)
    face = face + _spread(solver, _relax_mouth(face))
    face = _reshape(face, proportions)
    vertices, shell = _close_skull(face, proportions)
    shapes = {}
    for name, handles in _expressions(face).items():
        moved = np.zeros_like(vertices)
        moved[:N_FACE] = _spread(solver, handles)
        _carry_rings(moved)
        shapes[name] = moved
    corners = [[outer, inner] for outer, _, inner, _ in EYES]
    middles = np.array([[u[3], lower[3]] for _, u, _, lower in EYES])
    centres = (face[corners].mean(1) + face[middles].mean(1)) / 2
    spans = np.array([np.linalg.norm(face[o] - face[i]) for o, i in corners])
    return HeadShape(vertices, np.vstack([shell, triangles]).astype(np.int32), shapes, centres, spans * 0.25)


def _reshape(face: NDArray[np.float64], p: Proportions) -> NDArray[np.float64]:
    """Scale eyes, mouth and nose about their own middles with soft edges, then the whole face."""
    out = face.copy()
    regions = [
        (face[[33, 133]].mean(0), p.eye, 52.0),
        (face[[263, 362]].mean(0), p.eye, 52.0),
        (face[[61, 291]].mean(0), p.mouth, 62.0),
        (face[[4, 2]].mean(0), p.nose, 44.0),
    ]
    for centre, factor, reach in regions:
        distance = np.linalg.norm((face - centre)[:, :2], axis=1)
        weight = np.exp(-((distance / reach) ** 4))[:, None]
        out += weight * (factor - 1.0) * (face - centre)
    oval = np.linalg.norm(face[:, :2] / (118.0, 140.0) - (0.0, 0.13), axis=1)
    inside = np.clip(1.15 - oval**3, 0.0, 1.0)
    out[:, 1] += p.features_down_px * inside
    cheek = np.exp(-(((face[:, 1] - 70.0) / 45.0) ** 2))
    out[:, 0] += p.cheek_px * cheek * np.clip(face[:, 0] / 90.0, -1.0, 1.0)
    return out * (p.width, p.height, 1.0)


def _relax_mouth(face: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    """Close the lips of the common mesh, which was measured on a smiling face."""
    handles = _anchors(face)
    # Where the closed lips meet: a nearly flat line a little narrower than the smile.
    line_y, half_width = 69.0, abs(face[61, 0]) * 0.86
    shrink = half_width / abs(face[61, 0])
    for loop, gap in ((INNER_LIPS, 0.4), (OUTER_LIPS, 0.0)):
        for vertex in loop:
            x, y, _ = face[vertex]
            share = max(0.0, 1.0 - (x / face[291, 0]) ** 2)
            upper = _is_upper(vertex, loop)
            if loop is OUTER_LIPS:
                target = line_y + (-11.5 if upper else 13.5) * share**0.8
                if vertex in (0,):
                    target += 1.5
            else:
                target = line_y + (-gap if upper else gap) + 1.2 * share
            handles[vertex] = np.array([x * (shrink - 1.0), target - y, 3.0 * (1 - share) - 3.0])
    for cheek in _CHEEKS:
        handles[cheek] = np.array([0.0, 5.0, 2.0])
    return handles


def _is_upper(vertex: int, loop: tuple[int, ...]) -> bool:
    return loop.index(vertex) <= 10


def _anchors(face: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    """Give the vertices that hold still unless an expression says otherwise."""
    fixed = [*FACE_OVAL, *_STILL]
    fixed += [v for o, upper, i, lower in EYES for v in (o, i, *upper, *lower)]
    fixed += [v for brow in BROWS for v in brow]
    return {v: np.zeros(3) for v in fixed}


def _expressions(face: NDArray[np.float64]) -> dict[str, dict[int, NDArray[np.float64]]]:
    return {
        "smile": _smile(face),
        "distress": _distress(face),
        "mouth_open": _mouth(face, corner=(-1.5, 1.0), upper=-1.0, lower=15.0, jaw=11.0),
        "eyes_closed": _lids(face, upper=1.0, lower=0.0),
        "brow_raise": _brows(face, inner=(0.0, -8.0), outer=(0.0, -8.0)),
    }


def _smile(face: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    handles = _mouth(face, corner=(9.0, -11.0), upper=-2.0, lower=5.0, jaw=2.0)
    handles |= {k: v for k, v in _lids(face, upper=0.06, lower=0.14).items() if v.any()}
    for vertex in _CHEEKS:
        handles[vertex] = np.array([np.sign(face[vertex, 0]) * 3.0, -6.0, -3.0])
    return handles


def _distress(face: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    """Open, squared mouth with lowered corners, knitted brows, narrowed eyes."""
    handles = _mouth(face, corner=(4.0, 9.0), upper=-5.0, lower=25.0, jaw=17.0)
    handles |= {k: v for k, v in _lids(face, upper=0.34, lower=0.16).items() if v.any()}
    handles |= {k: v for k, v in _brows(face, inner=(-5.0, 4.0), outer=(-1.0, 7.0)).items() if v.any()}
    for vertex in _CHEEKS:
        handles[vertex] = np.array([np.sign(face[vertex, 0]) * 3.0, -1.0, -2.0])
    return handles


def _mouth(
    face: NDArray[np.float64],
    *,
    corner: tuple[float, float],
    upper: float,
    lower: float,
    jaw: float,
) -> dict[int, NDArray[np.float64]]:
    """Move the lips: corners out and down by `corner`, middles by `upper` and `lower`, the jaw."""
    handles = _anchors(face)
    half = face[291, 0]
    for loop in (INNER_LIPS, OUTER_LIPS):
        for vertex in loop:
            x = face[vertex, 0]
            edge = min(1.0, abs(x) / half) ** 1.6
            middle = upper if _is_upper(vertex, loop) else lower
            profile = np.sqrt(max(0.0, 1.0 - (x / half) ** 4))
            handles[vertex] = np.array([corner[0] * x / half, corner[1] * edge + middle * profile, 0.0])
    low = face[list(FACE_OVAL), 1]
    for vertex, y in zip(FACE_OVAL, low, strict=True):
        handles[vertex] = np.array([0.0, jaw * np.clip((y - 60.0) / 90.0, 0.0, 1.0), 0.0])
    return handles


def _lids(face: NDArray[np.float64], *, upper: float, lower: float) -> dict[int, NDArray[np.float64]]:
    """Close the eyes from above and from below by these shares of the opening."""
    handles = _anchors(face)
    for _, up, _, low in EYES:
        for a, b in zip(up, low, strict=True):
            opening = face[b] - face[a]
            handles[a] = upper * opening
            handles[b] = -lower * opening
    return handles


def _brows(
    face: NDArray[np.float64], *, inner: tuple[float, float], outer: tuple[float, float]
) -> dict[int, NDArray[np.float64]]:
    """Move the inner and outer end of both brows; x counts away from the midline."""
    handles = _anchors(face)
    for brow in BROWS:
        xs = np.abs(face[list(brow), 0])
        share = (xs - xs.min()) / np.ptp(xs)
        side = np.sign(face[brow[0], 0])
        for vertex, s in zip(brow, share, strict=True):
            dx = (1 - s) * inner[0] + s * outer[0]
            dy = (1 - s) * inner[1] + s * outer[1]
            handles[vertex] = np.array([side * dx, dy, 0.0])
    return handles


def _smooth_spread(triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    """Build the squared graph Laplacian: displacements that minimise it bend least.

    The lids and lips are connected only round their openings, so they part freely.
    """
    laplacian = np.zeros((N_FACE, N_FACE))
    for a, b in ((0, 1), (1, 2), (2, 0)):
        laplacian[triangles[:, a], triangles[:, b]] = -1.0
        laplacian[triangles[:, b], triangles[:, a]] = -1.0
    np.fill_diagonal(laplacian, -laplacian.sum(1))
    laplacian /= np.diag(laplacian)[:, None]
    return np.asarray(laplacian.T @ laplacian)


def _spread(stiffness: NDArray[np.float64], handles: dict[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Spread the handles' displacements smoothly over the face, shape (468, 3)."""
    held = np.array(sorted(handles))
    free = np.setdiff1d(np.arange(N_FACE), held)
    moved = np.zeros((N_FACE, 3))
    moved[held] = [handles[v] for v in held]
    moved[free] = np.linalg.solve(stiffness[np.ix_(free, free)], -stiffness[np.ix_(free, held)] @ moved[held])
    return moved


def _close_skull(face: NDArray[np.float64], p: Proportions) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Add rings from the face's edge out to the silhouette of the head."""
    oval = face[list(FACE_OVAL)]
    # The skull is an ellipse over the brow line; below the ears the jaw is its own outline.
    middle_y = float(face[[33, 263], 1].mean()) - 8.0
    half_width = float(oval[:, 0].max()) + p.temple_px
    half_height = middle_y - float(oval[:, 1].min()) + p.crown_px
    from_middle = oval[:, :2] - (0.0, middle_y)
    angle = np.arctan2(from_middle[:, 1] / half_height, from_middle[:, 0] / half_width)
    skull = np.column_stack([half_width * np.cos(angle), middle_y + half_height * np.sin(angle)])
    down = from_middle / np.linalg.norm(from_middle, axis=1, keepdims=True)
    jaw = oval[:, :2] + 7.0 * down
    low = np.clip((oval[:, 1] - middle_y - 10.0) / 80.0, 0.0, 1.0)[:, None]
    low = low * low * (3.0 - 2.0 * low)
    outline = (1.0 - low) * skull + low * jaw
    rings = [face]
    depth = np.maximum(oval[:, 2], 128.0)
    for ring in range(1, _RINGS + 1):
        t = ring / _RINGS
        # A quarter of an ellipse: it leaves the forehead sideways and ends facing backwards.
        out, back = np.sin(t * np.pi / 2), 1.0 - np.cos(t * np.pi / 2)
        xy = oval[:, :2] + (outline - oval[:, :2]) * out
        rings.append(np.column_stack([xy, oval[:, 2] + (depth - oval[:, 2]) * back]))
    index = [np.array(FACE_OVAL)] + [
        N_FACE + r * len(FACE_OVAL) + np.arange(len(FACE_OVAL)) for r in range(_RINGS)
    ]
    triangles = []
    for inner, outer in pairwise(index):
        for k in range(len(FACE_OVAL)):
            j = (k + 1) % len(FACE_OVAL)
            triangles.append((inner[k], inner[j], outer[k]))
            triangles.append((inner[j], outer[j], outer[k]))
    return np.vstack(rings), np.array(triangles[::-1], dtype=np.int32)


def _carry_rings(moved: NDArray[np.float64]) -> None:
    """Let the rings follow the edge of the face, so that the jaw takes its outline along."""
    edge = moved[list(FACE_OVAL)]
    for ring in range(_RINGS):
        start = N_FACE + ring * len(FACE_OVAL)
        moved[start : start + len(FACE_OVAL)] = edge
