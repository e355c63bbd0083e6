"""Agreement on ratings: a value for an episode, a segment or a session is one unit, however long (SPEC 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.agreement.alpha import MISSING, Alpha, krippendorff_alpha
from stillface.agreement.coefficients import coefficients, weighted_kappa
from stillface.agreement.icc import Icc, icc
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import UNCODED, StateTrack
from stillface.errors import FieldError

__all__ = [
    "NOT_A_SCALE",
    "RatedUnits",
    "RatingAgreement",
    "rated_units",
    "rating_agreement",
    "rating_alpha",
    "scale_values",
]

Int64 = npt.NDArray[np.int64]

NOT_A_SCALE = "the scheme gives its codes no value: they have no order"


@dataclass(frozen=True, eq=False)
class RatedUnits:
    """The values that two people gave to the same units.

    Parameters
    ----------
    scheme : CodingScheme
    codes : array of int64, shape (n_units, 2)
        Indices of the codes that the first and the second person gave; none is a gap.
    n_one_only : int
        Units that one of them rated and the other did not; a unit is known by its borders.
    n_unscorable : int
        Units that both looked at and at least one could not rate.
    """

    scheme: CodingScheme
    codes: Int64
    n_one_only: int
    n_unscorable: int


@dataclass(frozen=True, eq=False)
class RatingAgreement:
    """How far two people's ratings agree, each unit counting once.

    Parameters
    ----------
    n_units : int
        Units that both rated.
    agreement, kappa : float, optional
        Share of units with one value, and Cohen's kappa.
    weighted_linear, weighted_quadratic : float, optional
        Weighted kappa over the values of the scale.
    icc : Icc
        All forms over the values; the units are the targets.
    kappa_reason, weighted_reason : str, optional
        Why these are undefined; the ICC has its own.
    """

    n_units: int
    agreement: float | None
    kappa: float | None
    weighted_linear: float | None
    weighted_quadratic: float | None
    icc: Icc
    kappa_reason: str | None = None
    weighted_reason: str | None = None


def scale_values(scheme: CodingScheme) -> tuple[float, ...] | None:
    """Give each code's value on the scale, None where the codes are names without order.

    The value of a gap code is its place: it never enters a figure.
    """
    if any(code.value is None and not code.gap for code in scheme.codes):
        return None
    return tuple(float(k) if code.value is None else code.value for k, code in enumerate(scheme.codes))


def rated_units(first: StateTrack, second: StateTrack) -> RatedUnits:
    """Put two people's ratings side by side, unit by unit.

    Parameters
    ----------
    first, second : StateTrack
        Under the same scheme; every coded segment is a unit, so the tracks must not be merged.

    Raises
    ------
    FieldError
        Two schemes.
    """
    if first.scheme.code_ids != second.scheme.code_ids:
        raise FieldError(
            "two schemes", where="rated_units", got=second.scheme.id, expected=f"codes of {first.scheme.id}"
        )
    one, other = _units(first), _units(second)
    both = sorted(one.keys() & other.keys())
    pairs = np.array([(one[unit], other[unit]) for unit in both], dtype=np.int64).reshape(-1, 2)
    rated = ~first.scheme.gap_mask[pairs].any(axis=1)
    return RatedUnits(
        first.scheme, pairs[rated], len(one.keys() ^ other.keys()), len(both) - int(rated.sum())
    )


def _units(track: StateTrack) -> dict[tuple[int, int], int]:
    edges = track.edges_ns.tolist()
    return {
        (edges[k], edges[k + 1]): int(code) for k, code in enumerate(track.codes.tolist()) if code != UNCODED
    }


def rating_agreement(found: Sequence[RatedUnits]) -> RatingAgreement:
    """Give the figures of any number of pairs of ratings under one scheme, pooled.

    Weighted kappa and ICC need an order: a scheme whose codes have no value has kappa alone. Where more
    than two people rated, who is first and who second means nothing: read ICC(1,1).

    Raises
    ------
    FieldError
        Nothing to pool.
    """
    if not found:
        raise FieldError("no ratings to compare", where="rating_agreement", got=0, expected="at least one")
    scheme = found[0].scheme
    codes = np.concatenate([units.codes for units in found])
    size = len(scheme.codes)
    table = np.zeros((size, size), dtype=np.int64)
    np.add.at(table, (codes[:, 0], codes[:, 1]), 1)
    plain = coefficients(table)
    why = plain.reason if len(codes) else "no unit that both rated"
    values = scale_values(scheme)
    if values is None:
        none = Icc(*(None,) * 10, len(codes), 2, NOT_A_SCALE)
        return RatingAgreement(len(codes), plain.agreement, plain.kappa, None, None, none, why, NOT_A_SCALE)
    linear, quadratic = (weighted_kappa(table, "linear", values), weighted_kappa(table, "quadratic", values))
    rated = np.asarray(values)[codes]
    return RatingAgreement(
        len(codes),
        plain.agreement,
        plain.kappa,
        linear.kappa,
        quadratic.kappa,
        icc(rated, targets="rated units"),
        why,
        why or quadratic.reason,
    )


def rating_alpha(sessions: Sequence[Sequence[StateTrack]]) -> Alpha:
    """Give Krippendorff's alpha of any number of people's ratings, each unit counting once.

    Ordinal where the codes have values, else nominal. A unit that somebody did not rate, or could not,
    is missing for that person only.

    Parameters
    ----------
    sessions : sequence of sequence of StateTrack
        Each session's raters of one role, all under one scheme.
    """
    scheme = sessions[0][0].scheme
    columns: list[list[int]] = []
    most = max(len(tracks) for tracks in sessions)
    for tracks in sessions:
        rated = [_units(track) for track in tracks]
        for unit in sorted(set().union(*rated)):
            codes = [mine.get(unit, MISSING) for mine in rated]
            seen = [MISSING if code != MISSING and scheme.gap_mask[code] else code for code in codes]
            columns.append(seen + [MISSING] * (most - len(seen)))
    table = np.array(columns, dtype=np.int64).reshape(-1, most).T
    return krippendorff_alpha(table, "nominal" if scale_values(scheme) is None else "ordinal")
