"""Agreement of two code tables that were made in any tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import Agreement, confusion_ns, kappa_from_confusion, pooled
from stillface.domain.provenance import Json
from stillface.errors import InputError
from stillface.io.codes_table import CodedStream, read_codes
from stillface.pipeline.measure_tables import scheme_of_stream

__all__ = ["agree_tables"]

Key = tuple[str, str, str]


def agree_tables(first: Path, second: Path, coders: Sequence[str] = ()) -> dict[str, Json]:
    """Compare two code tables, stream by stream.

    Parameters
    ----------
    first, second : Path
        Codes tables; streams are paired by session, role and scheme.
    coders : sequence of str
        Whose streams to take where a table holds several coders.

    Returns
    -------
    dict
        ``pooled``, ``sessions`` and ``unpaired`` as the contract has them. Each comparison says whether it is
        ``reliability`` (two people) or ``validity`` (a machine's proposals take part, reviewed or not).
    """
    tables = [_by_key(path, coders) for path in (first, second)]
    everything = [stream for table in tables for stream in table.values()]
    sessions: list[Json] = []
    by_scheme: dict[str, list[npt.NDArray[np.int64]]] = {}
    for key in sorted(tables[0].keys() & tables[1].keys()):
        pair = tables[0][key], tables[1][key]
        scheme = scheme_of_stream(key[2], everything)
        confusion = confusion_ns(pair[0].track(scheme), pair[1].track(scheme))
        by_scheme.setdefault(key[2], []).append(confusion)
        sessions.append(
            {
                "session_id": key[0],
                "role": key[1],
                "scheme_id": key[2],
                **_figures(kappa_from_confusion(confusion)),
                "comparison": _kind(pair),
            }
        )
    unpaired: list[Json] = [
        {"session_id": key[0], "role": key[1], "scheme_id": key[2], "only_in": path.name}
        for path, mine, other in ((first, tables[0], tables[1]), (second, tables[1], tables[0]))
        for key in sorted(mine.keys() - other.keys())
    ]
    totals = {scheme_id: np.sum(tables, axis=0) for scheme_id, tables in by_scheme.items()}
    overall: dict[str, Json] = {
        **_figures(pooled(totals.values())),
        "by_scheme": {
            scheme_id: _figures(kappa_from_confusion(total)) for scheme_id, total in totals.items()
        },
    }
    return {"pooled": overall, "sessions": sessions, "unpaired": unpaired}


def _by_key(path: Path, coders: Sequence[str]) -> dict[Key, CodedStream]:
    found: dict[Key, CodedStream] = {}
    for stream in read_codes(path):
        if coders and stream.coder_id not in coders:
            continue
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


def _figures(result: Agreement) -> dict[str, Json]:
    return {
        "kappa": result.kappa,
        "agreement": result.agreement,
        "compared_s": result.compared_s,
        "reason": result.reason,
    }


def _kind(pair: tuple[CodedStream, CodedStream]) -> str:
    machine = any(stream.source in ("auto", "auto_reviewed") for stream in pair)
    return "validity" if machine else "reliability"
