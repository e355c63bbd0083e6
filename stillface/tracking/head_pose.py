"""Where the head points, from the mesh's own depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.tracking.rigid_head import RIGID, RIGID_POINTS

__all__ = ["HeadPose", "angles_deg", "head_pose"]

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeadPose:
    """Head pose of n frames.

    Parameters
    ----------
    yaw_deg, pitch_deg, roll_deg : array of float32, shape (n,)
        Yaw > 0 turns to the right of the picture, pitch > 0 up, roll > 0 clockwise.
    misfit : array of float32, shape (n,)
        Root mean square distance from the rigid head, in face widths.
    """

    yaw_deg: Float32
    pitch_deg: Float32
    roll_deg: Float32
    misfit: Float32


def head_pose(landmarks_px: Float32) -> HeadPose:
    """Turn the rigid head onto the mesh's rigid points (Kabsch 1976, 10.1107/S0567739476001873).

    Parameters
    ----------
    landmarks_px : array of float32, shape (n, 478, 3)
        Frames without a mesh (all zeros) give zeros.
    """
    points = landmarks_px[:, RIGID].astype(np.float64)
    points -= points.mean(axis=1, keepdims=True)
    head = RIGID_POINTS - RIGID_POINTS.mean(axis=0)
    u, s, vt = np.linalg.svd(points.transpose(0, 2, 1) @ head)
    mirrored = np.linalg.det(u @ vt) < 0
    u[mirrored, :, 2] *= -1
    s[mirrored, 2] *= -1
    rotation = u @ vt
    size = s.sum(axis=1) / (head**2).sum()
    there = size > 0
    size = np.where(there, size, 1.0)
    left_over = points / size[:, None, None] - head @ rotation.transpose(0, 2, 1)
    misfit = np.sqrt((left_over**2).sum(axis=2).mean(axis=1))
    angles = np.where(there[:, None], angles_deg(rotation), 0.0).astype(np.float32)
    return HeadPose(angles[:, 0], angles[:, 1], angles[:, 2], np.where(there, misfit, 0.0).astype(np.float32))


def angles_deg(rotation: Float64) -> Float64:
    """Give yaw, pitch and roll of rotations from head to camera; shape (n, 3).

    Camera axes: x right, y down, z away from the camera. Yaw and pitch are the direction of the
    face, roll is the lean about it: ``R = Yaw @ Pitch @ Roll``.

    Parameters
    ----------
    rotation : array of float64, shape (n, 3, 3)
    """
    yaw = np.arctan2(-rotation[:, 0, 2], rotation[:, 2, 2])
    pitch = np.arcsin(np.clip(rotation[:, 1, 2], -1.0, 1.0))
    roll = np.arctan2(rotation[:, 1, 0], rotation[:, 1, 1])
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=1)), dtype=np.float64)
