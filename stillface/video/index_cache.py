"""Keeping a film's index beside the study, so that opening it again costs nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from stillface.errors import StorageError
from stillface.video.container import read_head
from stillface.video.index import VideoIndex
from stillface.video.scan import scan

__all__ = ["load_index"]

# Raised whenever the meaning of what is stored changes.
_VERSION = 1
_ENDS_BYTES = 1 << 16
_DIGEST_BYTES = 32


def load_index(path: Path, cache_dir: Path | None) -> VideoIndex:
    """Give a film's index, from the cache where that is still right.

    Parameters
    ----------
    path : Path
        The film.
    cache_dir : Path, optional
        Folder for the index, made when needed. Its files carry no name: a film's name may name a
        person. Without it nothing is kept.

    Returns
    -------
    VideoIndex

    Raises
    ------
    InputError
        The film is unfit (see :func:`stillface.video.scan.scan`).
    StorageError
        The disk or share does not let us read it.
    """
    read_head(path)
    if cache_dir is None:
        return scan(path)
    key = _key(path)
    file = cache_dir / f"{key['content'][:24]}.frames"
    index = _read(file, key)
    if index is None:
        index = scan(path)
        # A study on a read-only share can still be looked at; the index is then built anew.
        with suppress(OSError):
            _write(file, index, key)
    return index


def _key(path: Path) -> dict[str, str]:
    """Say which file this is: size, time, inode, and a hash of both ends."""
    try:
        with path.open("rb") as film:
            state = os.fstat(film.fileno())
            digest = hashlib.sha256(film.read(_ENDS_BYTES))
            film.seek(max(0, state.st_size - _ENDS_BYTES))
            digest.update(film.read(_ENDS_BYTES))
    except OSError as error:
        raise StorageError(f"cannot read the video: {error.strerror or error}", where=path.name) from error
    digest.update(str(state.st_size).encode())
    library = ".".join(str(part) for part in av.library_versions["libavformat"])
    return {
        "content": digest.hexdigest(),
        "state": f"{state.st_size} {state.st_mtime_ns} {state.st_ino}",
        "made_by": f"{_VERSION} {library}",
    }


def _read(file: Path, key: dict[str, str]) -> VideoIndex | None:
    """Give the stored index, or None when there is none, it is stale or it is damaged."""
    try:
        stored = file.read_bytes()
    except OSError:
        return None
    digest, data = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
    if hashlib.sha256(data).digest() != digest:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        facts = json.loads(str(arrays["facts"]))
        if facts.pop("key") != key:
            return None
        for name in ("time_base", "origin_s", "sample_aspect"):
            facts[name] = Fraction(facts[name])
        facts["stored_size_px"] = tuple(facts["stored_size_px"])
        return VideoIndex(pts=arrays["pts"], key_frames=arrays["key_frames"], **facts)


def _write(file: Path, index: VideoIndex, key: dict[str, str]) -> None:
    facts = {
        "key": key,
        "time_base": str(index.time_base),
        "last_duration": index.last_duration,
        "origin_s": str(index.origin_s),
        "stored_size_px": list(index.stored_size_px),
        "sample_aspect": str(index.sample_aspect),
        "orientation": index.orientation,
        "interlaced": index.interlaced,
        "codec": index.codec,
        "container": index.container,
        "creation_time": index.creation_time,
        "timecode": index.timecode,
        "n_hidden": index.n_hidden,
    }
    data = io.BytesIO()
    np.savez_compressed(data, pts=index.pts, key_frames=index.key_frames, facts=np.array(json.dumps(facts)))
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temp = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(hashlib.sha256(data.getvalue()).digest() + data.getvalue())
        Path(temp).replace(file)
    finally:
        Path(temp).unlink(missing_ok=True)
