"""What the tracker saw of a face, as lines to be drawn over the picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.coding.eyes import EyeLimits, eye_state
from stillface.coding.features import face_features
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.tracking.gaze import LEFT_EYE, RIGHT_EYE

__all__ = ["MARKS", "FaceMarks", "gaze_known", "marks_of"]

Float32 = npt.NDArray[np.float32]

MARKS = {
    "box": "Face box",
    "mesh": "Mesh outline",
    "gaze": "Gaze arrow",
    "axes": "Head pose axes",
    "score": "Detector's confidence",
}
"""What can be drawn, each with its name for people."""

# Closed outlines of MediaPipe's mesh: face, eyes, lips.
_OUTLINES = (
    (
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    ),
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
)  # fmt: skip
_NOSE_TIP = 1
_AXIS_SHARE = 0.45
# Irises move by tenths of an eye's width: drawn as it is nobody would see it.
_GAZE_TIMES = 10.0
_ARROW_HEAD = 0.25


@dataclass(frozen=True)
class FaceMarks:
    """Line segments in picture pixels, by name of MARKS.

    Parameters
    ----------
    segments_px : mapping of str to array of float32, shape (n, 2, 2)
        Beginning and end of each line, x before y. ``axes`` holds three: the head's own right (picture's
        right where it is frontal), down, and where the face points.
    text : str
        Detector's score, and why the frame cannot be coded.
    text_px : (float, float)
        Where the text begins.
    """

    segments_px: dict[str, Float32]
    text: str
    text_px: tuple[float, float]


def gaze_known(track: FaceTrack) -> npt.NDArray[np.bool_]:
    """Tell in which frames the irises mean something: codable, and the eyes not shut; shape (n,)."""
    eyes = eye_state(face_features(track).eye_aperture, track.clock.edges_ns, EyeLimits())
    return np.asarray(np.isfinite(eyes.openness) & ~eyes.blink & ~eyes.closed)


def marks_of(track: FaceTrack, frame: int, *, with_gaze: bool = True) -> FaceMarks | None:
    """Give the marks of one frame; None where the tracker saw no face.

    The gaze arrow shows how far the irises stand from the eyes' middles, ten times enlarged; where the
    head points is shown by the axes.
    """
    if not 0 <= frame < track.clock.n_frames:
        return None
    left, top, right, bottom = (float(value) for value in track.box_px[frame])
    if right <= left or track.status[frame] == FaceStatus.NO_FACE:
        return None
    segments = {"box": _closed([(left, top), (right, top), (right, bottom), (left, bottom)])}
    points = track.landmarks_px[frame, :, :2]
    if bool(np.any(points)):
        segments["mesh"] = np.concatenate([_closed(points[list(outline)]) for outline in _OUTLINES])
        if with_gaze:
            segments["gaze"] = _gaze(points, float(track.iris_x[frame]), float(track.iris_y[frame]))
        pose = (track.yaw_deg[frame], track.pitch_deg[frame], track.roll_deg[frame])
        segments["axes"] = _axes(points[_NOSE_TIP], pose, _AXIS_SHARE * (right - left))
    status = int(track.status[frame])
    why = "" if status == FaceStatus.CODABLE else f"  {FaceStatus.NAMES[status].replace('_', ' ')}"
    return FaceMarks(segments, f"{track.role} {track.score[frame]:.2f}{why}", (left, top))


def _closed(points: npt.ArrayLike) -> Float32:
    corners = np.asarray(points, dtype=np.float32)
    return np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)


def _gaze(points: Float32, iris_x: float, iris_y: float) -> Float32:
    """Give an arrow from between the eyes, along the eyes' own axis and across it."""
    eyes = [points[list(eye[:2])].astype(np.float64) for eye in (RIGHT_EYE, LEFT_EYE)]
    along = (eyes[0][1] - eyes[0][0] + eyes[1][1] - eyes[1][0]) / 2
    down = np.array([-along[1], along[0]])
    start = (eyes[0].mean(axis=0) + eyes[1].mean(axis=0)) / 2
    shift = _GAZE_TIMES * (iris_x * along + iris_y * down)
    return _arrow(start, start + shift)


def _arrow(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> Float32:
    back = (start - end) * _ARROW_HEAD
    side = np.array([-back[1], back[0]])
    lines = [(start, end), (end, end + back + side), (end, end + back - side)]
    return np.array(lines, dtype=np.float32)


def _axes(origin: Float32, pose_deg: Iterable[float], length_px: float) -> Float32:
    """Give the head's right, down and forward as seen in the picture.

    Camera axes: x right, y down, z away; ``R = Yaw @ Pitch @ Roll`` as the tracker has it.
    """
    yaw, pitch, roll = (np.radians(float(angle)) for angle in pose_deg)
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    rotation = turn @ nod @ lean
    ends = np.stack([rotation[:2, 0], rotation[:2, 1], -rotation[:2, 2]])
    start = np.broadcast_to(np.asarray(origin, dtype=np.float64), (3, 2))
    return np.asarray(np.stack([start, start + length_px * ends], axis=1), dtype=np.float32)
