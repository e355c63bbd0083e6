"""The reliability plan as a lab lives with it: drawn, coded, certified, drifting, through the command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from stillface.errors import InputError
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.known_coders import check_coders
from stillface.review.blinding import must_code_blind
from tests.integration.agreement_study import as_coded, make_study, true_codes, write_auto, write_log

SHARE = 0.25
AGES = (80, 80, 80, 80, 100, 100, 100, 100)  # two bands of 91 days, crossing groups and sites


def stillface(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stillface", *map(str, words)],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def content(root: Path, *words: object) -> dict[str, Any]:
    done = stillface("agreement", root, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def settings(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "study.yaml").read_text())["reliability"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give 48 sessions of two groups, two sites and two age bands, one of them a master; nobody has coded."""
    plan = ReliabilityPlan(SHARE, ("group", "age", "site"), masters={"s47": "EXPERT"})
    return make_study(tmp_path_factory.mktemp("plan") / "study", 48, plan, AGES).root


@pytest.fixture
def study(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(empty, tmp_path / "study"))


def stratum(name: str) -> tuple[int, bool, bool]:
    """Tell group, site and age band of a session as the study was made."""
    k = int(name[1:])
    return k % 2, k % 3 == 0, AGES[k % len(AGES)] > 91


def test_the_draw_has_its_share_in_every_stratum_and_is_kept(study: Path, tmp_path: Path) -> None:
    again = Path(shutil.copytree(study, tmp_path / "again"))
    plan = content(study, "--draw", "--seed", 7)["plan"]
    drawn = [row["session_id"] for row in plan["sessions"]]
    assert (plan["n_drawn"], plan["n_done"], plan["seed"]) == (12, 0, 7)  # a quarter of 47, rounded up
    everyone, taken = (Counter(map(stratum, names)) for names in (map("s{:02d}".format, range(47)), drawn))
    assert len(everyone) == 8
    assert all(abs(taken[key] - SHARE * n) < 1 for key, n in everyone.items())
    assert "s47" not in drawn
    kept = settings(study)
    assert (kept["seed"], sorted(kept["sessions"])) == (7, drawn)
    assert [row["session_id"] for row in content(study, "--draw")["plan"]["sessions"]] == drawn
    assert [row["session_id"] for row in content(again, "--draw", "--seed", 7)["plan"]["sessions"]] == drawn
    refused = stillface("agreement", study, "--draw", "--seed", 8)
    assert (refused.returncode, refused.stderr.count("\n")) == (3, 1)
    assert "another seed" in refused.stderr
    assert settings(study) == kept


def test_another_seed_draws_others_and_who_codes_them_is_blind(study: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(study, tmp_path / "other"))
    drawn, others = (
        {row["session_id"] for row in content(root, "--draw", "--seed", seed)["plan"]["sessions"]}
        for root, seed in ((study, 1), (other, 2))
    )
    assert drawn != others
    folder = open_study(study)
    blind = {name for name in folder.sessions() if must_code_blind(folder, name, "AB")}
    assert blind == drawn


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Give six drawn sessions of eight and a master; AB certified first and codes well, CD neither."""
    plan = ReliabilityPlan(
        0.75, seed=1, sessions=("s00", "s01", "s02", "s03", "s04", "s05"), masters={"s07": "EXPERT"}
    )
    folder = make_study(tmp_path_factory.mktemp("coded") / "study", 8, plan)
    truth = [true_codes(k) for k in range(8)]
    write_log(folder, "s07", "EXPERT", truth[7], month="2023-11")
    write_log(folder, "s07", "AB", as_coded(truth[7], 70, 0.02), month="2023-12")
    write_log(folder, "s07", "CD", as_coded(truth[7], 71, 0.5), month="2024-02")
    for k in range(5):
        name, month = f"s{k:02d}", f"2024-0{1 + k // 2}"
        write_auto(folder, name, as_coded(truth[k], 300 + k, 0.2))
        write_log(folder, name, "AB", as_coded(truth[k], 100 + k, 0.02), month=month)
        write_log(folder, name, "CD", as_coded(truth[k], 200 + k, 0.6 if k == 4 else 0.02), month=month)
    # Everything else is made by review, as where a lab reviews by routine.
    for k in (0, 5, 6):
        bouts = as_coded(truth[k], 400 + k, 0.1)
        write_log(folder, f"s{k:02d}", "GH", bouts, month="2024-04", kind="auto_reviewed", decisions=True)
    return folder


@pytest.fixture(scope="module")
def told(coded: StudyFolder) -> str:
    """Give what the command says on the screen, in words parted by one blank."""
    return " ".join(stillface("agreement", coded.root).stderr.split())


@pytest.fixture(scope="module")
def found(coded: StudyFolder, told: str) -> dict[str, Any]:
    """Give the command's JSON, before any test changes the study."""
    return content(coded.root)


