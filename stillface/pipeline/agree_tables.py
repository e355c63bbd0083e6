"""Agreement of two code tables, or of two coders in one, that were made in any tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from stillface.agreement.kappa import confusion_ns, pooled
from stillface.domain.events import PointEvents
from stillface.domain.provenance import Json
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import InputError, UsageError
from stillface.io.codes_table import CodedStream, read_codes
from stillface.pipeline.agree_figures import (
    AgreementParams,
    basic_figures,
    pair_figures,
    pooled_figures,
    validity_figures,
)
from stillface.pipeline.agree_points import point_figures, pooled_point_figures
from stillface.pipeline.agree_strata import strata_of_tables
from stillface.pipeline.measure_tables import scheme_of_stream

__all__ = ["agree_tables"]

Key = tuple[str, str, str]
MACHINE = ("auto", "auto_reviewed")
_PEOPLE = ("human", "consensus")


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two codings of one stream of states, as they stand in the tables and as tracks."""

    streams: tuple[CodedStream, CodedStream]
    tracks: tuple[StateTrack, StateTrack]

    @property
    def person_first(self) -> _Pair | None:
        """Person and untouched machine, or None where the pair is something else."""
        for turned in (self, _Pair(self.streams[::-1], self.tracks[::-1])):
            if turned.streams[0].source in _PEOPLE and turned.streams[1].source == "auto":
                return turned
        return None


@dataclass(frozen=True)
class _Compared:
    """All pairs by scheme and session: of states, and of events without duration."""

    states: dict[str, dict[str, list[_Pair]]] = field(default_factory=dict)
    points: dict[str, dict[str, list[tuple[PointEvents, PointEvents]]]] = field(default_factory=dict)

    def add(
        self,
        key: Key,
        streams: tuple[CodedStream, CodedStream],
        scheme: CodingScheme,
        params: AgreementParams,
    ) -> dict[str, Json]:
        """Take in a pair and give its figures."""
        if scheme.type == "point":
            events = streams[0].points(scheme), streams[1].points(scheme)
            self.points.setdefault(key[2], {}).setdefault(key[0], []).append(events)
            return point_figures(*events, params)
        tracks = streams[0].track(scheme), streams[1].track(scheme)
        self.states.setdefault(key[2], {}).setdefault(key[0], []).append(_Pair(streams, tracks))
        return pair_figures(*tracks, params)

    def pooled(self, params: AgreementParams) -> dict[str, Json]:
        """Give all states together, and each scheme."""
        by_scheme: dict[str, Json] = {
            scheme_id: pooled_figures([[pair.tracks for pair in mine] for mine in found.values()], params)
            for scheme_id, found in self.states.items()
        }
        for scheme_id, events in self.points.items():
            by_scheme[scheme_id] = pooled_point_figures(list(events.values()), params)
        tables = [
            np.sum([confusion_ns(*pair.tracks) for mine in found.values() for pair in mine], axis=0)
            for found in self.states.values()
        ]
        return {**basic_figures(pooled(tables)), "by_scheme": by_scheme}

    def validity(self, by: Sequence[str], params: AgreementParams) -> dict[str, Json]:
        """Give each machine against the person by scheme, whole and parted by columns."""
        found: dict[str, Json] = {}
        for scheme_id, sessions in self.states.items():
            pairs = [pair.person_first for mine in sessions.values() for pair in mine]
            against = [pair for pair in pairs if pair is not None]
            if against:
                found[scheme_id] = validity_figures(
                    [pair.tracks for pair in against],
                    [pair.streams[0].session_id for pair in against],
                    params,
                    strata_of_tables([pair.streams for pair in against], by),
                )
        return found


@dataclass(frozen=True)
class _Side:
    """One side of a comparison: its streams, and those that the choice of coders left out."""

    table: str
    name: str
    streams: dict[Key, CodedStream]
    left_out: tuple[CodedStream, ...]

    def left_out_of(self, key: Key) -> list[Json]:
        """Name the coders of one stream that were left out."""
        return [stream.coder_id for stream in self.left_out if _key(stream) == key]


def agree_tables(
    first: Path,
    second: Path | None,
    coders: Sequence[str] = (),
    params: AgreementParams | None = None,
    *,
    people_only: bool = False,
    by: Sequence[str] = (),
) -> dict[str, Json]:
    """Compare two code tables, or two coders of one table, stream by stream.

    Parameters
    ----------
    first, second : Path
        Codes tables; streams are paired by session, role and scheme. Without a second one the two
        ``coders`` of the first are compared.
    coders : sequence of str
        Whose streams to take where a table holds several coders; the others are left out and named.
    params : AgreementParams, optional
    people_only : bool
        Refuse every stream that began as a machine's proposal.
    by : sequence of str
        Columns of a table whose values part the validity of a machine: an age band, a quality of picture.

    Returns
    -------
    dict
        ``pooled``, ``sessions`` and ``unpaired`` as the contract has them, each with further figures. Each
        comparison says whether it is ``reliability`` (two people) or ``validity`` (a machine's proposals
        take part, reviewed or not); ``validity`` holds the machine against the person by scheme.
        ``left_out`` names the coders that the choice left out, with the number of their streams.

    Raises
    ------
    InputError
        Several coders of one stream, a coder or a column that no table holds, or with ``people_only`` a
        stream that is no person's own.
    UsageError
        One table without two different coders.
    """
    params = params or AgreementParams()
    sides = _sides(first, second, tuple(dict.fromkeys(coders)), people_only=people_only)
    compared = _Compared()
    sessions = _session_rows(sides, compared, params)
    return {
        "pooled": compared.pooled(params),
        "sessions": sessions,
        "unpaired": _unpaired(sides),
        "left_out": _left_out(sides),
        "validity": compared.validity(by, params),
    }


