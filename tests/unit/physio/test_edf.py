"""EDF and BDF: exact rates, physical units, interrupted recordings; an independent reader agrees."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fixtures.edf_files import edf
from stillface.contracts.reader import Reader
from stillface.domain.recording import SignalRecording
from stillface.errors import InputError, StorageError
from stillface.io.edf import EdfReader, read_edf_signal


def read(tmp_path: Path, content: bytes, **declared: object):
    path = tmp_path / "a.edf"
    path.write_bytes(content)
    return read_edf_signal(
        path, SignalRecording("a", "a.edf", "ecg", "infant", **{"column": "ECG"} | declared)
    )


def test_it_fulfils_the_contract():
    assert isinstance(EdfReader(), Reader)


@pytest.mark.parametrize("bdf", [False, True])
def test_a_whole_recording(tmp_path, bdf):
    signal = read(tmp_path, edf(bdf=bdf, kind="BDF+C" if bdf else "EDF+C"))
    assert signal.values == pytest.approx(np.arange(12), abs=1e-6)
    assert signal.valid.all()
    assert (signal.clock.rate_hz, signal.clock.start_ns, signal.unit) == (4, 0, "uV")


def test_negative_24_bit_samples(tmp_path):
    content = bytearray(edf((0,), bdf=True, kind="BDF+C"))
    content[768:771] = (-5).to_bytes(3, "little", signed=True)
    assert read(tmp_path, bytes(content)).values[0] == pytest.approx(-5, abs=1e-6)


def test_an_interruption_becomes_invalid_samples(tmp_path):
    signal = read(tmp_path, edf((0, 1, 5)))
    assert signal.clock.n_samples == 24
    assert np.flatnonzero(~signal.valid).tolist() == list(range(8, 20))
    assert signal.values[signal.valid] == pytest.approx(np.arange(12), abs=1e-6)


def test_a_fractional_start_is_kept(tmp_path):
    assert read(tmp_path, edf((0.25, 1.25))).clock.start_ns == 250_000_000


def test_a_rate_is_exact(tmp_path):
    signal = read(tmp_path, edf((0, 3), kind="EDF+C", rate=10, record_s="3"), rate_hz=Fraction(10, 3))
    assert signal.clock.rate_hz == Fraction(10, 3)


def test_a_file_that_was_never_closed_counts_its_records(tmp_path):
    assert read(tmp_path, edf(n_records=-1)).clock.n_samples == 12


def test_micro_is_one_letter_in_all_its_spellings(tmp_path):
    assert read(tmp_path, edf(), unit="µV").unit == "µV"


@pytest.mark.parametrize(
    ("content", "declared", "words"),
    [
        (b"", {}, "empty file"),
        (b"RIFF" + b" " * 1000, {}, "not an EDF"),
        (edf()[:300], {}, "truncated in the header"),
        (edf()[:-20], {}, "truncated: got 2 whole data records, expected 3"),
        (edf((0, 0.5)), {}, "data records overlap"),
        (edf((0, 1, 10**7)), {}, "too long"),
        (edf(record_s="0"), {}, "duration of a data record"),
        (edf(record_s="9e999999"), {}, "duration of a data record"),
        (edf(record_s="1e-9"), {}, "duration of a data record"),
        (edf(record_s="2e-4", rate=99), {}, "sampling rate"),
        (edf(record_s="1,0"), {}, "duration of a data record"),
        (edf(digital=(5, 5)), {}, "no range"),
        (edf(), {"column": "EKG"}, "no such channel: got EKG, expected one of: ECG"),
        (edf(), {"rate_hz": Fraction(40)}, "contradicts the declared rate: got 4 Hz, expected 40 Hz"),
        (edf(), {"unit": "mV"}, "contradicts the declared unit: got uV, expected mV"),
        (edf().replace(b"+2\x14", b"+x\x14"), {}, "no time stamp"),
        (edf((0, "9e99999999")), {}, "no time stamp"),
        (edf(("9e9", "9e9")), {}, "no time stamp"),
        (edf().replace(b"2   ECG", b"-1  ECG"), {}, "number of channels"),
        (edf().replace(b"2   ECG", b"9999ECG"), {}, "number of channels"),
    ],
)
def test_what_is_broken_or_contradicts_is_refused(tmp_path, content, declared, words):
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, content, **declared)
    assert "a.edf" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(StorageError):
        read_edf_signal(tmp_path / "b.edf", SignalRecording("a", "b.edf", "ecg", "infant"))


@pytest.mark.real
def test_real_file_as_an_independent_reader_sees_it(shared_data):
    pyedflib = pytest.importorskip("pyedflib")
    path = shared_data / "physio" / "test_generator.edf"
    with pyedflib.EdfReader(str(path)) as other:
        for k, label in enumerate(other.getSignalLabels()):
            signal = read_edf_signal(path, SignalRecording("a", "a", "ecg", "infant", column=label))
            assert float(signal.clock.rate_hz) == other.getSampleFrequency(k)
            assert signal.unit == other.getPhysicalDimension(k)
            assert np.abs(signal.values - other.readSignal(k)).max() < 1e-9
