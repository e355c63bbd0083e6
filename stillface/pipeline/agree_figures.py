"""All figures of pairs of codings, as plain rows for tables, pages and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from stillface.agreement.align_events import EventRule, event_kappa
from stillface.agreement.alpha import Level, time_alpha
from stillface.agreement.bootstrap import DEFAULT_SEED, bootstrap, kappa_interval
from stillface.agreement.coefficients import coefficients, per_code, weighted_kappa
from stillface.agreement.kappa import Agreement, confusion_ns, kappa_from_confusion
from stillface.agreement.ratings import rated_units, rating_agreement, rating_alpha, scale_values
from stillface.agreement.side_by_side import side_by_side
from stillface.agreement.tolerance import tolerance_curve
from stillface.agreement.validity import Validity, validity
from stillface.domain.clock import NS_PER_S
from stillface.domain.intervals import Intervals
from stillface.domain.provenance import Json
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack
from stillface.pipeline.agree_pooled import (
    alpha_figures,
    code_intervals,
    coefficient_intervals,
    event_figures,
    icc_figures,
)

__all__ = ["AgreementParams", "basic_figures", "pair_figures", "pooled_figures", "validity_figures"]

Int64 = npt.NDArray[np.int64]
Pair = tuple[StateTrack, StateTrack]
_LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")


@dataclass(frozen=True)
class AgreementParams:
    """What the methods that need a decision use.

    Parameters
    ----------
    unit_ns : int
        Unit of the programs that count units.
    tolerances_ns : tuple of int
        Widths of the tolerance curve.
    onset_ns : int
        Onset tolerance of event alignment.
    seed, n_resamples : int
        Of the bootstrap over sessions.
    """

    unit_ns: int = NS_PER_S
    tolerances_ns: tuple[int, ...] = (0, NS_PER_S // 2, NS_PER_S, 2 * NS_PER_S, 3 * NS_PER_S)
    onset_ns: int = 2 * NS_PER_S
    seed: int = DEFAULT_SEED
    n_resamples: int = 2000


def basic_figures(result: Agreement) -> dict[str, Json]:
    """Give kappa, agreement, compared time and reason."""
    return {
        "kappa": result.kappa,
        "agreement": result.agreement,
        "compared_s": result.compared_s,
        "reason": result.reason,
    }


def pair_figures(first: StateTrack, second: StateTrack, params: AgreementParams) -> dict[str, Json]:
    """Give every figure of one pair of streams."""
    table = confusion_ns(first, second)
    coded_ns = first.scorable_ns, second.scorable_ns
    most_ns = max(coded_ns)
    return {
        **basic_figures(kappa_from_confusion(table)),
        # What only one of them scored is in no figure: its share is told.
        "dropped_share": 1 - int(table.sum()) / most_ns if most_ns else None,
        "coefficients": _numbers(asdict(coefficients(table))),
        "codes": {
            code: _numbers(asdict(row)) for code, row in per_code(table, first.scheme.code_ids).items()
        },
        **(_rated(first, second) if first.scheme.type == "rating" else _in_time(first, second, params)),
    }


def _in_time(first: StateTrack, second: StateTrack, params: AgreementParams) -> dict[str, Json]:
    """Give the figures that rest on when codes begin and end."""
    events = event_kappa(first, second, EventRule(onset_ns=params.onset_ns))
    return {
        "events": {
            "kappa": events.kappa,
            "agreement": events.agreement,
            "agreed": events.n_agreed,
            "confused": events.n_confused,
            "only_first": events.n_only_first,
            "only_second": events.n_only_second,
            "reason": events.reason,
        },
        "tolerance": [
            {
                "tolerance_s": found.tolerance_ns / NS_PER_S,
                "kappa": found.mean_kappa,
                "kappa_first_as_reference": found.first_as_reference.kappa,
                "kappa_second_as_reference": found.second_as_reference.kappa,
            }
            for found in tolerance_curve(first, second, params.tolerances_ns)
        ],
        "side_by_side": [
            _numbers(asdict(row)) for row in side_by_side(first, second, params.unit_ns, params.onset_ns)
        ],
    }


def _rated(first: StateTrack, second: StateTrack) -> dict[str, Json]:
    """Give the figures of ratings: where a unit begins and ends is given to both, not judged by them."""
    return {
        "events": {
            **dict.fromkeys(("kappa", "agreement", "agreed", "confused", "only_first", "only_second")),
            "reason": "ratings are no events; read them unit by unit",
        },
        "tolerance": [],
        "side_by_side": [],
        "ratings": _rating_figures([[(first, second)]]),
    }


def _rating_figures(sessions: Sequence[Sequence[Pair]]) -> dict[str, Json]:
    """Give the agreement of ratings, each unit counting once."""
    found = [rated_units(*pair) for pairs in sessions for pair in pairs]
    now = rating_agreement(found)
    alpha = rating_alpha([coders for pairs in sessions for coders in _coders(pairs)])
    return {
        "n_units": now.n_units,
        "n_one_only": sum(units.n_one_only for units in found),
        "n_unscorable": sum(units.n_unscorable for units in found),
        "agreement": now.agreement,
        "kappa": now.kappa,
        "reason": now.kappa_reason,
        "weighted": {
            "linear": now.weighted_linear,
            "quadratic": now.weighted_quadratic,
            "reason": now.weighted_reason,
        },
        "icc": _numbers(asdict(now.icc)),
        "alpha": {"level": alpha.level, "alpha": alpha.alpha, "reason": alpha.reason},
    }


def _rating_interval(sessions: Sequence[Sequence[Pair]], params: AgreementParams) -> dict[str, Json]:
    """Give the interval over sessions of quadratic weighted kappa, of kappa where the codes have no order."""
    units = [[rated_units(*pair) for pair in pairs] for pairs in sessions]
    ordered = scale_values(sessions[0][0][0].scheme) is not None

    def statistic(drawn: Int64) -> float | None:
        now = rating_agreement([one for k in drawn.tolist() for one in units[k]])
        return now.weighted_quadratic if ordered else now.kappa

    interval = bootstrap(len(units), statistic, seed=params.seed, n_resamples=params.n_resamples)
    return {"of": "weighted kappa, quadratic" if ordered else "kappa", **_numbers(asdict(interval))}


def pooled_figures(sessions: Sequence[Sequence[Pair]], params: AgreementParams) -> dict[str, Json]:
    """Give the figures of one scheme over sessions, with intervals over sessions.

    Parameters
    ----------
    sessions : sequence of sequence of (track, track)
        The pairs of each session: several where there are more roles or more than two coders.
    params : AgreementParams
    """
    pairs = [pair for found in sessions for pair in found]
    scheme = pairs[0][0].scheme
    tables = [np.sum([confusion_ns(*pair) for pair in found], axis=0) for found in sessions]
    total = np.sum(tables, axis=0)
    interval = kappa_interval(tables, seed=params.seed, n_resamples=params.n_resamples)
    values = scale_values(scheme) if scheme.type in ("ordinal", "rating") else None
    level: Level = "nominal" if values is None else "ordinal"
    levels: Sequence[Level] = ("nominal",) if values is None else _LEVELS
    by_session = [_coders(found) for found in sessions]
    coders = [tracks for found in by_session for tracks in found]
    alpha = time_alpha(coders, level, params.unit_ns)
    totals = icc_figures(sessions, params.seed, params.n_resamples)
    figures: dict[str, Json] = {
        **basic_figures(kappa_from_confusion(total)),
        "n_sessions": len(sessions),
        "n_pairs": len(pairs),
        "interval": _numbers(asdict(interval)),
        "intervals": coefficient_intervals(
            tables, by_session, levels, params.unit_ns, params.seed, params.n_resamples
        ),
        "coefficients": _numbers(asdict(coefficients(total))),
        "codes": _pooled_codes(scheme, tables, params),
        "confusion_s": _confusion_s(scheme, total),
        "alpha": {"level": level, "alpha": alpha.alpha, "reason": alpha.reason},
        "alphas": alpha_figures(coders, levels, params.unit_ns),
        "icc": totals["share"],
        "icc_rate": totals["rate"],
    }
    if scheme.type != "rating":
        figures |= event_figures(sessions, params.onset_ns, params.seed, params.n_resamples)
    if values is not None:
        figures["weighted"] = _weighted(total, values)
    if scheme.type == "rating":
        figures["ratings"] = {**_rating_figures(sessions), "interval": _rating_interval(sessions, params)}
    return figures


def _weighted(table: Int64, values: Sequence[float]) -> dict[str, Json]:
    linear, quadratic = (weighted_kappa(table, "linear", values), weighted_kappa(table, "quadratic", values))
    return {"linear": linear.kappa, "quadratic": quadratic.kappa, "reason": quadratic.reason}


def _coders(pairs: Sequence[Pair]) -> list[list[StateTrack]]:
    """Give all tracks of each role once, whatever the number of pairs they stand in."""
    found: dict[str, dict[int, StateTrack]] = {}
    for track in (track for pair in pairs for track in pair):
        found.setdefault(track.role, {})[id(track)] = track
    return [list(tracks.values()) for tracks in found.values()]


def _pooled_codes(scheme: CodingScheme, tables: Sequence[Int64], params: AgreementParams) -> dict[str, Json]:
    """Give each code's agreement with the interval of its kappa; a code that neither used is left out."""
    found = per_code(np.sum(tables, axis=0), scheme.code_ids)
    intervals = code_intervals(tables, scheme.code_ids, params.seed, params.n_resamples)
    return {code: {**_numbers(asdict(row)), "interval": intervals[code]} for code, row in found.items()}


