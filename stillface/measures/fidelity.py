"""How still the still face was: breaches counted and flagged, never excluded (SPEC 1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillface.domain.clock import NS_PER_S
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import stream_slices

__all__ = ["Fidelity"]

_UNITS = {"breach_pct": "%", "n_breach": "count"}


@dataclass(frozen=True)
class Fidelity:
    """Breaches of an imposed state in the episodes whose protocol names a scheme for them.

    ``breach_pct`` is the share of scorable time in any code but the scheme's default (no breach),
    ``n_breach`` the number of unbroken stretches of breach: going from a smile to a word is one. Rows of a
    breached episode carry the flag ``breached``; nothing is left out because of it.
    """

    name = "fidelity"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure the tracks of fidelity schemes; ``rules`` are not used."""
        digest = params_hash({})
        for stream in stream_slices(session, tracks):
            scheme = stream.track.scheme
            if scheme.id != stream.spec.fidelity_scheme or scheme.default_code is None:
                continue
            stamp = stream.stamp(digest)
            if stream.problem is not None:
                for measure, unit in _UNITS.items():
                    yield stamp.row(measure, None, unit, status=stream.problem)
                continue
            track = stream.track
            breach = track.scorable & (track.codes != scheme.index(scheme.default_code))
            n = int((np.diff(np.concatenate(([False], breach)).astype(np.int8)) == 1).sum())
            share = 100 * float(track.durations_ns[breach].sum()) / NS_PER_S / stream.scorable_s
            flags = ("breached",) if n else ()
            yield stamp.row("breach_pct", share, "%", n=n, flags=flags)
            yield stamp.row("n_breach", float(n), "count", n=n, flags=flags)
