"""Face tracks without film: what a faultless tracker would return for the scripted dyad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillface.domain.clock import FrameClock
from stillface.domain.faces import N_LANDMARKS, FaceStatus, FaceTrack
from stillface.errors import FieldError
from stillface.testing import script
from stillface.testing.demo import LOOKS, DemoDyad
from stillface.testing.heads import EYES, N_FACE
from stillface.testing.portrait import Portrait

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["hide", "scripted_face_track"]

SOURCE = "scripted@1.0"


def scripted_face_track(
    role: str, *, n_frames: int | None = None, jitter_px: float = 0.3, seed: int = 0
) -> FaceTrack:
    """Give the drawn landmarks of the script as a face track on the session clock.

    Parameters
    ----------
    role : {'infant', 'caregiver'}
    n_frames : int, optional
        Length from the beginning; the whole script without it.
    jitter_px : float
        Standard deviation of the noise on every landmark, as a tracker has it.
    seed : int

    Returns
    -------
    FaceTrack
        Every frame codable.
    """
    dyad = DemoDyad()
    n = dyad.n_frames if n_frames is None else n_frames
    portrait = Portrait(LOOKS[role]) if role in LOOKS else None
    if portrait is None:
        raise FieldError("no such role", where="scripted_face_track", got=role, expected=" or ".join(LOOKS))
    poses = [script.pose_at(role, frame) for frame in range(n)]
    points = np.stack([portrait.landmarks(pose) for pose in poses])
    points[..., :2] += np.random.default_rng(seed).normal(0.0, jitter_px, (n, N_LANDMARKS, 2))
    iris = _iris_offsets(points)
    low, high = points[:, :N_FACE, :2].min(1), points[:, :N_FACE, :2].max(1)

    def of(values: object) -> NDArray[np.float32]:
        return np.asarray(values, dtype=np.float32)

    return FaceTrack(
        role=role,
        recording_id=f"film_{role}",
        clock=FrameClock.constant(n, dyad.rate),
        status=np.full(n, FaceStatus.CODABLE, np.uint8),
        landmarks_px=of(points),
        box_px=of(np.hstack([low, high])),
        score=of(np.full(n, 0.95)),
        yaw_deg=of([pose.yaw_deg for pose in poses]),
        pitch_deg=of([pose.pitch_deg for pose in poses]),
        roll_deg=of([pose.roll_deg for pose in poses]),
        iris_x=of(iris[:, 0]),
        iris_y=of(iris[:, 1]),
        face_px=of(high[:, 0] - low[:, 0]),
        sharpness=of(np.full(n, 300.0)),
        # Nobody detected anything here.
        turn=of(np.zeros(n)),
        turn_known=np.zeros(n, np.uint8),
        source=SOURCE,
    )


def hide(face: FaceTrack, frames: slice) -> FaceTrack:
    """Give the track with no face in these frames: status NO_FACE and zeros everywhere."""
    arrays = {name: np.array(getattr(face, name)) for name in FaceTrack.array_names()}
    for array in arrays.values():
        array[frames] = 0
    arrays["status"][frames] = FaceStatus.NO_FACE
    return FaceTrack(
        role=face.role, recording_id=face.recording_id, clock=face.clock, source=face.source, **arrays
    )


def _iris_offsets(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the offset of the iris from the eye's middle in eye widths, mean of both, shape (n, 2)."""
    offsets = []
    for (outer, _, inner, _), iris in zip(EYES, (N_FACE, N_FACE + 5), strict=True):
        width = np.linalg.norm(points[:, outer, :2] - points[:, inner, :2], axis=1, keepdims=True)
        middle = (points[:, outer, :2] + points[:, inner, :2]) / 2
        offsets.append((points[:, iris, :2] - middle) / width)
    return np.asarray(np.mean(offsets, axis=0))
