"""Paint of the animated stand-ins: skin, lips, brows, hair and backdrop, drawn and never photographed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stillface.testing.heads import BROWS, EYES, FACE_OVAL, N_FACE, OUTER_LIPS, HeadShape

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TEXELS_PER_PX", "TEXTURE_ORIGIN_PX", "Palette", "paint_backdrop", "paint_hair_back", "paint_head"]

TEXELS_PER_PX = 2
TEXTURE_ORIGIN_PX = (-200.0, -235.0)
_TEXTURE_SHAPE = (900, 800)
_LIGHT = np.array([-0.38, -0.52, -0.76])

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours (RGB, 0-255) and the few drawn traits of one stand-in.

    Parameters
    ----------
    skin, lips, hair, iris, clothes, backdrop : tuple of int
    brow_strength : float
        Opacity of the brows.
    long_hair : bool
        Hair down to the jaw behind the face; without it a short cap.
    hairline_px : float
        How far the hair reaches below the edge of the face.
    teeth : bool
    shoulder_width_px : float
    """

    skin: Rgb
    lips: Rgb
    hair: Rgb
    iris: Rgb
    clothes: Rgb
    backdrop: Rgb
    brow_strength: float
    long_hair: bool
    hairline_px: float
    teeth: bool
    shoulder_width_px: float


