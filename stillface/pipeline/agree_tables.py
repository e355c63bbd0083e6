"""Agreement of two code tables that were made in any tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stillface.agreement.kappa import confusion_ns, pooled
from stillface.domain.provenance import Json
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.io.codes_table import CodedStream, read_codes
from stillface.pipeline.agree_figures import (
    AgreementParams,
    basic_figures,
    pair_figures,
    pooled_figures,
    validity_figures,
)
from stillface.pipeline.measure_tables import scheme_of_stream

__all__ = ["agree_tables"]

Key = tuple[str, str, str]
MACHINE = ("auto", "auto_reviewed")


def agree_tables(
    first: Path,
    second: Path,
    coders: Sequence[str] = (),
    params: AgreementParams | None = None,
    *,
    people_only: bool = False,
) -> dict[str, Json]:
    """Compare two code tables, stream by stream.

    Parameters
    ----------
    first, second : Path
        Codes tables; streams are paired by session, role and scheme.
    coders : sequence of str
        Whose streams to take where a table holds several coders.
    params : AgreementParams, optional
    people_only : bool
        Refuse every stream that began as a machine's proposal.

    Returns
    -------
    dict
        ``pooled``, ``sessions`` and ``unpaired`` as the contract has them, each with further figures. Each
        comparison says whether it is ``reliability`` (two people) or ``validity`` (a machine's proposals
        take part, reviewed or not); ``validity`` holds the machine against the person by scheme.

    Raises
    ------
    InputError
        Several coders of one stream, or with ``people_only`` a stream that is no person's own.
    """
    params = params or AgreementParams()
    tables = [_by_key(path, coders, people_only=people_only) for path in (first, second)]
    everything = [stream for table in tables for stream in table.values()]
    sessions: list[Json] = []
    pairs: dict[str, dict[str, list[tuple[StateTrack, StateTrack]]]] = {}
    for key in sorted(tables[0].keys() & tables[1].keys()):
        streams = tables[0][key], tables[1][key]
        scheme = scheme_of_stream(key[2], everything)
        pair = streams[0].track(scheme), streams[1].track(scheme)
        pairs.setdefault(key[2], {}).setdefault(key[0], []).append(pair)
        sessions.append(
            {
                "session_id": key[0],
                "role": key[1],
                "scheme_id": key[2],
                **pair_figures(*pair, params),
                "coders": [stream.coder_id for stream in streams],
                "comparison": "validity" if any(s.source in MACHINE for s in streams) else "reliability",
            }
        )
    unpaired: list[Json] = [
        {"session_id": key[0], "role": key[1], "scheme_id": key[2], "only_in": path.name}
        for path, mine, other in ((first, tables[0], tables[1]), (second, tables[1], tables[0]))
        for key in sorted(mine.keys() - other.keys())
    ]
    by_scheme: dict[str, Json] = {
        scheme_id: pooled_figures(list(found.values()), params) for scheme_id, found in pairs.items()
    }
    each = {scheme_id: [p for mine in found.values() for p in mine] for scheme_id, found in pairs.items()}
    totals = [np.sum([confusion_ns(*pair) for pair in found], axis=0) for found in each.values()]
    return {
        "pooled": {**basic_figures(pooled(totals)), "by_scheme": by_scheme},
        "sessions": sessions,
        "unpaired": unpaired,
        "validity": {
            scheme_id: validity_figures(against)
            for scheme_id, found in each.items()
            if (against := [pair for pair in map(_person_first, found) if pair is not None])
        },
    }


def _person_first(pair: tuple[StateTrack, StateTrack]) -> tuple[StateTrack, StateTrack] | None:
    """Give person and untouched machine, or None where the pair is something else."""
    people = ("human", "consensus")
    for one, other in (pair, pair[::-1]):
        if one.source_kind in people and other.source_kind == "auto":
            return one, other
    return None


def _by_key(path: Path, coders: Sequence[str], *, people_only: bool) -> dict[Key, CodedStream]:
    found: dict[Key, CodedStream] = {}
    for stream in read_codes(path):
        if coders and stream.coder_id not in coders:
            continue
        if people_only and stream.source in MACHINE:
            raise InputError(
                "a stream that began as a machine's proposals has no place in human-human reliability",
                where=stream.wheres[0],
                got=f"source {stream.source}, coder {stream.coder_id}",
                expected="codes that a person set without seeing proposals",
                fix="compare it without --people-only: that is validity",
            )
        key = stream.session_id, stream.role, stream.scheme_id
        if key in found:
            raise InputError(
                "several coders of one stream",
                where=stream.wheres[0],
                got=f"{found[key].coder_id} and {stream.coder_id}",
                expected="one",
                fix="name one with --coder",
            )
        found[key] = stream
    return found
