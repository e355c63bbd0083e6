"""The episodes table: when each episode of each session really was, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from stillface.domain.clock import ns_to_s
from stillface.domain.session import ENDED_BY, Episode
from stillface.errors import InputError
from stillface.io.tables import Table, read_table, write_table

__all__ = ["EPISODES_COLUMNS", "read_episodes", "write_episodes"]

EPISODES_COLUMNS = ("session_id", "episode_id", "onset_s", "offset_s", "ended_by")


def read_episodes(path: Path, known: Iterable[str]) -> dict[str, tuple[Episode, ...]]:
    """Read an episodes table.

    Parameters
    ----------
    path : Path
    known : iterable of str
        The protocol's episode ids.

    Returns
    -------
    dict of session_id to tuple of Episode
        In time order; ``ended_by`` is ``time`` where the table does not say.

    Raises
    ------
    InputError
        With file:line: an episode the protocol does not have, one without duration, one twice, or two that
        overlap.
    """
    table = read_table(path, EPISODES_COLUMNS[:4])
    onsets, offsets = table.times_ns("onset_s"), table.times_ns("offset_s")
    sessions, names = table.filled("session_id"), table.filled("episode_id")
    ended = [cell or "time" for cell in table.column("ended_by", "time")]
    allowed = tuple(known)
    rows_of: dict[str, list[int]] = {}
    for row, session in enumerate(sessions):
        _check_row(table, row, names[row], ended[row], allowed, int(onsets[row]), int(offsets[row]))
        rows_of.setdefault(session, []).append(row)
    result = {}
    for session, rows in rows_of.items():
        order = np.array(rows)[np.argsort(onsets[rows], kind="stable")].tolist()
        _check_session(table, session, order, onsets.tolist(), offsets.tolist())
        result[session] = tuple(
            Episode(names[row], int(onsets[row]), int(offsets[row]), ended[row]) for row in order
        )
    return result


def write_episodes(path: Path, sessions: Iterable[tuple[str, Iterable[Episode]]]) -> None:
    """Write an episodes table."""
    write_table(
        path,
        EPISODES_COLUMNS,
        (
            (session_id, e.id, ns_to_s(e.onset_ns), ns_to_s(e.offset_ns), e.ended_by)
            for session_id, episodes in sessions
            for e in episodes
        ),
    )


def _check_row(
    table: Table, row: int, name: str, ended_by: str, allowed: tuple[str, ...], onset: int, offset: int
) -> None:
    if name not in allowed:
        raise InputError(
            "an episode the protocol does not have",
            where=table.where(row),
            got=name,
            expected="one of " + ", ".join(allowed),
        )
    if ended_by not in ENDED_BY:
        raise InputError(
            "unknown ended_by", where=table.where(row), got=ended_by, expected=", ".join(ENDED_BY)
        )
    if offset <= onset:
        raise InputError(
            "an episode that does not last",
            where=table.where(row),
            got=f"onset {ns_to_s(onset)} s, offset {ns_to_s(offset)} s",
            expected="offset after onset",
        )


def _check_session(
    table: Table, session: str, order: list[int], onsets: list[int], offsets: list[int]
) -> None:
    seen: dict[str, int] = {}
    for before, row in zip([None, *order], order, strict=False):
        name = table.column("episode_id")[row]
        if name in seen:
            raise InputError(
                f"episode {name} of session {session} stands twice",
                where=table.where(row),
                expected=f"once, as at line {table.lines[seen[name]]}",
            )
        seen[name] = row
        if before is not None and onsets[row] < offsets[before]:
            raise InputError(
                f"overlaps the episode of line {table.lines[before]}",
                where=table.where(row),
                got=f"onset {ns_to_s(onsets[row])} s before its offset {ns_to_s(offsets[before])} s",
                expected="one episode at a time",
            )
