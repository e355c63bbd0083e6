"""Skin conductance: responses with known onsets and amplitudes are found, drift and noise are not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stillface.domain.clock import SampleClock
from stillface.domain.recording import Signal
from stillface.domain.results import Status
from stillface.domain.session import Episode
from stillface.errors import InputError
from stillface.physio.eda import eda_summaries, find_responses
from stillface.physio.params import EdaParams
from stillface.testing.physiology import simulate, skin_conductance_us

S = 1_000_000_000
TIMES = np.arange(120 * 100) / 100
ONSETS = np.array([10.0, 25.0, 41.0, 60.0, 77.0, 95.0])
AMPLITUDES = np.array([0.5, 0.2, 0.08, 0.3, 0.03, 0.15])


def signal(values, valid=None, unit="uS", kind="eda") -> Signal:
    ok = np.ones(values.size, bool) if valid is None else valid
    return Signal(kind, "infant", unit, values, ok, SampleClock(0, Fraction(100), values.size))


def conductance(drift_us_per_s=0.0, noise_us=0.002):
    rng = np.random.default_rng(2)
    response = skin_conductance_us(TIMES, ONSETS, AMPLITUDES)
    return 5 + response + drift_us_per_s * TIMES + noise_us * rng.standard_normal(TIMES.size)


@pytest.mark.parametrize("drift", [-0.01, 0.0, 0.01])
def test_responses_above_the_threshold_are_found(drift):
    found = find_responses(signal(conductance(drift)), EdaParams())
    large = AMPLITUDES >= 0.05
    assert found.onsets_ns.size == large.sum()
    assert np.abs(found.onsets_ns / 1e9 - ONSETS[large]).max() < 0.8
    assert np.abs(found.amplitudes_us - AMPLITUDES[large]).max() < 0.05


def test_a_lower_threshold_finds_more():
    found = find_responses(signal(conductance()), EdaParams(min_amplitude_us=0.015))
    assert found.onsets_ns.size == 6


@pytest.mark.parametrize(
    "values",
    [
        5 + 0.02 * TIMES,
        5 + np.sin(2 * np.pi * TIMES / 40),
        5 + 0.01 * np.random.default_rng(1).standard_normal(TIMES.size),
    ],
)
def test_drift_and_noise_are_no_responses(values):
    assert find_responses(signal(values), EdaParams()).onsets_ns.size == 0


def test_an_episode_counts_per_valid_minute():
    values, valid = conductance(), np.ones(TIMES.size, bool)
    valid[5000:6500] = False
    values[~valid] = 99.0
    (summary,) = eda_summaries(signal(values, valid), [Episode("SF", 30 * S, 90 * S)], EdaParams())
    level, rate = summary.values
    assert level.value == pytest.approx(np.mean(conductance()[3000:9000][valid[3000:9000]]))
    assert level.coverage == pytest.approx(0.75)
    # 41 s; the one at 60 s fell into the hole, that at 77 s is too small.
    assert (rate.n, rate.value) == (1, pytest.approx(60 / 45))
    assert rate.flags == ("scr>=0.05uS",)


def test_no_signal_in_the_episode_is_said():
    (summary,) = eda_summaries(signal(conductance()), [Episode("SF", 300 * S, 400 * S)], EdaParams())
    assert [(value.value, value.status) for value in summary.values] == [(None, Status.MISS_TECH)] * 2


@pytest.mark.parametrize(("unit", "kind"), [("", "eda"), ("mV", "eda"), ("uS", "ecg")])
def test_only_microsiemens_will_do(unit, kind):
    with pytest.raises(InputError):
        find_responses(signal(conductance(), unit=unit, kind=kind), EdaParams())


@pytest.mark.parametrize("role", ["infant", "caregiver"])
def test_the_built_in_dyads_responses_are_found(role):
    truth = simulate(role)
    recorded = Signal(
        "eda", role, "uS", truth.eda_us, np.ones(truth.eda_us.size, bool), truth.clock, truth.clock_map
    )
    found = find_responses(recorded, EdaParams())
    inside = found.onsets_ns[found.onsets_ns >= 0]
    for onset_ns, _ in truth.scrs:
        assert np.abs(inside - onset_ns).min() < S
    assert inside.size <= len(truth.scrs) + 1
