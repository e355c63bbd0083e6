"""Vocal turns of two people: gaps between speakers, pauses within one, overlaps (templates of SPEC 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import PairSlice, Stamp, pair_slices

__all__ = ["Silence", "VocalTurns", "silences"]

VOICE = "voc"


@dataclass(frozen=True)
class Silence:
    """A stretch in which neither is voicing, between two voices that were heard.

    Parameters
    ----------
    before, after : int
        0 or 1: who was voicing last, and who is next.
    duration_s : float
    """

    before: int
    after: int
    duration_s: float


@dataclass(frozen=True)
class VocalTurns:
    """Turn-taking of every dyad whose two tracks have a code ``voc``.

    ``turn_gap_mean_s`` (code ``infant>caregiver``): mean silence from the end of one partner's voice to the
    other's onset. ``turn_pause_mean_s`` (code: the role): mean silence between two voices of one partner.
    ``turn_overlap_pct``: share of dyad scorable time in which both voice; ``n_turn_overlap`` how often. A
    silence that a gap cuts, or at whose end both begin or end at once, belongs to neither and is left out.
    """

    name = "turns"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every dyad in every analysed episode; ``rules`` are not used."""
        digest = params_hash({})
        for pair in pair_slices(session, tracks):
            if all(VOICE in stream.track.scheme.code_ids for stream in (pair.first, pair.second)):
                yield from _rows(pair, pair.stamp(digest))


def silences(pair: PairSlice) -> tuple[Silence, ...]:
    """Give every silence between two voices, in time order."""
    voices = _voices(pair)
    quiet = pair.defined & ~voices[0] & ~voices[1]
    step = np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8))
    found = []
    for first, after in zip(
        np.flatnonzero(step == 1).tolist(), np.flatnonzero(step == -1).tolist(), strict=True
    ):
        if first == 0 or after == quiet.size or not (pair.defined[first - 1] and pair.defined[after]):
            continue
        before, then = voices[:, first - 1], voices[:, after]
        if before.sum() == 1 and then.sum() == 1:
            length_s = float(pair.edges_ns[after] - pair.edges_ns[first]) / NS_PER_S
            found.append(Silence(int(before.argmax()), int(then.argmax()), length_s))
    return tuple(found)


def _voices(pair: PairSlice) -> npt.NDArray[np.bool_]:
    """Who is voicing on each segment; shape (2, n)."""
    index = [stream.track.scheme.index(VOICE) for stream in (pair.first, pair.second)]
    return np.asarray((pair.codes == np.array(index)[:, None]) & pair.defined)


def _rows(pair: PairSlice, stamp: Stamp) -> Iterator[Measurement]:
    kinds = [
        (name, f"{pair.roles[a]}>{pair.roles[b]}" if a != b else pair.roles[a], a, b)
        for name, ends in (("turn_gap_mean_s", ((0, 1), (1, 0))), ("turn_pause_mean_s", ((0, 0), (1, 1))))
        for a, b in ends
    ]
    if pair.problem is not None:
        for name, code, _, _ in kinds:
            yield stamp.row(name, None, "s", code=code, status=pair.problem)
        yield stamp.row("turn_overlap_pct", None, "%", status=pair.problem)
        yield stamp.row("n_turn_overlap", None, "count", status=pair.problem)
        return
    found = silences(pair)
    for name, code, a, b in kinds:
        lengths = [silence.duration_s for silence in found if (silence.before, silence.after) == (a, b)]
        if lengths:
            yield stamp.row(name, float(np.mean(lengths)), "s", code=code, n=len(lengths))
        else:
            yield stamp.row(name, None, "s", code=code, n=0, status=Status.NA_NOBOUT)
    both = _voices(pair).all(axis=0)
    n = int((np.diff(np.concatenate(([False], both)).astype(np.int8)) == 1).sum())
    share = 100 * int(pair.durations_ns[both].sum()) / pair.scorable_ns
    yield stamp.row("turn_overlap_pct", share, "%", n=n)
    yield stamp.row("n_turn_overlap", float(n), "count", n=n)
