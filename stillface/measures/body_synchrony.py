"""How two partners' hearts and skins move together in time (SPEC 5.2).

Both partners live through the same episode, and slow series are alike by chance: read every r beside its null
band, and a study's beside strangers and random phases. Moving together is not regulating each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from stillface.domain.autonomic import BodySeries
from stillface.domain.clock import ns_to_s, s_to_ns
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.measures.event_locked import sync_flags
from stillface.measures.slices import Stamp, role_order
from stillface.measures.synchrony import Synchrony

__all__ = ["BODY_SYNCHRONY", "body_pairs", "body_series", "body_synchrony_rows", "clocks_agree"]

Float = npt.NDArray[np.float64]

BODY_SYNCHRONY: Mapping[str, Synchrony] = MappingProxyType(
    {
        "ibi_ms": Synchrony(step_s=0.5, max_lag_s=4.0, window_s=15.0, detrend=True),
        "scl_us": Synchrony(step_s=1.0, max_lag_s=7.0, window_s=20.0, detrend=True),
        "rsa_ln_ms2": Synchrony(step_s=1.0, max_lag_s=10.0, window_s=30.0, detrend=True),
    }
)
"""Steps, lags and windows by quantity; starting values of the field, none of them verified."""

_LEAST_SHARE = 0.5


def body_pairs(
    session: Session, bodies: Sequence[BodySeries]
) -> Iterator[tuple[tuple[str, str], BodySeries, BodySeries]]:
    """Give roles and series of every declared pair that both wore the same device, focal role first."""
    for pair in session.protocol.pairs:
        roles = role_order(session.protocol, pair)
        for quantity in BODY_SYNCHRONY:
            worn = [
                next((b for b in bodies if (b.role, b.quantity) == (role, quantity)), None) for role in roles
            ]
            if worn[0] is not None and worn[1] is not None:
                yield roles, worn[0], worn[1]


def body_series(body: BodySeries, episode: Episode) -> Float:
    """Give the mean of each step from the episode's onset, detrended.

    Returns
    -------
    array of float64, shape (n_steps,)
        Whole steps only; NaN where less than half of a step is known, and where a moving window would reach
        over the episode's border.
    """
    method = BODY_SYNCHRONY[body.quantity]
    step = s_to_ns(method.step_s)
    starts = episode.onset_ns + step * np.arange(episode.duration_ns // step, dtype=np.int64)
    means, known_s = body.means(starts, starts + step)
    half = s_to_ns(body.window_s / 2)
    inside = (starts + step // 2 - half >= episode.onset_ns) & (
        starts + step // 2 + half <= episode.offset_ns
    )
    return method.prepared(np.where((known_s >= _LEAST_SHARE * method.step_s) & inside, means, np.nan))


def clocks_agree(first: BodySeries, second: BodySeries) -> bool:
    """Tell whether two devices' clocks agree to a step: lags mean nothing where they do not (SPEC 0)."""
    error_ms = (first.sync_error_ms or 0.0) + (second.sync_error_ms or 0.0)
    return error_ms <= 1000 * BODY_SYNCHRONY[first.quantity].step_s


def body_synchrony_rows(session: Session, bodies: Sequence[BodySeries]) -> Iterator[Measurement]:
    """Give the rows of `Synchrony` for intervals, RSA in a moving window and skin conductance.

    ``code`` names the quantity. Every analysed episode is measured, the still face too: no heart is told
    what to do there.
    """
    for roles, first, second in body_pairs(session, bodies):
        method = BODY_SYNCHRONY[first.quantity]
        digest = params_hash(asdict(method) | {"first": first.params_hash, "second": second.params_hash})
        for spec in session.protocol.episodes:
            episode = session.episode(spec.id)
            if not spec.analyse or (episode is None and spec.optional):
                continue
            stamp = _stamp(session, spec.id, first, second, digest)
            if episode is None:
                found = method.rows_without(stamp, roles, Status.MISS_EPISODE)
            else:
                found = _episode_rows(stamp, roles, first, second, episode)
            flags = _flags(first, second, spec.id)
            for row in found:
                yield replace(row, code=first.quantity, flags=(*row.flags, *flags))


def _episode_rows(
    stamp: Stamp, roles: tuple[str, str], first: BodySeries, second: BodySeries, episode: Episode
) -> Iterator[Measurement]:
    method = BODY_SYNCHRONY[first.quantity]
    one, other = body_series(first, episode), body_series(second, episode)
    known = [np.isfinite(series) for series in (one, other)]
    both_s = float((known[0] & known[1]).sum()) * method.step_s
    stamp = replace(stamp, scorable_s=both_s, coverage=min(1.0, both_s / ns_to_s(episode.duration_ns)))
    if not clocks_agree(first, second) or not known[0].any() or not known[1].any():
        return method.rows_without(stamp, roles, Status.MISS_TECH)
    return method.rows(stamp, roles, one, other)


def _stamp(session: Session, episode_id: str, first: BodySeries, second: BodySeries, digest: str) -> Stamp:
    coders = list(dict.fromkeys(body.source.partition(":")[2] for body in (first, second) if body.source))
    return Stamp(session, episode_id, "dyad", "", "+".join(coders), "", None, None, digest)


def _flags(first: BodySeries, second: BodySeries, episode_id: str) -> tuple[str, ...]:
    corrected = sum(body.corrected.get(episode_id, 0) for body in (first, second))
    errors_ms = first.sync_error_ms, second.sync_error_ms
    error_ms = None if None in errors_ms else sum(error or 0.0 for error in errors_ms)
    flags = sync_flags(error_ms)
    flags = (*flags, f"window_s={first.window_s:g}") if first.window_s else flags
    return (*flags, f"beats_corrected={corrected}") if corrected else flags
