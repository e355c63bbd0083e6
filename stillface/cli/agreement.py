"""``stillface agreement``: how well two code tables agree, or the coders of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stillface.cli.console import people, results, say_warnings, write_json
from stillface.errors import UsageError

__all__ = ["agreement"]


def agreement(
    first: Annotated[Path, typer.Argument(help="Codes table of one coder, or a study's folder.")],
    second: Annotated[Path | None, typer.Argument(help="Codes table of the other coder.")] = None,
    coder: Annotated[
        list[str] | None, typer.Option(help="Whose streams to take where a table holds several coders.")
    ] = None,
    unit_s: Annotated[float, typer.Option(min=0.001, help="Unit of the methods that count units.")] = 1.0,
    onset_s: Annotated[float, typer.Option(min=0, help="Onset tolerance of event alignment.")] = 2.0,
    people_only: Annotated[
        bool, typer.Option("--people-only", help="Refuse streams that began as a machine's proposals.")
    ] = False,
    draw: Annotated[
        bool, typer.Option("--draw", help="Study: draw sessions to be coded twice, into study.yaml.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Study: seed of the first draw.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Result as JSON on stdout.")] = False,
) -> None:
    """Compare two code tables, or everything in a study that was coded more than once."""
    from stillface.domain.clock import s_to_ns
    from stillface.pipeline.agree_figures import AgreementParams

    params = AgreementParams(unit_ns=s_to_ns(unit_s), onset_ns=s_to_ns(onset_s))
    if first.is_dir():
        if second is not None:
            raise UsageError(
                "a study is compared within itself", where=str(second), fix="give the study alone"
            )
        _study(first, params, draw=draw, seed=seed, as_json=as_json)
        return
    if second is None:
        raise UsageError(
            "nothing to compare with", where=str(first), fix="give two tables, or a study's folder"
        )
    from stillface.pipeline.agree_tables import agree_tables

    result = agree_tables(first, second, tuple(coder or ()), params, people_only=people_only)
    if as_json:
        write_json(result)
    else:
        _show_tables(result)


def _study(root: Path, params: Any, *, draw: bool, seed: int | None, as_json: bool) -> None:
    from stillface.io.bundle import open_study
    from stillface.pipeline.agree_page import write_reliability_page
    from stillface.pipeline.agree_study import draw_sessions, study_agreement

    folder = open_study(root)
    if draw:
        plan = draw_sessions(folder, seed)
        people.print(f"{len(plan.sessions)} sessions drawn with seed {plan.seed}, kept in study.yaml")
    found = study_agreement(folder, params)
    page = write_reliability_page(folder, found)
    say_warnings(found.content["warnings"])  # type: ignore[arg-type]  # a list of lines
    if as_json:
        write_json(found.content)
    else:
        _show_study(found.content)
    people.print(f"  {page}", markup=False)


def _show_tables(result: dict[str, Any]) -> None:
    rows = [*result["sessions"], {**result["pooled"], "session_id": "pooled"}]
    _print_rows("", rows, ("session_id", "role", "scheme_id", "comparison"))
    for row in result["unpaired"]:
        people.print(
            f"not compared: {row['session_id']}/{row['role']}/{row['scheme_id']}, only in {row['only_in']}"
        )


def _show_study(content: dict[str, Any]) -> None:
    plan = content["plan"]
    if plan["seed"] is None:
        people.print("No sessions have been drawn yet: draw them with --draw.")
    else:
        people.print(
            f"{plan['n_done']} of {plan['n_drawn']} drawn sessions are coded from scratch by two "
            f"(seed {plan['seed']}, {plan['n_sessions']} sessions in all)."
        )
        for row in plan["sessions"]:
            for line in row["missing"]:
                people.print(f"  {row['session_id']} {line}", markup=False)
    pooled = [{"scheme_id": name, **row} for name, row in content["pooled"].items()]
    _print_rows("People against people", pooled, ("scheme_id", "n_sessions", "label"))
    _print_rows("Against the masters", content["certification"], ("coder", "scheme_id", "label"))
    _print_rows("Machine against people", content["validity"], ("machine", "role", "scheme_id"))
    for row in content["recode"]:
        people.print(
            f"drift: recode {row['session_id']} {row['role']}/{row['scheme_id']}, "
            f"{row['coder']}, {row['month']}"
        )
    for row in content["refused"]:
        people.print(row["error"], markup=False)


def _print_rows(title: str, rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    from rich.table import Table

    if not rows:
        return
    table = Table(
        *(name.removesuffix("_id").removeprefix("n_") for name in names),
        "kappa",
        "agreement",
        "compared s",
        "remark",
    )
    table.title = title or None
    for row in rows:
        numbers = [row[name] for name in ("kappa", "agreement", "compared_s")]
        table.add_row(
            *(str(row.get(name, "")) for name in names),
            *("" if number is None else f"{number:.3f}" for number in numbers),
            row["reason"] or "",
        )
    results.print(table)