def validity_figures(
    pairs: Sequence[Pair],
    sessions: Sequence[str],
    params: AgreementParams,
    strata: dict[str, Sequence[Intervals]] | None = None,
) -> dict[str, Json]:
    """Give the validity of a machine's proposals, whole and by stratum (an episode, a quality).

    Parameters
    ----------
    pairs : sequence of (person's track, machine's track)
    sessions : sequence of str
        The session of each pair: intervals of kappa draw sessions.
    params : AgreementParams
    strata : dict of name to one set of intervals per pair
    """
    scheme = pairs[0][0].scheme
    return {
        **_one_validity(scheme, validity(pairs), sessions, params),
        "n_pairs": len(pairs),
        "by": {
            name: _one_validity(scheme, validity(pairs, within), sessions, params)
            for name, within in (strata or {}).items()
        },
    }


def _one_validity(
    scheme: CodingScheme, found: Validity, sessions: Sequence[str], params: AgreementParams
) -> dict[str, Json]:
    return {
        **basic_figures(found.agreement),
        "interval": _validity_interval(found, sessions, params),
        "human_s": found.human_s,
        "unproposed": found.unproposed,
        "codes": {code: _numbers(asdict(row)) for code, row in found.codes.items()},
        "confusion_s": _confusion_s(scheme, found.table),
        "calibration": [_numbers(asdict(row)) for row in found.calibration],
        "calibration_error": found.calibration_error,
        "confidence_reason": found.confidence_reason,
    }


def _validity_interval(found: Validity, sessions: Sequence[str], params: AgreementParams) -> dict[str, Json]:
    """Give kappa's interval over the sessions that have time here: of two it would span the two, no more."""
    by_session: dict[str, list[Int64]] = {}
    for session_id, table in zip(sessions, found.tables, strict=True):
        if table.any():
            by_session.setdefault(session_id, []).append(table)
    tables = [np.sum(mine, axis=0) for mine in by_session.values()]
    interval = kappa_interval(tables, seed=params.seed, n_resamples=params.n_resamples)
    return _numbers(asdict(interval))


def _confusion_s(scheme: CodingScheme, table: Int64) -> dict[str, Json]:
    """Give seconds by first coder's code, then second's; codes that neither used are left out."""
    used = [k for k in range(len(table)) if table[k].any() or table[:, k].any()]
    ids = scheme.code_ids
    return {ids[a]: {ids[b]: int(table[a, b]) / NS_PER_S for b in used} for a in used}


def _numbers(row: dict[str, object]) -> dict[str, Json]:
    """Give a dataclass's fields as JSON values."""
    return {
        name: value for name, value in row.items() if isinstance(value, (str, int, float, bool, type(None)))
    }
