"""A small study of the built-in dyad, so that a newcomer has something to press keys on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.domain.recording import WHOLE, VideoRecording
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.durable import storage_error
from stillface.io.protocol_yaml import load_protocol
from stillface.review.install import settings_dir
from stillface.testing.demo import DemoDyad

__all__ = ["CODER", "SESSION_ID", "tour_study"]

SESSION_ID, CODER = "tour", "me"
_STUDY_ID, _PROTOCOL = "guided-tour", "demo_3x40"
_SECONDS = 10
_PERSONS = {"infant": "stand-in-1", "caregiver": "stand-in-2"}


def tour_study(tell: Callable[[int, int], object]) -> StudyFolder:
    """Make the tour's study in this computer's settings, or open the one that is there.

    Parameters
    ----------
    tell : callable
        Told frames drawn and frames in all.

    Raises
    ------
    StorageError
        The disk refused; nothing half-made stays.
    MissingExtraError
        Drawing or writing films needs the extra ``track``.
    """
    root = settings_dir() / "tour"
    if (root / "study.yaml").is_file():
        return open_study(root)
    making = root.with_name("tour.making")
    try:
        shutil.rmtree(making, ignore_errors=True)
        _make(making, tell)
        making.rename(root)
    except OSError as error:
        raise storage_error(error, root, "could not make the tour's study") from error
    return open_study(root)


def _make(root: Path, tell: Callable[[int, int], object]) -> None:
    from stillface.video.encode import write_video

    dyad = DemoDyad()
    schemes = dict.fromkeys(_PERSONS, ("affect3", "gaze"))
    people = tuple(Person(person, "stand-ins") for person in _PERSONS.values())
    folder = create_study(
        root,
        Study(_STUDY_ID, _PROTOCOL, title="Guided tour: animated stand-ins", schemes=schemes, persons=people),
    )
    n_frames = round(_SECONDS * dyad.rate)
    videos = []
    for k, role in enumerate(dyad.roles):
        name = f"media/{role}.mp4"
        frames = _told(dyad.render(role, 0, n_frames), k * n_frames, n_frames * len(dyad.roles), tell)
        write_video(root / name, frames, dyad.rate)
        videos.append(VideoRecording(f"camera_{role}", (name,), {role: WHOLE}))
    episodes = (Episode("PL", 0, _SECONDS * NS_PER_S),)
    protocol = load_protocol(_PROTOCOL)
    folder.add_session(
        Session(SESSION_ID, "stand-ins", protocol, episodes, persons=_PERSONS, recordings=tuple(videos))
    )


def _told(
    frames: Iterator[npt.NDArray[np.uint8]], done: int, total: int, tell: Callable[[int, int], object]
) -> Iterator[npt.NDArray[np.uint8]]:
    for k, frame in enumerate(frames, start=1):
        tell(done + k, total)
        yield frame
