"""Checks of a study as a whole: its own protocols, schemes and rules, and what is unknown of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from stillface.domain.session import Session
from stillface.domain.study import Study
from stillface.errors import StillfaceError
from stillface.io.bundle import StudyFolder
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.pipeline.findings import Finding
from stillface.pipeline.session_checks import AGE_LIMIT_DAYS, ages_of
from stillface.report.caveats import CAVEATS

__all__ = ["age_notes", "consent_notes", "own_files"]


def own_files(folder: StudyFolder) -> list[Finding]:
    """Read every protocol, scheme and rule that lies in the study, used or not yet; name the broken ones."""
    readers: Mapping[str, Callable[[str], object]] = {
        "protocols": lambda name: load_protocol(name, folder.root),
        "schemes": lambda name: load_scheme(name, folder.root),
        "rules": lambda name: load_rule(name, folder.root),
    }
    found = []
    for kind, read in readers.items():
        for path in sorted((folder.root / kind).glob("*")):
            if path.name.startswith("."):
                continue
            if path.suffix != ".yaml":
                text = f"{kind}/{path.name} is not read: only files that end in .yaml are"
                found.append(Finding("warning", "", text, "rename it"))
                continue
            try:
                read(path.stem)
            except StillfaceError as error:
                found.append(Finding("problem", "", str(error)))
    return found


def consent_notes(study: Study, sessions: Iterable[Session]) -> list[Finding]:
    """Name in one line everybody whose consent to share is unknown."""
    people = {person_id for session in sessions for person_id in session.persons.values()}
    unknown = sorted(
        p.person_id for p in study.persons if p.person_id in people and p.release_level == "unknown"
    )
    if not unknown:
        return []
    text = f"consent to share is unknown for {len(unknown)}: {', '.join(unknown)}"
    return [Finding("note", "", text, "their film, stills and landmarks stay here")]


def age_notes(study: Study, sessions: Iterable[Session]) -> list[Finding]:
    """Name in one line the filmed infants whose faces the models may not find."""
    doubtful = []
    for session in sessions:
        if not session.videos or session.protocol.focal_role != "infant":
            continue
        age = ages_of(study, session).get("infant")
        if age is None or age < AGE_LIMIT_DAYS:
            doubtful.append(f"{session.session_id} ({'age unknown' if age is None else f'{age} days'})")
    if not doubtful:
        return []
    text = f"infants under about 6 months or of unknown age: {', '.join(doubtful)}"
    return [Finding("note", "", f"{text}. {CAVEATS['age_limit'].text}")]
