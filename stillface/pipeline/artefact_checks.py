"""Checks of what the steps and the coders left in a session: coverage, hearts, codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from stillface.domain.events import BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.recording import Signal, SignalRecording
from stillface.domain.session import Session
from stillface.domain.states import UNCODED, StateTrack
from stillface.errors import StillfaceError
from stillface.io.artefacts import load_beats, load_signal, load_state_track
from stillface.io.bundle import StudyFolder
from stillface.io.human_beats import beats_tier, correct_beats, read_beat_edits
from stillface.io.human_codes import CodedByPeople, read_people
from stillface.pipeline.accept import accepted_films
from stillface.pipeline.faces_seen import seen_face, track_places
from stillface.pipeline.findings import Finding
from stillface.pipeline.session_checks import role_words

__all__ = [
    "Codings",
    "code_findings",
    "coverage_findings",
    "heart_findings",
    "read_codings",
]

LOW_COVERAGE = 0.8
"""Below it, a warning (SPEC 0)."""


@dataclass(frozen=True)
class Codings:
    """What people and the machine have coded of one session."""

    people: CodedByPeople
    machine: tuple[StateTrack, ...]

    @property
    def coders(self) -> tuple[str, ...]:
        """Everybody who coded, sorted."""
        return tuple(sorted({track.coder_id for track in self.people.tracks}))

    @property
    def streams(self) -> frozenset[tuple[str, str]]:
        """Role and scheme id of everything that somebody, or the machine, coded."""
        return frozenset((track.role, track.scheme.id) for track in (*self.people.tracks, *self.machine))

    def coded_shares(self, session: Session, streams: int) -> dict[str, float]:
        """Give each person's coded time, "unscorable" included, as a share of all streams' episodes.

        Hand codes and reviewed proposals of one stream count once.
        """
        total_ns = streams * sum(episode.duration_ns for episode in session.episodes)
        spans = [_span(episode.onset_ns, episode.offset_ns) for episode in session.episodes]
        held = reduce(Intervals.union, spans, Intervals.empty())
        shares = {}
        for coder in self.coders:
            by_stream: dict[tuple[str, str], Intervals] = {}
            for track in self.people.tracks:
                if track.coder_id == coder:
                    key = (track.role, track.scheme.id)
                    by_stream[key] = by_stream.get(key, Intervals.empty()).union(_coded(track))
            coded_ns = sum(coded.intersect(held).total_ns for coded in by_stream.values())
            shares[coder] = min(coded_ns / total_ns, 1.0) if total_ns else 0.0
        return shares

    def unreviewed(self, session: Session) -> tuple[float | None, tuple[str, ...]]:
        """Give the share of machine-coded time that no person coded, and the streams that nobody began.

        The share is None where the machine coded nothing.
        """
        alone, total_ns, open_ns = [], 0, 0
        for track in self.machine:
            mine = [p for p in self.people.tracks if (p.role, p.scheme.id) == (track.role, track.scheme.id)]
            if not mine:
                alone.append(f"{track.role}/{track.scheme.id}")
            coded = reduce(Intervals.union, map(_coded, mine), Intervals.empty())
            for episode in session.episodes:
                part = track.clip(episode.onset_ns, episode.offset_ns)
                proposed = Intervals.from_mask(part.edges_ns, part.scorable)
                total_ns += proposed.total_ns
                open_ns += proposed.minus(coded).total_ns
        return open_ns / total_ns if total_ns else None, tuple(alone)


def _span(onset_ns: int, offset_ns: int) -> Intervals:
    return Intervals(np.array([onset_ns], np.int64), np.array([offset_ns], np.int64))


def _coded(track: StateTrack) -> Intervals:
    """Give the time to which a person gave any code, "uncodable" among them."""
    return Intervals.from_mask(track.edges_ns, track.codes != UNCODED)


def read_codings(folder: StudyFolder, session: Session) -> Codings:
    """Read all logs and proposals of a session; raises InputError on a damaged proposal."""
    people = read_people(folder.codes_dir(session.session_id), folder.scheme)
    files = sorted(folder.auto_dir(session.session_id).glob("*.h5"))
    return Codings(people, tuple(load_state_track(path, folder.scheme) for path in files))


def code_findings(folder: StudyFolder, session: Session) -> list[Finding]:
    """Look for damaged logs, for one coder in both roles, and for what nobody has reviewed."""
    where = session.session_id
    try:
        codings = read_codings(folder, session)
    except StillfaceError as error:
        return [Finding("problem", where, str(error))]
    found = [
        Finding("problem", where, line, "stillface verify says more") for line in codings.people.warnings
    ]
    for coder in codings.coders:
        roles = sorted({track.role for track in codings.people.tracks if track.coder_id == coder})
        if len(roles) > 1:
            text = f"{coder} coded {' and '.join(roles)}: not blind to the partner"
            found.append(Finding("warning", where, text))
        if coder not in folder.study.coders:
            found.append(Finding("note", where, f"{coder} coded and is not among the coders of study.yaml"))
    found += accepted_films(folder, where)
    words = [line for track in codings.people.tracks for line in role_words(track.scheme, track.role)]
    words += [line for events in codings.people.points for line in role_words(events.scheme, events.role)]
    found += [Finding("warning", where, line) for line in dict.fromkeys(words)]
    share, alone = codings.unreviewed(session)
    if share:
        text = f"{100 * share:.0f} % of machine-coded time is unreviewed"
        if alone:
            text += f"; nobody has begun {', '.join(alone)}"
        found.append(Finding("note", where, text))
    return found


def coverage_findings(folder: StudyFolder, session: Session) -> list[Finding]:
    """Name the episodes in which a person's face was codable for too little of the time."""
    found: list[Finding] = []
    for role, recording_id, path in track_places(folder, session):
        try:
            shares = seen_face(role, recording_id, path).by_episode(session)
        except StillfaceError as error:
            found.append(Finding("problem", session.session_id, str(error)))
            continue
        low = [f"{name} {100 * share:.0f} %" for name, share in shares.items() if share < LOW_COVERAGE]
        if low:
            text = (
                f"{role}: face codable in {', '.join(low)} of the time (less than {100 * LOW_COVERAGE:.0f} %)"
            )
            found.append(Finding("warning", f"{session.session_id}/{recording_id}", text))
    return found


