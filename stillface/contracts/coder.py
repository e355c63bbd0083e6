"""Coder: from a face track to proposed codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from stillface.domain.faces import FaceTrack
from stillface.domain.provenance import Json
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack

__all__ = ["Coder", "RemarkingCoder"]


@runtime_checkable
class Coder(Protocol):
    """Proposes codes of one scheme; a proposal is never a person's judgement."""

    name: str
    """``<name>@<version>``: the track's source is ``auto:<name>``."""

    scheme_id: str
    """Which scheme it proposes."""

    proposes: tuple[str, ...]
    """Codes it can propose; any other code of the scheme is not coded by it, which is no absence."""

    @property
    def params(self) -> Mapping[str, Json]:
        """Every number that steers it, for provenance and cache keys."""
        ...

    def code(
        self,
        face: FaceTrack,
        scheme: CodingScheme,
        episodes: tuple[Episode, ...],
        *,
        partner_toward: str,
    ) -> StateTrack:
        """Propose codes for one person over the whole film.

        Parameters
        ----------
        face : FaceTrack
        scheme : CodingScheme
            The scheme named by ``scheme_id``.
        episodes : tuple of Episode
            Where the person's own neutral face and partner direction may be learned.
        partner_toward : {'camera', 'left', 'right'}
            Where the partner is, seen from the camera.

        Returns
        -------
        StateTrack
            With confidence; what could not be seen carries the scheme's gap code, never a guess.
        """
        ...


@runtime_checkable
class RemarkingCoder(Coder, Protocol):
    """A coder that can say what it could not tell of a film."""

    def remark(self, face: FaceTrack, episodes: tuple[Episode, ...], *, partner_toward: str) -> str:
        """Say in one line what kept it from coding, or from coding well; empty where nothing did.

        Parameters
        ----------
        face, episodes, partner_toward
            As for ``code``.
        """
        ...
