"""One chunk of film: every person followed through it by one decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.contracts.frame_source import FrameSource
from stillface.domain.faces import FaceStatus
from stillface.domain.recording import Region
from stillface.tracking.boxes import Box
from stillface.tracking.detect import FaceDetector
from stillface.tracking.gaze import iris_offset
from stillface.tracking.head_pose import HeadPose, head_pose
from stillface.tracking.identity import SAME_FACE, assign, faces_inside
from stillface.tracking.mesh import FaceMesher
from stillface.tracking.params import TrackingParams
from stillface.tracking.person import Person, Sighting, keep_apart
from stillface.tracking.quality import face_width_px

__all__ = ["ChunkTracker", "Stopped", "face_status"]

Arrays = dict[str, npt.NDArray[np.generic]]


class Stopped(Exception):  # noqa: N818 - not an error: the person asked for it
    """The run was asked to stop in the middle of a chunk."""


@dataclass
class ChunkTracker:
    """Detector and meshes of one film, kept from chunk to chunk because loading them takes long.

    No memory of an earlier chunk reaches a later one: the result does not depend on which worker
    had which chunk.

    Parameters
    ----------
    regions : mapping of role to Region
    params : TrackingParams
    """

    regions: Mapping[str, Region]
    params: TrackingParams

    def __post_init__(self) -> None:
        self.detector = FaceDetector(self.params.min_score)
        self._meshers = {role: FaceMesher() for role in self.regions}

    def close(self) -> None:
        """Close all graphs."""
        self.detector.close()
        for mesher in self._meshers.values():
            mesher.close()

    def track(
        self,
        source: FrameSource,
        start: int,
        stop: int,
        usual_px: Mapping[str, Box | None],
        stopping: Callable[[], bool] = lambda: False,
    ) -> dict[str, Arrays]:
        """Follow everybody from frame ``start`` to before ``stop``.

        Returns
        -------
        dict of role to dict of array
            The arrays of a FaceTrack for these frames.

        Raises
        ------
        Stopped
            ``stopping`` said so.
        """
        size = source.size_px
        people = {
            role: Person(
                region.pixels(*size), usual_px.get(role), stop - start, self._meshers[role], self.params
            )
            for role, region in self.regions.items()
        }
        last = stop - start - 1
        for frame, rgb in source.frames(start, stop):
            if stopping():
                raise Stopped
            k = frame - start
            for person in people.values():
                person.follow(k, rgb)
            keep_apart(people, k, SAME_FACE)
            self._look(people, k, rgb, everybody=k % self.params.detect_every == 0 or k == last)
        for person in people.values():
            person.end()
        return {role: self._finished(person) for role, person in people.items()}

    def _look(
        self, people: dict[str, Person], k: int, rgb: npt.NDArray[np.uint8], *, everybody: bool
    ) -> None:
        """Run the detector for those who are due, and tell them what it saw."""
        due = {role: p for role, p in people.items() if everybody or p.due(k)}
        if not due:
            return
        candidates = {role: faces_inside(self.detector, rgb, p.area_px) for role, p in due.items()}
        taken = [p.box for role, p in people.items() if role not in due and p.box is not None]
        expected = {role: person.expected for role, person in due.items()}
        for role, seen in assign(candidates, expected, taken).items():
            due[role].confirm(k, rgb, seen)
            due[role].read_turn(k, rgb, seen, self.detector)

    def _finished(self, person: Person) -> Arrays:
        pose = head_pose(person.landmarks_px)
        iris = iris_offset(person.landmarks_px)
        face_px = face_width_px(person.landmarks_px)
        by_detector = person.sighting == Sighting.DETECTOR_ONLY
        face_px[by_detector] = (person.box_px[:, 2] - person.box_px[:, 0])[by_detector]
        status = face_status(person, pose, face_px, self.params)
        arrays: Arrays = {
            "landmarks_px": person.landmarks_px,
            "box_px": person.box_px,
            "score": person.score,
            "yaw_deg": pose.yaw_deg,
            "pitch_deg": pose.pitch_deg,
            "roll_deg": pose.roll_deg,
            "iris_x": iris[:, 0],
            "iris_y": iris[:, 1],
            "face_px": face_px,
            "sharpness": person.sharpness,
            "turn": person.turn,
            "turn_known": person.turn_known,
        }
        nobody = (status == FaceStatus.NO_FACE) | (status == FaceStatus.GHOST)
        for array in arrays.values():
            array[nobody] = 0
        return {"status": status, **arrays}


def face_status(
    person: Person, pose: HeadPose, face_px: npt.NDArray[np.float32], params: TrackingParams
) -> npt.NDArray[np.uint8]:
    """Say for every frame whether it can be coded; the first reason in the order below counts.

    No face, ghost (or a mesh that no head has), turned away (or seen by the detector alone), too
    small, blurred.
    """
    sighting = person.sighting
    reasons = (
        (sighting == Sighting.NOTHING, FaceStatus.NO_FACE),
        ((sighting == Sighting.GHOST) | (pose.misfit > params.max_misfit), FaceStatus.GHOST),
        (
            (sighting == Sighting.DETECTOR_ONLY)
            | (np.abs(pose.yaw_deg) > params.max_yaw_deg)
            | (np.abs(person.detector_turn) > params.max_turn),
            FaceStatus.TURNED_AWAY,
        ),
        (face_px < params.min_face_px, FaceStatus.TOO_SMALL),
        (person.sharpness < params.min_sharpness, FaceStatus.BLURRED),
    )
    return np.select(
        [where for where, _ in reasons], [value for _, value in reasons], FaceStatus.CODABLE
    ).astype(np.uint8)
