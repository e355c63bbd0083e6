"""How much of each film shows a face that can be coded: lost tracking is no chance, and is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import FrameClock
from stillface.domain.session import Session
from stillface.io.artefacts import load_codable
from stillface.io.bundle import StudyFolder
from stillface.report.data import TrackedFace

__all__ = ["SeenFace", "seen_face", "track_path", "track_places", "tracked_faces"]


@dataclass(frozen=True, eq=False)
class SeenFace:
    """Which frames of a film show a person's face well enough; n is the number of frames.

    Parameters
    ----------
    role, recording_id : str
    clock : FrameClock
        On the session clock.
    codable : array of bool, shape (n,)
    """

    role: str
    recording_id: str
    clock: FrameClock
    codable: npt.NDArray[np.bool_]

    @property
    def share(self) -> float:
        """Share of the film's time."""
        return self.share_of(int(self.clock.edges_ns[0]), int(self.clock.edges_ns[-1]))

    def share_of(self, onset_ns: int, offset_ns: int) -> float:
        """Share of a stretch of time; what the film does not reach was not seen."""
        durations = np.diff(np.clip(self.clock.edges_ns, onset_ns, offset_ns))
        return float(durations[self.codable].sum() / (offset_ns - onset_ns))

    def by_episode(self, session: Session) -> dict[str, float]:
        """Give the share of each episode's time, by its id."""
        return {e.id: self.share_of(e.onset_ns, e.offset_ns) for e in session.episodes}


def track_path(folder: StudyFolder, session_id: str, recording_id: str, role: str) -> Path:
    """Give the file of one person's face track in one film."""
    return folder.tracks_dir(session_id) / f"{recording_id}.{role}.h5"


def track_places(folder: StudyFolder, session: Session) -> Iterator[tuple[str, str, Path]]:
    """Give role, film and file of each track that is there, in the session's order of films."""
    for video in session.videos:
        for role in video.regions:
            path = track_path(folder, session.session_id, video.id, role)
            if path.exists():
                yield role, video.id, path


def seen_face(role: str, recording_id: str, path: Path) -> SeenFace:
    """Read what a track says of a person's face; raises InputError."""
    return SeenFace(role, recording_id, *load_codable(path))


def tracked_faces(folder: StudyFolder, session: Session) -> tuple[TrackedFace, ...]:
    """Give what tracking saw by episode, for a page; raises InputError."""
    faces = [seen_face(*place) for place in track_places(folder, session)]
    return tuple(TrackedFace(face.role, face.recording_id, face.by_episode(session)) for face in faces)
