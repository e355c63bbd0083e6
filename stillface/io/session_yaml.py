"""session.yaml: which file is whose, how the clocks run, and how the episodes really went."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

from stillface.domain.clock import NS_PER_S, ClockMap, s_to_ns
from stillface.domain.protocol import Protocol
from stillface.domain.recording import (
    SIGNAL_KINDS,
    WHOLE,
    Region,
    SignalRecording,
    SyncMark,
    VideoRecording,
)
from stillface.domain.session import ENDED_BY, Episode, Session
from stillface.errors import FieldError, InputError
from stillface.io.durable import OS_FS, FileSystem, write_atomic
from stillface.io.migrate import SCHEMA_VERSION, check_version
from stillface.io.safe_paths import check_name, check_relative
from stillface.io.strict_yaml import Node, Plain, dump, load

__all__ = ["read_session", "session_text", "write_session"]

_HEADER = "# One session. Times are seconds on the session clock; files are relative to the study's folder.\n"
_SIDES = ("camera", "left", "right")
_NS_PER_MS = 1_000_000
_EXPONENT = re.compile(r"-?[0-9](?:\.[0-9]{1,17})?e[-+][0-9]{1,3}")
_RATE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}|/[1-9][0-9]{0,8})?")


def read_session(path: Path, protocol_of: Callable[[str], Protocol]) -> Session:
    """Read session.yaml.

    Parameters
    ----------
    path : Path
    protocol_of : callable
        Gives the protocol of an id.

    Raises
    ------
    InputError
        At file:line: an unknown key, a role or episode that the protocol does not have, a file
        outside the study, times that do not fit.
    """
    root = load(path)
    check_version(root)
    fields = root.fields(
        required=("schema_version", "session_id", "dyad_id", "protocol", "persons", "episodes"),
        optional=("visit_id", "videos", "signals", "covariates"),
    )
    session_id = fields["session_id"].text()
    fields["session_id"].build(check_name, "session_id", session_id)
    protocol = _protocol(fields["protocol"], protocol_of)
    roles = protocol.role_ids
    recordings = (
        *(_video(node, roles) for node in _items(fields, "videos")),
        *(_signal(node, roles) for node in _items(fields, "signals")),
    )
    return root.build(
        Session,
        session_id=session_id,
        dyad_id=fields["dyad_id"].text(),
        protocol=protocol,
        episodes=tuple(_episode(node) for node in fields["episodes"].items()),
        persons={_role(node, role, roles): node.text() for role, node in fields["persons"].entries().items()},
        visit_id=fields["visit_id"].text() if "visit_id" in fields else "",
        recordings=recordings,
        covariates=_covariates(fields.get("covariates")),
    )


def _covariates(node: Node | None) -> dict[str, str]:
    found = {}
    for name, value in (node.entries() if node is not None else {}).items():
        if not isinstance(value.value, str):
            raise value.error("not one value", expected="a text or a number")
        # Null is "not recorded", and that is said by the name being absent.
        if not value.is_null:
            found[name] = value.value
    return found


def _protocol(node: Node, protocol_of: Callable[[str], Protocol]) -> Protocol:
    try:
        return protocol_of(node.text())
    except InputError as error:
        if error.where is not None:
            raise
        raise node.error(error.what, expected=error.expected, fix=error.fix) from error


def _items(fields: dict[str, Node], key: str) -> tuple[Node, ...]:
    return fields[key].items() if key in fields else ()


def _role(node: Node, role: str, roles: tuple[str, ...]) -> str:
    if role not in roles:
        raise node.error("a role that the protocol does not have", got=role, expected=", ".join(roles))
    return role


def _decimal(node: Node) -> str:
    """Give the text of a number; one with an exponent stands in quotes (see `_number`)."""
    if not (node.quoted and isinstance(node.value, str) and _EXPONENT.fullmatch(node.value)):
        node.number()
    return str(node.value)


def _seconds(node: Node) -> int:
    # The text as it stands: a float would already be a rounded value.
    return node.build(s_to_ns, _decimal(node))


def _path(node: Node) -> str:
    return str(node.build(check_relative, node.text()))


def _episode(node: Node) -> Episode:
    fields = node.fields(required=("id", "onset_s", "offset_s"), optional=("ended_by",))
    ended_by = fields["ended_by"].choice(ENDED_BY) if "ended_by" in fields else "time"
    return node.build(
        Episode, fields["id"].text(), _seconds(fields["onset_s"]), _seconds(fields["offset_s"]), ended_by
    )


def _video(node: Node, roles: tuple[str, ...]) -> VideoRecording:
    fields = node.fields(required=("id", "files", "regions"), optional=("partner_toward", "clock"))
    toward = fields["partner_toward"].entries() if "partner_toward" in fields else {}
    return node.build(
        VideoRecording,
        fields["id"].text(),
        tuple(_path(item) for item in fields["files"].items()),
        {_role(n, role, roles): _region(n) for role, n in fields["regions"].entries().items()},
        _clock(fields.get("clock")),
        {_role(n, role, roles): n.choice(_SIDES) for role, n in toward.items()},
    )


def _region(node: Node) -> Region:
    if isinstance(node.value, str):
        node.choice(("whole",))
        return WHOLE
    # Not x and y: a plain y is a word that many YAML readers take for true.
    fields = node.fields(required=("left", "top", "width", "height"))
    return node.build(Region, *(float(_decimal(fields[name])) for name in ("left", "top", "width", "height")))


def _clock(node: Node | None) -> ClockMap:
    if node is None:
        return ClockMap()
    fields = node.fields(optional=("offset_ms", "drift_ppm", "method", "n_marks", "residual_ms"))
    offset_ns = 0
    if "offset_ms" in fields:
        offset_ns = fields["offset_ms"].build(s_to_ns, Fraction(_decimal(fields["offset_ms"])) / 1000)
    return node.build(
        ClockMap,
        offset_ns,
        float(_decimal(fields["drift_ppm"])) if "drift_ppm" in fields else 0.0,
        fields["method"].choice(ClockMap.METHODS) if "method" in fields else "manual",
        fields["n_marks"].integer() if "n_marks" in fields else 0,
        float(_decimal(fields["residual_ms"])) if "residual_ms" in fields else None,
    )


def _signal(node: Node, roles: tuple[str, ...]) -> SignalRecording:
    fields = node.fields(
        required=("id", "file", "signal", "role", "column"),
        optional=("time_column", "rate_hz", "unit", "sync_marks", "clock", "rsa_preset"),
    )
    marks = []
    for mark in _items(fields, "sync_marks"):
        parts = mark.fields(required=("device_s", "session_s"))
        marks.append(SyncMark(_seconds(parts["device_s"]), _seconds(parts["session_s"])))
    return node.build(
        SignalRecording,
        fields["id"].text(),
        _path(fields["file"]),
        fields["signal"].choice(SIGNAL_KINDS),
        _role(fields["role"], fields["role"].text(), roles),
        _column(fields["column"]),
        _column(fields["time_column"]) if "time_column" in fields else None,
        _rate(fields["rate_hz"]) if "rate_hz" in fields else None,
        fields["unit"].text() if "unit" in fields else "",
        tuple(marks),
        _clock(fields.get("clock")),
        fields["rsa_preset"].text() if "rsa_preset" in fields else "",
    )


def _column(node: Node) -> str:
    """Read a column's name, or its number in a file without header."""
    plain = node.plain()
    return str(plain) if isinstance(plain, int) and not isinstance(plain, bool) else node.text()


