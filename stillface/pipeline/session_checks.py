"""Checks of one session that need no artefact: people, episodes, clocks, and the raw files themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from stillface.domain.clock import ns_to_s
from stillface.domain.recording import Signal, SignalRecording, VideoRecording
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Session
from stillface.domain.study import Study
from stillface.errors import InputError, MissingExtraError, UsageError
from stillface.pipeline.findings import Finding
from stillface.pipeline.readers import reader_for

__all__ = [
    "AGE_LIMIT_DAYS",
    "Looked",
    "ages_of",
    "clock_findings",
    "episode_findings",
    "look_at_film",
    "look_at_signal",
    "order_words",
    "people_findings",
    "role_words",
    "span_findings",
]

AGE_LIMIT_DAYS = 183
"""Under about 6 months face models trained on adults often fail (SPEC 8, age_limit)."""
_RESIDUAL_MS = 40.0
# Beyond the film by less than this is how a hand marks a boundary.
_SLACK_NS = 1_000_000_000
_TENFOLD = (8.0, 12.0)
_LOOK_S = 120


@dataclass(frozen=True)
class Looked:
    """A recording that was opened: the session time it covers, and what was noticed."""

    id: str
    kind: str
    span_ns: tuple[int, int]
    findings: tuple[Finding, ...] = ()


def ages_of(study: Study, session: Session) -> dict[str, int]:
    """Give the ages in days that the session's visit knows, by role."""
    visit = next((v for v in study.visits if v.visit_id == session.visit_id), None)
    known = {} if visit is None else visit.age_days
    return {role: known[person] for role, person in session.persons.items() if person in known}


def people_findings(study: Study, session: Session) -> list[Finding]:
    """Look for rows that were swapped and for what is not known of the people."""
    where, found = session.session_id, []
    ages, focal = ages_of(study, session), session.protocol.focal_role
    repeated = {p for p in session.persons.values() if list(session.persons.values()).count(p) > 1}
    for person_id in sorted(repeated):
        roles = ", ".join(role for role, person in session.persons.items() if person == person_id)
        found.append(Finding("problem", where, f"one person, {person_id}, in several roles: {roles}"))
    # A client or a partner may be the older one; an infant or a child never is.
    if focal in ("infant", "child") and focal in ages:
        for role, age in ages.items():
            if role != focal and age <= ages[focal]:
                text = (
                    f"the {focal} is {ages[focal]} days old and the {role} {age} days: are the rows swapped?"
                )
                found.append(Finding("problem", where, text, "correct persons or visits"))
        if ages[focal] > 6 * 366:
            text = f"the {focal} is {ages[focal]} days old ({ages[focal] / 365.25:.0f} years)"
            found.append(Finding("warning", where, text, "check the role and the unit"))
    for role in session.protocol.role_ids:
        if role not in session.persons:
            found.append(Finding("warning", where, f"nobody is named as {role}"))
    return found


def episode_findings(session: Session) -> list[Finding]:
    """Compare the episodes with the protocol: order, duration, absence."""
    where = session.session_id
    if not session.episodes:
        return [
            Finding("warning", where, "no episodes: nothing can be measured", "enter them in session.yaml")
        ]
    found = [Finding("warning", where, words) for words in order_words(session)]
    for line in session.duration_warnings():
        found.append(Finding("warning", where, line.removeprefix(f"{where}: ")))
    return found


def order_words(session: Session) -> tuple[str, ...]:
    """Say how the order of the episodes differs from the protocol's; nothing where it does not."""
    planned = [spec.id for spec in session.protocol.episodes]
    held = [episode.id for episode in session.episodes]
    expected = sorted(held, key=planned.index)
    if held == expected:
        return ()
    listed = f"{', '.join(held)} instead of {', '.join(expected)}"
    return (f"the order of the episodes is not the protocol's: {listed}",)


def role_words(scheme: CodingScheme, role: str) -> tuple[str, ...]:
    """Say that a role was coded by a scheme that is for others; nothing where it fits."""
    if not scheme.roles or role in scheme.roles:
        return ()
    known = ", ".join(scheme.roles)
    return (f"codes of {scheme.id} under the role {role}, but the scheme is for {known}: roles swapped?",)