def paint_head(head: HeadShape, palette: Palette, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint the face and the cap of hair as seen from the front.

    Returns
    -------
    ndarray of uint8, shape (900, 800, 4)
        RGB and opacity. Texel (0, 0) is at `TEXTURE_ORIGIN_PX`, `TEXELS_PER_PX` to the pixel.
    """
    import cv2

    points = _to_texels(head.vertices)
    shade, gloss = _relief(head, points)
    image = np.empty((*_TEXTURE_SHAPE, 3), np.float32)
    image[:] = palette.skin
    image *= 1.0 + 0.006 * _mottle(rng, 5.0)[..., None] + 0.008 * _mottle(rng, 1.2)[..., None]
    image = _blush(image, points, palette)
    image = _lips(image, points, palette)
    image = _eye_surround(image, points, palette)
    image = _nostrils(image, points)
    image = image * shade[..., None] + 255.0 * 0.16 * gloss[..., None]
    image = _brows(image, points, palette, rng)
    hair = _hair_mask(points, palette, rng)
    strands = _strands(points, palette, rng) * (0.35 + 0.65 * shade[..., None])
    shadow = cv2.GaussianBlur(hair, (0, 0), 9.0) * (1 - hair) * 0.35
    image = image * (1 - shadow[..., None])
    image = image * (1 - hair[..., None]) + strands * hair[..., None]
    alpha = _silhouette(points)
    return np.dstack([np.clip(image, 0, 255), alpha * 255]).astype(np.uint8)


def paint_hair_back(head: HeadShape, palette: Palette, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint what sits behind the face: ears and the hair at the back (RGBA, same frame)."""
    import cv2

    points = _to_texels(head.vertices)
    oval = points[list(FACE_OVAL)]
    outline = points[-len(FACE_OVAL) :]
    image = np.zeros((*_TEXTURE_SHAPE, 3), np.float32)
    alpha = np.zeros(_TEXTURE_SHAPE, np.float32)
    if palette.long_hair:
        middle = np.array([outline[:, 0].mean(), outline[:, 1].min() + 250.0])
        bob = (outline - middle) * (1.07, 1.02) + middle
        low = bob[:, 1] > middle[1] + 70.0
        side = np.sign(bob[:, 0] - middle[0])
        bob[low, 0] = middle[0] + side[low] * np.maximum(np.abs(bob[low, 0] - middle[0]), 255.0)
        bob[low, 1] = np.minimum(bob[low, 1] + 45.0, oval[:, 1].max() - 30.0)
        hull = cv2.convexHull(np.round(bob).astype(np.int32))
        alpha = _rounded(hull, radius=16.0, level=0.5)
        image[:] = _strands(points, palette, rng) * 0.62
    for side_index in (9, 27):
        x, y = oval[side_index] + (0, -4)
        side = 1.0 if side_index == 9 else -1.0
        for grow, tone in ((1.0, 0.86), (0.62, 0.68)):
            ear = np.zeros(_TEXTURE_SHAPE, np.uint8)
            centre = (round(x + side * 8), round(y))
            axes = (round(23 * grow), round(44 * grow))
            cv2.ellipse(ear, centre, axes, side * 10.0, 0, 360, 255, -1, cv2.LINE_AA)
            mask = cv2.GaussianBlur(ear.astype(np.float32) / 255, (0, 0), 1.5 if grow == 1 else 5)
            image = image * (1 - mask[..., None]) + np.array(palette.skin) * tone * mask[..., None]
            alpha = np.maximum(alpha, mask)
    return np.dstack([np.clip(image, 0, 255), alpha * 255]).astype(np.uint8)


def paint_backdrop(
    palette: Palette,
    size: tuple[int, int],
    centre_px: tuple[float, float],
    chin_px: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Paint the plain wall, the neck and the shoulders (RGB, ``size`` is width, height)."""
    import cv2

    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x - width * 0.42) / 420) ** 2 + ((y - height * 0.35) / 330) ** 2))
    cloud = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 45)
    image = np.array(palette.backdrop) * (0.80 + 0.22 * glow + 0.5 * cloud)[..., None]
    cx = centre_px[0]
    neck, body = _neck_and_shoulders(cx, chin_px, palette.shoulder_width_px, height)
    rounding = 0.70 + 0.30 * np.cos(np.clip((x - cx + 30) / (palette.shoulder_width_px * 1.25), -1.5, 1.5))
    under_chin = 1.0 - 0.45 * np.exp(-(((y - chin_px) / 42.0) ** 2))
    weave = 1.0 + 0.02 * rng.standard_normal((height, width)).astype(np.float32)
    for shape, colour, surface in ((neck, palette.skin, under_chin), (body, palette.clothes, weave)):
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round(shape).astype(np.int32)], 255, cv2.LINE_AA)
        soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.6)[..., None]
        image = image * (1 - soft) + np.array(colour) * (rounding * surface)[..., None] * soft
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def _neck_and_shoulders(
    cx: float, chin: float, shoulder: float, bottom: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the outlines of both in pixels of the frame."""
    neck = shoulder * 0.30
    column = [
        [cx - neck, chin - 80],
        [cx + neck, chin - 80],
        [cx + neck * 1.15, bottom],
        [cx - neck * 1.15, bottom],
    ]
    left = [
        [cx - neck * 1.25, chin + 26], [cx - shoulder * 0.62, chin + 50],
        [cx - shoulder, chin + 88], [cx - shoulder * 1.12, bottom + 10],
    ]  # fmt: skip
    right = [[2 * cx - x, y] for x, y in reversed(left)]
    collar = [[cx + neck * 0.7, chin + 48], [cx, chin + 56], [cx - neck * 0.7, chin + 48]]
    return np.array(column), np.array(left + right + collar)


def _to_texels(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((vertices[:, :2] - TEXTURE_ORIGIN_PX) * TEXELS_PER_PX)


def _relief(head: HeadShape, points: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Light the resting head: diffuse shade and gloss per texel, softened over the triangles."""
    import cv2

    corners = head.vertices[head.triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing *= np.where(facing[:, 2:] > 0, -1.0, 1.0)
    at_vertex = np.zeros_like(head.vertices)
    for k in range(3):
        np.add.at(at_vertex, head.triangles[:, k], facing)
    at_vertex /= np.linalg.norm(at_vertex, axis=1, keepdims=True) + 1e-9
    normal = at_vertex[head.triangles].mean(1)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    half = light + np.array([0.0, 0.0, -1.0])
    half /= np.linalg.norm(half)
    diffuse = np.clip(normal @ light, 0.0, 1.0)
    # A cheap occlusion term: surfaces that turn away from the viewer receive less room light.
    shade = 0.57 + 0.37 * diffuse + 0.14 * np.clip(-normal[:, 2], 0, 1)
    gloss = np.clip(normal @ half, 0.0, 1.0) ** 24
    layers = []
    for value, start in ((shade, 0.8), (gloss, 0.0)):
        layer = np.full(_TEXTURE_SHAPE, start, np.float32)
        order = np.argsort(-corners[:, :, 2].mean(1))
        for t in order:
            cv2.fillConvexPoly(layer, np.round(points[head.triangles[t]]).astype(np.int32), float(value[t]))
        layers.append(cv2.GaussianBlur(layer, (0, 0), 7.0))
    return layers[0], layers[1]


def _mottle(rng: np.random.Generator, sigma: float) -> NDArray[np.float32]:
    import cv2

    noise = cv2.GaussianBlur(rng.standard_normal(_TEXTURE_SHAPE).astype(np.float32), (0, 0), sigma)
    return np.asarray(noise / noise.std(), np.float32)


def _filled(polygon: NDArray[np.float64] | NDArray[np.int32], *, blur: float) -> NDArray[np.float32]:
    import cv2

    mask = np.zeros(_TEXTURE_SHAPE, np.uint8)
    cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 255, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), blur), np.float32)


def _mix(image: NDArray[np.float32], colour: object, mask: NDArray[np.float32]) -> NDArray[np.float32]:
    weight = mask[..., None]
    return np.asarray(image * (1 - weight) + np.asarray(colour, np.float32) * weight, np.float32)


def _spot(centre: NDArray[np.float64], sx: float, sy: float) -> NDArray[np.float32]:
    y, x = np.ogrid[0 : _TEXTURE_SHAPE[0], 0 : _TEXTURE_SHAPE[1]]
    return np.asarray(np.exp(-(((x - centre[0]) / sx) ** 2) - ((y - centre[1]) / sy) ** 2), np.float32)


def _blush(image: NDArray[np.float32], points: NDArray[np.float64], p: Palette) -> NDArray[np.float32]:
    rosy = np.array(p.skin) * (1.02, 0.80, 0.78)
    for vertex in (50, 280):
        image = _mix(image, rosy, 0.55 * _spot(points[vertex] + (0, 12), 62, 52))
    return _mix(image, rosy, 0.4 * _spot(points[4], 34, 26))


def _lips(image: NDArray[np.float32], points: NDArray[np.float64], p: Palette) -> NDArray[np.float32]:
    outer = points[list(OUTER_LIPS)]
    image = _mix(image, p.lips, 0.85 * _filled(outer, blur=2.2))
    image = _mix(image, np.minimum(np.array(p.lips) * 1.25, 255), 0.45 * _spot(points[17] - (0, 8), 26, 6))
    below = points[17] + (0, 17)
    return _mix(image, np.array(p.skin) * 0.80, 0.45 * _spot(below, 42, 10))


def _eye_surround(image: NDArray[np.float32], points: NDArray[np.float64], p: Palette) -> NDArray[np.float32]:
    import cv2

    dark = np.array(p.skin) * (0.72, 0.62, 0.60)
    for outer, upper, inner, lower in EYES:
        loop = points[[outer, *upper, inner, *lower[::-1]]]
        middle = loop.mean(0)
        image = _mix(image, dark, 0.34 * _spot(middle - (0, 14), 62, 30))
        crease = np.zeros(_TEXTURE_SHAPE, np.uint8)
        arc = points[[outer, *upper, inner]].copy()
        arc[:, 1] -= 13.0 + 9.0 * np.sin(np.linspace(0, np.pi, len(arc)))
        cv2.polylines(crease, [np.round(arc).astype(np.int32)], False, 255, 3, cv2.LINE_AA)
        image = _mix(image, dark * 0.8, 0.75 * cv2.GaussianBlur(crease.astype(np.float32) / 255, (0, 0), 2.2))
        bag = np.zeros(_TEXTURE_SHAPE, np.uint8)
        arc = points[[outer, *lower, inner]][1:-1].copy()
        arc[:, 1] += 17.0
        cv2.polylines(bag, [np.round(arc).astype(np.int32)], False, 255, 3, cv2.LINE_AA)
        image = _mix(image, dark, 0.45 * cv2.GaussianBlur(bag.astype(np.float32) / 255, (0, 0), 3.5))
    return image


def _nostrils(image: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float32]:
    for vertex in (98, 327):
        x, y = points[vertex]
        towards = points[2, 0] - x
        image = _mix(image, (70, 34, 28), 0.8 * _spot(np.array([x + towards * 0.36, y - 5]), 11, 5.5))
        image = _mix(image, (120, 70, 58), 0.45 * _spot(np.array([x - towards * 0.18, y - 14]), 6, 14))
    return image


def _brows(
    image: NDArray[np.float32], points: NDArray[np.float64], p: Palette, rng: np.random.Generator
) -> NDArray[np.float32]:
    import cv2

    for brow in BROWS:
        loop = points[list(brow)]
        body = _filled(loop, blur=4.0)
        hairs = np.zeros(_TEXTURE_SHAPE, np.uint8)
        top, bottom = loop[:5], loop[5:][::-1]
        side = np.sign(loop[0, 0] - points[168, 0])
        for s, v in rng.uniform(0.02, 0.98, (150, 2)):
            k = min(int(s * 4), 3)
            f = s * 4 - k
            root = (1 - v) * ((1 - f) * top[k] + f * top[k + 1]) + v * (
                (1 - f) * bottom[k] + f * bottom[k + 1]
            )
            tip = root + np.array([side * rng.uniform(8, 17), rng.uniform(-9, -2) * (1 - s * 0.2)])
            ends = [tuple(np.round(q).astype(int).tolist()) for q in (root, tip)]
            cv2.line(hairs, ends[0], ends[1], 255, 1, cv2.LINE_AA)
        mask = np.clip(0.55 * body + 0.6 * hairs.astype(np.float32) / 255 * (body > 0.15), 0, 1)
        image = _mix(image, np.array(p.hair) * 0.62, p.brow_strength * mask)
    return image


def _hair_mask(points: NDArray[np.float64], p: Palette, rng: np.random.Generator) -> NDArray[np.float32]:
    """Give the cap of hair: everything outside an uneven hairline on the upper head."""
    import cv2

    oval = points[list(FACE_OVAL)]
    middle = np.array([points[168, 0], oval[:, 1].min() + 210.0])
    angle = np.arctan2(oval[:, 1] - middle[1], oval[:, 0] - middle[0])
    fringe = 0.35 * np.sin(3.0 * angle + 0.6) + 0.15 * np.sin(7.0 * angle)
    inset = TEXELS_PER_PX * p.hairline_px * (1.0 + fringe) * (oval[:, 1] < middle[1] + 20)
    length = np.linalg.norm(oval - middle, axis=1)
    line = middle + (oval - middle) * (1.0 - inset / length)[:, None]
    face = _filled(cv2.convexHull(np.round(line).astype(np.int32))[:, 0], blur=1.0)
    ears_up = 1.0 / (
        1.0 + np.exp((np.arange(_TEXTURE_SHAPE[0]) - oval[9, 1] + (10 if p.long_hair else 70)) / 7.0)
    )
    soft = cv2.GaussianBlur(face, (0, 0), 7.0)
    # Ragged only along the hairline itself, or specks would appear all over the cap.
    soft += 0.10 * _mottle(rng, 2.0) * 4.0 * soft * (1.0 - soft)
    hair = np.clip((0.62 - soft) * 4.0, 0.0, 1.0) * ears_up[:, None]
    return np.asarray(hair, np.float32)


def _strands(points: NDArray[np.float64], p: Palette, rng: np.random.Generator) -> NDArray[np.float32]:
    """Give hair that runs from the crown outwards: noise fine across and long along the strand."""
    import cv2

    noise = rng.standard_normal((2400, 1090)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=60.0, sigmaY=1.6)
    broad = cv2.GaussianBlur(
        rng.standard_normal((2400, 1090)).astype(np.float32), (0, 0), sigmaX=90.0, sigmaY=16.0
    )
    sheet = noise / noise.std() * 0.07 + broad / broad.std() * 0.08
    crown = (float(points[10, 0] - 40), float(points[N_FACE:, 1].min() - 30))
    size = (_TEXTURE_SHAPE[1], _TEXTURE_SHAPE[0])
    flow = cv2.warpPolar(sheet, size, crown, 1400.0, cv2.WARP_INVERSE_MAP | cv2.WARP_FILL_OUTLIERS)
    return np.asarray(np.array(p.hair) * (1.0 + flow)[..., None], np.float32)


def _silhouette(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Give the opacity: full inside the head, fading over its rim."""
    rim = points[-len(FACE_OVAL) :]
    return _rounded(rim, radius=11.0, level=0.60)


def _rounded(polygon: NDArray[np.float64], *, radius: float, level: float) -> NDArray[np.float32]:
    """Fill a polygon with its corners rounded off and a soft edge."""
    return np.asarray(np.clip((_filled(polygon, blur=radius) - level) * 5.0 + 0.5, 0.0, 1.0), np.float32)
