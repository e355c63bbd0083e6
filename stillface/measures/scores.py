"""Mean level of a stream on an ordinal or rating scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import stream_slices

__all__ = ["Scores"]


@dataclass(frozen=True)
class Scores:
    """Time-weighted mean and standard deviation of the ranks of an ordinal or rating scheme.

    ``score_mean`` and ``score_sd`` run over scorable time; n is the number of bouts (ratings). The mean of
    ranks takes their distances as equal: that is the scale's assumption, not a finding.
    """

    name = "scores"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure the tracks of ordinal and rating schemes; ``rules`` are not used."""
        digest = params_hash({})
        for stream in stream_slices(session, tracks):
            scheme = stream.track.scheme
            ranks = {k: code.value for k, code in enumerate(scheme.codes) if not code.gap}
            if scheme.type not in ("ordinal", "rating") or None in ranks.values():
                continue
            stamp = stream.stamp(digest)
            if stream.problem is not None:
                for measure in ("score_mean", "score_sd"):
                    yield stamp.row(measure, None, "score", status=stream.problem)
                continue
            seen = stream.track.scorable
            weights = stream.track.durations_ns[seen].astype(np.float64)
            # Not `code_scores`: what is a gap for the dyad (sleep) has a rank for the person.
            values = np.array([ranks[k] for k in stream.track.codes[seen].tolist()], dtype=np.float64)
            mean = float(np.average(values, weights=weights))
            sd = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
            n = int(stream.track.bouts().codes.size)
            yield stamp.row("score_mean", mean, "score", n=n)
            yield stamp.row("score_sd", sd, "score", n=n)
