"""Face tracks: what the tracker saw of one person, frame by frame, and why not where it did not."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.clock import FrameClock
from stillface.errors import FieldError

__all__ = ["N_LANDMARKS", "FaceStatus", "FaceTrack"]

N_LANDMARKS = 478
"""MediaPipe's face mesh with irises."""

Float32 = npt.NDArray[np.float32]

_TAILS = {"landmarks_px": (N_LANDMARKS, 3), "box_px": (4,)}
_BYTES = ("status", "turn_known")


class FaceStatus:
    """Why a frame can or cannot be coded; the values of ``FaceTrack.status``."""

    CODABLE = 0
    NO_FACE = 1
    TOO_SMALL = 2
    TURNED_AWAY = 3
    BLURRED = 4
    GHOST = 5
    NAMES = ("codable", "no_face", "too_small", "turned_away", "blurred", "ghost")


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One person's face through one recording; n is the number of frames.

    Arrays hold 0 where ``status`` says there was no face: ask ``seen`` or ``codable`` first.

    Parameters
    ----------
    role : str
        Whose face.
    recording_id : str
        Which film.
    clock : FrameClock
        Frame borders on the session clock.
    status : array of uint8, shape (n,)
        A value of FaceStatus.
    landmarks_px : array of float32, shape (n, 478, 3)
        x, y in picture pixels and MediaPipe's relative depth in the same scale.
    box_px : array of float32, shape (n, 4)
        Left, top, right, bottom of the face.
    score : array of float32, shape (n,)
        Detector's score in [0, 1].
    yaw_deg, pitch_deg, roll_deg : array of float32, shape (n,)
        Head pose; yaw > 0 turns to the right of the picture, pitch > 0 up, roll > 0 clockwise.
    iris_x, iris_y : array of float32, shape (n,)
        Iris offset from the eye's middle in eye widths, mean of both eyes; x > 0 is the picture's right.
    face_px : array of float32, shape (n,)
        Width of the face.
    sharpness : array of float32, shape (n,)
        Variance of the Laplacian over the face at a standard size.
    turn : array of float32, shape (n,)
        Head turn by a detector that needs no mesh: nose against the middle of the ears in box widths;
        0 frontal, about .5 to .8 profile, > 0 to the right of the picture.
    turn_known : array of uint8, shape (n,)
        1 where ``turn`` was read, or lies on the line between two readings that confirm each other;
        0 where it is not known and ``turn`` says nothing.
    source : str
        ``<tracker>@<version>``.
    """

    role: str
    recording_id: str
    clock: FrameClock
    status: npt.NDArray[np.uint8]
    landmarks_px: Float32
    box_px: Float32
    score: Float32
    yaw_deg: Float32
    pitch_deg: Float32
    roll_deg: Float32
    iris_x: Float32
    iris_y: Float32
    face_px: Float32
    sharpness: Float32
    turn: Float32
    turn_known: npt.NDArray[np.uint8]
    source: str

    def __post_init__(self) -> None:
        owner = f"FaceTrack[{self.role}]"
        n = self.clock.n_frames
        for name in self.array_names():
            array = np.asarray(getattr(self, name))
            expected = (n, *_TAILS.get(name, ()))
            if array.shape != expected:
                raise FieldError("wrong shape", where=f"{owner}.{name}", got=array.shape, expected=expected)
            array = array.astype(np.uint8 if name in _BYTES else np.float32, copy=False)
            if name not in _BYTES and not bool(np.all(np.isfinite(array))):
                raise FieldError("not finite", where=f"{owner}.{name}", expected="finite; 0 where not seen")
            view = array.view()
            object.__setattr__(self, name, refuse.frozen(view))
        if bool(np.any(self.status >= len(FaceStatus.NAMES))):
            raise FieldError("no such status", where=f"{owner}.status", expected=", ".join(FaceStatus.NAMES))
        if bool(np.any(self.turn_known > 1)):
            raise FieldError("neither known nor unknown", where=f"{owner}.turn_known", expected="0 or 1")

    @classmethod
    def blank(cls, n_frames: int) -> dict[str, npt.NDArray[Any]]:
        """Give all per-frame arrays, full of zeros and ready to be filled."""
        return {
            name: np.zeros(
                (n_frames, *_TAILS.get(name, ())), dtype=np.uint8 if name in _BYTES else np.float32
            )
            for name in cls.array_names()
        }

    @classmethod
    def array_names(cls) -> tuple[str, ...]:
        """Names of the per-frame arrays, in declaration order."""
        return tuple(f.name for f in fields(cls) if f.name not in ("role", "recording_id", "clock", "source"))

    @property
    def codable(self) -> npt.NDArray[np.bool_]:
        """Frames good enough to code; shape (n,)."""
        return np.asarray(self.status == FaceStatus.CODABLE)

    @property
    def coverage(self) -> float:
        """Share of time whose frame is codable."""
        durations = np.diff(self.clock.edges_ns)
        return float(durations[self.codable].sum() / durations.sum())
