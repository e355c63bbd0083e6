"""What belongs to this computer: its name in code logs, who coded last, where edits wait for a share."""

from __future__ import annotations

import json
import os
import sys
import uuid
from hashlib import sha256
from pathlib import Path

from stillface.io.code_log_name import log_name
from stillface.io.durable import storage_error, write_atomic

__all__ = [
    "install_id",
    "keep_setting",
    "last_coder",
    "remember_coder",
    "setting",
    "settings_dir",
    "spool_folder",
    "spool_path",
    "state_dir",
]

_CODERS = "coders.json"


def settings_dir() -> Path:
    """Give the folder for what belongs to this computer and not to a study.

    ``STILLFACE_HOME`` names another one.
    """
    own = os.environ.get("STILLFACE_HOME")
    if own:
        return Path(own)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "stillface"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "stillface"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "stillface"


def state_dir() -> Path:
    """Give the folder for what a program leaves on this computer and a person did not choose.

    ``STILLFACE_HOME`` names another one.
    """
    if os.environ.get("STILLFACE_HOME") or sys.platform == "darwin":
        return settings_dir()
    if sys.platform == "win32":
        # Not the folder that a university's network copies from computer to computer.
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "stillface"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "stillface"


def spool_path(study_id: str, session_id: str, kind: str, coder: str, install: str) -> Path:
    """Give the file in which edits wait here while the study's own log of a kind cannot be written."""
    return spool_folder(study_id, session_id, kind) / log_name(coder, install)


def spool_folder(study_id: str, session_id: str, kind: str) -> Path:
    """Give the folder of :func:`spool_path`."""
    # A digest: no study's and no session's name stands in this computer's folders.
    name = sha256("\n".join((study_id, session_id, kind)).encode()).hexdigest()[:24]
    return state_dir() / "spool" / name


def setting(name: str) -> str:
    """Give a word that :func:`keep_setting` kept; empty where it kept none or it cannot be read."""
    try:
        return (settings_dir() / name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def keep_setting(name: str, word: str) -> None:
    """Keep a word about this computer in a file of its own.

    Raises
    ------
    StorageError
        It cannot be kept.
    """
    _make(settings_dir())
    write_atomic(settings_dir() / name, f"{word}\n".encode())


def install_id() -> str:
    """Give this computer's name, making it up the first time.

    Raises
    ------
    StorageError
        It cannot be kept.
    FieldError
        What is kept is no such name.
    """
    path = settings_dir() / "install"
    if path.is_file():
        name = path.read_text(encoding="ascii").strip()
    else:
        name = uuid.uuid4().hex[:12]
        _make(path.parent)
        write_atomic(path, name.encode())
    log_name("x", name)
    return name


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, folder, "could not keep the settings of this computer") from error


def last_coder(study_id: str) -> str:
    """Give who coded in this study on this computer last; empty where nobody has or it cannot be read."""
    return _coders().get(study_id, "")


def remember_coder(study_id: str, coder: str) -> None:
    """Keep who codes, to be suggested next time.

    Raises
    ------
    FieldError
        Unfit as a coder's initials.
    StorageError
        It cannot be kept.
    """
    log_name(coder, "anywhere")
    if last_coder(study_id) != coder:
        path = settings_dir() / _CODERS
        _make(path.parent)
        write_atomic(path, json.dumps({**_coders(), study_id: coder}, indent=1, sort_keys=True).encode())


def _coders() -> dict[str, str]:
    try:
        content = json.loads((settings_dir() / _CODERS).read_bytes())
    except (OSError, ValueError):
        # A suggestion only: without it the coder is asked.
        return {}
    found = content.items() if isinstance(content, dict) else ()
    return {study: coder for study, coder in found if isinstance(coder, str)}
