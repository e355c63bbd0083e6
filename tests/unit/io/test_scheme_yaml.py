"""Scheme and rule files: the fixed codes, the match rules, and what is refused at which line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from stillface.domain.scheme import MATCH, MISMATCH, SHARED_NEGATIVE, UNDEFINED
from stillface.errors import InputError
from stillface.io.scheme_yaml import (
    load_rule,
    load_scheme,
    shipped_rule_ids,
    shipped_scheme_ids,
)
from stillface.io.strict_yaml import load

FIXED_CODES = {
    "icep_infant": "i_pro i_wit i_obj i_soc i_pos i_slp i_usc",
    "icep_caregiver": "c_wit c_int c_hos c_non c_neu c_pvc c_pos c_usc",
    "affect3": "neg neu pos usc",
    "gaze": "partner object away closed usc",
    "sf_breach": "none smile speak touch gaze_off expression_other usc",
}
MINIMAL = """\
scheme:
  id: mine
  version: "2.1"
  type: state
  codes:
    down: {label: Down, valence: -1, key: a, colour: "#0072B2"}
    up: {label: Up, valence: 1, key: s, colour: "#E69F00"}
    lost: {label: Lost, gap: true, key: x}
"""
RULE = """\
rule:
  id: mine
  version: "1.0"
  kind: pairs
  schemes: [[mine, mine]]
  pairs: [[up, up]]
