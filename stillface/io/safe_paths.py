"""Paths inside a study: relative, the same on every system, and never leading out of the study."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from stillface.errors import FieldError, InputError, UsageError

__all__ = ["check_name", "check_relative", "refuse_overwriting", "relative_to_study", "resolve_inside"]

_MAX_NAME_BYTES = 240  # of the 255 that file systems allow: our temporary names need the rest
_MAX_CHARS = 1000
_FORBIDDEN = set('<>:"|?*')
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?")
_TURNS_TEXT = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_name(owner: str, value: str) -> str:
    """Accept an id that names a folder or file: letters, digits, ``_``, ``-`` and ``.``.

    Raises
    ------
    FieldError
        Also for names that Windows keeps for devices, such as ``CON``.
    """
    if not _NAME.fullmatch(value) or value.endswith(".") or _RESERVED.fullmatch(value):
        raise FieldError(
            "cannot name a folder on every system",
            where=owner,
            got=value,
            expected="letters, digits, _ - or . (at most 64, no device name such as CON)",
        )
    return value


def check_relative(value: str) -> PurePosixPath:
    """Accept a path inside the study, written with ``/``.

    Raises
    ------
    FieldError
        An absolute path, ``..``, a drive letter, a network share, a device name, control characters or
        characters that turn the reading direction, and names that cannot exist on every system.
    """
    if not value or len(value) > _MAX_CHARS:
        raise _refused("empty, or too long", value, f"1 to {_MAX_CHARS} characters")
    if "\\" in value:
        raise _refused("a backslash", value, "folders separated by /")
    if value.startswith("/") or re.match(r"[A-Za-z]:", value):
        raise _refused("not relative to the study", value, "a path such as media/visit1.mp4")
    for part in value.split("/"):
        _check_part(part, value)
    return PurePosixPath(value)


def _check_part(part: str, value: str) -> None:
    if part in ("", ".", ".."):
        raise _refused("'..', '.' or an empty folder name", value, "a plain path inside the study")
    for char in part:
        if char in _FORBIDDEN:
            raise _refused(f"the character {char}", value, 'names without < > : " | ? *')
        if char in _TURNS_TEXT or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            raise _refused("an invisible control character", ascii(value), "visible characters")
    if part[-1] in ". " or part[0] == " ":
        raise _refused("a name that begins or ends with a blank, or ends with a dot", value, "another name")
    if _RESERVED.fullmatch(part):
        raise _refused("a name that Windows keeps for a device", value, "another name")
    if len(part.encode()) > _MAX_NAME_BYTES:
        raise _refused("a name that is too long", value, f"at most {_MAX_NAME_BYTES} bytes")


def _refused(what: str, got: str, expected: str) -> FieldError:
    return FieldError(f"not a path inside the study: {what}", where="path", got=got, expected=expected)


def relative_to_study(root: Path, path: Path) -> str:
    """Give the path that a study file may hold for ``path``.

    Raises
    ------
    FieldError
        The file lies outside the study, symbolic links followed.
    """
    try:
        inside = path.resolve().relative_to(root.resolve())
    except ValueError as error:
        raise FieldError(
            "the file lies outside the study",
            where="path",
            got=path.name,
            expected=f"a file below {root.name}",
            fix="put it into the study's folder media or physio",
        ) from error
    return str(check_relative(inside.as_posix()))


def resolve_inside(root: Path, value: str) -> Path:
    """Give the real place of a study's relative path; the file need not exist.

    A name that differs from the one on the disk only in how accents are composed (NFC on one
    system, NFD on another) finds its file.

    Raises
    ------
    FieldError
        See :func:`check_relative`.
    InputError
        A symbolic link leads out of the study, or two names on the disk fit equally.
    """
    place = root
    for part in check_relative(value).parts:
        place = place / _on_disk(place, part)
    real = Path(os.path.realpath(place))
    if not real.is_relative_to(os.path.realpath(root)):
        raise InputError(
            "a symbolic link leads out of the study",
            where=value,
            expected="a file inside the study",
            fix="move the file into the study",
        )
    return place


def _on_disk(folder: Path, name: str) -> str:
    if (folder / name).exists() or not folder.is_dir() or name.isascii():
        return name
    form = unicodedata.normalize("NFC", name)
    twins = sorted(e.name for e in folder.iterdir() if unicodedata.normalize("NFC", e.name) == form)
    if len(twins) > 1:
        raise InputError(
            "two files whose names look the same", where=name, got=len(twins), fix="rename one of them"
        )
    return twins[0] if twins else name


def refuse_overwriting(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Refuse to write over what is read; raises UsageError naming the file."""
    made = {path.resolve() for path in outputs}
    for path in inputs:
        if path.resolve() in made:
            raise UsageError(
                "the results would overwrite this input",
                where=str(path),
                fix="name another folder with --out",
            )
