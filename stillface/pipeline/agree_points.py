"""Figures of pairs of codings of events without duration, in the shape of those of states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from itertools import combinations

import numpy as np
import numpy.typing as npt

from stillface.agreement.align_events import EventAgreement, EventRule
from stillface.agreement.bootstrap import bootstrap
from stillface.agreement.plan import label
from stillface.agreement.points import point_kappa, points_agreement, positive_agreement, presence
from stillface.domain.events import PointEvents
from stillface.domain.provenance import Json
from stillface.domain.scheme import CodingScheme
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_figures import AgreementParams
from stillface.pipeline.agree_streams import CoderEvents, SessionStreams

__all__ = [
    "among",
    "counts",
    "event_label",
    "point_figures",
    "point_pairs",
    "point_table",
    "pooled_point_figures",
    "study_points",
    "table_figures",
]

Int64 = npt.NDArray[np.int64]
PointPair = tuple[PointEvents, PointEvents]

_NO_TIME: dict[str, Json] = {
    "kappa": None,
    "agreement": None,
    "compared_s": 0.0,
    "reason": "events without duration have no share of time; read the event kappa",
}


def point_figures(first: PointEvents, second: PointEvents, params: AgreementParams) -> dict[str, Json]:
    """Give the figures of one pair of streams; what rests on time is empty, with the reason."""
    return {
        **table_figures(first.scheme, point_table(first, second, params)),
        "tolerance": [],
        "side_by_side": [],
    }


def pooled_point_figures(sessions: Sequence[Sequence[PointPair]], params: AgreementParams) -> dict[str, Json]:
    """Give the figures of one scheme of points over sessions, with an interval over sessions.

    Parameters
    ----------
    sessions : sequence of sequence of (events, events)
        The pairs of each session.
    params : AgreementParams
    """
    tables = np.array([np.sum([point_table(*pair, params) for pair in found], axis=0) for found in sessions])
    interval = bootstrap(
        len(tables),
        lambda drawn: points_agreement(tables[drawn].sum(axis=0))[0],
        seed=params.seed,
        n_resamples=params.n_resamples,
    )
    return {
        **table_figures(sessions[0][0][0].scheme, tables.sum(axis=0)),
        "n_sessions": len(sessions),
        "n_pairs": sum(len(found) for found in sessions),
        "events_interval": asdict(interval),
    }


def point_table(first: PointEvents, second: PointEvents, params: AgreementParams) -> Int64:
    """Give the table of two people's aligned events; the last row and column hold those without partner."""
    return point_kappa(first, second, EventRule(onset_ns=params.onset_ns)).table


def table_figures(scheme: CodingScheme, table: Int64) -> dict[str, Json]:
    """Give the figures of a table of aligned events; what rests on time is empty, with the reason."""
    kappa, agreed, expected, reason = points_agreement(table)
    none = np.empty((0, 2), np.int64)
    return {
        **_NO_TIME,
        "events": {
            **_events(EventAgreement(kappa, agreed, expected, table, none, reason)),
            "presence": presence(table),
        },
        "codes": _codes(scheme, table),
    }


def study_points(
    streams: Sequence[SessionStreams],
    plan: ReliabilityPlan,
    wanted: AbstractSet[str],
    params: AgreementParams,
) -> dict[str, Json]:
    """Compare every two people who coded the same events from scratch.

    Parameters
    ----------
    streams : sequence of SessionStreams
    plan : ReliabilityPlan
    wanted : set of str
        Coders asked for; empty for all.
    params : AgreementParams

    Returns
    -------
    dict
        ``points``: a row for each pair; ``pooled_points``: each scheme over the sessions that count.
    """
    rows: list[Json] = []
    pooled: dict[str, dict[str, list[PointPair]]] = {}
    for one, other in (pair for found in streams for pair in point_pairs(found, wanted)):
        session_id = one.session_id
        rows.append(
            {
                "session_id": session_id,
                "role": one.events.role,
                "scheme_id": one.events.scheme.id,
                "coders": [one.events.coder_id, other.events.coder_id],
                **point_figures(one.events, other.events, params),
                "drawn": session_id in plan.sessions,
            }
        )
        if counts(plan, session_id):
            by_session = pooled.setdefault(one.events.scheme.id, {})
            by_session.setdefault(session_id, []).append((one.events, other.events))
    figures: dict[str, Json] = {}
    for scheme_id, pairs in sorted(pooled.items()):
        found_here = pooled_point_figures(list(pairs.values()), params)
        figures[scheme_id] = {**found_here, "label": event_label(found_here, plan)}
    return {"points": rows, "pooled_points": figures}


def point_pairs(found: SessionStreams, wanted: AbstractSet[str]) -> Iterator[tuple[CoderEvents, CoderEvents]]:
    """Give every two people who coded the same events of a session from scratch, in order of their names."""
    ordered = sorted(found.points, key=lambda stream: (stream.key, stream.events.coder_id))
    for one, other in combinations(ordered, 2):
        if one.key == other.key and among({one.events.coder_id, other.events.coder_id}, wanted):
            yield one, other


def event_label(figures: dict[str, Json], plan: ReliabilityPlan) -> str:
    """Give the plan's word for an event kappa; none where it is undefined."""
    events = figures.get("events")
    kappa = events["kappa"] if isinstance(events, dict) else None
    return label(kappa if isinstance(kappa, float) else None, plan.labels)


def counts(plan: ReliabilityPlan, session_id: str) -> bool:
    """Tell whether the estimate rests on a session: masters teach and test, chance drew the others."""
    return session_id not in plan.masters and (not plan.sessions or session_id in plan.sessions)


def among(pair: AbstractSet[str], wanted: AbstractSet[str]) -> bool:
    """Tell whether a pair is of those asked for: of one coder all, of several those among them."""
    return len(wanted & pair) >= min(len(wanted), 2)


def _events(found: EventAgreement) -> dict[str, Json]:
    return {
        "kappa": found.kappa,
        "agreement": found.agreement,
        "agreed": found.n_agreed,
        "confused": found.n_confused,
        "only_first": found.n_only_first,
        "only_second": found.n_only_second,
        "reason": found.reason,
    }


def _codes(scheme: CodingScheme, table: Int64) -> dict[str, Json]:
    """Give each code that either used: agreement on presence, and how often each coder has it."""
    rows: dict[str, Json] = {}
    for k, code in enumerate(scheme.code_ids):
        if table[k].any() or table[:, k].any():
            rows[code] = {
                "kappa": None,
                "positive": positive_agreement(table, k),
                "negative": None,
                "share_first": None,
                "share_second": None,
                "n_first": int(table[k].sum()),
                "n_second": int(table[:, k].sum()),
                "n_agreed": int(table[k, k]),
            }
    return rows
