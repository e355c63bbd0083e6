"""R-peaks: found at every rate, timed between samples, never across what was not recorded."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import ClockMap, SampleClock
from stillface.domain.events import BEAT_FLAGS
from stillface.domain.recording import Signal
from stillface.errors import InputError, MissingExtraError
from stillface.physio.beats import find_beats, missing_intervals
from stillface.physio.params import HeartParams
from stillface.testing.physiology import ecg_mv

INFANT, ADULT = HeartParams.for_role("infant"), HeartParams.for_role("caregiver")


def signal(values, rate_hz=250, *, role="infant", valid=None, clock_map=None, kind="ecg") -> Signal:
    ok = np.ones(len(values), bool) if valid is None else valid
    clock = SampleClock(0, Fraction(rate_hz), len(values))
    return Signal(kind, role, "mV", values, ok, clock, clock_map or ClockMap())


def drawn(true_s, rate_hz, duration_s, noise=0.01, seed=0):
    rng = np.random.default_rng(seed)
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    return ecg_mv(times, true_s) + noise * rng.standard_normal(times.size)


def sensitivity(found_s, true_s, within_s=0.05) -> float:
    if not len(found_s):
        return 0.0
    return float(np.mean([np.abs(found_s - t).min() <= within_s for t in true_s]))


@pytest.mark.parametrize("rate_hz", [250, 1000])
@pytest.mark.parametrize(
    ("ibi_s", "role"),
    [(0.27, "infant"), (0.33, "infant"), (0.43, "infant"), (0.6, "caregiver"), (1.1, "caregiver")],
)
def test_every_beat_from_55_to_220_per_minute(ibi_s, role, rate_hz):
    true = np.arange(1.0, 59, ibi_s)
    beats = find_beats(signal(drawn(true, rate_hz, 60), rate_hz, role=role), HeartParams.for_role(role))
    found = beats.times_ns / 1e9
    assert sensitivity(found, true) >= 0.99
    assert sensitivity(true, found) >= 0.98
    assert np.mean(beats.flags == 0) >= 0.98


@pytest.mark.parametrize(("rate_hz", "limit_ms"), [(250, 0.1), (1000, 0.05)])
def test_beats_are_timed_between_samples(rate_hz, limit_ms):
    true = 1 + np.cumsum(0.43 + 0.02 * np.sin(np.arange(130)))
    found = find_beats(signal(drawn(true, rate_hz, 60, noise=0), rate_hz), INFANT).times_ns / 1e9
    assert found.size == true.size
    # A constant delay of the wave's own shape is no jitter.
    assert np.std(found - true) * 1e3 < limit_ms


def test_an_electrode_the_other_way_round_gives_the_same_beats():
    true = np.arange(1.0, 59, 0.43)
    up = find_beats(signal(drawn(true, 250, 60)), INFANT).times_ns
    down = find_beats(signal(-drawn(true, 250, 60)), INFANT).times_ns
    assert np.array_equal(up, down)


def test_a_burst_of_movement_does_not_hide_the_beats_after_it():
    true = np.arange(1.0, 119, 0.43)
    values = drawn(true, 250, 120)
    times = np.arange(values.size) / 250
    rng = np.random.default_rng(3)
    values += np.where((times > 40) & (times < 42), 8 * rng.standard_normal(values.size), 0)
    beats = find_beats(signal(values), INFANT)
    outside = true[(true < 39.5) | (true > 42.5)]
    trusted = beats.times_ns[beats.flags == 0] / 1e9
    assert sensitivity(trusted, outside) >= 0.97
    inside = (trusted > 40.2) & (trusted < 41.8)
    assert inside.sum() <= 2


def test_nothing_is_found_where_nothing_was_recorded():
    true = np.arange(1.0, 59, 0.43)
    values, valid = drawn(true, 250, 60), np.ones(60 * 250, bool)
    valid[20 * 250 : 25 * 250] = False
    values[~valid] = 1e6
    recording = signal(values, valid=valid)
    missing = missing_intervals(recording)
    assert list(missing) == [(20_000_000_000, 25_000_000_000)]
    beats = find_beats(recording, INFANT)
    assert not missing.contains(beats.times_ns).any()
    rest = true[(true < 19.9) | (true > 25.2)]
    assert sensitivity(beats.times_ns / 1e9, rest) >= 0.98


@pytest.mark.parametrize("values", [np.zeros(5000), np.full(5000, 3.3)])
def test_a_flat_line_has_no_beats(values):
    beats = find_beats(signal(values), INFANT)
    assert beats.times_ns.size == 0
    assert beats.observed_ns == (0, 20_000_000_000)


@pytest.mark.parametrize("n", [0, 1, 100, 749])
def test_too_short_a_record_has_no_beats(n):
    assert find_beats(signal(np.sin(np.arange(n))), INFANT).times_ns.size == 0


def test_noise_alone_is_not_trusted():
    values = np.random.default_rng(1).standard_normal(60 * 250)
    beats = find_beats(signal(values), INFANT)
    assert np.mean(beats.flags == BEAT_FLAGS.index("ok")) < 0.5


def test_beats_stand_on_the_session_clock():
    true = np.arange(1.0, 29, 0.43)
    values = drawn(true, 250, 30)
    plain = find_beats(signal(values), INFANT).times_ns
    clock_map = ClockMap(5_000_000_000, 200.0)
    moved = find_beats(signal(values, clock_map=clock_map), INFANT).times_ns
    assert np.array_equal(moved, clock_map.to_session(plain))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (signal(np.zeros(500), 25), "too slowly"),
        (signal(np.zeros(500), 250, kind="eda"), "not an ECG"),
    ],
)
def test_what_is_no_ecg_is_refused(bad, words):
    with pytest.raises(InputError, match=words):
        find_beats(bad, INFANT)


def mit_100(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read signal 1 (format 212) and the annotated beats (sample numbers) of MIT-BIH 100."""
    packed = np.fromfile(folder / "100.dat", np.uint8).reshape(-1, 3).astype(np.int64)
    values = packed[:, 0] | ((packed[:, 1] & 15) << 8)
    values = np.where(values > 2047, values - 4096, values) / 200.0
    words = np.fromfile(folder / "100.atr", "<u2").astype(np.int64)
    at, k, beats = 0, 0, []
    while k < words.size and words[k]:
        code, step = words[k] >> 10, words[k] & 1023
        k += 1
        if code == 59:
            at += (words[k] << 16) + words[k + 1]
            k += 2
        elif code == 63:
            k += (step + 1) // 2
        elif code < 60:
            at += step
            if 1 <= code <= 13 or code in (31, 34, 35, 38):
                beats.append(at)
    return values, np.array(beats)


