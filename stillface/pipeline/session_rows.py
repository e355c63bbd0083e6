"""Rows of tables that a session gives beside its measures: recoveries for survival analysis, transitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

import numpy as np

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.io.measures_table import RecoveryRow, SessionTransitionRow
from stillface.measures.recovery import criterion_hash
from stillface.measures.slices import stream_slices
from stillface.measures.transitions import transition_counts

__all__ = ["recovery_rows", "session_transition_rows"]

_WATCHED = ("recovery_latency_s", "return_to_baseline_s")
_CRITERION = ("window_s", "limit_pct", "sustain_s", "at_risk", "at_risk_window_s", "gap_policy")


def recovery_rows(protocol: Protocol, rows: Iterable[Measurement]) -> Iterator[RecoveryRow]:
    """Give the recoveries among a session's measures as time, event and who was at risk (SPEC 7.1).

    Where the latency is missing nothing is known: time, event and at risk are empty.
    """
    declared = {criterion_hash(one): asdict(one) for one in protocol.recovery}
    for row in rows:
        if row.measure not in _WATCHED:
            continue
        flags = dict(flag.partition("=")[::2] for flag in row.flags)
        # A return to baseline says in its flags what it looked for; a recovery's criterion is the protocol's.
        whole = declared.get(row.params_hash, flags)
        said = {name: whole[name] for name in _CRITERION if name in whole}
        if said.get("at_risk") == "not_in_target":
            del said["at_risk_window_s"]
        seen = row.status.has_value
        yield RecoveryRow(
            row.dyad_id,
            row.session_id,
            row.episode_id,
            row.role,
            row.scheme_id,
            row.coder_id,
            row.match_rule,
            row.code or "baseline",
            row.value,
            int(row.status is Status.OK) if seen else None,
            1 if seen else 0 if row.status is Status.NA_NOTATRISK else None,
            float(flags["confirmed_s"]) if seen and "confirmed_s" in flags else None,
            ";".join(f"{name}={value}" for name, value in said.items()),
            row.scorable_s,
            row.coverage,
            row.status.value,
            ";".join(row.flags),
        )


def session_transition_rows(
    session: Session, tracks: tuple[StateTrack, ...]
) -> Iterator[SessionTransitionRow]:
    """Give the transitions that occurred within each stream and episode; none across a gap."""
    for stream in stream_slices(session, tracks):
        if stream.problem is not None:
            continue
        counts = transition_counts(stream.track)
        stamp, ids = stream.stamp(""), stream.track.scheme.code_ids
        given = counts.sum(axis=1).tolist()
        for a, b in np.argwhere(counts).tolist():
            n = int(counts[a, b])
            yield SessionTransitionRow(
                session.dyad_id,
                session.session_id,
                stamp.episode_id,
                stamp.role,
                stamp.scheme_id,
                stream.track.source_kind,
                stamp.coder_id,
                ids[a],
                ids[b],
                n,
                given[a],
                n / given[a],
                stamp.scorable_s,
                stamp.coverage,
            )
