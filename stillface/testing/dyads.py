"""Random dyads with known transitions, for tests and for practice: seeded, any size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from stillface.domain.clock import NS_PER_S, ns_to_s
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack
from stillface.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillface.domain.scheme import CodingScheme

__all__ = ["RandomTrack", "code_rows", "episode_rows", "random_episodes", "random_track"]


@dataclass(frozen=True, eq=False)
class RandomTrack:
    """A random state track and what is known of it by construction.

    Attributes
    ----------
    track : StateTrack
    transitions : dict of (str, str) to int
        How often a code followed another directly; none across a gap.
    time_ns : dict of str to int
        Time in each code, gap codes included; codes that never occur are absent.
    """

    track: StateTrack
    transitions: dict[tuple[str, str], int]
    time_ns: dict[str, int]


def random_track(
    scheme: CodingScheme,
    role: str,
    rng: np.random.Generator,
    *,
    onset_ns: int = 0,
    offset_ns: int = 120 * NS_PER_S,
    mean_bout_s: float = 4.0,
    gap_share: float = 0.1,
    step_ns: int = NS_PER_S // 100,
    source: str = "human:AB",
) -> RandomTrack:
    """Draw bouts one after the other, each of a code that differs from the one before.

    Parameters
    ----------
    scheme : CodingScheme
        Needs at least two codes that are no gap.
    role : str
    rng : numpy.random.Generator
        The only source of chance.
    onset_ns, offset_ns : int
        Stretch to fill.
    mean_bout_s : float
        Mean of the exponential bout length, before rounding up to `step_ns`.
    gap_share : float
        Chance that a bout is a gap: the scheme's own gap codes and uncoded time by turns.
    step_ns : int
        Grid of the borders.
    source : str

    Raises
    ------
    FieldError
        Fewer than two scorable codes, or an empty stretch.
    """
    scorable = [code.id for code in scheme.codes if not code.gap]
    gaps = [code.id for code in scheme.codes if code.gap]
    where = f"random_track[{scheme.id}]"
    if len(scorable) < 2:
        raise FieldError(
            "too few codes", where=where, got=len(scorable), expected="at least 2 that are no gap"
        )
    if offset_ns - onset_ns < step_ns:
        raise FieldError("empty stretch", where=where, got=offset_ns, expected="an offset after the onset")
    borders = _borders(rng, onset_ns, offset_ns, mean_bout_s, step_ns)
    drawn = _codes(rng, len(borders) - 1, scorable, gaps, gap_share)
    bouts = [(*span, code) for span, code in zip(pairwise(borders), drawn, strict=True) if code is not None]
    time_ns: Counter[str] = Counter()
    for onset, offset, code in bouts:
        time_ns[code] += offset - onset
    known = set(scorable)
    follows = Counter(
        (a, b) for a, b in pairwise(drawn) if a is not None and b is not None and {a, b} <= known
    )
    times = np.array([bout[:2] for bout in bouts], np.int64).reshape(-1, 2)
    codes = [code for _, _, code in bouts]
    span = (onset_ns, offset_ns)
    track = StateTrack.from_bouts(scheme, role, source, times[:, 0], times[:, 1], codes, span)
    return RandomTrack(track, dict(follows), dict(time_ns))


def _codes(
    rng: np.random.Generator, n: int, scorable: list[str], gaps: list[str], gap_share: float
) -> list[str | None]:
    """Draw a code for each bout, None for uncoded time; no scorable code follows itself directly."""
    drawn: list[str | None] = []
    before: str | None = None
    for _ in range(n):
        if rng.random() < gap_share:
            drawn.append(str(rng.choice(gaps)) if gaps and rng.random() < 0.5 else None)
            before = None
        else:
            before = str(rng.choice([code for code in scorable if code != before]))
            drawn.append(before)
    return drawn


def _borders(
    rng: np.random.Generator, onset_ns: int, offset_ns: int, mean_bout_s: float, step_ns: int
) -> list[int]:
    """Draw the borders of bouts that fill the stretch."""
    borders = [onset_ns]
    while borders[-1] < offset_ns:
        steps = int(rng.exponential(mean_bout_s) * NS_PER_S) // step_ns + 1
        borders.append(min(borders[-1] + steps * step_ns, offset_ns))
    return borders


def random_episodes(
    rng: np.random.Generator,
    ids: tuple[str, ...] = ("PL", "SF", "RE"),
    *,
    nominal_s: float = 120.0,
    break_s: float = 5.0,
) -> tuple[Episode, ...]:
    """Draw episodes in order, each within 10 % of its nominal length, with breaks between them."""
    episodes = []
    at = int(rng.integers(0, 30)) * NS_PER_S
    for episode_id in ids:
        length = int(nominal_s * rng.uniform(0.9, 1.1) * 1000) * (NS_PER_S // 1000)
        episodes.append(Episode(episode_id, at, at + length))
        at += length + int(rng.uniform(0.0, 2.0 * break_s) * 1000) * (NS_PER_S // 1000)
    return tuple(episodes)


def code_rows(track: StateTrack, *, dyad_id: str, session_id: str) -> Iterator[dict[str, object]]:
    """Give a track as rows of a codes table (DESIGN, codes table); uncoded time has no row."""
    merged = track.merged()
    for onset, offset, code in zip(
        merged.edges_ns[:-1].tolist(), merged.edges_ns[1:].tolist(), merged.codes.tolist(), strict=True
    ):
        if code >= 0:
            yield {
                "dyad_id": dyad_id,
                "session_id": session_id,
                "role": track.role,
                "scheme_id": track.scheme.id,
                "coder_id": track.coder_id,
                "code": track.scheme.code_ids[code],
                "onset_s": ns_to_s(onset),
                "offset_s": ns_to_s(offset),
            }


def episode_rows(episodes: tuple[Episode, ...], *, session_id: str) -> Iterator[dict[str, object]]:
    """Give episodes as rows of an episodes table."""
    for episode in episodes:
        yield {
            "session_id": session_id,
            "episode_id": episode.id,
            "onset_s": ns_to_s(episode.onset_ns),
            "offset_s": ns_to_s(episode.offset_ns),
            "ended_by": episode.ended_by,
        }