def _rate(node: Node) -> Fraction:
    """Read an exact rate: ``250``, ``29.97`` or ``1000/3``."""
    if not isinstance(node.value, str) or not _RATE.fullmatch(node.value):
        raise node.error("not a rate", expected="a number such as 250, or a fraction such as 1000/3")
    rate = Fraction(node.value)
    if rate <= 0:
        raise node.error("not a rate", expected="more than 0")
    return rate


def session_text(session: Session) -> str:
    """Give the text of session.yaml; the same session gives the same text.

    Raises
    ------
    FieldError
        An id that cannot name a folder, or a file outside the study.
    """
    check_name("Session.session_id", session.session_id)
    sections: list[dict[str, Plain]] = [
        {
            "schema_version": SCHEMA_VERSION,
            "session_id": session.session_id,
            "dyad_id": session.dyad_id,
            "visit_id": session.visit_id or None,
            "protocol": session.protocol.id,
        },
        {"persons": _plain_texts(session.persons)},
        {"videos": [_video_plain(video) for video in session.videos]},
        {"signals": [_signal_plain(signal) for signal in session.channels]},
        {"episodes": [_episode_plain(episode) for episode in session.episodes]},
        {"covariates": _plain_texts(session.covariates)},
    ]
    return _HEADER + "\n".join(dump(section) for section in sections)


