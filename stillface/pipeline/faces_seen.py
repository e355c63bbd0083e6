"""How much of each film shows a face that can be coded: lost tracking is no chance, and is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import FrameClock
from stillface.domain.session import Session
from stillface.io.artefacts import load_codable
from stillface.io.bundle import StudyFolder
from stillface.pipeline.steps import track_path
from stillface.report.data import TrackedFace

__all__ = ["SeenFace", "faces_seen", "tracked_faces"]


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


def faces_seen(folder: StudyFolder, session: Session) -> Iterator[SeenFace]:
    """Give each tracked person of each film in the session's order; raises InputError."""
    for video in session.videos:
        for role in video.regions:
            path = track_path(folder, session.session_id, video.id, role)
            if path.exists():
                yield SeenFace(role, video.id, *load_codable(path))


def tracked_faces(folder: StudyFolder, session: Session) -> tuple[TrackedFace, ...]:
    """Give the same by episode, for a page; raises InputError."""
    found = []
    for seen in faces_seen(folder, session):
        shares = {e.id: seen.share_of(e.onset_ns, e.offset_ns) for e in session.episodes}
        found.append(TrackedFace(seen.role, seen.recording_id, shares))
    return tuple(found)
