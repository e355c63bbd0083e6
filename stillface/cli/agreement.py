"""``stillface agreement``: how well two coders agree, in tables or in a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stillface.cli.agreement_screen import say_left_out, show_study, show_tables
from stillface.cli.console import people, say_warnings, write_json
from stillface.errors import UsageError

__all__ = ["agreement"]


def agreement(
    first: Annotated[Path, typer.Argument(help="Codes table of one coder, or a study's folder.")],
    second: Annotated[Path | None, typer.Argument(help="Codes table of the other coder.")] = None,
    coder: Annotated[
        list[str] | None,
        typer.Option(help="Whose streams to take; with one table, twice: the two coders to compare."),
    ] = None,
    unit_s: Annotated[float, typer.Option(min=0.001, help="Unit of the methods that count units.")] = 1.0,
    onset_s: Annotated[float, typer.Option(min=0, help="Onset tolerance of event alignment.")] = 2.0,
    people_only: Annotated[
        bool, typer.Option("--people-only", help="Refuse streams that began as a machine's proposals.")
    ] = False,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Tables: part a machine's validity by this column (age_band); may be repeated."),
    ] = None,
    draw: Annotated[
        bool, typer.Option("--draw", help="Study: draw sessions to be coded twice, into study.yaml.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Study: seed of the first draw.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Result as JSON on stdout.")] = False,
) -> None:
    """Compare two code tables, two coders of one table, or all that a study holds coded more than once."""
    from stillface.domain.clock import s_to_ns
    from stillface.pipeline.agree_figures import AgreementParams

    params = AgreementParams(unit_ns=s_to_ns(unit_s), onset_ns=s_to_ns(onset_s))
    if first.is_dir():
        if second is not None:
            raise UsageError(
                "a study is compared within itself", where=str(second), fix="give the study alone"
            )
        _study(first, params, coders=tuple(coder or ()), draw=draw, seed=seed, as_json=as_json)
        return
    from stillface.pipeline.agree_tables import agree_tables

    result = agree_tables(
        first, second, tuple(coder or ()), params, people_only=people_only, by=tuple(by or ())
    )
    say_left_out(result)
    if as_json:
        write_json(result)
    else:
        show_tables(result)


def _study(
    root: Path, params: Any, *, coders: tuple[str, ...], draw: bool, seed: int | None, as_json: bool
) -> None:
    from stillface.io.bundle import open_study
    from stillface.pipeline.agree_page import write_reliability_page
    from stillface.pipeline.agree_study import draw_sessions, study_agreement
    from stillface.pipeline.known_coders import check_coders

    folder = open_study(root)
    check_coders(folder, coders, machines=False)
    if draw:
        plan = draw_sessions(folder, seed)
        people.print(f"{len(plan.sessions)} sessions drawn with seed {plan.seed}, kept in study.yaml")
    found = study_agreement(folder, params, coders)
    # The page is of the whole study, whoever was asked for.
    page = None if coders else write_reliability_page(folder, found)
    say_warnings(found.content["warnings"])  # type: ignore[arg-type]  # a list of lines
    if as_json:
        write_json(found.content)
    else:
        show_study(found.content)
    if page is not None:
        people.print(f"  {page}", markup=False)
