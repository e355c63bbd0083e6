"""One recording without a study: beats, windows, warnings, tables."""

from __future__ import annotations

import csv
import json
from fractions import Fraction

import numpy as np
import pytest

from stillface.domain.clock import SampleClock
from stillface.domain.recording import Signal
from stillface.domain.results import Status
from stillface.errors import UsageError
from stillface.io.physio_tables import (
    BEAT_COLUMNS,
    EPOCH_COLUMNS,
    write_beats_csv,
    write_epochs_csv,
    write_method_json,
)
from stillface.physio.analyse import analyse_recording, method_json
from stillface.physio.rsa import filter_gain
from stillface.testing.physiology import ecg_mv, pulse_beats


def infant_ecg(duration_s=95.0, rate_hz=250, amplitude_ms=14.0, breath_hz=0.6, true_rate_hz=None):
    grid = np.arange(int(duration_s * 10_000)) / 10_000
    beats = pulse_beats(grid, 430 + amplitude_ms * np.sin(2 * np.pi * breath_hz * grid))
    times = np.arange(int(duration_s * (true_rate_hz or rate_hz))) / (true_rate_hz or rate_hz)
    rng = np.random.default_rng(4)
    return ecg_mv(times, beats) + 0.01 * rng.standard_normal(times.size), beats


def signal(values, rate_hz=250, role="infant", start_ns=0) -> Signal:
    clock = SampleClock(start_ns, Fraction(rate_hz), values.size)
    return Signal("ecg", role, "mV", values, np.ones(values.size, bool), clock)


def test_rsa_from_the_raw_signal_is_the_truth():
    values, _ = infant_ecg()
    found = analyse_recording(signal(values))
    assert [epoch.status for epoch in found.epochs] == [Status.OK] * 3
    gain = filter_gain(found.params.rsa, 0.6, 430)[0]
    pulse_loss = 2 * np.log(np.sinc(0.6 * 0.430))
    expected = np.log(14**2 / 2) + 2 * np.log(gain) + pulse_loss
    assert np.mean([epoch.rsa_ln_ms2 for epoch in found.epochs]) == pytest.approx(expected, abs=0.15)
    assert found.warnings == ()


@pytest.mark.parametrize("rate_hz", [250, 500, 1000])
def test_a_metronome_has_no_rsa(rate_hz):
    values, _ = infant_ecg(duration_s=65, rate_hz=rate_hz, amplitude_ms=0)
    assert {epoch.status for epoch in analyse_recording(signal(values, rate_hz)).epochs} == {Status.NA_CONST}


@pytest.mark.parametrize(("declared_hz", "true_hz"), [(100, 1000), (2500, 250)])
def test_a_rate_wrong_by_ten_is_warned_of_with_numbers(declared_hz, true_hz):
    values, _ = infant_ecg(duration_s=120, true_rate_hz=true_hz)
    warnings = analyse_recording(signal(values, declared_hz)).warnings
    assert len(warnings) >= 1
    assert any("rate" in line and any(c.isdigit() for c in line) for line in warnings)


def test_a_line_without_beats_is_said():
    found = analyse_recording(signal(np.zeros(250 * 60)))
    assert [epoch.status for epoch in found.epochs] == [Status.MISS_TECH] * 2
    assert "0 heart beats in 60.0 s" in found.warnings[0]


def test_a_childs_band_must_be_declared():
    values, _ = infant_ecg(duration_s=35)
    with pytest.raises(UsageError, match="which RSA band"):
        analyse_recording(signal(values, role="child"))
    assert analyse_recording(signal(values, role="child"), preset="infant").epochs
    with pytest.raises(UsageError, match="no such RSA preset"):
        analyse_recording(signal(values), preset="porges")


def test_tables_hold_what_the_contract_says(tmp_path):
    values, true = infant_ecg()
    start_ns = 12_500_000_000
    found = analyse_recording(signal(values, start_ns=start_ns))
    write_beats_csv(tmp_path / "beats.csv", found.beats, origin_ns=start_ns)
    write_epochs_csv(tmp_path / "epochs.csv", found.epochs, origin_ns=start_ns)
    beats, epochs = (
        list(csv.DictReader((tmp_path / name).read_text().splitlines()))
        for name in ("beats.csv", "epochs.csv")
    )
    assert tuple(beats[0]) == BEAT_COLUMNS == ("time_s", "flag")
    assert tuple(epochs[0]) == EPOCH_COLUMNS
    assert len(beats) == found.beats.times_ns.size
    assert np.abs(float(beats[10]["time_s"]) - true).min() < 0.002
    assert [(row["onset_s"], row["offset_s"]) for row in epochs] == [
        ("0.0", "30.0"), ("30.0", "60.0"), ("60.0", "90.0"),
    ]  # fmt: skip
    assert {row["status"] for row in epochs} == {"OK"}
    assert float(epochs[1]["rsa_ln_ms2"]) == found.epochs[1].rsa_ln_ms2


def test_what_is_undefined_is_an_empty_cell(tmp_path):
    found = analyse_recording(signal(np.zeros(250 * 60)))
    write_epochs_csv(tmp_path / "epochs.csv", found.epochs)
    write_beats_csv(tmp_path / "beats.csv", found.beats)
    text = (tmp_path / "epochs.csv").read_text()
    assert text.splitlines()[1] == "0.0,30.0,,,,,1.0,MISS_TECH"
    assert (tmp_path / "beats.csv").read_text() == "time_s,flag\n"


def test_the_method_stands_beside_the_numbers(tmp_path):
    values, _ = infant_ecg(duration_s=35)
    found = analyse_recording(signal(values))
    write_method_json(tmp_path / "method.json", method_json(found.beats, found.missing, found.params))
    read = json.loads((tmp_path / "method.json").read_text())
    assert read["params"]["rsa"]["band_hz"] == [0.24, 1.04]
    assert read["params"]["rsa"]["mpf_points"] == 21
    gain = dict(map(tuple, read["gain"]))
    assert gain[0.5] == pytest.approx(filter_gain(found.params.rsa, 0.5, read["mean_ibi_ms"])[0])


@pytest.mark.slow
def test_ten_minutes_at_1_khz_give_every_epoch():
    values, _ = infant_ecg(duration_s=600, rate_hz=1000)
    recording = signal(values, 1000)
    found = analyse_recording(recording)
    assert len(found.epochs) == 20