"""

Write = Callable[[str], Path]


@pytest.mark.parametrize("name", shipped_scheme_ids())
def test_shipped_scheme_reads_and_fits_its_json_schema(name: str, repo: Path) -> None:
    schema = json.loads((repo / "protocols/json-schemas/scheme.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(load(repo / f"protocols/schemes/{name}.yaml").plain(), schema)
    scheme = load_scheme(name)
    assert (scheme.id, scheme.status, scheme.min_dur_ms) == (name, "template", 0)
    assert scheme.source
    assert scheme.licence
    assert all(code.label and code.definition for code in scheme.codes)
    colours = [code.colour for code in scheme.codes]
    keys = [code.key for code in scheme.codes]
    assert None not in colours + keys
    assert len(set(colours)) == len(colours), "two codes of one colour cannot be told apart"
    assert len(set(keys)) == len(keys)
    assert not any(code.gap and code.valence is not None for code in scheme.codes)
    assert scheme.type == "point" or scheme.gap_mask.sum() == 1, "a coder must be able to say: cannot see"


@pytest.mark.parametrize("name", FIXED_CODES)
def test_codes_others_build_on_are_fixed(name: str) -> None:
    assert load_scheme(name).code_ids == tuple(FIXED_CODES[name].split())


def test_valence_of_the_engagement_phases() -> None:
    infant = {code.id: code.valence for code in load_scheme("icep_infant").codes}
    caregiver = {code.id: code.valence for code in load_scheme("icep_caregiver").codes}
    assert infant == {
        "i_pro": -1, "i_wit": -1, "i_obj": 0, "i_soc": 0, "i_pos": 1, "i_slp": None, "i_usc": None,
    }  # fmt: skip
    assert caregiver == {
        "c_wit": -1, "c_int": -1, "c_hos": -1, "c_non": 0, "c_neu": 0, "c_pvc": 1, "c_pos": 1, "c_usc": None,
    }  # fmt: skip


def test_sleep_is_scorable_alone_and_a_gap_in_dyads() -> None:
    scheme = load_scheme("icep_infant")
    asleep = scheme.index("i_slp")
    assert not scheme.gap_mask[asleep]
    assert scheme.dyad_gap_mask[asleep]


def test_ordinal_levels_are_ranked_as_published() -> None:
    ranks = {
        name: [code.value for code in load_scheme(name).codes if not code.gap]
        for name in shipped_scheme_ids()
        if load_scheme(name).type == "ordinal"
    }
    assert ranks == {
        "beebe_infant_face": [1, 2, 3, 4, 5],
        "beebe_gaze": [0, 1],
        "beebe_infant_vocal": [1, 2, 3, 4, 5, 6],
        "beebe_infant_head": [1, 2, 3, 4, 5, 6],
        "beebe_infant_touch": [1, 2, 3],
        "beebe_caregiver_face": [40, 45, 50, 60, 67, 70, 80, 85, 90],
        "beebe_caregiver_space": [1, 2, 3],
        "alliance_rupture_rating": [1, 2, 3, 4, 5],
        "alliance_repair_rating": [1, 2, 3, 4, 5],
    }


@pytest.mark.parametrize("name", shipped_rule_ids())
def test_shipped_rule_reads_and_fits_its_json_schema(name: str, repo: Path) -> None:
    schema = json.loads((repo / "protocols/json-schemas/rule.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(load(repo / f"protocols/rules/{name}.yaml").plain(), schema)
    rule = load_rule(name)
    assert rule.id == name
    assert rule.source
    for first, second in rule.schemes:
        focal, other = load_scheme(first), load_scheme(second)
        for a, b in (*rule.pairs, *rule.shared_negative):
            focal.index(a)
            other.index(b)


def _states(rule: str, first: str, second: str) -> dict[tuple[str, str], int]:
    a, b = load_scheme(first), load_scheme(second)
    table = load_rule(rule).table(a, b)
    return {
        (a.code_ids[i], b.code_ids[j]): int(table[i, j])
        for i, j in itertools.product(range(len(a.codes)), range(len(b.codes)))
    }


def test_identity_rule_pair_by_pair() -> None:
    states = _states("icep_identity", "icep_infant", "icep_caregiver")
    match = {("i_pos", "c_pos"), ("i_soc", "c_neu"), ("i_soc", "c_pvc"), ("i_obj", "c_non")}
    negative = set(itertools.product(("i_pro", "i_wit"), ("c_wit", "c_int", "c_hos")))
    assert {pair for pair, state in states.items() if state == MATCH} == match
    assert {pair for pair, state in states.items() if state == SHARED_NEGATIVE} == negative
    assert {pair for pair, state in states.items() if state == UNDEFINED} == {
        pair for pair in states if pair[0] in ("i_slp", "i_usc") or pair[1] == "c_usc"
    }


def test_identity_without_object_differs_in_one_pair() -> None:
    full = _states("icep_identity", "icep_infant", "icep_caregiver")
    social = _states("icep_identity_no_object", "icep_infant", "icep_caregiver")
    assert {pair for pair in full if full[pair] != social[pair]} == {("i_obj", "c_non")}
    assert social["i_obj", "c_non"] == MISMATCH


def test_valence_rules_hold_for_any_two_schemes_with_valence() -> None:
    same = _states("valence3", "icep_infant", "affect3")
    assert (same["i_pro", "neg"], same["i_obj", "neu"], same["i_pos", "pos"]) == (MATCH, MATCH, MATCH)
    assert same["i_pos", "neu"] == MISMATCH
    assert same["i_slp", "neu"] == UNDEFINED
    positive = _states("positive_only", "affect3", "affect3")
    assert {pair for pair, state in positive.items() if state == MATCH} == {("pos", "pos")}
    assert (positive["neg", "neg"], positive["neu", "neu"]) == (MISMATCH, MISMATCH)
    assert load_rule("valence3").applies_to(load_scheme("icep_infant"), load_scheme("affect3"))
    assert not load_rule("valence3").applies_to(load_scheme("gaze"), load_scheme("affect3"))


def test_mutual_gaze_is_both_at_the_partner() -> None:
    states = _states("mutual_gaze", "gaze", "gaze")
    assert {pair for pair, state in states.items() if state == MATCH} == {("partner", "partner")}
    assert states["object", "object"] == MISMATCH
    assert states["closed", "partner"] == MISMATCH
    assert states["usc", "partner"] == UNDEFINED


def test_the_rules_the_specification_names_ship() -> None:
    assert shipped_rule_ids() == (
        "icep_identity", "icep_identity_no_object", "mutual_gaze", "positive_only", "same_target",
        "valence3",
    )  # fmt: skip


def test_a_labs_own_files_win(tmp_path: Path) -> None:
    for kind, name, text in (("schemes", "gaze", MINIMAL), ("rules", "valence3", RULE)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"{name}.yaml").write_text(
            text.replace("id: mine", f"id: {name}"), encoding="utf-8"
        )
    assert load_scheme("gaze", tmp_path).ref == "gaze@2.1"
    assert load_scheme("gaze", tmp_path).status == "lab"
    assert load_scheme("affect3", tmp_path) == load_scheme("affect3")
    assert load_rule("valence3", tmp_path).kind == "pairs"
    assert load_rule("valence3").kind == "valence"


@pytest.mark.parametrize(
    ("old", "new", "line", "needle"),
    [
        ("type: state", "type: states", 4, "did you mean state?"),
        ("type: state", "type: ordinal", 6, "a level without its rank"),
        ('version: "2.1"', "version: 2.1", 3, 'quote it: "2.1"'),
        ('version: "2.1"', 'version: "2.1"\n  min_dur: 5', 4, "did you mean min_dur_ms?"),
        ('version: "2.1"', 'version: "2.1"\n  min_dur_ms: 0.5', 4, "not a whole number"),
        ('version: "2.1"', 'version: "2.1"\n  min_dur_ms: -5', 1, "negative"),
        ('version: "2.1"', 'version: "2.1"\n  default_code: Down', 4, "did you mean down?"),
        ('version: "2.1"', 'version: "2.1"\n  status: found', 4, "expected one of template, lab"),
        ("valence: -1", "valence: 2", 6, "expected one of -1, 0, 1"),
        ("valence: -1", 'valence: "-1"', 6, "not a whole number"),
        ("valence: -1", "valance: -1", 6, "did you mean valence?"),
        ('"#0072B2"', '"blue"', 6, "not a colour"),
        ('"#0072B2"', "#0072B2", 7, "not valid YAML"),
        ("key: s", "key: y", 7, 'quote it: "y"'),
        ("key: s", "key: space", 7, "not a key"),
        ("key: s", "key: a", 1, "named twice"),
        ("    up:", "    down:", 7, "the same key twice"),
        ("    up:", "    no:", 7, 'quote it: "no"'),
        ("label: Up, ", "", 7, "expected label"),
    ],
)
def test_slip_in_a_scheme_is_refused_at_its_line(
    write: Write, old: str, new: str, line: int, needle: str
) -> None:
    assert old in MINIMAL
    path = write(MINIMAL.replace(old, new))
    with pytest.raises(InputError) as refused:
        load_scheme(path)
    assert str(refused.value).startswith(f"{path}:{line}: "), str(refused.value)
    assert needle in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "needle"),
    [
        ("kind: pairs", "kind: pair", 4, "did you mean pairs?"),
        ("kind: pairs", "kind: valence", 6, "unknown key"),
        ("  kind: pairs\n", "", 1, "expected kind"),
        ("[[up, up]]", "[[up]]", 6, "not a pair"),
        ("[[up, up]]", "[[up, up], [up, up]]", 1, "named twice"),
        ("[[up, up]]", "[]", 1, "no pairs"),
        ("  schemes: [[mine, mine]]\n", "", 1, "expected schemes"),
    ],
)
def test_slip_in_a_rule_is_refused_at_its_line(
    write: Write, old: str, new: str, line: int, needle: str
) -> None:
    assert old in RULE
    path = write(RULE.replace(old, new))
    with pytest.raises(InputError) as refused:
        load_rule(path)
    assert str(refused.value).startswith(f"{path}:{line}: "), str(refused.value)
    assert needle in str(refused.value)


@pytest.mark.parametrize("load_one", [load_scheme, load_rule])
def test_unknown_id_names_the_known_ones(load_one: Callable[[str], object]) -> None:
    with pytest.raises(InputError, match=r"of this id: got nothing_like_it, expected one of "):
        load_one("nothing_like_it")
