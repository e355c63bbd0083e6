"""A face that can be posed: every test says what it does in each frame."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from stillface.domain.clock import FrameClock
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.scheme import Code, CodingScheme
from stillface.testing.heads import Proportions, build_head

MakeFace = Callable[..., FaceTrack]


def _turn(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """Rotate by the convention of FaceTrack: yaw > 0 right, pitch > 0 up, roll > 0 clockwise."""
    y, p, r = np.deg2rad([-yaw_deg, -pitch_deg, roll_deg])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


@pytest.fixture(scope="session")
def make_face() -> MakeFace:
    """Give a builder: one value or one per frame for each expression (0 to 1) and angle."""
    head = build_head(Proportions())
    rest = head.vertices[:468]
    shapes = {name: shape[:468] for name, shape in head.shapes.items()}

    def build(
        n: int = 300,
        *,
        edges_ns: np.ndarray | None = None,
        expressions: dict[str, Any] | None = None,
        yaw_deg: Any = 0.0,
        pitch_deg: Any = 0.0,
        roll_deg: Any = 0.0,
        iris_x: Any = 0.0,
        status: Any = FaceStatus.CODABLE,
        size: float = 1.0,
        at_px: tuple[float, float] = (320.0, 240.0),
        noise_px: float = 0.1,
        score: float = 1.0,
        turn: Any = None,
    ) -> FaceTrack:
        if edges_ns is None:
            edges_ns = FrameClock.constant(n, Fraction(30)).edges_ns
        n = edges_ns.size - 1
        rng = np.random.default_rng(1)
        points = np.repeat(rest[None], n, axis=0)
        for name, strength in (expressions or {}).items():
            points = points + np.broadcast_to(strength, n)[:, None, None] * shapes[name]
        angles = [np.broadcast_to(a, n).astype(float) for a in (yaw_deg, pitch_deg, roll_deg)]
        turns = np.stack([_turn(*angle) for angle in zip(*angles, strict=True)])
        points = size * np.einsum("nij,nvj->nvi", turns, points) + np.array([*at_px, 0.0])
        points += rng.normal(0, noise_px, points.shape) if noise_px else 0.0
        seen = np.broadcast_to(status, n) != FaceStatus.NO_FACE
        landmarks = np.zeros((n, 478, 3))
        landmarks[:, :468] = points
        landmarks[~seen] = 0
        box = np.concatenate((landmarks[..., :2].min(1), landmarks[..., :2].max(1)), axis=1)

        def where_seen(values: Any) -> np.ndarray:
            return np.where(seen, np.broadcast_to(values, n), 0).astype(np.float32)

        return FaceTrack(
            role="infant",
            recording_id="film",
            clock=FrameClock(edges_ns),
            status=np.broadcast_to(status, n).astype(np.uint8),
            landmarks_px=landmarks.astype(np.float32),
            box_px=box.astype(np.float32),
            score=where_seen(score),
            yaw_deg=where_seen(yaw_deg),
            pitch_deg=where_seen(pitch_deg),
            roll_deg=where_seen(roll_deg),
            iris_x=where_seen(iris_x),
            iris_y=where_seen(0.0),
            face_px=where_seen(200.0 * size),
            sharpness=where_seen(100.0),
            turn=np.nan_to_num(where_seen(0.0 if turn is None else turn)),
            turn_known=(seen & np.isfinite(np.nan if turn is None else turn)).astype(np.uint8),
            source="posed@1",
        )

    return build


@pytest.fixture(scope="session")
def affect3() -> CodingScheme:
    """Give the affect scheme."""
    codes = (Code("neg", valence=-1), Code("neu", valence=0), Code("pos", valence=1), Code("usc", gap=True))
    return CodingScheme("affect3", codes)


@pytest.fixture(scope="session")
def gaze_scheme() -> CodingScheme:
    """Give the gaze scheme."""
    names = ("partner", "object", "away", "closed", "usc")
    return CodingScheme("gaze", tuple(Code(name, gap=name == "usc") for name in names))
