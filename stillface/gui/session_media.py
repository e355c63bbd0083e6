"""A session's films and their sound for the window: read ahead, and by quick copies where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stillface.contracts.frame_source import FrameSource
from stillface.domain.clock import ClockMap
from stillface.domain.recording import Region, VideoRecording
from stillface.domain.session import Session
from stillface.errors import InputError, StorageError
from stillface.gui.readahead import ReadAhead
from stillface.io.bundle import StudyFolder
from stillface.review.role_mask import MaskedSource

if TYPE_CHECKING:
    from stillface.audio.sound import Sound, SoundFile
    from stillface.audio.waveform import Waveform
    from stillface.video.source import VideoSource

__all__ = [
    "SessionMedia",
    "make_quick_copy",
    "open_media",
    "open_quick_copy",
    "quick_copy_path",
    "waveform_makers",
]


@dataclass(frozen=True)
class SessionMedia:
    """What a session has to see and to hear.

    Parameters
    ----------
    films : mapping of str to FrameSource
        Open films by camera.
    sounds : mapping of str to (Sound, ClockMap)
        Of the cameras whose films have sound.
    slow : tuple of str
        Films in which stepping back has to wait, without a quick copy yet.
    """

    films: dict[str, FrameSource] = field(default_factory=dict)
    sounds: dict[str, tuple[Sound, ClockMap]] = field(default_factory=dict)
    slow: tuple[str, ...] = ()


def open_media(
    study: StudyFolder, session: Session, seen: Mapping[str, Region] | None = None
) -> SessionMedia:
    """Open the films of a session; those that cannot be opened are left out.

    Parameters
    ----------
    study : StudyFolder
    session : Session
    seen : mapping of str to Region, optional
        All that may be seen, by camera; films that it does not name stay closed. Without it everything.
    """
    if not session.videos:
        return SessionMedia()
    # A session without film is coded without the package av.
    from stillface.audio.sound import find_sound
    from stillface.video.proxy import is_worth_a_proxy, open_proxy

    media, slow = SessionMedia(), []
    for video in session.videos:
        if seen is not None and video.id not in seen:
            continue
        try:
            original = _open(study, session, video)
        except (InputError, StorageError):
            # What is wrong with it the desk has found out, and tells.
            continue
        copy = open_proxy(original, quick_copy_path(study, session.session_id, video.id))
        if copy is None and is_worth_a_proxy(original.indexes):
            slow.append(video.id)
        film: FrameSource = original if copy is None else copy
        media.films[video.id] = _as_seen(film, video.id, seen)
        sound = find_sound(_sound_files(original))
        if sound is not None:
            media.sounds[video.id] = (sound, video.clock_map)
    return SessionMedia(media.films, media.sounds, tuple(slow))


def make_quick_copy(
    study: StudyFolder, session: Session, video_id: str, said: Callable[[float], object] | None = None
) -> None:
    """Make the quick copy of one film; raises as :func:`stillface.video.proxy.make_proxy`."""
    from stillface.video.proxy import make_proxy

    video = next(video for video in session.videos if video.id == video_id)
    with _open(study, session, video) as original:
        make_proxy(original, quick_copy_path(study, session.session_id, video_id), said=said)


def open_quick_copy(
    study: StudyFolder, session: Session, video_id: str, seen: Mapping[str, Region] | None = None
) -> FrameSource | None:
    """Open one film by its quick copy, as :func:`open_media` would; None where there is no fitting one."""
    from stillface.video.proxy import open_proxy

    video = next(video for video in session.videos if video.id == video_id)
    original = _open(study, session, video)
    copy = open_proxy(original, quick_copy_path(study, session.session_id, video_id))
    if copy is None:
        original.close()
        return None
    return _as_seen(copy, video_id, seen)


def _as_seen(film: FrameSource, video_id: str, seen: Mapping[str, Region] | None) -> ReadAhead:
    """Give a film read ahead, and masked where only a part of it may be seen."""
    return ReadAhead(film if seen is None else MaskedSource(film, seen[video_id]))


def quick_copy_path(study: StudyFolder, session_id: str, video_id: str) -> Path:
    """Give where a film's quick copy lies."""
    return study.session_dir(session_id) / "proxy" / f"{video_id}.mp4"


def waveform_makers(
    study: StudyFolder, session_id: str, media: SessionMedia
) -> dict[str, Callable[[], Waveform]]:
    """Give what makes each film's waveform, or takes it from the study where it was made before."""
    from stillface.audio.waveform import load_waveform

    folder = study.session_dir(session_id) / "index"
    return {
        camera: partial(load_waveform, sound, folder / f"{camera}.waveform")
        for camera, (sound, _) in media.sounds.items()
    }


def _open(study: StudyFolder, session: Session, video: VideoRecording) -> VideoSource:
    from stillface.video import open_video

    files = [study.path_of(name) for name in video.files]
    return open_video(files, study.session_dir(session.session_id) / "index")


def _sound_files(film: VideoSource) -> list[SoundFile]:
    """Say where in the film's time the sound of each file lies: where its pictures do."""
    from stillface.audio.sound import SoundFile

    frames = [0, *(join.frame for join in film.joins)]
    repeated = [0, *(join.n_repeated for join in film.joins)]
    onsets = [film.clock.onset_ns(frame) for frame in frames]
    # Sound may begin before the first picture: there the film's time is its own zero.
    begins = [0, *onsets[1:]]
    ends = [*onsets[1:], 2**62]
    return [
        SoundFile(path, index.container, index.origin_s, onset - index.clock.onset_ns(skip), begin, end)
        for path, index, onset, skip, begin, end in zip(
            film.files, film.indexes, onsets, repeated, begins, ends, strict=True
        )
    ]
