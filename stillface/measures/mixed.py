"""Mixed model of one measure: episode by group, dyads random within families (study level, SPEC 3.3).

Needs the extra ``stats`` (statsmodels). The model is the one of the R script that the export brings, so
that a lab can check one against the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.errors import FieldError, MissingExtraError

__all__ = ["MIN_DYADS", "MixedModel", "Term", "mixed_model"]

Covariates = Mapping[str, Sequence[float] | Sequence[str] | Sequence[float | str]]

MIN_DYADS = 5
"""Fewer dyads are described, not modelled."""


@dataclass(frozen=True)
class Term:
    """One fixed effect with its 95 % interval (normal)."""

    name: str
    estimate: float
    se: float
    z: float
    p: float
    low: float
    high: float


@dataclass(frozen=True)
class MixedModel:
    """A fitted model.

    Parameters
    ----------
    terms : tuple of Term
        ``intercept``, ``episode[SF]``, ``group[b]``, ``episode[SF]:group[b]``, covariates. The reference is
        the first episode and the first group of those given.
    n, n_dyads, n_families : int
    remark : str
        Empty, or why the fit is to be distrusted.
    """

    terms: tuple[Term, ...]
    n: int
    n_dyads: int
    n_families: int
    remark: str


def mixed_model(
    values: npt.ArrayLike,
    episodes: Sequence[str],
    dyads: Sequence[str],
    families: Sequence[str],
    groups: Sequence[str] | None = None,
    covariates: Covariates | None = None,
) -> MixedModel:
    """Fit by restricted maximum likelihood; a random intercept for each dyad, and one for each family.

    Where every family has one dyad the two are one.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        Finite; leave out what is missing.
    episodes, dyads, families : sequence of str, length n
    groups : sequence of str, length n, optional
        Crossed with episode; left out where all are the same.
    covariates : mapping of name to sequence of float or of str, length n, optional
        Numbers are centred before they enter; words are levels, the first in order is the reference.

    Raises
    ------
    FieldError
        Lengths that differ, a missing value, fewer than ``MIN_DYADS`` dyads, a single episode, or a fit
        without standard errors.
    MissingExtraError
        statsmodels is not installed.
    """
    y = np.asarray(values, dtype=np.float64)
    lengths = {y.size, len(episodes), len(dyads), len(families), len(groups or episodes)}
    if len(lengths) != 1 or not bool(np.isfinite(y).all()):
        raise FieldError(
            "lengths differ or a value is missing",
            where="mixed_model",
            got=sorted(lengths),
            expected="one episode, dyad, family and group for every value, all values finite",
            fix="leave out the rows without a value",
        )
    if len(set(dyads)) < MIN_DYADS or len(set(episodes)) < 2:
        raise FieldError(
            "too few to model",
            where="mixed_model",
            got=f"{len(set(dyads))} dyads, {len(set(episodes))} episodes",
            expected=f"at least {MIN_DYADS} dyads and 2 episodes",
        )
    names, design = _design(episodes, groups, covariates or {})
    if int(np.linalg.matrix_rank(design)) < design.shape[1]:
        raise FieldError(
            "an episode or group without a value of its own",
            where="mixed_model",
            got=f"{design.shape[1]} terms of which {int(np.linalg.matrix_rank(design))} can be told apart",
            expected="every episode in every group, and covariates that differ within them",
            fix="leave out the covariate, or the group that lacks an episode",
        )
    fit, remark = _fit(y, design, dyads, families)
    size = len(names)
    with np.errstate(invalid="ignore"):
        estimates, errors = np.asarray(fit.fe_params)[:size], np.asarray(fit.bse_fe)[:size]
    if not bool(np.all(np.isfinite(estimates) & np.isfinite(errors) & (errors > 0))):
        raise FieldError(
            "the values vary too little for standard errors",
            where="mixed_model",
            got=f"{len(np.unique(y))} different values in {y.size}",
            expected="values that differ within episodes",
        )
    terms = tuple(_term(*parts) for parts in zip(names, estimates.tolist(), errors.tolist(), strict=True))
    return MixedModel(terms, int(y.size), len(set(dyads)), len(set(families)), remark)


def _design(
    episodes: Sequence[str], groups: Sequence[str] | None, covariates: Covariates
) -> tuple[list[str], npt.NDArray[np.float64]]:
    columns: dict[str, npt.NDArray[np.float64]] = {"intercept": np.ones(len(episodes))}
    parts = {
        "episode": _indicators("episode", episodes),
        "group": _indicators("group", groups) if groups is not None else {},
    }
    columns |= parts["episode"] | parts["group"]
    for a, first in parts["episode"].items():
        columns |= {f"{a}:{b}": first * second for b, second in parts["group"].items()}
    for name, values in covariates.items():
        if any(isinstance(value, str) for value in values):
            columns |= _indicators(name, [str(value) for value in values], ordered=True)
        else:
            column = np.asarray(values, dtype=np.float64)
            columns[name] = column - column.mean()
    return list(columns), np.column_stack(list(columns.values()))


def _indicators(
    name: str, labels: Sequence[str], *, ordered: bool = False
) -> dict[str, npt.NDArray[np.float64]]:
    """Treatment coding against the first label met, or the first in order."""
    levels = (sorted(set(labels)) if ordered else list(dict.fromkeys(labels)))[1:]
    return {
        f"{name}[{level}]": np.array([label == level for label in labels], np.float64) for level in levels
    }


def _fit(
    y: npt.NDArray[np.float64],
    design: npt.NDArray[np.float64],
    dyads: Sequence[str],
    families: Sequence[str],
) -> tuple[Any, str]:
    try:
        from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec
    except ModuleNotFoundError as error:
        raise MissingExtraError("statsmodels", "stats", needed_for="a mixed model") from error
    nested = len(set(dyads)) > len(set(families))
    spec = None
    if nested:
        labels = np.asarray(families, dtype=str)
        matrices, names = [], []
        for family in np.unique(labels):
            inside = [dyad for dyad, own in zip(dyads, families, strict=True) if own == family]
            found = list(dict.fromkeys(inside))
            matrices.append(np.array([[float(dyad == one) for one in found] for dyad in inside]))
            names.append(found)
        spec = VCSpec(["dyad"], [names], [matrices])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Given variance components, statsmodels leaves the family's own intercept out unless it is asked for.
        own = np.ones((y.size, 1))
        model = MixedLM(y, design, groups=np.asarray(families, dtype=str), exog_re=own, exog_vc=spec)
        fit = model.fit(reml=True)
        if not fit.converged:
            # At a variance of 0 the slope is no guide: search without it.
            fit = model.fit(reml=True, method=["powell", "nm"])
    if not fit.converged:
        return fit, "did not converge"
    # A variance at its boundary of 0 is the usual cause; estimates stand, their errors may be off.
    return fit, "a variance is at or near 0" if caught else ""


def _term(name: str, estimate: float, se: float) -> Term:
    from scipy.stats import norm

    z = estimate / se
    half = float(norm.ppf(0.975)) * se
    return Term(name, estimate, se, z, float(2 * norm.sf(abs(z))), estimate - half, estimate + half)
