"""A real infant's heart beside a real clip and real codes of gaze: from files to rows, read a second time.

The three were not recorded together: what they give says nothing of infants, only that nothing is lost or
moved on the way.
"""

from __future__ import annotations

import csv
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import ClockMap, ns_to_s
from stillface.domain.recording import Region, SignalRecording, VideoRecording
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.pipeline.measure_study import measure_study
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.results import session_results
from stillface.pipeline.run import SilentObserver, run_plan
from tests.integration.gaze_files import human

pytestmark = pytest.mark.real

S = 1_000_000_000
RATE = 250
EPISODES = (Episode("PL", 20 * S, 105 * S), Episode("SF", 105 * S, 190 * S))
GAZE = {"left": "partner", "right": "partner", "away": "away"}


@pytest.fixture
def folder(tmp_path: Path, shared_data: Path) -> StudyFolder:
    """A study of one session, its heart beats found and its gaze coded; the film is there and not tracked."""
    persons = (Person("p1"), Person("p2"))
    made = create_study(tmp_path / "lab", Study("s", "ffsf_2_2_2", persons=persons))
    shutil.copy(shared_data / "video" / "single_face.mp4", made.root / "media" / "film.mp4")
    shutil.copy(shared_data / "physio" / "infant1_segment0_ecg.txt", made.root / "physio" / "ecg.txt")
    session = Session(
        "S01", "D01", made.protocol(), EPISODES,
        persons={"infant": "p1", "caregiver": "p2"},
        recordings=(
            VideoRecording("film", ("media/film.mp4",), {"infant": Region(0.0, 0.0, 1.0, 1.0)}),
            SignalRecording(
                "heart", "physio/ecg.txt", "ecg", "infant", rate_hz=Fraction(RATE), unit="mV",
                clock_map=ClockMap(),
            ),
        ),
    )  # fmt: skip
    made.add_session(session)
    for step in make_plan(made, RunOptions()).sessions[0].steps:
        if step.name.startswith("signal:"):
            step.work(lambda done, total: None)
    (path, *_) = sorted((shared_data / "codes" / "gaze_human1").glob("*.txt"))
    track = human(path, "AB").clip(0, 200 * S).merged()
    codes = made.codes_dir("S01")
    codes.mkdir(parents=True, exist_ok=True)
    with CodeLog.open(codes / "AB.home.jsonl", coder="AB", install="home", app_version="1") as log:
        for onset, offset, code in zip(track.edges_ns[:-1], track.edges_ns[1:], track.codes, strict=True):
            if code >= 0:
                named = GAZE[track.scheme.code_ids[code]]
                log.append("add", bout=LoggedBout("infant/gaze", int(onset), int(offset), named))
    return made


def peaks_s(shared_data: Path) -> np.ndarray:
    """The reference peaks that came with the record."""
    return np.loadtxt(shared_data / "physio" / "infant1_segment0_locmax_ecg.txt") / RATE


def mean_interval_ms(peaks: np.ndarray, onset_s: float, offset_s: float) -> float:
    """Weigh each interval by how much of it lies in the window, one by one."""
    total = weight = 0.0
    for first, second in pairwise(peaks.tolist()):
        inside = min(second, offset_s) - max(first, onset_s)
        if inside > 0:
            total += inside * (second - first) * 1000
            weight += inside
    return total / weight


def aversions_s(shared_data: Path, episode: Episode) -> list[float]:
    """Read the file anew: from left or right to away for half a second, with the window in the episode."""
    (path, *_) = sorted((shared_data / "codes" / "gaze_human1").glob("*.txt"))
    track = human(path, "AB")
    ids = [GAZE[track.scheme.code_ids[code]] if code >= 0 else "" for code in track.codes]
    on, off = ns_to_s(episode.onset_ns), ns_to_s(episode.offset_ns)
    edges_s = track.edges_ns / 1e9
    found = [
        float(edges_s[k])
        for k in range(1, len(ids))
        if ids[k] == "away"
        and ids[k - 1] == "partner"
        # Cut at the episode's end, the last one may be too short to tell.
        and min(edges_s[k + 1], off) - edges_s[k] >= 0.5
    ]
    return [time for time in found if on + 5 <= time <= off - 10]


def test_a_real_heart_around_real_aversions(folder: StudyFolder, shared_data: Path) -> None:
    plan = make_plan(folder, RunOptions())
    result = session_results(folder, plan.sessions[0].session, plan.choice)
    peaks = peaks_s(shared_data)
    rows = {
        (row.episode_id, row.measure): row
        for row in result.rows
        if row.code == "gaze_aversion:infant" and row.role == "infant"
    }
    compared = 0
    for episode in EPISODES:
        times = aversions_s(shared_data, episode)
        changes = [mean_interval_ms(peaks, t, t + 10) - mean_interval_ms(peaks, t - 5, t) for t in times]
        row = rows[episode.id, "event_ibi_change_ms"]
        (around,) = [
            one
            for one in result.around
            if one.code == row.code and one.stamp.episode_id == episode.id and one.quantity == "ibi_ms"
        ]
        assert around.n_events - around.n_edge == len(times)
        if around.n_holes == 0:
            # The reference peaks lie on whole samples of 4 ms; the means here run over 5 and 10 s.
            assert around.changes.tolist() == pytest.approx(changes, abs=4.0)
            assert row.value == pytest.approx(float(np.mean(changes)), abs=2.0)
            compared += row.n or 0
        assert row.coder_id == "AB"
    assert compared >= 5


def test_the_tables_hold_what_the_command_gives(folder: StudyFolder) -> None:
    # The film is not tracked: its steps are left out, as if an earlier run had stopped there.
    given = measure_study(folder, RunOptions())
    rows = [row for row in given.sessions["S01"] if row.measure.startswith("event_ibi")]
    assert {row.code for row in rows} == {"gaze_aversion:infant"}
    assert given.statistics is not None
    assert {row.event for row in given.statistics.events} <= {"gaze_aversion:infant"}
    assert {(row.measure, row.contrast) for row in given.statistics.changes} >= {("rsa_ln_ms2", "SF-PL")}


def test_a_whole_run_writes_and_draws_them(folder: StudyFolder) -> None:
    summary = run_plan(folder, make_plan(folder, RunOptions()), SilentObserver())
    assert summary.failures == {}
    with (folder.exports_dir / "measures_long.csv").open(newline="", encoding="utf-8") as opened:
        rows = [row for row in csv.DictReader(opened) if row["measure"] == "event_ibi_change_ms"]
    # A film gives proposals, which are not analysed; the person's codes are.
    assert {row["coder_id"] for row in rows} == {"AB"}
    with (folder.exports_dir / "statistics" / "events.csv").open(newline="", encoding="utf-8") as opened:
        pooled = list(csv.DictReader(opened))
    assert {row["event"] for row in pooled} == {"gaze_aversion:infant"}
    for page in ("S01.html", "study.html"):
        text = (folder.reports_dir / page).read_text(encoding="utf-8")
        assert "Heart and skin around events" in text
        assert "gaze aversion of Infant" in text
