"""The films that a session is coded from: those that can be opened, and what is wrong with the others.

A film that is missing or unfit never keeps a session from being coded. What is remembered of each film is
the time of every frame, so that another film under its name is noticed: codes lie on the frames they were
made on.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillface.domain.recording import VideoRecording
from stillface.domain.session import Session
from stillface.errors import InputError, StorageError
from stillface.io.bundle import StudyFolder
from stillface.io.known_films import KnownFilms, film_facts, film_words
from stillface.review.cameras import Camera

__all__ = ["Films", "cameras_of", "open_films"]

_ACCEPT = "meant to be? stillface verify STUDY --accept-film"


@dataclass(frozen=True)
class Films:
    """What of a session's films can be used.

    Parameters
    ----------
    cameras : tuple of Camera
        On the session clock, from their own time stamps.
    troubles : tuple of str
        One line for each film that cannot be opened, or that is not the one it was.
    """

    cameras: tuple[Camera, ...]
    troubles: tuple[str, ...] = ()


def cameras_of(study: StudyFolder, session: Session) -> tuple[Camera, ...]:
    """Give every film of a session on the session clock, from its own time stamps.

    Raises
    ------
    InputError, StorageError
        A film is absent or unfit.
    """
    return tuple(_camera(study, session, video) for video in session.videos)


def open_films(study: StudyFolder, session: Session) -> Films:
    """Give the films that can be opened; the others, and replaced ones, are told of, never raised."""
    cameras: list[Camera] = []
    troubles: list[str] = []
    known = KnownFilms(study.session_dir(session.session_id) / "index")
    coded = any(study.codes_dir(session.session_id).rglob("*.jsonl"))
    for video in session.videos:
        try:
            camera = _camera(study, session, video)
        except (InputError, StorageError) as error:
            troubles.append(f"no picture of {video.id}: {error.what}")
            continue
        cameras.append(camera)
        was, now = known.of(video.id), film_facts(camera.clock)
        if was is not None and was != now and coded:
            text = f"{video.id} is another film than the one that was coded: {film_words(was, now)}"
            ask = f"ask your lab manager before you code on ({_ACCEPT} {session.session_id})"
            troubles.append(f"{text}; {ask}")
        elif was != now:
            known.note(video.id, now)
    known.try_to_save()
    return Films(tuple(cameras), tuple(troubles))


def _camera(study: StudyFolder, session: Session, video: VideoRecording) -> Camera:
    # A session that has no film is coded without the package av.
    from stillface.video import open_video

    files = [study.path_of(name) for name in video.files]
    with open_video(files, study.session_dir(session.session_id) / "index") as source:
        return Camera(video.id, source.clock, video.clock_map)
