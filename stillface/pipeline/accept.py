"""Raw files that were changed on purpose: taken as right from now on, with who, when and why.

A film that was replaced is also the one that the window takes for the session's from then on. What people
coded before lies on the film of before, and stays: that is said, and goes on being said by ``check``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stillface.domain.provenance import Json
from stillface.domain.recording import VideoRecording
from stillface.domain.session import Session
from stillface.errors import InputError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_name import parse_log_name
from stillface.io.code_log_record import system_clock
from stillface.io.durable import read_bytes, storage_error, write_atomic
from stillface.io.known_films import FilmFacts, KnownFilms, film_facts, film_words
from stillface.io.lock import wait_for_lock
from stillface.pipeline.findings import Finding
from stillface.pipeline.raw_files import hash_of, raw_names, record_raw, recorded_raw

__all__ = ["Accepted", "accept_command", "accept_files", "accept_films", "accepted_films"]

_REGISTER = "accepted.jsonl"


@dataclass(frozen=True)
class Accepted:
    """One raw file of one session that was taken as right.

    Parameters
    ----------
    t : str
        UTC.
    session_id, file : str
    who, why : str
    sha256_was, sha256_now : str or None
        None where its hash had never been taken.
    camera : str
        Whose film it is; empty for other files.
    film_was, film_now : FilmFacts or None
        Frames and length; None where no window had seen it, or it cannot be opened.
    coders : tuple of str
        Who had coded the session by then.
    """

    t: str
    session_id: str
    file: str
    who: str
    why: str
    sha256_was: str | None
    sha256_now: str
    camera: str = ""
    film_was: FilmFacts | None = None
    film_now: FilmFacts | None = None
    coders: tuple[str, ...] = field(default=())

    @property
    def other_frames(self) -> bool:
        """Whether the film's frames lie at other times than those of the film before."""
        return self.film_was is not None and self.film_was != self.film_now

    @property
    def warning(self) -> str:
        """What to tell of codes that were made on another film; empty where there are none."""
        if not (self.coders and self.other_frames):
            return ""
        how = "it cannot be opened now"
        if self.film_was is not None and self.film_now is not None:
            how = film_words(self.film_was, self.film_now)
        return f"{', '.join(self.coders)} coded {self.camera} on another film: {how}"


def accept_command(folder: StudyFolder, name: str) -> str:
    """Give the command that takes a changed raw file as right, to be copied; the reason is left open."""
    return f'stillface verify {shlex.quote(str(folder.root))} --accept {shlex.quote(name)} --why "..."'


def accept_files(folder: StudyFolder, names: Iterable[str], *, who: str, why: str) -> tuple[Accepted, ...]:
    """Take raw files that were changed on purpose as the right ones from now on.

    Parameters
    ----------
    folder : StudyFolder
    names : iterable of str
        Paths inside the study.
    who, why : str
        Kept in ``logs/accepted.jsonl`` with the hashes of before and now.

    Raises
    ------
    UsageError
        No reason was given, or no session names a file; nothing changes.
    InputError
        A file is not there; nothing changes.
    StorageError
        The disk refused.
    """
    digests = {name: hash_of(folder.path_of(name)) for name in names}
    sessions = [folder.load_session(session_id) for session_id in folder.sessions()]
    for name in digests:
        if not any(name in raw_names(session) for session in sessions):
            raise UsageError("no session names this file", where=name)
    return _accept(folder, sessions, digests, who, why)


def accept_films(folder: StudyFolder, session_id: str, *, who: str, why: str) -> tuple[Accepted, ...]:
    """Take the films of one session as they are now; raises and returns as :func:`accept_files`."""
    session = folder.load_session(session_id)
    names = [name for video in session.videos for name in video.files]
    if not names:
        raise UsageError("this session has no film", where=session_id)
    digests = {name: hash_of(folder.path_of(name)) for name in names}
    return _accept(folder, [session], digests, who, why)


