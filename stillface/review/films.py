"""The films that a session is coded from: those that can be opened, and what is wrong with the others.

A film that is missing or unfit never keeps a session from being coded. What is remembered of each film is
the time of every frame, so that another film under its name is noticed: codes lie on the frames they were
made on.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stillface.domain.clock import NS_PER_S, FrameClock
from stillface.domain.recording import VideoRecording
from stillface.domain.session import Session
from stillface.errors import InputError, StorageError
from stillface.io.bundle import StudyFolder
from stillface.io.durable import write_atomic
from stillface.review.cameras import Camera

__all__ = ["Films", "cameras_of", "open_films"]

_KNOWN_FILMS = "films.json"


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
    known = _KnownFilms(study.session_dir(session.session_id) / "index" / _KNOWN_FILMS)
    coded = any(study.codes_dir(session.session_id).rglob("*.jsonl"))
    for video in session.videos:
        try:
            camera = _camera(study, session, video)
        except (InputError, StorageError) as error:
            troubles.append(f"no picture of {video.id}: {error.what}")
            continue
        cameras.append(camera)
        was = known.other_than(camera)
        if was and coded:
            text = f"{video.id} is another film than the one that was coded: {was}"
            troubles.append(f"{text}; ask your lab manager before you code on")
        elif was or not known.knows(camera):
            known.note(camera)
    known.save()
    return Films(tuple(cameras), tuple(troubles))


def _camera(study: StudyFolder, session: Session, video: VideoRecording) -> Camera:
    # A session that has no film is coded without the package av.
    from stillface.video import open_video

    files = [study.path_of(name) for name in video.files]
    with open_video(files, study.session_dir(session.session_id) / "index") as source:
        return Camera(video.id, source.clock, video.clock_map)


class _KnownFilms:
    """Which films were seen before, in a file beside their indexes; it can be deleted at any time."""

    def __init__(self, path: Path) -> None:
        self._path, self._changed = path, False
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            held = {}
        self._held: dict[str, dict[str, object]] = held if isinstance(held, dict) else {}

    def knows(self, camera: Camera) -> bool:
        """Tell whether this camera's film was seen before."""
        return camera.id in self._held

    def other_than(self, camera: Camera) -> str:
        """Say how the film differs from the one of before; empty where it does not, or none was."""
        before, now = self._held.get(camera.id), _facts(camera.clock)
        if before is None or before == now:
            return ""
        then = f"{before.get('frames')} frames in {before.get('length_s')} s then"
        return f"{then}, {now['frames']} in {now['length_s']} s now"

    def note(self, camera: Camera) -> None:
        """Take the film as it is for the one that is coded."""
        self._held[camera.id], self._changed = _facts(camera.clock), True

    def save(self) -> None:
        """Keep what was noted; a study on a read-only share can still be looked at."""
        if self._changed:
            with suppress(OSError, StorageError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(self._path, json.dumps(self._held, indent=1).encode("utf-8"))


def _facts(clock: FrameClock) -> dict[str, object]:
    edges = clock.edges_ns
    return {
        "frames": clock.n_frames,
        "length_s": round(int(edges[-1] - edges[0]) / NS_PER_S, 3),
        "stamps": hashlib.sha256(edges.tobytes()).hexdigest(),
    }
