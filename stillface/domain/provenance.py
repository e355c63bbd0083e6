"""Where a result comes from: inputs, parameters, code and models, folded into one key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from stillface.domain import refuse

__all__ = ["Provenance", "params_hash"]

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def params_hash(params: Mapping[str, Json]) -> str:
    """Give 12 hexadecimal digits that stand for a set of parameters, whatever their order."""
    text = json.dumps(params, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Provenance:
    """The history of one artefact.

    Parameters
    ----------
    step : str
        What made it.
    inputs : mapping of str to str
        Name and content hash or key of everything that went in.
    params : mapping
        Plain JSON values.
    software_version : str
    models : mapping of str to str
        Model name and hash or version.
    """

    step: str
    inputs: Mapping[str, str]
    params: Mapping[str, Json]
    software_version: str
    models: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse.identifier("Provenance", "step", self.step)

    @property
    def key(self) -> str:
        """Content key: equal keys mean equal results, so the cached one can be used."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Give canonical JSON: sorted keys, no blanks, no NaN."""
        content = {
            "step": self.step,
            "inputs": dict(self.inputs),
            "params": dict(self.params),
            "software_version": self.software_version,
            "models": dict(self.models),
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
