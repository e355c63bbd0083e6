"""Which courses around events a page draws, of one session or of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stillface.domain.protocol import Protocol
from stillface.measures.event_locked import AroundEvents
from stillface.pipeline.study_events import PooledEvents
from stillface.report.event_plots import EventLine, EventPanel
from stillface.report.wording import event_label, role_label

__all__ = ["session_panels", "study_panels"]

_LEAST_EVENTS = 3
_AXES = {"ibi_ms": "change of interval, ms", "scl_us": "change of conductance, µS"}

Key = tuple[str, str, str]
Stream = tuple[str, str]


def session_panels(
    protocol: Protocol, around: Iterable[AroundEvents], min_coverage: float
) -> tuple[EventPanel, ...]:
    """Give a panel for each event, episode and quantity with three events or more and enough coverage."""
    found = []
    for one in around:
        if one.changes.size >= _LEAST_EVENTS and (one.stamp.coverage or 0.0) >= min_coverage:
            stamp, n = one.stamp, one.changes.size
            line = EventLine(
                f"{role_label(protocol, stamp.role)}, {n} events",
                one.times_s,
                one.course,
                one.course_low,
                one.course_high,
                float(one.random.mean()) if one.random.size else None,
                protocol.role_ids.index(stamp.role),
            )
            key = one.quantity, one.code, stamp.episode_id
            found.append((key, (stamp.scheme_id, stamp.match_rule), line))
    return _panels(protocol, found)


def study_panels(protocol: Protocol, pooled: Iterable[PooledEvents]) -> tuple[EventPanel, ...]:
    """Give the same over all sessions."""
    found = []
    for one in pooled:
        row = one.row
        if row.n_events >= _LEAST_EVENTS:
            sessions = "1 session" if row.n_sessions == 1 else f"{row.n_sessions} sessions"
            line = EventLine(
                f"{role_label(protocol, row.role)}, {row.n_events} events, {sessions}",
                one.times_s,
                one.course,
                one.course_low,
                one.course_high,
                row.random_mean,
                protocol.role_ids.index(row.role),
            )
            found.append(((row.quantity, row.event, row.episode_id), (row.scheme_id, row.match_rule), line))
    return _panels(protocol, found)


def _panels(protocol: Protocol, found: Sequence[tuple[Key, Stream, EventLine]]) -> tuple[EventPanel, ...]:
    """Gather the lines of each panel; of several schemes or rules that tell an event the first is drawn."""
    panels: dict[Key, tuple[Stream, list[EventLine]]] = {}
    for key, stream, line in found:
        first, lines = panels.setdefault(key, (stream, []))
        if first == stream:
            lines.append(line)
    episodes = [spec.id for spec in protocol.episodes]
    events = list(dict.fromkeys(code for _, code, _ in panels))
    order = sorted(panels, key=lambda key: (key[0] != "ibi_ms", events.index(key[1]), episodes.index(key[2])))
    return tuple(
        EventPanel(_title(protocol, key, panels[key][0]), _AXES[key[0]], tuple(panels[key][1]))
        for key in order
    )


def _title(protocol: Protocol, key: Key, stream: Stream) -> str:
    rule = f", rule {stream[1]}" if stream[1] else ""
    return f"{key[2]} · {event_label(protocol, key[1])}{rule}"
