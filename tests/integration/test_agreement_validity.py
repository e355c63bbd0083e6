"""Machine against person from tables: confidence, strata by a column, and by the stored face of a study."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from stillface.domain.clock import FrameClock
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.provenance import Provenance
from stillface.errors import InputError
from stillface.io.artefacts import save_face_track
from stillface.io.codes_writer import write_codes
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_figures import AgreementParams
from stillface.pipeline.agree_page import write_reliability_page
from stillface.pipeline.agree_study import study_agreement
from stillface.pipeline.agree_tables import agree_tables
from tests.integration.agreement_study import as_coded, make_study, true_codes, write_auto, write_log
from tests.integration.gaze_files import infants_coded

CODES = ("neg", "neu", "pos")
HEAD = ("dyad_id", "session_id", "role", "scheme_id", "coder_id", "code", "onset_s", "offset_s", "source")
Row = tuple[Any, ...]


def write(path: Path, rows: list[Row], *more: str) -> Path:
    """Write ``session, code, onset, offset`` and further cells; who coded it is told by the file's name."""
    kind = "auto" if path.stem == "m" else "human"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HEAD, *more])
        for session, code, onset, offset, *cells in rows:
            writer.writerow(["d", session, "infant", "affect3", path.stem, code, onset, offset, kind, *cells])
    return path


@pytest.fixture
def seconds() -> list[tuple[str, str, float]]:
    """Give what person and machine say of 200 seconds, and how sure the machine is."""
    rng = np.random.default_rng(5)
    human = rng.integers(0, 3, 200)
    auto = np.where(rng.random(200) < 0.7, human, rng.integers(0, 3, 200))
    sure = np.round(np.where(auto == human, rng.uniform(0.4, 1, 200), rng.uniform(0.2, 0.8, 200)), 3)
    return [(CODES[h], CODES[a], float(s)) for h, a, s in zip(human, auto, sure, strict=True)]


