"""The check of hearts judges the beats that stand: a person's corrections count."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap, SampleClock
from stillface.domain.events import BeatSeries
from stillface.domain.provenance import Provenance
from stillface.domain.recording import Signal, SignalRecording
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.io.artefacts import save_beats, save_signal
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import Edit
from stillface.io.human_beats import BEAT, BEATS_DIR, beats_tier, logged_point
from stillface.pipeline.artefact_checks import heart_findings
from stillface.testing.physiology import ecg_mv, pulse_beats

CHANNEL = SignalRecording("infant_ecg", "physio/infant.csv", "ecg", "infant")
LENGTH_S, RATE_HZ = 60, 500
MAP = ClockMap()


@pytest.fixture(scope="module")
def heart() -> tuple[Signal, np.ndarray]:
    """Give an infant's ECG at 140 beats a minute, and its true beats (ns)."""
    grid_s = np.arange(LENGTH_S * RATE_HZ) / RATE_HZ
    beats_s = pulse_beats(grid_s, np.full(grid_s.size, 430.0))
    clock = SampleClock(0, Fraction(RATE_HZ), grid_s.size)
    values = ecg_mv(grid_s, beats_s)
    signal = Signal("ecg", "infant", "mV", values, np.ones(grid_s.size, np.bool_), clock, MAP)
    return signal, np.rint(beats_s * S).astype(np.int64)


@pytest.fixture
def study(tmp_path: Path, heart: tuple[Signal, np.ndarray]) -> StudyFolder:
    """Give a study whose machine missed every second beat."""
    signal, true_ns = heart
    persons = {"infant": "p1", "caregiver": "p2"}
    people = tuple(Person(person) for person in persons.values())
    folder = create_study(tmp_path / "s", Study("s", "ffsf_2_2_2", persons=people))
    (folder.root / CHANNEL.file).write_text("t,ecg\n", encoding="utf-8")
    episodes = (Episode("PL", 0, 60 * S),)
    folder.add_session(Session("one", "d", folder.protocol(), episodes, persons, recordings=(CHANNEL,)))
    half = true_ns[::2]
    beats = BeatSeries("infant", half, np.zeros(half.size, np.uint8), signal.span_ns, "auto:ecg_vote@1")
    provenance = Provenance("physio", {}, {}, "0")
    save_signal(folder.signals_dir("one") / "infant_ecg.h5", signal, provenance)
    save_beats(folder.signals_dir("one") / "infant_ecg.beats.h5", beats, provenance)
    return folder


def told(study: StudyFolder) -> list[str]:
    return [finding.what for finding in heart_findings(study, study.load_session("one"))]


def correct(study: StudyFolder, coder: str, times_ns: np.ndarray) -> None:
    path = study.codes_dir("one") / BEATS_DIR / f"{coder}.home-1111.jsonl"
    path.parent.mkdir(exist_ok=True)
    tier = beats_tier(CHANNEL)
    with CodeLog.open(path, coder=coder, install="home-1111", app_version="0") as log:
        log.append_group([Edit("add", bout=logged_point(tier, BEAT, int(t), MAP)) for t in times_ns])


def test_a_wrong_rate_is_told_until_a_person_has_mended_it(
    study: StudyFolder, heart: tuple[Signal, np.ndarray]
) -> None:
    (line,) = told(study)
    assert "median interval 860 ms" in line
    correct(study, "AB", heart[1][1::2])
    assert told(study) == []


def test_corrections_that_make_it_worse_are_told_with_who_made_them(
    study: StudyFolder, heart: tuple[Signal, np.ndarray]
) -> None:
    correct(study, "AB", heart[1][1::2])
    correct(study, "CD", heart[1][1:2])
    (line,) = told(study)
    assert "median interval 860 ms" in line
    assert line.endswith("(beats as CD corrected them)")
