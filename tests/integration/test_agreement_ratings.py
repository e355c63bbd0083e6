"""Rating schemes in a study's agreement: unit by unit, with an interval, on screen and page."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import Edit, LoggedBout
from stillface.io.study_yaml import ReliabilityPlan, StudyFile
from stillface.pipeline.agree_figures import AgreementParams
from stillface.pipeline.agree_page import write_reliability_page
from stillface.pipeline.agree_study import study_agreement
from tests.integration.agreement_study import make_study
from tests.lab_schemes import use_schemes

S = 10**9
NAMES = {1: "none", 2: "some", 3: "much"}
UNITS = ((0, 120), (120, 240), (240, 360))
RATED = {
    "s00": ((1, 3, 2), (1, 3, 3)),
    "s01": ((1, 2, 1), (2, 2, 1)),
    "s02": ((1, 3, 1), (1, 3, 1)),
}


def rate(folder: StudyFolder, session: str, coder: str, values: tuple[int, ...]) -> None:
    path = folder.codes_dir(session) / f"{coder}.lab-1.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    log = CodeLog.open(path, coder=coder, install="lab-1", app_version="0")
    log.append_group(
        [
            Edit("add", bout=LoggedBout("infant/distress", a * S, b * S, NAMES[value]))
            for (a, b), value in zip(UNITS, values, strict=True)
        ]
    )
    log.close()


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    plan = ReliabilityPlan(1.0, seed=1, sessions=tuple(RATED))
    made = make_study(tmp_path / "first", 3, plan)
    study = replace(made.study, schemes={"infant": ("affect3",)})
    root = create_study(tmp_path / "study", StudyFile(study, plan)).root
    found = use_schemes(open_study(root), infant=("distress",))
    for name in made.sessions():
        found.add_session(made.load_session(name))
    for name, (first, second) in RATED.items():
        rate(found, name, "AB", first)
        rate(found, name, "CD", second)
    return open_study(root)


def test_ratings_of_a_study(folder: StudyFolder) -> None:
    found = study_agreement(folder, AgreementParams(n_resamples=200))
    content: dict[str, Any] = found.content
    mine = content["pooled"]["distress"]["ratings"]
    # By hand over nine units: 7 alike; AB 5 ones, 2 twos, 2 threes; CD 4, 2, 3; two pairs one step apart.
    assert (mine["n_units"], mine["agreement"]) == (9, pytest.approx(7 / 9))
    expected = (5 * 4 + 2 * 2 + 2 * 3) / 81
    assert mine["kappa"] == pytest.approx((7 / 9 - expected) / (1 - expected))
    assert mine["weighted"]["linear"] == pytest.approx(
        1 - 2 / ((5 * 2 + 5 * 3 * 2 + 2 * 4 + 2 * 3 + 2 * 4 * 2 + 2 * 2) / 9)
    )
    squares = (5 * 2 + 5 * 3 * 4 + 2 * 4 + 2 * 3 + 2 * 4 * 4 + 2 * 2) / 9
    assert mine["weighted"]["quadratic"] == pytest.approx(1 - 2 / squares)
    # Sums of squares of the nine pairs: between units 109/9, between coders 2/9, error 7/9.
    assert mine["icc"]["ms_error"] == pytest.approx(7 / 72)
    assert mine["icc"]["icc_3_1"] == pytest.approx((109 / 72 - 7 / 72) / (109 / 72 + 7 / 72))
    assert mine["icc"]["icc_2_1"] == pytest.approx(
        (109 / 72 - 7 / 72) / (109 / 72 + 7 / 72 + 2 * (2 / 9 - 7 / 72) / 9)
    )
    assert mine["interval"]["of"] == "weighted kappa, quadratic"
    assert mine["interval"]["low"] <= mine["weighted"]["quadratic"] <= mine["interval"]["high"]
    assert content["pooled"]["distress"]["label"] == "acceptable"
    last = next(row for row in content["sessions"] if row["session_id"] == "s02")
    assert (last["ratings"]["kappa"], last["ratings"]["icc"]["icc_2_1"]) == (1, 1)
    assert last["side_by_side"] == []
    page = write_reliability_page(folder, found).read_text(encoding="utf-8")
    assert "ICC(2,1) lets coders be a sample" in page
    assert "None" not in page


def test_the_screen_shows_them(folder: StudyFolder) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stillface", "agreement", folder.root],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = [text.split()[:3] for text in done.stdout.splitlines()]
    assert ["distress", "9", "0.778"] in shown
    assert max(map(len, done.stdout.splitlines())) <= 80
