"""A study with one film and one ECG that fit the protocol, so that every finding is one a test has caused."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fixtures.videos import write_clip, x264
from stillface.io.bundle import StudyFolder
from stillface.pipeline.declare import VisitWords
from stillface.pipeline.new import new_study
from stillface.testing.physiology import ecg_mv

EPISODES = ("PL=0:120", "SF=120:240", "RE=240:360")


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six minutes of film at one frame a second, and as much ECG."""
    folder = tmp_path_factory.mktemp("raw")
    write_clip(folder / "a.mp4", 362, rate=Fraction(1), options=x264())
    seconds = np.arange(36_200) / 100
    wave = ecg_mv(seconds, np.arange(0.5, 361, 0.43))
    rows = "\n".join(f"{t:.2f},{v:.4f}" for t, v in zip(seconds, wave, strict=True))
    (folder / "ecg.csv").write_text(f"time_s,ecg_mv\n{rows}\n")
    return folder


@pytest.fixture
def folder(tmp_path: Path, raw: Path) -> StudyFolder:
    """An empty study with the raw files already in it."""
    made = new_study(tmp_path / "lab", "ffsf_2_2_2", coders=("AB",))
    shutil.copy(raw / "a.mp4", made.folder.root / "media" / "a.mp4")
    shutil.copy(raw / "ecg.csv", made.folder.root / "physio" / "ecg.csv")
    return made.folder


@pytest.fixture
def words() -> VisitWords:
    """A visit without anything to remark."""
    return VisitWords(
        "S01",
        "D01",
        persons=("infant=P01", "caregiver=P02"),
        families=("F01",),
        consents=("infant=private", "caregiver=private"),
        ages=("infant=200", "caregiver=11000"),
        films=("cam1=infant+caregiver:media/a.mp4",),
        regions=("infant=0,0,0.5,1", "caregiver=0.5,0,0.5,1"),
        partners=("infant=right", "caregiver=left"),
        signals=("infant:ecg=physio/ecg.csv",),
        columns=("ecg_mv",),
        time_columns=("time_s",),
        offsets_ms=("infant_ecg=0",),
        episodes=EPISODES,
    )
