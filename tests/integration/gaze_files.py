"""Reads the public gaze codes of 22 infants: two people's and a machine's."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import UNCODED, StateTrack

GAZE3 = CodingScheme("lookit", (Code("away"), Code("left"), Code("right")))
MS = 10**6


def human(path: Path, coder: str) -> StateTrack:
    """Read ``time_ms,duration,track``: each line holds until the next, ``end`` until coding goes on."""
    rows = []
    for line in path.read_text().splitlines():
        cells = line.split(",")
        if len(cells) > 2 and cells[0].isdigit() and cells[2] in ("left", "right", "away", "end"):
            rows.append((int(cells[0]), cells[2] != "end", cells[2]))
    rows.sort()
    bouts = [
        (here[0] * MS, after[0] * MS, here[2])
        for here, after in pairwise(rows)
        if here[2] != "end" and after[0] > here[0]
    ]
    onsets, offsets, codes = zip(*bouts, strict=True)
    return StateTrack.from_bouts(GAZE3, "infant", f"human:{coder}", onsets, offsets, codes)


def machine(path: Path) -> StateTrack:
    """Read 30 codes a second with confidence; below 0 is no proposal."""
    with np.load(path) as stored:
        codes, sure = stored["arr_0"], stored["arr_1"]
    edges = np.rint(np.arange(codes.size + 1) * 1e9 / 30).astype(np.int64)
    seen = codes >= 0
    return StateTrack(
        GAZE3, "infant", "auto:icatcher@1", edges, np.where(seen, codes, UNCODED).astype(np.int16),
        np.where(seen, np.clip(sure, 0, 1), 0).astype(np.float32),
    )  # fmt: skip


def infants_coded(shared_data: Path) -> list[tuple[StateTrack, StateTrack, StateTrack]]:
    """Give each infant's codes by the first person, the second person and the machine."""
    folder = shared_data / "codes"
    return [
        (
            human(path, "one"),
            human(folder / "gaze_human2" / path.name, "two"),
            machine(folder / "gaze_auto" / f"{path.stem}.npz"),
        )
        for path in sorted((folder / "gaze_human1").glob("*.txt"))
    ]
