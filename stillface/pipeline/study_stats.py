"""What a study says as a whole: effects, models, groups, chance, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.errors import FieldError, MissingExtraError
from stillface.io.codebook import write_codebook
from stillface.io.durable import write_atomic
from stillface.io.tables import write_table
from stillface.measures.contrasts import SUBTRACTED, paired_contrast
from stillface.measures.mixed import mixed_model
from stillface.pipeline.study_chance import ChanceRow
from stillface.pipeline.study_scripts import R_SCRIPT, SPSS_SCRIPT

__all__ = [
    "EffectRow",
    "ExclusionRow",
    "GroupRow",
    "ModelRow",
    "Participant",
    "effect_rows",
    "exclusion_rows",
    "group_rows",
    "model_rows",
    "write_statistics",
]

MODELLED = ("pct_negative", "pct_positive", "pct_match", "repair_rate_per_min", "hr_bpm", "rsa_ln_ms2")
"""Measures that are modelled here; the R and SPSS scripts model any."""

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Participant:
    """What the statistics need to know of a session.

    Parameters
    ----------
    family_id : str
        Sessions of one family are one cluster; the dyad's id where no family is recorded.
    group : str
        Of the focal person; empty where not recorded.
    covariates : mapping of str to float
        Only those known for a session enter a model, for sessions that have all of them.
    """

    session_id: str
    dyad_id: str
    family_id: str
    group: str = ""
    covariates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EffectRow:
    """A contrast between two episodes over families, naming which d is which."""

    contrast: str
    role: str
    scheme_id: str
    measure: str
    code: str
    match_rule: str
    mean_difference: float
    sd_difference: float
    t: float | None
    df: int
    p: float | None
    d_z: float | None
    d_av: float | None
    n_families: int


@dataclass(frozen=True)
class ModelRow:
    """One term of one mixed model."""

    role: str
    scheme_id: str
    measure: str
    code: str
    match_rule: str
    term: str
    estimate: float | None
    se: float | None
    z: float | None
    p: float | None
    ci_low: float | None
    ci_high: float | None
    n_values: int
    n_dyads: int
    n_families: int
    remark: str


@dataclass(frozen=True)
class GroupRow:
    """One measure in one episode and group; empty group where none is recorded."""

    group: str
    episode_id: str
    role: str
    scheme_id: str
    measure: str
    code: str
    match_rule: str
    mean: float
    sd: float | None
    median: float
    minimum: float
    maximum: float
    n_values: int
    n_missing: int


@dataclass(frozen=True)
class ExclusionRow:
    """Values that are missing or not defined, counted by reason."""

    session_id: str
    episode_id: str
    role: str
    scheme_id: str
    status: str
    n_rows: int


def effect_rows(
    protocol: Protocol, rows: Iterable[Measurement], people: Mapping[str, Participant]
) -> Iterator[EffectRow]:
    """Give every contrast of the protocol for every measure that can be subtracted.

    Sessions of one family are averaged first, so that twins and two parents do not count twice. Nothing is
    given where fewer than two families have both episodes. Each row stands for one test among many: no
    correction is made, and the number of rows is what to correct for.
    """
    from scipy.stats import t as student

    for key, by_session in _by_key(rows).items():
        for contrast in protocol.contrasts:
            by_family: dict[str, list[tuple[float, float]]] = {}
            for session_id, values in by_session.items():
                later, earlier = (values.get(episode) for episode in contrast.minus)
                if later is not None and earlier is not None and session_id in people:
                    by_family.setdefault(people[session_id].family_id, []).append((later, earlier))
            if len(by_family) < 2:
                continue
            pairs = np.array([np.mean(values, axis=0) for values in by_family.values()])
            found = paired_contrast(pairs[:, 0], pairs[:, 1])
            p = None if found.t is None else float(2 * student.sf(abs(found.t), found.df))
            yield EffectRow(
                contrast.episode_id, *key, found.mean, found.sd, found.t, found.df, p, found.d_z, found.d_av,
                found.n,
            )  # fmt: skip


def model_rows(
    protocol: Protocol,
    rows: Iterable[Measurement],
    people: Mapping[str, Participant],
    measures: Sequence[str] = MODELLED,
) -> Iterator[ModelRow]:
    """Give the mixed model (episode by group, random dyad within family) of the chief measures.

    A model that cannot be fitted is one row with the reason in ``remark``.
    """
    order = [spec.id for spec in protocol.episodes]
    for key, by_session in _by_key(rows).items():
        if key[2] not in measures or (key[2] == "pct_match" and key[3]):
            continue
        cells = sorted(
            (people[session].group, order.index(episode), session, episode, value)
            for session, values in by_session.items()
            if session in people
            for episode, value in values.items()
        )
        cells.sort(key=lambda cell: cell[1])
        yield from _model(key, [(cell[2], cell[3], cell[4]) for cell in cells], people)


def _model(
    key: Key, cells: list[tuple[str, str, float]], people: Mapping[str, Participant]
) -> Iterator[ModelRow]:
    known = [people[session] for session, _, _ in cells]
    names = sorted({name for person in known for name in person.covariates})
    kept = [k for k, person in enumerate(known) if all(name in person.covariates for name in names)]
    dyads = {known[k].dyad_id for k in kept}
    families = {known[k].family_id for k in kept}
    groups = [known[k].group for k in kept]
    try:
        found = mixed_model(
            [cells[k][2] for k in kept],
            [cells[k][1] for k in kept],
            [known[k].dyad_id for k in kept],
            [known[k].family_id for k in kept],
            groups if len(set(groups)) > 1 else None,
            {name: [known[k].covariates[name] for k in kept] for name in names},
        )
    except (FieldError, MissingExtraError) as error:
        empty = (None,) * 6
        yield ModelRow(*key, "", *empty, len(kept), len(dyads), len(families), f"not fitted: {error.what}")
        return
    for term in found.terms:
        yield ModelRow(
            *key, term.name, term.estimate, term.se, term.z, term.p, term.low, term.high, found.n,
            found.n_dyads, found.n_families, found.remark,
        )  # fmt: skip


def group_rows(rows: Iterable[Measurement], people: Mapping[str, Participant]) -> Iterator[GroupRow]:
    """Describe every measure by group and episode; censored values are never averaged."""
    found: dict[tuple[str, str, Key], list[float]] = {}
    missing: Counter[tuple[str, str, Key]] = Counter()
    for row in rows:
        if row.session_id not in people or row.measure not in SUBTRACTED:
            continue
        key = (people[row.session_id].group, row.episode_id, _key(row))
        if row.value is None:
            missing[key] += 1
        else:
            found.setdefault(key, []).append(row.value)
    for key, values in found.items():
        numbers = np.array(values)
        sd = float(numbers.std(ddof=1)) if numbers.size > 1 else None
        yield GroupRow(
            *key[:2], *key[2], float(numbers.mean()), sd,
            float(np.median(numbers)), float(numbers.min()), float(numbers.max()), numbers.size, missing[key],
        )  # fmt: skip


def exclusion_rows(rows: Iterable[Measurement], failed: Mapping[str, str]) -> Iterator[ExclusionRow]:
    """Count what has no value, by session, episode and reason; sessions not processed come first."""
    for session_id, reason in sorted(failed.items()):
        yield ExclusionRow(session_id, "", "", "", f"not processed: {reason}", 0)
    counts = Counter(
        (row.session_id, row.episode_id, row.role, row.scheme_id, row.status.value)
        for row in rows
        if row.value is None
    )
    for key, n in counts.items():
        yield ExclusionRow(*key, n)


def write_statistics(
    out: Path,
    protocol: Protocol,
    rows: Sequence[Measurement],
    people: Mapping[str, Participant],
    *,
    chance: Sequence[ChanceRow] = (),
    failed: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Write the tables of the study, their codebook, and the scripts that read the exported measures.

    Parameters
    ----------
    out : Path
        Folder; made if it is not there.
    rows : sequence of Measurement
        As exported: what is withheld there is withheld here.
    """
    out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[type, Sequence[object]]] = {
        "effects.csv": (EffectRow, tuple(effect_rows(protocol, rows, people))),
        "mixed_models.csv": (ModelRow, tuple(model_rows(protocol, rows, people))),
        "groups.csv": (GroupRow, tuple(group_rows(rows, people))),
        "chance.csv": (ChanceRow, tuple(chance)),
        "exclusions.csv": (ExclusionRow, tuple(exclusion_rows(rows, failed or {}))),
    }
    columns: list[str] = []
    for name, (kind, found) in tables.items():
        names = [column.name for column in fields(kind)]
        write_table(out / name, names, ([getattr(row, column) for column in names] for row in found))
        columns += names
    write_codebook(out / "codebook.csv", columns, ())
    for name, text in (("analysis.R", R_SCRIPT), ("analysis.sps", SPSS_SCRIPT)):
        write_atomic(out / name, text.encode())
    return tuple(out / name for name in (*tables, "codebook.csv", "analysis.R", "analysis.sps"))


def _by_key(rows: Iterable[Measurement]) -> dict[Key, dict[str, dict[str, float]]]:
    """Values of measures that can be subtracted: by key, session and episode."""
    found: dict[Key, dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.measure in SUBTRACTED and row.value is not None and "-" not in row.episode_id:
            found.setdefault(_key(row), {}).setdefault(row.session_id, {})[row.episode_id] = row.value
    return found


def _key(row: Measurement) -> Key:
    return row.role, row.scheme_id, row.measure, row.code, row.match_rule
