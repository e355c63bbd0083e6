"""A study's reliability from its logs: plan, progress, certification, drift, and who is no person."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stillface.errors import InputError
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.study_yaml import ReliabilityPlan
from stillface.pipeline.agree_page import write_reliability_page
from stillface.pipeline.agree_streams import own_judgement, session_streams
from stillface.pipeline.agree_study import draw_sessions, study_agreement
from tests.integration.agreement_study import as_coded, make_study, true_codes, write_auto, write_log


def stillface(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stillface", *map(str, words)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """Give eight sessions: s00 to s05 coded twice, s06 once, the last month worse, all with proposals."""
    plan = ReliabilityPlan(0.5, ("group", "site"), masters={"s05": "EXPERT"})
    folder = make_study(tmp_path / "study", 8, plan)
    for k in range(7):
        truth, name = true_codes(k), f"s{k:02d}"
        month = f"2024-0{1 + k // 2}"
        write_auto(folder, name, as_coded(truth, 300 + k, 0.3))
        write_log(folder, name, "AB", as_coded(truth, 100 + k, 0.02), month=month)
        if k < 5:
            worse = 0.5 if k == 4 else 0.02
            write_log(folder, name, "CD", as_coded(truth, 200 + k, worse), month=month)
        if k == 5:
            write_log(folder, name, "EXPERT", truth, month=month)
            write_log(folder, name, "CD", as_coded(truth, 205, 0.4), month=month)
    return folder


def rows(content: dict[str, Any], name: str, **wanted: object) -> list[dict[str, Any]]:
    return [row for row in content[name] if all(row[key] == value for key, value in wanted.items())]


def test_the_draw_is_kept_in_study_yaml_and_grows(study: StudyFolder) -> None:
    plan = draw_sessions(study, seed=11)
    assert (plan.seed, len(plan.sessions)) == (11, 4)
    assert "s05" not in plan.sessions  # a master is no sample of the coders' everyday work
    again = open_study(study.root)
    assert again.reliability == plan
    assert draw_sessions(again) == plan
    with pytest.raises(InputError, match="another seed"):
        draw_sessions(again, seed=12)
    groups = [again.study.person(f"I{name}").group for name in plan.sessions]
    assert sorted(set(groups)) == ["preterm", "term"]


def test_progress_counts_coding_from_scratch_only(study: StudyFolder) -> None:
    study.update_reliability(
        lambda plan: ReliabilityPlan(0.3, (), seed=1, sessions=("s01", "s06"), masters=plan.masters)
    )
    write_log(study, "s06", "CD", true_codes(6), kind="auto_reviewed", decisions=True)
    content = study_agreement(study).content
    done = {row["session_id"]: row for row in content["plan"]["sessions"]}
    assert done["s01"]["done"]
    assert done["s06"]["missing"] == ["infant/affect3: 1 more from scratch"]
    assert (content["plan"]["n_done"], content["plan"]["n_drawn"]) == (1, 2)
    assert content["pooled"]["affect3"]["n_sessions"] == 1
    assert content["estimate_rests_on"] == "drawn sessions"


def test_people_against_people(study: StudyFolder) -> None:
    content = study_agreement(study).content
    pooled = content["pooled"]["affect3"]
    assert pooled["n_sessions"] == 5  # the master session is no part of the estimate
    assert pooled["interval"]["low"] < pooled["kappa"] < pooled["interval"]["high"]
    assert pooled["alpha"]["alpha"] == pytest.approx(pooled["kappa"], abs=0.01)
    assert pooled["label"] in ("acceptable", "good")
    (row,) = rows(content, "sessions", session_id="s00")
    assert row["coders"] == ["AB", "CD"]
    assert row["kappa"] > 0.8
    assert row["events"]["kappa"] > 0.7
    curve = [point["kappa"] for point in row["tolerance"]]
    assert curve == sorted(curve)
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_a_third_coder_adds_pairs_and_no_sessions(study: StudyFolder) -> None:
    write_log(study, "s00", "EF", as_coded(true_codes(0), 77, 0.02))
    pooled = study_agreement(study).content["pooled"]["affect3"]
    assert (pooled["n_sessions"], pooled["n_pairs"], pooled["interval"]["n_sessions"]) == (5, 7, 5)


def test_certification_against_the_master(study: StudyFolder) -> None:
    content = study_agreement(study).content
    by_coder = {row["coder"]: row for row in content["certification"]}
    assert set(by_coder) == {"AB", "CD"}
    assert (by_coder["AB"]["label"], by_coder["CD"]["label"]) == ("good", "below acceptable")
    assert (by_coder["AB"]["n_masters"], by_coder["AB"]["of"]) == (1, 1)


def test_drift_opens_a_list_to_recode(study: StudyFolder) -> None:
    content = study_agreement(study).content
    assert [(row["month"], row["drifted"]) for row in content["drift"]] == [
        ("2024-01", False), ("2024-02", False), ("2024-03", True),
    ]  # fmt: skip
    listed = {(row["session_id"], row["coder"]) for row in content["recode"]}
    assert listed == {("s04", "AB"), ("s04", "CD")}  # s05 of the same month is a master


def test_machine_against_people_is_validity(study: StudyFolder) -> None:
    content = study_agreement(study).content
    (row,) = content["validity"]
    assert (row["machine"], row["role"], row["scheme_id"]) == ("affect@1.0", "infant", "affect3")
    assert set(row["by"]) == {"episode PL", "episode SF", "episode RE", "age 91 to 181 days"}
    assert row["by"]["age 91 to 181 days"]["kappa"] == pytest.approx(row["kappa"])
    assert 0.2 < row["kappa"] < 0.8
    assert {"precision", "recall", "auc"} <= set(row["codes"]["pos"])
    assert sum(item["seconds"] for item in row["calibration"]) == pytest.approx(row["compared_s"])
    assert not any("affect@1.0" in line["coders"] for line in content["sessions"])


def test_review_against_scratch(study: StudyFolder) -> None:
    write_log(study, "s00", "EF", as_coded(true_codes(0), 9, 0.1), kind="auto_reviewed", decisions=True)
    content = study_agreement(study).content
    found = rows(content, "reviewed_against_scratch", session_id="s00")
    assert [(row["reviewer"], row["from_scratch"]) for row in found] == [("EF", "AB"), ("EF", "CD")]
    assert len(rows(content, "sessions", session_id="s00")) == 1


def test_a_reviewed_log_renamed_to_human_is_known_by_what_it_holds(study: StudyFolder) -> None:
    reviewed = write_log(study, "s07", "GH", true_codes(7), kind="auto_reviewed", decisions=True)
    shutil.copy(reviewed, study.codes_dir("s07") / reviewed.name)
    write_log(study, "s07", "AB", true_codes(7))
    streams = {s.track.source: s for s in session_streams(study, "s07").people}
    with pytest.raises(InputError, match="refused in human-human reliability: its log holds decisions"):
        own_judgement(streams["human:GH"])
    assert own_judgement(streams["human:AB"]).coder_id == "AB"
    content = study_agreement(study).content
    assert [row["coder"] for row in content["refused"]] == ["GH"]
    assert not rows(content, "sessions", session_id="s07")


def test_an_auto_track_renamed_to_a_coder_is_known_by_its_bouts(study: StudyFolder) -> None:
    proposed = as_coded(true_codes(7), 307, 0.3)
    write_auto(study, "s07", proposed)
    write_log(study, "s07", "IJ", proposed)
    write_log(study, "s07", "KL", as_coded(true_codes(7), 5, 0.02))
    content = study_agreement(study).content
    (row,) = content["refused"]
    assert row["coder"] == "IJ"
    assert re.search(r"\d+ of its \d+ bouts are those of auto:affect@1.0", row["error"])


def test_a_log_under_another_name_is_known_by_its_records(study: StudyFolder) -> None:
    path = write_log(study, "s07", "AB", true_codes(7))
    path.rename(path.with_name("ZZ.lab-1.jsonl"))
    (stream,) = session_streams(study, "s07").people
    with pytest.raises(InputError, match="written in the name of AB"):
        own_judgement(stream)


def test_the_machines_own_track_is_refused(study: StudyFolder) -> None:
    from dataclasses import replace

    found = session_streams(study, "s00")
    stream = replace(found.people[0], track=found.auto[0])
    with pytest.raises(InputError, match="it is a machine's proposal"):
        own_judgement(stream)


def test_command_writes_page_and_json(study: StudyFolder) -> None:
    done = stillface("agreement", study.root, "--draw", "--seed", 3, "--json")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["plan"]["seed"] == 3
    page = (study.reports_dir / "reliability.html").read_text()
    assert "Where coders differ" in page
    counted = sum(row["counted"] for row in content["sessions"])
    assert len(re.findall(r'<svg[^>]*id="apart-', page)) == counted == 3
    assert stillface("agreement", study.root).returncode == 0
    assert stillface("agreement", study.root, study.root).returncode == 2
    assert stillface("agreement", study.root / "study.yaml").returncode == 2


def test_page_holds_no_path_no_script_and_nothing_from_outside(study: StudyFolder) -> None:
    page = write_reliability_page(study, study_agreement(study)).read_text()
    assert str(study.root) not in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page.replace("xlink:href", "use"))
    assert "Not a diagnostic device" in page
    assert page.count("bouts a minute") > 1
    assert "ICC(3,k)" in page
    again = write_reliability_page(study, study_agreement(study)).read_text()
    assert again == page


def test_an_empty_study_says_so(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "empty", 1, ReliabilityPlan())
    found = study_agreement(folder)
    page = write_reliability_page(folder, found).read_text()
    assert "No stream was coded from scratch by two people" in page
    assert "No sessions have been drawn yet" in page
    assert (found.content["pooled"], found.content["sessions"]) == ({}, [])
