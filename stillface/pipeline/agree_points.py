"""Figures of pairs of codings of events without duration, in the shape of those of states."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from itertools import combinations

import numpy as np
import numpy.typing as npt

from stillface.agreement.align_events import EventAgreement, EventRule
from stillface.agreement.bootstrap import bootstrap
from stillface.agreement.points import point_kappa, points_agreement, positive_agreement
from stillface.domain.events import PointEvents
from stillface.domain.provenance import Json
from stillface.domain.scheme import CodingScheme
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_figures import AgreementParams
from stillface.pipeline.agree_streams import SessionStreams

__all__ = ["among", "counts", "point_figures", "pooled_point_figures", "study_points"]

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
    found = point_kappa(first, second, EventRule(onset_ns=params.onset_ns))
    return {
        **_NO_TIME,
        "events": _events(found),
        "codes": _codes(first.scheme, found.table),
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
    rule = EventRule(onset_ns=params.onset_ns)
    tables = np.array(
        [np.sum([point_kappa(*pair, rule).table for pair in found], axis=0) for found in sessions]
    )
    total = tables.sum(axis=0)
    kappa, agreed, expected, reason = points_agreement(total)
    interval = bootstrap(
        len(tables),
        lambda drawn: points_agreement(tables[drawn].sum(axis=0))[0],
        seed=params.seed,
        n_resamples=params.n_resamples,
    )
    none = np.empty((0, 2), np.int64)
    return {
        **_NO_TIME,
        "n_sessions": len(sessions),
        "n_pairs": sum(len(found) for found in sessions),
        "events": _events(EventAgreement(kappa, agreed, expected, total, none, reason)),
        "events_interval": asdict(interval),
        "codes": _codes(sessions[0][0][0].scheme, total),
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
    for found in streams:
        session_id = found.session.session_id
        ordered = sorted(found.points, key=lambda events: (events.role, events.scheme.id, events.coder_id))
        for one, other in combinations(ordered, 2):
            alike = (one.role, one.scheme.id) == (other.role, other.scheme.id)
            if not alike or not among({one.coder_id, other.coder_id}, wanted):
                continue
            rows.append(
                {
                    "session_id": session_id,
                    "role": one.role,
                    "scheme_id": one.scheme.id,
                    "coders": [one.coder_id, other.coder_id],
                    **point_figures(one, other, params),
                    "drawn": session_id in plan.sessions,
                }
            )
            if counts(plan, session_id):
                pooled.setdefault(one.scheme.id, {}).setdefault(session_id, []).append((one, other))
    return {
        "points": rows,
        "pooled_points": {
            scheme_id: pooled_point_figures(list(pairs.values()), params)
            for scheme_id, pairs in sorted(pooled.items())
        },
    }


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
