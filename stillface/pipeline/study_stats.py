"""What a study says as a whole: effects, models, groups, chance, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.errors import FieldError, MissingExtraError
from stillface.measures.contrasts import SUBTRACTED, paired_contrast
from stillface.measures.mixed import mixed_model
from stillface.pipeline.study_people import Participant
from stillface.report.wording import status_words

__all__ = [
    "MODELLED",
    "EffectRow",
    "ExclusionRow",
    "GroupRow",
    "ModelRow",
    "effect_rows",
    "exclusion_rows",
    "group_rows",
    "model_rows",
]

MODELLED = ("pct_negative", "pct_positive", "pct_match", "repair_rate_per_min", "hr_bpm", "rsa_ln_ms2")
"""Measures that are modelled here, for the summed valences and not code by code; the scripts model any."""

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class EffectRow:
    """A contrast between two episodes over families, naming which d is which.

    ``group`` is empty for all families together.
    """

    group: str
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
    reason: str
    n_rows: int


def effect_rows(
    protocol: Protocol, rows: Iterable[Measurement], people: Mapping[str, Participant]
) -> Iterator[EffectRow]:
    """Give every contrast of the protocol for every measure that can be subtracted.

    For all families and, where there are several groups, for each. Sessions of one family (and group) are
    averaged first, so that twins and two parents do not count twice. Nothing is given where fewer than two
    families have both episodes. Each row stands for one test among many: no correction is made, and the
    number of rows is what to correct for.
    """
    groups = sorted({person.group for person in people.values() if person.group})
    asked = ["", *groups] if len(groups) > 1 else [""]
    for key, by_session in _by_key(rows).items():
        for contrast in protocol.contrasts:
            for group in asked:
                by_family: dict[str, list[tuple[float, float]]] = {}
                for session_id, values in by_session.items():
                    later, earlier = (values.get(episode) for episode in contrast.minus)
                    person = people.get(session_id)
                    if later is None or earlier is None or person is None or group not in ("", person.group):
                        continue
                    by_family.setdefault(person.family_id, []).append((later, earlier))
                if len(by_family) >= 2:
                    yield _effect(group, contrast.episode_id, key, list(by_family.values()))


def _effect(group: str, contrast: str, key: Key, families: list[list[tuple[float, float]]]) -> EffectRow:
    from scipy.stats import t as student

    pairs = np.array([np.mean(values, axis=0) for values in families])
    found = paired_contrast(pairs[:, 0], pairs[:, 1])
    p = None if found.t is None else float(2 * student.sf(abs(found.t), found.df))
    return EffectRow(
        group, contrast, *key, found.mean, found.sd, found.t, found.df, p, found.d_z, found.d_av, found.n
    )


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
    columns = {name: [known[k].covariates[name] for k in kept] for name in names}
    same = [name for name, values in columns.items() if len(set(values)) < 2]
    remarks = [f"{name} is the same in all and left out" for name in same]
    if len(kept) < len(cells):
        remarks.append(f"{len(cells) - len(kept)} values without {', '.join(names)} left out")
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
            {name: values for name, values in columns.items() if name not in same},
        )
    except (FieldError, MissingExtraError) as error:
        empty = (None,) * 6
        remark = "; ".join((f"not fitted: {error.what}", *remarks))
        yield ModelRow(*key, "", *empty, len(kept), len(dyads), len(families), remark)
        return
    remark = "; ".join(filter(None, (found.remark, *remarks)))
    for term in found.terms:
        yield ModelRow(
            *key, term.name, term.estimate, term.se, term.z, term.p, term.low, term.high, found.n,
            found.n_dyads, found.n_families, remark,
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


def exclusion_rows(
    rows: Iterable[Measurement],
    failed: Mapping[str, str],
    unsettled: Mapping[tuple[str, str, str], str] | None = None,
) -> Iterator[ExclusionRow]:
    """Count what has no value, by session, episode and reason.

    Sessions not processed come first, then streams of which no coding is analysed.

    Parameters
    ----------
    rows : iterable of Measurement
    failed : mapping of session_id to str
    unsettled : mapping of (session_id, role, scheme_id) to str, optional
    """
    for session_id, reason in sorted(failed.items()):
        yield ExclusionRow(session_id, "", "", "", "not processed", reason, 0)
    for (session_id, role, scheme_id), reason in sorted((unsettled or {}).items()):
        yield ExclusionRow(session_id, "", role, scheme_id, "not analysed", reason, 0)
    counts = Counter(
        (
            row.session_id, row.episode_id, row.role, row.scheme_id, row.status.value,
            status_words(row.status, row.measure),
        )
        for row in rows
        if row.value is None
    )  # fmt: skip
    for key, n in counts.items():
        yield ExclusionRow(*key, n)


def _by_key(rows: Iterable[Measurement]) -> dict[Key, dict[str, dict[str, float]]]:
    """Values of measures that can be subtracted: by key, session and episode."""
    found: dict[Key, dict[str, dict[str, float]]] = {}
    for row in rows:
        if row.measure in SUBTRACTED and row.value is not None and "-" not in row.episode_id:
            found.setdefault(_key(row), {}).setdefault(row.session_id, {})[row.episode_id] = row.value
    return found


def _key(row: Measurement) -> Key:
    return row.role, row.scheme_id, row.measure, row.code, row.match_rule
