"""``stillface physio``: one recording without a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.console import people, say_warnings, write_json

__all__ = ["physio"]


def physio(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, text or EDF file.")],
    out: Annotated[Path, typer.Option(help="Folder for beats.csv, epochs.csv and method.json.")],
    signal: Annotated[str, typer.Option(help="Kind of signal: ecg.")] = "ecg",
    role: Annotated[str, typer.Option(help="Whose body: infant, caregiver ...")] = "infant",
    rate_hz: Annotated[str | None, typer.Option(help="Sampling rate, where the file does not say.")] = None,
    column: Annotated[str, typer.Option(help="Column or channel; 1, 2, ... without a header.")] = "1",
    time_column: Annotated[str | None, typer.Option(help="Column of times in seconds.")] = None,
    preset: Annotated[str | None, typer.Option(help="RSA preset, where the role implies none.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")] = False,
) -> None:
    """Find heart beats and compute heart rate and RSA in windows of 30 s."""
    from stillface.pipeline.one_recording import RecordingRequest, analyse_file

    request = RecordingRequest(file, signal, role, rate_hz, column, time_column, preset)
    summary = analyse_file(request, out)
    say_warnings(summary.warnings)
    if as_json:
        write_json(
            {
                "beats": summary.n_beats,
                "ok": summary.n_ok,
                "windows": summary.n_windows,
                "files": [str(path) for path in summary.files],
            }
        )
        return
    people.print(f"{summary.n_beats} beats ({summary.n_ok} ok), {summary.n_windows} windows:")
    for path in summary.files:
        people.print(f"  {path}", markup=False)
