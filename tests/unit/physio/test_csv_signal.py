"""Signals in text tables: every layout labs use, onto an exact clock."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.contracts.reader import Reader
from stillface.domain.recording import Signal, SignalRecording
from stillface.io.csv_signal import CsvReader, read_csv_signal
from stillface.io.sample_grid import grid_from_times


def read(tmp_path: Path, text: str | bytes, **declared: object) -> Signal:
    path = tmp_path / "ecg.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = path.read_bytes()
    reading = read_csv_signal(path, SignalRecording("a", "ecg.csv", "ecg", "infant", **declared))
    assert path.read_bytes() == before
    return reading


def test_it_fulfils_the_contract():
    assert isinstance(CsvReader(), Reader)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("0.5\n-1\n2e-1\n", "1"),
        ("0.5\n-1\n2e-1", "1"),
        ("ecg\n0.5\n-1\n0.2\n", "ecg"),
        ("ecg\n0.5\n-1\n0.2\n", "1"),
        ("\ufeffecg,eda\n0.5,9\n-1,9\n0.2,9\n", "ecg"),
        ("eda;ecg\n9;0.5\n9;-1\n9;0.2\n", "ecg"),
        ("eda\tECG (mV)\n9\t0.5\n9\t-1\n9\t0.2\n", "ECG (mV)"),
        ("9 0.5\n9 -1\n9 0.2\n", "2"),
        ("  9   0.5\n  9    -1\n 10   0.2\n", "2"),
        ('"eda, left","ecg"\n"9","0.5"\n"9","-1"\n"9","0.2"\n', "ecg"),
        ("# made by a device\n# 250 Hz\n0.5\n-1\n0.2\n", "1"),
        ("% note\r\necg\r\n0.5\r\n-1\r\n0.2\r\n", "ecg"),
        ("ecg\r0.5\r-1\r0.2\r", "ecg"),
        ("ecg,eda\n0.5,9\n-1,9\n0.2,9\n\n\n", "ecg"),
    ],
)
def test_layouts(tmp_path, text, column):
    signal = read(tmp_path, text, column=column, rate_hz=Fraction(250))
    assert signal.values.tolist() == [0.5, -1, 0.2]
    assert signal.valid.all()
    assert signal.clock.rate_hz == 250


def test_an_empty_cell_is_a_sample_that_is_missing_and_counted(tmp_path):
    reading = read(tmp_path, "ecg,eda\n1,5\n,5\n3,5\n", column="ecg", rate_hz=Fraction(250))
    assert reading.valid.tolist() == [True, False, True]
    assert reading.notes == ("ecg.csv: 1 of 3 cells are empty: no sample there",)


def table(times, values) -> str:
    return "t,ecg\n" + "".join(f"{t},{v}\n" for t, v in zip(times, values, strict=True))


def test_a_time_column_gives_the_clock(tmp_path):
    times = [f"{12 + k * 0.004:.3f}" for k in range(1000)]
    signal = read(tmp_path, table(times, range(1000)), column="ecg", time_column="t")
    assert (signal.clock.start_ns, signal.clock.rate_hz, signal.clock.n_samples) == (12 * 10**9, 250, 1000)


@pytest.mark.parametrize("rate_hz", [360, 512, Fraction(1000, 7)])
def test_stamps_rounded_to_the_millisecond_keep_an_uneven_rate(tmp_path, rate_hz):
    times = [f"{float(k / rate_hz):.3f}" if rate_hz != 512 else f"{k / 512:.4f}" for k in range(20_000)]
    signal = read(tmp_path, table(map(float, times), range(20_000)), column="ecg", time_column="t")
    assert signal.clock.n_samples == 20_000
    assert abs(float(signal.clock.rate_hz) - float(rate_hz)) * 20_000 / float(rate_hz) < 1


def test_a_gap_becomes_invalid_samples(tmp_path):
    rows = [k for k in range(1000) if not 400 <= k < 425]
    reading = read(tmp_path, table([k * 0.004 for k in rows], rows), column="ecg", time_column="t")
    signal = reading
    assert signal.clock.n_samples == 1000
    assert np.flatnonzero(~signal.valid).tolist() == list(range(400, 425))
    assert signal.values[signal.valid].tolist() == rows
    assert reading.notes == (
        "ecg.csv: 1 gap(s) in the time column, 25 samples (0.100 s) lost, the longest 0.100 s",
    )


def test_a_device_slower_than_declared_is_believed_and_noted(tmp_path):
    times = [k / 199.12 for k in range(5000)]
    reading = read(tmp_path, table(times, range(5000)), column="ecg", time_column="t", rate_hz=Fraction(200))
    assert float(reading.clock.rate_hz) == pytest.approx(199.12, rel=1e-6)
    assert "declared 200 Hz, the time column shows 199.12 Hz; it rules" in reading.notes[0]


def test_jitter_is_measured_not_followed(tmp_path):
    rng = np.random.default_rng(1)
    times = np.arange(2000) * 0.004 + rng.uniform(0, 0.0035, 2000)
    reading = read(tmp_path, table(times, range(2000)), column="ecg", time_column="t", rate_hz=Fraction(250))
    assert abs(reading.clock.n_samples - 2000) <= 1
    assert float(reading.clock.rate_hz) == pytest.approx(250, rel=0.003)


@given(
    st.sampled_from([4, 32, 64, 128, 250, 256, 360, 500, 512, 1000, 2000]),
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(1, 400), st.integers(2, 300)), max_size=5),
)
def test_any_regular_record_with_holes_is_laid_out_exactly(rate, start, holes):
    index, at = [], 0
    for run, hole in [*holes, (400, 0)]:
        index += range(at, at + run)
        at += run + hole
    times = start + np.array(index) / rate
    clock, found, _ = grid_from_times(times, Fraction(rate), "a.csv", 1)
    assert found.tolist() == index
    assert clock.rate_hz == rate
    assert clock.n_samples == index[-1] + 1


@pytest.mark.real
def test_real_time_column_and_declared_rate_agree(shared_data, tmp_path):
    folder = shared_data / "physio"
    values = (folder / "infant1_segment0_ecg.txt").read_text().split()
    times = (folder / "infant1_segment0_ecg_time.txt").read_text().split()
    timed = read(tmp_path, table(times, values), column="ecg", time_column="t")
    recording = SignalRecording("a", "b", "ecg", "infant", rate_hz=Fraction(250))
    plain = read_csv_signal(folder / "infant1_segment0_ecg.txt", recording)
    assert timed.clock == plain.clock
    assert np.array_equal(timed.values, plain.values)
    assert timed.notes == plain.notes == ()
