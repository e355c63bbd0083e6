"""Tables of one recording: ``beats.csv``, ``epochs.csv`` and the method that made them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from stillface.domain.autonomic import HeartEpoch
from stillface.domain.clock import ns_to_s
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.provenance import Json
from stillface.io.durable import write_atomic
from stillface.io.tables import write_table

__all__ = ["BEAT_COLUMNS", "EPOCH_COLUMNS", "write_beats_csv", "write_epochs_csv", "write_method_json"]

BEAT_COLUMNS = ("time_s", "flag")
EPOCH_COLUMNS = (
    "onset_s",
    "offset_s",
    "hr_bpm",
    "ibi_ms",
    "rmssd_ms",
    "rsa_ln_ms2",
    "edited_share",
    "status",
)


def write_beats_csv(path: Path, beats: BeatSeries, *, origin_ns: int = 0) -> None:
    """Write every detected beat with its flag.

    Parameters
    ----------
    path : Path
    beats : BeatSeries
    origin_ns : int
        Session time that counts as 0: the first sample.
    """
    rows = (
        (ns_to_s(time - origin_ns), BEAT_FLAGS[flag])
        for time, flag in zip(beats.times_ns.tolist(), beats.flags.tolist(), strict=True)
    )
    write_table(path, BEAT_COLUMNS, rows)


def write_epochs_csv(path: Path, epochs: Iterable[HeartEpoch], *, origin_ns: int = 0) -> None:
    """Write one row a window; a value that is not defined is an empty cell, its reason in ``status``."""
    rows = (
        (
            ns_to_s(epoch.onset_ns - origin_ns),
            ns_to_s(epoch.offset_ns - origin_ns),
            epoch.hr_bpm,
            epoch.ibi_ms,
            epoch.rmssd_ms,
            epoch.rsa_ln_ms2,
            epoch.edited_share,
            str(epoch.status),
        )
        for epoch in epochs
    )
    write_table(path, EPOCH_COLUMNS, rows)


def write_method_json(path: Path, method: Mapping[str, Json]) -> None:
    """Write what must stand beside the numbers: source, parameters, gain of the RSA filter."""
    text = json.dumps(method, indent=1, sort_keys=True, allow_nan=False)
    write_atomic(path, (text + "\n").encode())
