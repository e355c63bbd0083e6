"""State tracks: who was in which state when, in a form that cannot hold a gap or overlap by accident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.intervals import Intervals
from stillface.domain.scheme import CodingScheme
from stillface.errors import FieldError

__all__ = ["UNCODED", "Aligned", "Bouts", "StateTrack", "align"]

UNCODED = -1
"""Nobody has coded this stretch: a gap, counted in coverage, never an absence."""

SOURCE_KINDS = ("human", "auto", "auto_reviewed", "consensus")

Int64 = npt.NDArray[np.int64]
Int16 = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Bouts:
    """Maximal runs of one scorable code.

    Parameters
    ----------
    onsets_ns, offsets_ns : array of int64, shape (n,)
        In time order.
    codes : array of int16, shape (n,)
        Index into the scheme's codes.
    after_gap, before_gap : array of bool, shape (n,)
        Whether unscorable time or the track's edge touches the bout: left-truncated, right-censored.
    """

    onsets_ns: Int64
    offsets_ns: Int64
    codes: Int16
    after_gap: npt.NDArray[np.bool_]
    before_gap: npt.NDArray[np.bool_]

    @property
    def durations_ns(self) -> Int64:
        """Duration of each bout; shape (n,)."""
        return np.asarray(self.offsets_ns - self.onsets_ns)

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Bouts whose both ends were seen; shape (n,)."""
        return ~(self.after_gap | self.before_gap)


