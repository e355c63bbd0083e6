"""What each coder's work is judged by: the masters, coding from scratch beside review, and refusals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from stillface.agreement.kappa import confusion_ns, kappa_from_confusion
from stillface.agreement.plan import label
from stillface.domain.events import PointEvents
from stillface.domain.provenance import Json
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_figures import AgreementParams, basic_figures
from stillface.pipeline.agree_points import event_label, point_table, table_figures
from stillface.pipeline.agree_streams import Judged, SessionStreams, own_judgement

__all__ = ["against_scratch", "certification", "refused"]

_NONE_YET = "no master session that both coded"


def certification(
    streams: Sequence[SessionStreams], plan: ReliabilityPlan, params: AgreementParams
) -> list[dict[str, Json]]:
    """Give each coder's agreement with the masters, by scheme over all master sessions.

    States by kappa over time, events without duration by the kappa of their alignment. A coder certifies
    before coding the study: ``coded_before`` names the sessions begun before the last master was finished,
    all of them while masters are left. Without masters there are no rows.
    """
    if not plan.masters:
        return []
    everything = [stream for found in streams for stream in (*found.people, *found.events)]
    standards = dict(_standards(everything, plan))
    everyday: dict[tuple[str, str], list[Judged]] = {}
    tests: dict[tuple[str, str], list[Judged]] = {}
    for stream in everything:
        key = stream.codes.coder_id, stream.codes.scheme.id
        if stream.session_id not in plan.masters and stream.codes.source_kind != "consensus":
            everyday.setdefault(key, []).append(stream)
        elif plan.masters.get(stream.session_id) not in (None, key[0]) and stream.began_as is None:
            tests.setdefault(key, []).append(stream)
    experts = set(plan.masters.values())
    return [
        {
            "coder": key[0],
            "scheme_id": key[1],
            **_against_masters(tests.get(key, []), standards, plan, params),
            **_progress(key[1], tests.get(key, []), everyday.get(key, []), standards),
        }
        for key in sorted(everyday.keys() | tests.keys())
        if key in tests or key[0] not in experts
    ]


def _standards(
    streams: Iterable[Judged], plan: ReliabilityPlan
) -> Iterable[tuple[tuple[str, str, str], Judged]]:
    """Give the expert's coding of each master session."""
    for stream in streams:
        expert = plan.masters.get(stream.session_id)
        if stream.codes.coder_id == expert and stream.codes.source_kind != "auto_reviewed":
            yield (stream.session_id, *stream.key), stream


def _against_masters(
    tests: Sequence[Judged],
    standards: dict[tuple[str, str, str], Judged],
    plan: ReliabilityPlan,
    params: AgreementParams,
) -> dict[str, Json]:
    """Give a coder's figures over the master sessions that have a standard, and the plan's word for them."""
    pairs = [
        (standards[stream.session_id, *stream.key], stream)
        for stream in tests
        if (stream.session_id, *stream.key) in standards
    ]
    tables = []
    for master, stream in pairs:
        # One scheme has one kind of codes: either all pairs are states or all are events.
        if isinstance(master.codes, PointEvents) and isinstance(stream.codes, PointEvents):
            tables.append(point_table(master.codes, stream.codes, params))
        elif isinstance(master.codes, StateTrack) and isinstance(stream.codes, StateTrack):
            tables.append(confusion_ns(master.codes, stream.codes))
    if not tables:
        return {"kappa": None, "agreement": None, "compared_s": 0.0, "reason": _NONE_YET, "label": ""}
    total = np.sum(tables, axis=0)
    if isinstance(tests[0].codes, PointEvents):
        figures = table_figures(tests[0].codes.scheme, total)
        return {**figures, "label": event_label(figures, plan)}
    result = kappa_from_confusion(total)
    return {**basic_figures(result), "label": label(result.kappa, plan.labels)}


def _progress(
    scheme_id: str,
    tests: Sequence[Judged],
    everyday: Sequence[Judged],
    standards: dict[tuple[str, str, str], Judged],
) -> dict[str, Json]:
    """Give how many masters a coder has done, and what was begun before the last of them was finished."""
    done = [stream for stream in tests if (stream.session_id, *stream.key) in standards]
    masters = {session_id for session_id, _, scheme in standards if scheme == scheme_id}
    sessions = {stream.session_id for stream in done}
    finished = max(stream.edited[1] for stream in done) if done and sessions == masters else None
    before = {s.session_id for s in everyday if finished is None or s.edited[0] < finished}
    coded_before: list[Json] = [*sorted(before)]
    return {"n_masters": len(sessions), "of": len(masters), "coded_before": coded_before}


def against_scratch(streams: Sequence[SessionStreams], plan: ReliabilityPlan) -> list[Json]:
    """Compare what review of proposals gives with what people code from scratch, session by session."""
    rows: list[Json] = []
    for found in streams:
        reviewed = [s for s in found.people if s.track.source_kind == "auto_reviewed"]
        for stream in reviewed:
            for scratch in found.from_scratch:
                if scratch.key != stream.key:
                    continue
                result = kappa_from_confusion(confusion_ns(scratch.track, stream.track))
                rows.append(
                    {
                        "session_id": stream.session_id,
                        "role": stream.track.role,
                        "scheme_id": stream.track.scheme.id,
                        "reviewer": stream.track.coder_id,
                        "from_scratch": scratch.track.coder_id,
                        "same_person": stream.track.coder_id == scratch.track.coder_id,
                        **basic_figures(result),
                        "label": label(result.kappa, plan.labels),
                    }
                )
    return rows


def refused(found: SessionStreams) -> Iterable[Json]:
    """Name streams under a coder's name that are not that coder's own, with the error they raise."""
    for stream in found.people:
        if stream.track.source_kind == "human" and stream.began_as is not None:
            try:
                own_judgement(stream)
            except InputError as error:
                yield {
                    "session_id": stream.session_id,
                    "role": stream.track.role,
                    "scheme_id": stream.track.scheme.id,
                    "coder": stream.track.coder_id,
                    "error": str(error),
                }
