"""What people have coded in a session, as state tracks, from the append-only logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillface.domain.events import PointEvents
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import parse_log_name
from stillface.io.code_log_record import LoggedBout, Record
from stillface.io.code_log_replay import merge
from stillface.io.codes_writer import Remark, Remarks
from stillface.io.human_beats import BEATS_DIR
from stillface.io.sign_offs import locked_tiers

__all__ = ["LOG_KINDS", "CodedByPeople", "read_people"]

LOG_KINDS = {"human": ".", "auto_reviewed": "auto_reviewed", "consensus": "consensus"}
"""Folder under ``codes/`` that holds the logs of each kind of source."""


@dataclass(frozen=True)
class CodedByPeople:
    """Tracks of every coder, with what reports print beside them.

    Parameters
    ----------
    tracks : tuple of StateTrack
    points : tuple of PointEvents
        Of schemes of points; a stream without any event is there where its coder signed it off.
    remarks : dict of (source, role, scheme_id) to sequence of Remark
        Attributes and comments of bouts and events.
    heads : dict of str to str
        Hash of each log's last record, by file name.
    warnings : tuple of str
        Damaged logs, and where two computers of one coder disagree.
    """

    tracks: tuple[StateTrack, ...]
    points: tuple[PointEvents, ...]
    remarks: Remarks
    heads: dict[str, str]
    warnings: tuple[str, ...]


def read_people(codes_dir: Path, scheme_of: Callable[[str], CodingScheme]) -> CodedByPeople:
    """Read all logs of a session; nothing is repaired, and a damaged log's good records count.

    Parameters
    ----------
    codes_dir : Path
        ``sessions/<id>/codes``.
    scheme_of : callable
        Gives the coding scheme of an id.
    """
    tracks: list[StateTrack] = []
    points: list[PointEvents] = []
    remarks: dict[tuple[str, str, str], list[Remark]] = {}
    heads: dict[str, str] = {}
    warnings: list[str] = []
    for kind, folder in LOG_KINDS.items():
        logs: dict[str, list[Sequence[Record]]] = {}
        for path in sorted((codes_dir / folder).glob("*.jsonl")):
            name = parse_log_name(path)
            if name is None:
                continue
            records, problem = read_log(path)
            if problem is not None:
                warnings.append(f"{path.name}: {problem}; only the records before it are used")
            if records:
                heads[f"{kind}/{path.name}"] = records[-1].sha
                logs.setdefault(name[0], []).append(records)
        for coder, parts in logs.items():
            merged = merge(parts)
            if merged.conflicts:
                warnings.append(
                    f"{coder}: {len(merged.conflicts)} places where two computers disagree; a person decides"
                )
            bouts = list(merged.bouts.values())
            tracks += _tracks(kind, coder, bouts, scheme_of)
            points += _points(kind, coder, bouts, locked_tiers(parts), scheme_of)
            for (role, scheme_id), remark in _remarks(bouts):
                remarks.setdefault((f"{kind}:{coder}", role, scheme_id), []).append(remark)
    for path in sorted((codes_dir / BEATS_DIR).glob("*.jsonl")):
        # Corrected beats are no codes, but what is computed from them depends on these logs as well.
        records, problem = read_log(path) if parse_log_name(path) is not None else ((), None)
        if problem is not None:
            warnings.append(f"{path.name} of beats: {problem}; only the records before it are used")
        if records:
            heads[f"{BEATS_DIR}/{path.name}"] = records[-1].sha
    return CodedByPeople(tuple(tracks), tuple(points), remarks, heads, tuple(warnings))


def _remarks(bouts: Iterable[LoggedBout]) -> Iterator[tuple[tuple[str, str], Remark]]:
    """Give what coders noted on bouts, by role and scheme; that a bout still runs is no remark."""
    for bout in bouts:
        noted = {name: text for name, text in bout.attributes.items() if name != "running"}
        if noted:
            role, _, scheme_id = bout.tier.partition("/")
            offset_ns = bout.onset_ns if bout.offset_ns is None else bout.offset_ns
            comment = noted.pop("comment", "")
            yield (role, scheme_id), Remark(bout.onset_ns, offset_ns, noted, comment)


def _tracks(
    kind: str, coder: str, bouts: list[LoggedBout], scheme_of: Callable[[str], CodingScheme]
) -> list[StateTrack]:
    by_tier: dict[str, list[LoggedBout]] = {}
    for bout in bouts:
        role, _, scheme_id = bout.tier.partition("/")
        # A tier such as infant/review:affect3 holds a reviewer's decisions, not codes; points have no end.
        if role and ":" not in scheme_id and bout.offset_ns is not None:
            by_tier.setdefault(bout.tier, []).append(bout)
    tracks = []
    for tier, mine in by_tier.items():
        role, _, scheme_id = tier.partition("/")
        try:
            tracks.append(
                StateTrack.from_bouts(
                    scheme_of(scheme_id),
                    role,
                    f"{kind}:{coder}",
                    [bout.onset_ns for bout in mine],
                    [bout.offset_ns or bout.onset_ns for bout in mine],
                    [bout.code for bout in mine],
                )
            )
        except InputError as error:
            raise InputError(
                f"the codes of {coder} in {tier} cannot be read ({error})",
                where="code log",
                fix="open the session and correct the place",
            ) from error
    return tracks


def _points(
    kind: str,
    coder: str,
    bouts: list[LoggedBout],
    signed_off: frozenset[str],
    scheme_of: Callable[[str], CodingScheme],
) -> list[PointEvents]:
    by_tier: dict[str, list[LoggedBout]] = {tier: [] for tier in sorted(signed_off)}
    for bout in bouts:
        if bout.offset_ns is None:
            by_tier.setdefault(bout.tier, []).append(bout)
    found = []
    for tier, mine in by_tier.items():
        role, _, scheme_id = tier.partition("/")
        if not role or ":" in scheme_id or scheme_of(scheme_id).type != "point":
            continue
        scheme = scheme_of(scheme_id)
        mine.sort(key=lambda bout: bout.onset_ns)
        times = np.array([bout.onset_ns for bout in mine], dtype=np.int64)
        codes = np.array([scheme.index(bout.code) for bout in mine], dtype=np.int16)
        found.append(PointEvents(scheme, role, f"{kind}:{coder}", times, codes))
    return found
