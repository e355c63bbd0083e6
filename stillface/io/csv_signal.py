"""Signals in text tables: CSV, TSV or plain columns, with or without header, onto an exact clock.

What the file does not say is declared in the :class:`SignalRecording`; what it says wrongly is an
error with file and line. Samples that were lost become invalid samples, counted in the notes.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import SampleClock
from stillface.domain.recording import Signal, SignalRecording
from stillface.errors import InputError
from stillface.io.durable import read_bytes, storage_error
from stillface.io.sample_grid import grid_from_times

__all__ = ["CsvReader", "read_csv_signal"]

_SNIFF_LINES = 50
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+\s*\Z")
# "0,004" in a file of one column splits at the comma into 0 and 004: no whole number is written so.
_SPLIT_DECIMAL = re.compile(r"\s*([+-]?\d+,0\d+|[+-]0,\d+)\s*\Z")
_COMMENT = ("#", "%")
# An Empatica export: line 1 is the start in Unix seconds, line 2 the rate; neither is a sample.
_UNIX_TIME_FROM = 1.0e9
_EMPATICA_RATES = (1.0, 4.0, 32.0, 64.0)


@dataclass(frozen=True)
class _Layout:
    """How the table is written."""

    delimiter: str | None
    """None: blanks."""
    header: tuple[str, ...] | None
    n_columns: int
    first_line: int
    """Number, from 1, of the first line of data."""


class CsvReader:
    """The reader ``csv``: see :func:`read_csv_signal`."""

    suffixes: tuple[str, ...] = (".csv", ".tsv", ".txt")

    def read(self, path: Path, recording: SignalRecording) -> Signal:
        """Read the declared column; see :func:`read_csv_signal`."""
        return read_csv_signal(path, recording)


def read_csv_signal(path: Path, recording: SignalRecording) -> Signal:
    """Read one column of a text table as a signal in device time.

    Parameters
    ----------
    path : Path
        UTF-8 text; columns parted by comma, semicolon, tab or blanks; ``#`` and ``%`` lines at the
        top are comments; decimal points.
    recording : SignalRecording
        ``column`` (a name of the header, or the column's number from 1), and ``time_column`` in
        seconds or ``rate_hz``.

    Returns
    -------
    Signal
        An empty cell and a hole in the time column become invalid samples and are counted in its notes.

    Raises
    ------
    InputError
        Missing column, a cell that is no finite number (file:line), a decimal comma, times that
        do not increase, a rate that contradicts the declared one.
    """
    if recording.signal == "ibi":
        raise InputError(
            "inter-beat intervals are not sampled at a rate", where=path.name, fix="attach the ECG itself"
        )
    lines = _lines(path)
    layout = _layout(lines, path)
    column = _column(layout, recording.column, path)
    rows = _rows(lines, layout, path)
    if recording.time_column is None:
        values, _ = _cells(rows, layout, (column,), path)
        clock, index, notes = _declared_clock(len(values[0]), recording, path)
        _refuse_empatica(values[0], path)
        cells = values[0]
    else:
        time_column = _column(layout, recording.time_column, path)
        (times, cells), _ = _cells(rows, layout, (time_column, column), path)
        blank = np.flatnonzero(np.isnan(times))
        if blank.size:
            raise InputError("no time", where=f"{path.name}:{layout.first_line + int(blank[0])}", got="")
        clock, index, notes = grid_from_times(times, recording.rate_hz, path.name, layout.first_line)
    return _reading(recording, clock, index, cells, notes, path)


def _reading(
    recording: SignalRecording,
    clock: SampleClock,
    index: npt.NDArray[np.int64],
    cells: npt.NDArray[np.float64],
    notes: list[str],
    path: Path,
) -> Signal:
    blank = np.isnan(cells)
    if blank.any():
        notes.append(f"{path.name}: {int(blank.sum())} of {cells.size} cells are empty: no sample there")
    values = np.zeros(clock.n_samples)
    valid = np.zeros(clock.n_samples, dtype=np.bool_)
    values[index] = np.where(blank, 0.0, cells)
    valid[index] = ~blank
    return Signal(
        recording.signal,
        recording.role,
        recording.unit,
        values,
        valid,
        clock,
        recording.clock_map,
        tuple(notes),
    )


def _declared_clock(
    n_samples: int, recording: SignalRecording, path: Path
) -> tuple[SampleClock, npt.NDArray[np.int64], list[str]]:
    if recording.rate_hz is None:
        raise InputError(
            "no sampling rate",
            where=path.name,
            expected="a time column or a rate in Hz",
            fix="declare time_column or rate_hz",
        )
    return SampleClock(0, recording.rate_hz, n_samples), np.arange(n_samples), []


def _lines(path: Path) -> list[str]:
    try:
        data = read_bytes(path)
    except OSError as error:
        raise storage_error(error, path, "could not read") from error
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:4096]:
        raise InputError("not UTF-8 text", where=path.name, fix="save the table as CSV in UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "not UTF-8 text",
            where=f"{path.name}:{line}",
            got=f"byte 0x{data[error.start]:02x}",
            fix="save the table as CSV in UTF-8",
        ) from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _layout(lines: list[str], path: Path) -> _Layout:
    start = next(
        (k for k, line in enumerate(lines) if line.strip() and not line.lstrip().startswith(_COMMENT)), None
    )
    if start is None:
        raise InputError("no data", where=path.name, got="an empty table", expected="lines of numbers")
    sample = [line for line in islice(lines, start, start + _SNIFF_LINES) if line.strip()]
    delimiter = _delimiter(sample)
    for k, line in enumerate(sample):
        decimal_comma = all(_DECIMAL_COMMA.match(cell) for cell in _split(line, delimiter) if cell.strip())
        if (delimiter == "," and _SPLIT_DECIMAL.match(line)) or (delimiter != "," and decimal_comma):
            raise _decimal_comma(line, path, start + k + 1)
    first = _split(sample[0], delimiter)
    if all(_is_number(cell) for cell in first if cell.strip()):
        return _Layout(delimiter, None, len(first), start + 1)
    header = tuple(cell.strip() for cell in first)
    if len(sample) == 1:
        raise InputError("no data", where=f"{path.name}:{start + 1}", got="a header only")
    n_columns = len(_split(sample[1], delimiter))
    if n_columns != len(header):
        raise InputError(
            "header and first row differ",
            where=f"{path.name}:{start + 2}",
            got=f"{n_columns} cells",
            expected=f"{len(header)} as the header",
            fix="decimals are written with a point, cells with blanks or commas in quotes",
        )
    return _Layout(delimiter, header, n_columns, start + 2)


def _delimiter(sample: list[str]) -> str | None:
    """Give what parts the first line and most of the others; None for blanks."""
    for delimiter in ("\t", ";", ","):
        parted = [len(_split(line, delimiter)) > 1 for line in sample]
        if parted[0] and 2 * sum(parted) > len(parted):
            return delimiter
    return None


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    if '"' in line:
        return next(csv.reader([line], delimiter=delimiter))
    return line.split(delimiter)


def _column(layout: _Layout, wanted: str, path: Path) -> int:
    if layout.header is not None and layout.header.count(wanted) > 1:
        raise InputError("two columns of that name", where=f"{path.name}:{layout.first_line - 1}", got=wanted)
    if layout.header is not None and wanted in layout.header:
        return layout.header.index(wanted)
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= layout.n_columns:
        return int(wanted) - 1
    known = "no header: 1" if layout.header is None else ", ".join(layout.header) + " (or 1"
    known += f" to {layout.n_columns}" if layout.n_columns > 1 else ""
    raise InputError(
        "no such column", where=path.name, got=wanted, expected=known + (")" if layout.header else "")
    )


def _rows(lines: list[str], layout: _Layout, path: Path) -> Iterator[list[str]]:
    for number, line in enumerate(islice(lines, layout.first_line - 1, None), start=layout.first_line):
        cells = _split(line, layout.delimiter)
        if len(cells) != layout.n_columns:
            got = f"{len(cells)} cells" if line.strip() else "an empty line"
            raise InputError(
                "broken row", where=f"{path.name}:{number}", got=got, expected=f"{layout.n_columns} cells"
            )
        yield cells


def _cells(
    rows: Iterator[list[str]], layout: _Layout, columns: tuple[int, ...], path: Path
) -> tuple[tuple[npt.NDArray[np.float64], ...], int]:
    """Give each column as numbers, NaN for an empty cell, and the number of rows."""
    out: list[list[float]] = [[] for _ in columns]
    for number, row in enumerate(rows, start=layout.first_line):
        for column, values in zip(columns, out, strict=True):
            values.append(_number(row[column], number, path))
    return tuple(np.array(values, dtype=np.float64) for values in out), len(out[0])


def _number(cell: str, line: int, path: Path) -> float:
    try:
        value = float(cell)
    except ValueError as error:
        if not cell.strip():
            return math.nan
        if _DECIMAL_COMMA.match(cell):
            raise _decimal_comma(cell, path, line) from error
        raise InputError(
            "not a number", where=f"{path.name}:{line}", got=cell, expected="a number"
        ) from error
    if not math.isfinite(value) or "_" in cell:
        raise InputError(
            "not a finite number",
            where=f"{path.name}:{line}",
            got=cell.strip(),
            expected="a finite number",
            fix="leave the cell empty where there is no sample",
        )
    return value


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _decimal_comma(got: str, path: Path, line: int) -> InputError:
    return InputError(
        "decimal comma",
        where=f"{path.name}:{line}",
        got=got.strip(),
        expected="decimal points",
        fix="export the table again with decimal points",
    )


def _refuse_empatica(values: npt.NDArray[np.float64], path: Path) -> None:
    if values.size > 2 and values[0] > _UNIX_TIME_FROM and values[1] in _EMPATICA_RATES:
        raise InputError(
            "the first two lines are a start time and a rate, not samples",
            where=f"{path.name}:1",
            got=f"{values[0]:.0f}, {values[1]:g}",
            fix=f"remove them and declare rate_hz {Fraction(float(values[1]))}",
        )
