"""Which of several codings of the same role is analysed: one, named, never a silent mix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from stillface.errors import InputError

__all__ = ["DEFAULT_SOURCES", "Firsts", "Settled", "choose", "settle"]

DEFAULT_SOURCES = ("consensus", "human", "auto_reviewed")
"""Order of preference; machine proposals only where asked for."""


class Coding(Protocol):
    """What a coding must tell of itself."""

    @property
    def role(self) -> str: ...
    @property
    def coder_id(self) -> str: ...


C = TypeVar("C", bound=Coding)


Key = tuple[str, str]
"""Role and scheme id."""

Firsts = Mapping[Key, Sequence[tuple[str, Sequence[str]]]]
"""By role and scheme: why somebody's coding counts and whose, the strongest reason first."""


@dataclass(frozen=True)
class Settled(Generic[C]):
    """Which codings are analysed, why those where several would do, and what could not be settled.

    Parameters
    ----------
    chosen : dict of (role, scheme_id) to coding
    why : dict of (role, scheme_id) to str
        Of streams whose coding was taken by who its coder is.
    open : dict of (role, scheme_id) to InputError
        Streams of which nothing is analysed; an error for each that says why and what to do.
    """

    chosen: dict[Key, C] = field(default_factory=dict)
    why: dict[Key, str] = field(default_factory=dict)
    open: dict[Key, InputError] = field(default_factory=dict)


def choose(
    codings: Iterable[tuple[C, str, str]],
    *,
    where: str,
    coders: Sequence[str] = (),
    sources: Sequence[str] = DEFAULT_SOURCES,
) -> dict[Key, C]:
    """Choose one coding per role and scheme of a table's session.

    Parameters
    ----------
    codings, where, coders, sources
        As :func:`settle`.

    Returns
    -------
    dict of (role, scheme_id) to coding

    Raises
    ------
    InputError
        Several of the preferred kind, or machine proposals alone that nobody asked for.
    """
    settled = settle(codings, where=where, coders=coders, sources=sources)
    for error in settled.open.values():
        raise error
    return settled.chosen


def settle(
    codings: Iterable[tuple[C, str, str]],
    *,
    where: str,
    coders: Sequence[str] = (),
    sources: Sequence[str] = DEFAULT_SOURCES,
    firsts: Firsts | None = None,
) -> Settled[C]:
    """Choose one coding per role and scheme of a session, as far as it can be told which.

    Parameters
    ----------
    codings : iterable of (coding, scheme_id, source kind)
    where : str
        Named in errors: table or study, and session.
    coders : sequence of str
        Where several coded a stream, take the first of these who did (any source, ``auto`` too: it was
        asked for); ``auto:affect@1.0`` names the kind of source as well.
    sources : sequence of str
        Without ``coders``: kinds in order of preference; the first that there is wins.
    firsts : mapping, optional
        Of a study: whose coding counts where several of that kind are left. None for tables, which know
        of no assignments; there a stream that none of ``coders`` coded is left out where several did.
    """
    by_stream: dict[Key, list[tuple[C, str]]] = {}
    for coding, scheme_id, kind in codings:
        by_stream.setdefault((coding.role, scheme_id), []).append((coding, kind))
    settled: Settled[C] = Settled()
    for key, found in by_stream.items():
        picked, why = _named(found, coders, sources), "named with --coder"
        if not picked:
            picked, why = _preferred(found, sources), ""
            if len(picked) > 1 and firsts is not None:
                picked, why = _first(picked, firsts.get(key, ()))
            elif len(picked) > 1 and coders:
                # A stream that only one person coded has nothing to settle, whoever was named for the others.
                continue
        place = f"{where}, {key[0]}/{key[1]}"
        if len(picked) > 1:
            settled.open[key] = _several(picked, place, firsts, key)
        elif picked:
            settled.chosen[key] = picked[0][0]
            if why and len(found) > 1:
                settled.why[key] = why
        elif not coders:
            settled.open[key] = InputError(
                "only machine proposals, and nobody asked for them",
                where=place,
                got=_names(found),
                expected=" or ".join(sources),
                fix="have a person review them, or ask for them with --coder NAME",
            )
    return settled


def _several(picked: list[tuple[C, str]], place: str, firsts: Firsts | None, key: Key) -> InputError:
    """Say that nothing tells which of several codings counts, and what a person can do about it."""
    if firsts is None:
        return InputError(
            "several codings and none declared",
            where=place,
            got=_names(picked),
            expected="one analysis track",
            fix="name the coder with --coder",
        )
    wanted = [f"{', '.join(whose)} ({why})" for why, whose in firsts.get(key, ())]
    return InputError(
        "several codings, and none that counts as the first",
        where=place,
        got=_names(picked),
        expected="one by " + ", or by ".join(wanted) if wanted else "a coder with pass 1 of the assignments",
        fix="settle them (Compare in the browser), give one of them pass 1 in the table of assignments, or "
        "name one with --coder",
    )


def _names(codings: list[tuple[C, str]]) -> str:
    return ", ".join(sorted(f"{kind}:{coding.coder_id}" for coding, kind in codings))


def _named(found: list[tuple[C, str]], coders: Sequence[str], sources: Sequence[str]) -> list[tuple[C, str]]:
    for name in coders:
        mine = [(c, kind) for c, kind in found if name in (c.coder_id, f"{kind}:{c.coder_id}")]
        if mine:
            return _preferred(mine, (*sources, *(kind for _, kind in mine)))
    return []


def _first(
    picked: list[tuple[C, str]], firsts: Sequence[tuple[str, Sequence[str]]]
) -> tuple[list[tuple[C, str]], str]:
    """Give the coding that counts by who made it; all of them where that tells none, or several."""
    for why, whose in firsts:
        mine = [(coding, kind) for coding, kind in picked if coding.coder_id in whose]
        if mine:
            return mine, why
    return picked, ""


def _preferred(found: list[tuple[C, str]], sources: Sequence[str]) -> list[tuple[C, str]]:
    for source in sources:
        picked = [(coding, kind) for coding, kind in found if kind == source]
        if picked:
            return picked
    return []
