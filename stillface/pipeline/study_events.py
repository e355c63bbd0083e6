"""Heart and skin around events over a whole study: dyads are drawn, not their events (SPEC 5.2)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.results import Status
from stillface.measures.event_locked import AroundEvents

__all__ = ["DRAWS", "EventRow", "PooledEvents", "pooled_events"]

DRAWS = 1000
_MIN_FAMILIES = 3

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EventRow:
    """A mean change over all events of a study, beside the same at random times.

    ``ci_low`` and ``ci_high`` hold 95 % of means when families are drawn with replacement, each with all its
    events; None with fewer than three families.
    """

    episode_id: str
    role: str
    event: str
    scheme_id: str
    match_rule: str
    quantity: str
    change: float
    ci_low: float | None
    ci_high: float | None
    random_mean: float | None
    random_low: float | None
    random_high: float | None
    p: float | None
    n_events: int
    n_left_out: int
    n_sessions: int
    n_families: int
    draws: int
    seed: int


@dataclass(frozen=True, eq=False)
class PooledEvents:
    """The row, and the mean course with its band; arrays have shape (n_steps,)."""

    row: EventRow
    times_s: Float
    course: Float
    course_low: Float
    course_high: Float


def pooled_events(
    around: Sequence[AroundEvents], families: Mapping[str, str], min_coverage: float, *, seed: int = 0
) -> Iterator[PooledEvents]:
    """Pool what all sessions give for each episode, body, event, scheme and rule.

    Each event counts the same, so that a dyad with many weighs more. Sessions whose value is withheld for
    its coverage are left out.
    """
    found: dict[tuple[str, str, str, str, str, str], list[AroundEvents]] = {}
    for one in around:
        stamp = one.stamp
        key = stamp.episode_id, stamp.role, one.code, stamp.scheme_id, stamp.match_rule, one.quantity
        found.setdefault(key, []).append(one)
    for key, parts in found.items():
        used = [
            one for one in parts if one.status is Status.OK and (one.stamp.coverage or 0.0) >= min_coverage
        ]
        if used:
            left_out = sum(one.n_events for one in parts) - sum(one.changes.size for one in used)
            yield _pooled(key, used, families, left_out, seed)


def _pooled(
    key: tuple[str, str, str, str, str, str],
    used: Sequence[AroundEvents],
    families: Mapping[str, str],
    left_out: int,
    seed: int,
) -> PooledEvents:
    names = [families[one.stamp.session.session_id] for one in used]
    labels, family = np.unique(np.array(names), return_inverse=True)
    sums = _by_family(family, np.array([one.changes.sum() for one in used]))
    counts = _by_family(family, np.array([float(one.changes.size) for one in used]))
    rng = np.random.default_rng([seed, zlib.crc32("|".join(key).encode())])
    n = labels.size
    weights = rng.multinomial(n, np.full(n, 1 / n), size=DRAWS).astype(np.float64)
    observed = float(sums.sum() / counts.sum())
    low = high = None
    if n >= _MIN_FAMILIES:
        low, high = (float(q) for q in np.quantile((weights @ sums) / (weights @ counts), (0.025, 0.975)))
    row = EventRow(
        *key, observed, low, high, *_beside_random(used, observed), int(counts.sum()), left_out, len(used), n,
        DRAWS, seed,
    )  # fmt: skip
    return PooledEvents(row, used[0].times_s, *_course(used, family, weights if n >= _MIN_FAMILIES else None))


def _beside_random(
    used: Sequence[AroundEvents], observed: float
) -> tuple[float | None, float | None, float | None, float | None]:
    """Give mean and 95 % of the means at random times, and how often they are as far from their mean."""
    drawn = [(one.random, one.changes.size) for one in used if one.random.size]
    if not drawn:
        return None, None, None, None
    means = np.array([random for random, _ in drawn])
    sizes = np.array([size for _, size in drawn])[:, None] * np.isfinite(means)
    total = np.where(np.isfinite(means), means, 0.0) * sizes
    there = sizes.sum(axis=0) > 0
    if not there.any():
        return None, None, None, None
    null = total.sum(axis=0)[there] / sizes.sum(axis=0)[there]
    expected = float(null.mean())
    extreme = int((np.abs(null - expected) >= abs(observed - expected) - 1e-12).sum())
    low, high = np.quantile(null, (0.025, 0.975))
    return expected, float(low), float(high), (1 + extreme) / (1 + null.size)


def _course(
    used: Sequence[AroundEvents], family: npt.NDArray[np.int64], weights: Float | None
) -> tuple[Float, Float, Float]:
    sizes = np.array([one.course_n for one in used], dtype=np.float64)
    total = np.where(sizes > 0, np.array([one.course for one in used]), 0.0) * sizes
    sums, counts = _by_family(family, total), _by_family(family, sizes)
    all_events = counts.sum(axis=0)
    mean = np.divide(
        sums.sum(axis=0), all_events, out=np.full(all_events.shape, np.nan), where=all_events > 0
    )
    if weights is None:
        return mean, np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    drawn = weights @ counts
    means = np.divide(weights @ sums, drawn, out=np.tile(mean, (len(weights), 1)), where=drawn > 0)
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    return mean, low, high


def _by_family(family: npt.NDArray[np.int64], values: Float) -> Float:
    """Sum the sessions' values, shape (n_sessions, ...), over each family."""
    out = np.zeros((int(family.max()) + 1, *values.shape[1:]))
    np.add.at(out, family, values)
    return out
