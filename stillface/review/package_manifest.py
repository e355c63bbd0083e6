"""What a package says of itself: whose it is, which way it goes, and what was packed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from stillface import __version__
from stillface.errors import InputError
from stillface.io.code_log_name import log_name
from stillface.io.safe_paths import check_name
from stillface.review.zip_safe import SafeZip

__all__ = ["MANIFEST", "Manifest", "decode_manifest", "read_manifest", "verify_hashes"]

MANIFEST = "package.json"
_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a package says of itself.

    Parameters
    ----------
    package : str
        Made at the check-out; the study remembers it.
    way : {'out', 'in'}
    study_id, session_id, coder : str
    role : str
        The one person whose films are in it; empty for both.
    t : str
        UTC.
    files : mapping of name to (sha256, size in bytes)
    """

    package: str
    way: str
    study_id: str
    session_id: str
    coder: str
    role: str
    t: str
    files: Mapping[str, tuple[str, int]]

    def encoded(self) -> bytes:
        """Give it as JSON."""
        content = {
            "format": _FORMAT,
            "app": __version__,
            **{name: getattr(self, name) for name in _WORDS},
            "files": {name: {"sha256": sha, "bytes": size} for name, (sha, size) in self.files.items()},
        }
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


_WORDS = ("package", "way", "study_id", "session_id", "coder", "role", "t")


def decode_manifest(data: bytes, where: str) -> Manifest:
    """Read what a package says of itself; raises InputError, FieldError."""
    try:
        content = json.loads(data)
        if content["format"] != _FORMAT:
            raise InputError(
                "a package of another version", where=where, got=content["format"], expected=_FORMAT
            )
        words = {name: content[name] for name in _WORDS}
        files = {name: (part["sha256"], part["bytes"]) for name, part in content["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("not a stillface package", where=where) from error
    if not all(isinstance(word, str) for word in words.values()):
        raise InputError("not a stillface package", where=where)
    check_name("session_id", words["session_id"])
    log_name(words["coder"], "anywhere")
    return Manifest(**words, files=files)


def read_manifest(archive: SafeZip, where: str, way: str) -> Manifest:
    """Read what a package says of itself, and compare its list with what is in it.

    Raises
    ------
    InputError, FieldError
        No stillface package, one for the other way, or files that are missing or too many.
    """
    if MANIFEST not in archive.sizes or archive.sizes[MANIFEST] > 10_000_000:
        raise InputError(f"not a stillface package: {MANIFEST} is missing or too large", where=where)
    manifest = decode_manifest(archive.read(MANIFEST), where)
    if manifest.way != way:
        fix = "unpack it on the coder's computer" if manifest.way == "out" else "check it in at the lab"
        raise InputError("this package goes the other way", where=where, fix=fix)
    named, there = set(manifest.files), set(archive.sizes) - {MANIFEST}
    if named != there:
        raise InputError(
            "the package's list and its content differ", where=where, got=sorted(named ^ there)[:3]
        )
    return manifest


def verify_hashes(manifest: Manifest, hashes: Mapping[str, str], where: str) -> None:
    """Refuse a package of which a file is not the one that was packed."""
    for name, sha in hashes.items():
        if manifest.files[name][0] != sha:
            raise InputError("changed since it was packed", where=f"{where}: {name}", fix="ask for it again")
