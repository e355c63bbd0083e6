"""What a person declares of a visit, in words that can be typed, turned into a session.

The command line and the table of visits use the same words, so that one page explains both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from stillface.domain.clock import ClockMap, s_to_ns
from stillface.domain.protocol import Protocol
from stillface.domain.recording import WHOLE, Region, SignalRecording, SyncMark, VideoRecording
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person
from stillface.errors import UsageError
from stillface.io.tables import read_table

__all__ = ["Declared", "VisitWords", "declare", "film_files", "film_roles", "with_guess"]

_RATE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}|/[1-9][0-9]{0,8})?")
_HOW_PARTNER = "right or left for one side camera that films both, camera for a split screen"


@dataclass(frozen=True)
class VisitWords:
    """A visit as it was typed; see docs/how-to/make-a-study.md for the words.

    Parameters
    ----------
    session_id, dyad_id, visit_id : str
        Without ``visit_id``, the session's id names the visit where an age is given.
    persons : tuple of str
        ``infant=P01``.
    families, sexes, groups, gestational_ages, consents, ages : tuple of str
        ``infant=F01``; a bare family holds for everybody.
    films : tuple of str
        ``cam1=infant:media/a.mp4,media/b.mp4`` or ``cam1=infant+caregiver:media/both.mp4``.
    regions, partners : tuple of str
        ``infant=0,0,0.5,1`` and ``infant=right``; ``cam1/infant=...`` where several films show the role.
    signals : tuple of str
        ``infant:ecg=physio/x.csv``; the signal is then called ``infant_ecg``.
    columns, time_columns, rates_hz, units, marks : tuple of str
        ``infant_ecg=ecg_mv``; bare where there is one signal.
    offsets_ms : tuple of str
        ``cam1=-40`` or ``infant_ecg=250``: session time at the device's time 0.
    episodes : tuple of str
        ``PL=0:120`` or ``SF=120:188.25:stop_rule``.
    covariates : tuple of str
        ``time_of_day=10:30``.
    """

    session_id: str
    dyad_id: str
    visit_id: str = ""
    persons: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    gestational_ages: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    films: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    time_columns: tuple[str, ...] = ()
    rates_hz: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    offsets_ms: tuple[str, ...] = ()
    episodes: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declared:
    """A visit as a session; its recordings still hold file names as they were typed.

    Parameters
    ----------
    session : Session
    people : tuple of Person
        Only what was said; empty fields say nothing.
    age_days : mapping of person_id to int
    """

    session: Session
    people: tuple[Person, ...]
    age_days: Mapping[str, int] = field(default_factory=dict)


def declare(
    words: VisitWords, protocol: Protocol, base: Path, episodes: tuple[Episode, ...] = ()
) -> Declared:
    """Turn words into a session.

    Parameters
    ----------
    words : VisitWords
    protocol : Protocol
    base : Path
        Folder that a relative file of sync marks counts from.
    episodes : tuple of Episode
        From an episodes table; ``words.episodes`` may not name more then.

    Raises
    ------
    UsageError
        Words that do not fit together.
    FieldError, InputError
        An id, number, role, episode or file of marks that is refused.
    """
    roles = protocol.role_ids
    persons = _by_key("--person", words.persons, roles)
    if not persons:
        raise UsageError("nobody takes part", where="--person", expected=f"{roles[0]}=ID")
    if episodes and words.episodes:
        raise UsageError("episodes come from a table or are typed, not both", where=words.session_id)
    if words.episodes:
        episodes = tuple(_episode(word) for word in words.episodes)
    ages = _numbers("--age-days", words.ages, tuple(persons))
    session = Session(
        words.session_id,
        words.dyad_id,
        protocol,
        tuple(sorted(episodes, key=lambda episode: episode.onset_ns)),
        persons,
        words.visit_id or (words.session_id if ages else ""),
        (*_films(words, roles), *_signals(words, roles, base)),
        covariates=_by_key("--covariate", words.covariates, None),
    )
    shown = [role for video in session.videos for role in video.regions]
    for role in [*shown, *(channel.role for channel in session.channels)]:
        if role not in persons:
            raise UsageError("who is it?", where=f"--person {role}", expected=f"--person {role}=ID")
    return Declared(session, _people(words, persons), {persons[role]: age for role, age in ages.items()})


def film_files(word: str) -> tuple[str, str, tuple[str, ...]]:
    """Split ``cam1=infant+caregiver:a.mp4,b.mp4`` into id, roles and files; raises UsageError."""
    film_id, _, rest = word.partition("=")
    roles, _, files = rest.partition(":")
    names = tuple(name.strip() for name in files.split(","))
    if not film_id or not roles or not all(names):
        raise UsageError(
            "not a film", where="--film", got=word, expected="NAME=ROLE:FILE or NAME=ROLE+ROLE:FILE,FILE"
        )
    return film_id, roles, names


def film_roles(text: str, roles: tuple[str, ...]) -> tuple[str, ...]:
    """Split ``infant+caregiver`` into known roles; raises UsageError."""
    named = tuple(part.strip() for part in text.split("+"))
    for role in named:
        if role not in roles:
            raise UsageError("no such role", where="--film", got=role, expected=", ".join(roles))
    if len(set(named)) != len(named):
        raise UsageError("a role twice", where="--film", got=text)
    return named


def _people(words: VisitWords, persons: Mapping[str, str]) -> tuple[Person, ...]:
    roles = tuple(persons)
    families = _by_key("--family", words.families, roles, for_all=True)
    sexes, groups = _by_key("--sex", words.sexes, roles), _by_key("--group", words.groups, roles)
    born = _numbers("--gestational-age-days", words.gestational_ages, roles)
    consents = _by_key("--consent", words.consents, roles)
    return tuple(
        Person(
            person_id,
            families.get(role, ""),
            sexes.get(role, ""),
            groups.get(role, ""),
            born.get(role),
            consents.get(role, "unknown"),
        )
        for role, person_id in persons.items()
    )


def _films(words: VisitWords, roles: tuple[str, ...]) -> Iterable[VideoRecording]:
    films = [film_files(word) for word in words.films]
    shown = {film_id: film_roles(text, roles) for film_id, text, _ in films}
    if len(shown) != len(films):
        raise UsageError("a film twice", where="--film", fix="chapters of one film are parted by commas")
    regions = _by_place("--region", words.regions, shown)
    partners = _by_place("--partner", words.partners, shown)
    offsets = _offsets(words, roles)
    for film_id, _, files in films:
        yield _film(film_id, files, shown[film_id], regions, partners, offsets.get(film_id, ClockMap()))


def _film(
    film_id: str,
    files: tuple[str, ...],
    roles: tuple[str, ...],
    regions: Mapping[tuple[str, str], str],
    partners: Mapping[tuple[str, str], str],
    clock_map: ClockMap,
) -> VideoRecording:
    several = len(roles) > 1
    areas, toward = {}, {}
    for role in roles:
        area = regions.get((film_id, role))
        if area is None and several:
            raise UsageError(
                f"where in {film_id} is the {role}?",
                where=f"--region {role}",
                expected="left,top,width,height as shares of the picture, or whole",
                fix="or let the film be looked at: --guess",
            )
        areas[role] = _region(area) if area else WHOLE
        side = partners.get((film_id, role))
        # A wrong side turns gaze at the partner into gaze away: it is declared, never assumed.
        if side is None and several:
            raise UsageError(
                f"where does the {role} of {film_id} look to see the partner?",
                where=f"--partner {role}",
                expected=_HOW_PARTNER,
            )
        toward[role] = side or "camera"
    return VideoRecording(film_id, files, areas, clock_map, toward)


def _region(text: str) -> Region:
    if text == "whole":
        return WHOLE
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 4:
        raise UsageError(
            "not a region", where="--region", got=text, expected="left,top,width,height, each 0 to 1"
        )
    return Region(*numbers)


def _named_signals(words: VisitWords, roles: tuple[str, ...]) -> dict[str, tuple[str, str, str]]:
    """Split ``infant:ecg=x.csv`` into role, kind and file, by the signal's id."""
    named: dict[str, tuple[str, str, str]] = {}
    for word in words.signals:
        name, _, file = word.partition("=")
        role, _, kind = name.partition(":")
        if not kind or not file:
            raise UsageError("not a signal", where="--signal", got=word, expected="ROLE:KIND=FILE")
        if role not in roles:
            raise UsageError("no such role", where="--signal", got=role, expected=", ".join(roles))
        if f"{role}_{kind}" in named:
            raise UsageError("a signal twice", where="--signal", got=name)
        named[f"{role}_{kind}"] = (role, kind, file)
    return named


