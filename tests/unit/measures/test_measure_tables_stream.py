"""Measuring tables session by session: the same numbers in any order, flat in memory, whole or not at all."""

from __future__ import annotations

import csv
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measures import make_tables
from stillface.errors import InputError
from stillface.io.table_writer import TableWriter
from stillface.io.tables import read_groups, read_table
from stillface.pipeline.measure_tables import MeasureRequest, measure_tables


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def shuffled(source: Path, target: Path) -> Path:
    header, *rows = rows_of(source)
    rows = [rows[k] for k in np.random.default_rng(3).permutation(len(rows))]
    with target.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return target


def test_the_order_of_the_rows_changes_no_number(tmp_path: Path) -> None:
    codes, episodes = make_tables(tmp_path, 3, 12)
    in_order = measure_tables(MeasureRequest(codes, episodes, "ffsf_2_2_2"), tmp_path / "a")
    mixed = shuffled(codes, tmp_path / "mixed.csv")
    out_of_order = measure_tables(MeasureRequest(mixed, episodes, "ffsf_2_2_2"), tmp_path / "b")
    assert in_order.n_rows == out_of_order.n_rows > 0
    for name in ("measures_long.csv", "repairs.csv", "recovery.csv", "transitions.csv", "codebook.csv"):
        assert sorted(rows_of(tmp_path / "a" / name)) == sorted(rows_of(tmp_path / "b" / name))


def test_a_bad_row_late_in_the_table_leaves_the_old_results(tmp_path: Path) -> None:
    codes, episodes = make_tables(tmp_path, 3, 12)
    request = MeasureRequest(codes, episodes, "ffsf_2_2_2")
    measure_tables(request, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    lines = codes.read_text().splitlines()
    lines[-1] = lines[-1].replace("s00002", "s00002", 1).rsplit(",", 2)[0] + ",5,4"
    codes.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=rf"codes.csv:{len(lines)}"):
        measure_tables(request, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    lines[1] = lines[1].replace("infant", "nobody")
    codes.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="role"):
        measure_tables(request, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_memory_does_not_grow_with_the_number_of_sessions(tmp_path: Path) -> None:
    peaks = []
    for n in (4, 16):
        folder = tmp_path / str(n)
        folder.mkdir()
        codes, episodes = make_tables(folder, n, 10)
        request = MeasureRequest(codes, episodes, "ffsf_2_2_2", ("icep_identity",))
        measure_tables(request, folder / "warm")
        tracemalloc.start()
        measure_tables(request, folder / "out")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 300_000


def test_pieces_are_what_the_whole_table_holds(tmp_path: Path) -> None:
    codes, _ = make_tables(tmp_path, 3, 12)
    whole = read_table(codes, ("session_id",))
    pieces = list(read_groups(codes, ("session_id",), "session_id"))
    assert [set(piece.column("session_id")) for piece in pieces] == [{"s00000"}, {"s00001"}, {"s00002"}]
    for name in whole.columns:
        assert [cell for piece in pieces for cell in piece.column(name)] == list(whole.column(name))
    assert [line for piece in pieces for line in piece.lines] == list(whole.lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "missing column"),
        (b"session_id,session_id\ns,s\n", "named twice"),
        (b"session_id,b\ns,\xff\n", "UTF-8"),
        (b"session_id,b\ns\n", "another length"),
        (b'session_id,b\ns,"x\n', "quoting"),
    ],
)
def test_pieces_refuse_what_the_whole_reader_refuses(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text)
    with pytest.raises(InputError, match=message):
        list(read_groups(path, ("session_id",), "session_id"))


def test_a_table_left_by_an_exception_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old\n")
    with pytest.raises(ZeroDivisionError), TableWriter(path, ("a", "b")) as table:
        table.write([(k, 1 / k) for k in (1, 0)])
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text() == "old\n"
    with TableWriter(path, ("a", "b")) as table:
        table.write([(1.5, "=x"), (None, "y")])
    assert path.read_text() == "a,b\n1.5,'=x\n,y\n"
