"""One line of a code log: its fields, its exact bytes and its hash.

A line is a JSON object with sorted keys and no blanks. ``sha`` is the SHA-256 of the whole line,
line feed included, with the 64 digits of ``sha`` itself set to zero. A line is good only when
writing its content again gives the same bytes, so no byte of it lies outside the hash.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, NoReturn, get_args

from stillface.errors import FieldError

__all__ = [
    "EDITS",
    "GENESIS",
    "LOG_VERSION",
    "Clock",
    "Edit",
    "LoggedBout",
    "Op",
    "Record",
    "decode_line",
    "encode_line",
    "line_version",
    "seal",
    "system_clock",
]

LOG_VERSION = 1
GENESIS = "0" * 64
Op = Literal["add", "set", "del", "undo", "status", "note", "open", "close"]
EDITS: frozenset[str] = frozenset({"add", "set", "del"})
_OPS = frozenset(get_args(Op))
_BLANK = "0" * 64
_TIER = re.compile(r"[^/\s]+/[^/\s]+\Z")
_INT64 = 2**63
Json = dict[str, object]
Clock = Callable[[], tuple[str, int]]


@dataclass(frozen=True, slots=True)
class LoggedBout:
    """What a coder said about one stretch, or one moment, of a tier.

    Parameters
    ----------
    tier : str
        ``"<role>/<scheme_id>"``.
    onset_ns, offset_ns : int
        Half-open, on the session clock; ``offset_ns`` None is a point event.
    code : str
    onset_frame, offset_frame : int, optional
        Frame addresses the coder saw, kept so that a later clock repair can be checked.
    attributes : mapping of str to str
        Modifiers.

    Raises
    ------
    FieldError
        On a field that could not be written and read back unchanged.
    """

    tier: str
    onset_ns: int
    offset_ns: int | None
    code: str
    onset_frame: int | None = None
    offset_frame: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_text("LoggedBout.tier", self.tier)
        if not _TIER.match(self.tier):
            raise FieldError(
                "bad tier", where="LoggedBout.tier", got=self.tier, expected="<role>/<scheme_id>"
            )
        _check_text("LoggedBout.code", self.code)
        _check_int("LoggedBout.onset_ns", self.onset_ns)
        for name in ("offset_ns", "onset_frame", "offset_frame"):
            if getattr(self, name) is not None:
                _check_int(f"LoggedBout.{name}", getattr(self, name))
        if self.offset_ns is not None and self.offset_ns <= self.onset_ns:
            raise FieldError(
                "a bout must end after it begins",
                where="LoggedBout.offset_ns",
                got=self.offset_ns,
                expected=f"more than onset_ns={self.onset_ns}, or None for a point",
            )
        for key, value in self.attributes.items():
            _check_text("LoggedBout.attributes", key)
            _check_text(f"LoggedBout.attributes[{key}]", value, empty=True)
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))

    def as_json(self) -> Json:
        """Give the fields by the short names used in a line."""
        return {
            "tier": self.tier,
            "on": self.onset_ns,
            "off": self.offset_ns,
            "code": self.code,
            "on_frame": self.onset_frame,
            "off_frame": self.offset_frame,
            "attrs": dict(self.attributes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> LoggedBout:
        """Read what :meth:`as_json` gave; raises FieldError."""
        attrs = data.get("attrs")
        if not isinstance(attrs, dict):
            raise FieldError("bad attributes", where="LoggedBout.attributes", got=attrs, expected="an object")
        return cls(
            data.get("tier"),  # type: ignore[arg-type]  # every type is checked by the constructor
            data.get("on"),  # type: ignore[arg-type]
            data.get("off"),  # type: ignore[arg-type]
            data.get("code"),  # type: ignore[arg-type]
            data.get("on_frame"),  # type: ignore[arg-type]
            data.get("off_frame"),  # type: ignore[arg-type]
            attrs,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a log.

    Parameters
    ----------
    seq : int
        Place in the log, from 0.
    prev : str
        ``sha`` of the line before; 64 zeros for the first.
    t : str
        UTC, ISO 8601 with microseconds and ``Z``.
    mono : int
        Monotonic clock (ns), to order lines when the computer's clock was set back.
    who, install, app : str
        Coder, computer and program version.
    op : str
        ``add, set, del`` edit a bout; ``undo`` takes back the command ``ref`` (or, when ``ref`` is an
        undo, brings it back); ``status`` and ``note`` carry ``text``; ``open`` and ``close`` bound a sitting,
        and ``open`` says in ``text`` what the coder could see in it.
    left : int
        Lines of the same command still to come: a command counts only when all its lines are there.
    id : str, optional
        The bout.
    bout, was : LoggedBout, optional
        Value after and before an edit.
    ref : int, optional
        Last line of the command that an undo is about.
    text, why : str, optional
        Note or status; reason for a change.
    v : int
        Version of the line format.
    sha : str
        Hash of the line; empty until :func:`seal`.
    """

    seq: int
    prev: str
    t: str
    mono: int
    who: str
    install: str
    app: str
    op: Op
    left: int = 0
    id: str | None = None
    bout: LoggedBout | None = None
    was: LoggedBout | None = None
    ref: int | None = None
    text: str | None = None
    why: str | None = None
    v: int = LOG_VERSION
    sha: str = ""

    def __post_init__(self) -> None:
        for name in ("seq", "mono", "left"):
            _check_int(f"Record.{name}", getattr(self, name))
        for name in ("t", "who", "install", "app"):
            _check_text(f"Record.{name}", getattr(self, name))
        for name in ("text", "why"):
            if getattr(self, name) is not None:
                _check_text(f"Record.{name}", getattr(self, name), empty=True)
        if self.v != LOG_VERSION or isinstance(self.v, bool):
            raise FieldError("unknown version", where="Record.v", got=self.v, expected=LOG_VERSION)
        if self.op not in _OPS:
            raise FieldError("unknown operation", where="Record.op", got=self.op, expected=sorted(_OPS))
        self._check_parts()

    def _check_parts(self) -> None:
        present = {name for name in ("id", "bout", "was", "ref", "text") if getattr(self, name) is not None}
        needed, allowed = _PARTS[self.op]
        if not needed <= present <= allowed:
            raise FieldError(
                "wrong parts for this operation",
                where=f"Record.op={self.op}",
                got=sorted(present),
                expected=sorted(needed),
            )
        if self.id is not None:
            _check_text("Record.id", self.id)
        if self.ref is not None:
            _check_int("Record.ref", self.ref)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a command.

    Parameters
    ----------
    op : {"add", "set", "del"}
    id : str, optional
        The bout; made up for an ``add`` without one.
    bout : LoggedBout, optional
        The new value, for ``add`` and ``set``.
    was : LoggedBout, optional
        Old value as the coder saw it, where another computer's log made or changed the bout; else this
        log's own value is taken.
    """

    op: Op
    id: str | None = None
    bout: LoggedBout | None = None
    was: LoggedBout | None = None


def system_clock() -> tuple[str, int]:
    """Give UTC as text of fixed width, and the monotonic clock (ns)."""
    now = datetime.now(UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), time.monotonic_ns()


_PARTS: dict[str, tuple[set[str], set[str]]] = {
    "add": ({"id", "bout"}, {"id", "bout"}),
    "set": ({"id", "bout", "was"}, {"id", "bout", "was"}),
    "del": ({"id", "was"}, {"id", "was"}),
    "undo": ({"ref"}, {"ref"}),
    "status": ({"text"}, {"text"}),
    "note": ({"text"}, {"text", "id"}),
    "open": (set(), {"text"}),
    "close": (set(), set()),
}
_PLAIN = tuple(f.name for f in fields(Record) if f.name not in {"bout", "was"})
_KEYS = frozenset(_PLAIN) | {"tier", "on", "off", "code", "on_frame", "off_frame", "attrs", "was"}


def seal(record: Record) -> Record:
    """Give the record with its hash."""
    blank = _dump(_to_json(replace(record, sha=_BLANK)))
    return replace(record, sha=hashlib.sha256(blank).hexdigest())


def encode_line(record: Record) -> bytes:
    """Give the exact line, line feed included, of a sealed record."""
    return _dump(_to_json(record))


def decode_line(line: bytes) -> Record:
    """Read one line with its line feed and check every byte of it.

    Raises
    ------
    FieldError
        When the line is as it was written, but holds no record that this version knows.
    ValueError
        When the line fails its own hash.
    """
    data = _parse(line)
    if _dump(data) != line:
        raise ValueError("the bytes are not those that were written")
    sha = data.get("sha")
    if hashlib.sha256(_dump({**data, "sha": _BLANK})).hexdigest() != sha:
        raise ValueError("the line fails its hash")
    if data.keys() != _KEYS:
        raise FieldError("the fields are not those of a record", where="Record")
    was = data["was"]
    return Record(
        bout=LoggedBout.from_json(data) if data["tier"] is not None else None,
        was=LoggedBout.from_json(was) if isinstance(was, dict) else None,
        **{name: data[name] for name in _PLAIN},  # type: ignore[arg-type]  # checked by Record
    )


def line_version(line: bytes) -> tuple[int, str] | None:
    """Give format version and program version that a line claims; None when it claims none."""
    try:
        data = _parse(line)
    except ValueError:
        return None
    version, app = data.get("v"), data.get("app")
    if isinstance(version, int) and not isinstance(version, bool):
        return version, app if isinstance(app, str) else "unknown"
    return None


def _to_json(record: Record) -> Json:
    bout = (
        record.bout.as_json()
        if record.bout
        else dict.fromkeys(("tier", "on", "off", "code", "on_frame", "off_frame", "attrs"))
    )
    plain = {name: getattr(record, name) for name in _PLAIN}
    return {**plain, **bout, "was": record.was.as_json() if record.was else None}


def _dump(data: Json) -> bytes:
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def _parse(line: bytes) -> Json:
    try:
        data = json.loads(line, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(data, dict):
        raise ValueError("not an object")
    return data


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _check_int(where: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not -_INT64 <= value < _INT64:
        raise FieldError("not a whole number of 64 bits", where=where, got=value)


def _check_text(where: str, value: object, *, empty: bool = False) -> None:
    if not isinstance(value, str) or not (value or empty):
        raise FieldError("not a text", where=where, got=value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise FieldError("a text that cannot be stored as UTF-8", where=where, got=ascii(value)) from error
