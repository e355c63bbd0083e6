"""Joining the files into which a camera split one recording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from stillface.domain.clock import NS_PER_S, FrameClock
from stillface.errors import InputError
from stillface.video.index import VideoIndex

__all__ = ["Join", "join_clocks", "measure_joins"]

# Beyond this the files are two recordings, or in the wrong order.
_MAX_GAP_NS = 3600 * NS_PER_S
# Creation times are whole seconds at both ends.
_CREATION_SLACK_NS = 2 * NS_PER_S
_DAY_S = 24 * 3600
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;])(\d\d)")


@dataclass(frozen=True)
class Join:
    """Where one chapter ends and the next begins.

    Parameters
    ----------
    before, after : str
        File names.
    frame : int
        First frame of the next chapter in the joined film.
    gap_ns : int
        Time between the end of one and the start of the next; negative where they overlap.
    method : {'timecode', 'creation_time', 'assumed'}
        How the gap was measured. A time code is exact to the frame; creation times are whole
        seconds, so that a gap below two seconds counts as none; ``assumed`` means that the files
        say nothing usable and are taken to follow without a gap.
    n_repeated : int
        Frames at the next chapter's start that the one before already holds, and that are left out.
    """

    before: str
    after: str
    frame: int
    gap_ns: int
    method: str
    n_repeated: int = 0


def measure_joins(files: Sequence[Path], indexes: Sequence[VideoIndex]) -> tuple[Join, ...]:
    """Measure every join of a film's chapters.

    Raises
    ------
    InputError
        The chapters differ in size or orientation, are out of order, or lie more than an hour apart.
    """
    joins = []
    n_frames = indexes[0].n_frames
    for k in range(1, len(files)):
        before, after = indexes[k - 1], indexes[k]
        _refuse_unlike(files[k - 1], before, files[k], after)
        gap_ns, method = _gap(before, after)
        if gap_ns > _MAX_GAP_NS or gap_ns < -before.clock.duration_ns:
            raise InputError(
                f"not the chapter that follows {files[k - 1].name}",
                where=files[k].name,
                got=f"a gap of {gap_ns / NS_PER_S:.0f} s by {method}",
                expected="under an hour",
                fix="list the files in the order of recording, or declare two recordings",
            )
        n_repeated = _n_repeated(after, gap_ns, files[k])
        joins.append(Join(files[k - 1].name, files[k].name, n_frames, gap_ns, method, n_repeated))
        n_frames += after.n_frames - n_repeated
    return tuple(joins)


def _n_repeated(after: VideoIndex, gap_ns: int, path: Path) -> int:
    if gap_ns >= 0:
        return 0
    onsets = after.clock.edges_ns[:-1] - after.clock.edges_ns[0]
    # Half a frame of rounding must not cost a frame.
    half = int(np.median(np.diff(after.clock.edges_ns))) // 2
    n_repeated = int(np.searchsorted(onsets, -gap_ns - half))
    if n_repeated >= after.n_frames:
        raise InputError(
            "the chapter holds nothing that the one before does not",
            where=path.name,
            got=f"an overlap of {-gap_ns / NS_PER_S:.3f} s",
            fix="leave it out, or list the files in the order of recording",
        )
    return n_repeated


def _refuse_unlike(before_path: Path, before: VideoIndex, path: Path, index: VideoIndex) -> None:
    for name in ("size_px", "stored_size_px", "orientation"):
        got, expected = getattr(index, name), getattr(before, name)
        if got != expected:
            raise InputError(
                f"not a chapter of the same recording as {before_path.name}: {name} differs",
                where=path.name,
                got=got,
                expected=expected,
                fix="declare the files as separate recordings",
            )


def _gap(before: VideoIndex, after: VideoIndex) -> tuple[int, str]:
    """Give the gap and how it was measured."""
    # Some cameras stamp every chapter with the recording's own start: then it tells nothing.
    if before.timecode and after.timecode and before.timecode != after.timecode:
        gap_ns = _timecode_gap_ns(before, after)
        if gap_ns is not None:
            return gap_ns, "timecode"
    if before.creation_time and after.creation_time and before.creation_time != after.creation_time:
        began, next_began = (_moment(index.creation_time) for index in (before, after))
        if began is not None and next_began is not None:
            step_ns = round((next_began - began).total_seconds()) * NS_PER_S
            gap_ns = step_ns - before.clock.duration_ns
            if abs(gap_ns) <= _CREATION_SLACK_NS:
                return 0, "creation_time"
            # An earlier or later file is told apart; times written by a converter, closer
            # together than the film is long, tell nothing.
            if gap_ns > 0 or step_ns < 0:
                return gap_ns, "creation_time"
    return 0, "assumed"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=None)


def _timecode_gap_ns(before: VideoIndex, after: VideoIndex) -> int | None:
    period_ns = int(np.median(np.diff(before.clock.edges_ns)))
    per_s = round(NS_PER_S / period_ns)
    began, next_began = (_timecode_frames(index.timecode, per_s) for index in (before, after))
    if began is None or next_began is None:
        return None
    day = _DAY_S * per_s
    n_between = (next_began - began) % day
    if n_between > day // 2:
        n_between -= day
    # The exact mean period: a rounded one drifts by a frame an hour.
    mean_ns = before.clock.duration_ns / before.n_frames
    return round((n_between - before.n_frames) * mean_ns)


def _timecode_frames(text: str, per_s: int) -> int | None:
    match = _TIMECODE.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, frames = (int(match[k]) for k in (1, 2, 3, 5))
    minutes += 60 * hours
    count = (minutes * 60 + seconds) * per_s + frames
    if match[4] == ";":
        # Drop-frame leaves out two numbers (at 30/s) each minute but every tenth.
        count -= (per_s // 15) * (minutes - minutes // 10)
    return count


def join_clocks(indexes: Sequence[VideoIndex], joins: Sequence[Join]) -> FrameClock:
    """Put the chapters on one clock: the first keeps its times, the others follow by their gaps.

    Over a gap the last frame before it stays on screen, as a player would show it; ``joins`` tells.
    """
    if not joins:
        return indexes[0].clock
    parts = [indexes[0].clock.edges_ns]
    for index, join in zip(indexes[1:], joins, strict=True):
        edges = index.clock.edges_ns
        begins_ns = int(parts[-1][-1]) + join.gap_ns
        moved = edges - edges[0] + begins_ns
        kept = moved[join.n_repeated :]
        if join.n_repeated:
            # Rounding of the overlap: the first frame that is new begins where the last one ended.
            kept = np.concatenate([[int(parts[-1][-1])], kept[1:]])
        parts.append(kept)
    onsets = [part[:-1] for part in parts]
    return FrameClock(np.concatenate([*onsets, parts[-1][-1:]]))
