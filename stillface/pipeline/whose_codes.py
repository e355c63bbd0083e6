"""Whose codes are analysed and why, and which streams are not analysed at all, in words."""

from __future__ import annotations

from collections.abc import Sequence

from stillface.domain.events import PointEvents
from stillface.domain.states import StateTrack
from stillface.pipeline.results import SessionResults
from stillface.report.wording import source_label

__all__ = ["unsettled_warnings", "whose_codes"]


def whose_codes(result: SessionResults) -> tuple[str, ...]:
    """Give a line for each stream that is analysed; of one with several codings it says why this one."""
    found = []
    streams: tuple[StateTrack | PointEvents, ...] = (*result.analysed, *result.session.points)
    for codes in streams:
        why = result.why.get((codes.role, codes.scheme.id))
        found.append(
            f"{codes.role} {codes.scheme.id}: {source_label(codes.source)}{f' ({why})' if why else ''}"
        )
    return tuple(found)


def unsettled_warnings(results: Sequence[SessionResults]) -> list[str]:
    """Count the streams that several people coded and that are not analysed; no line where there are none."""
    counts = [len(result.unsettled) for result in results if result.unsettled]
    if not counts:
        return []
    n, sessions = sum(counts), len(counts)
    line = (
        f"not analysed: {n} stream{'s' * (n > 1)} of {sessions} session{'s' * (sessions > 1)} with several "
        "codings and none that counts as the first, see exclusions.csv; the rest of the sessions is"
    )
    return [line]
