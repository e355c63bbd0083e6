"""``stillface measure``: codes of any tool in, measures out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.console import people, say_warnings, write_json

__all__ = ["measure"]


def measure(
    codes: Annotated[Path, typer.Option(help="Codes table (CSV, TSV or Parquet).")],
    episodes: Annotated[Path, typer.Option(help="Episodes table.")],
    protocol: Annotated[str, typer.Option(help="Protocol id or file.")],
    out: Annotated[Path, typer.Option(help="Folder for the results; made if it is not there.")],
    rule: Annotated[
        list[str] | None, typer.Option(help="Match rule; may be repeated. Without it: all that fit.")
    ] = None,
    coder: Annotated[
        list[str] | None,
        typer.Option(help="Whose coding to analyse: AB, or auto:affect@1.0; may be repeated."),
    ] = None,
    min_coverage: Annotated[
        float, typer.Option(min=0, max=1, help="Withhold values below this coverage (0 writes all).")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")] = False,
) -> None:
    """Measure coded tables: occupancy, latency, match-mismatch-repair, recovery, contrasts."""
    from stillface.pipeline.measure_tables import MeasureRequest, measure_tables

    request = MeasureRequest(codes, episodes, protocol, tuple(rule or ()), tuple(coder or ()), min_coverage)
    summary = measure_tables(request, out)
    say_warnings(summary.warnings)
    if as_json:
        write_json(
            {
                "sessions": summary.n_sessions,
                "rows": summary.n_rows,
                "files": [str(file) for file in summary.files],
                "warnings": list(summary.warnings),
            }
        )
    else:
        people.print(f"{summary.n_sessions} sessions, {summary.n_rows} rows:")
        for file in summary.files:
            people.print(f"  {file}", markup=False)
