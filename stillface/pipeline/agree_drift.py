"""Agreement by month of coding, and what is to be coded again where it fell (SPEC 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import confusion_ns, kappa_from_confusion
from stillface.agreement.plan import drift
from stillface.agreement.points import points_agreement, presence
from stillface.domain.provenance import Json
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_figures import AgreementParams
from stillface.pipeline.agree_points import counts, point_pairs, point_table
from stillface.pipeline.agree_streams import CoderEvents, CoderStream, SessionStreams

__all__ = ["counted_points", "recode", "study_drift"]

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Months = dict[str, list[Int64]]


def counted_points(
    streams: Sequence[SessionStreams], plan: ReliabilityPlan, wanted: AbstractSet[str]
) -> list[tuple[CoderEvents, CoderEvents]]:
    """Give the pairs of people's events on which the estimate rests."""
    pairs = (pair for found in streams for pair in point_pairs(found, wanted))
    return [pair for pair in pairs if counts(plan, pair[0].session_id)]


def study_drift(
    states: Sequence[tuple[CoderStream, CoderStream]],
    points: Sequence[tuple[CoderEvents, CoderEvents]],
    plan: ReliabilityPlan,
    params: AgreementParams,
) -> list[Json]:
    """Follow each scheme's agreement by month of coding; the month is that of the later coder's last edit.

    States by kappa over time, events by the kappa of their alignment. Where all events have one code that
    kappa is undefined in every month: then the agreement on presence is followed.
    """
    by_time: dict[str, Months] = {}
    for one, other in states:
        _add(by_time, one.key[1], max(one.month, other.month), confusion_ns(one.track, other.track))
    by_event: dict[str, Months] = {}
    for first, second in points:
        table = point_table(first.events, second.events, params)
        _add(by_event, first.key[1], max(first.month, second.month), table)
    rows: list[Json] = []
    for scheme_id, months in sorted(by_time.items()):
        rows += _rows(scheme_id, months, plan, "kappa", lambda table: kappa_from_confusion(table).kappa)
    for scheme_id, months in sorted(by_event.items()):
        total = np.sum([table for tables in months.values() for table in tables], axis=0)
        one_code = int(((total[:-1].sum(axis=1) + total[:, :-1].sum(axis=0)) > 0).sum()) < 2
        name = "agreement on presence" if one_code else "event kappa"
        rows += _rows(scheme_id, months, plan, name, presence if one_code else _event_kappa)
    return rows


def _add(found: dict[str, Months], scheme_id: str, month: str, table: Int64) -> None:
    if month:
        found.setdefault(scheme_id, {}).setdefault(month, []).append(table)


def _event_kappa(table: Float) -> float | None:
    kappa = points_agreement(table.astype(np.int64))[0]
    return None if kappa is None else float(kappa)


def _rows(
    scheme_id: str,
    months: Mapping[str, Sequence[Int64]],
    plan: ReliabilityPlan,
    name: str,
    figure: Callable[[Float], float | None],
) -> list[Json]:
    return [
        {
            "scheme_id": scheme_id,
            "month": month.month,
            "figure": name,
            "value": month.kappa,
            "kappa": None if name == "agreement on presence" else month.kappa,
            "earlier": month.earlier,
            "n_sessions": month.n_sessions,
            "drifted": month.drifted,
        }
        for month in drift(months, plan.drift_drop, figure)
    ]


def recode(streams: Sequence[SessionStreams], months: Sequence[Json], plan: ReliabilityPlan) -> list[Json]:
    """List what was coded in months that drifted, once or twice; masters are no work to recode."""
    bad = {
        (str(row["scheme_id"]), str(row["month"]))
        for row in months
        if isinstance(row, dict) and row["drifted"]
    }
    return [
        {
            "session_id": stream.session_id,
            "role": stream.key[0],
            "scheme_id": stream.key[1],
            "coder": stream.codes.coder_id,
            "month": stream.month,
        }
        for found in streams
        for stream in (*found.from_scratch, *found.points)
        if (stream.key[1], stream.month) in bad and stream.session_id not in plan.masters
    ]
