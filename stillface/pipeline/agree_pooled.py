"""What a scheme's pairs of codings give together beside kappa of time: bouts, totals per session, alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

import numpy as np
import numpy.typing as npt

from stillface.agreement.align_events import EventAgreement, EventRule, event_kappa, nil_kappa, scored_by_both
from stillface.agreement.alpha import (
    Alpha,
    Level,
    alpha_of_coincidences,
    time_alpha,
    time_coincidences,
    time_scale,
)
from stillface.agreement.bootstrap import BootstrapInterval, bootstrap, bootstrap_all, kappa_interval
from stillface.agreement.coefficients import coefficients, weighted_kappa
from stillface.agreement.icc import icc
from stillface.domain.clock import NS_PER_S
from stillface.domain.provenance import Json
from stillface.domain.states import StateTrack

__all__ = ["alpha_figures", "code_intervals", "coefficient_intervals", "event_figures", "icc_figures"]

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Sessions = Sequence[Sequence[tuple[StateTrack, StateTrack]]]


def event_figures(sessions: Sessions, onset_ns: int, seed: int, n_resamples: int) -> dict[str, Json]:
    """Give ``events``, all bouts together, and ``events_interval``, that of their kappa over sessions.

    Each pair is aligned by itself; the tables are summed.
    """
    rule = EventRule(onset_ns=onset_ns)
    tables = [np.sum([event_kappa(*pair, rule).table for pair in pairs], axis=0) for pairs in sessions]
    total = np.sum(tables, axis=0)
    kappa, agreed, expected, reason = nil_kappa(total)
    whole = EventAgreement(kappa, agreed, expected, total, np.empty((0, 2), np.int64), reason)
    interval = bootstrap(
        len(tables),
        lambda drawn: nil_kappa(np.sum([tables[k] for k in drawn.tolist()], axis=0))[0],
        seed=seed,
        n_resamples=n_resamples,
    )
    events: dict[str, Json] = {
        "kappa": kappa,
        "agreement": agreed,
        "agreed": whole.n_agreed,
        "confused": whole.n_confused,
        "only_first": whole.n_only_first,
        "only_second": whole.n_only_second,
        "reason": reason,
    }
    return {"events": events, "events_interval": _json(interval)}


def code_intervals(
    tables: Sequence[Int64], codes: Sequence[str], seed: int, n_resamples: int
) -> dict[str, Json]:
    """Give the interval over sessions of each code's kappa, the code against all others together."""
    found: dict[str, Json] = {}
    for k, code in enumerate(codes):
        against = [
            np.array([[t[k, k], t[k].sum() - t[k, k]], [t[:, k].sum() - t[k, k], _rest(t, k)]])
            for t in tables
        ]
        found[code] = _json(kappa_interval(against, seed=seed, n_resamples=n_resamples))
    return found


def _rest(table: Int64, k: int) -> int:
    return int(table.sum() - table[k].sum() - table[:, k].sum() + table[k, k])


def alpha_figures(
    coders: Sequence[Sequence[StateTrack]], levels: Sequence[Level], unit_ns: int
) -> dict[str, Json]:
    """Give alpha at each level of measurement that the scheme has."""
    found: dict[Level, Alpha] = {level: time_alpha(coders, level, unit_ns) for level in levels}
    return {
        level: {"alpha": alpha.alpha, "n_pairable": alpha.n_pairable, "reason": alpha.reason}
        for level, alpha in found.items()
    }


def coefficient_intervals(
    tables: Sequence[Int64],
    coders: Sequence[Sequence[Sequence[StateTrack]]],
    levels: Sequence[Level],
    unit_ns: int,
    seed: int,
    n_resamples: int,
) -> dict[str, Json]:
    """Give the intervals over sessions of what stands beside kappa, all of the resamples that kappa has.

    Parameters
    ----------
    tables : sequence of array of int64
        A confusion of codes for each session.
    coders : sequence of sequence of sequence of StateTrack
        The coders of each stream of each session.
    levels : sequence of {'nominal', 'ordinal', 'interval'}
        Levels of alpha; weighted kappa is given where the codes have an order.

    Returns
    -------
    dict
        ``agreement``, ``pabak``, ``ac1``, ``alpha_LEVEL`` and, of ordered codes, ``weighted_linear`` and
        ``weighted_quadratic``.
    """
    scale = time_scale(coders[0][0][0].scheme)
    cells = np.array(tables, dtype=np.float64)
    # Coincidences are sums: what a resample holds is the sum of what its sessions hold.
    pairable = np.array(
        [np.sum([time_coincidences(stream, unit_ns) for stream in session], axis=0) for session in coders]
    )
    weights: tuple[Literal["linear", "quadratic"], ...] = ("linear", "quadratic")
    ordered = weights if "ordinal" in levels else ()

    def statistics(drawn: Int64) -> dict[str, float | None]:
        table, together = cells[drawn].sum(axis=0), pairable[drawn].sum(axis=0)
        now = coefficients(table)
        return {
            "agreement": now.agreement,
            "pabak": now.pabak,
            "ac1": now.ac1,
            **{f"weighted_{weight}": weighted_kappa(table, weight, scale).kappa for weight in ordered},
            **{f"alpha_{level}": alpha_of_coincidences(together, level, scale).alpha for level in levels},
        }

    names = (
        "agreement", "pabak", "ac1",
        *(f"weighted_{weight}" for weight in ordered), *(f"alpha_{level}" for level in levels),
    )  # fmt: skip
    found = bootstrap_all(len(cells), names, statistics, seed=seed, n_resamples=n_resamples)
    return {name: _json(interval) for name, interval in found.items()}


