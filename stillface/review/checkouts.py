"""Which sessions are on other computers: the study's list of packages that went out and came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillface.errors import InputError
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_record import system_clock
from stillface.io.durable import read_bytes, storage_error, write_atomic
from stillface.io.lock import FileLock

__all__ = ["LeftOut", "Parcel", "checked_out", "checkout_of", "left_out_episodes", "note_checkout"]

_REGISTER = "checkouts.jsonl"


@dataclass(frozen=True)
class Parcel:
    """What the study remembers of a package.

    Parameters
    ----------
    package, session_id, coder : str
    role : str
        The one person whose films are in it; empty for both.
    """

    package: str
    session_id: str
    coder: str
    role: str


@dataclass(frozen=True)
class LeftOut:
    """An episode that came back in a package otherwise than it stands in the study.

    Parameters
    ----------
    t : str
        UTC of the check-in.
    episode_id : str
    text : str
        Begins with whose it is.
    """

    t: str
    episode_id: str
    text: str


def note_checkout(
    study: StudyFolder, parcel: Parcel, *, back: bool = False, left_out: Mapping[str, str] | None = None
) -> None:
    """Remember in the study that a package went out, or came back; raises StorageError.

    Parameters
    ----------
    study : StudyFolder
    parcel : Parcel
    back : bool
    left_out : mapping of str to str, optional
        Episodes that came back otherwise than they stand here, and what is to be told of each.
    """
    try:
        study.logs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, study.logs_dir, "could not make the folder") from error
    path = study.logs_dir / _REGISTER
    lock = FileLock(path.with_name(_REGISTER + ".lock"), who=parcel.coder)
    try:
        line = {
            "package": parcel.package,
            "session_id": parcel.session_id,
            "coder": parcel.coder,
            "role": parcel.role,
            "t": system_clock()[0],
            "what": "in" if back else "out",
            **({"left_out": dict(left_out)} if left_out else {}),
        }
        before = path.read_bytes() if path.exists() else b""
        write_atomic(path, before + json.dumps(line, sort_keys=True).encode() + b"\n")
    except OSError as error:
        raise storage_error(error, path, "could not note the check-out") from error
    finally:
        lock.release()


def _register(study: StudyFolder) -> list[dict[str, Any]]:
    path = study.logs_dir / _REGISTER
    if not path.is_file():
        return []
    try:
        lines = [json.loads(line) for line in read_bytes(path).splitlines()]
    except OSError as error:
        raise storage_error(error, path, "could not read who has checked out what") from error
    except ValueError as error:
        raise InputError(
            "the list of check-outs is damaged", where=path.name, fix="put it back from a backup"
        ) from error
    return [line for line in lines if isinstance(line, dict)]


def checkout_of(study: StudyFolder, package: str) -> tuple[str, str] | None:
    """Give session and coder of a package that this study checked out, or None."""
    for line in _register(study):
        if line.get("package") == package and line.get("what") == "out":
            return line.get("session_id", ""), line.get("coder", "")
    return None


def checked_out(study: StudyFolder) -> Mapping[str, tuple[str, ...]]:
    """Give who has which session on another computer: session_id -> coders."""
    out: dict[str, tuple[str, str]] = {}
    for line in _register(study):
        if line.get("what") == "out":
            out[line.get("package", "")] = (line.get("session_id", ""), line.get("coder", ""))
        else:
            out.pop(line.get("package", ""), None)
    found: dict[str, set[str]] = {}
    for session_id, coder in out.values():
        found.setdefault(session_id, set()).add(coder)
    return {session_id: tuple(sorted(coders)) for session_id, coders in found.items()}


def left_out_episodes(study: StudyFolder) -> Mapping[str, tuple[LeftOut, ...]]:
    """Give what check-ins did not take over: session_id -> oldest first."""
    found: dict[str, list[LeftOut]] = {}
    for line in _register(study):
        told = line.get("left_out")
        if isinstance(told, dict):
            lines = (LeftOut(str(line.get("t", "")), str(name), str(text)) for name, text in told.items())
            found.setdefault(str(line.get("session_id", "")), []).extend(lines)
    return {session_id: tuple(lines) for session_id, lines in found.items()}
