"""Which coding is analysed: the preferred kind, the coder who was named, and never a silent choice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from stillface.errors import InputError
from stillface.pipeline.choose import choose


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
