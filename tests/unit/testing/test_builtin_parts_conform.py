"""The built-in parts keep the same promises as any plugin."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.coding.affect_coder import AffectCoder
from stillface.coding.gaze_coder import GazeCoder
from stillface.domain.recording import SignalRecording
from stillface.domain.session import Session
from stillface.domain.states import align
from stillface.io.csv_signal import CsvReader
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.measures.latency import Latency
from stillface.measures.matching import Matching
from stillface.measures.occupancy import Occupancy
from stillface.measures.recovery import RecoveryLatency
from stillface.measures.transitions import Transitions
from stillface.physio.beats import find_beats, missing_intervals
from stillface.physio.epochs import heart_summaries
from stillface.physio.params import HeartParams
from stillface.physio.rsa import filter_gain
from stillface.physio.sync import fit_clock_map
from stillface.testing.conformance import check_coder, check_measure, check_reader, check_tracker
from stillface.testing.demo import DemoDyad
from stillface.testing.script import EPISODES, ROLES, SCHEMES, truth_track
from stillface.tracking.mediapipe_mesh import MediapipeMesh


@pytest.mark.parametrize("coder", [AffectCoder(), GazeCoder()], ids=lambda c: c.name)
def test_coders(coder) -> None:
    scheme = load_scheme(coder.scheme_id)
    proposal = check_coder(coder, scheme)
    both = align(proposal, truth_track("infant", scheme))
    agreed = both.durations_ns[both.codes[0] == both.codes[1]].sum()
    # The landmarks are the handles that were moved: this shows that the parts fit, not accuracy.
    assert agreed / both.durations_ns.sum() > 0.9


def test_the_csv_reader(tmp_path: Path) -> None:
    path = tmp_path / "infant.csv"
    truth = DemoDyad().physio("infant")
    truth.write_csv(path)
    ecg = SignalRecording(
        "ecg",
        path.name,
        "ecg",
        "infant",
        column="ecg_mv",
        time_column="time_s",
        rate_hz=Fraction(250),
        unit="mV",
    )
    np.testing.assert_allclose(check_reader(CsvReader(), path, ecg).values, truth.ecg_mv, atol=5.1e-5)
    by_rate = replace(ecg, time_column=None)
    assert check_reader(CsvReader(), path, by_rate).clock.rate_hz == 250


@pytest.mark.parametrize(
    "measure", [Occupancy(), Latency(), Transitions(), Matching(), RecoveryLatency()], ids=lambda m: m.name
)
def test_measures(measure) -> None:
    session = Session("S1", "D1", load_protocol("ffsf_2_2_2"), EPISODES)
    schemes = [load_scheme(scheme_id) for scheme_id in SCHEMES]
    tracks = tuple(truth_track(role, scheme, "human:AB") for role in ROLES for scheme in schemes)
    check_measure(measure, session, tracks, (load_rule("valence3"), load_rule("mutual_gaze")))


def test_the_tracker(tmp_path: Path) -> None:
    assert check_tracker(MediapipeMesh(), tmp_path, n_frames=40).coverage == 1.0


@pytest.mark.parametrize("role", ROLES)
def test_the_physiology_room_finds_the_simulated_truth(role: str, tmp_path: Path) -> None:
    truth = DemoDyad().physio(role)
    path = tmp_path / f"{role}.csv"
    truth.write_csv(path)
    ecg = SignalRecording(
        "ecg",
        path.name,
        "ecg",
        role,
        column="ecg_mv",
        rate_hz=Fraction(250),
        unit="mV",
        sync_marks=truth.sync_marks,
    )
    signal = replace(CsvReader().read(path, ecg), clock_map=fit_clock_map(ecg).clock_map)
    params = HeartParams.for_role(role)
    beats = find_beats(signal, params)
    clean = [
        beat
        for beat in truth.beats_ns[3:-3].tolist()
        if not any(a.onset_ns - 6e8 < beat < a.offset_ns + 6e8 for a in truth.artefacts)
    ]
    off = [np.abs(beats.times_ns - beat).min() for beat in clean]
    # Sync marks are known to the millisecond.
    assert np.quantile(off, 0.99) < 2e6
    summaries, _ = heart_summaries(beats, EPISODES, missing_intervals(signal), params)
    for summary in summaries:
        rhythm = truth.rhythms[summary.episode_id]
        value = {v.measure: v.value for v in summary.values}
        gain = float(filter_gain(params.rsa, [rhythm.resp_hz], rhythm.ibi_ms)[0])
        assert value["hr_bpm"] == pytest.approx(rhythm.hr_bpm, abs=0.3)
        assert value["rsa_ln_ms2"] == pytest.approx(rhythm.beats_rsa_ln_ms2 + 2 * np.log(gain), abs=0.15)
