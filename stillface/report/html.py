"""Puts the pages together: text is escaped, nothing is fetched, nothing runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from stillface.contracts.registry import missing_extra
from stillface.domain.clock import ns_to_s
from stillface.domain.protocol import Protocol
from stillface.domain.provenance import Json, Provenance
from stillface.domain.recording import Recording, VideoRecording
from stillface.domain.session import Session
from stillface.report.caveats import CAVEATS, header_caveats
from stillface.report.coverage import analysed_episodes, session_coverage, study_coverage
from stillface.report.data import SessionReport, StudyReport
from stillface.report.event_plots import EVENT_CAPTION, EVENT_PANELS_MAX, draw_event_panels
from stillface.report.first_look import BEHAVIOUR, first_look
from stillface.report.privacy import file_names, without_paths
from stillface.report.study_figure import study_lines
from stillface.report.study_plots import draw_pictures, rule_table
from stillface.report.summary import summarise
from stillface.report.tables import (
    AUTONOMIC,
    LOW_COVERAGE,
    Withholding,
    columns_of,
    full_rows,
    matrix,
    reactivity_words,
)
from stillface.report.timeline import session_timeline, unreviewed_text
from stillface.report.wording import ROUNDING, role_label, rounded, shown_seconds

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["made_of", "page_environment", "session_report", "study_report"]

_SMALL_CELL = 5


@dataclass(frozen=True)
class _Made:
    """How the numbers were made, free of paths."""

    versions: Mapping[str, str]
    parameters: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str, str, str, str], ...]
    log_heads: Mapping[str, str]


def session_report(data: SessionReport) -> str:
    """Give the page of one session.

    Returns
    -------
    str
        A whole HTML document: no script, no link outwards, the same for the same data.

    Raises
    ------
    FieldError
        The protocol names a caveat that does not exist.
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    session = data.session
    protocol = session.protocol
    # A film that is called after its role names nobody: the role's word stays.
    names = tuple(name for name in file_names(session.recordings) if name not in protocol.role_ids)
    shown = Withholding(protocol, data.rows, data.min_coverage)
    first, _ = first_look(data.rows)
    dyad = [row for row in first if row.role == "dyad"]
    body = [row for row in first if row.role != "dyad" and row.measure in AUTONOMIC]
    behaviour = sorted(
        (row for row in first if row.role != "dyad" and row.measure in BEHAVIOUR),
        key=lambda row: BEHAVIOUR.index(row.measure),
    )
    return page_environment().get_template("session.html.j2").render(
        data=data,
        session=session,
        protocol=protocol,
        persons=_persons(data),
        header=header_caveats(protocol),
        caveats=CAVEATS,
        procedure=_warns_of_procedure(protocol),
        has_auto=any(track.source_kind == "auto" for track in session.tracks),
        warnings=_clean((*session.duration_warnings(), *data.warnings), names),
        timeline=session_timeline(data),
        unreviewed=unreviewed_text(data.unreviewed_share),
        episodes=_episode_lines(session),
        analysed=[episode.id for episode in analysed_episodes(session)],
        coverage=session_coverage(data),
        dyad=matrix(protocol, dyad, shown),
        behaviour=matrix(protocol, behaviour, shown),
        body=matrix(protocol, body, shown),
        reactivity=reactivity_words(protocol, columns_of(protocol, body)),
        events=draw_event_panels(data.events) if data.events else "",
        events_caption=EVENT_CAPTION.format(drawn="events"),
        events_left=max(0, len(data.events) - EVENT_PANELS_MAX),
        clocks=[_clock_line(data, recording) for recording in session.recordings],
        full=full_rows(protocol, data.rows, shown),
        made=made_of(data.versions, data.parameters, data.provenance, data.log_heads, names),
        rounding=ROUNDING,
        low_coverage=LOW_COVERAGE,
    )  # fmt: skip


