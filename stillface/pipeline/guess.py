"""Who is where in a film: looked at, proposed with confidence, decided by a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillface.domain.recording import Region
from stillface.errors import InputError, UsageError
from stillface.io.bundle import StudyFolder
from stillface.pipeline.declare import VisitWords, film_files, film_roles, with_guess
from stillface.pipeline.raw_files import place

__all__ = ["Proposal", "Seat", "find_seats", "guess_words", "take_seats"]

SIDES = ("left", "right")


@dataclass(frozen=True)
class Seat:
    """One of two places in the picture where somebody keeps turning up.

    Parameters
    ----------
    side : {'left', 'right'}
        Of the picture, by the faces.
    region : Region
    confidence : float
        Share of the sampled frames with a face there, times the detector's score.
    frames_seen, frames_sampled : int
    """

    side: str
    region: Region
    confidence: float
    frames_seen: int
    frames_sampled: int


@dataclass(frozen=True)
class Proposal:
    """Where the two people of one film seem to be; which is who, a person says."""

    film_id: str
    roles: tuple[str, ...]
    seats: tuple[Seat, Seat]


def guess_words(
    folder: StudyFolder,
    words: VisitWords,
    protocol_id: str | None,
    base: Path,
    *,
    said: tuple[str, ...] = (),
    copy: bool = False,
) -> Iterator[Proposal]:
    """Look at each film that was declared to show two people.

    Parameters
    ----------
    folder, words, protocol_id, base, copy
        As :func:`~stillface.pipeline.visits.add_visit` has them.
    said : tuple of str
        Roles that are to be placed; they are checked before any film is looked at, which takes minutes.

    Raises
    ------
    UsageError
        No film shows two people: there is nothing to guess. A role that a film does not show, or twice.
    InputError
        A film cannot be used, or not two people were found in it.
    MissingExtraError
        Needs the extra ``track``.
    """
    known = folder.protocol(protocol_id).role_ids
    films = [film_files(word) for word in words.films]
    shared = [
        (name, roles, files) for name, text, files in films if len(roles := film_roles(text, known)) == 2
    ]
    if not shared:
        raise UsageError("no film shows two people", where="--guess", expected="--film cam1=ROLE+ROLE:FILE")
    for film_id, roles, _ in shared:
        if len(set(said)) != len(said) or not set(said) <= set(roles):
            raise UsageError(
                f"who is where in {film_id}?",
                where="--left, --right",
                got=", ".join(said),
                expected=" and ".join(roles),
            )
    for film_id, roles, names in shared:
        files = [place(folder, name, base, "media", copy=copy).source for name in names]
        yield Proposal(film_id, roles, find_seats(files, film_id))


def find_seats(files: Sequence[Path], film_id: str) -> tuple[Seat, Seat]:
    """Look at a film that shows two people and propose where each is; raises as :func:`guess_words`."""
    from stillface.tracking.survey import suggest_regions
    from stillface.video import open_video

    with open_video(tuple(files), None) as source:
        guesses = suggest_regions(source)
    if len(guesses) != 2:
        raise InputError(
            "two people were to be found",
            where=film_id,
            got=f"{len(guesses)} seen often enough",
            fix="say where they are with --region and --partner",
        )
    seats = [
        Seat(side, g.region, g.confidence, g.frames_seen, g.frames_sampled)
        for side, g in zip(SIDES, guesses, strict=True)
    ]
    return seats[0], seats[1]


def take_seats(words: VisitWords, proposal: Proposal, left: str, right: str) -> VisitWords:
    """Give the words with a proposal that a person has accepted: one side camera films both.

    Raises
    ------
    UsageError
        The names are not the film's two roles.
    """
    if {left, right} != set(proposal.roles):
        raise UsageError(
            "who is where?",
            where="--left, --right",
            got=f"{left}, {right}",
            expected=" and ".join(proposal.roles),
        )
    named = dict(zip(SIDES, (left, right), strict=True))
    regions = {named[seat.side]: seat.region for seat in proposal.seats}
    return with_guess(words, proposal.film_id, regions, {left: "right", right: "left"})
