"""One person followed through one chunk of film."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillface.domain.faces import N_LANDMARKS
from stillface.tracking.boxes import Box, Crop, overlap, width
from stillface.tracking.detect import Detection, FaceDetector
from stillface.tracking.head_turn import HeadTurn, confirmed_turn
from stillface.tracking.identity import affinity, inside
from stillface.tracking.mesh import FaceMesher
from stillface.tracking.params import TrackingParams
from stillface.tracking.quality import agrees, sharpness

__all__ = ["Person", "Sighting", "keep_apart"]

Rgb = npt.NDArray[np.uint8]

# A face that leans less needs no turned cut; turning in steps keeps cuts from changing with jitter.
_UPRIGHT_DEG = 25.0
_TURN_STEP_DEG = 15.0
# Second try when the partner's face also lies in the cut and the mesh took that one.
_TIGHT_CROP_FACES = 1.6


class Sighting:
    """Values of ``Person.sighting``: what each frame showed."""

    NOTHING = 0
    DETECTOR_ONLY = 1
    MESH = 2
    GHOST = 3


class Person:
    """Follows one face; frames are counted from the chunk's first.

    Parameters
    ----------
    area_px : (int, int, int, int)
        The person's region.
    usual_px : Box or None
        Where and how wide the face usually is.
    n_frames : int
        Frames in the chunk.
    mesher : FaceMesher
        Kept from chunk to chunk, made to forget at each start.
    params : TrackingParams
    """

    def __init__(
        self,
        area_px: tuple[int, int, int, int],
        usual_px: Box | None,
        n_frames: int,
        mesher: FaceMesher,
        params: TrackingParams,
    ) -> None:
        self.area_px = area_px
        self.landmarks_px = np.zeros((n_frames, N_LANDMARKS, 3), dtype=np.float32)
        self.box_px = np.zeros((n_frames, 4), dtype=np.float32)
        self.score = np.zeros(n_frames, dtype=np.float32)
        self.detector_turn = np.zeros(n_frames, dtype=np.float32)
        self.turn = np.zeros(n_frames, dtype=np.float32)
        self.turn_known = np.zeros(n_frames, dtype=np.uint8)
        self.sharpness = np.zeros(n_frames, dtype=np.float32)
        self.sighting = np.zeros(n_frames, dtype=np.uint8)
        self.usual_px = usual_px
        self._mesher = mesher
        self._params = params
        self._crop: Crop | None = None
        self._box: Box | None = None
        self._points = np.zeros((N_LANDMARKS, 3), dtype=np.float32)
        self._confirmed = 0
        self._held: Detection | None = None
        self._absence = Sighting.NOTHING
        self._lost_at = 0
        self._taken_up = 0
        self._proven = False
        self._jumped = False
        self._head_turn = HeadTurn(params)

    @property
    def followed(self) -> bool:
        """Whether a mesh is being followed."""
        return self._crop is not None

    @property
    def box(self) -> Box | None:
        """Where the face is now; None while it is lost."""
        return self._box if self.followed else None

    @property
    def expected(self) -> Box | None:
        """Where the face was last in this chunk, or usually is."""
        return self._box or self.usual_px

    def due(self, k: int) -> bool:
        """Whether the detector should look in frame k: for a face lost, new, or suddenly moved."""
        if self.followed:
            new = not self._proven and k - self._taken_up >= self._params.lost_every
            return self._jumped or new or self._head_turn.due(k)
        return (k - self._lost_at) % self._params.lost_every == 0

    def follow(self, k: int, rgb: Rgb) -> None:
        """Look for the followed face in frame k."""
        if self._crop is None or self._box is None:
            self.sighting[k] = self._absence
            return
        crop = self._crop
        points = self._mesher.find(crop.take(rgb))
        if points is None:
            self.lose(k)
            return
        placed = crop.to_picture(points)
        box = _box(placed)
        jump = width(box) / max(width(self._box), 1.0)
        if not (1 / self._params.max_size_jump <= jump <= self._params.max_size_jump and self._fits(box)):
            self.lose(k)
            self.sighting[k] = Sighting.GHOST
            return
        if not crop.holds(box):
            moved = self._cut(box, crop.angle_deg, rgb)
            if moved is None or overlap(_box(moved), box) < self._params.min_overlap:
                self.lose(k)
                return
            placed, box = moved, _box(moved)
        step = np.linalg.norm(placed[:, :2] - self._points[:, :2], axis=1).mean() / max(width(box), 1.0)
        self._jumped = bool(step > self._params.max_step)
        self._note(k, rgb, placed, box)

    def confirm(self, k: int, rgb: Rgb, seen: Detection | None) -> None:
        """Compare the followed face with what the detector saw in frame k, or take it up anew."""
        if self.followed and self._box is not None:
            if seen is not None and agrees(self._points, self._box, seen, self._params):
                self._confirmed = k + 1
                self._proven = True
                self._hold(k, seen)
                return
            # Nobody knows when the mesh left the face: nothing since the last confirmation counts.
            self._doubt(self._confirmed, k)
            self.lose(k)
        if seen is not None:
            self._take_up(k, rgb, seen)
        elif self.sighting[k] != Sighting.GHOST:
            self._absence = Sighting.NOTHING
            self.sighting[k] = Sighting.NOTHING

    def read_turn(self, k: int, rgb: Rgb, seen: Detection | None, detector: FaceDetector) -> None:
        """Note how the head is turned in a frame whose detection `confirm` has been told."""
        turn: float | None = None
        if seen is not None and self._right_size(seen.box_px):
            if self.followed and abs(seen.turn) <= self._params.aside_turn:
                turn = seen.turn
            else:
                turn = confirmed_turn(detector, rgb, seen, self._params)
        self._head_turn.note(k, seen, turn)

    def lose(self, k: int) -> None:
        """Stop following at frame k; what no detector saw a second time was a ghost from the start."""
        if self.followed and not self._proven:
            self._doubt(self._taken_up, k)
        self._crop = None
        self._lost_at = k
        self._absence = Sighting.NOTHING

    def end(self) -> None:
        """Close the chunk's account after its last frame."""
        self.lose(len(self.sighting) - 1)
        for first, second, turn, last_turn in self._head_turn.spans():
            self.turn[first : second + 1] = np.linspace(turn, last_turn, second - first + 1)
            self.turn_known[first : second + 1] = 1
            # Between two looks that confirm each other the face is where the first one saw it.
            held = first + np.flatnonzero(self.sighting[first:second] == Sighting.DETECTOR_ONLY)
            self.box_px[held], self.score[held] = self.box_px[first], self.score[first]

    def give_up_to_other(self, k: int) -> None:
        """Another person's face was followed in frame k: it does not count for this one."""
        self.sighting[k] = Sighting.GHOST
        self.lose(k)

    def _hold(self, k: int, seen: Detection) -> None:
        """Note what the detector said last; it stands until it is asked again."""
        self._held = seen
        self.score[k] = seen.score
        self.detector_turn[k] = seen.turn

    def _doubt(self, first: int, last: int) -> None:
        frames = self.sighting[first : last + 1]
        frames[frames == Sighting.MESH] = Sighting.GHOST

    def _take_up(self, k: int, rgb: Rgb, seen: Detection) -> None:
        lean = seen.roll_deg if abs(seen.roll_deg) > _UPRIGHT_DEG else 0.0
        angle = round(lean / _TURN_STEP_DEG) * _TURN_STEP_DEG
        for faces in (self._params.crop_faces, _TIGHT_CROP_FACES):
            placed = self._cut(seen.box_px, angle, rgb, faces)
            if placed is None:
                continue
            box = _box(placed)
            if self._fits(box) and agrees(placed, box, seen, self._params):
                self._taken_up, self._confirmed = k, k + 1
                self._proven = self._jumped = False
                self._held = seen
                self._note(k, rgb, placed, box)
                return
        self._crop = None
        self._lost_at = k
        self._absence = Sighting.DETECTOR_ONLY
        self.sighting[k] = Sighting.DETECTOR_ONLY
        self.landmarks_px[k] = 0
        self.sharpness[k] = 0
        self.box_px[k] = seen.box_px
        self.score[k] = seen.score

    def _cut(
        self, box: Box, angle_deg: float, rgb: Rgb, faces: float | None = None
    ) -> npt.NDArray[np.float32] | None:
        self._crop = Crop.around(box, faces or self._params.crop_faces, angle_deg)
        points = self._mesher.find_afresh(self._crop.take(rgb), self._params.warm_up)
        return None if points is None else self._crop.to_picture(points)

    def _fits(self, box: Box) -> bool:
        return self._right_size(box) and inside(box, self.area_px)

    def _right_size(self, box: Box) -> bool:
        if self.usual_px is None:
            return True
        ratio = width(box) / max(width(self.usual_px), 1.0)
        return 1 / self._params.max_size_ratio <= ratio <= self._params.max_size_ratio

    def _note(self, k: int, rgb: Rgb, placed: npt.NDArray[np.float32], box: Box) -> None:
        self._box, self._points = box, placed
        self.landmarks_px[k] = placed
        self.box_px[k] = box
        if self._held is not None:
            self._hold(k, self._held)
        self.sharpness[k] = sharpness(rgb, box)
        self.sighting[k] = Sighting.MESH


def keep_apart(people: dict[str, Person], k: int, same_face: float) -> None:
    """Where two people's meshes lie on one face, let the one go whom it fits less."""
    roles = list(people)
    for n, role in enumerate(roles):
        for other in roles[n + 1 :]:
            a, b = people[role], people[other]
            if a.box is None or b.box is None or overlap(a.box, b.box) < same_face:
                continue
            loser = a if affinity(a.box, a.usual_px) < affinity(b.box, b.usual_px) else b
            loser.give_up_to_other(k)


def _box(placed: npt.NDArray[np.float32]) -> Box:
    low, high = placed[:, :2].min(axis=0), placed[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
