"""``stillface agreement A.csv B.csv``: figures of pairs, machine against person, refusal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stillface.errors import InputError
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