def _plain_texts(texts: Mapping[str, str]) -> dict[str, Plain]:
    return dict(texts.items())


def _episode_plain(episode: Episode) -> Plain:
    return {
        "id": episode.id,
        "onset_s": _seconds_plain(episode.onset_ns),
        "offset_s": _seconds_plain(episode.offset_ns),
        "ended_by": episode.ended_by,
    }


def _number(value: float | Fraction) -> Plain:
    """Give a number as YAML text can hold it.

    A whole one without a point: 120 reads better than 120.0. One with an exponent in quotes: ``3e-12``
    without a point is text to half the readers.
    """
    number = float(value)
    if number.is_integer():
        return int(number)
    text = repr(number)
    return text if "e" in text else number


def _seconds_plain(time_ns: int) -> Plain:
    seconds = _number(Fraction(time_ns, NS_PER_S))
    if s_to_ns(str(seconds)) != time_ns:
        raise FieldError(
            "a time too far from zero to be written exactly", where="session.yaml", got=f"{time_ns} ns"
        )
    return seconds


def _video_plain(video: VideoRecording) -> Plain:
    regions: dict[str, Plain] = {}
    for role, region in video.regions.items():
        whole: Plain = "whole"
        parts: Plain = {
            "left": _number(region.x),
            "top": _number(region.y),
            "width": _number(region.width),
            "height": _number(region.height),
        }
        regions[role] = whole if region == WHOLE else parts
    return {
        "id": video.id,
        "files": [str(check_relative(name)) for name in video.files],
        "regions": regions,
        "partner_toward": _plain_texts(video.partner_toward),
        "clock": _clock_plain(video.clock_map),
    }


def _clock_plain(clock: ClockMap) -> Plain:
    return {
        "offset_ms": _number(Fraction(clock.offset_ns, _NS_PER_MS)),
        "drift_ppm": _number(clock.drift_ppm),
        "method": clock.method,
        "n_marks": clock.n_marks,
        "residual_ms": None if clock.residual_ms is None else _number(clock.residual_ms),
    }


def _signal_plain(signal: SignalRecording) -> Plain:
    rate: Plain = None
    if signal.rate_hz is not None:
        rate = signal.rate_hz.numerator if signal.rate_hz.denominator == 1 else str(signal.rate_hz)
    return {
        "id": signal.id,
        "file": str(check_relative(signal.file)),
        "signal": signal.signal,
        "role": signal.role,
        "column": signal.column,
        "time_column": signal.time_column,
        "rate_hz": rate,
        "unit": signal.unit,
        "sync_marks": [
            {"device_s": _seconds_plain(mark.device_ns), "session_s": _seconds_plain(mark.session_ns)}
            for mark in signal.sync_marks
        ],
        "clock": _clock_plain(signal.clock_map),
        "rsa_preset": signal.rsa_preset or None,
    }


def write_session(path: Path, session: Session, *, fs: FileSystem = OS_FS) -> None:
    """Write session.yaml, whole or not at all.

    Raises
    ------
    FieldError
        Something that could not be read back.
    StorageError
        The disk refused.
    """
    write_atomic(path, session_text(session).encode(), fs=fs)
