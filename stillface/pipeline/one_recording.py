"""One physiological recording without a study: beats and windows as tables."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from stillface.domain.events import BEAT_FLAGS
from stillface.domain.recording import SignalRecording
from stillface.errors import InputError, UsageError
from stillface.io.physio_tables import write_beats_csv, write_epochs_csv, write_method_json
from stillface.io.safe_paths import refuse_overwriting
from stillface.physio.analyse import analyse_recording, method_json
from stillface.pipeline.readers import reader_for

__all__ = ["RecordingRequest", "RecordingSummary", "analyse_file"]


@dataclass(frozen=True)
class RecordingRequest:
    """Which channel of which file, as the command line has it."""

    file: Path
    signal: str
    role: str
    rate_hz: str | None
    column: str
    time_column: str | None
    preset: str | None


@dataclass(frozen=True)
class RecordingSummary:
    """What was found, and the files made."""

    n_beats: int
    n_ok: int
    n_windows: int
    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def analyse_file(request: RecordingRequest, out: Path) -> RecordingSummary:
    """Write ``beats.csv``, ``epochs.csv`` and ``method.json`` (parameters, the filter's gain).

    Raises
    ------
    UsageError
        A signal without beats, or a rate that is no number.
    InputError
        The file or channel cannot be used (file:line).
    """
    if request.signal != "ecg":
        raise UsageError("no heart beats in this kind of signal", got=request.signal, expected="ecg")
    recording = SignalRecording(
        "recording",
        request.file.name,
        request.signal,
        request.role,
        request.column,
        request.time_column,
        None if request.rate_hz is None else _rate(request.rate_hz),
    )
    if not request.file.is_file():
        raise InputError("no such file", where=str(request.file), fix="check the name")
    files = tuple(out / name for name in ("beats.csv", "epochs.csv", "method.json"))
    refuse_overwriting((request.file,), files)
    signal = reader_for(request.file).read(request.file, recording)
    found = analyse_recording(signal, preset=request.preset)
    out.mkdir(parents=True, exist_ok=True)
    origin_ns = signal.span_ns[0]
    write_beats_csv(files[0], found.beats, origin_ns=origin_ns)
    write_epochs_csv(files[1], found.epochs, origin_ns=origin_ns)
    write_method_json(files[2], method_json(found.beats, found.missing, found.params))
    n_ok = int(np.sum(found.beats.flags == BEAT_FLAGS.index("ok")))
    return RecordingSummary(
        found.beats.times_ns.size, n_ok, len(found.epochs), files, (*signal.notes, *found.warnings)
    )


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError("not a sampling rate", where="--rate-hz", got=text, expected="like 250") from error
    if rate <= 0:
        raise UsageError("not a sampling rate", where="--rate-hz", got=text, expected="above 0")
    return rate