@dataclass(frozen=True, eq=False)
class StateTrack:
    """One role's states under one scheme from one source.

    Parameters
    ----------
    scheme : CodingScheme
        What the codes mean.
    role : str
        The protocol's role id.
    source : str
        ``<kind>:<id>``: ``human:AB``, ``auto:affect@1.2``, ``auto_reviewed:AB``, ``consensus:AB+CD``.
    edges_ns : array of int64, shape (n + 1,)
        Strictly increasing segment borders on the session clock.
    codes : array of int16, shape (n,)
        Index into ``scheme.codes``, or UNCODED.
    confidence : array of float32, shape (n,), optional
        In [0, 1]; only for machine proposals.
    """

    scheme: CodingScheme
    role: str
    source: str
    edges_ns: Int64
    codes: Int16
    confidence: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        owner = f"StateTrack[{self.role}/{self.scheme.id}]"
        refuse.identifier("StateTrack", "role", self.role)
        kind, _, name = self.source.partition(":")
        refuse.one_of(owner, "source kind", kind, SOURCE_KINDS)
        refuse.identifier(owner, "source", name)
        edges = refuse.ns_array(owner, "edges_ns", self.edges_ns, increasing=True, at_least=2)
        codes = np.array(self.codes)
        if codes.shape != (edges.size - 1,):
            raise FieldError(
                "wrong length", where=f"{owner}.codes", got=codes.shape, expected=f"({edges.size - 1},)"
            )
        bad = np.flatnonzero((codes < UNCODED) | (codes >= len(self.scheme.codes)))
        if bad.size:
            k = int(bad[0])
            raise FieldError(
                "no such code",
                where=f"{owner}.codes[{k}]",
                got=int(codes[k]),
                expected=f"-1 (uncoded) to {len(self.scheme.codes) - 1}",
            )
        object.__setattr__(self, "edges_ns", edges)
        object.__setattr__(self, "codes", refuse.frozen(codes.astype(np.int16)))
        if self.confidence is not None:
            self._freeze_confidence(owner)

    def _freeze_confidence(self, owner: str) -> None:
        confidence = np.array(self.confidence, dtype=np.float32)
        if confidence.shape != self.codes.shape or not bool(np.all((confidence >= 0) & (confidence <= 1))):
            raise FieldError(
                "not a confidence for every segment",
                where=f"{owner}.confidence",
                got=confidence.shape,
                expected=f"{self.codes.shape} within 0 to 1",
            )
        object.__setattr__(self, "confidence", refuse.frozen(confidence))

    @classmethod
    def from_bouts(
        cls,
        scheme: CodingScheme,
        role: str,
        source: str,
        onsets_ns: npt.ArrayLike,
        offsets_ns: npt.ArrayLike,
        codes: Sequence[str] | Int16,
        span_ns: tuple[int, int] | None = None,
        confidence: npt.ArrayLike | None = None,
    ) -> StateTrack:
        """Build from coded bouts in any order; time between them is uncoded.

        Parameters
        ----------
        onsets_ns, offsets_ns : array-like of int, shape (n,)
            Half-open bouts; overlap and empty bouts are refused.
        codes : sequence of str or array of int16, shape (n,)
            Code ids, or indices into the scheme.
        span_ns : (int, int), optional
            Extend (never cut) the track to this stretch.
        confidence : array-like of float, shape (n,), optional
            Of each bout; uncoded time gets 0.

        Raises
        ------
        FieldError
            Overlap, an empty bout, an unknown code, or nothing to build from.
        """
        onsets = np.asarray(onsets_ns, dtype=np.int64)
        index = (
            np.asarray(codes, dtype=np.int16)
            if isinstance(codes, np.ndarray) and np.issubdtype(codes.dtype, np.integer)
            else np.array([scheme.index(str(code)) for code in codes], dtype=np.int16)
        )
        order = np.argsort(onsets, kind="stable")
        bouts = Intervals(onsets[order], np.asarray(offsets_ns, dtype=np.int64)[order])
        ends = [] if span_ns is None else list(span_ns)
        edges = np.unique(np.concatenate((bouts.onsets_ns, bouts.offsets_ns, np.array(ends, np.int64))))
        if edges.size < 2:
            raise FieldError(
                "nothing coded and no span",
                where=f"StateTrack[{role}/{scheme.id}]",
                got=f"{len(bouts)} bouts",
                expected="at least one bout or a span",
            )
        segment = np.searchsorted(bouts.onsets_ns, edges[:-1], side="right") - 1
        inside = bouts.contains(edges[:-1])
        filled = np.full(edges.size - 1, UNCODED, dtype=np.int16)
        filled[inside] = index[order][segment[inside]]
        sure = None
        if confidence is not None:
            sure = np.zeros(edges.size - 1, dtype=np.float32)
            sure[inside] = np.asarray(confidence, dtype=np.float32)[order][segment[inside]]
        return cls(scheme, role, source, edges, filled, sure)

    @property
    def source_kind(self) -> str:
        """``human``, ``auto``, ``auto_reviewed`` or ``consensus``."""
        return self.source.partition(":")[0]

    @property
    def coder_id(self) -> str:
        """Who made it: what follows the kind in ``source``."""
        return self.source.partition(":")[2]

    @property
    def onset_ns(self) -> int:
        """Start of the track."""
        return int(self.edges_ns[0])

    @property
    def offset_ns(self) -> int:
        """End of the track."""
        return int(self.edges_ns[-1])

    @property
    def durations_ns(self) -> Int64:
        """Duration of each segment; shape (n,)."""
        return np.diff(self.edges_ns)

    @property
    def scorable(self) -> npt.NDArray[np.bool_]:
        """Which segments carry a code that is not a gap; shape (n,)."""
        return np.asarray((self.codes != UNCODED) & ~self.scheme.gap_mask[self.codes])

    @property
    def scorable_ns(self) -> int:
        """Summed scorable time."""
        return int(self.durations_ns[self.scorable].sum())

    def merged(self) -> StateTrack:
        """Join touching segments of one code; confidence becomes the time-weighted mean."""
        starts = np.concatenate(([True], self.codes[1:] != self.codes[:-1]))
        if bool(starts.all()):
            return self
        first = np.flatnonzero(starts)
        edges = np.append(self.edges_ns[first], self.edges_ns[-1])
        confidence = None
        if self.confidence is not None:
            weight = self.durations_ns.astype(np.float64)
            total = np.add.reduceat(self.confidence * weight, first)
            confidence = np.clip(total / np.add.reduceat(weight, first), 0, 1).astype(np.float32)
        return replace(self, edges_ns=edges, codes=self.codes[first], confidence=confidence)

    def clip(self, onset_ns: int, offset_ns: int) -> StateTrack:
        """Give the track on exactly ``[onset, offset)``; what lies outside the track is uncoded."""
        inner = self.edges_ns[(self.edges_ns > onset_ns) & (self.edges_ns < offset_ns)]
        edges = np.concatenate(([onset_ns], inner, [offset_ns])).astype(np.int64)
        segment, inside = _segments_at(self, edges[:-1])
        codes = np.where(inside, self.codes[segment], UNCODED).astype(np.int16)
        confidence = None
        if self.confidence is not None:
            confidence = np.where(inside, self.confidence[segment], 0).astype(np.float32)
        return replace(self, edges_ns=edges, codes=codes, confidence=confidence)

    def shift(self, by_ns: int) -> StateTrack:
        """Move the whole track by a constant."""
        return replace(self, edges_ns=self.edges_ns + by_ns)

    def bouts(self) -> Bouts:
        """Give the maximal runs of each scorable code; gaps and the track's ends break them."""
        track = self.merged()
        scorable = track.scorable
        gap_before = np.concatenate(([True], ~scorable[:-1]))
        gap_after = np.concatenate((~scorable[1:], [True]))
        return Bouts(
            track.edges_ns[:-1][scorable],
            track.edges_ns[1:][scorable],
            track.codes[scorable],
            gap_before[scorable],
            gap_after[scorable],
        )

    def absorb_short(self, min_dur_ns: int) -> StateTrack:
        """Merge bouts shorter than ``min_dur_ns`` into their neighbour (SPEC 2.3).

        Once, left to right: into the preceding bout as it stands after earlier merges, the
        first bout of a stretch into the following one, never into a gap.
        """
        track = self.merged()
        if min_dur_ns <= 0:
            return track
        codes = track.codes.copy()
        scorable, durations = track.scorable, track.durations_ns
        for k in range(codes.size):
            if not scorable[k] or durations[k] >= min_dur_ns:
                continue
            if k > 0 and scorable[k - 1]:
                codes[k] = codes[k - 1]
            elif k + 1 < codes.size and scorable[k + 1]:
                codes[k] = codes[k + 1]
        return replace(track, codes=codes).merged()

    def bridge_gaps(self, max_gap_ns: int) -> StateTrack:
        """Join equal codes across gaps shorter than or equal to ``max_gap_ns`` (SPEC 3.0 c).

        For counting bouts and transitions only: the bridged time was still not seen.
        """
        track = self.merged()
        if max_gap_ns <= 0:
            return track
        codes, scorable = track.codes.copy(), track.scorable
        seen = np.flatnonzero(scorable)
        for left, right in zip(seen[:-1].tolist(), seen[1:].tolist(), strict=True):
            gap_ns = int(track.edges_ns[right] - track.edges_ns[left + 1])
            if right > left + 1 and codes[left] == codes[right] and gap_ns <= max_gap_ns:
                codes[left + 1 : right] = codes[left]
        return replace(track, codes=codes).merged()


