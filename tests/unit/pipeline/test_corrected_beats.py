"""Beats that a person corrected win over the machine's, and the tables say so."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from stillface.coding.gaze_coder import GazeCoder
from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import SampleClock
from stillface.domain.events import BeatSeries
from stillface.domain.protocol import BodyEvents
from stillface.domain.provenance import Provenance
from stillface.domain.recording import Signal, SignalRecording
from stillface.domain.results import Status
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.domain.study import Person, Study
from stillface.io.artefacts import save_beats, save_signal, save_state_track
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.human_beats import BEATS_DIR, NOT_A_BEAT, beats_tier, logged_point
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.results import Choice, session_results
from stillface.testing.physiology import ecg_mv, pulse_beats

CHOICE = Choice(("consensus", "human", "auto_reviewed"), (), ())


def study_with_an_extra_beat(root: Path) -> tuple[StudyFolder, Session, int]:
    grid_s = np.arange(260 * 250) / 250
    beats_s = pulse_beats(grid_s, 430 + 15 * np.sin(2 * np.pi * 0.6 * grid_s))
    signal = Signal(
        "ecg",
        "infant",
        "mV",
        ecg_mv(grid_s, beats_s),
        np.ones(grid_s.size, np.bool_),
        SampleClock(0, Fraction(250), grid_s.size),
    )
    times = np.rint(beats_s * S).astype(np.int64)
    extra = int(times[60]) + 150_000_000
    times = np.sort(np.append(times, extra))
    beats = BeatSeries("infant", times, np.zeros(times.size, np.uint8), signal.span_ns, "auto:ecg_vote@1")
    folder = create_study(root, Study("s", "ffsf_2_2_2", persons=(Person("p1"), Person("p2"))))
    channel = SignalRecording("heart", "physio/heart.csv", "ecg", "infant")
    (folder.root / "physio" / "heart.csv").write_text("1\n")
    session = Session(
        "one",
        "d1",
        folder.protocol(),
        (Episode("PL", 0, 120 * S), Episode("SF", 120 * S, 240 * S)),
        persons={"infant": "p1", "caregiver": "p2"},
        recordings=(channel,),
    )
    folder.add_session(session)
    made = Provenance("test", {}, {}, "0")
    save_signal(folder.signals_dir("one") / "heart.h5", signal, made)
    save_beats(folder.signals_dir("one") / "heart.beats.h5", beats, made)
    return folder, session, extra


def remove_beat(folder: StudyFolder, session: Session, time_ns: int) -> None:
    (channel,) = session.channels
    path = folder.codes_dir("one") / BEATS_DIR / "AB.home.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with CodeLog.open(path, coder="AB", install="home", app_version="1") as log:
        log.append("add", bout=logged_point(beats_tier(channel), NOT_A_BEAT, time_ns, channel.clock_map))


def test_a_persons_beats_win_and_every_value_says_how_many_were_corrected(tmp_path: Path) -> None:
    folder, session, extra = study_with_an_extra_beat(tmp_path / "study")
    before = {(r.episode_id, r.measure): r for r in session_results(folder, session, CHOICE).rows}
    plan = make_plan(folder, RunOptions())
    remove_beat(folder, session, extra)
    results = session_results(folder, session, CHOICE)
    after = {(r.episode_id, r.measure): r for r in results.rows}
    played, still = after[("PL", "ibi_ms")], after[("SF", "ibi_ms")]
    assert (before[("PL", "ibi_ms")].coder_id, played.coder_id) == ("ecg_vote@1", "AB")
    assert played.n == before[("PL", "ibi_ms")].n - 1
    assert "beats_corrected=1" in played.flags
    assert "beats_corrected=1" not in still.flags
    assert still.value == before[("SF", "ibi_ms")].value
    assert f"{BEATS_DIR}/AB.home.jsonl" in results.log_heads
    assert make_plan(folder, RunOptions()).sessions[0].key != plan.sessions[0].key


def test_the_heart_over_time_is_the_corrected_one_and_says_so(tmp_path: Path) -> None:
    folder, session, extra = study_with_an_extra_beat(tmp_path / "study")
    before = session_results(folder, session, CHOICE).bodies
    remove_beat(folder, session, extra)
    after = session_results(folder, session, CHOICE).bodies
    assert [body.quantity for body in after] == ["ibi_ms", "rsa_ln_ms2"]
    for old, new in zip(before, after, strict=True):
        assert dict(old.corrected) == {"PL": 0, "SF": 0}
        assert dict(new.corrected) == {"PL": 1, "SF": 0}
    assert after[0].values.size == before[0].values.size - 1
    window = np.array([extra - S]), np.array([extra + S])
    assert before[0].means(*window)[0][0] < after[0].means(*window)[0][0]
    rows = session_results(folder, session, CHOICE).rows
    # Nobody coded, and the only heart is not held against its own arousal.
    assert [row for row in rows if row.measure.startswith("event_")] == []


def test_a_damaged_log_of_beats_is_named(tmp_path: Path) -> None:
    folder, session, extra = study_with_an_extra_beat(tmp_path / "study")
    remove_beat(folder, session, extra)
    path = folder.codes_dir("one") / BEATS_DIR / "AB.home.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"who":"AB"', b'"who":"XY"'))
    (line,) = [w for w in session_results(folder, session, CHOICE).warnings if "beats" in w]
    assert "AB.home.jsonl" in line


def test_what_a_machine_cannot_propose_is_not_said_to_be_absent(tmp_path: Path) -> None:
    folder, session, _ = study_with_an_extra_beat(tmp_path / "study")
    events = BodyEvents(("gaze/object", "gaze_aversion"))
    asked = replace(session, protocol=replace(session.protocol, body_events=events))
    looking = StateTrack.from_bouts(
        folder.scheme("gaze"), "infant", f"auto:{GazeCoder().name}", [0], [240 * S], ["partner"]
    )
    target = folder.auto_dir("one") / "infant.gaze.h5"
    save_state_track(target, looking, Provenance("test", {}, {}, "0"))
    rows = session_results(folder, asked, Choice(("auto",), (), ())).rows
    found = {(row.code, row.episode_id): row.status for row in rows if row.measure == "event_ibi_change_ms"}
    assert found["gaze/object:infant", "PL"] is Status.MISS_NOTCODED
    assert found["gaze_aversion:infant", "PL"] is Status.NA_NOBOUT
    assert found["gaze/object:infant", "RE"] is Status.MISS_EPISODE
