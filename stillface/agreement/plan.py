"""Which sessions two people code, what a kappa is called, and when coders drift (SPEC 2.4)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import kappa_from_confusion
from stillface.errors import FieldError

__all__ = ["MonthAgreement", "draw", "drift", "label"]

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MonthAgreement:
    """Agreement of the sessions coded in one month.

    Parameters
    ----------
    month : str
        ``YYYY-MM`` of the coding.
    kappa : float, optional
        Or the figure that :func:`drift` was asked to follow.
    earlier : float, optional
        That of all earlier months that had not drifted; None for the first.
    drifted : bool
    n_sessions : int
    """

    month: str
    kappa: float | None
    earlier: float | None
    drifted: bool
    n_sessions: int


def draw(
    strata: Mapping[str, tuple[str, ...]], share: float, seed: int, already: Sequence[str] = ()
) -> tuple[str, ...]:
    """Draw sessions to be coded twice, spread over strata in proportion.

    Parameters
    ----------
    strata : mapping of session_id to its stratum
        All sessions there are.
    share : float
        Of all sessions; their number is rounded up.
    seed : int
        With the ids it decides alone: the order of the sessions does not matter.
    already : sequence of str
        Drawn before; they stay, and strata that have their share get none.

    Returns
    -------
    tuple of str
        All drawn sessions, sorted, those drawn before included.

    Raises
    ------
    FieldError
        A share that is none, or a session drawn before that is not there.
    """
    if not 0 <= share <= 1:
        raise FieldError("not a share", where="draw.share", got=share, expected="0 to 1")
    gone = sorted(set(already) - strata.keys())
    if gone:
        raise FieldError(
            "drawn before and not there",
            where="draw.already",
            got=", ".join(gone),
            expected="sessions of the study",
            fix="take what is gone out of the sessions drawn before",
        )
    members: dict[tuple[str, ...], list[str]] = {}
    for session_id, stratum in strata.items():
        members.setdefault(stratum, []).append(session_id)
    drawn = set(already)
    total = math.ceil(share * len(strata) - 1e-9)
    quotas = _quotas(members, share, total, seed)
    for stratum, sessions in sorted(members.items()):
        mine = sorted(sessions, key=lambda session_id: _chance(seed, session_id))
        free = [session_id for session_id in mine if session_id not in drawn]
        wanted = quotas[stratum] - sum(session_id in drawn for session_id in sessions)
        drawn.update(free[: max(0, min(wanted, total - len(drawn)))])
    return tuple(sorted(drawn))


def _quotas(
    members: Mapping[tuple[str, ...], Sequence[str]], share: float, total: int, seed: int
) -> dict[tuple[str, ...], int]:
    """Give each stratum its whole part, and what is left to the largest remainders; chance breaks ties."""
    exact = {stratum: share * len(sessions) for stratum, sessions in members.items()}
    quotas = {stratum: math.floor(value + 1e-9) for stratum, value in exact.items()}
    by_rest = sorted(exact, key=lambda s: (quotas[s] - exact[s], _chance(seed, "/".join(s))))
    for stratum in by_rest[: total - sum(quotas.values())]:
        quotas[stratum] += 1
    return quotas


def _chance(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def label(kappa: float | None, labels: Mapping[str, float]) -> str:
    """Give the word of the highest threshold that a kappa reaches: a label, not a verdict."""
    if kappa is None or not labels:
        return ""
    reached = [(threshold, word) for word, threshold in labels.items() if kappa >= threshold]
    return max(reached)[1] if reached else f"below {min(labels.items(), key=lambda item: item[1])[0]}"


def drift(
    months: Mapping[str, Sequence[npt.ArrayLike]],
    drop: float,
    figure: Callable[[Float], float | None] = lambda table: kappa_from_confusion(table).kappa,
) -> tuple[MonthAgreement, ...]:
    """Follow kappa, or another figure of agreement, by month of coding.

    Parameters
    ----------
    months : mapping of ``YYYY-MM`` to tables of agreement, one a session
        All of one scheme.
    drop : float
        A month has drifted when its kappa lies more than this below that of all earlier months which
        had not.
    figure : callable
        Gives the figure of a table; None where it is undefined.
    """
    found = []
    steady: list[Float] = []
    for month, tables in sorted(months.items()):
        summed = np.sum([np.asarray(table, dtype=np.float64) for table in tables], axis=0)
        kappa = figure(summed)
        earlier = figure(np.sum(steady, axis=0)) if steady else None
        drifted = kappa is not None and earlier is not None and kappa < earlier - drop
        if not drifted:
            steady.append(summed)
        found.append(MonthAgreement(month, kappa, earlier, drifted, len(tables)))
    return tuple(found)
