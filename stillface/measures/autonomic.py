"""Autonomic results as rows: per episode and role, and against the declared baseline (SPEC 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from stillface.domain.autonomic import AutonomicEpisode, AutonomicValue
from stillface.domain.protocol import Contrast
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Session
from stillface.measures.contrasts import contrast_rows
from stillface.measures.slices import Stamp

__all__ = ["EDA_MEASURES", "HEART_MEASURES", "autonomic_rows", "baseline_rows"]

HEART_MEASURES = ("hr_bpm", "ibi_ms", "rmssd_ms", "rsa_ln_ms2")
EDA_MEASURES = ("scl_us", "scr_per_min")

_MEASURES_OF = {"ecg": HEART_MEASURES, "ibi": HEART_MEASURES, "eda": EDA_MEASURES}
_UNITS = {
    "hr_bpm": "bpm",
    "ibi_ms": "ms",
    "rmssd_ms": "ms",
    "rsa_ln_ms2": "ln(ms2)",
    "scl_us": "uS",
    "scr_per_min": "1/min",
}


def autonomic_rows(session: Session, summaries: Iterable[AutonomicEpisode]) -> Iterator[Measurement]:
    """Give one row for each role, measure and analysed episode.

    Parameters
    ----------
    session : Session
        Whose channels say what was meant to be recorded: where nothing came of it, the row says
        MISS_TECH; where the episode was not run, MISS_EPISODE.
    summaries : iterable of AutonomicEpisode

    Notes
    -----
    Differences between episodes come from :func:`~stillface.measures.contrasts.contrast_rows` and,
    for a baseline that the protocol's contrasts do not name, from :func:`baseline_rows`.
    """
    given = list(summaries)
    for role, measures in _expected(session, given):
        own = [part for part in given if part.role == role and _offers(part, measures)]
        source, params_hash = (own[0].source, own[0].params_hash) if own else ("", "")
        for spec in session.protocol.episodes:
            episode = session.episode(spec.id)
            if not spec.analyse or (episode is None and spec.optional):
                continue
            values = {
                value.measure: value for part in own if part.episode_id == spec.id for value in part.values
            }
            absent = Status.MISS_EPISODE if episode is None else Status.MISS_TECH
            for measure in measures:
                value = values.get(measure)
                yield _row(session, spec.id, role, source, params_hash, measure, value, absent)


def baseline_rows(session: Session, rows: Iterable[Measurement]) -> Iterator[Measurement]:
    """Give reactivity (still-face - baseline) and carry-over (reunion - baseline).

    The baseline is the first that the protocol declares for physiology and that was run. A
    difference that is already among the protocol's contrasts is left to them.
    """
    protocol = session.protocol
    base = next((b for b in protocol.physio_baseline if session.episode(b) is not None), None)
    declared = {contrast.minus for contrast in protocol.contrasts}
    wanted = tuple(
        Contrast(f"{spec.id}_baseline", (spec.id, base))
        for spec in protocol.episodes
        if base is not None
        and spec.analyse
        and spec.kind in ("perturbation", "reunion")
        and (spec.id, base) not in declared
    )
    autonomic = (row for row in rows if row.measure in _UNITS)
    yield from contrast_rows(replace(protocol, contrasts=wanted, recovery=()), autonomic)


def _expected(session: Session, given: list[AutonomicEpisode]) -> list[tuple[str, tuple[str, ...]]]:
    """Give each role with the measures that its channels or its results promise, in a fixed order."""
    promised = {(c.role, _MEASURES_OF[c.signal]) for c in session.channels if c.signal in _MEASURES_OF}
    promised |= {
        (part.role, measures)
        for part in given
        for measures in (HEART_MEASURES, EDA_MEASURES)
        if _offers(part, measures)
    }
    order = session.protocol.role_ids
    return sorted(promised, key=lambda pair: (order.index(pair[0]), pair[1] == EDA_MEASURES))


def _offers(part: AutonomicEpisode, measures: tuple[str, ...]) -> bool:
    return any(value.measure in measures for value in part.values)


def _row(
    session: Session,
    episode_id: str,
    role: str,
    source: str,
    params_hash: str,
    measure: str,
    value: AutonomicValue | None,
    absent: Status,
) -> Measurement:
    coder_id = source.partition(":")[2] or source
    scorable_s = coverage = None
    if value is not None:
        scorable_s, coverage = value.scorable_s, value.coverage
    elif absent is Status.MISS_TECH:
        scorable_s, coverage = 0.0, 0.0
    stamp = Stamp(session, episode_id, role, "", coder_id, "", scorable_s, coverage, params_hash)
    if value is None:
        return stamp.row(measure, None, _UNITS[measure], status=absent)
    return stamp.row(measure, value.value, _UNITS[measure], n=value.n, status=value.status, flags=value.flags)