@dataclass(frozen=True, eq=False)
class Aligned:
    """The common refinement of several tracks.

    Parameters
    ----------
    edges_ns : array of int64, shape (n + 1,)
    codes : array of int16, shape (n_tracks, n)
        Each track's code on each segment, UNCODED outside a track.
    """

    edges_ns: Int64
    codes: Int16

    @property
    def durations_ns(self) -> Int64:
        """Duration of each segment; shape (n,)."""
        return np.diff(self.edges_ns)


def align(*tracks: StateTrack) -> Aligned:
    """Cut several tracks at each other's borders: no sampling, nothing lost.

    Returns
    -------
    Aligned
        Over the stretch from the earliest onset to the latest offset.
    """
    if not tracks:
        raise FieldError("nothing to align", where="align.tracks", got=0, expected="at least one track")
    edges = np.unique(np.concatenate([track.edges_ns for track in tracks]))
    codes = np.empty((len(tracks), edges.size - 1), dtype=np.int16)
    for row, track in enumerate(tracks):
        segment, inside = _segments_at(track, edges[:-1])
        codes[row] = np.where(inside, track.codes[segment], UNCODED)
    return Aligned(edges, codes)


def _segments_at(track: StateTrack, times_ns: Int64) -> tuple[Int64, npt.NDArray[np.bool_]]:
    """Give the segment that holds each time (clipped to the track) and whether it truly does."""
    segment = np.searchsorted(track.edges_ns, times_ns, side="right") - 1
    inside = (segment >= 0) & (segment < track.codes.size)
    return np.clip(segment, 0, track.codes.size - 1), inside
