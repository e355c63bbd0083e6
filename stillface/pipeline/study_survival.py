"""Waiting times of a study, censored ones included: Kaplan-Meier curves as numbers (SPEC 3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement, Status
from stillface.measures.survival import SurvivalCurve, kaplan_meier
from stillface.pipeline.study_people import Participant
from stillface.report.study_tables import StudyTable
from stillface.report.wording import measure_label, role_label, rounded

__all__ = ["WAITING", "SurvivalRow", "has_limits", "survival_rows", "survival_table"]

WAITING = ("latency_s", "recovery_latency_s", "return_to_baseline_s")
"""Measures that are waiting times: each is reached, or censored."""

Key = tuple[str, str, str, str, str, str]
_FEWEST_FAMILIES = 3


@dataclass(frozen=True)
class SurvivalRow:
    """One step of one curve, with what is said of the whole curve.

    Parameters
    ----------
    group : str
        Empty for all sessions together.
    n_waited, n_reached, n_not_at_risk : int
        Sessions behind the curve, those that reached it, and those that had nothing to wait for.
    median_s : float, optional
        First time by which half have reached it; None where fewer have.
    restricted_mean_s : float
        Area under the curve to ``until_s``, the same for all and each group: the shortest of the longest
        observations of those in which somebody had not reached it; without any, the longest.
    time_s, at_risk, n_now, survival, survival_se, survival_low, survival_high
        At a time at which somebody reached it: who was still waiting just before, how many reached it then,
        the share that waits on, its standard error clustered by family (Greenwood's where each family has
        one session) and 95 % log-log interval. A curve that nobody reached is one row without them; error
        and limits are missing where families repeat and are fewer than three.
    """

    group: str
    episode_id: str
    role: str
    scheme_id: str
    measure: str
    code: str
    match_rule: str
    n_waited: int
    n_reached: int
    n_not_at_risk: int
    n_families: int
    median_s: float | None
    restricted_mean_s: float
    until_s: float
    time_s: float | None
    at_risk: int | None
    n_now: int | None
    survival: float | None
    survival_se: float | None
    survival_low: float | None
    survival_high: float | None


def survival_rows(rows: Iterable[Measurement], people: Mapping[str, Participant]) -> Iterator[SurvivalRow]:
    """Give the curve of every waiting time, for all sessions and, where there are several groups, for each.

    Each session is a wait of its own; those of one family, of which ``n_families`` tells the number, depend
    on each other, which widens the limits.
    """
    groups = sorted({person.group for person in people.values() if person.group})
    asked = ["", *groups] if len(groups) > 1 else [""]
    found: dict[Key, list[Measurement]] = {}
    for row in rows:
        if row.measure in WAITING and row.session_id in people:
            key = row.episode_id, row.role, row.scheme_id, row.measure, row.code, row.match_rule
            found.setdefault(key, []).append(row)
    for key, waits in found.items():
        parts = {
            group: [row for row in waits if group in ("", people[row.session_id].group)] for group in asked
        }
        until_s = _until_s([part for part in parts.values() if _times(part)])
        for group, part in parts.items():
            if _times(part):
                yield from _curve(group, key, part, until_s, people)


def _until_s(parts: Sequence[Sequence[Measurement]]) -> float:
    """Give the time to which every curve is known: one that has come down to 0 is known for ever."""
    ends = [max((row.value, row.censored) for row in part if row.value is not None) for part in parts]
    return min(
        (end for end, censored in ends if censored), default=max((end for end, _ in ends), default=0.0)
    )


def _times(rows: Sequence[Measurement]) -> list[float]:
    return [row.value for row in rows if row.value is not None]


def _curve(
    group: str, key: Key, rows: Sequence[Measurement], until_s: float, people: Mapping[str, Participant]
) -> Iterator[SurvivalRow]:
    waited = [row for row in rows if row.value is not None]
    families = [people[row.session_id].family_id for row in waited]
    curve = kaplan_meier(_times(waited), [not row.censored for row in waited], families)
    whole = (
        group,
        *key,
        curve.n,
        int(curve.n_events.sum()),
        sum(row.status is Status.NA_NOTATRISK for row in rows),
        len(set(families)),
        curve.median_s,
        curve.restricted_mean_s(until_s),
        until_s,
    )
    for step in _steps(curve, limits=has_limits(families)):
        yield SurvivalRow(*whole, *step)


def has_limits(families: Sequence[str]) -> bool:
    """Tell whether the spread between families can be told: one or two that repeat say nothing of it."""
    n_families = len(set(families))
    return n_families == len(families) or n_families >= _FEWEST_FAMILIES


def _steps(
    curve: SurvivalCurve, *, limits: bool
) -> Iterator[tuple[float, int, int, float, float | None, float | None, float | None] | tuple[None, ...]]:
    if not curve.times_s.size:
        yield (None,) * 7
        return
    none = [None] * curve.times_s.size
    low, high = (side.tolist() for side in curve.confidence_interval())
    yield from zip(
        curve.times_s.tolist(), curve.at_risk.tolist(), curve.n_events.tolist(), curve.survival.tolist(),
        *((curve.se.tolist(), low, high) if limits else (none, none, none)), strict=True,
    )  # fmt: skip


def survival_table(protocol: Protocol, rows: Iterable[SurvivalRow]) -> StudyTable:
    """Give the recoveries for the study's page, one row a curve."""
    curves = {
        (row.group, row.episode_id, row.role, row.scheme_id, row.measure, row.code, row.match_rule): row
        for row in rows
        if row.measure != "latency_s"
    }
    return StudyTable(
        "survival_table",
        "Waiting times in numbers",
        "Kaplan-Meier. Median: when half have recovered. Restricted mean: the mean wait if nobody is "
        "followed beyond the time in brackets; a mean of waits that were cut short would be too small. Who "
        "had nothing to recover from is in none of them. Each step with its standard error and limits, "
        "clustered by family, and the latency of every code stand in exports/statistics/survival.csv.",
        ("Measure", "Episode", "Group", "Who", "Rule", "Waited", "Reached", "Not at risk", "Median (s)",
         "Restricted mean (s)"),
        tuple(
            (
                " ".join((measure_label(row.measure), row.code)).strip(),
                row.episode_id,
                row.group or "all",
                " · ".join((role_label(protocol, row.role), row.scheme_id)),
                row.match_rule or "–",
                str(row.n_waited),
                str(row.n_reached),
                str(row.n_not_at_risk),
                "not reached" if row.median_s is None else rounded(row.median_s),
                f"{rounded(row.restricted_mean_s)} ({rounded(row.until_s)})",
            )
            for row in curves.values()
        ),
        "norms_none",
    )  # fmt: skip
