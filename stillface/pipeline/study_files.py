"""The statistics of a study: computed once, written as tables with scripts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from stillface.domain.autonomic import BodySeries
from stillface.domain.measure_params import USUAL, MeasureParams
from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.io.codebook import write_codebook
from stillface.io.durable import write_atomic
from stillface.io.tables import write_table
from stillface.pipeline.study_body_chance import body_chance_rows
from stillface.pipeline.study_chance import ChanceRow, chance_rows
from stillface.pipeline.study_change import ChangeRow, change_rows
from stillface.pipeline.study_contingency import ContingencyRow, contingency_rows
from stillface.pipeline.study_events import EventRow, PooledEvents
from stillface.pipeline.study_missing import MissingRow, missing_rows
from stillface.pipeline.study_people import Participant
from stillface.pipeline.study_scripts import r_script, spss_script
from stillface.pipeline.study_stats import (
    EffectRow,
    ExclusionRow,
    GroupRow,
    ModelRow,
    effect_rows,
    exclusion_rows,
    group_rows,
    model_rows,
)
from stillface.pipeline.study_survival import SurvivalRow, survival_rows
from stillface.pipeline.study_transitions import TransitionRow, transition_rows

__all__ = ["STATISTICS", "Statistics", "study_statistics", "write_statistics"]

_TABLES: dict[str, tuple[str, type]] = {
    "effects.csv": ("effects", EffectRow),
    "mixed_models.csv": ("models", ModelRow),
    "groups.csv": ("groups", GroupRow),
    "chance.csv": ("chance", ChanceRow),
    "contingency.csv": ("contingency", ContingencyRow),
    "survival.csv": ("survival", SurvivalRow),
    "transitions.csv": ("transitions", TransitionRow),
    "events.csv": ("events", EventRow),
    "autonomic_change.csv": ("changes", ChangeRow),
    "missing_physiology.csv": ("missing", MissingRow),
    "exclusions.csv": ("exclusions", ExclusionRow),
}
STATISTICS = (*_TABLES, "codebook.csv", "analysis.R", "analysis.sps")
"""Files of ``exports/statistics``."""


@dataclass(frozen=True)
class Statistics:
    """What a study says as a whole."""

    effects: tuple[EffectRow, ...] = ()
    models: tuple[ModelRow, ...] = ()
    groups: tuple[GroupRow, ...] = ()
    chance: tuple[ChanceRow, ...] = ()
    contingency: tuple[ContingencyRow, ...] = ()
    survival: tuple[SurvivalRow, ...] = ()
    transitions: tuple[TransitionRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    changes: tuple[ChangeRow, ...] = ()
    missing: tuple[MissingRow, ...] = ()
    exclusions: tuple[ExclusionRow, ...] = ()


def study_statistics(
    protocol: Protocol,
    rows: Sequence[Measurement],
    people: Mapping[str, Participant],
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]],
    rules: tuple[MatchRule, ...],
    failed: Mapping[str, str],
    events: Sequence[PooledEvents] = (),
    bodies: Sequence[tuple[Session, Sequence[BodySeries]]] = (),
    params: MeasureParams = USUAL,
    unsettled: Mapping[tuple[str, str, str], str] | None = None,
) -> Statistics:
    """Compute all of it.

    Parameters
    ----------
    rows : sequence of Measurement
        As exported: what is withheld there is withheld here.
    people : mapping of session_id to Participant
    sessions : sequence of (Session, analysed tracks)
    failed : mapping of session_id to str
        Why sessions are not in.
    events : sequence of PooledEvents
        Heart and skin around events.
    bodies : sequence of (Session, its hearts and skins over time)
    params : MeasureParams
        Those the rows were made with.
    unsettled : mapping of (session_id, role, scheme_id) to str, optional
        Why none of several codings of a stream is analysed.
    """
    families = {session_id: person.family_id for session_id, person in people.items()}
    return Statistics(
        tuple(effect_rows(protocol, rows, people)),
        tuple(model_rows(protocol, rows, people)),
        tuple(group_rows(rows, people)),
        (*chance_rows(sessions, rules, families, params), *body_chance_rows(bodies, families)),
        tuple(contingency_rows(sessions, rules, families, params)),
        tuple(survival_rows(rows, people)),
        tuple(transition_rows(sessions)),
        tuple(one.row for one in events),
        tuple(change_rows(protocol, rows)),
        tuple(missing_rows(rows)),
        tuple(exclusion_rows(rows, failed, unsettled)),
    )


def write_statistics(
    out: Path,
    protocol: Protocol,
    statistics: Statistics,
    people: Mapping[str, Participant],
    covariates: Sequence[str],
    session_columns: Sequence[str],
) -> tuple[Path, ...]:
    """Write the tables, their codebook, and the scripts that read the exported measures.

    Parameters
    ----------
    out : Path
        Folder; made if it is not there.
    covariates, session_columns : sequence of str
        What the models take, and the columns of ``sessions.csv``.
    """
    out.mkdir(parents=True, exist_ok=True)
    columns: list[str] = []
    for name, (part, kind) in _TABLES.items():
        names = [column.name for column in fields(kind)]
        rows = getattr(statistics, part)
        write_table(out / name, names, ([getattr(row, column) for column in names] for row in rows))
        columns += names
    write_codebook(out / "codebook.csv", columns, ())
    words = [
        name
        for name in covariates
        if any(isinstance(person.covariates.get(name), str) for person in people.values())
    ]
    # What no session has would be a column that is not there.
    known = [name for name in covariates if any(name in person.covariates for person in people.values())]
    write_atomic(out / "analysis.R", r_script(protocol, known).encode())
    write_atomic(out / "analysis.sps", spss_script(protocol, known, session_columns, words).encode())
    return tuple(out / name for name in STATISTICS)
