"""``stillface add``: one visit by words, or many from a table."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillface.cli.console import people, say_error, write_json
from stillface.cli.run import PARTIAL
from stillface.domain.provenance import Json
from stillface.errors import UsageError

if TYPE_CHECKING:
    from stillface.io.bundle import StudyFolder
    from stillface.pipeline.declare import VisitWords
    from stillface.pipeline.visits import Added, AddSummary

__all__ = ["add", "decide"]

Words = list[str] | None
_WHO, _FILM, _BODY, _TIME, _MANY = "People", "Films", "Signals", "Episodes", "Many visits at once"


def add(
    study: Annotated[Path, typer.Argument(help="The study's folder.")],
    session: Annotated[str, typer.Argument(help="Id of the new session; not with --from.")] = "",
    dyad: Annotated[str, typer.Option(help="Id of the dyad.", rich_help_panel=_WHO)] = "",
    visit: Annotated[str, typer.Option(help="Id of the visit (wave).", rich_help_panel=_WHO)] = "",
    protocol: Annotated[str | None, typer.Option(help="Other than the study's.")] = None,
    person: Annotated[Words, typer.Option(help="infant=P01", rich_help_panel=_WHO)] = None,
    family: Annotated[
        Words, typer.Option(help="F01 for everybody, or infant=F01", rich_help_panel=_WHO)
    ] = None,
    age_days: Annotated[Words, typer.Option(help="infant=120", rich_help_panel=_WHO)] = None,
    gestational_age_days: Annotated[Words, typer.Option(help="infant=266", rich_help_panel=_WHO)] = None,
    sex: Annotated[Words, typer.Option(help="infant=f", rich_help_panel=_WHO)] = None,
    group: Annotated[Words, typer.Option(help="infant=term", rich_help_panel=_WHO)] = None,
    consent: Annotated[
        Words,
        typer.Option(
            help="infant=private: unknown, private, authorized, learning or public", rich_help_panel=_WHO
        ),
    ] = None,
    film: Annotated[
        Words,
        typer.Option(
            help="cam1=infant:media/a.mp4,media/b.mp4 (chapters in order), or cam1=infant+caregiver:FILE",
            rich_help_panel=_FILM,
        ),
    ] = None,
    region: Annotated[
        Words,
        typer.Option(help="infant=0,0,0.5,1: left,top,width,height of the picture", rich_help_panel=_FILM),
    ] = None,
    partner: Annotated[
        Words,
        typer.Option(help="infant=right: where the partner is: camera, left or right", rich_help_panel=_FILM),
    ] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="Look at films of two for who is where.", rich_help_panel=_FILM)
    ] = False,
    left: Annotated[str, typer.Option(help="Role on the left, for --guess.", rich_help_panel=_FILM)] = "",
    right: Annotated[str, typer.Option(help="Role on the right, for --guess.", rich_help_panel=_FILM)] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Accept what --guess proposes.", rich_help_panel=_FILM)
    ] = False,
    signal: Annotated[
        Words, typer.Option(help="infant:ecg=physio/x.csv (ecg, eda, resp, ibi)", rich_help_panel=_BODY)
    ] = None,
    column: Annotated[
        Words, typer.Option(help="ecg_mv, or infant_ecg=ecg_mv where several", rich_help_panel=_BODY)
    ] = None,
    time_column: Annotated[
        Words, typer.Option(help="Column of times in seconds.", rich_help_panel=_BODY)
    ] = None,
    rate_hz: Annotated[Words, typer.Option(help="250, 29.97 or 1000/3", rich_help_panel=_BODY)] = None,
    unit: Annotated[Words, typer.Option(help="mV, uS ...", rich_help_panel=_BODY)] = None,
    marks: Annotated[
        Words,
        typer.Option(help="infant_ecg=sync.csv with device_s and session_s", rich_help_panel=_BODY),
    ] = None,
    offset_ms: Annotated[
        Words,
        typer.Option(help="infant_ecg=250 or cam1=-40: session time at device time 0", rich_help_panel=_BODY),
    ] = None,
    episode: Annotated[
        Words, typer.Option(help="PL=0:120 or SF=120:188.25:stop_rule", rich_help_panel=_TIME)
    ] = None,
    episodes: Annotated[
        Path | None, typer.Option(help="Episodes table of this and other sessions.", rich_help_panel=_TIME)
    ] = None,
    covariate: Annotated[Words, typer.Option(help="time_of_day=10:30")] = None,
    table: Annotated[
        Path | None, typer.Option("--from", help="Table of visits, one a row.", rich_help_panel=_MANY)
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy files from outside into the study; originals stay.")
    ] = False,
    replaces: Annotated[
        bool, typer.Option("--replace", help="Correct a visit that was added wrongly; codes and tracks stay.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON on stdout.")] = False,
) -> None:
    """Add visits to a study: who, which files, which clocks, which episodes.

    Every file is opened and everything is checked before anything is written.
    """
    from stillface.io.bundle import open_study
    from stillface.pipeline.declare import VisitWords

    folder = open_study(study)
    if table is not None:
        if session or dyad or film or person or signal or guess:
            raise UsageError(
                "one visit or a table, not both", where="--from", fix="leave out the other words"
            )
        _add_table(folder, table, episodes, copy=copy, replaces=replaces, dry_run=dry_run, as_json=as_json)
        return
    if not session or not dyad:
        raise UsageError(
            "which session, of which dyad?", expected="SESSION --dyad DYAD", fix="or give a table: --from"
        )
    words = VisitWords(
        session,
        dyad,
        visit,
        tuple(person or ()),
        tuple(family or ()),
        tuple(sex or ()),
        tuple(group or ()),
        tuple(gestational_age_days or ()),
        tuple(consent or ()),
        tuple(age_days or ()),
        tuple(film or ()),
        tuple(region or ()),
        tuple(partner or ()),
        tuple(signal or ()),
        tuple(column or ()),
        tuple(time_column or ()),
        tuple(rate_hz or ()),
        tuple(unit or ()),
        tuple(marks or ()),
        tuple(offset_ms or ()),
        tuple(episode or ()),
        tuple(covariate or ()),
    )
    if guess:
        words = _guessed(folder, words, protocol, left, right, yes=yes, copy=copy)
    elif left or right or yes:
        raise UsageError("only with --guess", where="--left, --right, --yes")
    _add_one(
        folder, words, protocol, episodes, copy=copy, replaces=replaces, dry_run=dry_run, as_json=as_json
    )


def _add_one(
    folder: StudyFolder,
    words: VisitWords,
    protocol: str | None,
    episodes: Path | None,
    *,
    copy: bool,
    replaces: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from stillface.pipeline.visits import add_visit

    added = add_visit(
        folder,
        words,
        Path.cwd(),
        protocol_id=protocol,
        episodes=episodes,
        copy=copy,
        replaces=replaces,
        dry_run=dry_run,
    )
    _say_findings(added)
    if as_json:
        write_json(_plain(added))
        return
    people.print(_OUTCOMES[added.outcome].format(added.session_id), markup=False)
    _say_changes(added)
    verb = "to be copied to" if dry_run else "copied to"
    for name in added.copied:
        people.print(f"  {verb} {name}", markup=False)
    if added.outcome in ("added", "replaced"):
        people.print(f"Next: stillface run {folder.root}", markup=False)


_OUTCOMES = {
    "added": "{} added.",
    "would be added": "{} can be added; nothing was written.",
    "replaced": "{} replaced; the old one is kept beside it as session.replaced-N.yaml. Now otherwise:",
    "would be replaced": "{} can be replaced; nothing was written. It would be otherwise:",
    "there": "{} is in the study already, the same.",
}


def _add_table(
    folder: StudyFolder,
    table: Path,
    episodes: Path | None,
    *,
    copy: bool,
    replaces: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from stillface.pipeline.visits import add_table

    with people.status("looking") as status:
        summary = add_table(
            folder,
            table,
            episodes=episodes,
            copy=copy,
            replaces=replaces,
            dry_run=dry_run,
            progress=lambda done, total, session: status.update(f"{done + 1} of {total}: {session}"),
        )
    for added in summary.visits:
        _say_findings(replace(added, findings=tuple(f for f in added.findings if f.severity != "note")))
    _say_notes(summary)
    for reason in summary.refused.values():
        say_error(reason)
    if as_json:
        write_json(_summary_json(summary))
    else:
        _say_summary(summary, replaces=replaces, dry_run=dry_run)
    if summary.refused:
        raise typer.Exit(PARTIAL)


def _guessed(
    folder: StudyFolder,
    words: VisitWords,
    protocol: str | None,
    left: str,
    right: str,
    *,
    yes: bool,
    copy: bool,
) -> VisitWords:
    """Propose who is where in each film that shows two people; a person decides."""
    from stillface.pipeline.guess import guess_words, take_seats

    said = tuple(role for role in (left, right) if role)
    for proposal in guess_words(folder, words, protocol, Path.cwd(), said=said, copy=copy):
        people.print(f"{proposal.film_id}: two people keep turning up:", markup=False)
        for seat in proposal.seats:
            r = seat.region
            people.print(
                f"  {seat.side:5}  region {r.x:g},{r.y:g},{r.width:g},{r.height:g}  confidence "
                f"{seat.confidence:.2f}  (seen in {seat.frames_seen} of {seat.frames_sampled} frames)",
                markup=False,
            )
        names = decide(proposal.roles, left, right, yes=yes)
        words = take_seats(words, proposal, *names)
    return words


def decide(roles: tuple[str, ...], left: str, right: str, *, yes: bool) -> tuple[str, str]:
    """Let a person say who is on the left and who on the right; raises UsageError without a yes."""
    if yes or not sys.stdin.isatty():
        if not (yes and left and right):
            raise UsageError(
                "which of them is who, a person must say", fix=f"--left {roles[0]} --right {roles[1]} --yes"
            )
        return left, right
    # A mistyped role is asked for again: the film was looked at already.
    while not right and left not in roles:
        left = typer.prompt(f"Who is on the left ({' or '.join(roles)})?", err=True)
    left = left or next(role for role in roles if role != right)
    right = right or next(role for role in roles if role != left)
    if not typer.confirm(f"{left} left, {right} right, each looking at the other: right?", err=True):
        raise UsageError(
            "not accepted, and nothing was added", fix="say where they are with --region and --partner"
        )
    return left, right


def _say_findings(added: Added) -> None:
    for finding in added.findings:
        style = "dim" if finding.severity == "note" else "yellow"
        people.print(f"{finding.severity}:", finding.line, style=style, markup=False)


def _say_notes(summary: AddSummary) -> None:
    """Say once what holds for many visits."""
    notes = [finding for added in summary.visits for finding in added.findings if finding.severity == "note"]
    for what, count in Counter(note.what for note in notes).items():
        first = next(note.where for note in notes if note.what == what)
        where = first if count == 1 else f"{first} and {count - 1} more"
        people.print("note:", f"{where}: {what}", style="dim", markup=False)


def _say_summary(summary: AddSummary, *, replaces: bool, dry_run: bool) -> None:
    for added in summary.visits:
        if added.changes:
            people.print(_OUTCOMES[added.outcome].format(added.session_id), markup=False)
            _say_changes(added)
    would = "would be " if dry_run else ""
    counts = [f"{len(summary.with_outcome(would + word))} {would}{word}" for word in ("added", "replaced")]
    people.print(
        ", ".join(counts if replaces else counts[:1])
        + f", {len(summary.with_outcome('there'))} there already, {len(summary.refused)} refused."
    )


def _say_changes(added: Added) -> None:
    for line in added.changes:
        people.print(f"  {line}", markup=False)


def _plain(added: Added) -> dict[str, Json]:
    return {
        "session_id": added.session_id,
        "outcome": added.outcome,
        "copied": list(added.copied),
        "changes": list(added.changes),
        "findings": [finding.to_json() for finding in added.findings],
    }


def _summary_json(summary: AddSummary) -> dict[str, Json]:
    return {"visits": [_plain(added) for added in summary.visits], "refused": dict(summary.refused)}
