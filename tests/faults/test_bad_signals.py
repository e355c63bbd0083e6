"""Signal tables that are broken, or that people misread: one clear line each, nothing changed."""

from __future__ import annotations

from fractions import Fraction

import pytest

from stillface.domain.recording import SignalRecording
from stillface.errors import InputError, StorageError
from stillface.io.csv_signal import read_csv_signal

RATE = {"rate_hz": Fraction(250)}
TIMED = {"column": "ecg", "time_column": "t"}


def timed(*rows: str) -> bytes:
    return ("t,ecg\n" + "\n".join(rows) + "\n").encode()


STEADY = [f"{k * 0.004:.3f},{k}" for k in range(20)]

BAD = {
    "NaN": (b"1\n2\nnan\n", RATE, 3, "not a finite number"),
    "infinite": (b"1\n-inf\n3\n", RATE, 2, "not a finite number"),
    "overflow": (b"1\n1e999\n3\n", RATE, 2, "not a finite number"),
    "underscore": (b"1\n1_000\n3\n", RATE, 2, "not a finite number"),
    "NaN in the first row": (b"nan\n2\n3\n", RATE, 1, "not a finite number"),
    "text": (b"1\n2\nlead off\n", RATE, 3, "broken row"),
    "text in a column": (b"t,ecg\n0,1\n1,off\n", {"column": "ecg", **RATE}, 3, "not a number: got off"),
    "text after a header": (b"ecg\n1\n2\nx\n", {"column": "ecg", **RATE}, 4, "not a number: got x"),
    "decimal comma": (b"0,5\n0,25\n-0,125\n", RATE, 3, "decimal comma: got -0,125"),
    "decimal comma, small": (b"0,004\n0,012\n0,020\n", RATE, 1, "decimal comma"),
    "decimal comma, semicolons": (
        b"t;ecg\n0,000;1,5\n0,004;1,6\n", {"column": "ecg", **RATE}, 2, "decimal comma",
    ),
    "decimal comma, tabs": (b"0\t1,5\n1\t1,6\n", {"column": "2", **RATE}, 1, "decimal comma"),
    "decimal comma under a header": (b"ecg\n0,5\n0,6\n", {"column": "ecg", **RATE}, 2, "decimal comma"),
    "row too short": (b"a,b\n1,2\n3\n", {"column": "a", **RATE}, 3, "broken row: got 1 cells"),
    "row too long": (b"a,b\n1,2\n3,4,5\n", {"column": "a", **RATE}, 3, "broken row: got 3 cells"),
    "empty line inside": (b"1\n\n3\n", RATE, 2, "an empty line"),
    "empty": (b"", RATE, None, "no data"),
    "comments only": (b"# a\n# b\n", RATE, None, "no data"),
    "header only": (b"ecg\n", RATE, 1, "no data"),
    "no such column": (
        b"a,b\n1,2\n", {"column": "ecg", **RATE}, None, r"no such column: got ecg, expected a, b",
    ),
    "column too far": (b"1 2\n3 4\n", {"column": "3", **RATE}, None, "no such column"),
    "column zero": (b"1 2\n3 4\n", {"column": "0", **RATE}, None, "no such column"),
    "two columns of a name": (b"ecg,ecg\n1,2\n", {"column": "ecg", **RATE}, 1, "two columns of that name"),
    "no rate": (b"1\n2\n", {}, None, "no sampling rate"),
    "utf-16": ("1\n2\n".encode("utf-16"), RATE, None, "not UTF-8"),
    "latin-1": ("EDA (\xb5S)\n1\n".encode("latin-1"), RATE, 1, "not UTF-8"),
    "binary": (bytes(range(256)) * 20, RATE, None, "not UTF-8"),
    "times go back": (
        timed(*STEADY, "0.020,1"), TIMED, 22, "times do not increase: got 0.02 s after 0.076 s",
    ),
    "times repeat": (timed(*STEADY, STEADY[-1]), TIMED, 22, "times do not increase"),
    "32-bit wrap": (timed("4294967.290,1", "4294967.294,2", "0.002,3"), TIMED, 4, "times do not increase"),
    "time missing": (timed(*STEADY, ",5", "0.084,6"), TIMED, 22, "no time"),
    "time NaN": (timed(*STEADY, "nan,5"), TIMED, 22, "not a finite number"),
    "one sample": (timed("0,1"), TIMED, None, "too few samples"),
    "gap of a day": (timed(*STEADY, "86400,1", "86400.004,2"), TIMED, 22, "a gap of more than an hour"),
    "milliseconds": (
        timed(*[f"{4 * k},1" for k in range(20)]),
        {**TIMED, **RATE},
        None,
        "contradicts the declared rate: got 0.25 Hz",
    ),
    "rate wrong by ten": (
        timed(*STEADY), {**TIMED, "rate_hz": Fraction(2500)}, None, "got 250 Hz, expected 2500 Hz",
    ),
    "no regular grid": (
        timed(*[f"{0.1 * k + 0.04 * (k % 2)},1" for k in range(50)]), TIMED, None, "no regular grid",
    ),
    "Empatica": (b"1560279825.0\n4.0\n0.1\n0.2\n", RATE, 1, "a start time and a rate"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_clear_line(tmp_path, name):
    content, declared, line, words = BAD[name]
    path = tmp_path / "signal.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_csv_signal(path, SignalRecording("a", path.name, "ecg", "infant", **declared))
    message = str(caught.value)
    assert message.startswith("signal.csv" if line is None else f"signal.csv:{line}:")
    assert "\n" not in message
    assert caught.value.exit_code == 3
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["signal.csv"]


def test_a_list_of_intervals_is_no_sampled_signal(tmp_path):
    (tmp_path / "ibi.csv").write_text("420\n430\n")
    with pytest.raises(InputError, match="not sampled at a rate"):
        read_csv_signal(tmp_path / "ibi.csv", SignalRecording("a", "ibi.csv", "ibi", "infant", **RATE))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(StorageError):
        read_csv_signal(tmp_path / "none.csv", SignalRecording("a", "none.csv", "ecg", "infant", **RATE))