def _accept(
    folder: StudyFolder, sessions: Iterable[Session], digests: dict[str, str], who: str, why: str
) -> tuple[Accepted, ...]:
    if not why.strip():
        raise UsageError("accepting a changed file needs a reason", fix='say why: --why "..."')
    done: list[Accepted] = []
    for session in sessions:
        mine = {name: digest for name, digest in digests.items() if name in raw_names(session)}
        if mine:
            done += _accept_in(folder, session, mine, who, why.strip())
    return tuple(done)


def _accept_in(
    folder: StudyFolder, session: Session, digests: dict[str, str], who: str, why: str
) -> list[Accepted]:
    index_dir = folder.session_dir(session.session_id) / "index"
    known, recorded = KnownFilms(index_dir), recorded_raw(folder, session.session_id)
    films = {name: video for video in session.videos for name in video.files}
    now: dict[str, FilmFacts | None] = {}
    coders, t, made = _coders(folder, session.session_id), system_clock()[0], []
    for name, digest in digests.items():
        video = films.get(name)
        parts: dict[str, object] = {}
        if video is not None:
            if video.id not in now:
                now[video.id] = _facts(folder, video, index_dir)
            parts = {"camera": video.id, "film_was": known.of(video.id), "film_now": now[video.id]}
        made.append(
            Accepted(
                t, session.session_id, name, who, why, recorded.get(name), digest, coders=coders, **parts  # type: ignore[arg-type]  # the three fields of a film
            )
        )  # fmt: skip
    # The log first: nothing is taken as right of which nobody could say later who said so.
    _log(folder, made)
    record_raw(folder, session.session_id, {**recorded, **digests})
    for camera_id, facts in now.items():
        known.note(camera_id, facts)
    known.save()
    return made


def _facts(folder: StudyFolder, video: VideoRecording, index_dir: Path) -> FilmFacts | None:
    # Files other than films are accepted without the package av.
    from stillface.video import open_video

    try:
        with open_video([folder.path_of(name) for name in video.files], index_dir) as source:
            return film_facts(source.clock)
    except InputError:
        return None


def _coders(folder: StudyFolder, session_id: str) -> tuple[str, ...]:
    names = (parse_log_name(path) for path in folder.codes_dir(session_id).rglob("*.jsonl"))
    return tuple(sorted({name[0] for name in names if name is not None}))


def _log(folder: StudyFolder, made: Iterable[Accepted]) -> None:
    path = folder.logs_dir / _REGISTER
    lines = b"".join(
        json.dumps(asdict(one), sort_keys=True, ensure_ascii=False).encode() + b"\n" for one in made
    )
    try:
        folder.logs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, path, "could not make the folder") from error
    lock = wait_for_lock(path.with_name(_REGISTER + ".lock"), who="verify")
    try:
        write_atomic(path, (read_bytes(path) if path.exists() else b"") + lines)
    except OSError as error:
        raise storage_error(error, path, "could not note what was accepted") from error
    finally:
        lock.release()


def accepted_films(folder: StudyFolder, session_id: str) -> tuple[Finding, ...]:
    """Give a note for each film that was accepted although it was coded before on another one."""
    path = folder.logs_dir / _REGISTER
    if not path.is_file():
        return ()
    try:
        lines: list[dict[str, Json]] = [json.loads(line) for line in read_bytes(path).splitlines()]
        made = [Accepted(**{**line, "coders": tuple(line["coders"])}) for line in lines]  # type: ignore[arg-type]  # as asdict gave it
    except (OSError, ValueError, TypeError, KeyError):
        text = f"{path.name}, the list of accepted files, cannot be read"
        return (Finding("problem", session_id, text, "put it back from a backup"),)
    last = {one.camera: one for one in made if one.session_id == session_id and one.warning}
    return tuple(
        Finding("note", session_id, f"{one.warning} (accepted by {one.who} on {one.t[:10]}: {one.why})")
        for one in last.values()
    )
