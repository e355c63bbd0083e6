"""Whether a code becomes more or less frequent while an episode lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import stream_slices

__all__ = ["Slopes", "slope_pct_per_min"]


@dataclass(frozen=True)
class Slopes:
    """Slope of each code within each episode, in percentage points a minute.

    The least-squares line through the code's presence (0 or 100 %) over scorable time, computed on the exact
    borders. A code that never occurs, or is always on, has slope 0. A line is a summary: look at the
    timeline before reading one into a single dyad. n is the number of stretches in
    which the code was seen.
    """

    name = "slopes"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every track in every analysed episode; ``rules`` are not used."""
        digest = params_hash({})
        for stream in stream_slices(session, tracks):
            stamp = stream.stamp(digest)
            for index, code in stream.codes:
                if stream.problem is not None:
                    yield stamp.row("slope_pct_per_min", None, "%/min", code=code, status=stream.problem)
                    continue
                present = stream.track.codes == index
                value = slope_pct_per_min(stream.track, present)
                n = int(present.sum())
                yield stamp.row("slope_pct_per_min", value, "%/min", code=code, n=n)


def slope_pct_per_min(track: StateTrack, present: npt.NDArray[np.bool_]) -> float:
    """Give the least-squares slope of presence over the track's scorable time.

    Parameters
    ----------
    track : StateTrack
        Cut to the episode, with scorable time.
    present : array of bool, shape (n_segments,)
    """
    scorable = track.scorable
    minutes = (track.edges_ns - track.onset_ns) / (60 * NS_PER_S)
    a, b, on = minutes[:-1][scorable], minutes[1:][scorable], present[scorable]
    if on.all() or not on.any():
        return 0.0
    length, middle = b - a, (a + b) / 2
    centre = (length * middle).sum() / length.sum()
    # Integrals of (t - centre), and of its square, over each stretch.
    first = length * (middle - centre)
    spread = float((((b - centre) ** 3 - (a - centre) ** 3) / 3).sum())
    return float(100 * first[on].sum() / spread)
