"""Keeps file names off the page: they often hold a family's name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stillface.domain.provenance import Json
from stillface.domain.recording import Recording, VideoRecording

__all__ = ["file_names", "without_paths"]

SHOWN = "[file]"

# A word that holds a path separator between letters, or ends like a recording or a table.
_PATH = re.compile(
    r"""(?:[A-Za-z]:)?[^\s'"(),;=]*[\\/][^\s'"(),;:]+
    |[^\s'"(),;=/\\]+\.(?:mp4|mov|avi|mkv|mts|m2ts|mpe?g|webm|wmv|csv|tsv|txt|edf|bdf|acq|xdf|h5|hdf5
    |jsonl?|ya?ml|eaf|opf|xlsx?|wav|png|jpe?g|task|tflite)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_RATIO = re.compile(r"[\d.]+/(?:\d[\d.]*|min|s|h)\.?\Z")


def file_names(recordings: Iterable[Recording]) -> tuple[str, ...]:
    """Give every path, name and stem of the recordings, longest first."""
    names: set[str] = set()
    for recording in recordings:
        files = recording.files if isinstance(recording, VideoRecording) else (recording.file,)
        for file in files:
            name = re.split(r"[\\/]", file)[-1]
            names.update((file, name, name.rpartition(".")[0]))
    # A stem of one or two letters would cut holes into ordinary words.
    return tuple(sorted((name for name in names if len(name) > 2), key=lambda name: (-len(name), name)))


def without_paths(value: Json, names: tuple[str, ...] = ()) -> Json:
    """Replace paths and file names in a text, or in every text of a JSON value.

    Parameters
    ----------
    names : tuple of str
        Known names, which may hold blanks and so escape the pattern.
    """
    if isinstance(value, str):
        for name in names:
            value = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", SHOWN, value)
        return _PATH.sub(lambda found: found[0] if _RATIO.match(found[0]) else SHOWN, value)
    if isinstance(value, list):
        return [without_paths(item, names) for item in value]
    if isinstance(value, dict):
        return {str(without_paths(key, names)): without_paths(item, names) for key, item in value.items()}
    return value