@pytest.fixture(scope="module")
def page(coded: StudyFolder, told: str) -> str:
    return (coded.reports_dir / "reliability.html").read_text()


def test_progress_counts_what_two_coded_from_scratch(found: dict[str, Any], told: str) -> None:
    plan = found["plan"]
    assert (plan["n_done"], plan["n_drawn"], plan["n_sessions"]) == (5, 6, 8)
    assert "5 of 6 drawn sessions are coded from scratch by two (seed 1, 8 sessions in all)" in told
    assert "s05 infant/affect3: 2 more from scratch" in told  # a review counts for nothing


def test_coders_certify_before_they_code(found: dict[str, Any], told: str) -> None:
    rows = {row["coder"]: row for row in found["certification"]}
    assert set(rows) == {"AB", "CD", "GH"}
    labels = {name: (row["label"], row["n_masters"], row["of"]) for name, row in rows.items()}
    assert labels == {"AB": ("good", 1, 1), "CD": ("below acceptable", 1, 1), "GH": ("", 0, 1)}
    assert rows["AB"]["coded_before"] == []
    assert rows["CD"]["coded_before"] == ["s00", "s01"]  # those of January
    assert rows["GH"]["coded_before"] == ["s00", "s05", "s06"]
    assert rows["GH"]["reason"]
    assert "CD coded s00, s01 with affect3 before the master sessions were done (now 1 of 1)" in told
    assert "AB coded" not in told


def test_drift_lists_what_to_recode(found: dict[str, Any], told: str, page: str) -> None:
    assert [(row["month"], row["drifted"]) for row in found["drift"]] == [
        ("2024-01", False), ("2024-02", False), ("2024-03", True),
    ]  # fmt: skip
    assert [(row["session_id"], row["coder"]) for row in found["recode"]] == [("s04", "AB"), ("s04", "CD")]
    assert "drift: recode s04 infant/affect3, AB, 2024-03" in told
    assert "To recode" in page


def test_review_is_held_against_scratch_and_never_a_person(found: dict[str, Any], page: str) -> None:
    rows = [(r["session_id"], r["reviewer"], r["from_scratch"]) for r in found["reviewed_against_scratch"]]
    assert rows == [("s00", "GH", "AB"), ("s00", "GH", "CD")]
    assert all("GH" not in row["coders"] for row in found["sessions"])
    assert "Reviewed proposals against coding from scratch" in page


def test_labels_are_words_of_the_study(coded: StudyFolder, found: dict[str, Any], tmp_path: Path) -> None:
    root = Path(shutil.copytree(coded.root, tmp_path / "study"))
    kappa = found["pooled"]["affect3"]["kappa"]
    path = root / "study.yaml"
    spoken = yaml.safe_load(path.read_text())
    spoken["reliability"]["labels"] = {"poor": 0.0, "fair": kappa - 0.01, "splendid": kappa + 0.01}
    path.write_text(yaml.safe_dump(spoken, sort_keys=False))
    again = content(root)  # however low, the command succeeds: a label is no verdict
    assert again["pooled"]["affect3"]["label"] == "fair"
    assert {row["label"] for row in again["certification"]} <= {"", "poor", "fair", "splendid"}


def test_coders_of_a_study_can_be_named(coded: StudyFolder, page: str, tmp_path: Path) -> None:
    folder = open_study(Path(shutil.copytree(coded.root, tmp_path / "study")))
    for coder, seed in (("AB", 1), ("EF", 2)):
        write_log(folder, "s06", coder, as_coded(true_codes(6), seed, 0.02))
    one = content(folder.root, "--coder", "EF")
    two = content(folder.root, "--coder", "AB", "--coder", "human:CD")
    assert [row["coders"] for row in one["sessions"]] == [["AB", "EF"]]
    assert {tuple(row["coders"]) for row in two["sessions"]} == {("AB", "CD")}
    assert (one["coders"], two["coders"]) == (["EF"], ["AB", "CD"])
    assert [row["coder"] for row in two["certification"]] == ["AB", "CD"]
    assert (folder.reports_dir / "reliability.html").read_text() == page  # that of the whole study


@pytest.mark.parametrize("command", ["run", "report", "agreement"])
def test_an_unknown_coder_is_refused_with_those_there_are(coded: StudyFolder, command: str) -> None:
    done = stillface(command, coded.root, "--coder", "ZZ")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "no such coder: got ZZ, expected one of auto_reviewed:GH, human:AB, human:CD" in done.stderr


def test_a_machine_may_be_named_before_it_has_proposed_anything(coded: StudyFolder) -> None:
    check_coders(coded, ("auto:affect@1.0", "AB", "human:AB"))
    with pytest.raises(InputError, match=r"got affect@9\.9, expected one of .*auto:affect@1\.0"):
        check_coders(coded, ("affect@9.9",))
    with pytest.raises(InputError, match=r"got auto:affect@1\.0"):  # never one of the people
        check_coders(coded, ("auto:affect@1.0",), machines=False)
