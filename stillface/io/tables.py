"""Plain tables: comma or tab separated text, checked cell by cell, written whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.errors import InputError, MissingExtraError
from stillface.io.durable import read_bytes, storage_error, write_atomic

__all__ = ["Table", "read_groups", "read_table", "safe_text", "table_bytes", "write_table"]

Int64 = npt.NDArray[np.int64]

# A spreadsheet runs a cell that begins with one of these as a formula; the full-width ones too.
_FORMULA_STARTS = frozenset("=+-@\t\r＝＋－＠")
_GUARDED = _FORMULA_STARTS | {"'"}
_MAX_BYTES = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Table:
    """A table as text.

    Parameters
    ----------
    path : Path
        Where it came from; every error names it.
    columns : dict of str to sequence of str
        Cells by column name, formula guards removed.
    lines : sequence of int
        Line number of each row in the file.
    """

    path: Path
    columns: dict[str, Sequence[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    def where(self, row: int) -> str:
        """Give ``file:line`` of a row."""
        return f"{self.path}:{self.lines[row]}"

    def column(self, name: str, default: str | None = None) -> Sequence[str]:
        """Give a column, or ``default`` in every row where the table lacks it."""
        found = self.columns.get(name)
        if found is not None:
            return found
        if default is None:
            raise InputError(
                "missing column",
                where=f"{self.path}:1",
                got=", ".join(self.columns),
                expected=name,
                fix=f"add a column named {name}",
            )
        return [default] * len(self)

    def filled(self, name: str) -> Sequence[str]:
        """Give a column of names, in which no cell may be empty or hold what cannot be seen."""
        cells = self.column(name)
        for row, cell in enumerate(cells):
            if not cell:
                raise InputError("empty cell", where=self.where(row), expected=f"a {name}")
            if not cell.isprintable():
                raise InputError(
                    f"not a {name}", where=self.where(row), got=repr(cell), expected="one printable line"
                )
        return cells

    def times_ns(self, name: str) -> Int64:
        """Give a column of seconds as nanoseconds; shape (n_rows,).

        Raises
        ------
        InputError
            Naming the line of the first cell that is no finite, non-negative number of seconds.
        """
        cells = self.column(name)
        seconds = _numbers(cells)
        bad = np.flatnonzero(~(np.isfinite(seconds) & (seconds >= 0) & (seconds < 1e9)))
        if bad.size:
            row = int(bad[0])
            raise InputError(
                f"not a time in {name}",
                where=self.where(row),
                got=cells[row],
                expected="seconds: a finite number, 0 or more, with a decimal point",
                fix="correct or remove the row",
            )
        return np.asarray(np.rint(seconds * NS_PER_S), dtype=np.int64)


def read_table(path: Path, required: Sequence[str]) -> Table:
    """Read a CSV, TSV or Parquet table.

    Parameters
    ----------
    path : Path
        ``.parquet`` needs the ``exchange`` extra; for text, a header with tabs means tabs.
    required : sequence of str
        Columns that must be there.

    Raises
    ------
    InputError
        Empty, not UTF-8, a repeated or missing column, a row of another length.
    """
    table = _from_parquet(path) if path.suffix.lower() == ".parquet" else _from_text(path)
    for name in required:
        table.column(name)
    return table


def read_groups(path: Path, required: Sequence[str], key: str) -> Iterator[Table]:
    """Read a table piece by piece: neighbouring rows with the same cell in column ``key`` are one piece.

    A text table is never held whole, so memory does not grow with its length.

    Raises
    ------
    InputError
        As `read_table`; what stands after the first piece is found when it is reached.
    """
    if path.suffix.lower() == ".parquet":
        yield from _split(read_table(path, required), key)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter="\t" if "\t" in first else ",", strict=True)
            header = [name.strip() for name in next(reader, [])]
            if any(name not in header for name in required) or len(set(header)) < len(header):
                # The whole reader finds the words for it.
                yield from _split(read_table(path, required), key)
                return
            place = header.index(key)
            cells: list[list[str]] = []
            lines: list[int] = []
            for row, line in _rows(path, reader, header):
                if cells and row[place] != cells[-1][place]:
                    yield _table(path, header, cells, lines)
                    cells, lines = [], []
                cells.append(row)
                lines.append(line)
    except UnicodeDecodeError:
        read_table(path, required)
        raise
    except csv.Error as error:
        raise InputError(f"broken quoting ({error})", where=str(path)) from error
    except OSError:
        _bytes(path)
        raise
    if cells:
        yield _table(path, header, cells, lines)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table atomically; tabs for ``.tsv``, commas otherwise."""
    write_atomic(path, table_bytes(header, rows, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))


