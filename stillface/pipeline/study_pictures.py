"""What the study's pictures show, computed from all sessions that are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.effect_size import d_z_interval
from stillface.measures.state_space import grid_of
from stillface.measures.survival import kaplan_meier
from stillface.measures.transitions import transition_counts
from stillface.pipeline.event_pictures import study_panels
from stillface.pipeline.study_events import PooledEvents
from stillface.pipeline.study_pairs import pairs_of_schemes
from stillface.pipeline.study_people import Participant
from stillface.pipeline.study_stats import MODELLED, EffectRow
from stillface.pipeline.study_survival import has_limits
from stillface.pipeline.study_transitions import slices_by_stream
from stillface.report.study_plots import (
    ForestLine,
    GridPicture,
    StudyPictures,
    SurvivalLine,
    TransitionPicture,
)
from stillface.report.wording import measure_label

__all__ = ["study_pictures"]


def study_pictures(
    rows: Sequence[Measurement],
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]],
    rules: tuple[MatchRule, ...],
    effects: Sequence[EffectRow],
    protocol: Protocol,
    events: Sequence[PooledEvents],
    people: Mapping[str, Participant],
) -> StudyPictures:
    """Give survival curves, contrasts, grids, transitions and courses around events of a study.

    Parameters
    ----------
    rows : sequence of Measurement
        What is withheld has no value and enters nothing.
    sessions : sequence of (Session, analysed tracks)
    effects : sequence of EffectRow
    protocol : Protocol
        Whose roles name the courses.
    events : sequence of PooledEvents
    people : mapping of str to Participant
        Whose families cluster the survival curves' limits.
    """
    return StudyPictures(
        tuple(_survival(rows, people)),
        tuple(_forest(effects)),
        tuple(_grids(sessions, rules)),
        tuple(_transitions(sessions)),
        study_panels(protocol, events),
    )


def _survival(rows: Sequence[Measurement], people: Mapping[str, Participant]) -> Iterator[SurvivalLine]:
    found: dict[tuple[str, str, str, str], list[Measurement]] = {}
    for row in rows:
        if row.measure == "recovery_latency_s" and row.value is not None and row.session_id in people:
            found.setdefault((row.episode_id, row.role, row.code, row.match_rule), []).append(row)
    for (episode_id, role, target, rule), of_target in found.items():
        if len(of_target) < 2:
            continue
        times = [float(row.value or 0.0) for row in of_target]
        families = [people[row.session_id].family_id for row in of_target]
        curve = kaplan_meier(times, [not row.censored for row in of_target], families)
        # Without limits the band has no width.
        low, high = curve.confidence_interval() if has_limits(families) else (curve.survival,) * 2
        title = f"{episode_id} · {role} · {target}" + (f", rule {rule}" if rule else "")
        yield SurvivalLine(
            title, curve.times_s, curve.survival, low, high, curve.n, int(curve.n_events.sum()),
            max(max(times), 1.0),
        )  # fmt: skip


def _forest(effects: Sequence[EffectRow]) -> Iterator[ForestLine]:
    for effect in effects:
        if effect.group or effect.measure not in MODELLED or effect.code or effect.d_z is None:
            continue
        low, high = d_z_interval(effect.d_z, effect.n_families)
        rule = f", {effect.match_rule}" if effect.match_rule else ""
        title = f"{effect.contrast} · {effect.role} · {measure_label(effect.measure)}{rule}"
        yield ForestLine(title, effect.d_z, low, high, effect.n_families)


def _grids(
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]], rules: tuple[MatchRule, ...]
) -> Iterator[GridPicture]:
    """Pool the grids of the pairs of schemes that a rule speaks of; each session weighs by its time."""
    for (episode_id, scheme_id), pairs in pairs_of_schemes(sessions, rules).items():
        grids = [grid_of(pair) for pair in pairs]
        seconds = sum((grid.durations_s for grid in grids), np.zeros(grids[0].shape))
        yield GridPicture(f"{episode_id} · {scheme_id}", *grids[0].ids, seconds / seconds.sum())


def _transitions(sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]]) -> Iterator[TransitionPicture]:
    for (episode_id, role, scheme_id), streams in slices_by_stream(sessions).items():
        places = [index for index, _ in streams[0].codes]
        counts = sum(transition_counts(stream.track) for stream in streams)
        counts = np.asarray(counts)[np.ix_(places, places)]
        seconds = np.array(
            [
                sum(int(s.track.durations_ns[s.track.codes == index].sum()) for s in streams)
                for index in places
            ],
            dtype=np.float64,
        )
        if counts.any():
            ids = tuple(code for _, code in streams[0].codes)
            yield TransitionPicture(
                f"{episode_id} · {role} · {scheme_id}", ids, counts, seconds / seconds.sum()
            )
