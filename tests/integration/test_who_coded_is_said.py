"""A reviewed proposal is never taken for a coding by hand; reviewed time is counted in time."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import s_to_ns
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.human_codes import CodedByPeople
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_scheme
from stillface.pipeline.artefact_checks import Codings
from stillface.report.wording import coders_label

CODES = """dyad_id,session_id,role,scheme_id,coder_id,code,onset_s,offset_s,source
D1,S1,infant,affect3,MG,neu,0,40,human
D1,S1,infant,affect3,MG,neg,40,120,human
D1,S1,caregiver,affect3,MG,pos,0,60,auto_reviewed
D1,S1,caregiver,affect3,MG,neu,60,120,auto_reviewed
"""
EPISODES = """session_id,episode_id,onset_s,offset_s,ended_by
S1,PL,0,40,time
S1,SF,40,80,time
S1,RE,80,120,time
"""


def rows_of(tmp_path: Path, codes: str) -> list[dict[str, str]]:
    (tmp_path / "codes.csv").write_text(codes)
    (tmp_path / "episodes.csv").write_text(EPISODES)
    options = ["--codes", "codes.csv", "--episodes", "episodes.csv", "--protocol", "demo_3x40"]
    command = [sys.executable, "-m", "stillface", "measure", *options, "--rule", "valence3", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "measures_long.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_that_rests_on_a_reviewed_proposal_says_so(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, CODES)
    said = {role: {row["flags"] for row in rows if row["role"] == role} for role in ("infant", "caregiver")}
    assert not any("source=" in flags for flags in said["infant"])
    assert all("source=auto_reviewed" in flags.split(";") for flags in said["caregiver"])
    dyad = [row for row in rows if row["role"] == "dyad"]
    contrasts = [row for row in dyad if "-" in row["episode_id"]]
    assert contrasts
    assert all("source=human+auto_reviewed" in row["flags"].split(";") for row in dyad)


def test_rows_by_hand_carry_no_such_flag(tmp_path: Path) -> None:
    assert not any(
        "source=" in row["flags"] for row in rows_of(tmp_path, CODES.replace("auto_reviewed", "human"))
    )


@pytest.mark.parametrize(
    ("coder_id", "flags", "shown"),
    [
        ("MG", (), "MG"),
        ("MG", ("low_coverage", "source=human+auto_reviewed"), "MG (by hand + auto, reviewed)"),
        ("gaze@1.1+MG", ("source=auto+auto_reviewed",), "gaze@1.1+MG (auto, unreviewed + auto, reviewed)"),
    ],
)
def test_how_a_stream_was_coded_in_words(coder_id: str, flags: tuple[str, ...], shown: str) -> None:
    assert coders_label(coder_id, flags) == shown


def track(role: str, source: str, scheme: str, until_s: float) -> StateTrack:
    edges_ns = np.array([0, s_to_ns(until_s)], dtype=np.int64)
    return StateTrack(load_scheme(scheme), role, source, edges_ns, np.array([0], dtype=np.int16))


def test_a_stream_coded_in_part_counts_in_part() -> None:
    session = Session("S1", "D1", load_protocol("demo_3x40"), (Episode("PL", 0, s_to_ns(40), "time"),))
    machine = (track("infant", "auto:a@1", "affect3", 40), track("infant", "auto:g@1", "gaze", 40))
    people = CodedByPeople((track("infant", "human:MG", "affect3", 10),), (), {}, {}, ())
    share, untouched = Codings(people, machine).unreviewed(session)
    assert share == pytest.approx(70 / 80)
    assert untouched == ("infant/gaze",)
