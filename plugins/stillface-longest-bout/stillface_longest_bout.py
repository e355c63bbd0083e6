"""The longest bout of each code: an example of a measure that anybody can add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stillface.domain.clock import ns_to_s
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import stream_slices

__all__ = ["LongestBout"]


@dataclass(frozen=True)
class LongestBout:
    """``longest_bout_s``: duration of the longest bout of each code in each analysed episode.

    A code that never occurs is NA_NOBOUT. A bout that an edge or gap cut counts with what was seen of it.
    """

    name = "longest_bout"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every track in every analysed episode; ``rules`` are not used."""
        digest = params_hash({})
        for stream in stream_slices(session, tracks):
            stamp = stream.stamp(digest)
            bouts = stream.track.bouts()
            for index, code in stream.codes:
                durations_ns = bouts.durations_ns[bouts.codes == index]
                if stream.problem is not None or not durations_ns.size:
                    status = stream.problem or Status.NA_NOBOUT
                    yield stamp.row("longest_bout_s", None, "s", code=code, status=status)
                else:
                    longest_s = ns_to_s(int(durations_ns.max()))
                    yield stamp.row("longest_bout_s", longest_s, "s", code=code, n=durations_ns.size)
