"""``stillface measure``: codes of any tool in, measures out; or a study as it stands, as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.console import people, say_warnings, write_json
from stillface.errors import UsageError

__all__ = ["measure"]


def measure(
    study: Annotated[Path | None, typer.Argument(help="A study's folder, instead of tables.")] = None,
    codes: Annotated[Path | None, typer.Option(help="Codes table (CSV, TSV or Parquet).")] = None,
    episodes: Annotated[Path | None, typer.Option(help="Episodes table.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Protocol id or file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; made if it is not there.")] = None,
    session: Annotated[
        list[str] | None, typer.Option(help="Of a study: only this session; may be repeated.")
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Match rule; may be repeated. Without it: all that fit.")
    ] = None,
    coder: Annotated[
        list[str] | None,
        typer.Option(help="Whose coding to analyse: AB, or auto:affect@1.0; may be repeated."),
    ] = None,
    include_auto: Annotated[
        bool,
        typer.Option("--include-auto", help="Of a study: machine proposals where no person has coded."),
    ] = False,
    min_coverage: Annotated[
        float, typer.Option(min=0, max=1, help="Withhold values below this coverage (0 writes all).")
    ] = 0.0,
    params: Annotated[
        Path | None, typer.Option(help="YAML file with a block measures:, as in study.yaml.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="On stdout: a summary, or all measures of the study.")
    ] = False,
) -> None:
    """Measure coded tables: occupancy, latency, match-mismatch-repair, recovery, contrasts.

    With a study's folder and --json: every measure of its sessions, and the statistics of the study.
    """
    from stillface.domain.measure_params import USUAL
    from stillface.io.measure_params_yaml import read_measure_params
    from stillface.pipeline.measure_tables import MeasureRequest, measure_tables

    tables = {"--codes": codes, "--episodes": episodes, "--protocol": protocol, "--out": out}
    if study is not None:
        others = (("--rule", rule), ("--min-coverage", min_coverage), ("--params", params))
        named = [name for name, value in (*tables.items(), *others) if value]
        _measure_study(study, named, session or [], coder or [], include_auto=include_auto, as_json=as_json)
        return
    if codes is None or episodes is None or protocol is None or out is None:
        missing = [name for name, value in tables.items() if value is None]
        raise UsageError(
            f"missing: {', '.join(missing)}",
            where="stillface measure",
            expected="a study's folder, or --codes, --episodes, --protocol and --out",
            fix="see stillface measure --help",
        )
    request = MeasureRequest(
        codes, episodes, protocol, tuple(rule or ()), tuple(coder or ()), min_coverage,
        read_measure_params(params) if params else USUAL,
    )  # fmt: skip
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


def _measure_study(
    study: Path,
    named: list[str],
    sessions: list[str],
    coders: list[str],
    *,
    include_auto: bool,
    as_json: bool,
) -> None:
    from stillface.io.bundle import open_study
    from stillface.pipeline.measure_study import measure_study
    from stillface.pipeline.plan import RunOptions

    if named or not as_json:
        raise UsageError(
            "a study is measured from its own files, and printed",
            where="stillface measure",
            got=", ".join(named) or "no --json",
            expected="--json alone, with --session, --coder or --include-auto",
            fix=f"for tables and pages: stillface run {study}",
        )
    options = RunOptions(sessions=tuple(sessions), coders=tuple(coders), include_auto=include_auto)
    found = measure_study(open_study(study), options)
    say_warnings(found.warnings)
    write_json(found.as_json())
