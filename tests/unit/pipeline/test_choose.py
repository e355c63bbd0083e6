"""Which coding is analysed: the preferred kind, the coder who was named, and never a silent choice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from stillface.errors import InputError
from stillface.pipeline.choose import choose, settle


@dataclass(frozen=True)
class Coding:
    role: str
    coder_id: str


def chosen(*codings: tuple[str, str, str], coders: tuple[str, ...] = ()) -> dict[str, str]:
    """Choose among ``(role, coder, kind)`` of one scheme; give the coder by role."""
    found = [(Coding(role, coder), "icep", kind) for role, coder, kind in codings]
    picked = choose(found, where="table, session s1", coders=coders)
    return {role: coding.coder_id for (role, _), coding in picked.items()}


INFANT_TWICE = (("infant", "AB", "human"), ("infant", "CD", "human"), ("caregiver", "AB", "human"))


def test_two_people_and_none_named_is_refused() -> None:
    with pytest.raises(InputError, match="several codings"):
        chosen(*INFANT_TWICE)


def test_naming_a_coder_settles_what_is_open_and_keeps_what_is_not() -> None:
    assert chosen(*INFANT_TWICE, coders=("CD",)) == {"infant": "CD", "caregiver": "AB"}


def test_of_several_named_the_first_counts() -> None:
    assert chosen(*INFANT_TWICE, coders=("CD", "AB")) == {"infant": "CD", "caregiver": "AB"}
    assert chosen(*INFANT_TWICE, coders=("AB", "CD")) == {"infant": "AB", "caregiver": "AB"}


def test_a_person_s_own_coding_goes_before_the_same_person_s_review() -> None:
    both = (("infant", "AB", "auto_reviewed"), ("infant", "AB", "human"))
    assert chosen(*both, coders=("AB",)) == {"infant": "AB"}
    assert chosen(*both) == {"infant": "AB"}


def test_consensus_goes_before_single_coders() -> None:
    assert chosen(*INFANT_TWICE, ("infant", "AB+CD", "consensus"))["infant"] == "AB+CD"


def test_a_machine_is_analysed_only_when_named() -> None:
    machine = ("infant", "affect@1.0", "auto")
    with pytest.raises(InputError, match="machine proposals"):
        chosen(machine)
    assert chosen(machine, coders=("affect@1.0",)) == {"infant": "affect@1.0"}
    assert chosen(machine, ("caregiver", "AB", "human"), coders=("AB",)) == {"caregiver": "AB"}


FIRSTS = {("infant", "icep"): [("the master", ("EX",)), ("pass 1", ("CD",))]}


def of_study(
    *codings: tuple[str, str, str], coders: tuple[str, ...] = ()
) -> tuple[dict[str, str], list[str]]:
    """Settle among ``(role, coder, kind)`` of a study; give ``coder: why`` by role, and what stays open."""
    found = [(Coding(role, coder), "icep", kind) for role, coder, kind in codings]
    settled = settle(found, where="session s1", coders=coders, firsts=FIRSTS)
    words = {
        role: f"{coding.coder_id}: {settled.why.get((role, scheme), '')}"
        for (role, scheme), coding in settled.chosen.items()
    }
    return words, [str(error) for error in settled.open.values()]


def test_in_a_study_the_first_pass_counts_after_consensus_and_names_and_the_master_before_it() -> None:
    assert of_study(*INFANT_TWICE) == ({"infant": "CD: pass 1", "caregiver": "AB: "}, [])
    assert of_study(*INFANT_TWICE, ("infant", "EX", "human"))[0]["infant"] == "EX: the master"
    assert of_study(*INFANT_TWICE, coders=("AB",))[0]["infant"] == "AB: named with --coder"
    assert of_study(*INFANT_TWICE, ("infant", "EF", "consensus"))[0]["infant"] == "EF: "
    # Whoever was named did not code this stream: what else counts, counts.
    assert of_study(*INFANT_TWICE, coders=("ZZ",))[0]["infant"] == "CD: pass 1"


def test_what_cannot_be_settled_is_left_open_and_the_rest_goes_on() -> None:
    chosen_, (line,) = of_study(
        ("infant", "AB", "human"), ("infant", "GH", "human"), ("caregiver", "AB", "human")
    )
    assert chosen_ == {"caregiver": "AB: "}
    assert "got human:AB, human:GH, expected one by EX (the master), or by CD (pass 1)" in line
    assert "pass 1 in the table of assignments, or name one with --coder" in line
    assert "study.yaml" not in line
