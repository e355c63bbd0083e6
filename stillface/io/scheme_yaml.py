"""Read coding schemes and match rules: what may be coded, and which pairs of codes match.

The formats are described in docs/reference/protocols-and-schemes.md and, for editors, in
protocols/json-schemas/.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, get_args

from stillface.domain.scheme import Code, CodingScheme, MatchRule, SchemeType
from stillface.io.shipped import ids_in, load_named, read_id, shipped_dir
from stillface.io.strict_yaml import Node

__all__ = [
    "load_rule",
    "load_scheme",
    "rule_from_node",
    "scheme_from_node",
    "shipped_rule_ids",
    "shipped_scheme_ids",
]

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_TYPES: dict[str, SchemeType] = {name: name for name in get_args(SchemeType)}
_KINDS: dict[str, Literal["pairs", "valence"]] = {"pairs": "pairs", "valence": "valence"}
_DURATIONS = ("min_match_ms", "min_mismatch_ms", "joint_window_ms")
# 'found' is given by code to schemes made of a table's codes; a file cannot claim it.
_STATUSES = ("template", "lab")


def shipped_scheme_ids() -> tuple[str, ...]:
    """Give the ids of the schemes that ship, sorted."""
    return ids_in(shipped_dir("schemes"))


def shipped_rule_ids() -> tuple[str, ...]:
    """Give the ids of the match rules that ship, sorted."""
    return ids_in(shipped_dir("rules"))


def load_scheme(name: str | Path, search: Path | None = None) -> CodingScheme:
    """Give a scheme by its id, or read the file at a path; see `load_named`."""
    return scheme_from_node(load_named("schemes", name, search))


def load_rule(name: str | Path, search: Path | None = None) -> MatchRule:
    """Give a match rule by its id, or read the file at a path; see `load_named`."""
    return rule_from_node(load_named("rules", name, search))


def scheme_from_node(root: Node) -> CodingScheme:
    """Make a scheme of the top of a file."""
    block = root.fields(required=("scheme",))["scheme"]
    fields = block.fields(
        required=("id", "version", "type", "codes"),
        optional=(
            "title",
            "exclusive",
            "exhaustive",
            "min_dur_ms",
            "default_code",
            "roles",
            "status",
            "source",
            "licence",
        ),
    )
    kind = _TYPES[fields["type"].choice(_TYPES)]
    codes = tuple(
        _code(name, node, ordinal=kind == "ordinal") for name, node in fields["codes"].entries().items()
    )
    return block.build(
        CodingScheme,
        read_id(fields["id"]),
        codes,
        version=fields["version"].text(),
        type=kind,
        roles=fields["roles"].texts() if "roles" in fields else (),
        exclusive=fields["exclusive"].boolean() if "exclusive" in fields else True,
        exhaustive=fields["exhaustive"].boolean() if "exhaustive" in fields else True,
        min_dur_ms=fields["min_dur_ms"].integer() if "min_dur_ms" in fields else 0,
        default_code=fields["default_code"].choice([code.id for code in codes])
        if "default_code" in fields
        else None,
        status=fields["status"].choice(_STATUSES) if "status" in fields else "lab",
        **{key: fields[key].text() for key in ("title", "source", "licence") if key in fields},
    )


def _code(name: str, node: Node, *, ordinal: bool) -> Code:
    fields = node.fields(
        required=("label",),
        optional=("definition", "valence", "key", "colour", "gap", "dyad_gap", "value"),
    )
    gap = fields["gap"].boolean() if "gap" in fields else False
    if ordinal and not gap and "value" not in fields:
        raise node.error("a level without its rank", got=name, expected="value: a number", fix="add value")
    return node.build(
        Code,
        name,
        label=fields["label"].text(),
        definition=fields["definition"].text() if "definition" in fields else "",
        valence=fields["valence"].integer() if "valence" in fields else None,
        key=_key(fields["key"]) if "key" in fields else None,
        colour=_colour(fields["colour"]) if "colour" in fields else None,
        gap=gap,
        dyad_gap=fields["dyad_gap"].boolean() if "dyad_gap" in fields else False,
        value=fields["value"].number() if "value" in fields else None,
    )


def _key(node: Node) -> str:
    key = node.text()
    if len(key) != 1 or not key.isprintable() or key.isspace():
        raise node.error("not a key", expected='one character in quotes, such as "a"')
    return key


def _colour(node: Node) -> str:
    colour = node.text()
    if not _COLOUR.fullmatch(colour):
        raise node.error("not a colour", expected='six hexadecimal digits in quotes, such as "#0072B2"')
    return colour


def rule_from_node(root: Node) -> MatchRule:
    """Make a match rule of the top of a file."""
    block = root.fields(required=("rule",))["rule"]
    kind = _KINDS[_peek(block, "kind").choice(_KINDS)]
    needs, may = (
        (("schemes", "pairs"), ("shared_negative",)) if kind == "pairs" else (("valences",), ("schemes",))
    )
    optional = ("title", "source", *_DURATIONS, *may)
    fields = block.fields(required=("id", "version", "kind", *needs), optional=optional)
    return block.build(
        MatchRule,
        read_id(fields["id"]),
        kind,
        version=fields["version"].text(),
        pairs=_pairs(fields, "pairs"),
        shared_negative=_pairs(fields, "shared_negative"),
        valences=tuple(item.integer() for item in fields["valences"].items()) if "valences" in fields else (),
        schemes=_pairs(fields, "schemes"),
        **{key: fields[key].integer() for key in _DURATIONS if key in fields},
        **{key: fields[key].text() for key in ("title", "source") if key in fields},
    )


def _peek(block: Node, key: str) -> Node:
    entries = block.entries()
    if key not in entries:
        raise block.error("a key is missing", got=", ".join(entries), expected=key)
    return entries[key]


def _pairs(fields: dict[str, Node], key: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for node in fields[key].items() if key in fields else ():
        texts = node.texts()
        if len(texts) != 2:
            raise node.error("not a pair", expected="two values, [focal role's, other role's]")
        pairs.append((texts[0], texts[1]))
    return tuple(pairs)
