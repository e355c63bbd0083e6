"""The built-in dyad's devices, from file to rows: clock, beats, heart rate and RSA against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.domain.clock import ns_to_s
from stillface.domain.recording import SignalRecording
from stillface.domain.session import Episode
from stillface.io.csv_signal import read_csv_signal
from stillface.physio.beats import find_beats, missing_intervals
from stillface.physio.epochs import heart_summaries
from stillface.physio.params import HeartParams
from stillface.physio.rsa import filter_gain
from stillface.physio.sync import fit_clock_map
from stillface.testing.physiology import simulate
from stillface.testing.script import EPISODES


@pytest.mark.parametrize("role", ["infant", "caregiver"])
def test_from_file_to_episode_values(tmp_path, role):
    truth = simulate(role)
    truth.write_csv(tmp_path / "body.csv")
    declared = SignalRecording(
        "ecg", "body.csv", "ecg", role, "ecg_mv", "time_s", unit="mV", sync_marks=truth.sync_marks
    )
    fitted = fit_clock_map(declared).clock_map
    assert abs(fitted.offset_ns - truth.clock_map.offset_ns) < 1_000_000
    assert fitted.drift_ppm == pytest.approx(truth.clock_map.drift_ppm, abs=15)

    recording = SignalRecording(
        "ecg", "body.csv", "ecg", role, "ecg_mv", "time_s", unit="mV", clock_map=fitted
    )
    signal = read_csv_signal(tmp_path / "body.csv", recording)
    assert signal.clock == truth.clock
    params = HeartParams.for_role(role)
    beats = find_beats(signal, params)
    good = beats.times_ns[beats.flags == 0]
    off_ms = np.array([np.abs(truth.beats_ns - t).min() for t in good]) / 1e6
    assert np.mean(off_ms < 5) > 0.97
    near = np.array([np.abs(beats.times_ns - t).min() for t in truth.beats_ns]) < 50_000_000
    assert near.mean() > 0.93

    episodes = [Episode(e.id, e.onset_ns, e.offset_ns) for e in EPISODES]
    summaries, _ = heart_summaries(beats, episodes, missing_intervals(signal), params)
    for summary in summaries:
        rhythm = truth.rhythms[summary.episode_id]
        values = {value.measure: value for value in summary.values}
        assert values["hr_bpm"].value == pytest.approx(rhythm.hr_bpm, abs=0.5)
        gain = filter_gain(params.rsa, rhythm.resp_hz, rhythm.ibi_ms)[0]
        expected = rhythm.rsa_ln_ms2 + rhythm.pulse_loss_ln + 2 * np.log(gain)
        rsa = values["rsa_ln_ms2"]
        if rsa.value is not None:
            assert rsa.value == pytest.approx(expected, abs=0.2), summary.episode_id
    assert sum(v.value is not None for s in summaries for v in s.values if v.measure == "rsa_ln_ms2") >= 2
    assert ns_to_s(missing_intervals(signal).total_ns) == 0
