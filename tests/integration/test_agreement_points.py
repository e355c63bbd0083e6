"""Events without duration compared by the command: in tables, and in a study with its progress."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.code_log import CodeLog, Edit
from stillface.io.code_log_record import LoggedBout
from stillface.io.study_yaml import ReliabilityPlan, StudyFile
from tests.integration.agreement_study import make_study

HEAD = "dyad_id,session_id,role,scheme_id,coder_id,code,onset_s,offset_s\n"
AB = [(3.0, "repair_bid"), (9.0, "repair_bid"), (12.0, "repair_accepted"), (80.0, "repair_bid")]
CD = [(3.5, "repair_bid"), (9.0, "repair_accepted"), (12.2, "repair_accepted")]


def stillface(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stillface", *map(str, words)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def content(*words: object) -> dict[str, Any]:
    done = stillface("agreement", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """Each coder's events, and a stream of states beside them."""
    paths = []
    for coder, events in (("AB", AB), ("CD", CD)):
        rows = [f"d1,s1,infant,repair_events,{coder},{code},{t},{t}\n" for t, code in events]
        states = [
            f"d1,s1,infant,affect3,{coder},{code},{k * 10},{k * 10 + 10}\n"
            for k, code in enumerate(("neu", "pos"))
        ]
        paths.append(tmp_path / f"{coder}.csv")
        paths[-1].write_text(HEAD + "".join(rows + states))
    return paths[0], paths[1]


def test_tables_of_events_beside_states(tables: tuple[Path, Path]) -> None:
    found = content(*tables)
    states, events = found["sessions"]
    assert (states["scheme_id"], states["kappa"]) == ("affect3", 1)
    assert (events["scheme_id"], events["kappa"], events["agreement"]) == ("repair_events", None, None)
    assert "no share of time" in events["reason"]
    counted = {name: events["events"][name] for name in ("agreed", "confused", "only_first", "only_second")}
    assert counted == {"agreed": 2, "confused": 1, "only_first": 1, "only_second": 0}
    assert events["codes"]["repair_bid"]["positive"] == pytest.approx(2 * 1 / (3 + 1))
    assert found["pooled"]["by_scheme"]["repair_events"]["events"] == events["events"]
    assert found["pooled"]["kappa"] == 1  # events take no part in what is weighted by time
    near = content(*tables, "--onset-s", 0.3)["sessions"][1]["events"]
    assert (near["agreed"], near["confused"]) == (1, 1)
    shown = stillface("agreement", *tables)
    assert shown.returncode == 0
    line = next(line for line in shown.stdout.splitlines() if line.startswith("repair_bid"))
    assert line.split() == ["repair_bid", "0.500", "1", "3", "1"]


def write_points(
    folder: StudyFolder, session: str, coder: str, events: list[tuple[float, str]], month: str = "2024-01"
) -> None:
    path = folder.codes_dir(session) / f"{coder}.lab-1.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    clock = lambda: (f"{month}-15T10:00:00.000000Z", 1)  # noqa: E731
    log = CodeLog.open(path, coder=coder, install="lab-1", app_version="0", clock=clock)
    tier = "infant/repair_events"
    log.append_group([Edit("add", bout=LoggedBout(tier, round(t * 1e9), None, code)) for t, code in events])
    log.close()


