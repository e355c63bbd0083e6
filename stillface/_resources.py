"""Where the files that ship with the package are: protocols, schemes, rules, JSON schemas."""

from __future__ import annotations

from pathlib import Path

from stillface.errors import StorageError

__all__ = ["protocols_dir"]


def protocols_dir() -> Path:
    """Give the folder of shipped protocols.

    A wheel carries it inside the package. An editable install has no copy there (or a stale one
    that an older wheel left in site-packages, which is another folder), and uses the repository's.

    Raises
    ------
    StorageError
        Neither is there: the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_protocols", package.parent / "protocols"):
        if folder.is_dir():
            return folder
    raise StorageError(
        "the shipped protocols are missing",
        where=str(package),
        fix="install stillface again: pip install -U stillface",
    )