def icc_figures(sessions: Sessions, seed: int, n_resamples: int) -> dict[str, dict[str, Json]]:
    """Give the ICC of each code's share of the compared time (``share``) and bouts a minute of it (``rate``).

    A pair of streams is a target; the interval of ICC(2,1) draws sessions. Pairs with no time that both
    coded are left out.
    """
    scheme = sessions[0][0][0].scheme
    rows, clusters = [], []
    for session, pairs in enumerate(sessions):
        for pair in pairs:
            both = scored_by_both(*pair)
            if both[0].scorable_ns:
                rows.append([_totals(track) for track in both])
                clusters.append(session)
    # pairs x coders x (share, rate) x codes
    figures = np.array(rows).reshape(-1, 2, 2, len(scheme.codes))
    names = np.unique(clusters, return_inverse=True)[1]
    return {
        what: {
            code: _icc(figures[:, :, kind, k], names, seed, n_resamples)
            for k, code in enumerate(scheme.code_ids)
            if figures[:, :, 1, k].any()
        }
        for kind, what in enumerate(("share", "rate"))
    }


def _totals(track: StateTrack) -> Float:
    """Give each code's share of the track's scorable time and its bouts a minute; shape (2, n_codes)."""
    bouts, size = track.bouts(), len(track.scheme.codes)
    time = np.bincount(bouts.codes, weights=bouts.durations_ns.astype(np.float64), minlength=size)
    rate = np.bincount(bouts.codes, minlength=size) * 60 * NS_PER_S / track.scorable_ns
    return np.stack((time / track.scorable_ns, rate))


def _icc(figures: Float, clusters: Int64, seed: int, n_resamples: int) -> dict[str, Json]:
    found = icc(figures)
    forms = ("icc_1_1", "icc_2_1", "icc_3_1", "icc_1_k", "icc_2_k", "icc_3_k")
    n_sessions = int(clusters.max()) + 1 if clusters.size else 0
    sums = np.zeros((n_sessions, 6))
    mean = figures.mean(axis=1)
    parts = (np.ones(mean.size), mean, mean**2, *figures.T, (figures**2).sum(axis=1))
    np.add.at(sums, clusters, np.column_stack(parts))
    interval = bootstrap(
        n_sessions, lambda drawn: _icc_2_1(sums[drawn].sum(axis=0)), seed=seed, n_resamples=n_resamples
    )
    return {
        **{form: getattr(found, form) for form in forms},
        "n_pairs": found.n_targets,
        "reason": found.reason,
        "interval": _json(interval),
    }


def _icc_2_1(sums: Float) -> float | None:
    """Give ICC(2,1) of two coders from sums over targets, for one of very many resamples.

    Parameters
    ----------
    sums : array of float64, shape (6,)
        Number of targets; sums of their means, of the squared means, of each coder's figures, and of all
        squared figures.
    """
    n, means, squared_means, first, second, squares = sums.tolist()
    if n < 2:
        return None
    between = 2 * (squared_means - means**2 / n)
    coders = (first - second) ** 2 / (2 * n)
    error = max(squares - 2 * means**2 / n - between - coders, 0.0) / (n - 1)
    msr = between / (n - 1)
    below = msr + error + 2 * (coders - error) / n
    # A draw that is constant but for rounding has no variance to divide.
    return (msr - error) / below if below > 1e-12 * max(1.0, squares / n) else None


def _json(interval: BootstrapInterval) -> dict[str, Json]:
    return dict(asdict(interval))
