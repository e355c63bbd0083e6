"""The tracker's faces of a session, for drawing them over the films."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillface.domain.faces import FaceTrack
from stillface.errors import InputError
from stillface.io.artefacts import load_face_track
from stillface.io.bundle import StudyFolder
from stillface.review.face_marks import gaze_known

__all__ = ["load_face_tracks"]


def load_face_tracks(
    study: StudyFolder, session_id: str, only_role: str = ""
) -> tuple[tuple[tuple[FaceTrack, npt.NDArray[np.bool_]], ...], tuple[str, ...]]:
    """Read every face track of a session, or one role's.

    Returns
    -------
    tracks : tuple of (FaceTrack, array of bool)
        Each with the frames in which its irises mean something.
    troubles : tuple of str
        Why others are not among them, for a person.
    """
    tracks, troubles = [], []
    for path in sorted(study.tracks_dir(session_id).glob("*.h5")):
        try:
            track = load_face_track(path)
        except InputError as error:
            troubles.append(f"no marks of a face: {error.what}" + (f"; {error.fix}" if error.fix else ""))
            continue
        if not only_role or track.role == only_role:
            tracks.append((track, gaze_known(track)))
    return tuple(tracks), tuple(troubles)