def heart_findings(folder: StudyFolder, session: Session) -> list[Finding]:
    """Look for implausible hearts: a wrong rate, a wrong role, noise; in the beats that stand.

    Where several people corrected one channel, each one's beats are judged: which of them counts is said
    when the study is analysed.
    """
    from stillface.physio.analyse import heart_warnings
    from stillface.physio.epochs import heart_rate_bpm
    from stillface.physio.params import HeartParams

    found: list[Finding] = []
    rates_bpm: dict[str, float] = {}
    for channel in session.channels:
        path = folder.signals_dir(session.session_id) / f"{channel.id}.h5"
        beats_path = path.with_name(f"{channel.id}.beats.h5")
        if channel.signal != "ecg" or not (path.exists() and beats_path.exists()):
            continue
        place = f"{session.session_id}/{channel.id}"
        try:
            signal, params = load_signal(path), HeartParams.for_role(channel.role)
            standing = _standing_beats(folder, session, channel, load_beats(beats_path), signal)
            lines = [(who, line) for who, beats in standing for line in heart_warnings(signal, beats, params)]
        except StillfaceError as error:
            found.append(Finding("problem", place, str(error)))
            continue
        found += [Finding("warning", place, line.partition(": ")[2] + who) for who, line in lines]
        beats = standing[0][1]
        if beats.times_ns.size > 1:
            rates_bpm[channel.role] = heart_rate_bpm(float(np.median(np.diff(beats.times_ns))) / 1e6)
    return [*found, *_swapped_hearts(session, rates_bpm)]


def _standing_beats(
    folder: StudyFolder, session: Session, channel: SignalRecording, machine: BeatSeries, signal: Signal
) -> list[tuple[str, BeatSeries]]:
    """Give a channel's beats as they stand, with who corrected them; the machine's own where nobody did."""
    people = read_beat_edits(folder.codes_dir(session.session_id), beats_tier(channel))
    return [
        (
            f" (beats as {person.coder} corrected them)",
            correct_beats(machine, person.entries, signal.clock_map, person.coder).beats,
        )
        for person in people
    ] or [("", machine)]


def _swapped_hearts(session: Session, rates_bpm: dict[str, float]) -> Sequence[Finding]:
    focal = session.protocol.focal_role
    if focal not in ("infant", "child") or focal not in rates_bpm:
        return ()
    return tuple(
        Finding(
            "warning",
            session.session_id,
            f"the {focal}'s heart beats {rates_bpm[focal]:.0f} per min, the {role}'s {rate:.0f}: swapped?",
            "check the roles of the signals",
        )
        for role, rate in rates_bpm.items()
        if role != focal and rate >= rates_bpm[focal]
    )
