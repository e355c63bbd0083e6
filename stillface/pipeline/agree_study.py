"""The reliability of a study: its plan and progress, people against people, machine against people."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from stillface.agreement.plan import draw, label
from stillface.domain.provenance import Json
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.io.bundle import StudyFolder
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_coders import against_scratch, certification, refused
from stillface.pipeline.agree_drift import counted_points, recode, study_drift
from stillface.pipeline.agree_figures import (
    AgreementParams,
    pair_figures,
    pooled_figures,
)
from stillface.pipeline.agree_points import among, counts, study_points
from stillface.pipeline.agree_strata import focal_person
from stillface.pipeline.agree_streams import CoderStream, SessionStreams, own_judgement, session_streams
from stillface.pipeline.agree_validity import study_validity
from stillface.pipeline.known_coders import check_coders

__all__ = ["Disagreement", "StudyAgreement", "draw_sessions", "study_agreement"]

Pair = tuple[CoderStream, CoderStream]


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Two coders of one stream, for a picture of where they differ."""

    session: Session
    first: StateTrack
    second: StateTrack


@dataclass(frozen=True, eq=False)
class StudyAgreement:
    """What a study's reliability comes to.

    Parameters
    ----------
    content : dict
        Everything as JSON.
    disagreements : tuple of Disagreement
        Pairs of people on which the estimate rests, session by session.
    """

    content: dict[str, Json]
    disagreements: tuple[Disagreement, ...]


def draw_sessions(folder: StudyFolder, seed: int | None = None) -> ReliabilityPlan:
    """Draw sessions to be coded twice and keep seed and sessions in study.yaml.

    What was drawn before stays; new sessions are drawn as the study grows.

    Parameters
    ----------
    folder : StudyFolder
    seed : int, optional
        For a first draw; made up without it. Later draws use the one that is kept.

    Raises
    ------
    InputError
        Another seed than the one kept, or a session drawn before that is gone.
    """
    kept = folder.reliability
    if seed is not None and kept.seed not in (None, seed):
        raise InputError(
            "sessions have been drawn with another seed",
            where="study.yaml, reliability",
            got=seed,
            expected=kept.seed,
            fix="leave --seed out, or remove seed and sessions to draw anew",
        )
    chosen = kept.seed if kept.seed is not None else seed if seed is not None else secrets.randbelow(2**31)
    strata = _strata(folder)

    def change(plan: ReliabilityPlan) -> ReliabilityPlan:
        candidates = {name: stratum for name, stratum in strata.items() if name not in plan.masters}
        return replace(
            plan, seed=chosen, sessions=draw(candidates, plan.share, chosen, already=plan.sessions)
        )

    return folder.update_reliability(change)


def study_agreement(
    folder: StudyFolder, params: AgreementParams | None = None, coders: Sequence[str] = ()
) -> StudyAgreement:
    """Compare all codings of a study.

    Parameters
    ----------
    folder : StudyFolder
    params : AgreementParams, optional
    coders : sequence of str
        Only pairs of people in which one of these takes part, with two or more only pairs among them; and
        only their certification. Plan, review and machines stay whole.

    Raises
    ------
    InputError
        A session, log or proposal that cannot be read; a coder who is not in the study.
    """
    params = params or AgreementParams()
    plan = folder.reliability
    check_coders(folder, coders, machines=False)
    wanted = frozenset(name.rpartition(":")[2] for name in coders)
    streams = [session_streams(folder, session_id) for session_id in folder.sessions()]
    pairs = [pair for found in streams for pair in _pairs(found.from_scratch, wanted)]
    counted = [pair for pair in pairs if counts(plan, pair[0].session_id)]
    months = study_drift(counted, counted_points(streams, plan, wanted), plan, params)
    content: dict[str, Json] = {
        "study_id": folder.study.study_id,
        "plan": _plan(folder, plan, streams),
        "labels": dict(plan.labels),
        "pooled": {scheme: _pooled(found, plan, params) for scheme, found in _by_scheme(counted).items()},
        "estimate_rests_on": "drawn sessions"
        if plan.sessions
        else "all sessions coded twice: none were drawn",
        "sessions": [_session_row(pair, plan, params) for pair in pairs],
        **study_points(streams, plan, wanted, params),
        "coders": [*sorted(wanted)],
        "certification": [
            row for row in certification(streams, plan, params) if not wanted or row["coder"] in wanted
        ],
        "drift": months,
        "recode": recode(streams, months, plan),
        "reviewed_against_scratch": against_scratch(streams, plan),
        "validity": study_validity(folder, streams, params),
        "refused": [line for found in streams for line in refused(found)],
        "warnings": [f"{s.session.session_id}: {line}" for s in streams for line in s.warnings],
        "parameters": {
            "unit_ns": params.unit_ns,
            "onset_ns": params.onset_ns,
            "tolerances_ns": list(params.tolerances_ns),
            "seed": params.seed,
            "n_resamples": params.n_resamples,
        },
    }
    sessions = {found.session.session_id: found.session for found in streams}
    return StudyAgreement(
        content, tuple(Disagreement(sessions[a.session_id], a.track, b.track) for a, b in counted)
    )


