"""Two schemes that a lab wrote itself, one of moments and one of ratings, and studies that use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from stillface.io.bundle import StudyFolder, open_study

_HEAD = """\
scheme:
  id: {id}
  version: "1.0"
  title: {title}
  type: {type}
  exclusive: {exclusive}
  exhaustive: false
  min_dur_ms: 0
  roles: [infant]
  status: lab
  source: a lab's own
  licence: BSD-3-Clause
  codes:
"""
BIDS = _HEAD.format(id="bids", title="Bids", type="point", exclusive="false") + (
    '    bid: {label: Bid, key: b, colour: "#0072B2"}\n    touch: {label: Touch, key: t, colour: "#E69F00"}\n'
)
DISTRESS = _HEAD.format(id="distress", title="Distress in the episode", type="rating", exclusive="true") + (
    '    none: {label: none, value: 1, key: "1", colour: "#0072B2"}\n'
    '    some: {label: some, value: 2, key: "2", colour: "#E69F00"}\n'
    '    much: {label: much, value: 3, key: "3", colour: "#009E73"}\n'
)
_TEXTS = {"bids": BIDS, "distress": DISTRESS}


def use_schemes(study: StudyFolder, **schemes: tuple[str, ...]) -> StudyFolder:
    """Let a study code other schemes, by role, and give it opened anew; the lab's own are written."""
    folder = study.root / "schemes"
    folder.mkdir(exist_ok=True)
    for name in {name for ids in schemes.values() for name in ids} & set(_TEXTS):
        (folder / f"{name}.yaml").write_text(_TEXTS[name], encoding="utf-8")
    wanted: Mapping[str, tuple[str, ...]] = schemes
    study.update_study(lambda now: replace(now, schemes=wanted))
    return open_study(study.root)
