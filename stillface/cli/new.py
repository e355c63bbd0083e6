"""``stillface new``: an empty study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillface.cli.console import people, write_json

__all__ = ["new"]


def new(
    study: Annotated[Path, typer.Argument(help="Folder to make; its name becomes the study's id.")],
    protocol: Annotated[str, typer.Option(help="Protocol id, such as ffsf_2_2_2.")],
    title: Annotated[str, typer.Option(help="What reports call the study.")] = "",
    coder: Annotated[list[str] | None, typer.Option(help="A coder's initials; may be repeated.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Match rule for reports; may be repeated.")] = None,
    scheme: Annotated[
        list[str] | None,
        typer.Option(help="Coding scheme, as infant=icep_infant; without a role: for everybody."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")] = False,
) -> None:
    """Make a study's folder: what it is about, and room for films, signals, codes and reports."""
    from stillface.pipeline.new import new_study

    made = new_study(
        study,
        protocol,
        title=title,
        coders=tuple(coder or ()),
        rules=tuple(rule or ()),
        schemes=tuple(scheme or ()),
    )
    if as_json:
        write_json(
            {
                "study": made.folder.study.study_id,
                "protocol": protocol,
                "roles": list(made.roles),
                "episodes": list(made.episodes),
                "caveats": [caveat.id for caveat in made.caveats],
            }
        )
        return
    first, second = made.roles[:2]
    people.print(f"{study}: protocol {protocol}, episodes {', '.join(made.episodes)}.", markup=False)
    for caveat in made.caveats:
        people.print(f"  {caveat.text}", style="italic", markup=False)
    people.print("Next:")
    people.print(f"  put films into {study / 'media'} and signals into {study / 'physio'}", markup=False)
    people.print(
        f"  stillface add {study} S01 --dyad D01 --person {first}=P01 --person {second}=P02 --film ... "
        "(stillface add --help)",
        markup=False,
    )