def test_a_study_with_a_scheme_of_events(tmp_path: Path) -> None:
    plan = ReliabilityPlan(0.5, seed=1, sessions=("s00", "s01"))
    made = make_study(tmp_path / "first", 3, plan)
    study = replace(made.study, schemes={"infant": ("repair_events",)})
    folder = create_study(tmp_path / "study", StudyFile(study, plan))
    for name in made.sessions():
        folder.add_session(made.load_session(name))
    for name in ("s00", "s02"):
        write_points(folder, name, "AB", AB)
        write_points(folder, name, "CD", CD)
    write_points(folder, "s01", "AB", AB)
    found = content(folder.root)
    assert (found["plan"]["n_done"], found["plan"]["n_drawn"]) == (1, 2)
    assert [(row["session_id"], row["coders"], row["drawn"]) for row in found["points"]] == [
        ("s00", ["AB", "CD"], True), ("s02", ["AB", "CD"], False),
    ]  # fmt: skip
    pooled = found["pooled_points"]["repair_events"]
    assert (pooled["n_sessions"], pooled["events"]["agreed"]) == (1, 2)  # s02 was not drawn
    assert found["sessions"] == []
    assert content(folder.root, "--coder", "AB")["points"] == found["points"]
    page = (open_study(folder.root).reports_dir / "reliability.html").read_text()
    assert "Events without duration" in page
    assert "repair_bid" in stillface("agreement", folder.root).stdout


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Give a master of events; AB is certified first and stays steady, CD is not and leaves in March."""
    root = tmp_path_factory.mktemp("events")
    plan = ReliabilityPlan(1.0, seed=1, sessions=("s00", "s01", "s02"), masters={"s03": "EXPERT"})
    made = make_study(root / "first", 4, plan)
    study = replace(made.study, schemes={"infant": ("repair_events",)})
    folder = create_study(root / "study", StudyFile(study, plan))
    for name in made.sessions():
        folder.add_session(made.load_session(name))
    truth = [(20.0 * k, ("repair_bid", "repair_accepted")[k % 2]) for k in range(1, 11)]
    late = [(t, ("repair_bid", "repair_accepted")[k % 2]) for k, (t, _) in enumerate(truth)]
    write_points(folder, "s03", "EXPERT", truth, month="2023-11")
    write_points(folder, "s03", "AB", [(t + 0.5, code) for t, code in truth], month="2023-12")
    write_points(folder, "s03", "CD", [(t, "repair_bid") for t, _ in truth], month="2024-02")
    for k in range(3):
        month = f"2024-0{k + 1}"
        write_points(folder, f"s0{k}", "AB", truth, month=month)
        write_points(folder, f"s0{k}", "CD", late if k == 2 else truth, month=month)
    return folder


def test_coders_of_events_certify_and_drift(certified: StudyFolder) -> None:
    found = content(certified.root)
    rows = {row["coder"]: row for row in found["certification"]}
    assert set(rows) == {"AB", "CD"}
    assert (rows["AB"]["events"]["kappa"], rows["AB"]["label"], rows["AB"]["coded_before"]) == (1, "good", [])
    # CD calls everything a bid: half right, as chance has it.
    assert (rows["CD"]["events"]["agreed"], rows["CD"]["events"]["confused"]) == (5, 5)
    assert rows["CD"]["events"]["presence"] == 0.5
    assert (rows["CD"]["label"], rows["CD"]["n_masters"], rows["CD"]["of"]) == ("below acceptable", 1, 1)
    assert rows["CD"]["coded_before"] == ["s00"]  # begun in January, certified in February
    months = [(row["month"], row["figure"], row["value"], row["drifted"]) for row in found["drift"]]
    assert [(month, drifted) for month, _, _, drifted in months] == [
        ("2024-01", False), ("2024-02", False), ("2024-03", True),
    ]  # fmt: skip
    assert {figure for _, figure, _, _ in months} == {"event kappa"}
    assert [value for *_, value, _ in months[:2]] == [1, 1]
    assert [(row["session_id"], row["coder"]) for row in found["recode"]] == [("s02", "AB"), ("s02", "CD")]
    assert found["pooled_points"]["repair_events"]["label"]
    said = stillface("agreement", certified.root)
    assert "Coders against the masters" in said.stdout
    assert "drift: recode s02 infant/repair_events, AB, 2024-03" in " ".join(said.stderr.split())
    page = (open_study(certified.root).reports_dir / "reliability.html").read_text()
    assert "event kappa" in page
    assert "None" not in page


def test_events_of_one_code_are_followed_by_presence(certified: StudyFolder, tmp_path: Path) -> None:
    root = Path(shutil.copytree(certified.root, tmp_path / "study"))
    for path in (root / "sessions").glob("*/codes/*.jsonl"):
        path.unlink()
    folder = open_study(root)
    bids = [(20.0 * k, "repair_bid") for k in range(1, 11)]
    write_points(folder, "s03", "EXPERT", bids, month="2023-11")
    write_points(folder, "s03", "AB", bids[:9], month="2023-12")
    for k in range(2):
        write_points(folder, f"s0{k}", "AB", bids, month=f"2024-0{k + 1}")
        write_points(folder, f"s0{k}", "CD", bids[: 4 if k else 10], month=f"2024-0{k + 1}")
    found = content(root)
    (row,) = (row for row in found["certification"] if row["coder"] == "AB")
    assert (row["events"]["kappa"], row["label"]) == (None, "")
    assert "one code only" in row["events"]["reason"]
    assert row["events"]["presence"] == pytest.approx(18 / 19)
    assert [(row["figure"], row["value"], row["kappa"], row["drifted"]) for row in found["drift"]] == [
        ("agreement on presence", 1, None, False),
        ("agreement on presence", pytest.approx(8 / 14), None, True),
    ]