def _strata(folder: StudyFolder) -> dict[str, tuple[str, ...]]:
    """Give each session's group, sex, age band and site, as far as the plan asks for them."""
    plan, study = folder.reliability, folder.study
    strata = {}
    for session_id in folder.sessions():
        session = folder.load_session(session_id)
        person, age = focal_person(study, session)
        known = {
            "group": "" if person is None else person.group,
            "sex": "" if person is None else person.sex,
            "age": "" if age is None else str(age // plan.age_band_days),
            "site": session.covariates.get("site", ""),
        }
        strata[session_id] = tuple(known[name] for name in plan.stratify_by)
    return strata


def _pairs(streams: Sequence[CoderStream], wanted: frozenset[str]) -> list[Pair]:
    """Give every two coders of one role and scheme that were asked for, in order of their names."""
    found: list[Pair] = []
    ordered = sorted(streams, key=lambda stream: (stream.key, stream.track.coder_id))
    for one, other in combinations(ordered, 2):
        if one.key == other.key and among({one.track.coder_id, other.track.coder_id}, wanted):
            for stream in (one, other):
                own_judgement(stream)
            found.append((one, other))
    return found


def _by_scheme(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair[0].track.scheme.id, []).append(pair)
    return dict(sorted(found.items()))


def _pooled(pairs: Sequence[Pair], plan: ReliabilityPlan, params: AgreementParams) -> dict[str, Json]:
    sessions: dict[str, list[tuple[StateTrack, StateTrack]]] = {}
    for one, other in pairs:
        sessions.setdefault(one.session_id, []).append((one.track, other.track))
    figures = pooled_figures(list(sessions.values()), params)
    ratings = figures.get("ratings")
    kappa = ratings["kappa"] if isinstance(ratings, dict) else figures["kappa"]
    return {**figures, "label": label(kappa if isinstance(kappa, float) else None, plan.labels)}


def _session_row(pair: Pair, plan: ReliabilityPlan, params: AgreementParams) -> Json:
    one, other = pair
    return {
        "session_id": one.session_id,
        "role": one.track.role,
        "scheme_id": one.track.scheme.id,
        "coders": [one.track.coder_id, other.track.coder_id],
        **pair_figures(one.track, other.track, params),
        "drawn": one.session_id in plan.sessions,
        "counted": counts(plan, one.session_id),
        "month": max(one.month, other.month),
    }


def _plan(folder: StudyFolder, plan: ReliabilityPlan, streams: Sequence[SessionStreams]) -> dict[str, Json]:
    """Give what was drawn and how far two people have coded it from scratch."""
    expected = [(role, scheme) for role, ids in folder.study.schemes.items() for scheme in ids]
    rows: list[Json] = []
    n_done = 0
    for found in streams:
        if found.session.session_id not in plan.sessions:
            continue
        coders: dict[str, Json] = {}
        missing: list[Json] = []
        there = {stream.key for stream in (*found.people, *found.points)}
        for role, scheme in expected or sorted(there):
            here = [s for s in (*found.from_scratch, *found.points) if s.key == (role, scheme)]
            mine = {s.codes.coder_id for s in here if not isinstance(s, CoderStream) or s.done}
            begun = sorted({s.codes.coder_id for s in here} - mine)
            coders[f"{role}/{scheme}"] = [*sorted(mine)]
            if len(mine) < 2:
                unfinished = f" (begun, not finished: {', '.join(begun)})" if begun else ""
                missing.append(f"{role}/{scheme}: {2 - len(mine)} more from scratch{unfinished}")
        done = bool(coders) and not missing
        n_done += done
        rows.append(
            {"session_id": found.session.session_id, "done": done, "coders": coders, "missing": missing}
        )
    return {
        "share": plan.share,
        "stratify_by": list(plan.stratify_by),
        "seed": plan.seed,
        "n_sessions": len(streams),
        "n_drawn": len(plan.sessions),
        "n_done": n_done,
        "sessions": rows,
        "masters": dict(plan.masters),
    }
