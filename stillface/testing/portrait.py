"""Draws one animated stand-in frame by frame: painted layers moved by a posed face mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from stillface.errors import FieldError
from stillface.testing.heads import (
    EXPRESSIONS,
    EYES,
    INNER_LIPS,
    N_FACE,
    HeadShape,
    Proportions,
    build_head,
)
from stillface.testing.paint import (
    TEXELS_PER_PX,
    TEXTURE_ORIGIN_PX,
    Palette,
    paint_backdrop,
    paint_hair_back,
    paint_head,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["SIZE_PX", "Look", "Portrait", "Pose"]

SIZE_PX = (640, 480)
_CAMERA_PX = 1150.0
_PIVOT = np.array([0.0, 45.0, 105.0])
_SHIFT = 4  # fractional bits of cv2's drawing coordinates


@dataclass(frozen=True, slots=True)
class Look:
    """One stand-in: its proportions, colours and place in the frame."""

    proportions: Proportions
    palette: Palette
    centre_px: tuple[float, float]
    seed: int


@dataclass(frozen=True, slots=True)
class Pose:
    """What the stand-in does in one frame.

    Parameters
    ----------
    expression : mapping of str to float
        Strength 0..1 by name of `stillface.testing.heads.EXPRESSIONS`; absent is 0.
    yaw_deg, pitch_deg, roll_deg : float
        Turn of the head; yaw > 0 turns to the right of the picture, pitch > 0 up,
        roll > 0 clockwise, as in `stillface.domain.faces.FaceTrack`.
    gaze_x, gaze_y : float
        Shift of the irises in iris radii, to the viewer's right and down.
    shift_px : tuple of float
    """

    expression: Mapping[str, float]
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    shift_px: tuple[float, float] = (0.0, 0.0)


class Portrait:
    """Painted once, then drawn in any pose.

    Parameters
    ----------
    look : Look
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._head: HeadShape = build_head(look.proportions)
        texels = (self._head.vertices[:, :2] - TEXTURE_ORIGIN_PX) * TEXELS_PER_PX
        self._texel_corners = texels[self._head.triangles]
        self._ids = np.empty((SIZE_PX[1], SIZE_PX[0]), np.uint16)

    @cached_property
    def _layers(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Paint face, back of the head and backdrop: a second's work that landmarks do not need."""
        rng = np.random.default_rng(self._look.seed)
        palette, centre = self._look.palette, self._look.centre_px
        face = paint_head(self._head, palette, rng)
        back = paint_hair_back(self._head, palette, rng)
        chin = float(self._head.vertices[152, 1]) + centre[1]
        return face, back, paint_backdrop(palette, SIZE_PX, centre, chin, rng)

    def landmarks(self, pose: Pose) -> NDArray[np.float64]:
        """Give the posed landmarks in the frame, shape (478, 3), px: the tracker's truth.

        The 468 of the face mesh, then centre and rim of the subject's right and left iris.
        """
        points, turn = self._posed(pose)
        rim = np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0], [-1, 0, 0], [0, 1, 0]], dtype=np.float64)
        irises = [
            self._project(centre + radius * rim, turn, pose)
            for centre, radius in zip(self._iris_centres(pose), self._head.eye_radii_px, strict=True)
        ]
        return np.vstack([points[:N_FACE], *irises])

    def _iris_centres(self, pose: Pose) -> NDArray[np.float64]:
        """Give the irises before the head turns; a little behind the lids."""
        gaze = np.array([pose.gaze_x, pose.gaze_y, 0.0])
        return np.asarray(
            self._head.eye_centres + np.array([0.0, 0.0, 3.0]) + self._head.eye_radii_px[:, None] * gaze
        )

    def draw(self, pose: Pose) -> NDArray[np.uint8]:
        """Draw one frame.

        Returns
        -------
        ndarray of uint8, shape (480, 640, 3)
            RGB.
        """
        points, turn = self._posed(pose)
        face, back, backdrop = self._layers
        frame = backdrop.copy()
        self._draw_back(frame, back, turn, pose)
        self._draw_eyes(frame, points, turn, pose)
        self._draw_mouth(frame, points)
        self._draw_skin(frame, face, points)
        self._draw_lines(frame, points)
        return frame

    def _posed(self, pose: Pose) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        unknown = set(pose.expression) - set(EXPRESSIONS)
        if unknown:
            raise FieldError(
                "unknown expression", where="Pose.expression", got=sorted(unknown), expected=EXPRESSIONS
            )
        moved = self._head.vertices.copy()
        for name, strength in pose.expression.items():
            if strength:
                moved += strength * self._head.shapes[name]
        turn = _rotation(pose)
        return self._project(moved, turn, pose), turn

    def _project(
        self, points: NDArray[np.float64], turn: NDArray[np.float64], pose: Pose
    ) -> NDArray[np.float64]:
        turned = (points - _PIVOT) @ turn.T
        near = _CAMERA_PX / (_CAMERA_PX + turned[:, 2:])
        middle = _PIVOT[:2] + self._look.centre_px + np.asarray(pose.shift_px)
        return np.hstack([turned[:, :2] * near + middle, turned[:, 2:]])

    def _draw_back(
        self, frame: NDArray[np.uint8], back: NDArray[np.uint8], turn: NDArray[np.float64], pose: Pose
    ) -> None:
        """Lay ears and back hair, flat at the depth of the ears, behind the face."""
        import cv2

        height, width = back.shape[:2]
        texels = np.array([[0, 0], [width, 0], [0, height]], np.float32)
        flat = np.column_stack([texels / TEXELS_PER_PX + TEXTURE_ORIGIN_PX, np.full(3, 128.0)])
        screen = self._project(flat, turn, pose)[:, :2].astype(np.float32)
        warp = cv2.getAffineTransform(texels, screen)
        layer = cv2.warpAffine(back, warp, SIZE_PX, flags=cv2.INTER_AREA)
        _blend(frame, layer)

    def _draw_eyes(
        self,
        frame: NDArray[np.uint8],
        points: NDArray[np.float64],
        turn: NDArray[np.float64],
        pose: Pose,
    ) -> None:
        import cv2

        palette = self._look.palette
        centres = self._iris_centres(pose)
        radii = self._head.eye_radii_px
        for (outer, upper, inner, lower), centre, radius in zip(EYES, centres, radii, strict=True):
            loop = _fixed(points[[outer, *upper, inner, *lower[::-1]], :2])
            cv2.fillPoly(frame, [loop], (238, 234, 230), cv2.LINE_AA, _SHIFT)
            at = self._project(centre[None], turn, pose)[0, :2]
            squeeze = 1.0 - 0.10 * abs(pose.gaze_x)
            for share, colour in (
                (1.0, tuple(c * 0.45 for c in palette.iris)),
                (0.86, palette.iris),
                (0.45, (18, 14, 14)),
            ):
                _disc(frame, at, radius * share * squeeze, radius * share, colour)
            _disc(frame, at - (radius * 0.32, radius * 0.34), radius * 0.2, radius * 0.2, (250, 250, 250))
            # The upper lid throws a shadow on the ball of the eye.
            lid = _fixed(points[[outer, *upper, inner], :2] + (0.0, 1.5))
            cv2.polylines(frame, [lid], False, (120, 98, 92), 3, cv2.LINE_AA, _SHIFT)

    def _draw_mouth(self, frame: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
        import cv2

        loop = points[list(INNER_LIPS), :2]
        left, top = np.floor(loop.min(0)).astype(int) - 2
        right, bottom = np.ceil(loop.max(0)).astype(int) + 3
        view = frame[top:bottom, left:right]
        inside = np.full_like(view, (74, 22, 26))
        local = loop - (left, top)
        opening = local[15, 1] - local[5, 1]
        tongue = np.array([local[:, 0].mean(), local[15, 1] + 3.0])
        _disc(inside, tongue, np.ptp(local[:, 0]) * 0.32, max(1.0, opening * 0.5), (186, 92, 96))
        if self._look.palette.teeth:
            upper = local[:11]
            depth = np.minimum(7.0, opening * 0.75)
            band = np.vstack([upper - (0, 2.0), (upper + np.array([0.0, depth]))[::-1]])
            cv2.fillPoly(inside, [_fixed(band)], (240, 236, 228), cv2.LINE_AA, _SHIFT)
        mask = np.zeros(view.shape[:2], np.uint8)
        cv2.fillPoly(mask, [_fixed(local)], 255, cv2.LINE_AA, _SHIFT)
        view[:] = np.where(mask[..., None] > 127, inside, view)

    def _draw_skin(
        self, frame: NDArray[np.uint8], face: NDArray[np.uint8], points: NDArray[np.float64]
    ) -> None:
        """Paint the mesh back to front into an image of triangle numbers, then fetch texels."""
        import cv2

        corners = points[self._head.triangles]
        screen = corners[..., :2]
        size = _twice_area(screen)
        order = np.argsort(-corners[..., 2].mean(1), kind="stable")
        order = order[np.abs(size[order]) > 0.05]
        ids = self._ids
        ids[:] = 0
        fixed = _fixed(screen)
        for triangle in order.tolist():
            cv2.fillConvexPoly(ids, fixed[triangle], triangle + 1, cv2.LINE_8, _SHIFT)
        low = np.maximum(np.floor(points[:, :2].min(0)).astype(int) - 1, 0)
        high = np.ceil(points[:, :2].max(0)).astype(int) + 2
        window = (slice(low[1], min(high[1], SIZE_PX[1])), slice(low[0], min(high[0], SIZE_PX[0])))
        rows, columns = np.nonzero(ids[window])
        rows += low[1]
        columns += low[0]
        affine = self._texel_maps(screen, size)[ids[rows, columns] - 1]
        texel_x = affine[:, 0] * columns + affine[:, 1] * rows + affine[:, 2]
        texel_y = affine[:, 3] * columns + affine[:, 4] * rows + affine[:, 5]
        map_x = np.full((SIZE_PX[1], SIZE_PX[0]), -10.0, np.float32)
        map_y = np.full_like(map_x, -10.0)
        map_x[rows, columns] = texel_x
        map_y[rows, columns] = texel_y
        layer = cv2.remap(face, map_x[window], map_y[window], cv2.INTER_LINEAR)
        _blend(frame[window], layer)

    def _texel_maps(self, screen: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float32]:
        """Give for each triangle the affine map from pixel to texel, shape (m, 6)."""
        a, b, c = screen[:, 0], screen[:, 1], screen[:, 2]
        safe = np.where(np.abs(size) > 0.05, size, 1.0)[:, None]
        ta, tb, tc = (self._texel_corners[:, k] for k in range(3))
        ab, ac = b - a, c - a
        du = ((tb - ta) * ac[:, 1:] - (tc - ta) * ab[:, 1:]) / safe
        dv = ((tc - ta) * ab[:, :1] - (tb - ta) * ac[:, :1]) / safe
        start = ta - du * a[:, :1] - dv * a[:, 1:]
        return np.column_stack([du[:, 0], dv[:, 0], start[:, 0], du[:, 1], dv[:, 1], start[:, 1]]).astype(
            np.float32
        )

    def _draw_lines(self, frame: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
        """Draw lashes and the line between the lips over the mesh's hard inner edges."""
        import cv2

        hair = tuple(c * 0.30 for c in self._look.palette.hair)
        skin = tuple(c * 0.62 for c in self._look.palette.skin)
        for outer, upper, inner, lower in EYES:
            low = _fixed(points[[outer, *lower, inner], :2])
            cv2.polylines(frame, [low], False, skin, 1, cv2.LINE_AA, _SHIFT)
            lash = _fixed(points[[outer, *upper, inner], :2])
            cv2.polylines(frame, [lash], False, hair, 2, cv2.LINE_AA, _SHIFT)
        lips = tuple(c * 0.55 for c in self._look.palette.lips)
        edge = _fixed(points[list(INNER_LIPS), :2])
        cv2.polylines(frame, [edge], True, lips, 1, cv2.LINE_AA, _SHIFT)


def _rotation(pose: Pose) -> NDArray[np.float64]:
    yaw, pitch, roll = np.deg2rad([-pose.yaw_deg, -pose.pitch_deg, pose.roll_deg])
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll),
    )  # fmt: skip
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def _twice_area(screen: NDArray[np.float64]) -> NDArray[np.float64]:
    ab, ac = screen[:, 1] - screen[:, 0], screen[:, 2] - screen[:, 0]
    return np.asarray(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.asarray(np.round(points * (1 << _SHIFT)).astype(np.int32))


def _disc(
    image: NDArray[np.uint8],
    centre: NDArray[np.float64],
    rx: float,
    ry: float,
    colour: tuple[float, ...],
) -> None:
    import cv2

    angle = np.linspace(0.0, 2.0 * np.pi, 28, endpoint=False)
    ring = np.column_stack([centre[0] + rx * np.cos(angle), centre[1] + ry * np.sin(angle)])
    cv2.fillConvexPoly(image, _fixed(ring), colour, cv2.LINE_AA, _SHIFT)


def _blend(frame: NDArray[np.uint8], layer: NDArray[np.uint8]) -> None:
    """Lay an RGBA layer over the frame in place."""
    import cv2

    alpha = cv2.merge([layer[..., 3]] * 3)
    over = cv2.multiply(layer[..., :3], alpha, scale=1 / 255)
    under = cv2.multiply(frame, cv2.bitwise_not(alpha), scale=1 / 255)
    frame[:] = cv2.add(over, under)
