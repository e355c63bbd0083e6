"""Real files of ELAN and BORIS, converted here, measured and compared by the commands."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tests.integration.exchange_files import Coded, Span, boris_states, eaf_tier, filled, write_tables

pytestmark = pytest.mark.real

ELAN = {"child": "CHI", "caregiver": "FA1"}
SPAN: Span = (0, 301_000)
PAIR = ("observation #2", "observation #2 (copy)")


def stillface(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stillface", *map(str, words)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def measured(codes: Path, episodes: Path, out: Path) -> dict[tuple[str, str, str], tuple[float, str]]:
    """Run the command and give value and n by role, measure and code of the one episode."""
    done = stillface(
        "measure", "--codes", codes, "--episodes", episodes, "--protocol", "parent_child_freeplay",
        "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (out / "measures_long.csv").open(newline="") as file:
        return {
            (row["role"], row["measure"], row["code"]): (float(row["value"]), row["n"])
            for row in csv.DictReader(file)
            if row["episode_id"] == "TOY" and row["value"]
        }


def on_grid(bouts: tuple[tuple[int, int, str], ...], span: Span) -> list[str]:
    """Write the code of every millisecond, the slow way."""
    cells = [""] * (span[1] - span[0])
    for onset, offset, code in bouts:
        cells[onset - span[0] : offset - span[0]] = [code] * (offset - onset)
    return cells


def eaf_streams(path: Path) -> list[Coded]:
    return [
        Coded(role, filled([bout[:2] for bout in eaf_tier(path, tier)], "voc", "silent", SPAN))
        for role, tier in ELAN.items()
    ]


def test_vocal_turns_of_a_real_elan_file(shared_data: Path, tmp_path: Path) -> None:
    """Shares, counts, gaps and overlaps of child and adult against a walk over milliseconds."""
    streams = eaf_streams(shared_data / "exchange" / "childproject_example_basic.eaf")
    rows = measured(*write_tables(tmp_path, "E1", "vocal_turns", {"s1": (SPAN, streams)}), tmp_path / "out")
    child, adult = (np.array(on_grid(stream.bouts, SPAN)) == "voc" for stream in streams)
    for role, voice, n in (("child", child, 134), ("caregiver", adult, 91)):
        assert rows[role, "pct_time", "voc"][0] == pytest.approx(100 * voice.mean(), abs=1e-9)
        starts = int(voice[0]) + int((voice[1:] & ~voice[:-1]).sum())
        assert starts <= n  # of annotations that touch, one bout is made
        assert rows[role, "frequency", "voc"][0] == starts
    assert rows["dyad", "turn_overlap_pct", ""][0] == pytest.approx(100 * (child & adult).mean(), abs=1e-9)
    gaps: dict[tuple[str, str], list[int]] = {}
    last, quiet = "", 0
    for c, a in zip(child.tolist(), adult.tolist(), strict=True):
        now = "both" if c and a else "child" if c else "caregiver" if a else ""
        if now and quiet and last and "both" not in (last, now):  # whose silence would it be
            gaps.setdefault((last, now), []).append(quiet)
        last, quiet = now or last, 0 if now else quiet + 1
    for (before, after), lengths in gaps.items():
        name = "turn_pause_mean_s" if before == after else "turn_gap_mean_s"
        code = before if before == after else f"{before}>{after}"
        value, counted = rows["dyad", name, code]
        assert (value, counted) == (pytest.approx(np.mean(lengths) / 1000), str(len(lengths)))
    assert len(gaps) == 4


def test_agreement_on_a_real_elan_tier(shared_data: Path, tmp_path: Path) -> None:
    """No public file holds two coders: the second here is the first with each border on a grid of 400 ms."""
    streams = eaf_streams(shared_data / "exchange" / "childproject_example_basic.eaf")
    coarse = []
    for stream in streams:
        at = [round(onset / 400) * 400 for onset, _, code in stream.bouts if code == "voc"]
        to = [round(offset / 400) * 400 for _, offset, code in stream.bouts if code == "voc"]
        spans = [(a, b) for a, b in zip(at, to, strict=True) if b > a]
        joined = [spans[0]]
        for onset, offset in spans[1:]:
            if onset <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(offset, joined[-1][1])
            else:
                joined.append((onset, offset))
        coarse.append(Coded(stream.role, filled(joined, "voc", "silent", SPAN)))
    tables = [
        write_tables(tmp_path, coder, "vocal_turns", {"s1": (SPAN, coded)})[0]
        for coder, coded in (("E1", streams), ("E2", coarse))
    ]
    done = stillface("agreement", *tables, "--json")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    kappas = {row["role"]: row["kappa"] for row in content["sessions"]}
    assert content["unpaired"] == []
    for one, other in zip(streams, coarse, strict=True):
        expected = cohen_kappa_score(on_grid(one.bouts, SPAN), on_grid(other.bouts, SPAN))
        assert kappas[one.role] == pytest.approx(expected, abs=1e-9)
        assert 0.6 < kappas[one.role] < 0.95
    assert "ELAN" in stillface("agreement", *tables).stdout


def boris_session(path: Path, observation: str, span: Span) -> list[Coded]:
    return [
        Coded(role, filled(boris_states(path, observation, subject, "s"), "s", "no_s", span))
        for role, subject in (("child", "subject1"), ("caregiver", "subject2"))
    ]


def test_states_of_a_real_boris_project(shared_data: Path, tmp_path: Path) -> None:
    """BORIS's own export of the observation holds the same bouts; shares and counts follow from it."""
    project = shared_data / "exchange" / "BORIS_test.boris"
    span = 0, 400_000
    codes, episodes = write_tables(
        tmp_path, "B1", "boris_s", {"s1": (span, boris_session(project, PAIR[0], span))}
    )
    rows = measured(codes, episodes, tmp_path / "out")
    exported = shared_data / "exchange" / "BORIS_test_export_aggregated_events_test_full_1.tsv"
    with exported.open(newline="", encoding="utf-8") as file:
        lines = [
            line for line in csv.DictReader(file, delimiter="\t")
            if line["Observation id"] == PAIR[0] and line["Behavior"] == "s"
        ]  # fmt: skip
    for role, subject in (("child", "subject1"), ("caregiver", "subject2")):
        mine = [(float(r["Start (s)"]), float(r["Stop (s)"])) for r in lines if r["Subject"] == subject]
        assert [(a / 1000, b / 1000) for a, b in boris_states(project, PAIR[0], subject, "s")] == mine
        assert mine
        assert rows[role, "frequency", "s"][0] == len(mine)
        share = 100 * sum(b - a for a, b in mine) / 400
        assert rows[role, "pct_time", "s"][0] == pytest.approx(share, abs=1e-9)


def test_agreement_of_two_real_boris_observations(shared_data: Path, tmp_path: Path) -> None:
    """The two differ in one onset by 2 s; the command finds it, exactly."""
    project = shared_data / "exchange" / "BORIS_test.boris"
    span = 0, 400_000
    streams = [boris_session(project, name, span) for name in PAIR]
    tables = [
        write_tables(tmp_path, coder, "boris_s", {"s1": (span, coded)})[0]
        for coder, coded in zip(("B1", "B2"), streams, strict=True)
    ]
    done = stillface("agreement", *tables, "--json")
    assert done.returncode == 0, done.stderr
    found = {row["role"]: row for row in json.loads(done.stdout)["sessions"]}
    for one, other in zip(*streams, strict=True):
        expected = cohen_kappa_score(on_grid(one.bouts, span), on_grid(other.bouts, span))
        assert found[one.role]["kappa"] == pytest.approx(expected, abs=1e-9)
    assert found["caregiver"]["kappa"] == 1
    assert found["child"]["agreement"] == pytest.approx(398 / 400)
    printed = {(row["program"], row["method"]): row["kappa"] for row in found["child"]["side_by_side"]}
    assert printed["BORIS", "unweighted kappa (plugin)"] < found["child"]["kappa"] < 1
