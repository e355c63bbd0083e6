"""The codes table: bouts of any coder, from any tool, one row a bout (DESIGN, contracts)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ns_to_s
from stillface.domain.events import PointEvents
from stillface.domain.intervals import Intervals
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import SOURCE_KINDS, StateTrack
from stillface.errors import InputError
from stillface.io.tables import Table, read_groups, read_table

__all__ = [
    "CODES_COLUMNS",
    "CodedStream",
    "CodesSurvey",
    "codes_by_session",
    "read_codes",
    "survey_codes",
]

REQUIRED = ("dyad_id", "session_id", "role", "scheme_id", "coder_id", "code", "onset_s", "offset_s")
CODES_COLUMNS = (*REQUIRED, "source", "confidence", "attributes", "comment")

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CodedStream:
    """All bouts of one session x role x scheme x coder, in time order; n is their number.

    Parameters
    ----------
    source : {'human', 'auto', 'auto_reviewed', 'consensus'}
    onsets_ns, offsets_ns : array of int64, shape (n,)
    codes : sequence of str, length n
    wheres : sequence of str, length n
        ``file:line`` of each bout.
    confidence : array of float64, shape (n,)
        NaN where the table does not say.
    extras : dict of str to sequence of str, each of length n
        Cells of the columns that the contract does not know.
    """

    dyad_id: str
    session_id: str
    role: str
    scheme_id: str
    coder_id: str
    source: str
    onsets_ns: Int64
    offsets_ns: Int64
    codes: Sequence[str]
    wheres: Sequence[str]
    confidence: Float
    extras: dict[str, Sequence[str]]

    def track(self, scheme: CodingScheme) -> StateTrack:
        """Give the stream as a state track under its scheme; an unknown code names its line.

        The track has confidence where every bout does that is no gap.
        """
        self._check_codes(scheme)
        instants = np.flatnonzero(self.offsets_ns == self.onsets_ns)
        if instants.size:
            raise InputError(
                f"a bout that does not last, in scheme {scheme.id}, which codes states",
                where=self.wheres[int(instants[0])],
                expected="offset after onset",
            )
        index = np.array([scheme.index(code) for code in self.codes], dtype=np.int16)
        known = np.isfinite(self.confidence)
        complete = bool(known.any()) and bool(np.all(known | scheme.gap_mask[index]))
        return StateTrack.from_bouts(
            scheme,
            self.role,
            f"{self.source}:{self.coder_id}",
            self.onsets_ns,
            self.offsets_ns,
            index,
            confidence=np.where(known, self.confidence, 0) if complete else None,
        )

    def points(self, scheme: CodingScheme) -> PointEvents:
        """Give the stream as events of a point scheme; its gap codes say when nobody could watch.

        Raises
        ------
        InputError
            An unknown code, an event that lasts, or a gap that does not.
        """
        self._check_codes(scheme)
        index = np.array([scheme.index(code) for code in self.codes], dtype=np.int16)
        gap, lasts = scheme.gap_mask[index], self.offsets_ns > self.onsets_ns
        wrong = np.flatnonzero(gap != lasts)
        if wrong.size:
            k = int(wrong[0])
            raise InputError(
                f"a gap that does not last, in scheme {scheme.id}"
                if gap[k]
                else f"an event that lasts, in scheme {scheme.id}, which codes points",
                where=self.wheres[k],
                got=f"{self.codes[k]}, {ns_to_s(self.onsets_ns[k])} to {ns_to_s(self.offsets_ns[k])} s",
                expected="offset after onset" if gap[k] else "offset_s equal to onset_s",
            )
        return PointEvents(
            scheme,
            self.role,
            f"{self.source}:{self.coder_id}",
            self.onsets_ns[~gap],
            index[~gap],
            PointEvents.watched_except(Intervals(self.onsets_ns[gap], self.offsets_ns[gap])),
        )

    def _check_codes(self, scheme: CodingScheme) -> None:
        known = set(scheme.code_ids)
        for code, where in zip(self.codes, self.wheres, strict=True):
            if code not in known:
                raise InputError(
                    f"unknown code of scheme {scheme.id}",
                    where=where,
                    got=code,
                    expected="one of " + ", ".join(scheme.code_ids),
                )


def read_codes(path: Path) -> list[CodedStream]:
    """Read a codes table.

    Returns
    -------
    list of CodedStream
        In order of first appearance; ``source`` is ``human`` where the table does not say.

    Raises
    ------
    InputError
        With file:line: a time that is none, a bout that ends before it begins, overlapping bouts of one
        stream, an unknown source, a session under two dyads.
    """
    return _streams(read_table(path, REQUIRED))


@dataclass(frozen=True)
class CodesSurvey:
    """What a codes table holds, found without keeping it.

    Parameters
    ----------
    together : bool
        Whether all rows of each session stand next to each other.
    streams : tuple of (role, scheme_id)
        Sorted.
    codes : dict of scheme_id to tuple of str
        Sorted.
    coders : tuple of (source kind, coder_id)
        Sorted.
    """

    together: bool
    streams: tuple[tuple[str, str], ...]
    codes: dict[str, tuple[str, ...]]
    coders: tuple[tuple[str, str], ...]


def survey_codes(path: Path) -> CodesSurvey:
    """Look through a codes table once; raises InputError as `read_codes` for what a glance shows."""
    met: set[str] = set()
    together = True
    streams: set[tuple[str, str]] = set()
    codes: dict[str, set[str]] = {}
    coders: set[tuple[str, str]] = set()
    for table in read_groups(path, REQUIRED, "session_id"):
        session = table.filled("session_id")[0]
        together = together and session not in met
        met.add(session)
        roles, schemes = table.filled("role"), table.filled("scheme_id")
        streams.update(zip(roles, schemes, strict=True))
        coders.update(zip(_sources(table), table.filled("coder_id"), strict=True))
        for scheme, code in set(zip(schemes, table.filled("code"), strict=True)):
            codes.setdefault(scheme, set()).add(code)
    return CodesSurvey(
        together,
        tuple(sorted(streams)),
        {scheme: tuple(sorted(found)) for scheme, found in codes.items()},
        tuple(sorted(coders)),
    )


def codes_by_session(path: Path, survey: CodesSurvey) -> Iterator[list[CodedStream]]:
    """Give the streams of one session after the other; the whole table is held only if it is not in order."""
    if survey.together:
        for table in read_groups(path, REQUIRED, "session_id"):
            yield _streams(table)
        return
    by_session: dict[str, list[CodedStream]] = {}
    for stream in read_codes(path):
        by_session.setdefault(stream.session_id, []).append(stream)
    yield from by_session.values()


def _streams(table: Table) -> list[CodedStream]:
    onsets, offsets = table.times_ns("onset_s"), table.times_ns("offset_s")
    _check_durations(table, onsets, offsets)
    _check_extras(table)
    dyads, sessions, roles, schemes, coders = (table.filled(name) for name in REQUIRED[:5])
    sources = _sources(table)
    groups: dict[tuple[str, str, str, str, str, str], list[int]] = {}
    for row, key in enumerate(zip(dyads, sessions, roles, schemes, coders, sources, strict=True)):
        groups.setdefault(key, []).append(row)
    codes = table.filled("code")
    confidence = np.array([float(cell or "nan") for cell in table.column("confidence", "")])
    more = {name: cells for name, cells in table.columns.items() if name not in CODES_COLUMNS}
    streams = []
    for key, rows in groups.items():
        if key[5] not in SOURCE_KINDS:
            raise InputError(
                "unknown source", where=table.where(rows[0]), got=key[5], expected=", ".join(SOURCE_KINDS)
            )
        order = np.array(rows)[np.argsort(onsets[rows], kind="stable")]
        _check_overlap(table, order, onsets, offsets)
        streams.append(
            CodedStream(
                *key,
                onsets[order],
                offsets[order],
                [codes[row] for row in order.tolist()],
                [table.where(row) for row in order.tolist()],
                confidence[order],
                {name: [cells[row] for row in order.tolist()] for name, cells in more.items()},
            )
        )
    _check_dyads(streams)
    return streams


def _sources(table: Table) -> list[str]:
    return [source or "human" for source in table.column("source", "human")]


def _check_durations(table: Table, onsets: Int64, offsets: Int64) -> None:
    bad = np.flatnonzero(offsets < onsets)
    if bad.size:
        row = int(bad[0])
        raise InputError(
            "a bout that ends before it begins",
            where=table.where(row),
            got=f"onset {table.column('onset_s')[row]} s, offset {table.column('offset_s')[row]} s",
            expected="offset after onset",
        )


def _check_extras(table: Table) -> None:
    """Refuse a confidence outside 0 to 1, and attributes that are no JSON object; empty cells are fine."""
    for row, cell in enumerate(table.columns.get("confidence", ())):
        if cell and not _is_share(cell):
            raise InputError(
                "not a confidence", where=table.where(row), got=cell, expected="0 to 1, or nothing"
            )
    for row, cell in enumerate(table.columns.get("attributes", ())):
        if cell and not _is_object(cell):
            raise InputError("not a JSON object in attributes", where=table.where(row), got=cell)


def _is_share(cell: str) -> bool:
    try:
        return 0 <= float(cell) <= 1
    except ValueError:
        return False


def _is_object(cell: str) -> bool:
    try:
        return isinstance(json.loads(cell, parse_constant=_refuse), dict)
    except ValueError:
        return False


def _refuse(word: str) -> None:
    raise ValueError(word)


def _check_overlap(table: Table, order: Int64, onsets: Int64, offsets: Int64) -> None:
    overlap = np.flatnonzero(onsets[order[1:]] < offsets[order[:-1]])
    if overlap.size:
        first, second = order[overlap[0]], order[overlap[0] + 1]
        raise InputError(
            f"overlaps the bout of line {table.lines[first]}",
            where=table.where(int(second)),
            got=f"onset {ns_to_s(onsets[second])} s before its offset {ns_to_s(offsets[first])} s",
            expected="one code at a time in a stream",
            fix="correct one of the two rows, or give the coders their own coder_id",
        )


def _check_dyads(streams: Iterable[CodedStream]) -> None:
    dyad_of: dict[str, CodedStream] = {}
    for stream in streams:
        first = dyad_of.setdefault(stream.session_id, stream)
        if first.dyad_id != stream.dyad_id:
            raise InputError(
                f"session {stream.session_id} belongs to two dyads",
                where=stream.wheres[0],
                got=stream.dyad_id,
                expected=f"{first.dyad_id} as at {first.wheres[0]}",
            )
