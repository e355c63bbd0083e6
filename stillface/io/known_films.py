"""Which film each camera of a session had when it was looked at before: the time of every frame, as a hash.

Codes lie on the frames they were made on, so another film under the same name has to be noticed. Other
pictures at the same times, as after converting a film, are the same film here.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from stillface.domain.clock import NS_PER_S, FrameClock
from stillface.domain.provenance import Json
from stillface.errors import StorageError
from stillface.io.durable import storage_error, write_atomic

__all__ = ["FilmFacts", "KnownFilms", "film_facts", "film_words"]

_KNOWN_FILMS = "films.json"
FilmFacts = dict[str, Json]
"""``frames``, ``length_s`` and ``stamps``, the hash of the times of all frames."""


class KnownFilms:
    """The films of one session that were seen before, in a file beside their indexes.

    Parameters
    ----------
    index_dir : Path
        ``sessions/<id>/index``.
    """

    def __init__(self, index_dir: Path) -> None:
        self._path, self._changed = index_dir / _KNOWN_FILMS, False
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            held = {}
        self._held: dict[str, FilmFacts] = held if isinstance(held, dict) else {}

    def of(self, camera_id: str) -> FilmFacts | None:
        """Give what is known of a camera's film, or None."""
        return self._held.get(camera_id)

    def note(self, camera_id: str, facts: FilmFacts | None) -> None:
        """Take a film as it is for the one that is coded; None forgets what was known."""
        if facts is None:
            self._changed |= self._held.pop(camera_id, None) is not None
        else:
            self._held[camera_id], self._changed = facts, True

    def save(self) -> None:
        """Keep what was noted; raises StorageError."""
        if self._changed:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise storage_error(error, self._path, "could not note the films") from error
            write_atomic(self._path, json.dumps(self._held, indent=1).encode("utf-8"))

    def try_to_save(self) -> None:
        """Keep what was noted where that can be done: a read-only study can still be looked at."""
        with suppress(OSError, StorageError):
            self.save()


def film_facts(clock: FrameClock) -> FilmFacts:
    """Give what tells a film from another one."""
    edges = clock.edges_ns
    return {
        "frames": clock.n_frames,
        "length_s": round(int(edges[-1] - edges[0]) / NS_PER_S, 3),
        "stamps": hashlib.sha256(edges.tobytes()).hexdigest(),
    }


def film_words(before: FilmFacts, now: FilmFacts) -> str:
    """Say how one film differs from another."""
    then = f"{before.get('frames')} frames in {before.get('length_s')} s then"
    return f"{then}, {now['frames']} in {now['length_s']} s now"
