"""Reads as much of real ELAN and BORIS files as codes tables need: importers are no part of this yet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

HEAD = ("dyad_id", "session_id", "role", "scheme_id", "coder_id", "code", "onset_s", "offset_s")
EPISODES = ("session_id", "episode_id", "onset_s", "offset_s", "ended_by")
Span = tuple[int, int]


@dataclass(frozen=True)
class Coded:
    """Bouts of one person in one session, milliseconds and code, as they come from the file."""

    role: str
    bouts: tuple[tuple[int, int, str], ...]


def eaf_tier(path: Path, tier: str) -> list[tuple[int, int, str]]:
    """Give the aligned annotations of one tier in time order."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - our own copy of a public file
    times = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    found = []
    for holder in root.findall("TIER"):
        if holder.get("TIER_ID") == tier:
            for item in holder.iter("ALIGNABLE_ANNOTATION"):
                onset, offset = (times[item.get(f"TIME_SLOT_REF{k}")] for k in (1, 2))
                assert onset is not None
                assert offset is not None
                found.append((int(onset), int(offset), item.findtext("ANNOTATION_VALUE") or ""))
    return sorted(found)


def boris_states(path: Path, observation: str, subject: str, behaviour: str) -> list[Span]:
    """Pair the starts and stops of a state, which BORIS keeps as rows that take turns."""
    project = json.loads(path.read_text(encoding="utf-8"))
    times = sorted(
        round(1000 * row[0])
        for row in project["observations"][observation]["events"]
        if row[1:3] == [subject, behaviour]
    )
    assert len(times) % 2 == 0
    return list(zip(times[::2], times[1::2], strict=True))


def filled(spans: Iterable[Span], code: str, empty: str, whole: Span) -> tuple[tuple[int, int, str], ...]:
    """Give a stream that is coded throughout: a tool that marks only what happens coded the rest, too."""
    bouts = [(onset, offset, code) for onset, offset in spans]
    ends = [(whole[0], whole[0], ""), *bouts, (whole[1], whole[1], "")]
    rest = [(a[1], b[0], empty) for a, b in pairwise(ends) if b[0] > a[1]]
    return tuple(sorted(bouts + rest))


def write_tables(
    folder: Path, coder: str, scheme: str, sessions: dict[str, tuple[Span, list[Coded]]]
) -> tuple[Path, Path]:
    """Write the codes and the episodes table; each session is one episode TOY."""
    codes, episodes = folder / f"{coder}.csv", folder / "episodes.csv"
    with codes.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for session, (_, streams) in sessions.items():
            for stream in streams:
                for onset, offset, code in stream.bouts:
                    row = f"d_{session}", session, stream.role, scheme, coder, code
                    writer.writerow([*row, onset / 1000, offset / 1000])
    with episodes.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(EPISODES)
        for session, ((start, end), _) in sessions.items():
            writer.writerow([session, "TOY", start / 1000, end / 1000, "time"])
    return codes, episodes
