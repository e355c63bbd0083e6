"""Result tables: ``measures_long``, ``repairs``, ``recovery``, ``transitions`` and ``moments`` (SPEC 7.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from stillface import __version__
from stillface.domain.results import Measurement
from stillface.io.tables import write_table

__all__ = [
    "MOMENTS_COLUMNS",
    "RECOVERY_COLUMNS",
    "REPAIRS_COLUMNS",
    "TRANSITIONS_COLUMNS",
    "MomentRow",
    "RecoveryRow",
    "RepairRow",
    "SessionTransitionRow",
    "measure_cells",
    "moment_cells",
    "recovery_cells",
    "repair_cells",
    "transition_cells",
    "write_measures_long",
    "write_moments",
    "write_repairs",
]

REPAIRS_COLUMNS = (
    "dyad_id",
    "session_id",
    "episode_id",
    "scheme_id",
    "coder_id",
    "match_rule",
    "bout_index",
    "onset_s",
    "offset_s",
    "duration_s",
    "ended_by",
    "censored",
    "left_trunc",
    "onset_by",
    "completer",
    "first_mover",
    "direction",
)


@dataclass(frozen=True)
class RepairRow:
    """One mismatch bout as the ``repairs`` table shows it; times in seconds of the session clock."""

    dyad_id: str
    session_id: str
    episode_id: str
    scheme_id: str
    coder_id: str
    match_rule: str
    bout_index: int
    onset_s: float
    offset_s: float
    duration_s: float
    ended_by: str
    censored: int
    left_trunc: int
    onset_by: str
    completer: str
    first_mover: str
    direction: str


@dataclass(frozen=True)
class MomentRow:
    """One coded moment as the ``moments`` table shows it; times in seconds of the session clock.

    ``role`` is whose event it is; ``recovery_s`` counts from the event and is the time observed where
    ``censored`` is 1.
    """

    dyad_id: str
    session_id: str
    episode_id: str
    role: str
    scheme_id: str
    coder_id: str
    match_rule: str
    moment_id: str
    moment_index: int
    code: str
    event_s: float
    window_onset_s: float
    window_offset_s: float
    scorable_s: float | None
    coverage: float | None
    target: str
    sustain_s: float
    pct_before: float | None
    pct_after: float | None
    recovery_s: float | None
    confirmed_s: float | None
    status: str
    censored: int
    next_s: float | None
    flags: str


MOMENTS_COLUMNS = tuple(column.name for column in fields(MomentRow))


@dataclass(frozen=True)
class RecoveryRow:
    """One person's or dyad's wait for one target, as survival analysis reads it; times from the onset.

    Parameters
    ----------
    time_s : float, optional
        Until recovery, or as long as was watched where ``event`` is 0.
    event, at_risk : int, optional
        1 where recovery was seen, 0 where the wait was cut short; 0 at risk: there was nothing to wait for.
    criterion : str
        What had to hold: ``sustain_s=3.0;at_risk=not_in_target;gap_policy=interrupt``.
    """

    dyad_id: str
    session_id: str
    episode_id: str
    role: str
    scheme_id: str
    coder_id: str
    match_rule: str
    target: str
    time_s: float | None
    event: int | None
    at_risk: int | None
    confirmed_s: float | None
    criterion: str
    scorable_s: float | None
    coverage: float | None
    status: str
    flags: str


RECOVERY_COLUMNS = tuple(column.name for column in fields(RecoveryRow))


@dataclass(frozen=True)
class SessionTransitionRow:
    """From one code to another within one stream and episode; pairs that did not occur have no row."""

    dyad_id: str
    session_id: str
    episode_id: str
    role: str
    scheme_id: str
    source: str
    coder_id: str
    code: str
    next_code: str
    n_transitions: int
    n_given: int
    p_next: float
    scorable_s: float | None
    coverage: float | None


TRANSITIONS_COLUMNS = tuple(column.name for column in fields(SessionTransitionRow))


def write_measures_long(path: Path, rows: Iterable[Measurement]) -> None:
    """Write measurements in the contract's columns; no value is rounded, none is NaN."""
    write_table(path, Measurement.columns(), (measure_cells(row) for row in rows))


def write_repairs(path: Path, rows: Iterable[RepairRow]) -> None:
    """Write one row per mismatch bout."""
    write_table(path, REPAIRS_COLUMNS, (repair_cells(row) for row in rows))


def write_moments(path: Path, rows: Iterable[MomentRow]) -> None:
    """Write one row per coded moment."""
    write_table(path, MOMENTS_COLUMNS, (moment_cells(row) for row in rows))


def moment_cells(row: MomentRow) -> tuple[object, ...]:
    """Give a row in the columns of ``moments``."""
    return tuple(getattr(row, name) for name in MOMENTS_COLUMNS)


def recovery_cells(row: RecoveryRow) -> tuple[object, ...]:
    """Give a row in the columns of ``recovery``."""
    return tuple(getattr(row, name) for name in RECOVERY_COLUMNS)


def transition_cells(row: SessionTransitionRow) -> tuple[object, ...]:
    """Give a row in the columns of ``transitions``."""
    return tuple(getattr(row, name) for name in TRANSITIONS_COLUMNS)


def repair_cells(row: RepairRow) -> tuple[object, ...]:
    """Give a row in the columns of ``repairs``."""
    return tuple(getattr(row, name) for name in REPAIRS_COLUMNS)


def measure_cells(row: Measurement) -> tuple[object, ...]:
    """Give a row in the contract's columns."""
    return (
        row.dyad_id,
        row.session_id,
        row.protocol_id,
        row.episode_id,
        row.role,
        row.scheme_id,
        row.coder_id,
        row.measure,
        row.code,
        row.match_rule,
        row.value,
        row.unit,
        row.n,
        row.scorable_s,
        row.coverage,
        row.status.value,
        row.censored,
        ";".join(row.flags),
        row.params_hash,
        __version__,
    )
