"""The codes table written: one row a bout or event, with what its coder noted on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from stillface.domain.clock import ns_to_s
from stillface.domain.events import PointEvents
from stillface.domain.states import UNCODED, StateTrack
from stillface.io.codes_table import CODES_COLUMNS
from stillface.io.tables import write_table

__all__ = ["Remark", "Remarks", "write_codes"]


@dataclass(frozen=True)
class Remark:
    """What a coder noted on one bout or event beside its code.

    Parameters
    ----------
    onset_ns, offset_ns : int
        Of the bout; equal for an event.
    attributes : dict of str to str
        Modifiers.
    comment : str
        Free text.
    """

    onset_ns: int
    offset_ns: int
    attributes: dict[str, str]
    comment: str


Remarks = Mapping[tuple[str, str, str], Sequence[Remark]]
"""Remarks by source, role and scheme id of what they are about."""


def write_codes(
    path: Path, sessions: Iterable[tuple[str, str, Sequence[StateTrack | PointEvents], Remarks]]
) -> None:
    """Write a codes table.

    Parameters
    ----------
    path : Path
    sessions : iterable of (dyad_id, session_id, tracks and events, remarks)
        Every coded stretch becomes a row, unscorable codes included, and every event one that does not
        last; uncoded time becomes none. A bout with a remark has a row of its own, also where the same code
        goes on beside it.
    """
    write_table(
        path,
        CODES_COLUMNS,
        (
            row
            for dyad, session, tracks, remarks in sessions
            for track in tracks
            for row in _rows(
                dyad, session, track, remarks.get((track.source, track.role, track.scheme.id), ())
            )
        ),
    )


def _rows(
    dyad_id: str, session_id: str, coded: StateTrack | PointEvents, remarks: Sequence[Remark]
) -> Iterator[tuple[object, ...]]:
    noted = {(remark.onset_ns, remark.offset_ns): remark for remark in remarks}
    for code, onset_ns, offset_ns, confidence in _coded(coded, noted):
        remark = noted.get((onset_ns, offset_ns))
        yield (
            dyad_id,
            session_id,
            coded.role,
            coded.scheme.id,
            coded.coder_id,
            coded.scheme.code_ids[code],
            float(ns_to_s(onset_ns)),
            float(ns_to_s(offset_ns)),
            coded.source_kind,
            confidence,
            json.dumps(remark.attributes if remark else {}, ensure_ascii=False, sort_keys=True),
            remark.comment if remark else "",
        )


def _coded(
    coded: StateTrack | PointEvents, noted: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, int, int, float | None]]:
    """Give code, onset and offset, and a machine's confidence; what was noted is a stretch of its own."""
    if isinstance(coded, PointEvents):
        times = coded.times_ns.tolist()
        found = [(time_ns, time_ns, code) for time_ns, code in zip(times, coded.codes.tolist(), strict=True)]
        gap = int(np.argmax(coded.scheme.gap_mask))
        found += [(onset_ns, offset_ns, gap) for onset_ns, offset_ns in coded.unwatched]
        for onset_ns, offset_ns, code in sorted(found):
            yield code, onset_ns, offset_ns, None
        return
    whole = coded.merged()
    kept = {edge for stretch in noted for edge in stretch}
    for k in np.flatnonzero(whole.codes != UNCODED).tolist():
        confidence = None if whole.confidence is None else float(whole.confidence[k])
        first, last = int(whole.edges_ns[k]), int(whole.edges_ns[k + 1])
        edges = [first, *sorted(edge for edge in kept if first < edge < last), last]
        for onset_ns, offset_ns in pairwise(edges):
            yield int(whole.codes[k]), onset_ns, offset_ns, confidence
