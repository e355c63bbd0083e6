"""The dyad's states over the whole session, as the report draws them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.repairs import state_changes
from stillface.measures.slices import DyadSlice, dyad_slices
from stillface.report.data import MatchStrip

__all__ = ["match_strips"]


def match_strips(
    session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
) -> Iterator[MatchStrip]:
    """Give one strip per rule and pair of schemes, over all episodes in which it is defined."""
    groups: dict[tuple[str, ...], list[DyadSlice]] = {}
    for dyad in dyad_slices(session, tracks, rules):
        if dyad.problem is None:
            key = (dyad.rule.id, *dyad.roles, dyad.first.track.scheme.id, dyad.second.track.scheme.id)
            groups.setdefault(key, []).append(dyad)
    for dyads in groups.values():
        changes = [state_changes(dyad) for dyad in dyads]
        first = dyads[0]
        yield MatchStrip.from_episodes(
            f"{first.rule.id}@{first.rule.version}",
            first.roles,
            (first.first.track.source, first.second.track.source),
            [(dyad.edges_ns, dyad.states) for dyad in dyads],
            np.concatenate([change.times_ns[change.repairs] for change in changes]),
            np.concatenate([change.times_ns[change.mismatch_onsets] for change in changes]),
        )
