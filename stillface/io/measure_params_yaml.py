"""The block ``measures:`` of study.yaml, or of a file of its own: parameters of the families of measures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from stillface.domain.measure_params import FAMILY_PARAMS, USUAL, MeasureParams
from stillface.errors import FieldError
from stillface.io.strict_yaml import Node, Plain, load

__all__ = ["measure_params", "params_plain", "read_measure_params"]


def read_measure_params(path: Path) -> MeasureParams:
    """Read a file that holds the block ``measures:`` as study.yaml would.

    Raises
    ------
    InputError
        At file:line: an unknown family or parameter, a wrong type, a value that cannot be.
    """
    return measure_params(load(path).fields(required=("measures",))["measures"])


def measure_params(node: Node) -> MeasureParams:
    """Make parameters of the block; what it does not name is as usual."""
    families = node.fields(optional=tuple(FAMILY_PARAMS))
    return MeasureParams(**{name: _family(name, block) for name, block in families.items()})


def _family(name: str, block: Node) -> Any:
    usual = asdict(getattr(USUAL, name))
    found = block.fields(optional=tuple(usual))
    values = {key: _value(value, usual[key]) for key, value in found.items()}
    try:
        return FAMILY_PARAMS[name](**values)
    except FieldError as refused:
        # At the line of the value that is refused, not where its block begins.
        place = found.get(str(refused.where).rpartition(".")[2], block)
        return place.build(FAMILY_PARAMS[name], **values)


def _value(node: Node, usual: object) -> bool | int | float:
    if isinstance(usual, bool):
        return node.boolean()
    return node.integer() if isinstance(usual, int) else node.number()


def params_plain(params: MeasureParams) -> dict[str, Plain]:
    """Give what is not as usual, for a file."""
    changed = {name: params.changed(name) for name in FAMILY_PARAMS}
    return {name: {**values} for name, values in changed.items() if values}
