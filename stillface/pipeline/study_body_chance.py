"""Whether two partners' hearts move together more than strangers' do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from stillface.domain.autonomic import BodySeries
from stillface.domain.session import Session
from stillface.measures.body_synchrony import BODY_SYNCHRONY, body_pairs, body_series, clocks_agree
from stillface.measures.correlation import phase_randomised
from stillface.measures.pseudo_dyads import MIN_DYADS, pseudo_partners, pseudo_test
from stillface.pipeline.study_chance import SURROGATES, ChanceRow, longest_whole, r0_and_peak

__all__ = ["body_chance_rows"]

Float = npt.NDArray[np.float64]
Dyad = tuple[str, Float, Float]
"""Family, and both partners' series from the episode's onset."""


def body_chance_rows(
    sessions: Sequence[tuple[Session, Sequence[BodySeries]]], families: Mapping[str, str], *, seed: int = 0
) -> Iterator[ChanceRow]:
    """Hold r at lag 0, and its largest absolute value over lags, against strangers and random phases.

    Strangers of the same episode from 20 families on; phases always, on each dyad's longest stretch without
    a gap. ``scheme_id`` names the quantity.
    """
    found: dict[tuple[str, str], list[Dyad]] = {}
    for session, bodies in sessions:
        for _, first, second in body_pairs(session, bodies):
            for episode in session.episodes if clocks_agree(first, second) else ():
                if session.protocol.episode(episode.id).analyse:
                    dyad = (
                        families[session.session_id],
                        body_series(first, episode),
                        body_series(second, episode),
                    )
                    found.setdefault((episode.id, first.quantity), []).append(dyad)
    for (episode_id, quantity), dyads in found.items():
        names = episode_id, f"{quantity}+{quantity}"
        if len({family for family, _, _ in dyads}) >= MIN_DYADS:
            yield from _rows(names, "pseudo_dyads", *_strangers(dyads, quantity, seed), seed)
        yield from _rows(names, "phase", *_phases(dyads, quantity, seed), seed)


def _strangers(dyads: Sequence[Dyad], quantity: str, seed: int) -> tuple[Float, Float]:
    """Give both statistics of n dyads, shape (n, 2), and of their pseudo-dyads, shape (n, k, 2)."""
    method = BODY_SYNCHRONY[quantity]
    rng = np.random.default_rng(seed)
    partners = pseudo_partners([family for family, _, _ in dyads], SURROGATES, rng)
    null = np.full((*partners.shape, 2), np.nan)
    for k, row in enumerate(partners.tolist()):
        for column, other in enumerate(row):
            first, second = dyads[k][1], dyads[other][2]
            n = min(first.size, second.size)
            null[k, column] = r0_and_peak(method, first[:n], second[:n])
    return np.array([r0_and_peak(method, first, second) for _, first, second in dyads]), null


def _phases(dyads: Sequence[Dyad], quantity: str, seed: int) -> tuple[Float, Float]:
    method = BODY_SYNCHRONY[quantity]
    whole = [part for _, *series in dyads if (part := longest_whole(*series))[0].size >= method.min_n]
    rng = np.random.default_rng(seed)
    real = [r0_and_peak(method, *series) for series in whole]
    null = [
        [r0_and_peak(method, first, phase_randomised(second, rng)) for _ in range(SURROGATES)]
        for first, second in whole
    ]
    return np.array(real).reshape(-1, 2), np.array(null).reshape(-1, SURROGATES, 2)


def _rows(names: tuple[str, str], surrogate: str, real: Float, null: Float, seed: int) -> Iterator[ChanceRow]:
    for column, measure in enumerate(("synchrony_r0", "synchrony_peak_r")):
        usable = np.isfinite(real[:, column]) & np.isfinite(null[:, :, column]).any(axis=1)
        if usable.any():
            test = pseudo_test(real[:, column], null[:, :, column], seed=seed)
            yield ChanceRow(
                *names, measure, "", test.observed, test.expected, test.low, test.high, test.p, test.n,
                surrogate, test.draws, seed,
            )  # fmt: skip
