"""A visit that was added wrongly: what a corrected one changes, and what is kept of the old."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stillface.domain.clock import ClockMap, ns_to_s
from stillface.domain.recording import SignalRecording, VideoRecording
from stillface.domain.session import Session
from stillface.domain.study import Study
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_name import parse_log_name
from stillface.pipeline.findings import Finding

__all__ = ["old_codes", "people_changes", "place_of_old", "session_changes"]

_NOTHING = "nothing"


def session_changes(old: Session, new: Session) -> tuple[str, ...]:
    """Say in one line each what the study has and what is declared now; empty when nothing differs."""
    return _lines(_session_facts(old), _session_facts(new))


def people_changes(old: Study, new: Study) -> tuple[str, ...]:
    """Say in one line each which facts of people and ages that stood in study.yaml become others."""
    was, now = _people_facts(old), _people_facts(new)
    return _lines(
        {name: text for name, text in was.items() if name in now}, {n: now[n] for n in now if n in was}
    )


def old_codes(folder: StudyFolder, session_id: str) -> tuple[Finding, ...]:
    """Warn that people coded the visit as it was; their logs are never changed."""
    names = (parse_log_name(path) for path in folder.log_paths(session_id))
    coders = sorted({name[0] for name in names if name is not None})
    if not coders:
        return ()
    text = f"{', '.join(coders)} coded the visit as it was; the codes stay"
    return (Finding("warning", session_id, text, "look whether they still fit films and episodes"),)


def place_of_old(folder: StudyFolder, session_id: str) -> Path:
    """Give the first free session.replaced-N.yaml of a session."""
    number = 1
    home = folder.session_dir(session_id)
    while (kept := home / f"session.replaced-{number}.yaml").exists():
        number += 1
    return kept


def _lines(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    names = dict.fromkeys((*old, *new))
    return tuple(
        f"{name}: {old.get(name) or _NOTHING} -> {new.get(name) or _NOTHING}"
        for name in names
        if (old.get(name) or _NOTHING) != (new.get(name) or _NOTHING)
    )


def _session_facts(session: Session) -> dict[str, str]:
    facts = {"dyad": session.dyad_id, "visit": session.visit_id, "protocol": session.protocol.id}
    facts |= session.persons
    for episode in session.episodes:
        span = f"{ns_to_s(episode.onset_ns):g} to {ns_to_s(episode.offset_ns):g} s"
        facts[f"episode {episode.id}"] = f"{span}, ended by {episode.ended_by}"
    for recording in session.recordings:
        facts |= _film_facts(recording) if isinstance(recording, VideoRecording) else _signal_facts(recording)
    facts |= {f"covariate {name}": value for name, value in session.covariates.items()}
    # The order decides which film is shown first.
    return facts | {"order of the recordings": ", ".join(recording.id for recording in session.recordings)}


def _film_facts(video: VideoRecording) -> dict[str, str]:
    facts = {f"{video.id} files": ", ".join(video.files), f"{video.id} clock": _clock(video.clock_map)}
    for role, r in video.regions.items():
        facts[f"{video.id} region of {role}"] = f"{r.x:g},{r.y:g},{r.width:g},{r.height:g}"
    return facts | {f"{video.id} partner of {role}": side for role, side in video.partner_toward.items()}


def _signal_facts(signal: SignalRecording) -> dict[str, str]:
    marks = (f"{ns_to_s(m.device_ns):g} s = {ns_to_s(m.session_ns):g} s" for m in signal.sync_marks)
    facts = {
        "file": signal.file,
        "kind": signal.signal,
        "role": signal.role,
        "column": signal.column,
        "time column": signal.time_column or "",
        "rate": "" if signal.rate_hz is None else f"{signal.rate_hz} Hz",
        "unit": signal.unit,
        "marks": ", ".join(marks),
        "clock": _clock(signal.clock_map),
        "RSA preset": signal.rsa_preset,
    }
    return {f"{signal.id} {name}": text for name, text in facts.items()}


def _clock(clock: ClockMap) -> str:
    if clock == ClockMap():
        return ""
    drift = f", {clock.drift_ppm:g} ppm" if clock.drift_ppm else ""
    return f"{clock.offset_ns / 1e6:g} ms{drift} ({clock.method})"


def _people_facts(study: Study) -> dict[str, str]:
    facts: dict[str, str] = {}
    for person in study.persons:
        said = {
            "family": person.family_id,
            "sex": person.sex,
            "group": person.group,
            "gestational age in days": person.gestational_age_days,
            "consent": "" if person.release_level == "unknown" else person.release_level,
        }
        facts |= {f"{name} of {person.person_id}": str(value) for name, value in said.items() if value}
    for visit in study.visits:
        facts |= {
            f"age in days of {who} at {visit.visit_id}": str(age) for who, age in visit.age_days.items()
        }
    return facts
