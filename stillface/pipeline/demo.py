"""The built-in dyad: a study from nothing, the whole job on it, and what was found beside what is true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from stillface.agreement.kappa import confusion_ns, kappa_from_confusion, kappa_per_code
from stillface.domain.recording import WHOLE, SignalRecording, VideoRecording
from stillface.domain.results import Measurement
from stillface.domain.session import Session
from stillface.domain.study import Person, Study
from stillface.errors import UsageError
from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.measures.matching import Matching
from stillface.physio.params import HeartParams
from stillface.physio.rsa import filter_gain
from stillface.pipeline.raw_files import hash_of, record_raw
from stillface.pipeline.results import SessionResults
from stillface.testing.demo import DemoDyad
from stillface.testing.script import SCHEMES
from stillface.video.encode import write_video

__all__ = ["SESSION_ID", "Comparison", "compare_with_truth", "demo_study"]

STUDY_ID, SESSION_ID, DYAD_ID = "built-in-dyad", "demo", "stand-ins"
PROTOCOL, RULE = "demo_3x40", "valence3"
_PERSONS = {"infant": "stand-in-1", "caregiver": "stand-in-2"}


@dataclass(frozen=True)
class Comparison:
    """One line of the demo's table.

    Parameters
    ----------
    what : str
    truth, found : str
        As a person reads them.
    """

    what: str
    truth: str
    found: str


def demo_study(root: Path) -> StudyFolder:
    """Make the demo's study with films and signals, or open the one that is there.

    Raises
    ------
    UsageError
        The folder holds something else.
    """
    if root.exists() and any(root.iterdir()):
        folder = open_study(root) if (root / "study.yaml").is_file() else None
        if folder is None or folder.study.study_id != STUDY_ID:
            raise UsageError(
                "the folder holds something else", where=str(root), fix="name another with --out"
            )
        if SESSION_ID in folder.sessions():
            return folder
    else:
        folder = create_study(root, _study())
    _record(folder)
    session = _session()
    folder.add_session(session)
    files = {name for film in session.videos for name in film.files} | {c.file for c in session.channels}
    record_raw(folder, SESSION_ID, {name: hash_of(folder.path_of(name)) for name in sorted(files)})
    return folder


def compare_with_truth(results: SessionResults) -> list[Comparison]:
    """Set what the whole chain found beside what the script and the simulation put in."""
    dyad = DemoDyad()
    return [
        *_codes(dyad, results),
        *_repairs(dyad, results),
        *_hearts(dyad, results),
    ]


def _study() -> Study:
    return Study(
        STUDY_ID,
        PROTOCOL,
        title="The built-in dyad: animated stand-ins, no real persons",
        schemes=dict.fromkeys(_PERSONS, tuple(SCHEMES)),
        rules=(RULE, "mutual_gaze"),
        persons=tuple(Person(person, "stand-ins") for person in _PERSONS.values()),
        # Nobody has coded the stand-ins: the demo shows what the machine proposes, and says so.
        analysis_sources=("consensus", "human", "auto_reviewed", "auto"),
    )


def _session() -> Session:
    dyad = DemoDyad()
    films = tuple(
        VideoRecording(
            f"camera_{role}", (f"media/{role}.mp4",), {role: WHOLE}, partner_toward={role: "camera"}
        )
        for role in dyad.roles
    )
    signals = tuple(
        SignalRecording(
            f"{role}_{kind}",
            f"physio/{role}.csv",
            kind,
            role,
            column,
            "time_s",
            unit=unit,
            sync_marks=dyad.sync_marks(role),
        )
        for role in dyad.roles
        for kind, column, unit in (("ecg", "ecg_mv", "mV"), ("eda", "eda_us", "uS"))
    )
    return Session(
        SESSION_ID,
        DYAD_ID,
        load_protocol(PROTOCOL),
        dyad.episodes,
        persons=_PERSONS,
        recordings=(*films, *signals),
    )


def _record(folder: StudyFolder) -> None:
    """Draw and write both films side by side, and write both bodies' signals."""
    dyad = DemoDyad()
    films = {role: folder.root / "media" / f"{role}.mp4" for role in dyad.roles}
    missing = {role: path for role, path in films.items() if not path.exists()}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        drawing = [pool.submit(_film, role, path) for role, path in missing.items()]
        for role in dyad.roles:
            dyad.physio(role).write_csv(folder.root / "physio" / f"{role}.csv")
        for film in drawing:
            film.result()


def _film(role: str, path: Path) -> None:
    dyad = DemoDyad()
    write_video(path, dyad.render(role), dyad.rate)


def _codes(dyad: DemoDyad, results: SessionResults) -> Iterator[Comparison]:
    for track in results.analysed:
        truth = dyad.truth_track(track.role, track.scheme)
        table = confusion_ns(truth, track)
        whole = kappa_from_confusion(table)
        name = f"{track.role} {track.scheme.id}"
        yield Comparison(f"{name}: kappa", "1", _number(whole.kappa, 2))
        for code, one in kappa_per_code(table, track.scheme.code_ids).items():
            row = table[track.scheme.index(code)]
            if row.sum():
                yield Comparison(f"{name}: kappa of {code}", "1", _number(one.kappa, 2))
        coded = sum(track.clip(e.onset_ns, e.offset_ns).scorable_ns for e in results.session.episodes)
        seen = coded / sum(e.duration_ns for e in results.session.episodes)
        yield Comparison(f"{name}: codable time", "100 %", f"{100 * seen:.0f} %")


def _repairs(dyad: DemoDyad, results: SessionResults) -> Iterator[Comparison]:
    rule = load_rule(RULE)
    scheme = load_scheme("affect3")
    tracks = tuple(dyad.truth_track(role, scheme) for role in dyad.roles)
    truth = _cells(Matching()(results.session, tracks, (rule,)))
    found = _cells(results.rows)
    for episode in ("PL", "RE"):
        for measure, digits in (("n_repair", 0), ("pct_match", 1)):
            key = (episode, measure, RULE)
            what = f"{episode} {measure} ({rule.id})"
            yield Comparison(what, _number(truth.get(key), digits), _number(found.get(key), digits))


def _hearts(dyad: DemoDyad, results: SessionResults) -> Iterator[Comparison]:
    found = {
        (row.role, row.episode_id, row.measure): row.value
        for row in results.rows
        if row.measure in ("hr_bpm", "rsa_ln_ms2", "scr_per_min")
    }
    for role in dyad.roles:
        truth = dyad.physio(role)
        preset = HeartParams.for_role(role).rsa
        for episode_id, rhythm in truth.rhythms.items():
            gain = filter_gain(preset, np.array([rhythm.resp_hz]), rhythm.ibi_ms)
            rsa = rhythm.beats_rsa_ln_ms2 + 2 * float(np.log(gain[0]))
            for measure, value, digits in (("hr_bpm", rhythm.hr_bpm, 1), ("rsa_ln_ms2", rsa, 2)):
                given = found.get((role, episode_id, measure))
                yield Comparison(
                    f"{role} {episode_id} {measure}", _number(value, digits), _number(given, digits)
                )


def _cells(rows: Iterable[Measurement]) -> dict[tuple[str, str, str], float | None]:
    return {
        (row.episode_id, row.measure, row.match_rule): row.value
        for row in rows
        if row.role == "dyad" and not row.code and row.scheme_id == "affect3+affect3"
    }


def _number(value: float | None, digits: int) -> str:
    return "not found" if value is None else f"{value:.{digits}f}"
