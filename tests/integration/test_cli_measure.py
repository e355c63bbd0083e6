"""``stillface measure`` and ``agreement`` as a lab calls them: tables in, tables out, one-line errors."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import worked_examples as we
from stillface.domain.results import Measurement
from stillface.io.codebook import column_entry, measure_entry

CODES = ["dyad_id", "session_id", "role", "scheme_id", "coder_id", "code", "onset_s", "offset_s"]
PAIRS = {"N": ("i_pro", "c_hos"), "S": ("i_soc", "c_neu"), "P": ("i_pos", "c_pos"), "O": ("i_obj", "c_non")}


def stillface(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stillface", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def w2_tables(tmp_path: Path) -> tuple[Path, Path]:
    """W2 in ICEP codes as two tables; unscorable seconds are left uncoded."""
    rows: list[list[object]] = []
    for role, which, text in (("infant", 0, we.W2_INFANT), ("caregiver", 1, we.W2_CAREGIVER)):
        rows += [
            ["d1", "s1", role, f"icep_{role}", "AB", PAIRS[letter][which], t, t + 1]
            for t, letter in enumerate(text)
            if letter != "U"
        ]
    codes = write(tmp_path / "codes.csv", CODES, rows)
    header = ["session_id", "episode_id", "onset_s", "offset_s", "ended_by"]
    return codes, write(tmp_path / "episodes.csv", header, [["s1", "RE", 0, 20, "time"]])


def measured(out: Path) -> list[dict[str, str]]:
    with (out / "measures_long.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_w2_from_tables(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, episodes = w2_tables
    out = tmp_path / "out"
    result = stillface(
        "measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2",
        "--rule", "icep_identity", "--out", out, "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["sessions"] == 1
    rows = measured(out)
    assert tuple(rows[0]) == Measurement.columns()
    dyad = {
        r["measure"]: r for r in rows if r["role"] == "dyad" and r["episode_id"] == "RE" and not r["code"]
    }
    # Measures of the pair that need no rule name none.
    assert {r["match_rule"] for r in dyad.values()} == {"icep_identity", ""}
    assert dyad["grid_visits"]["match_rule"] == ""
    assert (dyad["n_repair"]["value"], dyad["n_repair"]["status"]) == ("5.0", "OK")
    assert dyad["pct_match"]["value"] == repr(100 * 10 / 18)
    assert dyad["pct_match"]["scheme_id"] == "icep_infant+icep_caregiver"
    assert dyad["pct_match"]["coder_id"] == "AB"
    assert dyad["repair_latency_anchored_s"]["value"] == "1.25"
    missing = [r for r in rows if r["episode_id"] == "PL"]
    assert missing
    assert {(r["status"], r["value"], r["coverage"]) for r in missing} == {("MISS_EPISODE", "", "")}
    assert not any(r["episode_id"] in ("BL", "T1") for r in rows)
    assert "episode PL was not run" in result.stderr


def test_every_column_and_measure_is_in_the_codebook(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, episodes = w2_tables
    out = tmp_path / "out"
    stillface("measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out", out)
    for name in ("measures_long.csv", "repairs.csv", "recovery.csv", "transitions.csv"):
        with (out / name).open(newline="") as file:
            header = next(csv.reader(file))
        assert [column for column in header if column_entry(column) is None] == []
    names = {row["measure"] for row in measured(out)}
    assert {name for name in names if measure_entry(name) is None} == set()
    with (out / "codebook.csv").open(newline="") as file:
        entries = list(csv.DictReader(file))
    assert names <= {entry["name"] for entry in entries if entry["kind"] == "measure"}


def test_a_coder_who_stopped_calls_nothing_absent_afterwards(tmp_path: Path) -> None:
    codes = write(
        tmp_path / "codes.csv", CODES, [["d1", "s1", "infant", "icep_infant", "AB", "i_soc", 0, 40]]
    )
    episodes = write(
        tmp_path / "episodes.csv",
        ["session_id", "episode_id", "onset_s", "offset_s"],
        [["s1", "PL", 0, 120], ["s1", "SF", 120, 240]],
    )
    out = tmp_path / "out"
    result = stillface(
        "measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out", out
    )
    assert result.returncode == 0, result.stderr
    rows = measured(out)
    latency = next(
        r for r in rows if (r["episode_id"], r["measure"], r["code"]) == ("PL", "latency_s", "i_pro")
    )
    assert (latency["value"], latency["status"], latency["censored"]) == ("40.0", "CENS_GAP", "1")
    assert {r["status"] for r in rows if r["episode_id"] == "SF"} == {"MISS_NOTCODED"}


def test_several_coders_need_a_name(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, episodes = w2_tables
    with codes.open("a") as file:
        file.write("d1,s1,infant,icep_infant,CD,i_pos,0,20\n")
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2"]
    result = stillface(*call, "--out", tmp_path / "out")
    assert result.returncode == 3
    assert "several codings" in result.stderr
    assert not (tmp_path / "out").exists()
    result = stillface(*call, "--out", tmp_path / "out", "--coder", "AB", "--rule", "icep_identity")
    assert result.returncode == 0, result.stderr
    assert {row["coder_id"] for row in measured(tmp_path / "out")} == {"AB"}


def test_machine_proposals_are_measured_only_when_named(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, episodes = w2_tables
    lines = codes.read_text().splitlines()
    codes.write_text("\n".join([lines[0] + ",source", *(line + ",auto" for line in lines[1:])]) + "\n")
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2"]
    result = stillface(*call, "--out", tmp_path / "out")
    assert result.returncode == 3
    assert "machine proposals" in result.stderr
    assert stillface(*call, "--out", tmp_path / "out", "--coder", "AB").returncode == 0


def test_a_coder_whom_the_table_does_not_have_is_refused_and_those_there_are_named(
    w2_tables: tuple[Path, Path], tmp_path: Path
) -> None:
    codes, episodes = w2_tables
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out"]
    for words in (("--coder", "ZZ"), ("--coder", "AB", "--coder", "auto:AB")):
        result = stillface(*call, tmp_path / "out", *words)
        assert (result.returncode, result.stderr.count("\n")) == (3, 1)
        assert f"no codes of this coder: got {words[-1]}, expected human:AB" in result.stderr
        assert not (tmp_path / "out").exists()


def test_a_coder_may_be_named_with_the_kind_of_source(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, episodes = w2_tables
    lines = codes.read_text().splitlines()
    both = [lines[0] + ",source"]
    for source in ("auto", "human"):
        # The person coded five bouts less, which tells the two apart in the results.
        some = lines[1:] if source == "auto" else lines[6:]
        both += [line.replace(",AB,", ",affect@1.0,") + f",{source}" for line in some]
    codes.write_text("\n".join(both) + "\n")
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out"]
    # Without the kind, a person's codes go before a machine's of the same name.
    for name, scorable in (("auto:affect@1.0", "18.0"), ("human:affect@1.0", "13.0"), ("affect@1.0", "13.0")):
        out = tmp_path / name.replace(":", "_")
        assert stillface(*call, out, "--coder", name).returncode == 0
        rows = [r for r in measured(out) if (r["role"], r["episode_id"]) == ("infant", "RE")]
        assert {r["scorable_s"] for r in rows if r["measure"] == "pct_time"} == {scorable}


def test_a_rule_that_fits_nothing_is_named_with_the_schemes(
    w2_tables: tuple[Path, Path], tmp_path: Path
) -> None:
    codes, episodes = w2_tables
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out"]
    result = stillface(*call, tmp_path / "out", "--rule", "mutual_gaze", "--rule", "icep_identity")
    assert result.returncode == 0
    said = [line for line in result.stderr.splitlines() if "fits no pair" in line]
    assert len(said) == 1
    assert (
        "rule mutual_gaze fits no pair of schemes of the table (icep_infant with icep_caregiver)" in said[0]
    )
    assert "fits no pair" not in stillface(*call, tmp_path / "all").stderr


def test_low_coverage_is_withheld_only_when_asked(tmp_path: Path) -> None:
    codes = write(
        tmp_path / "codes.csv", CODES, [["d1", "s1", "infant", "icep_infant", "AB", "i_soc", 10, 40]]
    )
    episodes = write(
        tmp_path / "episodes.csv", ["session_id", "episode_id", "onset_s", "offset_s"], [["s1", "PL", 0, 120]]
    )
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out"]
    for limit, expected in (("0", "OK"), ("0.5", "MISS_LOWCOV")):
        out = tmp_path / f"out{limit}"
        assert stillface(*call, out, "--min-coverage", limit).returncode == 0
        row = next(r for r in measured(out) if r["measure"] == "pct_time" and r["code"] == "i_soc")
        assert (row["status"], bool(row["value"]), row["coverage"]) == (expected, limit == "0", "0.25")
        assert "low_coverage" in row["flags"]


BAD = [
    ("i_soc,7,60", "overlaps the bout of line 2"),
    ("i_soc,1e999,60", "not a time in onset_s"),
    ("i_soc,nan,60", "not a time in onset_s"),
    ("i_soc,-1,60", "not a time in onset_s"),
    ('"i_soc","8,5",60', "not a time in onset_s"),
    ("i_soc,60,8", "a bout that ends before it begins"),
    ("i_soc,2_0,60", "not a time in onset_s"),
    ("i_soc,8,8", "a bout that does not last"),
    ("i_sooc,8,60", "unknown code of scheme icep_infant"),
    ("i_soc,8", "a row of another length"),
    (",8,60", "empty cell"),
]


@pytest.mark.parametrize(("cells", "said"), BAD, ids=[cells for cells, _ in BAD])
def test_bad_rows_are_one_line_with_file_and_line(cells: str, said: str, tmp_path: Path) -> None:
    codes = tmp_path / "codes.csv"
    start = "d1,s1,infant,icep_infant,AB,"
    codes.write_text(f"{','.join(CODES)}\n{start}i_soc,0,8\n{start}{cells}\n")
    before = codes.read_bytes()
    episodes = write(
        tmp_path / "episodes.csv", ["session_id", "episode_id", "onset_s", "offset_s"], [["s1", "PL", 0, 120]]
    )
    out = tmp_path / "out"
    result = stillface(
        "measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out", out
    )
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert said in result.stderr
    assert "codes.csv:3" in result.stderr
    assert not out.exists()
    assert codes.read_bytes() == before


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("s1,XX,0,120", "an episode the protocol does not have"),
        ("s1,PL,120,120", "an episode that does not last"),
        ("s1,PL,0,120\ns1,PL,130,140", "stands twice"),
        ("s1,PL,0,120\ns1,SF,100,240", "overlaps the episode of line 2"),
        ("s2,PL,0,120", "has codes but no episodes"),
    ],
)
def test_bad_episodes_are_refused(row: str, said: str, tmp_path: Path) -> None:
    codes = write(tmp_path / "codes.csv", CODES, [["d1", "s1", "infant", "icep_infant", "AB", "i_soc", 0, 8]])
    episodes = tmp_path / "episodes.csv"
    episodes.write_text(f"session_id,episode_id,onset_s,offset_s\n{row}\n")
    result = stillface(
        "measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.returncode == 3
    assert said in result.stderr


def test_missing_files_options_and_folders(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, episodes = w2_tables
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out"]
    assert stillface("measure", "--codes", codes).returncode == 2
    gone = stillface("measure", "--codes", tmp_path / "no.csv", *call[3:], tmp_path / "out")
    assert (gone.returncode, gone.stderr.count("\n")) == (3, 1)
    blocked = tmp_path / "file"
    blocked.write_text("")
    full = stillface(*call, blocked / "out")
    assert (full.returncode, full.stderr.count("\n")) == (4, 1)


def test_formula_cells_are_inert_in_the_export_and_read_back(tmp_path: Path) -> None:
    from stillface.io.tables import read_table, write_table

    texts = ["=1+1", "@x", "+3", "-2", "＝cmd", "'quoted", "plain", "\tx"]
    path = tmp_path / "t.csv"
    write_table(path, ["comment", "n"], [[text, -2.5] for text in texts])
    with path.open(newline="") as file:
        cells = [row[0] for row in csv.reader(file)][1:]
    assert not any(cell.startswith(("=", "@", "+", "-", "＝", "\t")) for cell in cells)
    table = read_table(path, ["comment", "n"])
    assert list(table.column("comment")) == texts
    assert set(table.column("n")) == {"-2.5"}


def test_agreement_of_two_tables(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, _ = w2_tables
    other = tmp_path / "other.csv"
    other.write_text(codes.read_text().replace("i_soc", "i_obj").replace(",AB,", ",CD,"))
    with other.open("a") as file:
        file.write("d2,s2,infant,my_own,CD,anything,0,5\n")
    result = stillface("agreement", codes, other, "--json")
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert {"pooled", "sessions", "unpaired"} <= set(content)
    infant = next(row for row in content["sessions"] if row["role"] == "infant")
    assert infant["compared_s"] == 18.0
    assert infant["agreement"] == pytest.approx(12 / 18)
    caregiver = next(row for row in content["sessions"] if row["role"] == "caregiver")
    assert (caregiver["kappa"], caregiver["reason"]) == (1.0, None)
    assert [row["session_id"] for row in content["unpaired"]] == ["s2"]


def test_results_never_overwrite_their_input(w2_tables: tuple[Path, Path], tmp_path: Path) -> None:
    codes, episodes = w2_tables
    renamed = codes.rename(tmp_path / "repairs.csv")
    before = renamed.read_bytes()
    result = stillface(
        "measure", "--codes", renamed, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out", tmp_path
    )
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "overwrite" in result.stderr
    assert renamed.read_bytes() == before


def couple(tmp_path: Path, *withdrawals: tuple[str, float]) -> tuple[Path, Path]:
    """The conversation of the golden test as tables."""
    smiles = [("pos", 0, 60)]
    other = [
        ("pos", 0, 10),
        ("neg", 10, 14),
        ("pos", 14, 16),
        ("neu", 16, 20),
        ("pos", 20, 40),
        ("neg", 43, 60),
    ]
    rows: list[list[object]] = [
        ["d1", "s1", role, "affect3", "AB", code, onset, offset]
        for role, bouts in (("partner_a", smiles), ("partner_b", other))
        for code, onset, offset in bouts
    ]
    rows += [["d1", "s1", role, "withdrawal", "AB", "withdrawal", t, t] for role, t in withdrawals]
    episodes = [["s1", "CONV", 0, 60]]
    return (
        write(tmp_path / "codes.csv", CODES, rows),
        write(tmp_path / "episodes.csv", ["session_id", "episode_id", "onset_s", "offset_s"], episodes),
    )


def test_moments_of_a_couple(tmp_path: Path) -> None:
    codes, episodes = couple(
        tmp_path, ("partner_b", 10), ("partner_a", 18), ("partner_a", 25), ("partner_b", 41)
    )
    out = tmp_path / "out"
    result = stillface(
        "measure", "--codes", codes, "--episodes", episodes, "--protocol", "couple_stillface_moments",
        "--rule", "valence3", "--out", out, "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    names = [Path(file).name for file in json.loads(result.stdout)["files"]]
    assert names == [
        "measures_long.csv", "repairs.csv", "recovery.csv", "transitions.csv", "moments.csv", "codebook.csv",
    ]  # fmt: skip
    with (out / "moments.csv").open(newline="") as file:
        moments = list(csv.DictReader(file))
    # Five seconds sustained, window -30 to 120 s: cut to the minute that was recorded.
    assert [(m["role"], m["event_s"], m["recovery_s"], m["status"]) for m in moments] == [
        ("partner_b", "10.0", "10.0", "OK"),
        ("partner_a", "18.0", "2.0", "OK"),
        ("partner_a", "25.0", "", "NA_NOTATRISK"),
        ("partner_b", "41.0", "19.0", "CENS_EP_END"),
    ]
    assert {(m["match_rule"], m["window_offset_s"], m["moment_id"]) for m in moments} == {
        ("valence3", "60.0", "WD")
    }
    rows = {(r["role"], r["measure"], r["code"]): r for r in measured(out)}
    assert rows["dyad", "n_moment", "WD:match"]["value"] == "4.0"
    assert rows["dyad", "prop_moment_recovered", "WD:match"]["value"] == repr(2 / 3)
    assert rows["partner_b", "frequency", "withdrawal"]["value"] == "2.0"
    assert rows["partner_a", "latency_s", "withdrawal"]["value"] == "18.0"
    # Events have no share of time and no bouts.
    of_events = {measure for _, measure, code in rows if code == "withdrawal"}
    assert of_events == {"frequency", "rate_per_min", "latency_s"}
    with (out / "codebook.csv").open(newline="") as file:
        described = {(row["kind"], row["name"]) for row in csv.DictReader(file) if row["definition"]}
    assert {("column", name) for name in moments[0]} <= described
    assert {("measure", r["measure"]) for r in measured(out)} <= described


def test_moments_without_their_events_are_said_to_be_uncoded(tmp_path: Path) -> None:
    codes, episodes = couple(tmp_path)
    out = tmp_path / "out"
    result = stillface(
        "measure", "--codes", codes, "--episodes", episodes, "--protocol", "couple_stillface_moments",
        "--out", out,
    )  # fmt: skip
    assert result.returncode == 0
    assert "moment WD: the table holds no codes of scheme withdrawal" in result.stderr
    assert {r["status"] for r in measured(out) if r["code"] == "WD:match"} == {"MISS_NOTCODED"}


@pytest.mark.parametrize(
    ("column", "cell"), [("confidence", "7"), ("confidence", "abc"), ("attributes", "{oops")]
)
def test_bad_optional_cells_are_refused(column: str, cell: str, tmp_path: Path) -> None:
    row = ["d1", "s1", "infant", "icep_infant", "AB", "i_soc", 0, 8, cell]
    codes = write(tmp_path / "codes.csv", [*CODES, column], [row])
    episodes = write(
        tmp_path / "episodes.csv", ["session_id", "episode_id", "onset_s", "offset_s"], [["s1", "PL", 0, 120]]
    )
    call = ["measure", "--codes", codes, "--episodes", episodes, "--protocol", "ffsf_2_2_2", "--out"]
    result = stillface(*call, tmp_path / "out")
    assert (result.returncode, result.stderr.count("\n")) == (3, 1)
    assert "codes.csv:2" in result.stderr


def test_codes_of_another_role_and_episodes_out_of_order_are_said(
    w2_tables: tuple[Path, Path], tmp_path: Path
) -> None:
    codes, _ = w2_tables
    swapped = codes.read_text().replace(",caregiver,", ",x,").replace(",infant,", ",caregiver,")
    codes.write_text(swapped.replace(",x,", ",infant,"))
    header = ["session_id", "episode_id", "onset_s", "offset_s"]
    episodes = write(tmp_path / "e.csv", header, [["s1", "RE", 0, 20], ["s1", "PL", 20, 140]])
    tables = ("--codes", codes, "--episodes", episodes)
    done = stillface("measure", *tables, "--protocol", "ffsf_2_2_2", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (
        "codes of icep_infant under the role caregiver, but the scheme is for infant: roles swapped?"
        in done.stderr
    )
    assert "codes of icep_caregiver under the role infant" in done.stderr
    assert "s1: the order of the episodes is not the protocol's: RE, PL instead of PL, RE" in done.stderr


@pytest.mark.parametrize("column", ["dyad_id", "session_id", "coder_id", "code"])
def test_a_name_of_two_lines_is_refused_with_its_line(
    w2_tables: tuple[Path, Path], tmp_path: Path, column: str
) -> None:
    codes, episodes = w2_tables
    with codes.open(newline="") as file:
        rows = list(csv.reader(file))
    rows[3][CODES.index(column)] = "d\n1"
    write(codes, rows[0], rows[1:])  # type: ignore[arg-type]
    tables = ("--codes", codes, "--episodes", episodes)
    done = stillface("measure", *tables, "--protocol", "ffsf_2_2_2", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert re.fullmatch(
        rf"error: \S+codes.csv:[45]: not a {column}: got 'd\\n1', expected one printable line\n", done.stderr
    )
    assert not (tmp_path / "out").exists()
