"""Measure: from state tracks of one episode to rows of results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from stillface.domain.results import Measurement
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack

__all__ = ["Measure"]


@runtime_checkable
class Measure(Protocol):
    """One family of measures of behaviour."""

    name: str

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
    ) -> Iterable[Measurement]:
        """Measure a session.

        Parameters
        ----------
        session : Session
            Its protocol and episodes rule what is defined.
        tracks : tuple of StateTrack
            One analysis track per role and scheme.
        rules : tuple of MatchRule
            For dyad measures.
        """
        ...