def table_bytes(header: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ",") -> bytes:
    """Give a table as UTF-8 text: shortest round-trip floats, empty for None, formulas made inert."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    # csv itself writes a float in its shortest form and None as nothing.
    writer.writerows([safe_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue().encode()


def safe_text(text: str) -> str:
    """Guard a text cell that a spreadsheet would run; ``read_table`` takes the guard off again."""
    return f"'{text}" if text[:1] in _GUARDED else text


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:2] in _GUARDED else cell


def _from_text(path: Path) -> Table:
    data = _bytes(path)
    if not data.strip():
        raise InputError("empty table", where=str(path), expected="a header and rows")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "not UTF-8 text", where=f"{path}:{line}", fix="save the table as CSV UTF-8"
        ) from error
    first = text.partition("\n")[0]
    if ";" in first and "," not in first and "\t" not in first:
        raise InputError(
            "separated by semicolons",
            where=f"{path}:1",
            expected="commas or tabs",
            fix="save as CSV with commas",
        )
    reader = csv.reader(io.StringIO(text), delimiter="\t" if "\t" in first else ",", strict=True)
    try:
        header = [name.strip() for name in next(reader)]
        cells, lines = _body(path, reader, header)
    except csv.Error as error:
        raise InputError(f"broken quoting ({error})", where=f"{path}:{reader.line_num}") from error
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise InputError("column named twice", where=f"{path}:1", got=", ".join(sorted(repeated)))
    return _table(path, header, cells, lines)


def _table(path: Path, header: list[str], cells: list[list[str]], lines: list[int]) -> Table:
    columns = [list(column) for column in zip(*cells, strict=True)] or [[] for _ in header]
    return Table(path, dict(zip(header, columns, strict=True)), lines)


def _split(table: Table, key: str) -> Iterator[Table]:
    keys = table.column(key)
    starts = [row for row in range(len(table)) if row == 0 or keys[row] != keys[row - 1]]
    for first, after in zip(starts, [*starts[1:], len(table)], strict=True):
        columns = {name: cells[first:after] for name, cells in table.columns.items()}
        yield Table(table.path, columns, table.lines[first:after])


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path), fix="check the name") from error
    except OSError as error:
        raise storage_error(error, path, "could not read the table") from error


def _body(path: Path, reader: Iterable[list[str]], header: list[str]) -> tuple[list[list[str]], list[int]]:
    cells, lines = [], []
    for row, line in _rows(path, reader, header):
        cells.append(row)
        lines.append(line)
    return cells, lines


def _rows(path: Path, reader: Iterable[list[str]], header: list[str]) -> Iterator[tuple[list[str], int]]:
    for row in reader:
        if not row:
            continue
        line = reader.line_num  # type: ignore[attr-defined]
        if len(row) != len(header):
            raise InputError(
                "a row of another length",
                where=f"{path}:{line}",
                got=len(row),
                expected=f"{len(header)} cells",
            )
        yield [_unguarded(cell.strip()) if cell else cell for cell in row], line


def _from_parquet(path: Path) -> Table:
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("pyarrow", "exchange", needed_for="reading Parquet") from error
    try:
        frame = parquet.read_table(path).to_pydict()
    except (OSError, ValueError) as error:
        raise InputError(f"not a Parquet table ({error})", where=str(path)) from error
    columns: dict[str, Sequence[str]] = {
        str(name): ["" if value is None else str(value) for value in values] for name, values in frame.items()
    }
    size = len(next(iter(columns.values()), []))
    return Table(path, columns, range(1, size + 1))


def _numbers(cells: Sequence[str]) -> npt.NDArray[np.float64]:
    """Read numbers; NaN for what is none. Python alone would take ``2_0`` and digits of other scripts."""
    if not all(cell.isascii() and "_" not in cell for cell in cells):
        cells = [cell if cell.isascii() and "_" not in cell else "" for cell in cells]
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array([_number(cell) for cell in cells])


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
