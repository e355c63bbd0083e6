"""``stillface verify``: whether every file is still what was written."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillface.cli.check import FINDINGS, show_findings
from stillface.cli.console import people, write_json

if TYPE_CHECKING:
    from stillface.io.bundle import StudyFolder

__all__ = ["verify"]


def verify(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Raw file, changed on purpose, to take as right from now on; may be repeated."),
    ] = None,
    accept_film: Annotated[
        list[str] | None,
        typer.Option(help="Session whose films were replaced on purpose, to take as right; may be repeated."),
    ] = None,
    why: Annotated[str, typer.Option(help="Reason for accepting, kept in the study's logs.")] = "",
    who: Annotated[str, typer.Option(help="Who accepts; else the name of this computer's account.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON on stdout.")] = False,
) -> None:
    """Read every byte of artefacts, code logs, outputs and raw files and compare it with its hash.

    Exit code 1 when something is not what it was.
    """
    from stillface.io.bundle import open_study
    from stillface.pipeline.verify import verify_study

    folder = open_study(study)
    _accept(folder, accept or (), accept_film or (), who, why)
    with people.status("reading") as status:
        summary = verify_study(folder, progress=lambda name: status.update(f"reading {name}"))
    if as_json:
        write_json(
            {
                "checked": dict(summary.checked),
                "unrecorded": summary.unrecorded,
                "findings": [finding.to_json() for finding in summary.findings],
            }
        )
    else:
        show_findings(summary.findings)
        read = ", ".join(f"{count} {kind}" for kind, count in summary.checked.items())
        people.print(f"Read {read}: {len(summary.findings)} not as they were.")
        if summary.unrecorded:
            people.print(
                f"{summary.unrecorded} raw files were never hashed (added by hand, not run yet): "
                "a change in them cannot be seen."
            )
    if summary.findings:
        raise typer.Exit(FINDINGS)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # An account without a name, as in some containers.
        return "unknown"


def _accept(folder: StudyFolder, names: Sequence[str], sessions: Sequence[str], who: str, why: str) -> None:
    if not (names or sessions):
        return
    from stillface.pipeline.accept import accept_files, accept_films

    who = who or _account()
    done = [*accept_files(folder, names, who=who, why=why)] if names else []
    for session_id in sessions:
        done += accept_films(folder, session_id, who=who, why=why)
    for one in done:
        people.print(f"{one.file}: accepted as it is, in {one.session_id}, by {one.who}", markup=False)
        hashes = f"  was {one.sha256_was or 'never hashed'}, is {one.sha256_now}"
        people.print(hashes, style="dim", markup=False)
    for warning in dict.fromkeys((one.session_id, one.warning) for one in done if one.warning):
        text = f"warning: {': '.join(warning)}; the codes stay: look whether they still fit"
        people.print(text, style="yellow", markup=False)
