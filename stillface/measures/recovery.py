"""How fast a person, or the dyad, is back after the still face (SPEC 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ns_to_s, s_to_ns
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MATCH, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.measures.latency import observed_until
from stillface.measures.slices import DyadSlice, Stamp, StreamSlice, dyad_slices, stream_slices

__all__ = ["RecoveryLatency", "first_sustained"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RecoveryLatency:
    """Latency from the reunion's onset to the first run of the target that lasts ``sustain_s``.

    Targets: ``nonneg`` and ``pos`` for schemes with valences, ``gaze_on`` for schemes with a code
    ``partner``, ``match`` for the dyad under each rule. A target already on at the onset is NA_NOTATRISK,
    never 0. A run that the episode's end cuts short is censored there. Flags print ``sustain_s`` and, where
    reached, ``confirmed_s``.

    Parameters
    ----------
    sustain_s : float
        How long the target must hold.
    gap_policy : {'interrupt', 'censor'}
        A gap breaks the run and observation goes on, or observation stops at the first gap (CENS_GAP).
    """

    sustain_s: float = 3.0
    gap_policy: Literal["interrupt", "censor"] = "interrupt"

    name = "recovery"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
    ) -> Iterator[Measurement]:
        """Measure the focal role (every role where none is focal) and the dyad in each reunion."""
        digest = params_hash(asdict(self))
        reunions = {recovery.episode for recovery in session.protocol.recovery}
        focal = session.protocol.focal_role
        for stream in stream_slices(session, tracks):
            if stream.spec.id in reunions and focal in (None, stream.track.role):
                for target, wanted in _targets(stream.track.scheme):
                    mask = np.isin(stream.track.codes, wanted)
                    yield self._row(stream.stamp(digest), target, stream, stream.track, mask)
        for dyad in dyad_slices(session, tracks, rules):
            if dyad.first.spec.id in reunions:
                track = dyad.track if dyad.first.episode is not None else dyad.first.track
                yield self._row(dyad.stamp(digest), "match", dyad, track, track.codes == MATCH)

    def _row(
        self, stamp: Stamp, target: str, where: StreamSlice | DyadSlice, track: StateTrack, mask: Mask
    ) -> Measurement:
        episode = where.episode if isinstance(where, StreamSlice) else where.first.episode
        flags: tuple[str, ...] = (f"sustain_s={self.sustain_s:g}",)
        problem = where.problem or (Status.MISS_EPISODE if episode is None else None)
        if problem is None and mask[0]:
            problem = Status.NA_NOTATRISK
        if problem is not None or episode is None:
            return stamp.row(
                "recovery_latency_s",
                None,
                "s",
                code=target,
                status=problem or Status.MISS_EPISODE,
                flags=flags,
            )
        onset_ns, status = self.latency(episode, track, mask)
        value_s = ns_to_s(onset_ns - episode.onset_ns)
        if status is Status.OK:
            flags = (*flags, f"confirmed_s={value_s + self.sustain_s:g}")
        n = int(status is Status.OK)
        return stamp.row("recovery_latency_s", value_s, "s", code=target, n=n, status=status, flags=flags)

    def latency(self, episode: Episode, track: StateTrack, mask: Mask) -> tuple[int, Status]:
        """Give when recovery began, or until when none was observed and why observation ended."""
        gaps = np.flatnonzero(~track.scorable)
        end_ns, end_status = observed_until(episode, track)
        if self.gap_policy == "censor" and gaps.size:
            end_ns, end_status = int(track.edges_ns[gaps[0]]), Status.CENS_GAP
        onset_ns = first_sustained(track.edges_ns, mask, s_to_ns(self.sustain_s), end_ns)
        return (onset_ns, Status.OK) if onset_ns is not None else (end_ns, end_status)


def first_sustained(
    edges_ns: npt.NDArray[np.int64], mask: Mask, sustain_ns: int, until_ns: int
) -> int | None:
    """Give the onset of the first run of ``mask`` that lasts ``sustain_ns`` before ``until_ns``, or None."""
    step = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    onsets = edges_ns[:-1][step[:-1] == 1]
    offsets = np.minimum(edges_ns[1:][step[1:] == -1], until_ns)
    long_enough = np.flatnonzero(offsets - onsets >= sustain_ns)
    return int(onsets[long_enough[0]]) if long_enough.size else None


def _targets(scheme: CodingScheme) -> Iterator[tuple[str, list[int]]]:
    valences = [code.valence for code in scheme.codes]
    if scheme.has_valence:
        yield "nonneg", [k for k, valence in enumerate(valences) if valence is not None and valence >= 0]
        yield "pos", [k for k, valence in enumerate(valences) if valence == 1]
    if "partner" in scheme.code_ids:
        yield "gaze_on", [scheme.index("partner")]
