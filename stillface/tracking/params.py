"""The tracker's numbers in one place; they are part of every finished chunk's key."""

from __future__ import annotations

from dataclasses import dataclass

from stillface.errors import FieldError

__all__ = ["TrackingParams"]


@dataclass(frozen=True)
class TrackingParams:
    """How faces are looked for and when a frame counts as codable.

    Where each default comes from is told in ``docs/explanation/tracking.md``.

    Parameters
    ----------
    chunk_frames : int
        Fewest frames in a chunk; trackers start afresh at each.
    detect_every : int
        A followed face is confirmed by a detector every so many frames.
    lost_every : int
        A lost face is looked for every so many frames.
    min_score : float
        Detector score in [0, 1] below which a hit is no face.
    crop_faces : float
        Side of the square cut around a face, in face widths.
    warm_up : int
        Times the first picture of a new cut is shown to the mesh, so that it settles.
    min_overlap : float
        Intersection over union of mesh and detector below which the mesh is a ghost.
    max_keypoint_gap : float
        Mean distance between the mesh's and the detector's eyes, nose and mouth, in box widths,
        above which the mesh is a ghost.
    max_step : float
        Mean movement of the mesh from one frame to the next, in face widths, above which the
        detector is asked at once.
    max_size_jump : float
        Largest factor between face widths of one frame and the next.
    max_size_ratio : float
        Largest factor between a face's width and the person's usual width in the film.
    min_face_px : float
        Faces narrower than this are too small.
    max_yaw_deg : float
        Heads turned further are turned away: the mesh guesses the hidden half.
    max_turn : float
        Detector's nose against the middle of its ears, in box widths, above which a head is turned
        away whatever the mesh says: past 45 degrees the mesh's yaw hardly grows.
    aside_turn : float
        The same, above which the short-range model is asked for the turn: the full-range one reads
        some profiles as nearly frontal.
    profile_turn : float
        Turn by the short-range model above which a followed head is looked at every ``lost_every``
        frames: the mesh is about to fail.
    min_turn_score : float
        Score of the short-range model below which its turn is not believed.
    max_turn_gap : float
        Largest difference between its turns in a narrow and in a wide cut.
    min_sharpness : float
        Least variance of the Laplacian over the face at the standard size.
    max_misfit : float
        Largest distance from the rigid head shape, in face widths.
    """

    chunk_frames: int = 300
    detect_every: int = 15
    lost_every: int = 3
    min_score: float = 0.5
    crop_faces: float = 2.5
    warm_up: int = 3
    min_overlap: float = 0.3
    max_keypoint_gap: float = 0.16
    max_step: float = 0.1
    max_size_jump: float = 1.4
    max_size_ratio: float = 2.5
    min_face_px: float = 36.0
    max_yaw_deg: float = 50.0
    max_turn: float = 0.6
    aside_turn: float = 0.2
    profile_turn: float = 0.35
    min_turn_score: float = 0.6
    max_turn_gap: float = 0.25
    min_sharpness: float = 10.0
    max_misfit: float = 0.06

    def __post_init__(self) -> None:
        for name in ("chunk_frames", "detect_every", "lost_every", "warm_up"):
            if getattr(self, name) < 1:
                raise FieldError(
                    "too few", where=f"TrackingParams.{name}", got=getattr(self, name), expected=">= 1"
                )
        for name in ("min_score", "min_overlap", "min_turn_score"):
            if not 0 < getattr(self, name) < 1:
                raise FieldError(
                    "outside the range",
                    where=f"TrackingParams.{name}",
                    got=getattr(self, name),
                    expected="between 0 and 1",
                )
        for name in ("crop_faces", "max_size_jump", "max_size_ratio"):
            if not getattr(self, name) > 1:
                raise FieldError(
                    "too small", where=f"TrackingParams.{name}", got=getattr(self, name), expected="> 1"
                )
        if not 0 < self.max_yaw_deg <= 90:
            raise FieldError(
                "outside the range",
                where="TrackingParams.max_yaw_deg",
                got=self.max_yaw_deg,
                expected="above 0, at most 90",
            )