def _session_rows(sides: tuple[_Side, _Side], compared: _Compared, params: AgreementParams) -> list[Json]:
    """Give a row for each stream that stands on both sides; ``compared`` takes the pairs in."""
    tables = [side.streams for side in sides]
    everything = [stream for table in tables for stream in table.values()]
    rows: list[Json] = []
    for key in sorted(tables[0].keys() & tables[1].keys()):
        streams = tables[0][key], tables[1][key]
        rows.append(
            {
                "session_id": key[0],
                "role": key[1],
                "scheme_id": key[2],
                **compared.add(key, streams, scheme_of_stream(key[2], everything), params),
                "coders": [stream.coder_id for stream in streams],
                "comparison": "validity" if any(s.source in MACHINE for s in streams) else "reliability",
            }
        )
    return rows


def _unpaired(sides: tuple[_Side, _Side]) -> list[Json]:
    return [
        {
            "session_id": key[0],
            "role": key[1],
            "scheme_id": key[2],
            "only_in": mine.name,
            "left_out": other.left_out_of(key),
        }
        for mine, other in (sides, sides[::-1])
        for key in sorted(mine.streams.keys() - other.streams.keys())
    ]


def _left_out(sides: tuple[_Side, _Side]) -> list[Json]:
    return [
        {"table": side.table, "coder_id": coder, "n_streams": n}
        for side in sides
        for coder, n in sorted(Counter(stream.coder_id for stream in side.left_out).items())
    ]


def _sides(
    first: Path, second: Path | None, coders: tuple[str, ...], *, people_only: bool
) -> tuple[_Side, _Side]:
    """Read both sides; refuses coders that are in none of the tables."""
    if second is None and len(coders) != 2:
        raise UsageError(
            "one table compares two of its coders",
            where=str(first),
            got=f"{len(coders)} named",
            expected="--coder twice" + _of_coders(first),
            fix="or give two tables, or a study's folder",
        )
    paths = (first,) if second is None else (first, second)
    found = [tuple(read_codes(path)) for path in paths]
    known = sorted({stream.coder_id for streams in found for stream in streams})
    for coder in coders:
        if coder not in known:
            raise InputError(
                "no such coder",
                where=" and ".join(path.name for path in paths),
                got=coder,
                expected="one of " + ", ".join(known),
            )
    if second is not None:
        for streams in found:
            _refuse_proposals(streams, coders, people_only=people_only)
        one, other = (_side(path, found[k], coders) for k, path in enumerate(paths))
        return one, other
    _refuse_proposals(found[0], coders, people_only=people_only)
    one, other = (_side(first, found[0], (coder,), name=f"{first.name} ({coder})") for coder in coders)
    # Who is on the other side is not left out, and the rest is told once.
    rest = tuple(stream for stream in one.left_out if stream.coder_id not in coders)
    return replace(one, left_out=rest), replace(other, left_out=())


def _of_coders(path: Path) -> str:
    """Name the coders of a table for an error; what is no table has none."""
    try:
        return ", of " + ", ".join(sorted({stream.coder_id for stream in read_codes(path)}))
    except InputError:
        return ""


def _side(path: Path, streams: Sequence[CodedStream], coders: Sequence[str], *, name: str = "") -> _Side:
    found: dict[Key, CodedStream] = {}
    for stream in streams:
        if coders and stream.coder_id not in coders:
            continue
        key = _key(stream)
        if key in found:
            raise InputError(
                "several coders of one stream",
                where=stream.wheres[0],
                got=f"{found[key].coder_id} and {stream.coder_id}",
                expected="one",
                fix="name one with --coder",
            )
        found[key] = stream
    left_out = tuple(stream for stream in streams if coders and stream.coder_id not in coders)
    return _Side(path.name, name or path.name, found, left_out)


def _refuse_proposals(streams: Sequence[CodedStream], coders: Sequence[str], *, people_only: bool) -> None:
    for stream in streams:
        if people_only and stream.source in MACHINE and (not coders or stream.coder_id in coders):
            raise InputError(
                "a stream that began as a machine's proposals has no place in human-human reliability",
                where=stream.wheres[0],
                got=f"source {stream.source}, coder {stream.coder_id}",
                expected="codes that a person set without seeing proposals",
                fix="compare it without --people-only: that is validity",
            )


def _key(stream: CodedStream) -> Key:
    return stream.session_id, stream.role, stream.scheme_id