def clock_findings(recording: SignalRecording | VideoRecording, where: str) -> list[Finding]:
    """Judge how well a recording's clock is known."""
    place = f"{where}/{recording.id}"
    residual = recording.clock_map.residual_ms
    notes: tuple[str, ...] = ()
    if isinstance(recording, SignalRecording):
        from stillface.physio.sync import fit_clock_map

        fit = fit_clock_map(recording)
        residual = fit.clock_map.residual_ms
        notes = tuple(note.partition(": ")[2] for note in fit.notes)
        if not recording.sync_marks and recording.clock_map.method == "none":
            notes = ("no marks and no offset: taken to start with the session",)
    found = [Finding("warning", place, note) for note in notes]
    if residual is not None and abs(residual) > _RESIDUAL_MS:
        text = f"sync marks lie up to {abs(residual):.1f} ms from their line, more than {_RESIDUAL_MS:g}"
        found.append(Finding("warning", place, text, "check the marks"))
    return found


def look_at_film(video: VideoRecording, files: Sequence[Path], where: str, cache_dir: Path | None) -> Looked:
    """Open a film and see what time it covers.

    Raises
    ------
    InputError
        It cannot be used as it is.
    MissingExtraError
        Reading video needs the extra ``track``.
    """
    from stillface.video import open_video

    place = f"{where}/{video.id}"
    with open_video(tuple(files), cache_dir) as source:
        edges = video.clock_map.to_session(source.clock.edges_ns[[0, -1]])
        found = [
            Finding(
                "warning", place, f"{join.before} and {join.after}: no time in the files, taken to follow"
            )
            for join in source.joins
            if join.method == "assumed"
        ]
        found += [
            Finding("note", place, f"{ns_to_s(join.gap_ns):.3f} s between {join.before} and {join.after}")
            for join in source.joins
            if join.gap_ns > 0
        ]
    return Looked(video.id, "film", (int(edges[0]), int(edges[1])), tuple(found))


def look_at_signal(channel: SignalRecording, file: Path, where: str, *, heart: bool = True) -> Looked:
    """Read a signal, see what session time it covers and, with ``heart``, whether an ECG reads like one.

    Raises
    ------
    InputError
        It cannot be used as it is.
    """
    from stillface.physio.sync import fit_clock_map

    signal = replace(reader_for(file).read(file, channel), clock_map=fit_clock_map(channel).clock_map)
    lines = (*signal.notes, *(_heart_lines(channel, signal) if heart and channel.signal == "ecg" else ()))
    found = tuple(Finding("warning", f"{where}/{channel.id}", line) for line in lines)
    return Looked(channel.id, channel.signal, signal.span_ns, found)


def _heart_lines(channel: SignalRecording, signal: Signal) -> tuple[str, ...]:
    """Say what is implausible about the beats of the first two minutes, as the run would say of all."""
    from stillface.physio.analyse import heart_warnings
    from stillface.physio.beats import find_beats
    from stillface.physio.params import HeartParams

    n = min(signal.clock.n_samples, ceil(_LOOK_S * signal.clock.rate_hz))
    clock = replace(signal.clock, n_samples=n)
    start = replace(signal, values=signal.values[:n], valid=signal.valid[:n], clock=clock)
    try:
        params = HeartParams.for_role(channel.role, channel.rsa_preset or None)
        lines = heart_warnings(start, find_beats(start, params), params)
    except (InputError, MissingExtraError, UsageError) as error:
        return (f"beats cannot be found: {error}",)
    return tuple(line.partition(": ")[2] for line in lines if "without samples" not in line)


def span_findings(session: Session, looked: Iterable[Looked]) -> list[Finding]:
    """Compare what recordings cover with the episodes, and signals with the session's length."""
    found: list[Finding] = []
    recordings = list(looked)
    films = [r.span_ns[1] - r.span_ns[0] for r in recordings if r.kind == "film"]
    length = max(
        [*films, session.episodes[-1].offset_ns - session.episodes[0].onset_ns if session.episodes else 0]
    )
    for recording in recordings:
        place = f"{session.session_id}/{recording.id}"
        begin, end = recording.span_ns
        ratio = (end - begin) / length if length else 1.0
        low, high = _TENFOLD
        if recording.kind != "film" and (low <= ratio <= high or low <= 1 / max(ratio, 1e-9) <= high):
            text = f"lasts {ns_to_s(end - begin):.1f} s, the session {ns_to_s(length):.1f} s"
            found.append(Finding("warning", place, text, "is the sampling rate wrong by ten?"))
            continue
        for episode in session.episodes:
            lost = max(0, begin - episode.onset_ns) + max(0, episode.offset_ns - end)
            if lost > _SLACK_NS:
                lost_s = ns_to_s(min(lost, episode.duration_ns))
                text = f"episode {episode.id} has {lost_s:.1f} s that the recording does not cover "
                text += f"({ns_to_s(begin):.1f} to {ns_to_s(end):.1f} s)"
                found.append(Finding("warning", place, text))
    return found
