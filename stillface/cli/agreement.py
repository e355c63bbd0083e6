"""``stillface agreement``: how well two code tables agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stillface.cli.console import people, results, write_json

__all__ = ["agreement"]


def agreement(
    first: Annotated[Path, typer.Argument(help="Codes table of one coder.")],
    second: Annotated[Path, typer.Argument(help="Codes table of the other.")],
    coder: Annotated[
        list[str] | None, typer.Option(help="Whose streams to take where a table holds several coders.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Result as JSON on stdout.")] = False,
) -> None:
    """Compare two code tables: kappa and agreement, weighted by time, over the time both coded."""
    from stillface.pipeline.agree_tables import agree_tables

    result = agree_tables(first, second, tuple(coder or ()))
    if as_json:
        write_json(result)
        return
    _show(result)


def _show(result: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("session", "role", "scheme", "kind", "kappa", "agreement", "compared s", "remark")
    rows = [*result["sessions"], {**result["pooled"], "session_id": "pooled"}]
    for row in rows:
        numbers = [row[name] for name in ("kappa", "agreement", "compared_s")]
        table.add_row(
            row["session_id"],
            row.get("role", ""),
            row.get("scheme_id", ""),
            row.get("comparison", ""),
            *("" if number is None else f"{number:.3f}" for number in numbers),
            row["reason"] or "",
        )
    results.print(table)
    for row in result["unpaired"]:
        people.print(
            f"not compared: {row['session_id']}/{row['role']}/{row['scheme_id']}, only in {row['only_in']}"
        )
