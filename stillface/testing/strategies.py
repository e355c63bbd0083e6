"""Hypothesis strategies for the domain; needs the package hypothesis (extra ``test``)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from stillface.domain.intervals import Intervals
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import UNCODED, StateTrack

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = ["AFFECT", "GAZE", "episodes", "intervals", "ns_times", "schemes", "state_tracks", "track_pairs"]

_DAY_NS = 86_400 * 1_000_000_000

AFFECT = CodingScheme(
    "affect3",
    (
        Code("neg", valence=-1),
        Code("neu", valence=0),
        Code("pos", valence=1),
        Code("usc", gap=True),
    ),
)
GAZE = CodingScheme(
    "gaze", (Code("partner"), Code("object"), Code("away"), Code("closed"), Code("usc", gap=True))
)


def ns_times(low: int = -_DAY_NS, high: int = _DAY_NS) -> SearchStrategy[int]:
    """Draw times in ns, whole seconds and frame borders as well as odd nanoseconds."""
    frame = st.integers(low // 33_366_667 + 1, high // 33_366_667).map(lambda k: k * 33_366_667)
    second = st.integers(-(-low // 10**9), high // 10**9).map(lambda k: k * 10**9)
    return st.one_of(second, frame, st.integers(low, high))


def schemes(max_codes: int = 6) -> SearchStrategy[CodingScheme]:
    """Draw schemes of 2 or more codes, of which at least two are no gap; any may have a valence."""

    def build(marks: list[tuple[bool, int | None]]) -> CodingScheme:
        codes = [
            Code(f"c{k}", valence=None if gap and k > 1 else valence, gap=gap and k > 1)
            for k, (gap, valence) in enumerate(marks)
        ]
        return CodingScheme("drawn", tuple(codes))

    mark = st.tuples(st.booleans(), st.sampled_from([-1, 0, 1, None]))
    return st.lists(mark, min_size=2, max_size=max_codes).map(build)


def intervals(max_size: int = 12) -> SearchStrategy[Intervals]:
    """Draw sets of disjoint intervals, touching ones included; may be empty."""

    def build(draw: DrawFn) -> Intervals:
        n = draw(st.integers(0, max_size))
        borders = sorted(draw(st.sets(ns_times(), min_size=n + 1, max_size=2 * n + 1)))
        keep = draw(st.lists(st.booleans(), min_size=len(borders) - 1, max_size=len(borders) - 1))
        spans = [span for span, kept in zip(pairwise(borders), keep, strict=True) if kept][:max_size]
        return Intervals(np.array([a for a, _ in spans], np.int64), np.array([b for _, b in spans], np.int64))

    return st.composite(build)()


def state_tracks(
    scheme: CodingScheme | None = None,
    role: str = "infant",
    *,
    max_segments: int = 15,
    uncoded: bool = True,
) -> SearchStrategy[StateTrack]:
    """Draw state tracks: repeated codes in touching segments, gap codes and uncoded time included."""

    def build(draw: DrawFn) -> StateTrack:
        drawn = draw(schemes()) if scheme is None else scheme
        edges = sorted(draw(st.sets(ns_times(0, 10**12), min_size=2, max_size=max_segments + 1)))
        lowest, n = (UNCODED if uncoded else 0), len(edges) - 1
        codes = draw(st.lists(st.integers(lowest, len(drawn.codes) - 1), min_size=n, max_size=n))
        return StateTrack(drawn, role, "human:AB", np.array(edges, np.int64), np.array(codes, np.int16))

    return st.composite(build)()


def track_pairs(scheme: CodingScheme = AFFECT) -> SearchStrategy[tuple[StateTrack, StateTrack]]:
    """Draw an infant's and a caregiver's track under one scheme, over stretches of their own."""
    return st.tuples(state_tracks(scheme, "infant"), state_tracks(scheme, "caregiver"))


def episodes(ids: tuple[str, ...] = ("PL", "SF", "RE")) -> SearchStrategy[tuple[Episode, ...]]:
    """Draw episodes in order, with and without breaks between them."""

    def build(draw: DrawFn) -> tuple[Episode, ...]:
        borders = sorted(draw(st.sets(ns_times(0, 10**12), min_size=2 * len(ids), max_size=2 * len(ids))))
        found: list[Episode] = []
        for k, episode_id in enumerate(ids):
            onset = found[-1].offset_ns if found and draw(st.booleans()) else borders[2 * k]
            found.append(Episode(episode_id, onset, borders[2 * k + 1]))
        return tuple(found)

    return st.composite(build)()