def _signals(words: VisitWords, roles: tuple[str, ...], base: Path) -> Iterable[SignalRecording]:
    named = _named_signals(words, roles)
    ids = tuple(named)
    columns = _by_key("--column", words.columns, ids)
    time_columns = _by_key("--time-column", words.time_columns, ids)
    rates = _by_key("--rate-hz", words.rates_hz, ids)
    units = _by_key("--unit", words.units, ids)
    marks, offsets = _by_key("--marks", words.marks, ids), _offsets(words, roles)
    for signal_id, (role, kind, file) in named.items():
        if signal_id in marks and signal_id in offsets:
            raise UsageError("marks or an offset, not both", where=signal_id)
        yield SignalRecording(
            signal_id,
            file,
            kind,
            role,
            columns.get(signal_id, "1"),
            time_columns.get(signal_id),
            _rate(rates[signal_id]) if signal_id in rates else None,
            units.get(signal_id, ""),
            _marks(Path(base, marks[signal_id])) if signal_id in marks else (),
            offsets.get(signal_id, ClockMap()),
        )


def _rate(text: str) -> Fraction:
    if not _RATE.fullmatch(text):
        raise UsageError("not a rate", where="--rate-hz", got=text, expected="250, 29.97 or 1000/3")
    return Fraction(text)


