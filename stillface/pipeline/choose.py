"""Which of several codings of the same role is analysed: one, named, never a silent mix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from stillface.errors import InputError

__all__ = ["DEFAULT_SOURCES", "choose"]

DEFAULT_SOURCES = ("consensus", "human", "auto_reviewed")
"""Order of preference; machine proposals only where asked for."""


class Coding(Protocol):
    """What a coding must tell of itself."""

    @property
    def role(self) -> str: ...
    @property
    def coder_id(self) -> str: ...


C = TypeVar("C", bound=Coding)


def choose(
    codings: Iterable[tuple[C, str, str]],
    *,
    where: str,
    coders: Sequence[str] = (),
    sources: Sequence[str] = DEFAULT_SOURCES,
) -> dict[tuple[str, str], C]:
    """Choose one coding per role and scheme of a session.

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

    Returns
    -------
    dict of (role, scheme_id) to coding

    Raises
    ------
    InputError
        Several of the preferred kind, or machine proposals alone that nobody asked for.
    """
    by_stream: dict[tuple[str, str], list[tuple[C, str]]] = {}
    for coding, scheme_id, kind in codings:
        by_stream.setdefault((coding.role, scheme_id), []).append((coding, kind))
    chosen = {}
    for (role, scheme_id), found in by_stream.items():
        picked = _pick(found, coders, sources)
        place = f"{where}, {role}/{scheme_id}"
        if len(picked) > 1:
            raise InputError(
                "several codings and none declared",
                where=place,
                got=", ".join(sorted(f"{kind}:{coding.coder_id}" for coding, kind in picked)),
                expected="one analysis track",
                fix="name the coder with --coder, or declare it in study.yaml",
            )
        if not picked and not coders:
            raise InputError(
                "only machine proposals, and nobody asked for them",
                where=place,
                got=", ".join(sorted(f"{kind}:{coding.coder_id}" for coding, kind in found)),
                expected=" or ".join(sources),
                fix="have a person review them, or ask for them with --coder NAME",
            )
        if picked:
            chosen[role, scheme_id] = picked[0][0]
    return chosen


def _pick(found: list[tuple[C, str]], coders: Sequence[str], sources: Sequence[str]) -> list[tuple[C, str]]:
    for name in coders:
        mine = [(c, kind) for c, kind in found if name in (c.coder_id, f"{kind}:{c.coder_id}")]
        if mine:
            return _preferred(mine, (*sources, *(kind for _, kind in mine)))
    others = _preferred(found, sources)
    # A stream that only one person coded has nothing to settle, whoever was named for the others.
    return others if not coders or len(others) == 1 else []


def _preferred(found: list[tuple[C, str]], sources: Sequence[str]) -> list[tuple[C, str]]:
    for source in sources:
        picked = [(coding, kind) for coding, kind in found if kind == source]
        if picked:
            return picked
    return []
