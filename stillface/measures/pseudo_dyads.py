"""What chance gives, from dyads that never met: partners of other sessions in the same episode.

The null of every dyadic number is that partners do not attend to each other; both still follow the same
task. Somebody else's partner keeps the task, the codes and the bout lengths and breaks only the tie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.domain.session import Episode
from stillface.errors import FieldError
from stillface.measures.slices import DyadSlice, PairSlice, StreamSlice

__all__ = [
    "MIN_DYADS",
    "PseudoTest",
    "pseudo_partners",
    "pseudo_test",
    "pseudo_values",
    "rejoined",
    "shuffled_segments",
]

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

MIN_DYADS = 20
"""From so many dyads on pseudo-dyads are the surrogate; below it segments are shuffled (SPEC 3.6)."""


@dataclass(frozen=True)
class PseudoTest:
    """A study's mean beside what pseudo-dyads give.

    Parameters
    ----------
    observed, expected : float
        Mean over dyads, and mean over pseudo-dyads.
    low, high : float
        Where 95 % of the means under chance lie.
    p : float
        Two-sided, never 0: (1 + as extreme) / (1 + draws).
    n, draws, seed : int
    """

    observed: float
    expected: float
    low: float
    high: float
    p: float
    n: int
    draws: int
    seed: int


def pseudo_partners(clusters: Sequence[str], k: int, rng: np.random.Generator) -> Int64:
    """Draw partners from other clusters (families) for each session.

    Parameters
    ----------
    clusters : sequence of str, length n
        Sessions of one cluster are never paired with each other.
    k : int
        How many each gets; fewer where there are fewer others.

    Returns
    -------
    array of int64, shape (n, k')
        No partner twice in a row.
    """
    labels = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)[1]
    others = [np.flatnonzero(labels != label) for label in labels]
    size = min([k, *(len(other) for other in others)]) if others else 0
    if size < 1:
        raise FieldError(
            "no pseudo-dyads",
            where="pseudo_partners",
            got=f"{len(others)} sessions of one family",
            expected="sessions of at least two families",
            fix="add sessions of other families, or shuffle segments instead",
        )
    return np.array([rng.choice(other, size, replace=False) for other in others], dtype=np.int64)


def rejoined(first: StreamSlice, second: StreamSlice, like: PairSlice) -> PairSlice:
    """Give the dyad of two strangers in the same episode, both counted from its onset.

    The longer of the two episodes is cut to the shorter.
    """
    if first.episode is None or second.episode is None:
        raise FieldError(
            "an episode that was not run",
            where=f"rejoined[{first.spec.id}]",
            expected="the episode in both sessions",
            fix="leave out the session without it",
        )
    length = min(first.episode.duration_ns, second.episode.duration_ns)
    moved = [_cut(stream, length) for stream in (first, second)]
    if isinstance(like, DyadSlice):
        return DyadSlice(moved[0], moved[1], like.rule)
    return PairSlice(moved[0], moved[1])


def _cut(stream: StreamSlice, length_ns: int) -> StreamSlice:
    if stream.episode is None:
        return stream
    track = stream.track.shift(-stream.episode.onset_ns).clip(0, length_ns)
    return replace(stream, episode=Episode(stream.spec.id, 0, length_ns), track=track)


def pseudo_values(
    pairs: Sequence[PairSlice],
    statistic: Callable[[PairSlice], float | None],
    partners: Int64,
) -> Float:
    """Give the statistic of every pseudo-dyad; NaN where it is not defined.

    Parameters
    ----------
    pairs : sequence of PairSlice, length n
        One episode of n sessions.
    statistic : callable
        Gives a number, or None where there is none.
    partners : array of int64, shape (n, k)
        From `pseudo_partners`.

    Returns
    -------
    array of float64, shape (n, k)
    """
    values = np.full(partners.shape, np.nan)
    for i, row in enumerate(partners.tolist()):
        for column, j in enumerate(row):
            stranger = rejoined(pairs[i].first, pairs[j].second, pairs[i])
            value = None if stranger.problem is not None else statistic(stranger)
            values[i, column] = np.nan if value is None else value
    return values


def pseudo_test(observed: npt.ArrayLike, pseudo: Float, *, draws: int = 1000, seed: int = 0) -> PseudoTest:
    """Compare the mean over dyads with means over pseudo-dyads, one drawn for each session.

    Parameters
    ----------
    observed : array-like of float, shape (n,)
        NaN where a dyad has no value; it is left out.
    pseudo : array of float64, shape (n, k)

    Raises
    ------
    FieldError
        Nothing to compare.
    """
    real = np.asarray(observed, dtype=np.float64)
    usable = np.isfinite(real) & np.isfinite(pseudo).any(axis=1)
    if not usable.any():
        raise FieldError(
            "nothing to compare",
            where="pseudo_test",
            got=f"{real.size} dyads without a value",
            expected="a dyad that has a value, and strangers that have one",
        )
    real, strangers = real[usable], pseudo[usable]
    rng = np.random.default_rng(seed)
    # Undefined pseudo-dyads are drawn past, not counted as 0: each row is sampled from its defined values.
    packed = np.sort(strangers, axis=1)
    counts = np.isfinite(packed).sum(axis=1)
    picks = (rng.random((draws, real.size)) * counts).astype(np.int64)
    means = packed[np.arange(real.size), picks].mean(axis=1)
    expected, found = float(means.mean()), float(real.mean())
    extreme = int((np.abs(means - expected) >= abs(found - expected) - 1e-12).sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return PseudoTest(
        found, expected, float(low), float(high), (1 + extreme) / (1 + draws), int(real.size), draws, seed
    )


def shuffled_segments(stream: StreamSlice, segment_ns: int, rng: np.random.Generator) -> StreamSlice:
    """Give the same stream with its stretches of about ``segment_ns`` in random order.

    Stretches begin at the bout border nearest to each multiple of ``segment_ns``, so that no bout is cut.
    """
    track = stream.track.merged()
    marks = np.arange(track.onset_ns + segment_ns, track.offset_ns, segment_ns)
    nearest = np.abs(track.edges_ns[None, :] - marks[:, None]).argmin(axis=1) if marks.size else marks
    borders = np.unique(np.concatenate(([0], nearest, [track.codes.size])))
    pieces = [np.arange(a, b) for a, b in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)]
    order = np.concatenate([pieces[k] for k in rng.permutation(len(pieces)).tolist()])
    durations = np.concatenate(([track.onset_ns], track.durations_ns[order]))
    shuffled = replace(track, edges_ns=np.cumsum(durations), codes=track.codes[order], confidence=None)
    return replace(stream, track=shuffled.merged())
