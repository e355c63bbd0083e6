"""Who was coded alone: pairs of a protocol that give no rows of the dyad, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import dyad_slices, pair_slices, role_order
from stillface.pipeline.results import SessionResults

__all__ = ["study_unpaired", "unpaired", "unpaired_warnings"]

_NAMED = 10
"""Sessions that a warning names; it counts those beyond."""


def unpaired(
    session: Session,
    tracks: tuple[StateTrack, ...],
    rules: tuple[MatchRule, ...],
    *,
    told_of_rules: bool = False,
    unsettled: Iterable[tuple[str, str]] = (),
) -> tuple[str, ...]:
    """Tell which pairs of the protocol are not measured as dyads although one of them was coded.

    A scheme of breaches says nothing of the pair, so a role with no other has no codes here.

    Parameters
    ----------
    told_of_rules : bool
        That a rule fits nothing is said elsewhere.
    unsettled : iterable of (role, scheme_id)
        Coded by several people, and none of it analysed.
    """
    breaches = {spec.fidelity_scheme for spec in session.protocol.episodes}
    coded = {track.role for track in tracks if track.scheme.id not in breaches}
    paired = {frozenset(pair.roles) for pair in pair_slices(session, tracks)}
    matched = {frozenset(dyad.roles) for dyad in dyad_slices(session, tracks, rules)}
    found = []
    for pair in session.protocol.pairs:
        roles = role_order(session.protocol, pair)
        alone, missing = [r for r in roles if r in coded], [r for r in roles if r not in coded]
        both = " and ".join(roles)
        if alone and missing:
            how = "analysed" if missing[0] in {role for role, _ in unsettled} else "coded"
            found.append(f"no measures of the dyad of {both}: no states of {missing[0]} are {how}")
        elif not told_of_rules and frozenset(roles) in paired - matched:
            named = {role: [t.scheme.id for t in tracks if t.role == role] for role in roles}
            schemes = " and of ".join(f"{role} ({', '.join(ids)})" for role, ids in named.items())
            found.append(f"no match or repair of {both}: no rule fits the schemes of {schemes}")
    return tuple(found)


def study_unpaired(results: Iterable[SessionResults], rules: tuple[MatchRule, ...]) -> list[str]:
    """Give the lines of :func:`unpaired` of a study's sessions."""
    return unpaired_warnings(
        {r.session.session_id: unpaired(r.session, r.analysed, rules, unsettled=r.unsettled) for r in results}
    )


def unpaired_warnings(reasons: Mapping[str, Iterable[str]]) -> list[str]:
    """Give one line for each reason, with the sessions it holds for.

    Parameters
    ----------
    reasons : mapping of session_id to str
        From `unpaired`.
    """
    sessions: dict[str, list[str]] = {}
    for session_id, lines in reasons.items():
        for line in lines:
            sessions.setdefault(line, []).append(session_id)
    return [f"{line}; {_which(ids, len(reasons))}" for line, ids in sessions.items()]


def _which(ids: list[str], n_all: int) -> str:
    if len(ids) == n_all and n_all > 1:
        return f"in all {n_all} sessions"
    beyond = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"in {', '.join(ids[:_NAMED])}{beyond}"
