"""The name of this computer in code logs: made once, says nothing about whose it is."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

from stillface.io.code_log import log_name
from stillface.io.durable import write_atomic

__all__ = ["install_id", "settings_dir"]


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
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, name.encode())
    log_name("x", name)
    return name