def tables(folder: Path, seconds: list[tuple[str, str, float]], *more: str) -> tuple[Path, Path]:
    """Every second a bout; the first half of them a session of a young infant, the rest of an older one."""
    session = ["s1" if k < 100 else "s2" for k in range(200)]
    cells = {
        "confidence": [sure for _, _, sure in seconds],
        "age_band": ["0-3 months" if s == "s1" else "4-6 months" for s in session],
        "quality": ["", *(["good", "poor"][k // 7 % 2] for k in range(1, 200))],
    }
    person = [(session[k], human, k, k + 1) for k, (human, _, _) in enumerate(seconds)]
    machine = [
        (session[k], auto, k, k + 1, *(cells[m][k] for m in more)) for k, (_, auto, _) in enumerate(seconds)
    ]
    return write(folder / "p.csv", person), write(folder / "m.csv", machine, *more)


def test_auc_and_calibration_of_tables(seconds: list[tuple[str, str, float]], tmp_path: Path) -> None:
    person, machine = tables(tmp_path, seconds, "confidence")
    found = agree_tables(person, machine)["validity"]["affect3"]
    human, auto, sure = (np.array(column) for column in zip(*seconds, strict=True))
    for code in CODES:
        score = np.where(auto == code, sure, -sure)
        assert found["codes"][code]["auc"] == pytest.approx(roc_auc_score(human == code, score), abs=1e-6)
    gaps = 0.0
    for low in range(10):
        mine = np.minimum((sure * 10 + 1e-9).astype(int), 9) == low
        if mine.any():
            gaps += mine.sum() * abs(sure[mine].mean() - (human == auto)[mine].mean())
    assert found["calibration_error"] == pytest.approx(gaps / 200, abs=1e-6)
    assert sum(row["seconds"] for row in found["calibration"]) == 200
    assert found["confidence_reason"] is None


def test_confidence_that_is_missing_is_told(seconds: list[tuple[str, str, float]], tmp_path: Path) -> None:
    person, machine = tables(tmp_path, seconds, "confidence")
    lines = machine.read_text().splitlines()
    lines[150] = lines[150].rpartition(",")[0] + ","  # one of the second session
    machine.write_text("\n".join(lines) + "\n")
    found = agree_tables(person, machine)["validity"]["affect3"]
    assert found["confidence_reason"] == "1 of 2 streams lack confidence in some or all proposals"
    assert (found["calibration"], found["codes"]["neg"]["auc"]) == ([], None)
    assert found["codes"]["neg"]["precision"] is not None


def test_a_gap_needs_no_confidence(tmp_path: Path) -> None:
    person = write(tmp_path / "p.csv", [("s1", "neu", 0, 4), ("s1", "pos", 4, 8)])
    rows: list[Row] = [("s1", "neu", 0, 3, 0.9), ("s1", "usc", 3, 5, ""), ("s1", "pos", 5, 8, 0.8)]
    machine = write(tmp_path / "m.csv", rows, "confidence")
    found = agree_tables(person, machine)["validity"]["affect3"]
    assert found["confidence_reason"] is None
    assert found["codes"]["pos"]["auc"] == 1
    assert found["unproposed"] == pytest.approx(2 / 8)


def test_strata_of_columns(seconds: list[tuple[str, str, float]], tmp_path: Path) -> None:
    person, machine = tables(tmp_path, seconds, "confidence", "age_band", "quality")
    by = agree_tables(person, machine, by=("age_band", "quality"))["validity"]["affect3"]["by"]
    assert list(by) == ["age_band 0-3 months", "age_band 4-6 months", "quality good", "quality poor"]
    human, auto, _ = (np.array(column) for column in zip(*seconds, strict=True))
    place = np.arange(200)
    for name, mine in (
        ("age_band 0-3 months", place < 100),
        ("age_band 4-6 months", place >= 100),
        ("quality good", (place > 0) & (place // 7 % 2 == 0)),
        ("quality poor", place // 7 % 2 == 1),
    ):
        assert by[name]["kappa"] == pytest.approx(cohen_kappa_score(human[mine], auto[mine]))
        assert by[name]["human_s"] == mine.sum()


def test_a_column_that_is_not_there_is_refused(seconds: list[tuple[str, str, float]], tmp_path: Path) -> None:
    pair = tables(tmp_path, seconds, "quality", "age_band")
    with pytest.raises(InputError, match=r"no such column .* got light, expected age_band, quality"):
        agree_tables(*pair, by=("light",))
    done = subprocess.run(
        [sys.executable, "-m", "stillface", "agreement", *pair, "--by", "light", "--json"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)


def test_the_screen_shows_codes_and_strata(seconds: list[tuple[str, str, float]], tmp_path: Path) -> None:
    pair = tables(tmp_path, seconds, "confidence", "quality")
    done = subprocess.run(
        [sys.executable, "-m", "stillface", "agreement", *pair, "--by", "quality"],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"COLUMNS": "80"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    heads = [line.split() for line in done.stdout.splitlines()]
    assert ["code", "precision", "recall", "AUC"] in heads
    assert ["stratum", "kappa", "agreement", "seconds"] in heads
    found = agree_tables(*pair, by=("quality",))["validity"]["affect3"]
    line = next(line for line in done.stdout.splitlines() if line.startswith("quality good"))
    assert line.split()[2] == f"{found['by']['quality good']['kappa']:.3f}"
    assert f"confidence and share right: {found['calibration_error']:.3f}" in done.stdout


@pytest.mark.real
def test_tables_of_real_infants_give_what_the_tracks_give(shared_data: Path, tmp_path: Path) -> None:
    infants = infants_coded(shared_data)
    for name, which in (("p", 0), ("m", 2)):
        sessions = [("d", f"s{k:02d}", (tracks[which],), {}) for k, tracks in enumerate(infants)]
        write_codes(tmp_path / f"{name}.csv", sessions)
    done = subprocess.run(
        [sys.executable, "-m", "stillface", "agreement", tmp_path / "p.csv", tmp_path / "m.csv", "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert len(content["sessions"]) == 22
    found = content["validity"]["lookit"]
    assert round(found["kappa"], 3) == 0.777
    # A run of one code carries the mean confidence of its frames, so ranks are a little coarser.
    assert {code: round(row["auc"], 2) for code, row in found["codes"].items()} == {
        "away": 0.94, "left": 0.95, "right": 0.95,
    }  # fmt: skip


def face(status: np.ndarray, yaw_deg: np.ndarray) -> FaceTrack:
    """One frame a second; only status and head pose say something."""
    arrays = FaceTrack.blank(status.size)
    arrays |= {"status": status.astype(np.uint8), "yaw_deg": yaw_deg.astype(np.float32)}
    clock = FrameClock.constant(status.size, Fraction(1))
    return FaceTrack("infant", "front", clock, source="t@1", **arrays)  # type: ignore[arg-type]


def within(bouts: list[tuple[int, int, str]], onset_s: int, offset_s: int) -> list[tuple[int, int, str]]:
    low, high = onset_s * 10**9, offset_s * 10**9
    return [(max(a, low), min(b, high), code) for a, b, code in bouts if a < high and b > low]


def test_quality_strata_come_from_the_stored_face(tmp_path: Path) -> None:
    """The machine is wrong where the face is turned aside, and nowhere else."""
    folder = make_study(tmp_path / "study", 1, ReliabilityPlan())
    truth = true_codes(1)
    write_log(folder, "s00", "AB", as_coded(truth, 3, 0.0))  # equal borders would be a copied machine
    wrong = [(a, b, CODES[(CODES.index(code) + 1) % 3]) for a, b, code in truth]
    write_auto(folder, "s00", [*within(truth, 0, 60), *within(wrong, 60, 180), *within(truth, 180, 360)])
    second = np.arange(360)
    status = np.where(second < 300, FaceStatus.CODABLE, FaceStatus.NO_FACE)
    yaw = np.where((second >= 60) & (second < 180), -45.0, 29.0)
    path = folder.tracks_dir("s00") / "front.infant.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_face_track(path, face(status, yaw), Provenance("track", {}, {}, "0"))
    (row,) = study_agreement(folder).content["validity"]
    parts = {name: part for name, part in row["by"].items() if name.startswith("face")}
    assert {name: (part["human_s"], round(part["agreement"])) for name, part in parts.items()} == {
        "face to the camera": (180, 1), "face turned aside": (120, 0), "face not codable": (60, 1),
    }  # fmt: skip
    page = write_reliability_page(folder, study_agreement(folder)).read_text()
    assert all(name in page for name in parts)


def test_intervals_draw_the_sessions_of_a_part(tmp_path: Path) -> None:
    """Four sessions of sixty seconds, three of them of the young: as drawn and counted by hand."""
    rng = np.random.default_rng(8)
    ids = ["s1", "s2", "s3", "s4"]
    human = rng.integers(0, 3, (4, 60))
    auto = np.where(rng.random((4, 60)) < 0.6, human, rng.integers(0, 3, (4, 60)))
    person = [(s, CODES[human[i, k]], k, k + 1) for i, s in enumerate(ids) for k in range(60)]
    machine = [
        (s, CODES[auto[i, k]], k, k + 1, "old" if s == "s3" else "young")
        for i, s in enumerate(ids)
        for k in range(60)
    ]
    paths = write(tmp_path / "p.csv", person), write(tmp_path / "m.csv", machine, "age_band")
    params = AgreementParams(seed=4, n_resamples=150)
    found = agree_tables(*paths, params=params, by=("age_band",))["validity"]["affect3"]
    old, young = (found["by"][f"age_band {name}"]["interval"] for name in ("old", "young"))
    assert (old["low"], old["high"], old["n_sessions"]) == (None, None, 1)
    assert old["reason"] == "fewer than three sessions"
    for interval, mine in ((young, [0, 1, 3]), (found["interval"], [0, 1, 2, 3])):
        draw = np.random.default_rng(4)
        kappas = []
        for _ in range(150):
            drawn = [mine[k] for k in draw.integers(0, len(mine), len(mine))]
            kappas.append(cohen_kappa_score(human[drawn].ravel(), auto[drawn].ravel()))
        expected = np.quantile(kappas, [0.025, 0.975])
        assert [interval["low"], interval["high"]] == pytest.approx(expected.tolist())
        assert interval["n_sessions"] == len(mine)
        assert interval["reason"] == f"only {len(mine)} sessions: the interval is rough"
