"""SPEC 5: the worked examples of heart rate and RSA, to the printed tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from stillface.domain.events import BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.results import Status
from stillface.physio.artefacts import ibi_series
from stillface.physio.epochs import heart_epochs, heart_rate_bpm, rmssd_ms, whole_windows
from stillface.physio.params import RSA_PRESETS, HeartParams
from stillface.physio.rsa import filter_gain

S = 1_000_000_000
DURATION_S = 180


def beats(ibi_ms: list[float]) -> BeatSeries:
    times = np.rint(np.concatenate(([0.0], np.cumsum(ibi_ms))) * 1e6).astype(np.int64)
    return BeatSeries("infant", times, np.zeros(times.size, np.uint8), (0, int(times[-1]) + 1), "human:AB")


def swinging(mean_ms: float, amplitude_ms: float, frequency_hz: float) -> BeatSeries:
    """Intervals that follow a sine, each valued at the time of its ending beat, as the analysis sees them."""
    ibi, now = [], 0.0
    while now < DURATION_S:
        end = now + mean_ms / 1000
        for _ in range(40):
            end = now + (mean_ms + amplitude_ms * np.sin(2 * np.pi * frequency_hz * end)) / 1000
        ibi.append((end - now) * 1000)
        now = end
    return beats(ibi)


def epochs(series: BeatSeries, preset: str = "infant"):
    params = HeartParams.for_role("infant", preset)
    windows = whole_windows(0, DURATION_S * S, 30)
    return heart_epochs(series, windows, Intervals.empty(), params)


def rsa(series: BeatSeries, preset: str = "infant") -> float:
    found = epochs(series, preset)
    assert {epoch.status for epoch in found} == {Status.OK}
    return float(np.mean([epoch.rsa_ln_ms2 for epoch in found]))


def test_rate_is_weighted_by_time():
    series = beats([400, 420, 440, 400, 380])
    ibi = ibi_series(series, Intervals.empty(), HeartParams.for_role("infant"))
    mean = float(ibi.ibi_ms[ibi.clean].mean())
    assert mean == 408
    assert heart_rate_bpm(mean) == pytest.approx(147.06, abs=0.005)
    value, n = rmssd_ms(ibi, 0, 3 * S)
    assert (value, n) == (pytest.approx(26.46, abs=0.005), 4)


@pytest.mark.parametrize(
    ("amplitude_ms", "frequency_hz", "truth"), [(20, 0.5, 5.298), (10, 0.8, 3.912), (20, 0.3, 5.298)]
)
@pytest.mark.parametrize("preset", ["infant", "infant_5hz", "abney"])
def test_infant_rsa_less_the_stated_gain_is_the_truth(preset, amplitude_ms, frequency_hz, truth):
    gain = filter_gain(RSA_PRESETS[preset], frequency_hz, 430)[0]
    value = rsa(swinging(430, amplitude_ms, frequency_hz), preset)
    assert value - 2 * np.log(gain) == pytest.approx(truth, abs=0.05)


@pytest.mark.parametrize("preset", ["adult", "abney_adult"])
def test_adult_rsa_less_the_stated_gain_is_the_truth(preset):
    gain = filter_gain(RSA_PRESETS[preset], 0.25, 850)[0]
    value = rsa(swinging(850, 30, 0.25), preset)
    assert value - 2 * np.log(gain) == pytest.approx(np.log(450), abs=0.05)


def test_slow_waves_are_strongly_attenuated():
    assert rsa(swinging(430, 20, 0.1)) < 5.298 - 10


@pytest.mark.parametrize("preset", ["infant", "adult", "abney"])
def test_constant_intervals_have_no_rsa_and_say_so(preset):
    found = epochs(swinging(430, 0, 0.5), preset)
    assert {epoch.status for epoch in found} == {Status.NA_CONST}
    assert {epoch.rsa_ln_ms2 for epoch in found} == {None}
    assert found[2].hr_bpm == pytest.approx(60_000 / 430)
    assert found[2].rmssd_ms == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("preset", "floor_hz"), [("infant", 0.244), ("infant_5hz", 0.237), ("adult", 0.122)])
def test_the_moving_polynomial_has_the_published_half_amplitude(preset, floor_hz):
    # Only the polynomial is published; the band-pass is half as high at its own lower edge.
    chosen = RSA_PRESETS[preset]
    edge = chosen.band_hz[0]
    frequencies = np.linspace(0.05, 0.4, 3501)
    whole = filter_gain(chosen, frequencies)
    from scipy.signal import freqz

    from stillface.physio.rsa import _band_kernel

    band = np.abs(freqz(_band_kernel(chosen), worN=frequencies, fs=chosen.rate_hz)[1])
    polynomial = whole / band
    assert frequencies[np.argmax(polynomial >= 0.5)] == pytest.approx(floor_hz, abs=0.001)
    assert np.interp(edge, frequencies, band) == pytest.approx(0.5, abs=0.03)
