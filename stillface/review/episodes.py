"""Episodes as they happened: set, dragged, checked against the protocol, logged, and kept in session.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from stillface.domain.clock import NS_PER_S
from stillface.domain.protocol import StopRule
from stillface.domain.session import Episode, Session
from stillface.errors import StillfaceError, StorageError, UsageError
from stillface.io import errands
from stillface.io.bundle import StudyFolder
from stillface.io.errands import Errands, NoAnswerError, answer
from stillface.review.document import Document
from stillface.review.episode_log import Change, EpisodeLog, apply, changes
from stillface.review.lanes import Lane
from stillface.review.signals import Signal

__all__ = ["EpisodeEditor", "StopSuggestion", "stop_suggestions"]

T = TypeVar("T")
_UNTIMED_NS = 60 * NS_PER_S
# Another program may have session.yaml for two seconds before the share itself has to answer.
_ANSWERS = 3
_SILENCE = "the study's disk or share does not answer: whether your change arrives shows when it does"
_PREFERRED = ("human", "consensus", "auto_reviewed", "auto")


@dataclass(frozen=True)
class StopSuggestion:
    """A stop rule of the protocol was met; a person decides.

    Parameters
    ----------
    episode_id : str
    met_ns : int
        When it was met first.
    text : str
        Rule, source of the codes, and what no code can tell.
    """

    episode_id: str
    met_ns: int
    text: str


class EpisodeEditor:
    """Changes the episodes of one session; every change is on the disk before the call returns.

    Who changed what, when, from what to what is in a log of its own, and can be taken back in a later
    sitting. Episodes are everybody's: where somebody else changed them since they were read here, a change
    is refused and the new state shown. A share that does not answer is waited for a few seconds; what arrives
    there later is taken over, or told, with the next change.

    Parameters
    ----------
    study : StudyFolder
    document : Document
        Its session follows.

    Attributes
    ----------
    changed : Signal
        Called without arguments.
    """

    def __init__(self, study: StudyFolder, document: Document) -> None:
        self._study, self._document = study, document
        self._log = EpisodeLog(study, document.session.session_id, document.coder, document.install)
        self._errands, self._wait_s = Errands(), _ANSWERS * errands.ANSWER_S
        self._asked: Future[Any] | None = None
        document.closed.connect(self._close)
        self.changed: Signal[[]] = Signal()

    def _ask(self, call: Callable[[], T]) -> T:
        """Do something in the study's folder; raises what it raises, or NoAnswerError where it takes long."""
        if self._asked is not None and not self._asked.done():
            raise NoAnswerError(_SILENCE)
        self._asked = asked = self._errands.send(call)
        return answer(asked, self._wait_s, _SILENCE)

    def _close(self) -> None:
        # After what is under way: until then nobody else may have the log.
        closing = self._errands.send(self._log.close)
        with suppress(NoAnswerError):
            answer(closing, errands.ANSWER_S, _SILENCE)

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """As they stand."""
        return self._document.session.episodes

    def place(self, episode_id: str, time_ns: int) -> None:
        """Put an episode that is not there yet at a time, as long as the protocol plans it.

        Raises
        ------
        UsageError
            It is there already, or another episode is.
        FieldError, StorageError
            As :meth:`set`.
        """
        if self._document.session.episode(episode_id) is not None:
            raise UsageError("this episode is there already", got=episode_id)
        planned_s = self._document.session.protocol.episode(episode_id).nominal_s
        planned_ns = _UNTIMED_NS if planned_s is None else round(planned_s * NS_PER_S)
        onset_ns = self._document.grid.snap(time_ns)
        for other in self.episodes:
            if other.onset_ns <= onset_ns < other.offset_ns:
                raise UsageError(f"{other.id} is here", got=episode_id, fix="go to where nothing is")
        later = [other.onset_ns for other in self.episodes if other.onset_ns > onset_ns]
        limit_ns = min([*later, self._document.grid.span_ns[1]])
        self.set(episode_id, onset_ns, min(self._document.grid.snap(onset_ns + planned_ns), limit_ns))

    def set(self, episode_id: str, onset_ns: int, offset_ns: int) -> None:
        """Say when an episode was.

        Raises
        ------
        FieldError
            It overlaps another one, or does not last.
        UsageError
            Somebody else changed the episodes meanwhile: they are shown as they stand now.
        StorageError
            The disk refused; nothing changes.
        """
        there = self._document.session.episode(episode_id)
        new = (
            Episode(episode_id, onset_ns, offset_ns)
            if there is None
            else replace(there, onset_ns=onset_ns, offset_ns=offset_ns)
        )
        self._keep([*(e for e in self.episodes if e.id != episode_id), new])

    def move_edge(self, episode_id: str, side: Literal["onset", "offset"], time_ns: int) -> None:
        """Move one edge to a frame; an episode that touches there follows. Raises as :meth:`set`."""
        low_ns, high_ns = self.edge_limits_ns(episode_id, side)
        time_ns = min(max(self._document.grid.snap(time_ns), low_ns), high_ns)
        was_ns: int = getattr(self._need(episode_id), f"{side}_ns")
        moved = []
        for episode in self.episodes:
            if episode.id == episode_id:
                episode = _with_edge(episode, side, time_ns)
            elif side == "offset" and episode.onset_ns == was_ns:
                episode = replace(episode, onset_ns=time_ns)
            elif side == "onset" and episode.offset_ns == was_ns:
                episode = replace(episode, offset_ns=time_ns)
            moved.append(episode)
        self._keep(moved)

    def edge_limits_ns(self, episode_id: str, side: Literal["onset", "offset"]) -> tuple[int, int]:
        """Give how far an edge can go: every episode keeps a frame, and none is jumped over."""
        grid, episode = self._document.grid, self._need(episode_id)
        place = self.episodes.index(episode)
        if side == "onset":
            low_ns, high_ns = grid.span_ns[0], grid.before(episode.offset_ns)
            if place:
                other = self.episodes[place - 1]
                touches = other.offset_ns == episode.onset_ns
                low_ns = grid.after(other.onset_ns) if touches else other.offset_ns
        else:
            low_ns, high_ns = grid.after(episode.onset_ns), grid.span_ns[1]
            if place + 1 < len(self.episodes):
                other = self.episodes[place + 1]
                touches = other.onset_ns == episode.offset_ns
                high_ns = grid.before(other.offset_ns) if touches else other.onset_ns
        return low_ns, high_ns

    def set_ended_by(self, episode_id: str, ended_by: str) -> None:
        """Say how an episode ended; raises as :meth:`set`."""
        changed = replace(self._need(episode_id), ended_by=ended_by)
        self._keep([changed if e.id == episode_id else e for e in self.episodes])

    def remove(self, episode_id: str) -> None:
        """Say that an episode was not run; raises as :meth:`set`."""
        self._need(episode_id)
        self._keep([episode for episode in self.episodes if episode.id != episode_id])

    def confirm_stop(self, suggestion: StopSuggestion) -> None:
        """End an episode where its stop rule was met, as a person's decision; raises as :meth:`set`."""
        episode = self._need(suggestion.episode_id)
        offset_ns = self._document.grid.snap(suggestion.met_ns)
        ended = replace(episode, offset_ns=offset_ns, ended_by="stop_rule")
        self._keep([ended if e.id == episode.id else e for e in self.episodes])

    @property
    def can_undo(self) -> bool:
        """Whether a change of this person on this computer can be taken back."""
        return bool(self._log.to_undo())

    @property
    def can_redo(self) -> bool:
        """Whether a change that was taken back can be brought back."""
        return bool(self._log.to_redo())

    def undo(self) -> None:
        """Take this person's last change back; one that somebody changed since is refused. Raises as set."""
        self._step(self._log.to_undo, self._log.log_undo, "nothing to undo")

    def redo(self) -> None:
        """Bring the last change back that was taken back; raises as :meth:`undo`."""
        self._step(self._log.to_redo, self._log.log_redo, "nothing to redo")

    def refresh(self) -> bool:
        """Look whether somebody else changed the episodes, and take them over; tell whether they did."""
        standing = self._ask(lambda: self._study.load_session(self._document.session.session_id)).episodes
        differs = standing != self.episodes
        if differs:
            self._show(standing)
        return differs

    def problems(self) -> tuple[str, ...]:
        """Name what does not fit the protocol: order, durations, episodes that are missing."""
        session = self._document.session
        planned = [spec.id for spec in session.protocol.episodes]
        lines = [
            f"{later.id} comes after {earlier.id}; the protocol has it before"
            for earlier, later in zip(self.episodes, self.episodes[1:], strict=False)
            if planned.index(later.id) < planned.index(earlier.id)
        ]
        return (*lines, *session.duration_warnings())

    def suggestions(self) -> tuple[StopSuggestion, ...]:
        """Name the episodes in which a stop rule was met before they ended, and that nobody confirmed."""
        found: list[StopSuggestion] = []
        for rule in self._document.session.protocol.stop_rules:
            lane = self._lane_for(rule)
            if lane is not None:
                found += stop_suggestions(rule, lane, self.episodes)
        return tuple(found)

    def _lane_for(self, rule: StopRule) -> Lane | None:
        """Give the focal role's lane that holds the rule's codes, a person's before a machine's."""
        focal = self._document.session.protocol.focal_role
        fit = [
            lane
            for lane in self._document.lanes.values()
            if lane.key.role == focal and set(rule.codes) & set(lane.scheme.code_ids) and lane.bouts
        ]
        return min(fit, key=lambda lane: _PREFERRED.index(lane.key.kind), default=None)

    def _need(self, episode_id: str) -> Episode:
        episode = self._document.session.episode(episode_id)
        if episode is None:
            raise UsageError("this episode was not run", got=episode_id, fix="place it first")
        return episode

    def _keep(self, episodes: Iterable[Episode]) -> None:
        ordered = tuple(sorted(episodes, key=lambda episode: episode.onset_ns))
        wanted = changes(self.episodes, ordered)
        if wanted:
            self._bring(lambda: wanted, lambda: self._log.log(wanted))

    def _step(self, find: Callable[[], tuple[Change, ...]], log: Callable[[], None], nothing: str) -> None:
        meant = find()
        if not meant:
            raise UsageError(nothing)

        def again() -> tuple[Change, ...]:
            # Opening the log may have set something right that a crash had left.
            if find() != meant:
                raise UsageError(
                    "your last change had not come to the session's file", fix="look, then again"
                )
            return meant

        self._bring(again, log)

    def _bring(self, wanted: Callable[[], Sequence[Change]], log: Callable[[], None]) -> None:
        """Log a command and bring it to session.yaml; what others made of it meanwhile is shown."""
        before, others = self.episodes, []

        def look(now: Session) -> None:
            if now.episodes != before:
                others.append(now.episodes)
                raise UsageError(
                    "somebody else changed the episodes meanwhile", fix="they are shown now; look, then again"
                )

        try:
            session = self._ask(lambda: self._in_one_step(look, wanted, log))
        except UsageError:
            if others:
                self._show(others[0])
            raise
        self._show(session.episodes)

    def _in_one_step(
        self,
        look: Callable[[Session], None],
        wanted: Callable[[], Sequence[Change]],
        log: Callable[[], None],
    ) -> Session:
        """Log a command and bring it to session.yaml, as one step that nobody can come between."""
        logged = False

        def change(now: Session) -> Session:
            nonlocal logged
            look(now)
            self._log.open_for(now.episodes)
            changed = replace(now, episodes=apply(now.episodes, wanted()))
            log()
            logged = True
            return changed

        try:
            session = self._study.update_session(self._document.session.session_id, change)
        except StillfaceError:
            if logged:
                with suppress(StorageError):
                    self._log.withdraw()
            raise
        # Where the log cannot be written now, it says so itself before the next change.
        with suppress(StorageError):
            self._log.reached()
        return session

    def _show(self, episodes: tuple[Episode, ...]) -> None:
        self._document.session = replace(self._document.session, episodes=episodes)
        self.changed.emit()


