"""A session: one visit of one dyad through one protocol, and what is known of it so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from stillface.domain import refuse
from stillface.domain.clock import NS_PER_S, ns_to_s
from stillface.domain.events import BeatSeries, PointEvents
from stillface.domain.protocol import Protocol
from stillface.domain.recording import Recording, Signal, SignalRecording, VideoRecording
from stillface.domain.states import StateTrack
from stillface.errors import FieldError

__all__ = ["ENDED_BY", "Episode", "Session"]

ENDED_BY = ("time", "stop_rule", "caregiver", "experimenter", "technical")


@dataclass(frozen=True)
class Episode:
    """An episode as it really happened, ``[onset, offset)`` on the session clock."""

    id: str
    onset_ns: int
    offset_ns: int
    ended_by: str = "time"

    def __post_init__(self) -> None:
        owner = f"Episode[{self.id}]"
        refuse.identifier("Episode", "id", self.id)
        onset = refuse.times_ns(owner, "onset_ns", self.onset_ns)
        offset = refuse.times_ns(owner, "offset_ns", self.offset_ns)
        refuse.one_of(owner, "ended_by", self.ended_by, ENDED_BY)
        if offset <= onset:
            raise FieldError(
                "an episode must last",
                where=f"{owner}.offset_ns",
                got=f"{ns_to_s(onset)} to {ns_to_s(offset)} s",
                expected="offset after onset",
            )

    @property
    def duration_ns(self) -> int:
        """Actual duration."""
        return self.offset_ns - self.onset_ns


@dataclass(frozen=True, eq=False)
class Session:
    """Everything known of one session; each step gives a new one with more in it.

    Parameters
    ----------
    session_id, dyad_id : str
    protocol : Protocol
    episodes : tuple of Episode
        As they happened, in time order, not overlapping.
    persons : mapping of role to person_id
    visit_id : str
    recordings : tuple of Recording
    tracks, signals, beats
        Artefacts of the steps.
    points : tuple of PointEvents
        Coded events to be measured: one stream per role and scheme.
    covariates : mapping of str to str
    """

    session_id: str
    dyad_id: str
    protocol: Protocol
    episodes: tuple[Episode, ...]
    persons: Mapping[str, str] = field(default_factory=dict)
    visit_id: str = ""
    recordings: tuple[Recording, ...] = ()
    tracks: tuple[StateTrack, ...] = ()
    signals: tuple[Signal, ...] = ()
    beats: tuple[BeatSeries, ...] = ()
    points: tuple[PointEvents, ...] = ()
    covariates: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        owner = f"Session[{self.session_id}]"
        refuse.identifier("Session", "session_id", self.session_id)
        refuse.identifier(owner, "dyad_id", self.dyad_id)
        refuse.unique(owner, "episodes", (episode.id for episode in self.episodes))
        refuse.unique(owner, "recordings", (recording.id for recording in self.recordings))
        known = tuple(spec.id for spec in self.protocol.episodes)
        for episode in self.episodes:
            refuse.one_of(owner, "episodes", episode.id, known)
        for earlier, later in zip(self.episodes, self.episodes[1:], strict=False):
            if later.onset_ns < earlier.offset_ns:
                raise FieldError(
                    "episodes overlap or are out of order",
                    where=f"{owner}.episodes[{later.id}]",
                    got=f"onset {ns_to_s(later.onset_ns)} s before {earlier.id} ends at "
                    f"{ns_to_s(earlier.offset_ns)} s",
                    expected="each episode after the one before",
                )
        for role in self.persons:
            refuse.one_of(owner, "persons", role, self.protocol.role_ids)
        refuse.unique(owner, "points", (f"{p.role}/{p.scheme.id}" for p in self.points))

    @property
    def videos(self) -> tuple[VideoRecording, ...]:
        """The films."""
        return tuple(r for r in self.recordings if isinstance(r, VideoRecording))

    @property
    def channels(self) -> tuple[SignalRecording, ...]:
        """The physiological channels."""
        return tuple(r for r in self.recordings if isinstance(r, SignalRecording))

    def episode(self, episode_id: str) -> Episode | None:
        """Give the episode as it happened, or None where it was not run."""
        return next((episode for episode in self.episodes if episode.id == episode_id), None)

    def with_tracks(self, tracks: Iterable[StateTrack]) -> Session:
        """Give a new session with these state tracks added beside those it has."""
        return replace(self, tracks=(*self.tracks, *tracks))

    def with_points(self, points: Iterable[PointEvents]) -> Session:
        """Give a new session with these coded events added beside those it has."""
        return replace(self, points=(*self.points, *points))

    def with_signals(self, signals: Iterable[Signal], beats: Iterable[BeatSeries] = ()) -> Session:
        """Give a new session with these signals and beats added."""
        return replace(self, signals=(*self.signals, *signals), beats=(*self.beats, *beats))

    def duration_warnings(self) -> tuple[str, ...]:
        """Name the episodes whose real duration leaves the protocol's tolerance, and those missing."""
        lines = []
        for spec in self.protocol.episodes:
            episode = self.episode(spec.id)
            if episode is None:
                if not spec.optional and spec.analyse:
                    lines.append(f"episode {spec.id} was not run")
                continue
            if spec.nominal_s is None:
                continue
            off_s = episode.duration_ns / NS_PER_S - spec.nominal_s
            if abs(off_s) > spec.tolerance_s:
                lines.append(
                    f"episode {spec.id} lasted {ns_to_s(episode.duration_ns):g} s, "
                    f"planned {spec.nominal_s:g} s (tolerance {spec.tolerance_s:g} s)"
                )
        return tuple(lines)
