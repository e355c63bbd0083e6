"""Which code follows which, and how predictable that is (SPEC 3.1, 3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import stream_slices

__all__ = ["Transitions", "transition_counts", "weighted_row_entropy_bit"]


@dataclass(frozen=True)
class Transitions:
    """Entropy of the next code given the present one, in bits, rows weighted by their counts.

    NA_NOBOUT where there was no transition: with nothing to predict there is no entropy.
    """

    name = "transitions"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every track in every analysed episode; ``rules`` are not used."""
        digest = params_hash({})
        for stream in stream_slices(session, tracks):
            stamp = stream.stamp(digest)
            if stream.problem is not None:
                yield stamp.row("transition_entropy_bit", None, "bit", status=stream.problem)
                continue
            counts = transition_counts(stream.track)
            n = int(counts.sum())
            if n:
                yield stamp.row("transition_entropy_bit", weighted_row_entropy_bit(counts), "bit", n=n)
            else:
                yield stamp.row("transition_entropy_bit", None, "bit", n=0, status=Status.NA_NOBOUT)


def transition_counts(track: StateTrack) -> npt.NDArray[np.int64]:
    """Count transitions between touching bouts; none across a gap.

    Returns
    -------
    array of int64, shape (n_codes, n_codes)
        From row to column, in scheme order.
    """
    bouts = track.bouts()
    size = len(track.scheme.codes)
    counts = np.zeros((size, size), dtype=np.int64)
    touching = bouts.onsets_ns[1:] == bouts.offsets_ns[:-1]
    np.add.at(counts, (bouts.codes[:-1][touching], bouts.codes[1:][touching]), 1)
    return counts


def weighted_row_entropy_bit(counts: npt.NDArray[np.int64]) -> float:
    """Give the mean entropy of the rows of a transition matrix, weighted by row totals (SPEC W4b)."""
    totals = counts.sum(axis=1)
    rows = counts[totals > 0] / totals[totals > 0, None]
    safe = np.where(rows > 0, rows, 1.0)
    entropies = -(rows * np.log2(safe)).sum(axis=1)
    return float(np.average(entropies, weights=totals[totals > 0]))
