"""The pairs of streams of a whole study that a rule speaks of, each once, whatever the number of rules."""

from __future__ import annotations

from collections.abc import Sequence

from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import PairSlice, dyad_slices

__all__ = ["pairs_of_schemes"]


def pairs_of_schemes(
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]], rules: tuple[MatchRule, ...]
) -> dict[tuple[str, str], list[PairSlice]]:
    """Give the pairs of all sessions by episode id and scheme id, where there is something to measure.

    Parameters
    ----------
    sessions : sequence of (Session, analysed tracks)
    rules : tuple of MatchRule
    """
    found: dict[tuple[str, str], list[PairSlice]] = {}
    for session, tracks in sessions:
        seen: set[tuple[str, str]] = set()
        for dyad in dyad_slices(session, tracks, rules):
            key = dyad.first.spec.id, dyad.stamp("").scheme_id
            if dyad.problem is None and key not in seen:
                seen.add(key)
                found.setdefault(key, []).append(PairSlice(dyad.first, dyad.second))
    return found