def study_report(data: StudyReport) -> str:
    """Give the page of a study, linking the pages of its sessions.

    Returns
    -------
    str
        A whole HTML document: no script, relative links only, the same for the same data.

    Raises
    ------
    FieldError
        The protocol names a caveat that does not exist.
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    protocol = data.protocol
    shown = Withholding(protocol, data.rows, data.min_coverage)
    first, rest = first_look(data.rows)
    states = {state: [s for s in data.sessions if s.state == state] for state in ("in", "excluded", "failed")}
    return page_environment().get_template("study.html.j2").render(
        data=data,
        protocol=protocol,
        header=header_caveats(protocol),
        caveats=CAVEATS,
        procedure=_warns_of_procedure(protocol),
        has_auto=bool(data.unreviewed_share),
        warnings=_clean(data.warnings, ()),
        states=states,
        dyads=len({session.dyad_id for session in states["in"]}),
        small=0 < len(states["in"]) < _SMALL_CELL,
        links=[(session, quote(session.href)) for session in data.sessions],
        reasons={session.session_id: without_paths(session.reason) for session in data.sessions},
        lines=study_lines(data, shown),
        pictures=tuple(draw_pictures(data.pictures)),
        by_rule=rule_table(protocol, data.rows, shown),
        unreviewed=unreviewed_text(data.unreviewed_share),
        summary=summarise(protocol, first, shown),
        rest=summarise(protocol, rest, shown),
        coverage=study_coverage(data),
        made=made_of(data.versions, data.parameters, data.provenance, {}, ()),
        rounding=ROUNDING,
        low_coverage=LOW_COVERAGE,
    )  # fmt: skip


def _warns_of_procedure(protocol: Protocol) -> bool:
    """Whether the page's end says what the header has not said of a still-face."""
    still = any(spec.kind == "perturbation" for spec in protocol.episodes)
    return still and "procedure_only" not in protocol.caveats


def page_environment() -> Environment:
    """Give the templates; raises MissingExtraError where jinja2 is not installed."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise missing_extra(error, needed_for="a report") from error
    environment = Environment(
        loader=PackageLoader("stillface.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    return environment


def _persons(data: SessionReport) -> list[tuple[str, str, str]]:
    """Role, person and age of everybody in the session; ages in days, never dates."""
    session = data.session
    lines = []
    for role in session.protocol.roles:
        days = data.age_days.get(role.id)
        # 30.4375 days: a month of the mean Gregorian year.
        age = "" if days is None else f"{days} days ({days / 30.4375:.1f} months)"
        lines.append((role_label(session.protocol, role.id), session.persons.get(role.id, "–"), age))
    return lines


def _episode_lines(session: Session) -> list[dict[str, str]]:
    lines = []
    for spec in session.protocol.episodes:
        episode = session.episode(spec.id)
        planned = "untimed" if spec.nominal_s is None else f"{spec.nominal_s:g}"
        line = {"id": spec.id, "kind": spec.kind, "planned": planned, "onset": "–", "offset": "–"}
        if episode is None:
            line |= {"lasted": "–", "ended": "not run (optional)" if spec.optional else "not run"}
        else:
            line |= {
                "onset": shown_seconds(ns_to_s(episode.onset_ns)),
                "offset": shown_seconds(ns_to_s(episode.offset_ns)),
                "lasted": shown_seconds(ns_to_s(episode.duration_ns)),
                "ended": episode.ended_by.replace("_", " "),
            }
        lines.append(line)
    return lines


def _clock_line(data: SessionReport, recording: Recording) -> dict[str, str]:
    clock = data.clocks.get(recording.id, recording.clock_map)
    if isinstance(recording, VideoRecording):
        what, roles = "video", tuple(recording.regions)
    else:
        what, roles = recording.signal, (recording.role,)
    return {
        "id": recording.id,
        "what": what,
        "who": ", ".join(role_label(data.session.protocol, role) for role in roles),
        "method": "assumed: nothing declared" if clock.method == "none" else clock.method,
        "marks": str(clock.n_marks),
        "offset": rounded(clock.offset_ns / 1e6),
        "drift": rounded(clock.drift_ppm),
        "residual": "not measured" if clock.residual_ms is None else rounded(clock.residual_ms),
    }


def _clean(lines: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    return [str(without_paths(line, names)) for line in lines]


def made_of(
    versions: Mapping[str, str],
    parameters: Mapping[str, Json],
    provenance: tuple[Provenance, ...],
    log_heads: Mapping[str, str],
    names: tuple[str, ...],
) -> _Made:
    """Give how a page's numbers were made, free of paths and file names."""

    def plain(value: Json) -> str:
        cleaned = without_paths(value, names)
        return (
            cleaned if isinstance(cleaned, str) else json.dumps(cleaned, ensure_ascii=False, sort_keys=True)
        )

    steps = tuple(
        (
            step.step,
            step.key[:12],
            # Names of inputs may be file names: what identifies them without telling is their hash.
            ", ".join(sorted(digest[:12] for digest in step.inputs.values())),
            plain(dict(step.params)),
            ", ".join(f"{plain(name)} {plain(model)}" for name, model in sorted(step.models.items())),
        )
        for step in provenance
    )
    clean_heads = {plain(name): head for name, head in sorted(log_heads.items())}
    return _Made(
        dict(sorted(versions.items())),
        tuple((name, plain(value)) for name, value in sorted(parameters.items())),
        steps,
        clean_heads,
    )