def _with_edge(episode: Episode, side: Literal["onset", "offset"], time_ns: int) -> Episode:
    return replace(episode, onset_ns=time_ns) if side == "onset" else replace(episode, offset_ns=time_ns)


def stop_suggestions(rule: StopRule, lane: Lane, episodes: Iterable[Episode]) -> tuple[StopSuggestion, ...]:
    """Find where a stop rule was met first in each episode that is not said to have ended by it."""
    needed_ns, gap_ns = round(rule.continuous_s * NS_PER_S), round(rule.tolerance_gap_s * NS_PER_S)
    found: list[StopSuggestion] = []
    for episode in episodes:
        met_ns = _met_ns(rule, lane, episode, needed_ns, gap_ns)
        # A rule met as the episode ends has stopped nothing.
        if met_ns is None or episode.ended_by == "stop_rule" or met_ns >= episode.offset_ns:
            continue
        who = {"human": "coded", "auto": "a machine's proposal"}.get(lane.key.kind, "reviewed")
        text = f"{'/'.join(rule.codes)} for {rule.continuous_s:g} s in {episode.id} ({who})"
        if rule.intensity:
            text += f"; whether it was {rule.intensity}, only you can tell"
        found.append(StopSuggestion(episode.id, met_ns, text))
    return tuple(found)


def _met_ns(rule: StopRule, lane: Lane, episode: Episode, needed_ns: int, gap_ns: int) -> int | None:
    begun_ns = ended_ns = None
    for bout in lane.within(episode.onset_ns, episode.offset_ns):
        if bout.code not in rule.codes:
            continue
        onset_ns = max(bout.onset_ns, episode.onset_ns)
        offset_ns = min(bout.end_ns, episode.offset_ns)
        if begun_ns is None or ended_ns is None or onset_ns - ended_ns > gap_ns:
            begun_ns = onset_ns
        ended_ns = offset_ns
        if ended_ns - begun_ns >= needed_ns:
            return begun_ns + needed_ns
    return None
