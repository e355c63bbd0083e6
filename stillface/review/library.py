"""The study at a glance: every session with its state, as a coder or as the lab's manager may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.errors import StillfaceError
from stillface.io.artefacts import load_state_track
from stillface.io.bundle import StudyFolder
from stillface.review.assignments import Assignment, read_assignments
from stillface.review.checkouts import LeftOut, checked_out, left_out_episodes
from stillface.review.episode_log import episode_events
from stillface.review.progress import (
    State,
    Stream,
    TrackProgress,
    read_progress,
    share_of_streams,
    streams_to_code,
)
from stillface.review.waiting import bring_in_waiting

__all__ = ["SIGNS", "Choice", "Library", "SessionEntry", "Task"]

# Sign and word: a state is never told by colour alone.
SIGNS: dict[State, str] = {
    "not started": "\u25cb",
    "in progress": "\u25d0",
    "coded": "\u25cf",
    "signed off": "\u2713",
    "changed since sign-off": "\u26a0",
    "damaged": "\u2717",
}
"""One sign for each state."""


@dataclass(frozen=True)
class SessionEntry:
    """One row of the browser.

    Parameters
    ----------
    session_id, dyad_id, visit_id, group : str
    tracks : tuple of TrackProgress
        What people coded; for a coder only their own.
    assignments : tuple of Assignment
    double : bool
        Coded by two people; coders are not told, since who knows is more careful.
    checked_out : tuple of str
        Who has it on another computer.
    warnings : tuple of str
    problem : str
        Why the session cannot be read; empty where it can.
    streams : tuple of Stream
        What is to be coded here; for a coder only what that coder is to code.
    """

    session_id: str
    dyad_id: str = ""
    visit_id: str = ""
    group: str = ""
    tracks: tuple[TrackProgress, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    double: bool = False
    checked_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: str = ""
    streams: tuple[Stream, ...] = ()

    @property
    def coders(self) -> tuple[str, ...]:
        """Who has coded here."""
        return tuple(sorted({track.coder for track in self.tracks}))

    @property
    def coded_share(self) -> float | None:
        """Of the analysed time of all that is to be coded; None where nobody has begun."""
        if not self.tracks:
            return None
        share = share_of_streams(self.streams, self.tracks)
        # Somebody who has nothing to code here coded all the same.
        return sum(t.coded_share for t in self.tracks) / len(self.tracks) if share is None else share

    @property
    def not_begun(self) -> tuple[Stream, ...]:
        """What is to be coded by anybody, and nobody has begun."""
        begun = {(t.role, t.scheme_id) for t in self.tracks}
        return tuple(s for s in self.streams if not s.coders and (s.role, s.scheme_id) not in begun)

    def state(self, coder: str | None = None) -> State:
        """Give the least advanced state of all streams begun or assigned, of one coder or of all.

        Of all, what is to be coded by anybody and is not begun counts, too.
        """
        tracks = [t for t in self.tracks if coder in (None, t.coder)]
        begun = {(t.coder, t.role, t.scheme_id) for t in tracks}
        states: list[State] = [t.state for t in tracks]
        for a in self.assignments:
            if coder in (None, a.coder) and (a.coder, a.role, a.scheme_id) not in begun:
                states.append("not started")
        if coder is None:
            states += ["not started"] * len(self.not_begun)
        if not states:
            return "not started"
        started = [state for state in states if state != "not started"]
        if started and "not started" in states:
            states = [*started, "in progress"]
        order = ("damaged", "changed since sign-off", "not started", "in progress", "coded", "signed off")
        return min(states, key=order.index)

    def seen_by(self, coder: str) -> SessionEntry:
        """Give the entry as a coder may see it: own work only, no group, nothing of a second coder."""
        given = any(stream.coders for stream in self.streams)
        own = (replace(s, coders=(coder,)) for s in self.streams if coder in s.coders)
        return replace(
            self,
            # Where nobody was given anything, everybody may have to code it all.
            streams=tuple(own) if given else self.streams,
            group="",
            tracks=tuple(t for t in self.tracks if t.coder == coder),
            assignments=tuple(replace(a, pass_no=0) for a in self.assignments if a.coder == coder),
            double=False,
            checked_out=tuple(name for name in self.checked_out if name == coder),
            warnings=tuple(w for w in self.warnings if not _names_a_coder(w) or w.startswith(f"{coder}: ")),
        )


def _names_a_coder(warning: str) -> bool:
    return ": " in warning


@dataclass(frozen=True)
class Task:
    """One thing to do next.

    Parameters
    ----------
    assignment : Assignment
    state : str
    coded_share : float
    """

    assignment: Assignment
    state: State
    coded_share: float = 0.0


@dataclass(frozen=True)
class Choice:
    """What is to be opened.

    Parameters
    ----------
    session_id : str
    role : str
        The only person to be seen; empty for both.
    blind : bool
        Hide the machine's codes.
    lane : (role, scheme_id), optional
        The lane to code first.
    pair : (role, scheme_id, first, second), optional
        Compare these two coders instead of coding.
    """

    session_id: str
    role: str = ""
    blind: bool = False
    lane: tuple[str, str] | None = None
    pair: tuple[str, str, str, str] | None = None


class Library:
    """Reads sessions one by one and keeps what has not changed on the disk.

    Parameters
    ----------
    study : StudyFolder
    viewer : str
        Who looks.
    manager : bool
        See everybody's work, and which sessions are coded twice.

    Attributes
    ----------
    brought_in : tuple of str
        What is to be told of edits that waited on this computer.
    """

    def __init__(self, study: StudyFolder, viewer: str, *, manager: bool = False) -> None:
        self.study, self.viewer, self.manager = study, viewer, manager
        self._entries: dict[str, tuple[tuple[object, ...], SessionEntry]] = {}
        self._assignments: tuple[Assignment, ...] = ()
        self._away: Mapping[str, tuple[str, ...]] = {}
        self._left_out: Mapping[str, tuple[LeftOut, ...]] = {}
        self.trouble = ""
        # What waits since the share was away comes in before anybody looks at how far things are.
        self.brought_in = bring_in_waiting(study)
        self.refresh()

    def refresh(self) -> None:
        """Look again at who was given what; a table that cannot be read is told in ``trouble``."""
        self.trouble = ""
        self._away, self._left_out = checked_out(self.study), left_out_episodes(self.study)
        try:
            self._assignments = read_assignments(self.study)
        except StillfaceError as error:
            self._assignments, self.trouble = (), str(error)

    @property
    def session_ids(self) -> tuple[str, ...]:
        """All sessions of the study."""
        return self.study.sessions()

    def entry(self, session_id: str) -> SessionEntry:
        """Give one session as the viewer may see it; a session that cannot be read says so itself."""
        left_out = self._left_out.get(session_id, ())
        mark = (*_marks(self.study, session_id), self._assignments, self._away.get(session_id), left_out)
        kept = self._entries.get(session_id)
        if kept is None or kept[0] != mark:
            kept = (mark, self._read(session_id))
            self._entries[session_id] = kept
        return kept[1] if self.manager else kept[1].seen_by(self.viewer)

    def _read(self, session_id: str) -> SessionEntry:
        assignments = tuple(a for a in self._assignments if a.session_id == session_id)
        try:
            session = self.study.load_session(session_id)
            tracks = read_progress(self.study, session)
            given = ((a.role, a.scheme_id, a.coder) for a in assignments)
            streams = streams_to_code(self.study, session, given)
            warnings = (
                *_warnings(self.study, session, tracks, assignments),
                *_still_left_out(self.study, session_id, self._left_out.get(session_id, ())),
            )
        except StillfaceError as error:
            return SessionEntry(session_id, assignments=assignments, problem=_plain(error, self.study.root))
        people = [self.study.study.person(person_id) for person_id in session.persons.values()]
        by_stream: dict[tuple[str, str], set[str]] = {}
        for track in tracks:
            if track.kind == "human":
                by_stream.setdefault((track.role, track.scheme_id), set()).add(track.coder)
        return SessionEntry(
            session_id,
            session.dyad_id,
            session.visit_id,
            next((person.group for person in people if person is not None and person.group), ""),
            tracks,
            assignments,
            session_id in self.study.reliability.sessions
            or any(a.pass_no == 2 for a in assignments)
            or any(len(coders) > 1 for coders in by_stream.values()),
            self._away.get(session_id, ()),
            warnings,
            streams=streams,
        )

    def entries(
        self,
        *,
        text: str = "",
        states: Iterable[State] = (),
        only_mine: bool = False,
        only_warned: bool = False,
    ) -> tuple[SessionEntry, ...]:
        """Give the sessions that pass a filter.

        Parameters
        ----------
        text : str
            Part of an id, a group or a coder's name, in any case.
        states : iterable of str
            Empty for all.
        only_mine : bool
            What the viewer was given or has begun.
        only_warned : bool
        """
        wanted = frozenset(states)
        found = (self.entry(session_id) for session_id in self.session_ids)
        return tuple(
            entry
            for entry in found
            if self.passes(entry, text, wanted, only_mine=only_mine, only_warned=only_warned)
        )

    def passes(
        self, entry: SessionEntry, text: str, states: frozenset[State], *, only_mine: bool, only_warned: bool
    ) -> bool:
        """Tell whether an entry passes the filter of :meth:`entries`."""
        words = (entry.session_id, entry.dyad_id, entry.visit_id, entry.group, *entry.coders)
        mine = {a.coder for a in entry.assignments} | set(entry.coders)
        return (
            (not text.strip() or any(text.strip().casefold() in word.casefold() for word in words))
            and (not states or entry.state() in states)
            and (not only_mine or self.viewer in mine)
            and (not only_warned or bool(entry.warnings or entry.problem))
        )

    @property
    def is_assigned(self) -> bool:
        """Whether the viewer was given anything."""
        return any(assignment.coder == self.viewer for assignment in self._assignments)

    def given_to_nobody(self, session_id: str) -> bool:
        """Tell whether nobody was given anything of a session."""
        return all(assignment.session_id != session_id for assignment in self._assignments)

    def given_to(self) -> tuple[str, ...]:
        """Give everybody who was given work, in the order of the table."""
        return tuple(dict.fromkeys(assignment.coder for assignment in self._assignments))

    def tasks(self, session_id: str = "") -> tuple[Task, ...]:
        """Give what the viewer was given, of one session or of all, and has not signed off, as dealt."""
        found = []
        for assignment in self._assignments:
            if assignment.coder != self.viewer or session_id not in ("", assignment.session_id):
                continue
            tracks = {(t.coder, t.role, t.scheme_id): t for t in self.entry(assignment.session_id).tracks}
            track = tracks.get((self.viewer, assignment.role, assignment.scheme_id))
            shown = assignment if self.manager else replace(assignment, pass_no=0)
            task = (
                Task(shown, "not started") if track is None else Task(shown, track.state, track.coded_share)
            )
            if task.state != "signed off":
                found.append(task)
        return tuple(found)


def _marks(study: StudyFolder, session_id: str) -> Iterable[object]:
    folder = study.session_dir(session_id)
    for path in (folder / "session.yaml", *sorted(folder.glob("codes/**/*"))):
        try:
            found = path.stat()
        except OSError:
            # Gone between the listing and the look: the next look sees it.
            continue
        yield path.name, found.st_size, found.st_mtime_ns


def _still_left_out(study: StudyFolder, session_id: str, left_out: tuple[LeftOut, ...]) -> Iterable[str]:
    """Give what to tell of episodes that a check-in left as they were, until somebody changes them."""
    if left_out:
        last = {event.change.episode_id: event.t for event in episode_events(study, session_id)}
        told = {left.episode_id: left.text for left in left_out if last.get(left.episode_id, "") <= left.t}
        yield from told.values()


def _plain(error: StillfaceError, root: Path) -> str:
    return str(error).replace(f"{root}/", "")


def _warnings(
    study: StudyFolder,
    session: Session,
    tracks: tuple[TrackProgress, ...],
    assignments: tuple[Assignment, ...],
) -> Iterable[str]:
    """Give one line each; what is about one coder begins with their name and a colon."""
    yield from session.duration_warnings()
    least = study.study.min_coverage
    for path in sorted(study.auto_dir(session.session_id).glob("*.h5")):
        track = load_state_track(path, study.scheme)
        share = _scorable_share(session, track)
        if share < least:
            yield f"the machine could see {track.role} {track.scheme.id} for {100 * share:.0f} % of the time"
    for progress in tracks:
        where = f"{progress.coder}: {progress.role} {progress.scheme_id}"
        if progress.problem:
            yield f"{where}, {progress.problem}"
        if progress.state in ("coded", "signed off") and progress.scorable_share < least:
            yield f"{where} is scorable for {100 * progress.scorable_share:.0f} % of the time"
    roles: dict[str, set[str]] = {}
    # Who reviews what the machine said of both has seen both, too.
    for coder, role in [(t.coder, t.role) for t in tracks if t.kind != "consensus"] + [
        (a.coder, a.role) for a in assignments
    ]:
        roles.setdefault(coder, set()).add(role)
    for coder, coded in sorted(roles.items()):
        if len(coded) > 1:
            yield f"{coder}: {' and '.join(sorted(coded))} by one person, not blind to the partner"


def _scorable_share(session: Session, track: StateTrack) -> float:
    parts = [
        track.clip(e.onset_ns, e.offset_ns)
        for e in session.episodes
        if session.protocol.episode(e.id).analyse
    ]
    total = sum(part.offset_ns - part.onset_ns for part in parts)
    return sum(p.scorable_ns for p in parts) / total if total else 0.0