def _marks(path: Path) -> tuple[SyncMark, ...]:
    table = read_table(path, ("device_s", "session_s"))
    pairs = zip(table.times_ns("device_s").tolist(), table.times_ns("session_s").tolist(), strict=True)
    return tuple(SyncMark(device, session) for device, session in pairs)


def _offsets(words: VisitWords, roles: tuple[str, ...]) -> dict[str, ClockMap]:
    ids = [*(film_files(word)[0] for word in words.films), *_named_signals(words, roles)]
    maps = {}
    for name, text in _by_key("--offset-ms", words.offsets_ms, tuple(ids)).items():
        try:
            offset_ns = s_to_ns(Fraction(text) / 1000)
        except (ValueError, ZeroDivisionError) as error:
            raise UsageError("not milliseconds", where="--offset-ms", got=text) from error
        maps[name] = ClockMap(offset_ns, method="manual")
    return maps


def _episode(word: str) -> Episode:
    name, _, rest = word.partition("=")
    onset, _, more = rest.partition(":")
    offset, _, ended_by = more.partition(":")
    if not name or not onset or not offset:
        raise UsageError(
            "not an episode", where="--episode", got=word, expected="PL=0:120 or SF=120:188.25:stop_rule"
        )
    return Episode(name, s_to_ns(onset), s_to_ns(offset), ended_by or "time")


def _numbers(option: str, words: Iterable[str], keys: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for key, text in _by_key(option, words, keys).items():
        if not (text.isascii() and text.isdigit()):
            raise UsageError("not whole days", where=f"{option} {key}", got=text, expected="a number of days")
        found[key] = int(text)
    return found


def _by_key(
    option: str, words: Iterable[str], keys: tuple[str, ...] | None, *, for_all: bool = False
) -> dict[str, str]:
    """Split ``KEY=VALUE`` words; a bare value holds for the only key, or for all where that makes sense."""
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals and keys and (len(keys) == 1 or for_all):
            pairs = [(each, word) for each in keys]
        elif not equals or not value:
            expected = f"{keys[0] if keys else 'NAME'}=VALUE"
            raise UsageError("for whom or what?", where=option, got=word, expected=expected)
        elif keys is not None and key not in keys:
            raise UsageError("nothing of this name", where=option, got=key, expected=", ".join(keys) or "-")
        else:
            pairs = [(key, value)]
        for name, given in pairs:
            if name in found:
                raise UsageError("said twice", where=f"{option} {name}", got=f"{found[name]} and {given}")
            found[name] = given
    return found


def _by_place(
    option: str, words: Iterable[str], shown: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, str], str]:
    """Split ``ROLE=VALUE`` and ``FILM/ROLE=VALUE`` words."""
    places = {f"{film}/{role}": (film, role) for film, roles in shown.items() for role in roles}
    for role in {role for roles in shown.values() for role in roles}:
        films = [film for film, roles in shown.items() if role in roles]
        if len(films) == 1:
            places[role] = (films[0], role)
    found: dict[tuple[str, str], str] = {}
    for key, value in _by_key(option, words, tuple(places)).items():
        if places[key] in found:
            raise UsageError("said twice", where=f"{option} {key}")
        found[places[key]] = value
    return found


def with_guess(
    words: VisitWords, film_id: str, regions: Mapping[str, Region], partners: Mapping[str, str]
) -> VisitWords:
    """Give the words with a proposal that a person has accepted."""
    areas = tuple(f"{film_id}/{role}={r.x:g},{r.y:g},{r.width:g},{r.height:g}" for role, r in regions.items())
    sides = tuple(f"{film_id}/{role}={side}" for role, side in partners.items())
    return replace(words, regions=(*words.regions, *areas), partners=(*words.partners, *sides))
