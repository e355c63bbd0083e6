"""How two partners' codes move together in time: rows of the cross-correlation family (SPEC 3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import s_to_ns
from stillface.domain.measure_params import SynchronyParams
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.correlation import (
    CrossCorrelation,
    cross_correlation,
    effective_n,
    null_r,
    relative_phase,
    windowed_cross_correlation,
)
from stillface.measures.series import autoregressive_residuals, code_scores, detrended, step_series
from stillface.measures.slices import PairSlice, Stamp, pair_slices

__all__ = ["Synchrony"]

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Synchrony(SynchronyParams):
    """Cross-correlation of two partners' scores, with what chance gives beside every r.

    ``synchrony_r0`` is r at lag 0, ``synchrony_peak_r`` the r of largest absolute value within ``max_lag_s``
    and ``synchrony_peak_lag_s`` its lag: above 0 the first (focal, or alphabetical) role leads, which the
    flag ``leads=role`` spells out. ``synchrony_n_effective`` is what the autocorrelated pairs are worth and
    ``synchrony_r0_null`` the absolute r at lag 0 that independent series stay below 95 times in 100. The
    largest r over many lags is larger by chance: judge it by pseudo-dyads (study level) only.
    ``wcc_lead_share_{role}`` is the share of windows whose peak has that role in the lead.
    ``in_phase_share`` and ``anti_phase_share`` are shares of time. Scores: valence, rank, or gaze at partner.
    """

    name = "synchrony"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every dyad whose schemes order their codes; ``rules`` are not used."""
        digest = params_hash(asdict(self))
        for pair in pair_slices(session, tracks):
            if not _comparable(pair):
                continue
            stamp = pair.stamp(digest)
            if pair.problem is not None:
                yield from self.rows_without(stamp, pair.roles, pair.problem)
                continue
            yield from self.rows(stamp, pair.roles, *self.series(pair))

    def rows(
        self, stamp: Stamp, roles: tuple[str, str], first: Float, second: Float
    ) -> Iterator[Measurement]:
        """Give all rows of two series at even steps of ``step_s``; NaN is missing."""
        yield from self._correlation_rows(roles, stamp, first, second)
        yield from self._window_rows(roles, stamp, first, second)
        yield from self._phase_rows(stamp, first, second)

    def rows_without(self, stamp: Stamp, roles: tuple[str, str], status: Status) -> Iterator[Measurement]:
        """Give the same rows without a value, and why."""
        for measure, unit in _names(roles):
            yield stamp.row(measure, None, unit, status=status)

    def series(self, pair: PairSlice) -> tuple[Float, Float]:
        """Give both partners' scores at even steps from the episode's onset; NaN is missing."""
        found = []
        for stream in (pair.first, pair.second):
            scores = code_scores(stream.track.scheme)
            if scores is None:
                scores = np.full(len(stream.track.scheme.codes), np.nan)
            found.append(self.prepared(step_series(stream.track, scores, s_to_ns(self.step_s))))
        return found[0], found[1]

    def prepared(self, series: Float) -> Float:
        """Take out of a series what ``detrend`` and ``prewhiten`` say."""
        series = detrended(series) if self.detrend else series
        return autoregressive_residuals(series) if self.prewhiten else series

    def correlation(self, pair: PairSlice) -> CrossCorrelation:
        """Give the cross-correlation of one dyad in one episode."""
        return cross_correlation(*self.series(pair), round(self.max_lag_s / self.step_s), min_n=self.min_n)

    def _correlation_rows(
        self, roles: tuple[str, str], stamp: Stamp, first: Float, second: Float
    ) -> Iterator[Measurement]:
        found = cross_correlation(first, second, round(self.max_lag_s / self.step_s), min_n=self.min_n)
        r0, n = found.at(0)
        lack = Status.MISS_LOWN if n < self.min_n else Status.NA_CONST
        yield stamp.row("synchrony_r0", r0, "r", n=n, status=Status.OK if r0 is not None else lack)
        worth = effective_n(first, second) if r0 is not None else None
        ok = Status.OK if worth is not None else lack
        yield stamp.row("synchrony_n_effective", worth, "count", n=n, status=ok)
        null = None if worth is None else null_r(worth)
        ok = lack if worth is None else Status.MISS_LOWN if null is None else Status.OK
        yield stamp.row("synchrony_r0_null", null, "r", n=n, status=ok)
        if found.peak is None:
            for measure, unit in (("synchrony_peak_r", "r"), ("synchrony_peak_lag_s", "s")):
                yield stamp.row(measure, None, unit, n=n, status=lack)
            return
        lag, r = found.peak
        leads = roles[0] if lag > 0 else roles[1] if lag < 0 else "none"
        n_at = found.at(lag)[1]
        yield stamp.row("synchrony_peak_r", r, "r", n=n_at)
        yield stamp.row("synchrony_peak_lag_s", lag * self.step_s, "s", n=n_at, flags=(f"leads={leads}",))

    def _window_rows(
        self, roles: tuple[str, str], stamp: Stamp, first: Float, second: Float
    ) -> Iterator[Measurement]:
        window = round(self.window_s / self.step_s)
        max_lag = round(self.max_lag_s / self.step_s)
        _, r = windowed_cross_correlation(
            first, second, window=window, step=max(1, window // 4), max_lag=max_lag
        )
        known = np.isfinite(r).any(axis=1)
        n = int(known.sum())
        # Of equal peaks the one nearest to lag 0 counts.
        lags = np.arange(-max_lag, max_lag + 1)
        size = np.where(np.isfinite(r[known]), np.abs(r[known]), -1.0) - 1e-12 * np.abs(lags)
        peaks = lags[size.argmax(axis=1)] if n else np.empty(0)
        for role, leading in zip(roles, (peaks > 0, peaks < 0), strict=True):
            value = float(leading.mean()) if n else None
            status = Status.OK if n else Status.MISS_LOWN
            yield stamp.row(f"wcc_lead_share_{role}", value, "share", n=n, status=status)

    def _phase_rows(self, stamp: Stamp, first: Float, second: Float) -> Iterator[Measurement]:
        shares = relative_phase(first, second, min_n=self.min_n)
        if shares is None:
            both = int((np.isfinite(first) & np.isfinite(second)).sum())
            lack = Status.MISS_LOWN if both < self.min_n else Status.NA_CONST
            for name in ("in_phase_share", "anti_phase_share"):
                yield stamp.row(name, None, "share", n=both, status=lack)
            return
        yield stamp.row("in_phase_share", shares.in_phase, "share", n=shares.n)
        yield stamp.row("anti_phase_share", shares.anti_phase, "share", n=shares.n)


def _comparable(pair: PairSlice) -> bool:
    return all(code_scores(stream.track.scheme) is not None for stream in (pair.first, pair.second))


def _names(roles: tuple[str, str]) -> Iterator[tuple[str, str]]:
    yield from (("synchrony_r0", "r"), ("synchrony_n_effective", "count"), ("synchrony_r0_null", "r"))
    yield from (("synchrony_peak_r", "r"), ("synchrony_peak_lag_s", "s"))
    yield from ((f"wcc_lead_share_{role}", "share") for role in roles)
    yield from (("in_phase_share", "share"), ("anti_phase_share", "share"))
