"""How much, how often, how long: share of time, frequency and bout durations of each code (SPEC 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.domain.measure_params import OccupancyParams
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import Bouts, StateTrack
from stillface.measures.slices import Stamp, StreamSlice, stream_slices

__all__ = ["Occupancy"]

UNITS = {
    "pct_time": "%",
    "raw_pct": "%",
    "frequency": "bouts",
    "rate_per_min": "1/min",
    "bout_mean_s": "s",
    "bout_median_s": "s",
    "bout_sd_s": "s",
    "bout_complete_mean_s": "s",
    "bout_complete_median_s": "s",
    "bout_complete_sd_s": "s",
}
_VALENCES = {"pct_negative": -1, "pct_neutral": 0, "pct_positive": 1}


@dataclass(frozen=True)
class Occupancy(OccupancyParams):
    """Single-stream measures of every code that is not a gap.

    With S the scorable and D the actual duration of the episode:
    ``pct_time`` = 100 * time in the code / S; ``raw_pct`` = 100 * time in the code / D;
    ``frequency`` = number of bouts; ``rate_per_min`` = 60 * frequency / S. Mean, median and standard
    deviation (n - 1; MISS_LOWN for a single bout) of the durations run over all bouts (flag
    ``n_censored=k``: how many an edge or gap cut), and as ``bout_complete_*`` over those with both ends
    seen. A code that never occurs has 0, 0, 0 and no bouts. A scheme with valences also gets
    ``pct_negative``, ``pct_neutral`` and ``pct_positive``, the summed ``pct_time`` of its codes.
    n is the number of bouts of the code, or of all codes of the valence; of durations those averaged.
    """

    name = "occupancy"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every track in every analysed episode; ``rules`` are not used."""
        digest = params_hash(asdict(self))
        for stream in stream_slices(session, tracks):
            stamp = stream.stamp(digest)
            bouts = stream.track.bridge_gaps(self.bridge_gap_ms * 1_000_000).bouts()
            for index, code in stream.codes:
                yield from _code_rows(stream, stamp, bouts, index, code)
            yield from _valence_rows(stream, stamp, bouts)


def _code_rows(
    stream: StreamSlice, stamp: Stamp, bouts: Bouts, index: int, code: str
) -> Iterator[Measurement]:
    if stream.problem is not None:
        for measure, unit in UNITS.items():
            yield stamp.row(measure, None, unit, code=code, status=stream.problem)
        return
    track = stream.track
    time_s = float(track.durations_ns[track.codes == index].sum()) / NS_PER_S
    mine = bouts.codes == index
    lengths_s = bouts.durations_ns[mine] / NS_PER_S
    whole_s = bouts.durations_ns[mine & bouts.complete] / NS_PER_S
    n = int(mine.sum())
    yield stamp.row("pct_time", 100 * time_s / stream.scorable_s, "%", code=code, n=n)
    yield stamp.row("raw_pct", 100 * time_s / stream.duration_s, "%", code=code, n=n)
    yield stamp.row("frequency", float(n), "bouts", code=code, n=n)
    yield stamp.row("rate_per_min", 60 * n / stream.scorable_s, "1/min", code=code, n=n)
    flags = (f"n_censored={n - whole_s.size}",) if n > whole_s.size else ()
    yield from _duration_rows(stamp, "bout", code, lengths_s, flags)
    yield from _duration_rows(stamp, "bout_complete", code, whole_s, ())


def _duration_rows(
    stamp: Stamp, name: str, code: str, sample_s: npt.NDArray[np.float64], flags: tuple[str, ...]
) -> Iterator[Measurement]:
    n = sample_s.size
    if not n:
        for part in ("mean", "median", "sd"):
            yield stamp.row(f"{name}_{part}_s", None, "s", code=code, n=0, status=Status.NA_NOBOUT)
        return
    yield stamp.row(f"{name}_mean_s", float(np.mean(sample_s)), "s", code=code, n=n, flags=flags)
    yield stamp.row(f"{name}_median_s", float(np.median(sample_s)), "s", code=code, n=n, flags=flags)
    if n > 1:
        yield stamp.row(f"{name}_sd_s", float(sample_s.std(ddof=1)), "s", code=code, n=n, flags=flags)
    else:
        yield stamp.row(f"{name}_sd_s", None, "s", code=code, n=n, status=Status.MISS_LOWN)


def _valence_rows(stream: StreamSlice, stamp: Stamp, bouts: Bouts) -> Iterator[Measurement]:
    track = stream.track
    if not track.scheme.has_valence:
        return
    for measure, valence in _VALENCES.items():
        if stream.problem is not None:
            yield stamp.row(measure, None, "%", status=stream.problem)
            continue
        wanted = [k for k, code in enumerate(track.scheme.codes) if code.valence == valence and not code.gap]
        time_s = float(track.durations_ns[np.isin(track.codes, wanted)].sum()) / NS_PER_S
        n = int(np.isin(bouts.codes, wanted).sum())
        yield stamp.row(measure, 100 * time_s / stream.scorable_s, "%", n=n)
