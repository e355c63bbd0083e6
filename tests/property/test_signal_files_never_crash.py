"""Whatever a signal file holds, it is read or refused in one line: nothing else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fixtures.edf_files import edf
from stillface.domain.recording import SignalRecording
from stillface.errors import InputError
from stillface.io.csv_signal import read_csv_signal
from stillface.io.edf import read_edf_signal

CELL = st.sampled_from(
    ["1", "-2.5", "0,5", "", " ", "nan", "1e999", "x", '"3"', '"', "0.004", "#", "1_0", "٣"]
)
BREAK = st.sampled_from([",", ";", "\t", " ", "\n", "\r\n", "\r", "\n\n"])
TEXT = st.lists(st.tuples(CELL, BREAK), max_size=30).map(
    lambda parts: "".join(a + b for a, b in parts).encode()
)
SETTINGS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)


def one_line(error: InputError) -> None:
    assert "\n" not in str(error)
    assert "signal" in str(error)


@SETTINGS
@given(st.one_of(TEXT, st.binary(max_size=200)), st.sampled_from(["1", "2", "x"]), st.booleans())
@example(b'"1\n2\n', "1", False)
def test_text(tmp_path: Path, content: bytes, column: str, timed: bool):
    path = tmp_path / "signal.csv"
    path.write_bytes(content)
    declared = {"time_column": "1"} if timed else {"rate_hz": Fraction(250)}
    try:
        signal = read_csv_signal(path, SignalRecording("a", "b", "ecg", "infant", column, **declared))
    except InputError as error:
        one_line(error)
    else:
        assert np.isfinite(signal.values).all()


@SETTINGS
@given(
    st.lists(st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=8)), max_size=4),
    st.integers(0, 900),
)
def test_edf(tmp_path: Path, changes: list[tuple[int, bytes]], cut: int):
    content = bytearray(edf((0, 1, 3)))
    for at, new in changes:
        content[at : at + len(new)] = new
    path = tmp_path / "signal.edf"
    path.write_bytes(bytes(content[: len(content) - cut // 3]))
    try:
        signal = read_edf_signal(path, SignalRecording("a", "b", "ecg", "infant", "1"))
    except InputError as error:
        one_line(error)
    else:
        assert signal.clock.n_samples < 10**8
