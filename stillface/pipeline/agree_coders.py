"""What each coder's work is judged by: the masters, coding from scratch beside review, and refusals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from stillface.agreement.kappa import confusion_ns, kappa_from_confusion
from stillface.agreement.plan import label
from stillface.domain.provenance import Json
from stillface.errors import InputError
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_figures import basic_figures
from stillface.pipeline.agree_streams import CoderStream, SessionStreams, own_judgement

__all__ = ["against_scratch", "certification", "refused"]

_NONE_YET = "no time of a master session that both coded"


def certification(streams: Sequence[SessionStreams], plan: ReliabilityPlan) -> list[dict[str, Json]]:
    """Give each coder's kappa against the masters, by scheme over all master sessions.

    A coder certifies before coding the study: ``coded_before`` names the sessions begun before the last
    master was finished, all of them while masters are left. Without masters there are no rows.
    """
    if not plan.masters:
        return []
    standards = dict(_standards(streams, plan))
    everyday: dict[tuple[str, str], list[CoderStream]] = {}
    tests: dict[tuple[str, str], list[CoderStream]] = {}
    for stream in (stream for found in streams for stream in found.people):
        key = stream.track.coder_id, stream.track.scheme.id
        if stream.session_id not in plan.masters and stream.track.source_kind != "consensus":
            everyday.setdefault(key, []).append(stream)
        elif plan.masters.get(stream.session_id) not in (None, key[0]) and stream.began_as is None:
            tests.setdefault(key, []).append(stream)
    experts = set(plan.masters.values())
    return [
        _certificate(key, tests.get(key, []), everyday.get(key, []), standards, plan)
        for key in sorted(everyday.keys() | tests.keys())
        if key in tests or key[0] not in experts
    ]


def _standards(
    streams: Sequence[SessionStreams], plan: ReliabilityPlan
) -> Iterable[tuple[tuple[str, str, str], CoderStream]]:
    """Give the expert's coding of each master session."""
    for stream in (stream for found in streams for stream in found.people):
        expert = plan.masters.get(stream.session_id)
        if stream.track.coder_id == expert and stream.track.source_kind != "auto_reviewed":
            yield (stream.session_id, *stream.key), stream


def _certificate(
    key: tuple[str, str],
    tests: Sequence[CoderStream],
    everyday: Sequence[CoderStream],
    standards: dict[tuple[str, str, str], CoderStream],
    plan: ReliabilityPlan,
) -> dict[str, Json]:
    pairs = [
        (standards[stream.session_id, *stream.key], stream)
        for stream in tests
        if (stream.session_id, *stream.key) in standards
    ]
    tables = [confusion_ns(master.track, stream.track) for master, stream in pairs]
    result = kappa_from_confusion(np.sum(tables, axis=0)) if tables else None
    masters = {session_id for session_id, _, scheme_id in standards if scheme_id == key[1]}
    done = {stream.session_id for _, stream in pairs}
    finished = max(stream.edited[1] for _, stream in pairs) if pairs and done == masters else None
    before = {s.session_id for s in everyday if finished is None or s.edited[0] < finished}
    coded_before: list[Json] = [*sorted(before)]
    return {
        "coder": key[0],
        "scheme_id": key[1],
        **(
            {"kappa": None, "agreement": None, "compared_s": 0.0, "reason": _NONE_YET}
            if result is None
            else basic_figures(result)
        ),
        "n_masters": len(done),
        "of": len(masters),
        "label": label(None if result is None else result.kappa, plan.labels),
        "coded_before": coded_before,
    }


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
