"""Who coded what in a study, and which streams are a person's own judgement from the start."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillface.domain.events import PointEvents
from stillface.domain.intervals import Intervals
from stillface.domain.session import Session
from stillface.domain.states import UNCODED, StateTrack
from stillface.errors import InputError
from stillface.io.artefacts import load_state_track
from stillface.io.bundle import StudyFolder
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import parse_log_name
from stillface.io.code_log_record import EDITS, Record
from stillface.io.human_codes import LOG_KINDS, read_people
from stillface.io.sign_offs import locked_tiers, sign_offs

__all__ = [
    "CoderEvents",
    "CoderStream",
    "Judged",
    "SessionStreams",
    "began_as_proposals",
    "inside_episodes",
    "own_judgement",
    "session_streams",
]

_WHOLE = 0.995
"""Who coded this share has coded it all: last frames are missed by a hair."""
_FEWEST = 5
_COPIED_SHARE = 0.5
_DECISIONS = "review:"


class Judged(ABC):
    """What one coder's work on one role and scheme has in common, whatever kind of codes it holds.

    Attributes
    ----------
    session_id : str
    edited : (str, str)
        Times of the first and the last edit, UTC; empty where no log tells.
    began_as : str, optional
        Why it is no coding from scratch, or None where it is one.
    """

    session_id: str
    edited: tuple[str, str]
    began_as: str | None

    @property
    @abstractmethod
    def codes(self) -> StateTrack | PointEvents:
        """What was coded."""

    @property
    def month(self) -> str:
        """``YYYY-MM`` of the last edit; empty where no log tells."""
        return self.edited[1][:7]

    @property
    def key(self) -> tuple[str, str]:
        """Role and scheme id."""
        return self.codes.role, self.codes.scheme.id

    @property
    def from_scratch(self) -> bool:
        """Whether a person coded it who saw no proposal."""
        return self.codes.source_kind == "human" and self.began_as is None


@dataclass(frozen=True, eq=False)
class CoderStream(Judged):
    """One coder's states of one role under one scheme in one session.

    Parameters
    ----------
    session_id, edited, began_as
        As :class:`Judged`.
    track : StateTrack
        ``human``, ``auto_reviewed`` or ``consensus``; of states only what lies inside the episodes.
    done : bool
        Signed off, or coded all through the episodes.
    """

    session_id: str
    track: StateTrack
    edited: tuple[str, str]
    began_as: str | None = None
    done: bool = True

    @property
    def codes(self) -> StateTrack:
        """The track."""
        return self.track


@dataclass(frozen=True, eq=False)
class CoderEvents(Judged):
    """One coder's events without duration of one role under one scheme in one session.

    Parameters
    ----------
    session_id, edited, began_as
        As :class:`Judged`; where no event was seen, ``edited`` is the sign-off.
    events : PointEvents
    """

    session_id: str
    events: PointEvents
    edited: tuple[str, str]
    began_as: str | None = None

    @property
    def codes(self) -> PointEvents:
        """The events."""
        return self.events


@dataclass(frozen=True, eq=False)
class SessionStreams:
    """All codings of one session.

    Parameters
    ----------
    people : tuple of CoderStream
        Every source but the machine's own.
    events : tuple of CoderEvents
        Events without duration, by people.
    """

    session: Session
    people: tuple[CoderStream, ...]
    events: tuple[CoderEvents, ...]
    auto: tuple[StateTrack, ...]
    warnings: tuple[str, ...]

    @property
    def from_scratch(self) -> tuple[CoderStream, ...]:
        """Streams of states of people who saw no proposal."""
        return tuple(stream for stream in self.people if stream.from_scratch)

    @property
    def points(self) -> tuple[CoderEvents, ...]:
        """Events without duration that people coded from scratch."""
        return tuple(stream for stream in self.events if stream.from_scratch)


def session_streams(folder: StudyFolder, session_id: str) -> SessionStreams:
    """Read a session's codings and what their logs tell of how they began.

    Raises
    ------
    InputError
        A session, log or proposal that cannot be read.
    """
    session, codes_dir = folder.load_session(session_id), folder.codes_dir(session_id)
    found = read_people(codes_dir, folder.scheme)
    auto = tuple(
        load_state_track(path, folder.scheme) for path in sorted(folder.auto_dir(session_id).glob("*.h5"))
    )
    logs = {kind: _logs(codes_dir / place) for kind, place in LOG_KINDS.items()}
    people = []
    for track in found.tracks:
        records = logs[track.source_kind].get(track.coder_id, [])
        why = (
            began_as_proposals(track, records, auto)
            if track.source_kind == "human"
            else None
            if track.source_kind == "consensus"
            else "it was made by reviewing proposals"
        )
        inside = inside_episodes(track, session)
        signed = f"{track.role}/{track.scheme.id}" in locked_tiers([records])
        done = signed or _coded_share(inside, session) >= _WHOLE
        people.append(CoderStream(session_id, inside, _edited(track, records), why, done))
    events = tuple(
        CoderEvents(
            session_id, points, _events_edited(points, records), _no_own_log(points.coder_id, records)
        )
        for points in found.points
        for records in (logs[points.source_kind].get(points.coder_id, []),)
    )
    return SessionStreams(session, tuple(people), events, auto, found.warnings)


def inside_episodes(track: StateTrack, session: Session) -> StateTrack:
    """Give a track with the time outside the analysed episodes uncoded.

    Ratings stay as they are: their units need not be episodes. So does a session that has no episodes.
    """
    spans = _spans(session)
    if track.scheme.type == "rating" or not len(spans):
        return track
    borders = np.concatenate((spans.onsets_ns, spans.offsets_ns))
    borders = borders[(borders > track.onset_ns) & (borders < track.offset_ns)]
    edges = np.union1d(track.edges_ns, borders)
    place = np.searchsorted(track.edges_ns, edges[:-1], side="right") - 1
    codes = np.where(spans.contains(edges[:-1]), track.codes[place], UNCODED).astype(track.codes.dtype)
    sure = None if track.confidence is None else track.confidence[place]
    return StateTrack(track.scheme, track.role, track.source, edges, codes, sure).merged()


def _spans(session: Session) -> Intervals:
    """Give the time of the episodes that are analysed."""
    spans = Intervals.empty()
    for episode in session.episodes:
        if session.protocol.episode(episode.id).analyse:
            spans = spans.union(Intervals(np.array([episode.onset_ns]), np.array([episode.offset_ns])))
    return spans


def _coded_share(inside: StateTrack, session: Session) -> float:
    """Give the coded share of the episodes, "unscorable" included; of no episodes 1."""
    total_ns = _spans(session).total_ns
    coded_ns = int(inside.durations_ns[inside.codes != UNCODED].sum())
    return coded_ns / total_ns if total_ns else 1.0


def began_as_proposals(
    track: StateTrack, records: Sequence[Record], auto: Sequence[StateTrack]
) -> str | None:
    """Tell why a stream under a coder's name is not that coder's own judgement, or None.

    A log is known by what stands in it, whatever its file is called: decisions on proposals, records in
    another coder's name, or bouts that are a machine's to the nanosecond. People set borders on frames
    too, but not both borders and the code of most bouts.
    """
    why = _no_own_log(track.coder_id, records)
    if why is not None:
        return why
    mine = _bouts(track)
    for proposal in auto:
        if (proposal.role, proposal.scheme.id) != (track.role, track.scheme.id) or len(mine) < _FEWEST:
            continue
        same = len(mine & _bouts(proposal))
        if same > _COPIED_SHARE * len(mine):
            return f"{same} of its {len(mine)} bouts are those of {proposal.source}, to the nanosecond"
    return None


def _no_own_log(coder: str, records: Sequence[Record]) -> str | None:
    """Tell why a log is not that of a coder who saw no proposal, or None."""
    if any(
        bout is not None and bout.tier.partition("/")[2].startswith(_DECISIONS)
        for record in records
        for bout in (record.bout, record.was)
    ):
        return "its log holds decisions on proposals"
    others = sorted({record.who for record in records} - {coder})
    return f"its log was written in the name of {', '.join(others)}" if others else None


def own_judgement(stream: CoderStream) -> StateTrack:
    """Give the track of a person who coded from scratch.

    Raises
    ------
    InputError
        The stream began as a machine's proposals: it may be compared with a person as validity, and never
        stand for a person in human-human reliability.
    """
    track = stream.track
    why = stream.began_as if track.source_kind != "auto" else "it is a machine's proposal"
    if why is not None:
        raise InputError(
            f"refused in human-human reliability: {why}",
            where=f"session {stream.session_id}, {track.role}/{track.scheme.id}",
            got=track.source,
            expected="codes that a person set without seeing proposals",
            fix="have a coder code it from scratch; machine against person is reported as validity",
        )
    return track


def _bouts(track: StateTrack) -> set[tuple[int, int, int]]:
    """Every coded stretch, gap codes included."""
    merged = track.merged()
    coded = np.flatnonzero(merged.codes != UNCODED)
    onsets, offsets = merged.edges_ns[:-1][coded].tolist(), merged.edges_ns[1:][coded].tolist()
    return set(zip(onsets, offsets, merged.codes[coded].tolist(), strict=True))


def _logs(codes_dir: Path) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for path in sorted(codes_dir.glob("*.jsonl")):
        name = parse_log_name(path)
        if name is not None:
            found.setdefault(name[0], []).extend(read_log(path)[0])
    return found


def _edited(codes: StateTrack | PointEvents, records: Sequence[Record]) -> tuple[str, str]:
    tier = f"{codes.role}/{codes.scheme.id}"
    times = [
        record.t
        for record in records
        if record.op in EDITS and any(b is not None and b.tier == tier for b in (record.bout, record.was))
    ]
    return (min(times), max(times)) if times else ("", "")


def _events_edited(events: PointEvents, records: Sequence[Record]) -> tuple[str, str]:
    """Give first and last edit; who saw no event has said so by signing off."""
    edited = _edited(events, records)
    if edited[1]:
        return edited
    signed = sign_offs([records]).get(f"{events.role}/{events.scheme.id}")
    return ("", "") if signed is None else (signed.t, signed.t)
