"""Which proposals of a machine to look at: one lane, one code, one episode, or all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stillface.domain.session import Episode
from stillface.review.proposals import Proposal

__all__ = ["Filter", "Tier"]

Tier = tuple[str, str]


@dataclass(frozen=True)
class Filter:
    """Which proposals to look at; empty means all."""

    roles: frozenset[str] = frozenset()
    schemes: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    episodes: frozenset[str] = frozenset()
    undecided_only: bool = False

    @classmethod
    def of_lane(cls, tier: Tier) -> Filter:
        """Give the one for a person's one scheme."""
        return cls(frozenset({tier[0]}), frozenset({tier[1]}))

    @property
    def tier(self) -> Tier | None:
        """The one role and scheme that it is limited to, or None."""
        if len(self.roles) != 1 or len(self.schemes) != 1:
            return None
        return next(iter(self.roles)), next(iter(self.schemes))

    def fits(self, proposal: Proposal, episodes: Iterable[Episode]) -> bool:
        """Tell whether a proposal is among them, whatever was decided of it.

        Parameters
        ----------
        proposal : Proposal
        episodes : iterable of Episode
            Those of the session.
        """
        role, scheme_id = proposal.reviewed_tier
        return (
            (not self.roles or role in self.roles)
            and (not self.schemes or scheme_id in self.schemes)
            and (not self.codes or proposal.code in self.codes)
            and (
                not self.episodes
                or any(
                    e.id in self.episodes
                    and e.onset_ns < proposal.offset_ns
                    and proposal.onset_ns < e.offset_ns
                    for e in episodes
                )
            )
        )
