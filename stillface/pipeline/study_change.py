"""How heart and skin changed from one episode to another, as it is and residualised (SPEC 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.errors import FieldError
from stillface.measures.autonomic import EDA_MEASURES, HEART_MEASURES
from stillface.measures.residualised import residualised_change

__all__ = ["ChangeRow", "change_rows"]

_MEASURES = (*HEART_MEASURES, *EDA_MEASURES)
_SUPPRESSED = "rsa_ln_ms2"


@dataclass(frozen=True)
class ChangeRow:
    """One session's change between two episodes.

    Parameters
    ----------
    contrast : str
        ``SF-PL``: the first minus the second.
    change, earlier, later : float
        ``later - earlier``; the earlier is the level that the change starts from.
    residual : float, optional
        Of the later level regressed on the earlier over all sessions of the study that have both; None where
        no line can be fitted, and ``remark`` says why.
    slope : float, optional
        Of that line.
    n_sessions : int
        Behind it.
    suppressor : int, optional
        For RSA from the baseline to the perturbation only: 1 where the change is below ``threshold``.
    threshold : float, optional
    """

    session_id: str
    dyad_id: str
    role: str
    measure: str
    contrast: str
    change: float
    earlier: float
    later: float
    residual: float | None
    slope: float | None
    n_sessions: int
    suppressor: int | None
    threshold: float | None
    remark: str = ""


def change_rows(protocol: Protocol, rows: Sequence[Measurement]) -> Iterator[ChangeRow]:
    """Give the changes of all sessions whose parts both have a value, contrast by contrast."""
    levels = {
        (row.session_id, row.role, row.measure, row.episode_id): row.value
        for row in rows
        if row.measure in _MEASURES
    }
    found: dict[tuple[str, str, tuple[str, str]], list[ChangeRow]] = {}
    for row in rows:
        pair = _pair(protocol, row)
        if pair is None or row.value is None:
            continue
        later, earlier = (levels.get((row.session_id, row.role, row.measure, name)) for name in pair)
        if later is not None and earlier is not None:
            one = ChangeRow(
                row.session_id, row.dyad_id, row.role, row.measure, row.episode_id, row.value, earlier,
                later, None, None, 0, *_suppressor(protocol, row, pair),
            )  # fmt: skip
            found.setdefault((row.role, row.measure, pair), []).append(one)
    for parts in found.values():
        yield from _residualised(parts)


def _pair(protocol: Protocol, row: Measurement) -> tuple[str, str] | None:
    """Give the two episodes of a contrast; an id may itself hold a hyphen."""
    if row.measure not in _MEASURES:
        return None
    ids = [spec.id for spec in protocol.episodes]
    return next(((a, b) for a in ids for b in ids if row.episode_id == f"{a}-{b}"), None)


def _suppressor(
    protocol: Protocol, row: Measurement, pair: tuple[str, str]
) -> tuple[int | None, float | None]:
    kinds = {spec.id: spec.kind for spec in protocol.episodes}
    reacts = kinds[pair[0]] == "perturbation" and pair[1] in protocol.physio_baseline
    if row.measure != _SUPPRESSED or not reacts or row.value is None:
        return None, None
    return int(row.value < protocol.suppressor_below), protocol.suppressor_below


def _residualised(parts: Iterable[ChangeRow]) -> Iterator[ChangeRow]:
    given = list(parts)
    try:
        line = residualised_change([one.later for one in given], [one.earlier for one in given])
    except FieldError as error:
        for one in given:
            yield replace(one, n_sessions=len(given), remark=f"not residualised: {error.what}")
        return
    for one, residual in zip(given, line.residuals.tolist(), strict=True):
        yield replace(one, residual=residual, slope=line.slope, n_sessions=len(given))
