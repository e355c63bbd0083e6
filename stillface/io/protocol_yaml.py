"""Read a protocol file: the episodes of a paradigm and what is compared with what.

The format is described in docs/reference/protocols-and-schemes.md and, for editors, in
protocols/json-schemas/protocol.schema.json.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from stillface.domain.protocol import (
    BOUNDARY_SOURCES,
    EPISODE_KINDS,
    RECOVERY_TARGETS,
    BodyEvents,
    Contrast,
    EpisodeSpec,
    Moment,
    Protocol,
    Recovery,
    Role,
    StopRule,
)
from stillface.io.shipped import ids_in, load_named, read_id, shipped_dir
from stillface.io.strict_yaml import Node

__all__ = ["load_protocol", "protocol_from_node", "shipped_protocol_ids"]

# SPEC 1.2; the domain refuses others too, but without the line.
_STOP_ACTIONS = ("end_episode", "end_session", "shorten")
_ANY_ROLE = "any"


def shipped_protocol_ids() -> tuple[str, ...]:
    """Give the ids of the protocols that ship, sorted."""
    return ids_in(shipped_dir("protocols"))


def load_protocol(name: str | Path, search: Path | None = None) -> Protocol:
    """Give a protocol by its id, or read the file at a path; see `load_named`."""
    return protocol_from_node(load_named("protocols", name, search))


def protocol_from_node(root: Node) -> Protocol:
    """Make a protocol of the top of a file."""
    top = root.fields(
        required=("protocol", "roles", "pairs", "episodes"),
        optional=(
            "boundary_source",
            "stop_rules",
            "contrasts",
            "recovery",
            "moments",
            "physio",
            "caveats",
        ),
    )
    head = top["protocol"].fields(required=("id", "version", "title"), optional=("citation", "population"))
    roles = tuple(_role(node) for node in top["roles"].items())
    role_ids = tuple(role.id for role in roles)
    if not top["episodes"].items():
        raise top["episodes"].error("no episodes", expected="at least one")
    # Ids first: an episode may refer to a later one, and contrasts refer to any.
    episode_ids = tuple(
        read_id(node.entries()["id"]) for node in top["episodes"].items() if "id" in node.entries()
    )
    body = _body(top)
    return top["protocol"].build(
        Protocol,
        id=read_id(head["id"]),
        version=head["version"].text(),
        title=head["title"].text(),
        citation=_text(head, "citation"),
        population=_text(head, "population"),
        roles=roles,
        pairs=tuple(_pair(node, role_ids) for node in top["pairs"].items()),
        episodes=tuple(_episode(node, role_ids, episode_ids) for node in top["episodes"].items()),
        boundary_source=top["boundary_source"].choice(BOUNDARY_SOURCES)
        if "boundary_source" in top
        else "manual",
        stop_rules=tuple(_stop_rule(node) for node in _items(top, "stop_rules")),
        contrasts=tuple(_contrast(node, episode_ids) for node in _items(top, "contrasts")),
        recovery=tuple(_recovery(node, episode_ids) for node in _items(top, "recovery")),
        moments=tuple(_moment(node, role_ids) for node in _items(top, "moments")),
        physio_baseline=_baseline(body["baseline"], episode_ids) if body else (),
        physio_epoch_s=_positive(body["epochs_s"]) if "epochs_s" in body else Protocol.physio_epoch_s,
        suppressor_below=_number(body, "suppressor_below", Protocol.suppressor_below),
        body_events=_body_events(body["events"]) if "events" in body else BodyEvents(),
        caveats=top["caveats"].texts() if "caveats" in top else (),
    )


def _items(fields: dict[str, Node], key: str) -> tuple[Node, ...]:
    return fields[key].items() if key in fields else ()


def _text(fields: dict[str, Node], key: str) -> str:
    return fields[key].text() if key in fields else ""


def _flag(fields: dict[str, Node], key: str, default: bool) -> bool:
    return fields[key].boolean() if key in fields else default


def _number(fields: dict[str, Node], key: str, default: float) -> float:
    return fields[key].number() if key in fields else default


def _role(node: Node) -> Role:
    fields = node.fields(required=("id",), optional=("label", "focal"))
    return node.build(
        Role, read_id(fields["id"]), label=_text(fields, "label"), focal=_flag(fields, "focal", False)
    )


def _two(node: Node, allowed: Collection[str]) -> tuple[str, str]:
    first, second = _two_nodes(node)
    return first.choice(allowed), second.choice(allowed)


def _two_nodes(node: Node) -> tuple[Node, Node]:
    items = node.items()
    if len(items) != 2:
        raise node.error("not two values", expected="two values, [a, b]")
    return items[0], items[1]


def _pair(node: Node, role_ids: Collection[str]) -> tuple[str, str]:
    first, second = _two(node, role_ids)
    if first == second:
        raise node.error("a role paired with itself", got=first, expected="two different roles")
    return first, second


def _episode(node: Node, role_ids: Collection[str], episode_ids: Collection[str]) -> EpisodeSpec:
    fields = node.fields(
        required=("id", "kind", "nominal_s"),
        optional=(
            "tolerance_s",
            "optional",
            "analyse",
            "dyadic",
            "expected",
            "fidelity_scheme",
            "follows",
            "segments",
        ),
    )
    kind = fields["kind"].choice(EPISODE_KINDS)
    expected = fields["expected"].entries() if "expected" in fields else {}
    for role, state in expected.items():
        if role not in role_ids:
            raise state.error(
                "not a role of this protocol", got=role, expected=f"one of {', '.join(role_ids)}"
            )
    segments = fields["segments"].fields(required=("every_s",)) if "segments" in fields else {}
    return node.build(
        EpisodeSpec,
        read_id(fields["id"]),
        kind,
        nominal_s=None if fields["nominal_s"].is_null else _positive(fields["nominal_s"]),
        tolerance_s=_number(fields, "tolerance_s", EpisodeSpec.tolerance_s),
        optional=_flag(fields, "optional", False),
        analyse=_flag(fields, "analyse", kind != "transition"),
        # Where one state is imposed, a match would measure the instruction (SPEC 3.2).
        dyadic=_flag(fields, "dyadic", kind in ("interaction", "reunion")),
        expected={role: state.text() for role, state in expected.items()},
        fidelity_scheme=read_id(fields["fidelity_scheme"]) if "fidelity_scheme" in fields else None,
        follows=fields["follows"].choice(episode_ids) if "follows" in fields else None,
        segments_every_s=_positive(segments["every_s"]) if segments else None,
    )


def _positive(node: Node) -> float:
    value = node.number()
    if value <= 0:
        raise node.error("not a positive number of seconds", expected="more than 0, or null for untimed")
    return value


def _stop_rule(node: Node) -> StopRule:
    fields = node.fields(
        required=("codes", "continuous_s", "action"), optional=("intensity", "tolerance_gap_s", "also")
    )
    return node.build(
        StopRule,
        codes=fields["codes"].texts(),
        continuous_s=_positive(fields["continuous_s"]),
        tolerance_gap_s=_number(fields, "tolerance_gap_s", StopRule.tolerance_gap_s),
        intensity=_text(fields, "intensity") or None,
        action=fields["action"].choice(_STOP_ACTIONS),
        also=fields["also"].texts() if "also" in fields else (),
    )


def _contrast(node: Node, episode_ids: Collection[str]) -> Contrast:
    fields = node.fields(required=("id", "minus"))
    return Contrast(read_id(fields["id"]), _two(fields["minus"], episode_ids))


def _recovery(node: Node, episode_ids: Collection[str]) -> Recovery:
    fields = node.fields(
        required=("episode", "reference"),
        optional=("targets", "sustain_s", "at_risk", "at_risk_window_s", "gap_policy"),
    )
    return node.build(
        Recovery,
        fields["episode"].choice(episode_ids),
        fields["reference"].choice(episode_ids),
        **({"targets": fields["targets"].texts()} if "targets" in fields else {}),
        **{key: fields[key].number() for key in ("sustain_s", "at_risk_window_s") if key in fields},
        **{key: fields[key].text() for key in ("at_risk", "gap_policy") if key in fields},
    )


def _moment(node: Node, role_ids: Collection[str]) -> Moment:
    fields = node.fields(required=("id", "from", "window_s", "recovery"))
    source = fields["from"].fields(required=("scheme", "role"))
    goal = fields["recovery"].fields(required=("target", "sustain_s"))
    before, after = _two_nodes(fields["window_s"])
    window = (before.number(), after.number())
    if window[0] >= window[1]:
        raise fields["window_s"].error(
            "the window ends before it begins", got=list(window), expected="[-30, 120]"
        )
    return Moment(
        id=read_id(fields["id"]),
        scheme=read_id(source["scheme"]),
        role=source["role"].choice((*role_ids, _ANY_ROLE)),
        window_s=window,
        target=goal["target"].choice(RECOVERY_TARGETS),
        sustain_s=_positive(goal["sustain_s"]),
    )


def _body(top: dict[str, Node]) -> dict[str, Node]:
    if "physio" not in top:
        return {}
    return top["physio"].fields(required=("baseline",), optional=("epochs_s", "suppressor_below", "events"))


def _baseline(named: Node, episode_ids: Collection[str]) -> tuple[str, ...]:
    # One episode, or several in order of preference: baseline, else play.
    items = (named,) if isinstance(named.value, str) else named.items()
    return tuple(item.choice(episode_ids) for item in items)


def _body_events(node: Node) -> BodyEvents:
    fields = node.fields(optional=("around", "window_s", "aversion_min_s"))
    usual = BodyEvents()
    before_s, after_s = usual.before_s, usual.after_s
    if "window_s" in fields:
        first, last = (part.number() for part in _two_nodes(fields["window_s"]))
        if not first < 0 < last:
            raise fields["window_s"].error("the event is not inside the window", expected="such as [-5, 10]")
        before_s, after_s = -first, last
    return node.build(
        BodyEvents,
        around=fields["around"].texts() if "around" in fields else usual.around,
        before_s=before_s,
        after_s=after_s,
        aversion_min_s=_number(fields, "aversion_min_s", usual.aversion_min_s),
    )