def se_ppv(beats_s, true_s) -> tuple[float, float]:
    return 100 * sensitivity(beats_s, true_s), 100 * sensitivity(true_s, beats_s)


@pytest.mark.real
def test_real_adult_against_human_checked_beats(shared_data):
    values, true = mit_100(shared_data / "physio")
    beats = find_beats(signal(values, 360, role="caregiver"), ADULT)
    se, ppv = se_ppv(beats.times_ns / 1e9, true / 360)
    assert len(true) == 2273
    assert se >= 99.8
    assert ppv >= 99.8


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "se_ppv_least", "ok_ppv_least"), [("118e12", (97, 92), 99), ("118e06", (85, 75), 95)]
)
def test_real_noise_is_flagged_where_it_misleads(shared_data, name, se_ppv_least, ok_ppv_least):
    values = np.loadtxt(shared_data / "physio" / f"{name}.csv")
    true = np.loadtxt(shared_data / "physio" / f"{name}_ann.csv") / 360
    beats = find_beats(signal(values, 360, role="caregiver"), ADULT)
    found = beats.times_ns / 1e9
    se, ppv = se_ppv(found, true)
    assert (se >= se_ppv_least[0], ppv >= se_ppv_least[1]) == (True, True), (se, ppv)
    assert se_ppv(found[beats.flags == 0], true)[1] >= ok_ppv_least


@pytest.mark.real
def test_real_infant(shared_data):
    values = np.loadtxt(shared_data / "physio" / "infant1_segment0_ecg.txt")
    true = np.loadtxt(shared_data / "physio" / "infant1_segment0_locmax_ecg.txt") / 250
    beats = find_beats(signal(values), INFANT)
    se, ppv = se_ppv(beats.times_ns / 1e9, true)
    assert (se, ppv) >= (99.8, 99.5)
    median_bpm = 60e9 / np.median(np.diff(beats.times_ns))
    assert 148 <= median_bpm <= 157


def test_without_the_detectors_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurokit2", None)
    monkeypatch.setitem(sys.modules, "neurokit2.ecg", None)
    true = np.arange(1.0, 9, 0.43)
    with pytest.raises(MissingExtraError, match=r"pip install \"stillface\[physio\]\""):
        find_beats(signal(drawn(true, 250, 10)), INFANT)
