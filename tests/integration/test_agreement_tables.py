"""``stillface agreement A.csv B.csv``: figures of pairs, machine against person, refusal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stillface.errors import InputError, UsageError
from stillface.pipeline.agree_tables import agree_tables

HEAD = "dyad_id,session_id,role,scheme_id,coder_id,code,onset_s,offset_s,source\n"


def table(path: Path, coder: str, source: str, sessions: dict[str, list[tuple[str, float, float]]]) -> Path:
    lines = [
        f"d,{session},infant,affect3,{coder},{code},{onset},{offset},{source}\n"
        for session, bouts in sessions.items()
        for code, onset, offset in bouts
    ]
    path.write_text(HEAD + "".join(lines))
    return path


FIRST = {
    "s1": [("neu", 0, 10), ("pos", 10, 20), ("usc", 20, 25), ("neg", 25, 40)],
    "s2": [("neu", 0, 30), ("pos", 30, 40)],
}
SECOND = {
    "s1": [("neu", 0, 11), ("pos", 11, 25), ("neg", 25, 40)],
    "s2": [("neu", 0, 25), ("pos", 25, 40)],
}


@pytest.fixture
def people(tmp_path: Path) -> tuple[Path, Path]:
    return table(tmp_path / "a.csv", "AB", "human", FIRST), table(tmp_path / "b.csv", "CD", "human", SECOND)


def test_every_figure_of_a_pair(people: tuple[Path, Path]) -> None:
    content = agree_tables(*people)
    one, two = content["sessions"]
    assert (one["comparison"], one["coders"], one["compared_s"]) == ("reliability", ["AB", "CD"], 35.0)
    assert one["dropped_share"] == pytest.approx(5 / 40)
    assert one["events"] == {
        "kappa": 1.0, "agreement": 1.0, "agreed": 3, "confused": 0, "only_first": 0, "only_second": 0,
        "reason": None,
    }  # fmt: skip
    assert one["tolerance"][2] == {
        "tolerance_s": 1.0, "kappa": 1.0, "kappa_first_as_reference": 1.0, "kappa_second_as_reference": 1.0,
    }  # fmt: skip
    assert two["agreement"] == pytest.approx(35 / 40)
    pooled = content["pooled"]["by_scheme"]["affect3"]
    assert (pooled["n_sessions"], pooled["n_pairs"]) == (2, 2)
    assert pooled["confusion_s"]["neu"]["pos"] == 5.0
    assert content["pooled"]["kappa"] == pytest.approx(pooled["kappa"])
    assert content["validity"] == {}


def test_a_machine_is_validity_with_the_person_in_the_rows(tmp_path: Path) -> None:
    auto = table(tmp_path / "m.csv", "affect@1.0", "auto", FIRST)
    person = table(tmp_path / "p.csv", "AB", "human", SECOND)
    for order in ((auto, person), (person, auto)):
        content = agree_tables(*order)
        assert {row["comparison"] for row in content["sessions"]} == {"validity"}
        found = content["validity"]["affect3"]
        assert found["human_s"] == 80.0
        assert found["unproposed"] == pytest.approx(5 / 80)
        assert found["codes"]["pos"]["recall"] == pytest.approx((9 + 10) / (9 + 15))


@pytest.mark.parametrize("source", ["auto", "auto_reviewed"])
def test_proposals_are_refused_among_people(tmp_path: Path, source: str) -> None:
    person = table(tmp_path / "p.csv", "AB", "human", SECOND)
    machine = table(tmp_path / "m.csv", "AB2", source, FIRST)
    with pytest.raises(InputError, match=r"m.csv:2: .*no place in human-human reliability"):
        agree_tables(person, machine, people_only=True)
    done = subprocess.run(
        [sys.executable, "-m", "stillface", "agreement", person, machine, "--people-only", "--json"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)


def test_same_answer_every_time_and_nothing_but_json(people: tuple[Path, Path]) -> None:
    one, again = (json.dumps(agree_tables(*people), allow_nan=False) for _ in range(2))
    assert one == again


def test_two_roles_of_a_session_are_one_session_in_the_interval(tmp_path: Path) -> None:
    def both(path: Path, coder: str, sessions: dict[str, list[tuple[str, float, float]]]) -> Path:
        made = table(path, coder, "human", sessions)
        made.write_text(made.read_text() + made.read_text().split("\n", 1)[1].replace("infant", "caregiver"))
        return made

    content = agree_tables(both(tmp_path / "a.csv", "AB", FIRST), both(tmp_path / "b.csv", "CD", SECOND))
    pooled = content["pooled"]["by_scheme"]["affect3"]
    assert (pooled["n_sessions"], pooled["n_pairs"], pooled["interval"]["n_sessions"]) == (2, 4, 2)


@pytest.fixture
def one_table(people: tuple[Path, Path], tmp_path: Path) -> Path:
    third = table(tmp_path / "c.csv", "EF", "human", FIRST)
    both = tmp_path / "both.csv"
    both.write_text(HEAD + "".join(path.read_text().removeprefix(HEAD) for path in (*people, third)))
    return both


def screen(*words: object, width: int = 100) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "stillface", "agreement", *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"COLUMNS": str(width)},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_two_coders_of_one_table_are_those_of_two_tables(people: tuple[Path, Path], one_table: Path) -> None:
    apart = agree_tables(*people)
    together = agree_tables(one_table, None, ("AB", "CD"))
    for part in ("pooled", "sessions", "unpaired", "validity"):
        assert together[part] == apart[part]
    assert apart["left_out"] == []
    assert together["left_out"] == [{"table": "both.csv", "coder_id": "EF", "n_streams": 2}]
    turned = agree_tables(one_table, None, ("CD", "AB"))
    assert turned["sessions"][0]["coders"] == ["CD", "AB"]


def test_one_table_needs_two_coders_and_says_whom_it_has(one_table: Path) -> None:
    for coders in ((), ("AB",), ("AB", "AB"), ("AB", "CD", "EF")):
        with pytest.raises(UsageError, match=r"--coder twice, of AB, CD, EF"):
            agree_tables(one_table, None, coders)


def test_an_unknown_coder_is_refused_with_those_there_are(people: tuple[Path, Path], one_table: Path) -> None:
    code, out, told = screen(one_table, "--coder", "AB", "--coder", "XX")
    assert (code, out, told.count("\n")) == (3, "", 1)
    assert "no such coder: got XX, expected one of AB, CD, EF" in told
    with pytest.raises(InputError, match=r"a.csv and b.csv: no such coder: got EF, expected one of AB, CD"):
        agree_tables(*people, ("EF",))


def test_a_coder_that_the_choice_drops_is_named(people: tuple[Path, Path], one_table: Path) -> None:
    code, out, told = screen(*people, "--coder", "AB")
    assert (code, out) == (0, "")
    assert "left out by --coder: CD, 2 streams of b.csv" in told
    assert "not compared: s1/infant/affect3 of a.csv: --coder left out CD on the other side" in told
    code, out, told = screen(one_table, "--coder", "AB", "--coder", "CD", "--json")
    assert code == 0
    assert json.loads(out)["left_out"]
    assert told == "left out by --coder: EF, 2 streams of both.csv\n"


@pytest.mark.parametrize("width", [80, 100])
def test_the_screen_keeps_every_heading_whole_and_says_why_programs_differ(
    people: tuple[Path, Path], width: int
) -> None:
    code, out, _ = screen(*people, width=width)
    assert code == 0
    assert max(len(line.rstrip()) for line in out.splitlines()) <= width
    assert "…" not in out
    heads = [line.split() for line in out.splitlines()]
    assert ["session", "role", "scheme", "coders", "kappa", "agreement", "kappa", "PABAK", "seconds"] in heads
    assert ["code", "kappa", "on", "presence", "on", "absence", "coder", "coder"] in heads
    content = agree_tables(*people)
    one = content["sessions"][0]
    numbers = (one["kappa"], one["agreement"], one["events"]["kappa"], one["coefficients"]["pabak"])
    line = next(line for line in out.splitlines() if line.startswith("s1 "))
    assert line.split()[-5:] == [*(f"{number:.3f}" for number in numbers), "35.0"]
    for code_id, row in content["pooled"]["by_scheme"]["affect3"]["codes"].items():
        assert re.search(rf"^{code_id} +{row['kappa']:.3f} ", out, re.MULTILINE)
    for program in ("BORIS", "GSEQ", "ELAN"):
        assert re.search(rf"^{program} ", out, re.MULTILINE)
    assert "Every stretch between two" in out


def test_an_undefined_kappa_has_its_reason_on_the_screen(tmp_path: Path) -> None:
    same = {"s1": [("neu", 0.0, 10.0)]}
    pair = table(tmp_path / "a.csv", "AB", "human", same), table(tmp_path / "b.csv", "CD", "human", same)
    code, out, _ = screen(*pair)
    assert code == 0
    assert "s1 infant affect3 AB CD: kappa is undefined, " in out
    assert "Undefined here: " in " ".join(out.split())
